"""Cached reads of a stretch of a chromosome."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from medallion.figures.region import MOST_DOTS
from medallion.ondemand import region
from medallion.ondemand.region import View
from pages.shared.cache.opened import SOME, scan

_BINS = 120


@dataclass(frozen=True)
class RegionData:
    """What the Region page shows of a view; `alleles` are the first of `total`."""

    total: int
    bin_width: int
    density: pl.DataFrame
    windows: pl.DataFrame
    window_size: int
    fst: pl.DataFrame
    alleles: pl.DataFrame
    heat: pl.DataFrame | None


@st.cache_data(max_entries=SOME, show_spinner="Reading the region …")
def region_data(path: str, version: str, view: View) -> RegionData:
    """Return what the tables of gold hold of a view."""
    del version
    variants = scan(path, "gold.variants")
    width = region.bins_of(view, _BINS)
    counted = region.density(variants, view, width)
    total = int(counted["alleles"].sum())
    size = 100_000 if view.width > 4_000_000 else 10_000
    return RegionData(
        total=total,
        bin_width=width,
        density=counted,
        windows=region.windows_in(scan(path, "gold.windows"), view, size),
        window_size=size,
        fst=region.mean_fst(region.windows_in(scan(path, "gold.windows_fst"), view, size)),
        alleles=region.alleles_in(variants, view).head(MOST_DOTS).collect(),
        heat=region.heat(variants, view, width) if total > MOST_DOTS else None,
    )


def region_alleles(path: str, view: View) -> pl.DataFrame:
    """Return all alleles of a view; not kept, for it may be the whole chromosome."""
    return region.alleles_in(scan(path, "gold.variants"), view).collect()
