"""Cached reads of silver."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from pages.shared.cache.filter import VariantFilter
from pages.shared.cache.opened import FEW, SOME, Allele, of_allele, scan

_EXAMPLE_CHARS = 10


@st.cache_data(max_entries=FEW, show_spinner=False)
def samples(path: str, version: str) -> pl.DataFrame:
    """Return `silver.samples`."""
    del version
    return scan(path, "silver.samples").collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def variant_facets(path: str, version: str) -> dict[str, Any]:
    """Return what variants can be filtered by, and an example.

    chroms (chrom, alleles, first, last position), types, filters; named: how many have an
    ID; example: a short row, or None.
    """
    del version
    variants = scan(path, "silver.variants")
    bounds = (
        variants.group_by(pl.col("chrom").cast(pl.String))
        .agg(
            pl.len().alias("alleles"),
            pl.col("pos").min().alias("first"),
            pl.col("pos").max().alias("last"),
        )
        .sort("chrom")
        .collect()
    )

    def values(column: str) -> list[str]:
        wanted = variants.select(pl.col(column).cast(pl.String).fill_null(".").unique().sort())
        return list(wanted.collect().to_series())

    named = variants.select(pl.col("id").is_not_null().sum()).collect()
    short = pl.sum_horizontal(pl.col("ref", "alt").str.len_chars()) <= _EXAMPLE_CHARS
    example = variants.filter(short).select("chrom", "pos", "id", "ref", "alt").head(1)
    return {
        "chroms": bounds.to_dicts(),
        "types": values("variant_type"),
        "filters": values("filter"),
        "named": int(named.item()),
        "example": next(iter(example.collect().to_dicts()), None),
    }


@st.cache_data(max_entries=SOME, show_spinner=False)
def variants(
    path: str, version: str, wanted: VariantFilter, limit: int
) -> tuple[pl.DataFrame, int]:
    """Return the first `limit` variants that match, and how many match in all."""
    del version
    matching = wanted.apply(scan(path, "silver.variants"))
    total = int(matching.select(pl.len()).collect().item())
    shown = matching.sort("file", "record", "alt_index").head(limit).collect()
    return shown, total


@st.cache_data(max_entries=SOME, show_spinner=False)
def find_variant(path: str, version: str, text: str) -> pl.DataFrame:
    """Return the alleles that `text` names, as `Lake.variant` does."""
    del version
    return Lake(path).variant(text)


@st.cache_data(max_entries=SOME, show_spinner=False)
def carriers(path: str, version: str, allele: Allele, limit: int) -> tuple[pl.DataFrame, int]:
    """Return the calls that carry one allele, joined with their samples, and their number."""
    del version
    matching = of_allele(scan(path, "silver.genotypes"), allele)
    total = int(matching.select(pl.len()).collect().item())
    return matching.head(limit).collect(), total


@st.cache_data(max_entries=SOME, show_spinner=False)
def calls_of_sample(path: str, version: str, sample: str, limit: int) -> tuple[pl.DataFrame, int]:
    """Return the ALT alleles that one sample carries, by position, and their number."""
    del version
    matching = scan(path, "silver.genotypes").filter(pl.col("sample").cast(pl.String) == sample)
    total = int(matching.select(pl.len()).collect().item())
    return matching.sort("file", "record", "alt_index").head(limit).collect(), total


@st.cache_data(max_entries=FEW, show_spinner=False)
def defect_counts(path: str, version: str) -> pl.DataFrame:
    """Return how many defects of each reason there are: verdict, reason, scope, defects."""
    del version
    return (
        scan(path, "silver.defects")
        .group_by(pl.col("verdict", "reason", "scope").cast(pl.String))
        .agg(pl.len().alias("defects"))
        .sort("verdict", "defects", "reason", descending=[True, True, False])
        .collect()
    )


@st.cache_data(max_entries=SOME, show_spinner=False)
def defects(
    path: str, version: str, verdicts: tuple[str, ...], reasons: tuple[str, ...], limit: int
) -> tuple[pl.DataFrame, int]:
    """Return the first `limit` defects of the given verdicts and reasons, and their number."""
    del version
    matching = scan(path, "silver.defects")
    if verdicts:
        matching = matching.filter(pl.col("verdict").cast(pl.String).is_in(verdicts))
    if reasons:
        matching = matching.filter(pl.col("reason").cast(pl.String).is_in(reasons))
    total = int(matching.select(pl.len()).collect().item())
    return matching.head(limit).collect(), total
