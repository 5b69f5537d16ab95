"""Cached linkage, computed on demand."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.ondemand import Measure
from medallion.ondemand.region import View, common_in
from pages.shared.cache.opened import FEW, SOME, scan


@st.cache_data(max_entries=SOME, show_spinner="Measuring linkage …")
def linked(path: str, version: str, name: str, group: str, distance: int) -> pl.DataFrame:
    """Return the alleles around a variant by falling r², as `Lake.linked` does."""
    del version
    return Lake(path).linked(name, distance=distance, population=group)


@st.cache_data(max_entries=SOME, show_spinner=False)
def common_alleles(
    path: str, version: str, view: View, group: str, minimum: float, limit: int
) -> tuple[pl.DataFrame, int]:
    """Return the commonest alleles of a view in a group, by position, and how many there are.

    Common: the rarer of the allele and all else has a frequency of `minimum` or more.
    """
    del version
    found = common_in(scan(path, "gold.frequencies"), view, group, minimum)
    commonest = found.sort("minor", descending=True, maintain_order=True).head(limit)
    return commonest.sort("file", "record", "alt_index"), found.height


@st.cache_data(max_entries=FEW, show_spinner="Measuring linkage …")
def ld_matrix(
    path: str, version: str, names: tuple[str, ...], group: str, measure: Measure
) -> pl.DataFrame:
    """Return r² or D' of all pairs, as `Lake.ld_matrix` does."""
    del version
    return Lake(path).ld_matrix(names, group, measure)


@st.cache_data(max_entries=SOME, show_spinner="Counting haplotypes …")
def haplotypes(path: str, version: str, names: tuple[str, ...]) -> pl.DataFrame:
    """Return the haplotypes of some variants in every group, as `Lake.haplotypes` does."""
    del version
    return Lake(path).haplotypes(names)


@st.cache_data(max_entries=FEW, show_spinner=False)
def ld_decay(path: str, version: str) -> pl.DataFrame:
    """Return `gold.ld_decay`."""
    del version
    return scan(path, "gold.ld_decay").collect()
