"""Parts of tables on disk: Parquet files that wait for a commit.

They are written by pyarrow; rows that come as coded columns, by `medallion.storage.pages`.
Nobody sees one before its commit (`medallion.storage.delta`).
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from medallion.files import Place, sizes
from medallion.files.objects import ObjectWriter
from medallion.files.parquet import finished, open_parquet, output_of, so_far
from medallion.storage.pages import PageWriter, Rows
from medallion.storage.schema import Table

__all__ = [
    "Part", "PartWriter", "folder_name", "holding", "missing", "read_through", "table_path",
    "write_part",
]  # fmt: skip

_LONGEST_NAME = 200
_COMPRESSION = "zstd"
# Level 3 takes a quarter longer than level 1 and saves one byte in ten.
_LEVEL = 1
# Neighbouring variants are carried by much the same samples, so a long page compresses to
# two thirds of what the default (20,000 rows) gives, in less time.
_ROWS_PER_PAGE = 1 << 20


@dataclass(frozen=True, slots=True)
class Part:
    """A Parquet file that waits for its commit; `path` is relative to the table."""

    path: str
    bytes: int
    rows: int
    chrom: str | None
    stats: Mapping[str, tuple[Any, Any]]


def holding(file: str, variants: pl.DataFrame) -> Callable[[Part], bool]:
    """Whether a part may hold any of the records of `variants` (chrom, record) of a file.

    Of a table that has `file` and `record`.
    """
    chroms = set(variants["chrom"].unique())
    records = variants["record"].to_list()
    first, last = min(records, default=0), max(records, default=0)

    def holds(part: Part) -> bool:
        low, high = part.stats["record"]
        own = part.stats["file"][0] == file and (part.chrom or "") in chroms
        return own and low <= last and high >= first

    return holds


def table_path(root: Place, table: Table) -> Place:
    """The folder of `table` in the lake at `root`."""
    return root / table.layer / table.short


def _folder(table: Table, chrom: str | None) -> str:
    if not table.partitioned:
        return ""
    return f"chrom={folder_name(chrom or '')}/"


def folder_name(chrom: str) -> str:
    """A contig's name as a folder's, escaped as Hive does: polars reads it back from there."""
    name = quote(chrom, safe="")
    if name.endswith("."):
        name = name[:-1] + "%2E"  # Windows drops a last dot
    if len(name) > _LONGEST_NAME:
        return "x" + hashlib.sha256(chrom.encode()).hexdigest()[:16]
    return name


class PartWriter:
    """One part of a table, written a row group at a time so that memory stays flat."""

    def __init__(self, root: Place, table: Table, chrom: str | None, name: str) -> None:
        self._table = table
        self._chrom = chrom
        self._relative = f"{_folder(table, chrom)}{name}-{uuid.uuid4().hex[:12]}.parquet"
        self._path = table_path(root, table) / self._relative
        self._schema = table.arrow_schema(stored=True)
        self._writer: pq.ParquetWriter | PageWriter | None = None
        self._output: Path | ObjectWriter = Path()
        self._rows = 0
        self._stats: dict[str, tuple[Any, Any]] = {}

    @property
    def bytes(self) -> int:
        """Bytes that were written so far, 0 before the first rows."""
        return 0 if self._writer is None else so_far(self._output)

    def write(self, rows: pa.Table | pl.DataFrame | Rows) -> None:
        """Append `rows` as one row group; all of a part come alike, coded or not."""
        if isinstance(rows, Mapping):
            self._write_coded(rows)
            return
        data = rows.to_arrow() if isinstance(rows, pl.DataFrame) else rows
        data = data.select(self._schema.names).cast(self._schema)
        writer: Any = self._writer or self._arrow_writer()
        self._writer = writer
        writer.write_table(data, row_group_size=max(1, data.num_rows))
        self._rows += data.num_rows
        for name in self._table.pruned_by:
            if name in data.schema.names and data.num_rows:
                self._widen(name, *_bounds(data[name]))

    def _arrow_writer(self) -> pq.ParquetWriter:
        self._output = output_of(self._path)
        return pq.ParquetWriter(
            self._output,
            self._schema,
            compression=_COMPRESSION,
            compression_level=_LEVEL,
            # To find the distinct numbers of a column takes longer than to compress it
            # as it is, and saves nothing.
            use_dictionary=[
                f.name
                for f in self._schema
                if pa.types.is_string(f.type) and f.name not in self._table.distinct
            ],
            write_statistics=[n for n in self._schema.names if n in self._table.pruned_by],
            max_rows_per_page=_ROWS_PER_PAGE,
            write_batch_size=_ROWS_PER_PAGE,
            write_page_checksum=True,
            store_schema=False,
        )

    def _write_coded(self, rows: Rows) -> None:
        if not isinstance(self._writer, PageWriter):
            self._output = output_of(self._path)
            self._writer = PageWriter(self._output, self._schema, self._table.pruned_by)
        self._writer.write(rows)
        self._rows += len(rows[self._schema.names[0]])
        for name in self._table.pruned_by:
            if (bounds := rows[name].bounds()) is not None:
                self._widen(name, *bounds)

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
            bytes=finished(self._output),
            rows=self._rows,
            chrom=self._chrom,
            stats=dict(self._stats),
        )


def _bounds(column: pa.ChunkedArray) -> tuple[Any, Any]:
    """Smallest and largest value; (None, None) where all are null."""
    low_high = pc.min_max(column).as_py()
    return low_high["min"], low_high["max"]


def missing(root: Place, table: Table, parts: Collection[Part]) -> list[Part]:
    """Those of `parts` whose file is not there with as many bytes as it should have."""
    there = sizes(table_path(root, table), (p.path for p in parts))
    return [p for p in parts if there.get(p.path) != p.bytes]


def read_through(root: Place, table: Table, part: Part) -> None:
    """Read the file of a part to its end, and hold each page against its checksum.

    Raises OSError or an ArrowException where it is not as it was written.
    """
    path = table_path(root, table) / part.path
    with open_parquet(path, checked=True) as opened:
        names, rows = opened.schema_arrow.names, 0
        for group in range(opened.num_row_groups):
            rows += opened.read_row_group(group).num_rows
    # The footer has no checksum: what it says of names and rows is known from elsewhere.
    if rows != part.rows or names != table.arrow_schema(stored=True).names:
        raise OSError(f"{path.name} has not the {part.rows:,} rows and the columns it had")


def write_part(
    root: Place, table: Table, rows: pa.Table | pl.DataFrame, *, chrom: str | None, name: str
) -> Part | None:
    """Write `rows` as one part of `table`; None where there are none."""
    count = rows.height if isinstance(rows, pl.DataFrame) else rows.num_rows
    if not count:
        return None
    writer = PartWriter(root, table, chrom, name)
    writer.write(rows)
    return writer.close()
