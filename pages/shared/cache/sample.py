"""Cached reads of one sample."""

from __future__ import annotations

import polars as pl
import streamlit as st

from pages.shared.cache.opened import FEW, SOME, scan

_KEY = ("file", "record", "alt_index")


@st.cache_data(max_entries=FEW, show_spinner=False)
def sample_counts(path: str, version: str) -> pl.DataFrame:
    """Return `gold.samples`."""
    del version
    return scan(path, "gold.samples").collect()


@st.cache_data(max_entries=SOME, show_spinner="Looking for its rare alleles …")
def rare_alleles(
    path: str, versions: tuple[str, str], sample: str, af_max: float, ac_max: int | None, limit: int
) -> tuple[pl.DataFrame, int]:
    """Return the rarest ALT alleles that a sample carries, and how many are as rare.

    `versions` are silver's and gold's. Rare: a frequency over all samples of at most
    `af_max`, and at most `ac_max` copies. Columns: chrom, pos, id, ref, alt, gt, ac, an,
    af, variant_type, n_populations, private_population, file, record, alt_index; rarest
    first.
    """
    del versions
    carried = (
        scan(path, "silver.genotypes")
        .filter(pl.col("sample").cast(pl.String) == sample)
        .select("gt", *_KEY)
    )
    rare = scan(path, "gold.variants").filter(pl.col("af") <= af_max)
    if ac_max is not None:
        rare = rare.filter(pl.col("ac") <= ac_max)
    found = (
        rare.select(
            "chrom", "pos", "id", "ref", "alt", "ac", "an", "af", "variant_type",
            "n_populations", "private_population", *_KEY,
        )
        .join(carried, on=list(_KEY))
        .sort("ac", *_KEY)
        .collect()
    )  # fmt: skip
    return found.head(limit), found.height
