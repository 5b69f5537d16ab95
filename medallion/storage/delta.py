"""Delta tables on disk: parts gathered by one commit, and read back.

Parts (`medallion.storage.parts`) are committed by delta-rs as add actions:
`write_deltalake` would spell every dictionary out and take about ten times as long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from medallion.errors import LakeError, LayerFormatError
from medallion.storage.arrow import values
from medallion.storage.parts import Part, folder_name, table_path
from medallion.storage.schema import Table

__all__ = [
    "RowGroup",
    "RowReader",
    "check_columns",
    "clean",
    "commit",
    "damaged",
    "newest_paths",
    "open_table",
    "parts_of",
    "read_records",
    "reading",
    "row_groups",
    "scan",
    "writing",
]


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

    Parts that the newest version holds already are left where they are: only what comes
    and what goes is written to the log. `facts` go into the commit's own history.
    Earlier versions stay readable until `clean` removes them.
    """
    when = int(time.time() * 1000)
    wanted = {p.path: p for p in parts if p is not None}
    properties = CommitProperties(custom_metadata=dict(facts))
    path = table_path(root, table)
    path.mkdir(parents=True, exist_ok=True)
    by = ["chrom"] if table.partitioned else None
    current = open_table(root, table)
    if current is None:
        create_table_with_add_actions(
            str(path),
            schema=table.delta_schema(),
            add_actions=[_action(p, table, when) for p in wanted.values()],
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
    there = {p.path: p for p in _parts(current)}
    if wanted.keys() & there.keys():
        gone = [_removal(p, table, when) for p in there.values() if p.path not in wanted]
        new = [_action(p, table, when) for p in wanted.values() if p.path not in there]
        if not gone and not new:
            return current.version()
        current.create_write_transaction(
            [*new, *gone], mode="append", schema=table.delta_schema(), partition_by=by,
            commit_properties=properties,
        )  # fmt: skip
    else:
        current.create_write_transaction(
            [_action(p, table, when) for p in wanted.values()], mode="overwrite",
            schema=table.delta_schema(), partition_by=by, commit_properties=properties,
        )  # fmt: skip
    current.update_incremental()
    return current.version()


def _removal(part: Part, table: Table, when: int) -> RemoveAction:
    chrom = {"chrom": part.chrom} if table.partitioned else {}
    return RemoveAction(part.path, True, when, part.bytes, chrom)  # noqa: FBT003  # its order


def parts_of(root: Path, table: Table, version: int) -> list[Part]:
    """The parts that `table` has at `version`, in the order of their paths."""
    opened = open_table(root, table, version)
    return sorted(_parts(opened), key=lambda p: p.path) if opened is not None else []


def _parts(opened: DeltaTable) -> Iterator[Part]:
    for row in pl.DataFrame(opened.get_add_actions(flatten=True)).iter_rows(named=True):
        low = {k.removeprefix("min."): v for k, v in row.items() if k.startswith("min.")}
        stats = {k: (v, row[f"max.{k}"]) for k, v in low.items() if v is not None}
        yield Part(
            unquote(row["path"]), row["size_bytes"], row["num_records"],
            row.get("partition.chrom"), stats,
        )  # fmt: skip


def open_table(root: Path, table: Table, version: int | None = None) -> DeltaTable | None:
    """The Delta table at `version` (None: the newest), or None where there is none."""
    try:
        return DeltaTable(str(table_path(root, table)), version=version)
    except TableNotFoundError:
        return None


def exists(root: Path, table: Table) -> bool:
    """Whether `table` has ever been committed."""
    return open_table(root, table) is not None


# polars panics where a Parquet file is shorter than the log says.
_TROUBLE = (
    OSError,
    DeltaError,
    pa.ArrowException,
    pl.exceptions.ComputeError,
    pl.exceptions.PanicException,
)


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Turn what a full disk, a lost file or want of memory raises in a build into LakeError."""
    try:
        yield
    except MemoryError as error:
        what = str(error).split("\n", maxsplit=1)[0] or "no memory"
        raise LakeError(
            f"The build of {root} stopped for want of memory ({what}). What was built before is "
            "untouched. Build with fewer --workers, or on a machine with more memory."
        ) from error
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


class _Plain(DeltaTable):
    """A table whose files have their names on the disk: delta-rs gives a blank as %20."""

    def file_uris(self, *args: Any, **kwargs: Any) -> list[str]:  # noqa: ANN401  # passed on
        """Paths of the Parquet files."""
        folder = self.table_uri.removeprefix("file://")
        found = super().file_uris(*args, **kwargs)
        if not all(path.startswith(folder) for path in found):
            folder = folder.removeprefix("/")  # on Windows, before the drive's letter
        return [unquote(folder) + path.removeprefix(folder) for path in found]


def scan(root: Path, table: Table, version: int) -> pl.LazyFrame:
    """`table` at `version` as a LazyFrame with the contract's columns in order.

    Raises LakeError where the table's log is gone or damaged, LayerFormatError where the
    table has not the columns that it has now.
    """
    with reading(root, table.layer):
        opened = _Plain(str(table_path(root, table)), version=version)
    check_columns(root, table, opened)
    frame = pl.scan_delta(opened).select(table.column_names)
    if not table.partitioned:
        return frame
    # A name too long for a folder is known from the log alone.
    names = {p["chrom"] for p in opened.partitions()}
    if long := {f: n for n in names if (f := folder_name(n)) != n and unquote(f) != n}:
        frame = frame.with_columns(pl.col("chrom").replace(long))
    return frame


def check_columns(root: Path, table: Table, opened: DeltaTable) -> None:
    """Raise LayerFormatError where a column is not there, or of another type."""
    there = {f.name: str(f.type) for f in opened.schema().fields}
    wanted = {f.name: str(f.type) for f in table.delta_schema().fields}
    if odd := [name for name, kind in wanted.items() if there.get(name) != kind]:
        raise LayerFormatError(
            f"{table.name} in {root} was written by another version of this program: its columns "
            f"{', '.join(odd)} are missing or of another type. Make it again: medallion build "
            f"{table.layer} --force --lake {root}"
        )


def part_paths(root: Path, table: Table, version: int) -> list[Path]:
    """The Parquet files of `table` at `version`, in the order of their names."""
    return [table_path(root, table) / p.path for p in parts_of(root, table, version)]


def newest_paths(root: Path, table: Table) -> list[Path]:
    """The Parquet files of the newest version of `table`, published or not."""
    opened = open_table(root, table)
    return [table_path(root, table) / p.path for p in _parts(opened)] if opened else []


def damaged(root: Path, layer: str, versions: Mapping[str, int]) -> list[str]:
    """Of tables of `layer`, by short name and version, those that lost a file or part of one."""
    found = []
    for short, version in versions.items():
        folder = root / layer / short
        try:
            parts = list(_parts(DeltaTable(str(folder), version=version)))
            sound = all((folder / p.path).stat().st_size == p.bytes for p in parts)
        except _TROUBLE:
            sound = False
        if not sound:
            found.append(f"{layer}.{short}")
    return found


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
        wanted.update(p.path for p in parts_of(root, table, version))
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


def row_groups(
    root: Path, table: Table, version: int, wanted: Callable[[Part], bool] = lambda _: True
) -> list[RowGroup]:
    """The row groups of a table that has `file` and `record`, in order of both.

    Of `wanted` parts alone, for each is opened, and a genome has some thousand.
    """
    found = []
    for part in filter(wanted, parts_of(root, table, version)):
        path = table_path(root, table) / part.path
        metadata = pq.read_metadata(path)
        place = metadata.schema.names.index("record")
        # A part holds records of one file alone.
        file = part.stats["file"][0]
        for i in range(metadata.num_row_groups):
            record = metadata.row_group(i).column(place).statistics
            found.append(RowGroup(path, i, part.chrom or "", file, record.min, record.max))
    return sorted(found, key=lambda g: (g.file, g.first_record, g.chrom))


class RowReader:
    """Rows of row groups by number of record, asked for in ascending order.

    Row groups are read whole, once, and let go when what is asked for lies behind them.
    """

    def __init__(
        self,
        groups: Sequence[RowGroup],
        columns: Sequence[str],
        dictionaries: Sequence[str] = (),
    ) -> None:
        """`groups` of one contig of one file; `columns` besides `record`, which comes too.

        `dictionaries` are the string columns to be read as dictionaries, untouched.
        """
        self._groups = sorted(groups, key=lambda g: g.first_record)
        self._columns = ["record", *columns]
        self._dictionaries = list(dictionaries)
        self._read: dict[int, pa.Table] = {}

    def between(self, first: int, last: int) -> pa.Table | None:
        """Rows of records `first` to `last`, in order; None where there are none."""
        pieces = []
        for i, group in enumerate(self._groups):
            if group.last_record < first:
                self._read.pop(i, None)
            elif group.first_record <= last:
                piece = self._group(i)
                low, high = values(piece["record"]).searchsorted([first, last + 1])
                if high > low:
                    pieces.append(piece.slice(int(low), int(high - low)))
        if len(pieces) == 1:
            return pieces[0]
        return pa.concat_tables(pieces).unify_dictionaries().combine_chunks() if pieces else None

    def all(self) -> pa.Table | None:
        """All rows, in order; None where there are none."""
        return self.between(0, 1 << 62)

    def _group(self, i: int) -> pa.Table:
        if i not in self._read:
            group = self._groups[i]
            with pq.ParquetFile(group.path, read_dictionary=self._dictionaries) as opened:
                rows = opened.read_row_group(group.index, columns=self._columns)
            self._read[i] = rows.unify_dictionaries().combine_chunks()
        return self._read[i]


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
