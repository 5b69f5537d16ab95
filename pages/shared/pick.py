"""Choosing one variant, the same way on every page, carried by the URL as ?variant=."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.genotypes import GENOTYPES
from medallion.errors import UsageError
from medallion.ondemand.named import forms
from pages.shared import cache, draw, find, say
from pages.shared.words import allele_label, escaped

__all__ = [
    "KEY",
    "choose_variant",
    "genotype_columns",
    "key",
    "links",
    "query",
    "row_picker",
    "sample_picker",
    "variant_columns",
]

KEY = ("chrom", "pos", "ref", "alt", "record", "alt_index")
"""The columns of which `key` is made."""

_ALLELE_CHARS = 60
_MOST_REASONS = 5


def choose_variant(lake: Lake) -> dict[str, Any] | None:
    """Draw the box for a variant and return its row of `silver.variants`.

    Returns None, having said why, where the box is empty or names no allele.
    """
    version = lake.version("silver")
    examples = forms(cache.example(str(lake.path), version))
    typed = (
        st.text_input(
            "Variant",
            key="variant",
            bind="query-params",
            placeholder=examples,
            help="Chromosome, position (1-based), REF and ALT as in the VCF; or chromosome and "
            f"position; or an ID. For example {escaped(examples)}.",
        )
        or ""
    ).strip()
    if not typed:
        return None
    try:
        found = cache.find_variant(str(lake.path), version, typed)
        searched = cache.search(str(lake.path), version, typed) if found.is_empty() else None
    except UsageError as error:
        say.failure("This does not name a variant.", str(error), f"Try {escaped(examples)}.")
        return None
    if searched is not None:
        why = list(dict.fromkeys(searched.reasons))[:_MOST_REASONS]
        say.text_note("No such variant in this lake.", [typed, *why])
        find.lines_set_apart(searched)
        return None
    if found.height == 1:
        return dict(found.row(0, named=True))
    labels = {_describe(row): dict(row) for row in found.iter_rows(named=True)}
    chosen = st.selectbox(
        f"{found.height:,} alleles match: which one?",
        list(labels),
        key="allele",
        bind="query-params",
        help="A position can hold several records, and a record several ALT alleles.",
    )
    return labels.get(chosen or "") or dict(found.row(0, named=True))


def row_picker(
    frame: pl.DataFrame,
    columns: Mapping[str, Any],
    *,
    key: str,
    alt: str,
    height: int = 300,
    opens: bool = False,
) -> None:
    """Show variants in a table in which a click on a row puts the variant in the box above.

    `frame` has chrom, pos, ref, alt; what is kept is the variant, not its row's number.
    With `opens` the click opens the Variant page instead.
    """

    def take() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            row = frame.row(rows[0], named=True)
            name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
            if opens:
                st.session_state[find.OPENED] = ("variant", {"variant": name})
            else:
                st.session_state["variant"] = name

    draw.table(frame, columns, alt=alt, height=height, key=key, chosen=take)


def sample_picker(
    frame: pl.DataFrame, columns: Mapping[str, Any], *, key: str, alt: str, height: int
) -> None:
    """Show samples in a table in which a click on a row opens the sample's page."""

    def take() -> None:
        rows = st.session_state[key]["selection"]["rows"]
        if rows:
            st.session_state[find.OPENED] = ("sample", {"sample": frame["sample"][rows[0]]})

    draw.table(frame, columns, alt=alt, height=height, key=key, chosen=take)


def key(row: Mapping[str, Any]) -> str:
    """Return what tells an allele from all others of its place: its name, where it has one.

    Several alleles that are too long for a name have the same, `7:751000`: these are told by
    record and ALT.
    """
    name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
    whole = name != f"{row['chrom']}:{row['pos']}"
    return name if whole else f"{name}#{row['record']}.{row['alt_index']}"


def query(lake: Lake, row: Mapping[str, Any]) -> dict[str, str]:
    """Return the parameters with which a page's box for a variant means this allele alone."""
    name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
    if key(row) == name:
        return {"variant": name}
    found = cache.find_variant(str(lake.path), lake.version("silver"), name)
    same = [
        each for each in found.iter_rows(named=True)
        if (each["file"], each["record"], each["alt_index"])
        == (row["file"], row["record"], row["alt_index"])
    ]  # fmt: skip
    if len(same) != 1 or found.height == 1:
        return {"variant": name}
    return {"variant": name, "allele": _describe(same[0])}


def links(row: Mapping[str, Any]) -> None:
    """Draw links that go on with one allele: its frequencies, its raw line."""
    name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
    with st.container(horizontal=True):
        for file, label, icon, query in (
            ("gold", "Frequencies", "bar_chart", {"variant": name}),
            (
                "bronze",
                "Raw record",
                "description",
                {"bronze": "Records", "file": row["file"], "at": f"#{row['record']}"},
            ),
        ):
            find.link(label, f":material/{icon}:", f"pages/layers/{file}.py", query)


def variant_columns() -> dict[str, Any]:
    """Return the columns that name a variant, with their meaning."""
    return {
        "chrom": draw.text("Chrom", "Chromosome, spelled as in the source.", "small"),
        "pos": draw.number("Position", "1-based position of REF's first base."),
        "id": draw.text("ID", "The source's ID field, often an rsID."),
        "ref": draw.text("REF", "The reference allele.", "small"),
        "alt": draw.text("ALT", "The alternate allele of this row.", "small"),
    }


def genotype_columns() -> dict[str, Any]:
    """Return the columns that count a group's samples by genotype, with their meaning."""
    return {name: draw.number(*told) for name, told in GENOTYPES.items()}


def _describe(row: Mapping[str, Any]) -> str:
    def cut(allele: str) -> str:
        return allele if len(allele) <= _ALLELE_CHARS else f"{allele[:_ALLELE_CHARS]}…"

    return (
        f"{row['chrom']}:{row['pos']:,} {cut(row['ref'])} → {cut(row['alt'])} "
        f"(ALT {row['alt_index']} of {row['n_alts']}, record {row['record']:,})"
    )
