"""`gold.most_different`: the alleles whose frequency differs most between groups.

To find them in `gold.frequencies` whole columns are read, of each allele in each group. Here
are the first of each contig of a file, so that the first of a lake, or of a contig, are
found among some hundred rows for each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.catalog.populations import UNASSIGNED
from medallion.gold.columns import ALT, ALT_INDEX, CHROM, FILE, ID, LEVEL, POS, RECORD, REF
from medallion.gold.counts import GroupCounts
from medallion.popgen.geography import Layout
from medallion.storage.schema import Column, Table

__all__ = ["KEPT", "MOST_DIFFERENT", "Different", "first_different"]

KEPT = 200
"""So many alleles are kept of each contig of a file and level."""

MOST_DIFFERENT = Table(
    "gold.most_different",
    f"ALT allele and level of groups, of the {KEPT} of a contig of a file whose frequency differs "
    "most between the groups of that level",
    (
        CHROM, POS, ID, REF, ALT, LEVEL,
        Column("difference", "float64", "highest_af less lowest_af; the rows of a contig of a "
               "file and level are sorted by it, the largest first", nullable=False),
        Column("highest_population", "string",
               "group of the level in which it is most frequent; unassigned samples are none",
               nullable=False),
        Column("highest_af", "float64", "its frequency there", nullable=False),
        Column("lowest_population", "string", "group of the level in which it is least frequent",
               nullable=False),
        Column("lowest_af", "float64", "its frequency there", nullable=False),
        ALT_INDEX, FILE, RECORD,
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
    source="Counting",
    key=("file", "chrom", "pos", "ref", "alt", "level"),
)  # fmt: skip

_STORED = [name for name in MOST_DIFFERENT.column_names if name != "chrom"]
_COPIED = [c.name for c in (POS, ID, REF, ALT, ALT_INDEX, FILE, RECORD)]
_SCHEMA = {k: v for k, v in MOST_DIFFERENT.polars_schema().items() if k != "chrom"}


class Different:
    """Takes the most different of alleles that come in the order of their file."""

    def __init__(self, layout: Layout) -> None:
        self._codes = layout.codes
        self._columns = {
            level: [c for c in columns if layout.codes[c] != UNASSIGNED]
            for level, columns in (
                ("population", layout.populations),
                ("super_population", layout.super_populations),
            )
        }
        self._found = [pl.DataFrame(schema=_SCHEMA)]

    def look(self, variants: pl.DataFrame, counts: GroupCounts) -> None:
        """Take those of some rows of `silver.variants`; the counts' rows are the same."""
        for level, columns in self._columns.items():
            if columns:
                self._found.append(self._first(level, variants, counts, columns))

    def _first(
        self, level: str, variants: pl.DataFrame, counts: GroupCounts, columns: list[int]
    ) -> pl.DataFrame:
        ac, an = counts.ac[:, columns], counts.an[:, columns]
        called = an > 0
        with np.errstate(invalid="ignore", divide="ignore"):
            af = ac / an
        low, high = np.where(called, af, np.inf), np.where(called, af, -np.inf)
        difference = np.where(called.any(axis=1), high.max(axis=1) - low.min(axis=1), -1.0)
        # Equal ones stay in the order of the file.
        rows = np.argsort(-difference, kind="stable")[:KEPT]
        rows = rows[difference[rows] >= 0]
        # Of equal groups the first is the lowest, the last the highest.
        lowest = low[rows].argmin(axis=1)
        highest = len(columns) - 1 - high[rows, ::-1].argmax(axis=1)
        return variants.select(_COPIED)[rows].select(
            *_COPIED,
            level=pl.lit(level),
            difference=pl.Series(difference[rows]),
            highest_population=self._named(columns, highest),
            highest_af=pl.Series(high[rows, highest]),
            lowest_population=self._named(columns, lowest),
            lowest_af=pl.Series(low[rows, lowest]),
        ).select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())  # fmt: skip

    def _named(self, columns: list[int], place: npt.NDArray[np.intp]) -> pl.Series:
        return pl.Series([self._codes[c] for c in columns], dtype=pl.String).gather(place)

    def first(self) -> pl.DataFrame:
        """The most different of all that were looked at."""
        self._found = [first_different(self._found)]
        return self._found[0]


def first_different(found: list[pl.DataFrame]) -> pl.DataFrame:
    """The first of each level among rows of `gold.most_different` of one contig of one file."""
    order = ["level", "difference", "record", "alt_index"]
    rows = pl.concat([pl.DataFrame(schema=_SCHEMA), *found])
    rows = rows.sort(order, descending=[False, True, False, False])
    return rows.group_by("level", maintain_order=True).head(KEPT).select(_STORED)
