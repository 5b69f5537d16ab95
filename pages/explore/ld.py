"""Linkage: all pairs of a region or a list, haplotypes of a few, decay with distance."""

from __future__ import annotations

import streamlit as st

from medallion import Lake
from medallion.catalog.populations import ALL
from medallion.figures.ld_decay import ld_decay_lines
from medallion.popgen.geography import MOST_COMPARED
from pages.shared import cache, draw, geography, haplotypes, lead, matrix, panels, say, state

VIEWS = ["Region", "My variants", "Haplotypes", "Decay"]


def show_decay(lake: Lake, version: str) -> None:
    """Show how linkage falls with distance."""
    frame = cache.ld_decay(str(lake.path), version)
    if frame["r2"].drop_nulls().is_empty():
        say.text_note(
            "There are no pairs to measure.",
            [
                "It takes common SNVs of an autosome, within a megabase: this lake has too few.",
                "Add chromosomes or samples.",
            ],
        )
        return
    draw.figure(ld_decay_lines(frame, theme=state.theme()), key="decay")
    st.caption(
        "Linkage reaches further where fewer ancestors left the copies of today. r² is of "
        "genotypes, one number a sample: without any linkage it is still about 1 / samples, so a "
        "small group's line never reaches 0."
    )
    mixed = geography.admixed(
        cache.populations(str(lake.path), version),
        ALL,
        f"Super-populations in the sample table, or up to {MOST_COMPARED} populations, would each "
        "have a line.",
    )
    if mixed and ALL in frame["super_population"]:
        st.caption(mixed)
    draw.downloads(frame, "ld-decay", "the numbers behind the chart")
    lead.made(
        lake,
        ["gold.ld_decay"],
        [
            (
                "Mean squared correlation of genotypes over pairs of SNVs of the autosomes, by "
                "distance: the first of each kilobase whose rarer allele has a frequency of 5 % or "
                "more in the group and in all. Pairs lie within a part of the build."
            ),
        ],
    )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Linkage", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Which alleles travel together, and how far.")
    version = panels.need(lake, "gold")
    view = draw.views(VIEWS, "ld")
    if view == "My variants":
        matrix.show_chosen(lake, version)
    elif view == "Haplotypes":
        haplotypes.show(lake)
    elif view == "Decay":
        show_decay(lake, version)
    else:
        matrix.show(lake, version)


main()
