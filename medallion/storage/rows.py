"""Rows of parts by the number of their record: the row groups that hold them, and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from medallion.files import Place
from medallion.files.parquet import footer, open_parquet
from medallion.storage.arrow import values
from medallion.storage.delta import parts_of
from medallion.storage.parts import Part, table_path
from medallion.storage.schema import Table

__all__ = ["RowGroup", "RowReader", "read_records", "row_groups"]


@dataclass(frozen=True, slots=True)
class RowGroup:
    """A row group of a part: where it is, and the bounds of its `record` column."""

    path: Place
    index: int
    chrom: str
    file: str
    first_record: int
    last_record: int


def row_groups(
    root: Place, table: Table, version: int, wanted: Callable[[Part], bool] = lambda _: True
) -> list[RowGroup]:
    """The row groups of a table that has `file` and `record`, in order of both.

    Of `wanted` parts alone, for each is opened, and a genome has some thousand.
    """
    found = []
    for part in filter(wanted, parts_of(root, table, version)):
        path = table_path(root, table) / part.path
        metadata = footer(path)
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
            with open_parquet(group.path, self._dictionaries) as opened:
                # One of several tasks that run side by side: threads of its own were in the way.
                rows = opened.read_row_group(group.index, columns=self._columns, use_threads=False)
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
        with open_parquet(group.path, dictionaries) as opened:
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
