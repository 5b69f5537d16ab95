"""Haplotypes of a pasted list of variants: their alleles, and their share in groups."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.errors import MedallionError
from medallion.figures.haplotypes import (
    MOST_ROWS,
    haplotype_alleles,
    haplotype_bars,
    leading,
    ranked,
)
from pages.shared import cache, chosen, draw, lead, say, state
from pages.shared.words import allele_label

__all__ = ["show"]

_EXAMPLES = 4


def show(lake: Lake) -> None:
    """Count the haplotypes of chosen variants in chosen groups."""
    path, silver = str(lake.path), lake.version("silver")
    asked = chosen.ask(lake, _EXAMPLES)
    if asked is None:
        return
    _, found = asked
    rows = pl.concat([found.variants, found.ambiguous])
    named = {
        row["asked"]: allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
        for row in found.variants.iter_rows(named=True)
    } | {name: name for name in found.ambiguous["asked"]}
    try:
        names = tuple(named[name] for name in found.terms if name in named)
        frame = cache.haplotypes(path, silver, names)
    except MedallionError as error:
        say.failure("Haplotypes cannot be counted.", str(error), "Change the list above.")
        return
    codes = frame["population"].unique(maintain_order=True).to_list()
    levels = dict(frame.select("population", "level").rows())
    few = [code for code in codes if levels[code] != "population"] or codes[:6]
    groups = st.multiselect(
        "Groups", codes, default=few, key="ld_groups", bind="query-params",
        help="Codes of populations and super-populations; ALL is everyone.", wrap=True,
    )  # fmt: skip
    if not groups:
        st.caption("Choose a group.")
        return
    order = ranked(frame, groups)
    if order.is_empty():
        say.text_note(
            "No copy of the chromosome is called at all of these variants.",
            ["Leave out the one with most missing calls, or choose other groups."],
        )
        return
    places = rows.unique(["file", "record"], keep="first").sort("record")
    left, right = st.columns([2, 3])
    with left:
        draw.figure(
            haplotype_alleles(order, places, group=leading(frame, groups), theme=state.theme()),
            key="haplotype alleles",
        )
    with right:
        draw.figure(haplotype_bars(frame, groups, theme=state.theme()), key="haplotypes")
    if order.height > MOST_ROWS:
        st.caption(f"{MOST_ROWS} of {order.height:,} haplotypes are drawn; the table has all.")
    _table(frame, order, groups)
    lead.made(
        lake,
        [],
        [
            ("Haplotypes are counted now, from the phased genotypes in silver (as LDhap does: "
            "Machiela & Chanock 2015)."),
            ("Each sample has two copies of the chromosome, one where it is haploid. A copy with "
            "a missing call at one of the variants is left out. Share: copies / copies called at "
            "all of the variants."),
        ],
    )  # fmt: skip


def _table(frame: pl.DataFrame, order: pl.DataFrame, groups: list[str]) -> None:
    """List the haplotypes of the groups chosen."""
    rank = order.select("haplotype", "number", row=pl.int_range(pl.len()))
    shown = (
        frame.filter(pl.col("population").is_in(groups))
        .drop("alleles")
        .join(rank, on="haplotype", maintain_order="left")
        .sort("row", maintain_order=True)
        .select("number", pl.exclude("number", "row"))
    )
    columns: dict[str, Any] = {
        "number": draw.text("No.", "As in the charts.", "small"),
        "haplotype": draw.text("Haplotype", "Alleles in the order of the file, joined by _."),
        "population": draw.text("Group", "Code of the group.", "small"),
        "count": draw.number("Copies", "Copies of the chromosome that carry it."),
        "n": draw.number("Of", "Copies of the group called at all of the variants."),
        "frequency": draw.number("Share", "Copies / of.", "%.5f"),
        "n_missing": draw.number("Left out", "Copies that are not called at all of them."),
    }
    draw.table(shown, columns, alt="Haplotypes by group")
    draw.downloads(shown, "haplotypes", "the haplotypes of the groups chosen")
