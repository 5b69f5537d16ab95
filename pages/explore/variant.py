"""Variant: one ALT allele seen from all sides, and its way back to the source."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.populations import ALL, POPULATIONS_BY_CODE
from medallion.errors import MedallionError
from medallion.figures.genotype_counts import by_chance, genotype_counts
from medallion.figures.intervals import frequency_intervals
from medallion.figures.neighbours import MOST_DRAWN, linkage_neighbours
from medallion.figures.sampling_map import frequency_map
from medallion.ondemand.named import label
from medallion.popgen.intervals import wilson
from pages.shared import (
    cache,
    cohorts,
    draw,
    evidence,
    geography,
    headline,
    made,
    panels,
    pick,
    say,
    state,
    tab,
)
from pages.shared.words import allele_label, plural

VIEWS = ["Frequencies", "Genotypes", "Map", "Linkage", "Carriers", "Way back"]
CARRIERS = 1000
LISTED = 500
EXAMPLES = 50
DISTANCES = {"100 kb": 100_000, "250 kb": 250_000, "500 kb": 500_000}

Row = dict[str, Any]


def show_frequencies(lake: Lake, version: str, frame: pl.DataFrame, name: str) -> None:
    """Draw the frequency in every group with its interval, and the numbers."""
    frame = cohorts.beside(lake, frame)
    low, high = wilson(frame["ac"].to_numpy(), frame["an"].to_numpy())
    bounded = frame.with_columns(
        af_low=pl.Series(low).fill_nan(None), af_high=pl.Series(high).fill_nan(None)
    )
    groups = cache.populations(str(lake.path), version)
    draw.figure(
        frequency_intervals(bounded, parents=state.parents(groups), theme=state.theme()),
        key="intervals",
        wide=True,
    )
    st.caption(
        "Whiskers: the 95 % score interval (Wilson 1927), which stays within 0 to 1. It takes "
        "the called alleles for independent draws from the group."
    )
    draw.table(
        bounded,
        {
            "population": draw.text("Group", "Code of the population, super-population, or ALL."),
            "level": draw.text("Level", "What kind of group it is.", 130),
            "af": draw.number("Frequency", "AC / AN.", "%.5f"),
            "af_low": draw.number("from", "Lower bound of the 95 % interval (Wilson).", "%.5f"),
            "af_high": draw.number("to", "Upper bound of the 95 % interval (Wilson).", "%.5f"),
            "ac": draw.number("AC", "Copies of the ALT allele in the group."),
            "an": draw.number("AN", "Called alleles of the group."),
            **pick.genotype_columns(),
            "hwe_p": draw.probability(
                "HWE p",
                "Exact test of Hardy-Weinberg proportions (Wigginton et al. 2005). Low in a "
                "group of several populations may only mean that they differ. Not corrected for "
                "the number of groups: one in twenty may be below 0.05 by chance.",
            ),
        },
        alt="Frequencies of the variant in each group with their intervals",
        height=600,
    )
    draw.downloads(bounded, f"variant-{name}", "the frequencies and intervals")


def show_genotypes(lake: Lake, version: str, frame: pl.DataFrame, name: str) -> None:
    """Draw who is heterozygous and who homozygous, beside what is expected."""
    frame = cohorts.beside(lake, frame)
    groups = cache.populations(str(lake.path), version)
    draw.figure(
        genotype_counts(frame, parents=state.parents(groups), theme=state.theme()),
        key="genotypes",
        wide=True,
    )
    st.caption(
        "Lines: p² and 2pq + p², with the group's own frequency p, where all called samples are "
        "diploid. A group of several populations has fewer heterozygotes than expected merely "
        "because they differ (Wahlund 1928). Counts and tests: below the chart Frequencies."
        + (f" p below 0.05: {by_chance(tests)}." if (tests := frame["hwe_p"].count()) else "")
    )
    draw.downloads(frame, f"genotypes-{name}", "the counts")


def show_map(frame: pl.DataFrame, name: str) -> None:
    """Draw the frequency where the populations were sampled."""
    if not any(code in POPULATIONS_BY_CODE for code in frame["population"].to_list()):
        say.text_note(
            "No map of these populations.",
            ["Places are known of the 1000 Genomes Project's 26 populations only."],
        )
        return
    draw.figure(frequency_map(frame, theme=state.theme()), key="map", wide=True)
    st.caption(
        "A ring is a sampling place, its disc's area the frequency. It says where samples were "
        "taken, not where people come from: the Gujarati were sampled in Houston. Marks that "
        "would hide each other are moved apart. Coasts: Natural Earth, public domain."
    )
    drawn = frame.filter(pl.col("population").cast(pl.String).is_in(list(POPULATIONS_BY_CODE)))
    draw.downloads(drawn, f"map-{name}", "the frequencies by place")


def show_linkage(lake: Lake, version: str, row: Row, name: str) -> None:
    """Draw the alleles that go with it in a group, and list the strongest."""
    if not row["an"]:
        say.text_note("No linkage.", ["The record has no called genotypes."])
        return
    groups = cache.populations(str(lake.path), lake.version("gold"))
    codes = groups["population"].cast(pl.String).unique(maintain_order=True).to_list()
    codes.sort(key=lambda code: code != ALL)
    left, right = st.columns([2, 2])
    group = left.selectbox(
        "Group",
        codes,
        key="ld_group",
        bind="query-params",
        help="Whose haplotypes are counted. Over ALL, differences between populations make "
        "linkage too.",
    )
    within = right.segmented_control(
        "Within",
        list(DISTANCES),
        default="100 kb",
        required=True,
        key="ld_within",
        bind="query-params",
        help="How far from the variant, to either side.",
    )
    group, distance = group or codes[0], DISTANCES[within or "100 kb"]
    try:
        # In full, however long: the name in the page's link may mean several.
        frame = cache.linked(str(lake.path), version, label(row), group, distance)
    except MedallionError as error:
        say.failure("Linkage cannot be shown.", str(error), "Choose another group or variant.")
        return
    if frame.is_empty():
        say.text_note(
            "Nothing to compare with.",
            [f"No other allele within {within} has a minor allele frequency of 1 % or more here."],
        )
        return
    draw.figure(
        linkage_neighbours(frame, name=name, pos=row["pos"], group=group, theme=state.theme()),
        key="neighbours",
    )
    said = f"{plural(frame.height, 'allele')} with a minor allele frequency of 1 % or more there."
    if frame.height > MOST_DRAWN:
        said += f" Drawn: the {MOST_DRAWN:,} with the highest r²."
    st.caption(f"{said} Tick a row to go to that variant.")
    if mixed := geography.admixed(groups, group):
        st.caption(mixed)
    pick.row_picker(
        frame.head(LISTED).with_columns(chrom=pl.lit(row["chrom"])),
        {
            "pos": draw.number("Position", "1-based position of REF's first base."),
            "id": draw.text("ID", "The source's ID field, often an rsID."),
            "ref": draw.text("REF", "The reference allele.", "small"),
            "alt": draw.text("ALT", "The alternate allele of this row.", "small"),
            "distance": draw.number("Bases away", "Below 0: before the variant."),
            "r2": draw.number("r²", "Squared correlation of the two ALT alleles, 0 to 1.", "%.4f"),
            "d_prime": draw.number(
                "D′",
                "Lewontin's D′, -1 to 1; above 0: the two ALT alleles go together. None where "
                "phase is not known.",
                "%.4f",
            ),
            "af": draw.number("Frequency", "Of that ALT allele in the group.", "%.4f"),
            "n": draw.number("Counted", "Haplotypes where both are called; samples if unphased."),
        },
        key="neighbour rows",
        alt="Alleles by falling linkage with the variant",
    )
    whose = frame.with_columns(variant=pl.lit(label(row)), population=pl.lit(group))
    draw.downloads(whose, f"linkage-{name}-{group}", "all alleles in range")


def show_carriers(lake: Lake, version: str, row: Row, name: str) -> None:
    """List the samples that carry it, the first of them here and all as a download."""
    allele = cache.allele_of(row)
    frame, total = cache.carriers(str(lake.path), version, allele, CARRIERS)
    if not total:
        st.caption("No sample carries it, or the record has no genotypes.")
        return
    more = "" if total <= CARRIERS else f" The first {CARRIERS:,} are shown; download has all."
    st.caption(
        f"{plural(total, 'sample')} {'carries' if total == 1 else 'carry'} it.{more} Tick a row to "
        "open that sample."
    )
    pick.sample_picker(
        frame,
        {
            "sample": draw.text("Sample", "Name of the sample."),
            "population": draw.text("Population", "Code of its population."),
            "super_population": draw.text("Super-population", "Where the population belongs."),
            "sex": draw.text("Sex", "As the sample table states."),
            "gt": draw.text("Genotype", "GT, as in the source."),
            "dosage": draw.number("Copies", "Of this ALT allele."),
        },
        key="carriers",
        alt="Samples that carry the variant",
        height=500,
    )
    draw.made_downloads(
        lambda: cache.carriers(str(lake.path), version, allele, total)[0],
        f"carriers-{name}",
        f"{plural(total, 'row')}.",
        "All carriers",
    )


def offer_examples(lake: Lake, version: str) -> None:
    """List alleles to begin with, where none is named."""
    examples = cache.most_different(str(lake.path), version, EXAMPLES)
    if examples.is_empty():
        st.caption("Name a variant above.")
        return
    st.caption("Name a variant above, or tick one of those that differ most between groups.")
    pick.row_picker(
        examples,
        pick.variant_columns()
        | {
            "difference": draw.number(
                "Difference", "The highest less the lowest frequency of the groups.", "%.4f"
            ),
            "highest": draw.text("Highest in", "The group with the highest frequency."),
        },
        key="variant examples",
        alt="Alleles whose frequency differs most between groups",
        height=420,
    )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Variant", anchor=False)
    if lake.source.simulated:
        say.simulated()
    version = panels.need(lake, "gold")
    silver = lake.version("silver")
    row = pick.choose_variant(lake)
    if row is None:
        if not (st.session_state.get("variant") or "").strip():
            offer_examples(lake, version)
        return
    allele = cache.allele_of(row)
    name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
    tab.name("Variant", name)
    gold = cache.gold_variant(str(lake.path), version, allele)
    headline.show(lake, version, row, gold)
    view = draw.views(VIEWS, "explore")
    if view in ("Frequencies", "Genotypes", "Map"):
        frame = cache.frequencies(str(lake.path), version, allele)
        if frame.is_empty():
            say.text_note(
                "Gold has no frequencies of this allele.",
                ["It has no genotypes, or silver is newer than gold: see the Overview page."],
            )
        elif view == "Map":
            show_map(frame, name)
        elif view == "Genotypes":
            show_genotypes(lake, version, frame, name)
        else:
            show_frequencies(lake, version, frame, name)
    elif view == "Linkage":
        show_linkage(lake, silver, row, name)
    elif view == "Carriers":
        show_carriers(lake, silver, row, name)
    else:
        evidence.way_back(lake, row, gold, name)
    made.told(lake, "variant", view)


main()
