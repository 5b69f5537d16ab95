"""Choosing a stretch of a chromosome, the same way on every page, in the URL as ?region=."""

from __future__ import annotations

from typing import Any

import streamlit as st

from medallion import Lake
from medallion.bronze.raw import Region, parse_where, same_contig
from medallion.errors import UsageError
from medallion.ondemand.region import View
from pages.shared import cache, find, say
from pages.shared.words import escaped

__all__ = ["Contig", "choose", "contigs", "label", "many", "middle", "show_view", "some", "whole"]

Contig = dict[str, Any]
"""chrom, how many alleles, and their first and last position."""

MANY = 60_000
_WIDE = 10_000  # bases of a region that is an example
_ENOUGH = 1000  # alleles that a page shows before anyone has chosen a region


def contigs(lake: Lake, version: str) -> dict[str, Contig]:
    """Return the lake's contigs with their first and last position, by name."""
    return {entry["chrom"]: entry for entry in cache.contigs(str(lake.path), version)}


def label(view: View) -> str:
    """Return a view as it is typed."""
    return find.region_label(Region(view.chrom, view.start, view.end))


def show_view(view: View) -> None:
    """Have the page show a view; for callbacks."""
    st.session_state["region"] = label(view)


def whole(contig: Contig) -> View:
    """Return the view of all of a contig that has alleles."""
    return View(contig["chrom"], contig["first"], contig["last"])


def middle(contig: Contig, bases: int) -> View:
    """Return what lies in a contig's middle: so many bases, more where alleles are sparse."""
    span = contig["last"] - contig["first"] + 1
    bases = min(span, max(bases, span * _ENOUGH // contig["alleles"]))
    start = contig["first"] + (span - bases) // 2
    return View(contig["chrom"], start, start + bases - 1)


def some(contig: Contig, alleles: int) -> View:
    """Return a contig from its first allele on, as far as likely has so many; all, if fewer."""
    span = contig["last"] - contig["first"] + 1
    bases = min(span, span * alleles // contig["alleles"])
    return View(contig["chrom"], contig["first"], contig["first"] + bases - 1)


def many(contig: Contig, view: View) -> bool:
    """Whether a view likely has so many alleles that to count them anew takes seconds."""
    span = contig["last"] - contig["first"] + 1
    return bool(contig["alleles"] * min(1.0, view.width / span) > MANY)


def choose(known: dict[str, Contig], default: View | None = None) -> View | None:
    """Draw the box for a region and return it, or None having said why.

    An empty box means `default`, else all of the first contig.
    """
    first = next(iter(known.values()))
    empty = default or whole(first)
    example = label(View(first["chrom"], first["first"], first["first"] + _WIDE))
    typed = (
        st.text_input(
            "Region",
            key="region",
            bind="query-params",
            placeholder=label(empty),
            help="Chromosome, first and last position (1-based, both included), such as "
            f"{escaped(example)}; or a chromosome alone.",
        )
        or ""
    ).strip()
    if not typed:
        return empty
    try:
        place = parse_where(typed)
    except UsageError as error:
        say.failure("This is no region.", str(error), f"Try {escaped(example)}.")
        return None
    if not isinstance(place, Region):
        say.failure("This is a record, not a region.", typed, "Records are on the Bronze page.")
        return None
    contig = next((c for name, c in known.items() if same_contig(name, place.chrom)), None)
    if contig is None:
        say.text_note(
            "This lake has no such chromosome.", [place.chrom, f"It has {', '.join(known)}."]
        )
        return None
    if place.start is None or place.end is None:
        return whole(contig)
    if place.start == place.end:  # a position: what is around it
        return View(contig["chrom"], max(1, place.start - 500), place.start + 500)
    return View(contig["chrom"], place.start, place.end)
