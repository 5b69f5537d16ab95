"""Cached reads of gold."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion.catalog.colours import UNASSIGNED
from medallion.figures import bin_frequencies
from medallion.gold.different import KEPT
from medallion.ondemand.region import View, here
from pages.shared.cache.opened import FEW, SOME, Allele, of_allele, scan


@st.cache_data(max_entries=SOME, show_spinner=False)
def frequencies(path: str, version: str, allele: Allele) -> pl.DataFrame:
    """Return `gold.frequencies` of one allele: one row a group."""
    del version
    return of_allele(scan(path, "gold.frequencies"), allele).collect()


@st.cache_data(max_entries=FEW, show_spinner="Counting alleles by frequency …")
def spectrum(path: str, version: str, level: str) -> pl.DataFrame:
    """Return the binned allele frequency spectrum of the groups of one level."""
    del version
    rows = scan(path, "gold.frequencies").filter(pl.col("level").cast(pl.String) == level)
    return bin_frequencies(rows).collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def first_rows(path: str, version: str, table: str, limit: int) -> pl.DataFrame:
    """Return the first rows of a published table."""
    del version
    return scan(path, table).head(limit).collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def populations(path: str, version: str) -> pl.DataFrame:
    """Return `gold.populations`."""
    del version
    return scan(path, "gold.populations").collect()


@st.cache_data(max_entries=FEW, show_spinner="Looking for the alleles that differ most …")
def most_different(path: str, version: str, limit: int, view: View | None = None) -> pl.DataFrame:
    """Return the alleles whose frequency differs most between groups, most different first.

    Of all, at most KEPT of them, or of a view. Between super-populations where there are two
    or more, else between populations; samples that are in none stand apart.
    Columns: file, record, alt_index, chrom, pos, id, ref, alt, lowest, lowest_af, highest,
    highest_af, difference.
    """
    del version
    if view is None and limit > KEPT:
        raise ValueError(f"{limit} alleles of the whole lake, but gold keeps {KEPT}")
    return (_kept(path) if view is None else _counted(path, view)).head(limit).collect()


_ORDER = ("difference", "file", "record", "alt_index")
_FALLING = (True, False, False, False)


def _kept(path: str) -> pl.LazyFrame:
    """The most different alleles of the lake, as gold keeps them."""
    rows = (
        scan(path, "gold.most_different")
        .rename({"lowest_population": "lowest", "highest_population": "highest"})
        .collect()
    )
    level = pl.col("level").cast(pl.String)
    supers = rows.filter(level == "super_population")
    several = pl.concat([supers["lowest"], supers["highest"]]).n_unique() > 1
    wanted = supers if several else rows.filter(level == "population")
    return wanted.lazy().drop("level").sort(_ORDER, descending=_FALLING)


def _counted(path: str, view: View) -> pl.LazyFrame:
    """The alleles of a view by how much they differ, told from their frequencies."""
    rows = (
        scan(path, "gold.frequencies")
        .filter(pl.col("an") > 0, pl.col("population") != UNASSIGNED)
        .filter(here(view))
    )
    level = pl.col("level").cast(pl.String)
    supers = rows.filter(level == "super_population").select(pl.col("population").n_unique())
    wanted = "super_population" if int(supers.collect().item()) > 1 else "population"
    af = pl.col("af")
    group = pl.col("population").cast(pl.String)
    spread = (
        rows.filter(level == wanted)
        .group_by("file", "record", "alt_index")
        .agg(
            pl.col("chrom", "pos", "id", "ref", "alt").first(),
            group.sort_by(af).first().alias("lowest"),
            af.min().alias("lowest_af"),
            group.sort_by(af).last().alias("highest"),
            af.max().alias("highest_af"),
        )
        .with_columns((pl.col("highest_af") - pl.col("lowest_af")).alias("difference"))
    )
    return spread.sort(_ORDER, descending=_FALLING)


@st.cache_data(max_entries=SOME, show_spinner=False)
def gold_variant(path: str, version: str, allele: Allele) -> dict[str, Any] | None:
    """Return one allele's row of `gold.variants`, or None where gold has none."""
    del version
    found = of_allele(scan(path, "gold.variants"), allele).collect()
    return None if found.is_empty() else dict(found.row(0, named=True))
