"""A stretch of a chromosome: its alleles and windows, and both summed up for a wide view.

Works on LazyFrames of gold's tables, so that only the row groups of the region are read.
Positions are 1-based and included at both ends. Sums are made here, so that a million
alleles never leave the server.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from medallion.bronze.raw import Region
from medallion.export import in_region

__all__ = [
    "FREQUENCY_BINS",
    "View",
    "alleles_in",
    "alleles_in_group",
    "bins_of",
    "common_in",
    "density",
    "heat",
    "here",
    "mean_fst",
    "windows_in",
]

FREQUENCY_BINS: tuple[float, ...] = (0.0, 0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)
"""Bounds of the classes of allele frequency: each above the one before, up to its own."""

_COLUMNS = (
    "chrom", "pos", "id", "ref", "alt", "variant_type", "filter", "ac", "an", "af",
    "n_populations", "geographic_code", "fst_super_populations", "fst_populations",
    "file", "record", "alt_index",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class View:
    """Positions `start` to `end` of a contig, both included."""

    chrom: str
    start: int
    end: int

    @property
    def width(self) -> int:
        """Its length in bases."""
        return self.end - self.start + 1

    def zoomed(self, factor: float, first: int, last: int, shortest: int = 20) -> View:
        """Return the view `factor` times as wide about its middle, within `first` to `last`."""
        width = max(shortest, min(round(self.width * factor), last - first + 1))
        start = min(max(first, (self.start + self.end - width + 1) // 2), last - width + 1)
        start = max(first, start)
        return View(self.chrom, start, min(last, start + width - 1))

    def moved(self, share: float, first: int, last: int) -> View:
        """Return the view moved by `share` of its width, within `first` to `last`."""
        step = round(self.width * share)
        step = max(first - self.start, min(step, last - self.end))
        return View(self.chrom, self.start + step, self.end + step)


def alleles_in(variants: pl.LazyFrame, view: View) -> pl.LazyFrame:
    """Return the rows of `gold.variants` whose position is in the view, some columns."""
    return variants.filter(here(view)).select(_COLUMNS)


def alleles_in_group(frequencies: pl.LazyFrame, view: View, population: str) -> pl.DataFrame:
    """Return rows of `gold.frequencies` of a group: file, record, alt_index, ac, an, af."""
    return (
        frequencies.filter(here(view), pl.col("population") == population)
        .select("file", "record", "alt_index", "ac", "an", "af")
        .collect()
    )


def common_in(
    frequencies: pl.LazyFrame, view: View, population: str, minimum: float
) -> pl.DataFrame:
    """Return rows of `gold.frequencies` of a group whose rarer allele is common enough.

    A column more: minor, the frequency of the rarer of the allele and all else, `minimum`
    or more. In the order of the file.
    """
    af = pl.col("af")
    return (
        frequencies.filter(here(view), pl.col("population") == population)
        .with_columns(minor=pl.min_horizontal(af, 1 - af))
        # 1 - 0.95 is a little more than 0.05 in floating point, or a little less.
        .filter(pl.col("minor") >= minimum - 1e-12, pl.col("minor") > 0)
        .sort("file", "record", "alt_index")
        .collect()
    )


def bins_of(view: View, most: int) -> int:
    """Return the width of bins, in bases, of which at most `most` and one cover the view.

    1, 2 or 5 times a power of ten, so that bins keep their bounds as the view moves.
    """
    width = 1
    while view.width / width > most:
        width = width * 5 // 2 if str(width)[0] == "2" else width * 2
    return width


def density(variants: pl.LazyFrame, view: View, width: int) -> pl.DataFrame:
    """Count alleles by type in bins of `width` bases: start (1-based), variant_type, alleles.

    Bins without an allele have no row. Bins start at multiples of `width`, plus one.
    """
    return (
        variants.filter(here(view))
        .group_by(_bin(width), pl.col("variant_type").cast(pl.String))
        .agg(pl.len().cast(pl.Int64).alias("alleles"))
        .sort("start", "variant_type")
        .collect()
    )


def heat(variants: pl.LazyFrame, view: View, width: int) -> pl.DataFrame:
    """Count alleles by bin of `width` bases and class of frequency.

    Columns: start (1-based), frequency (0 for the first class of FREQUENCY_BINS, up to its
    bound; and so on), alleles. Alleles without a frequency are left out.
    """
    af = pl.col("af")
    rank = pl.sum_horizontal(
        (af > bound).cast(pl.Int32) for bound in FREQUENCY_BINS[1:-1]
    )  # fmt: skip
    return (
        variants.filter(here(view), af.is_not_null())
        .group_by(_bin(width), rank.alias("frequency"))
        .agg(pl.len().cast(pl.Int64).alias("alleles"))
        .sort("start", "frequency")
        .collect()
    )


def windows_in(windows: pl.LazyFrame, view: View, size: int) -> pl.DataFrame:
    """Return the windows of `size` bases (of `gold.windows`, `gold.windows_fst`) in the view.

    Those that reach into it only in part too. In order of their start.
    """
    chrom = in_region(Region(view.chrom))
    return (
        windows.filter(
            chrom, pl.col("size") == size, pl.col("end") >= view.start, pl.col("start") <= view.end
        )
        .sort("start")
        .collect()
    )


def mean_fst(windows_fst: pl.DataFrame, pairs: Sequence[str] | None = None) -> pl.DataFrame:
    """Return the mean over pairs of each window's FST, with the pair that differs most.

    `windows_fst` is rows of `gold.windows_fst`; `pairs` such as "AFR-EUR" keeps these.
    Columns: start, end, fst, highest_pair, highest_fst. Windows where no pair varies are
    left out.
    """
    pair = pl.concat_str(
        pl.col("population_1").cast(pl.String), pl.col("population_2").cast(pl.String),
        separator="-",
    )  # fmt: skip
    rows = windows_fst.with_columns(pair=pair).drop_nulls("fst")
    if pairs is not None:
        rows = rows.filter(pl.col("pair").is_in(list(pairs)))
    return (
        rows.sort("fst")
        .group_by("start", "end")
        .agg(
            pl.col("fst").mean(),
            pl.col("pair").last().alias("highest_pair"),
            pl.col("fst").last().alias("highest_fst"),
        )
        .sort("start")
    )


def here(view: View) -> pl.Expr:
    """Return whether a row lies in the view: `chrom` and `pos` decide."""
    return in_region(Region(view.chrom, view.start, view.end))


def _bin(width: int) -> pl.Expr:
    return ((pl.col("pos") - 1) // width * width + 1).cast(pl.Int64).alias("start")
