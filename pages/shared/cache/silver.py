"""Cached reads of silver."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.files import place
from medallion.ondemand import contig_bounds
from medallion.ondemand.silver import Silver
from pages.shared.cache.filter import VariantFilter
from pages.shared.cache.opened import FEW, SOME, Allele, of_allele, scan

_SHOWN_OF_A_LINE = 120


@st.cache_data(max_entries=FEW, show_spinner=False)
def samples(path: str, version: str) -> pl.DataFrame:
    """Return `silver.samples`."""
    del version
    return scan(path, "silver.samples").collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def contigs(path: str, version: str) -> list[dict[str, Any]]:
    """Return each contig's chrom, alleles, first and last position."""
    del version
    return contig_bounds(place(path)).to_dicts()


@st.cache_data(max_entries=FEW, show_spinner=False)
def example(path: str, version: str) -> dict[str, Any] | None:
    """Return chrom, pos, id, ref and alt of a short variant, or None where there is none."""
    del version
    return Silver.of(place(path)).example()


@st.cache_data(max_entries=FEW, show_spinner=False)
def named(path: str, version: str) -> int:
    """Return how many variants have an ID."""
    del version
    variants = scan(path, "silver.variants")
    return int(variants.select(pl.col("id").is_not_null().sum()).collect().item())


@st.cache_data(max_entries=FEW, show_spinner=False)
def variant_facets(path: str, version: str) -> dict[str, Any]:
    """Return what variants can be filtered by: chroms, types, filters; named and example too."""
    variants = scan(path, "silver.variants")

    def values(column: str) -> list[str]:
        wanted = variants.select(pl.col(column).cast(pl.String).fill_null(".").unique().sort())
        return list(wanted.collect().to_series())

    return {
        "chroms": contigs(path, version),
        "types": values("variant_type"),
        "filters": values("filter"),
        "named": named(path, version),
        "example": example(path, version),
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
    """Return how many defects of each reason there are, and the first of each.

    Columns: verdict, reason, scope, defects; of the first its line, detail, and raw (the
    beginning of the line, null where the record is kept). First is the smallest number of a
    line, of the first file by name.
    """
    del version
    kind = ["verdict", "reason", "scope"]
    defects = scan(path, "silver.defects").select(
        pl.col(*kind, "file").cast(pl.String), "line", "detail",
        pl.col("raw").str.head(_SHOWN_OF_A_LINE),
    )  # fmt: skip
    # A line may be long, and millions may be broken: not all at once.
    counts = defects.group_by(kind).agg(pl.len().alias("defects"), pl.col("line").min())
    counted = counts.collect(engine="streaming")
    first = defects.join(counted.lazy(), on=[*kind, "line"], how="semi")
    ordered = first.collect(engine="streaming").sort("file", "detail")
    examples = ordered.unique(kind, keep="first", maintain_order=True)
    return counted.join(examples.drop("file"), on=[*kind, "line"]).sort(
        "verdict", "defects", "reason", descending=[True, True, False]
    )


@st.cache_data(max_entries=SOME, show_spinner=False)
def defects(
    path: str, version: str, verdicts: tuple[str, ...], reasons: tuple[str, ...], limit: int
) -> tuple[pl.DataFrame, int, int]:
    """Return the first `limit` defects of some verdicts and reasons, their number and bytes.

    The bytes are those of the lines of all that match.
    """
    del version
    matching = scan(path, "silver.defects")
    if verdicts:
        matching = matching.filter(pl.col("verdict").cast(pl.String).is_in(verdicts))
    if reasons:
        matching = matching.filter(pl.col("reason").cast(pl.String).is_in(reasons))
    size = pl.col("raw").str.len_bytes().cast(pl.Int64).sum()
    # Lines may be many and long: not all at once.
    total, length = matching.select(pl.len(), size).collect(engine="streaming").row(0)
    return matching.head(limit).collect(), int(total), int(length)


@st.cache_data(max_entries=SOME, show_spinner=False)
def defects_of_line(path: str, version: str, line: int) -> pl.DataFrame:
    """Return all defects of a line, by its number, in whichever file."""
    del version
    return scan(path, "silver.defects").filter(pl.col("line") == line).collect()
