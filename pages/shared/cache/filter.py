"""What a reader asks of the variants, as a filter of `silver.variants`."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

__all__ = ["VariantFilter"]


@dataclass(frozen=True)
class VariantFilter:
    """What a reader asks of the variants; None and empty ask nothing.

    Positions are 1-based and inclusive; frequencies are ac / an over all samples.
    """

    chrom: str | None = None
    start: int | None = None
    end: int | None = None
    types: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    af_min: float = 0.0
    af_max: float = 1.0
    name: str = ""

    def apply(self, variants: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of `silver.variants` that match."""
        af = pl.col("ac") / pl.col("an")
        if self.chrom is not None:
            variants = variants.filter(pl.col("chrom") == self.chrom)
        if self.start is not None:
            variants = variants.filter(pl.col("pos") >= self.start)
        if self.end is not None:
            variants = variants.filter(pl.col("pos") <= self.end)
        if self.types:
            variants = variants.filter(pl.col("variant_type").cast(pl.String).is_in(self.types))
        if self.filters:
            variants = variants.filter(
                pl.col("filter").cast(pl.String).fill_null(".").is_in(self.filters)
            )
        if self.af_min > 0:
            variants = variants.filter(af >= self.af_min)
        if self.af_max < 1:
            variants = variants.filter(af <= self.af_max)
        if self.name:
            # An ID field may hold several, separated by semicolons.
            ids = pl.col("id").cast(pl.String).str.to_lowercase().str.split(";")
            variants = variants.filter(ids.list.contains(self.name.strip().lower()))
        return variants
