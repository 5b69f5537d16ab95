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
from medallion.ondemand import MOST_IN_HAPLOTYPES
from medallion.ondemand.named import forms
from pages.shared import cache, draw, lead, place, say, state
from pages.shared.words import allele_label, plural

__all__ = ["show"]

_EXAMPLES = 4
_LOOKED_AT = 12_000  # alleles of which the examples are, so that this takes a moment only


def show(lake: Lake) -> None:
    """Count the haplotypes of chosen variants in chosen groups."""
    path, silver = str(lake.path), lake.version("silver")
    typed = (
        st.text_area(
            "Variants",
            key="ld_variants",
            bind="query-params",
            height=90,
            placeholder=forms(cache.example(path, silver)),
            help=f"2 to {MOST_IN_HAPLOTYPES} of one chromosome, parted by commas, spaces or lines. "
            "A name means the whole record, with all its alleles.",
        )
        or ""
    ).strip()
    if not typed:
        st.caption(
            "Name the variants whose alleles you want to see together. The Variant page lists "
            "what is in linkage with one."
        )
        _offer_example(lake)
        return
    try:
        found = cache.search(path, silver, typed)
        rows = pl.concat([found.variants, found.ambiguous])
        named = {
            row["asked"]: allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
            for row in found.variants.iter_rows(named=True)
        } | {name: name for name in found.ambiguous["asked"]}
        names = [named[name] for name in found.terms if name in named]
        _missing(lake, [name for name in found.terms if name not in named])
        if not names:
            return
        frame = cache.haplotypes(path, silver, tuple(names))
    except MedallionError as error:
        say.failure("Haplotypes cannot be counted.", str(error), "Change the list above.")
        return
    codes = frame["population"].unique(maintain_order=True).to_list()
    levels = dict(frame.select("population", "level").rows())
    few = [code for code in codes if levels[code] != "population"] or codes[:6]
    chosen = st.multiselect(
        "Groups", codes, default=few, key="ld_groups", bind="query-params",
        help="Codes of populations and super-populations; ALL is everyone.",
    )  # fmt: skip
    if not chosen:
        st.caption("Choose a group.")
        return
    order = ranked(frame, chosen)
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
            haplotype_alleles(order, places, group=leading(frame, chosen), theme=state.theme()),
            key="haplotype alleles",
        )
    with right:
        draw.figure(haplotype_bars(frame, chosen, theme=state.theme()), key="haplotypes")
    if order.height > MOST_ROWS:
        st.caption(f"{MOST_ROWS} of {order.height:,} haplotypes are drawn; the table has all.")
    _table(frame, order, chosen)
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


def _offer_example(lake: Lake) -> None:
    """Draw a button that names some alleles, so that nobody begins with an empty page."""
    contig = next(iter(place.contigs(lake, lake.version("silver")).values()), None)
    if contig is None:
        return
    view = place.some(contig, _LOOKED_AT)
    found = cache.most_different(str(lake.path), lake.version("gold"), _EXAMPLES, view)
    if found.height < _EXAMPLES:
        return
    names = [allele_label(*row) for row in found.select("chrom", "pos", "ref", "alt").iter_rows()]

    def name_them() -> None:
        st.session_state["ld_variants"] = ", ".join(names)

    st.button(
        f"Show {_EXAMPLES} that differ much between groups",
        icon=":material/lightbulb:",
        on_click=name_them,
        help=f"Of the alleles of {place.label(view)}.",
    )


def _missing(lake: Lake, unknown: list[str]) -> None:
    """Say which names are no variant of this lake."""
    if not unknown:
        return
    more = f" and {len(unknown) - 30:,} more" if len(unknown) > 30 else ""
    say.text_note(
        f"{plural(len(unknown), 'name')} of the list not found, and left out.",
        [
            ", ".join(name[:80] for name in unknown[:30]) + more,
            "Positions are 1-based; REF and ALT as in the VCF."
            if cache.named(str(lake.path), lake.version("silver"))
            else "No variant of this lake has an identifier: name them by position.",
        ],
    )


def _table(frame: pl.DataFrame, order: pl.DataFrame, chosen: list[str]) -> None:
    """List the haplotypes of the groups chosen."""
    rank = order.select("haplotype", "number", row=pl.int_range(pl.len()))
    shown = (
        frame.filter(pl.col("population").is_in(chosen))
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
