"""Cached linkage, computed on demand."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.files import place
from medallion.ondemand import Measure
from medallion.ondemand import ld_pairs as of_rows
from medallion.ondemand.region import View, common_in
from pages.shared.cache.opened import FEW, SOME, scan


@st.cache_data(max_entries=SOME, show_spinner="Measuring linkage …")
def linked(path: str, version: str, name: str, group: str, distance: int) -> pl.DataFrame:
    """Return the alleles around a variant by falling r², as `Lake.linked` does."""
    del version
    return Lake(path).linked(name, distance=distance, population=group)


@dataclass(frozen=True)
class Common:
    """The common alleles of a view in a group.

    `alleles` are rows of `gold.frequencies`, in the order of the file, at most as many as
    were asked for, the commonest; `total` counts all. `files` are those that have some,
    the one with most first; `alleles` are of one of them.
    """

    alleles: pl.DataFrame
    total: int
    files: tuple[str, ...]


@st.cache_data(max_entries=SOME, show_spinner=False)
def common_alleles(
    path: str, version: str, view: View, group: str, minimum: float, limit: int, file: str | None
) -> Common:
    """Return the commonest alleles of a view in a group, of `file` or the one with most.

    Common: the rarer of the allele and all else has a frequency of `minimum` or more.
    """
    del version
    found = common_in(scan(path, "gold.frequencies"), view, group, minimum)
    names = found["file"].cast(pl.String)
    files = tuple(names.value_counts(sort=True)["file"].to_list())
    if files:
        found = found.filter(names == (file if file in files else files[0]))
    commonest = found.sort("minor", descending=True, maintain_order=True).head(limit)
    return Common(commonest.sort("file", "record", "alt_index"), found.height, files)


@st.cache_data(max_entries=FEW, show_spinner="Measuring linkage …")
def ld_pairs(
    path: str,
    versions: tuple[str, str],
    view: View,
    group: str,
    minimum: float,
    limit: int,
    file: str | None,
    measure: Measure,
) -> pl.DataFrame:
    """Return r² or D' of all pairs of `common_alleles`, as `ondemand.ld_pairs` does.

    `versions` are silver's and gold's.
    """
    common = common_alleles(path, versions[1], view, group, minimum, limit, file)
    return of_rows(place(path), common.alleles, population=group, measure=measure)


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
