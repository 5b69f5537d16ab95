"""Delta tables on disk: parts written as Parquet, gathered by one commit.

Parts are written by pyarrow, because an Arrow DictionaryArray's indices go to disk as
they are, and committed by delta-rs as add actions: `write_deltalake` would spell every
dictionary out and take about ten times as long. Nobody sees a part before its commit.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, create_table_with_add_actions

from medallion.errors import LakeError
from medallion.storage.arrow import values
from medallion.storage.schema import Table

__all__ = [
    "Part",
    "PartWriter",
    "RowGroup",
    "clean",
    "commit",
    "open_table",
    "read_records",
    "reading",
    "row_groups",
    "scan",
    "write_part",
    "writing",
]

_LONGEST_NAME = 200
_COMPRESSION = "zstd"
_LEVEL = 3
# Neighbouring variants are carried by much the same samples, so a long page compresses to
# two thirds of what the default (20,000 rows) gives, in less time.
_ROWS_PER_PAGE = 1 << 20
# Columns that rise along a table are smallest as differences; all else repeats itself.
_ASCENDING = frozenset({"pos", "record", "line", "block", "offset", "text_offset"})


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file that waits for its commit; `path` is relative to the table."""

    path: str
    bytes: int
    rows: int
    chrom: str | None
    stats: Mapping[str, tuple[Any, Any]]


def table_path(root: Path, table: Table) -> Path:
    """The folder of `table` in the lake at `root`."""
    return root / table.layer / table.short


def _folder(table: Table, chrom: str | None) -> str:
    if not table.partitioned:
        return ""
    return f"chrom={_folder_name(chrom or '')}/"


def _folder_name(chrom: str) -> str:
    """A contig's name as a folder's, escaped as Hive does: polars reads it back from there."""
    name = quote(chrom, safe="")
    if name.endswith("."):
        name = name[:-1] + "%2E"  # Windows drops a last dot
    if len(name) > _LONGEST_NAME:
        return "x" + hashlib.sha256(chrom.encode()).hexdigest()[:16]
    return name


class PartWriter:
    """One part of a table, written a row group at a time so that memory stays flat."""

    def __init__(self, root: Path, table: Table, chrom: str | None, name: str) -> None:
        self._table = table
        self._chrom = chrom
        self._relative = f"{_folder(table, chrom)}{name}-{uuid.uuid4().hex[:12]}.parquet"
        self._path = table_path(root, table) / self._relative
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._schema = table.arrow_schema(stored=True)
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self._stats: dict[str, tuple[Any, Any]] = {}

    def write(self, rows: pa.Table | pl.DataFrame) -> None:
        """Append `rows` as one row group; string columns may be dictionaries."""
        data = rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows
        data = data.select(self._schema.names)
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path,
                _storable(self._schema, data.schema),
                compression=_COMPRESSION,
                compression_level=_LEVEL,
                use_dictionary=[n for n in self._schema.names if n not in _ASCENDING],
                column_encoding=dict.fromkeys(
                    set(self._schema.names) & _ASCENDING, "DELTA_BINARY_PACKED"
                ),
                # Statistics of a dictionary column cost more than writing it.
                write_statistics=[n for n in self._schema.names if n in self._table.pruned_by],
                max_rows_per_page=_ROWS_PER_PAGE,
                store_schema=False,
            )
        data = data.cast(self._writer.schema)
        self._writer.write_table(data, row_group_size=max(1, data.num_rows))
        self._rows += data.num_rows
        for name in self._table.pruned_by:
            if name in data.schema.names and data.num_rows:
                self._widen(name, *_bounds(data[name]))

    def _widen(self, name: str, low: Any, high: Any) -> None:  # noqa: ANN401  # numbers or texts
        if low is None:
            return
        if name in self._stats:
            low, high = min(low, self._stats[name][0]), max(high, self._stats[name][1])
        self._stats[name] = (low, high)

    def close(self) -> Part | None:
        """Finish the file; None where nothing was written."""
        if self._writer is None:
            return None
        self._writer.close()
        self._writer = None
        return Part(
            path=self._relative,
            bytes=self._path.stat().st_size,
            rows=self._rows,
            chrom=self._chrom,
            stats=dict(self._stats),
        )


def _bounds(column: pa.ChunkedArray) -> tuple[Any, Any]:
    """Smallest and largest value; (None, None) where all are null."""
    if pa.types.is_dictionary(column.type):
        column = pc.unique(column).cast(column.type.value_type)
    low_high = pc.min_max(column).as_py()
    return low_high["min"], low_high["max"]


def _storable(schema: pa.Schema, given: pa.Schema) -> pa.Schema:
    """`schema`, with dictionaries kept where the data comes with them."""
    fields = []
    for f in schema:
        arrived = given.field(f.name).type
        keep = pa.types.is_dictionary(arrived)
        kind = pa.dictionary(pa.int32(), f.type) if keep else f.type
        fields.append(pa.field(f.name, kind, nullable=f.nullable))
    return pa.schema(fields)


def write_part(
    root: Path, table: Table, rows: pa.Table | pl.DataFrame, *, chrom: str | None, name: str
) -> Part | None:
    """Write `rows` as one part of `table`; None where there are none."""
    count = rows.height if isinstance(rows, pl.DataFrame) else rows.num_rows
    if not count:
        return None
    writer = PartWriter(root, table, chrom, name)
    writer.write(rows)
    return writer.close()


def _action(part: Part, table: Table, when: int) -> AddAction:
    stats: dict[str, Any] = {"numRecords": part.rows}
    if part.stats:
        stats["minValues"] = {k: v[0] for k, v in part.stats.items()}
        stats["maxValues"] = {k: v[1] for k, v in part.stats.items()}
    return AddAction(
        path=part.path,
        size=part.bytes,
        partition_values={"chrom": part.chrom} if table.partitioned else {},
        modification_time=when,
        data_change=True,
        stats=json.dumps(stats),
    )


def _properties(table: Table) -> dict[str, str]:
    """Which columns have bounds in the log, in Delta's own words.

    Without this, delta-rs hands pyarrow a null as the bound of every other column, and a
    filter on such a column finds nothing.
    """
    if not table.pruned_by:
        return {}
    return {"delta.dataSkippingStatsColumns": ",".join(table.pruned_by)}


def commit(root: Path, table: Table, parts: Iterable[Part | None], facts: Mapping[str, str]) -> int:
    """Make `parts` the whole content of `table`; return the version that holds them.

    `facts` go into the commit's own history. Earlier versions stay readable until
    `clean` removes them.
    """
    when = int(time.time() * 1000)
    actions = [_action(p, table, when) for p in parts if p is not None]
    properties = CommitProperties(custom_metadata=dict(facts))
    path = table_path(root, table)
    path.mkdir(parents=True, exist_ok=True)
    by = ["chrom"] if table.partitioned else None
    current = open_table(root, table)
    if current is None:
        create_table_with_add_actions(
            str(path),
            schema=table.delta_schema(),
            add_actions=actions,
            mode="overwrite",
            partition_by=by,
            name=table.name,
            description=f"One row per {table.row}.",
            configuration=_properties(table),
            commit_properties=properties,
        )
        return DeltaTable(str(path)).version()
    if missing := _properties(table).items() - current.metadata().configuration.items():
        current.alter.set_table_properties(dict(missing))
    current.create_write_transaction(
        list(actions), mode="overwrite", schema=table.delta_schema(), partition_by=by,
        commit_properties=properties,
    )  # fmt: skip
    current.update_incremental()
    return current.version()


def open_table(root: Path, table: Table, version: int | None = None) -> DeltaTable | None:
    """The Delta table at `version` (None: the newest), or None where there is none."""
    try:
        return DeltaTable(str(table_path(root, table)), version=version)
    except TableNotFoundError:
        return None


def exists(root: Path, table: Table) -> bool:
    """Whether `table` has ever been committed."""
    return open_table(root, table) is not None


_TROUBLE = (OSError, DeltaError, pa.ArrowException, pl.exceptions.ComputeError)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Turn what a full disk or a lost file raises in a build, of any library, into LakeError."""
    try:
        yield
    except _TROUBLE as error:
        what = str(error).split("\n", maxsplit=1)[0]
        raise LakeError(
            f"The build of {root} stopped: {what}. What was built before is untouched. Check that "
            "the disk has room and may be written; a layer that lost a file is made with --force."
        ) from error


@contextmanager
def reading(root: Path, layer: str) -> Iterator[None]:
    """Turn what files that are gone or damaged raise, of whichever library, into LakeError."""
    try:
        yield
    except _TROUBLE as error:
        what = str(error).split("\n", maxsplit=1)[0]
        raise LakeError(
            f"The {layer} layer in {root} cannot be read: a file of it is gone or damaged ({what})."
            f" Make it again: medallion build {layer} --force --lake {root}"
        ) from error


def scan(root: Path, table: Table, version: int) -> pl.LazyFrame:
    """`table` at `version` as a LazyFrame with the contract's columns in order.

    Raises LakeError where the table's log is gone or damaged.
    """
    with reading(root, table.layer):
        opened = DeltaTable(str(table_path(root, table)), version=version)
    frame = pl.scan_delta(opened).select(table.column_names)
    if not table.partitioned:
        return frame
    # A name too long for a folder is known from the log alone.
    names = {p["chrom"] for p in opened.partitions()}
    if long := {f: n for n in names if (f := _folder_name(n)) != n and unquote(f) != n}:
        frame = frame.with_columns(pl.col("chrom").replace(long))
    return frame


def part_paths(root: Path, table: Table, version: int) -> list[Path]:
    """The Parquet files of `table` at `version`, in the order of their names."""
    return [table_path(root, table) / p for p in sorted(_relative_paths(root, table, version))]


def _relative_paths(root: Path, table: Table, version: int) -> list[str]:
    opened = open_table(root, table, version)
    if opened is None:
        return []
    return [unquote(p) for p in pl.DataFrame(opened.get_add_actions())["path"].to_list()]


def clean(root: Path, table: Table, keep: Sequence[int]) -> int:
    """Remove parts that no version in `keep` names; return how many.

    These are parts of cancelled or killed builds and of versions that are no longer
    kept. Only a builder that holds the lake's lock may call this.
    """
    path = table_path(root, table)
    if not path.is_dir():
        return 0
    wanted: set[str] = set()
    for version in keep:
        wanted.update(_relative_paths(root, table, version))
    removed = 0
    for file in path.rglob("*.parquet"):
        relative = file.relative_to(path).as_posix()
        if relative not in wanted and "_delta_log" not in file.parts:
            file.unlink(missing_ok=True)
            removed += 1
    return removed


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a part: where it is, and the bounds of its `record` column."""

    path: Path
    index: int
    chrom: str
    file: str
    first_record: int
    last_record: int


def row_groups(root: Path, table: Table, version: int) -> list[RowGroup]:
    """The row groups of a table that has `file` and `record`, in order of both."""
    opened = open_table(root, table, version)
    if opened is None:
        return []
    found = []
    for row in pl.DataFrame(opened.get_add_actions(flatten=True)).iter_rows(named=True):
        path = table_path(root, table) / unquote(row["path"])
        metadata = pq.read_metadata(path)
        place = metadata.schema.names.index("record")
        name = metadata.schema.names.index("file")
        for i in range(metadata.num_row_groups):
            group = metadata.row_group(i)
            record, file = group.column(place).statistics, group.column(name).statistics
            found.append(
                RowGroup(path, i, row["partition.chrom"], file.min, record.min, record.max)
            )
    return sorted(found, key=lambda g: (g.file, g.first_record, g.chrom))


def read_records(
    groups: Iterable[RowGroup],
    columns: Sequence[str],
    dictionaries: Sequence[str],
    chrom: str,
    file: str,
    first: int,
    last: int,
) -> pa.Table | None:
    """Rows of records `first` to `last` of a file, in order; None where there are none.

    `dictionaries` are the string columns to be read as dictionaries, untouched.
    """
    pieces = []
    for group in groups:
        if (group.chrom, group.file) != (chrom, file):
            continue
        if group.last_record < first or group.first_record > last:
            continue
        with pq.ParquetFile(group.path, read_dictionary=list(dictionaries)) as opened:
            piece = opened.read_row_group(group.index, columns=["record", *columns])
        if group.first_record < first or group.last_record > last:
            records = values(piece["record"])
            low, high = records.searchsorted([first, last + 1])
            piece = piece.slice(int(low), int(high - low))
        if piece.num_rows:
            pieces.append(piece)
    if not pieces:
        return None
    return pa.concat_tables(pieces).unify_dictionaries().combine_chunks()
