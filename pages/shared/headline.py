"""The top of the Variant page: what an allele is, how often it was counted, and where."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from medallion import Lake
from pages.shared import cache, evidence, geography, outside
from pages.shared.words import minus_free

__all__ = ["show"]

Row = dict[str, Any]


def show(lake: Lake, version: str, row: Row, gold: Row | None) -> None:
    """Show the allele's kind, names, filter, counts and where it is common.

    `row` is its row of `silver.variants`, `gold` that of `gold.variants`, of the version of
    gold that is named.
    """
    st.text(f"{row['chrom']}:{row['pos']:,} {_cut(row['ref'])} → {_cut(row['alt'])}")
    frame = cache.frequencies(str(lake.path), version, cache.allele_of(row))
    _as_written(row)
    groups = cache.populations(str(lake.path), version)
    _counted(row, gold, frame, geography.compared(groups))
    if lacks := geography.missing(groups):
        st.caption(lacks)
    if gold is not None and gold["geographic_code"] is not None:
        st.text(geography.where(groups, gold, row["n_alts"]))
    outside.of_allele(lake, row)
    evidence.published_and_recounted(row, frame)


def _as_written(row: Row) -> None:
    """Show what the source wrote of the record."""
    line = st.container(horizontal=True, gap="medium")
    _field(
        line,
        "Type",
        str(row["variant_type"]),
        "snv: one base for another; insertion, deletion, indel: of another length; sv: structural.",
    )
    _field(
        line, "ID", row["id"], "The source's ID field, often an rsID; none: the source has a dot."
    )
    failed = row["filter"] not in (None, "PASS")
    _field(
        line,
        ":orange[:material/warning: FILTER, not passed]" if failed else "FILTER",
        row["filter"],
        "PASS: the record passed all filters of its source; none: the source has a dot, no filter "
        "was applied; else the filters that it failed. Counts and frequencies are of every kept "
        "record, whatever its FILTER says.",
    )
    _field(
        line,
        "QUAL",
        None if row["qual"] is None else f"{row['qual']:g}",
        "The source's confidence that an ALT allele is there: −10 log₁₀ of the chance that none "
        "is (Phred).",
    )
    _field(
        line,
        "Ancestral allele",
        row["ancestral_allele"],
        "INFO AA, as the source states; lower case: low confidence.",
    )


def _counted(row: Row, gold: Row | None, frame: pl.DataFrame, among: str) -> None:
    """Show what was counted over all samples; `frame` has the allele's frequencies."""
    everyone = frame.filter(pl.col("level").cast(pl.String) == "all")
    homozygous = everyone["n_hom_alt"][0] if everyone.height else None
    af = row["ac"] / row["an"] if row["an"] else None
    fst = gold[f"fst_{among.replace('-', '_')}"] if gold else None
    line = st.container(horizontal=True, gap="medium")
    for name, value, form, meaning in (
        (
            "Global frequency",
            af,
            ".4g",
            "AC / AN: copies of the ALT allele among all called alleles, recounted.",
        ),
        ("AC", row["ac"], ",", "Copies of the ALT allele among all samples, recounted."),
        ("AN", row["an"], ",", "Called alleles among all samples: a haploid call counts one."),
        (
            "Homozygotes",
            homozygous,
            ",",
            "Samples whose every copy is this ALT allele; haploid carriers are among them.",
        ),
        (
            "FST",
            fst,
            ".3f",
            (
                f"How far its frequency differs among {among}: 0 not at all, 1 fixed differences "
                "(Weir and Cockerham 1984). A little below 0 is 0 within chance."
            ),
        ),
    ):
        shown = "–" if value is None else minus_free(f"{value:{form}}")
        line.metric(name, shown, width="content", help=meaning)


def _field(place: DeltaGenerator, label: str, value: str | None, meaning: str) -> None:
    """Show a value that the source wrote, beside the metrics and as plain text."""
    with place.container(width="content"):
        st.markdown(f":small[{label}]", help=meaning)
        st.text(_cut(value) if value else "–")


def _cut(text: str, limit: int = 60) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
