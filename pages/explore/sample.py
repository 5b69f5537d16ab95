"""Sample: one sample's counts among the others', and the rare alleles that it carries."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.populations import POPULATIONS_BY_CODE
from medallion.figures.one_sample import SAMPLE_MEASURES, sample_among_others
from pages.shared import cache, draw, made, panels, pick, say, state, tab
from pages.shared.words import plural

VIEWS = ["Counts", "Rare alleles"]
LIMIT = 1000
# What is rare: largest frequency over all samples, most copies.
RARE: dict[str, tuple[float, int | None]] = {
    "Seen once": (1.0, 1),
    "Up to 5 copies": (1.0, 5),
    "Up to 0.1 %": (0.001, None),
    "Up to 1 %": (0.01, None),
}
METRICS = ("het", "hom_alt", "singletons", "ti_tv", "missing", "f")


def choose(counts: pl.DataFrame) -> dict[str, Any] | None:
    """Draw the choice of a sample and return its row of `gold.samples`."""
    names = counts["sample"].cast(pl.String).to_list()
    asked = st.query_params.get("sample")
    if asked is not None and asked not in names:
        say.text_note(
            "No such sample has genotypes in this lake.",
            [asked, "Names are spelled as in the VCF's header; choose one below."],
        )
    chosen = st.selectbox(
        "Sample",
        names,
        key="sample",
        bind="query-params",
        help="Type a part of its name. Names are those of the VCF's header.",
    )
    if chosen is None:
        return None
    return counts.filter(pl.col("sample") == chosen).row(0, named=True)


def who_it_is(row: dict[str, Any]) -> None:
    """Say where the sample belongs and show its counts."""
    code = row["population"]
    known = POPULATIONS_BY_CODE.get(code)
    full = f"{code} ({known.name})" if known else code
    above = f", {row['super_population']}" if row["super_population"] else ""
    st.text(f"{full}{above} · {row['sex']} · {row['records']:,} records with genotypes")
    line = st.container(horizontal=True, gap="medium")
    for key in METRICS:
        kind, value = SAMPLE_MEASURES[key], row[key]
        shown = "–" if value is None else f"{value:,}" if kind.whole else f"{value:.3f}"
        line.metric(kind.title, shown, help=kind.meaning, width="content")


def show_counts(counts: pl.DataFrame, row: dict[str, Any]) -> None:
    """Draw one count of the sample among those of all others."""
    titles = {kind.title: key for key, kind in SAMPLE_MEASURES.items()}
    title = st.selectbox("Count", list(titles), key="of_sample", bind="query-params")
    measure = titles[title or next(iter(titles))]
    st.caption(SAMPLE_MEASURES[measure].meaning)
    parents = dict(
        counts.select(pl.col("population", "super_population").cast(pl.String)).unique().rows()
    )
    draw.figure(
        sample_among_others(counts, row["sample"], measure, parents=parents, theme=state.theme()),
        key="sample counts",
        wide=True,
    )
    value = row[measure]
    if value is None:
        st.caption("This sample has no value: nothing to divide by.")
    else:
        peers = counts.filter(pl.col("population") == row["population"])[measure].drop_nulls()
        lower, equal = int((peers < value).sum()), int((peers == value).sum()) - 1
        st.text(
            f"Of the {len(peers) - 1:,} other samples of {row['population']}, {lower:,} have less, "
            f"{equal:,} as much and {len(peers) - 1 - lower - equal:,} more."
        )
    draw.downloads(counts, "samples", "the counts of all samples")


def show_rare(lake: Lake, version: str, row: dict[str, Any]) -> None:
    """List the rare ALT alleles that the sample carries."""
    wanted = st.segmented_control(
        "Rare is",
        list(RARE),
        default="Seen once",
        required=True,
        key="rare",
        bind="query-params",
        help="By copies of the ALT allele, or its frequency, over all samples of the lake.",
    )
    af_max, ac_max = RARE[wanted or "Seen once"]
    versions = (lake.version("silver"), version)
    frame, total = cache.rare_alleles(
        str(lake.path), versions, row["sample"], af_max, ac_max, LIMIT
    )
    if not total:
        say.text_note(
            "It carries no ALT allele as rare as that.", ["Choose a higher bound, or a sample."]
        )
        return
    more = "" if total <= LIMIT else f" The {LIMIT:,} rarest are shown."
    st.caption(
        f"{plural(total, 'ALT allele')}, rarest first.{more} Tick a row to open that variant."
    )
    pick.row_picker(
        frame,
        pick.variant_columns()
        | {
            "gt": draw.text("Genotype", "GT, as in the source.", "small"),
            "variant_type": draw.text("Type", "Kind of change.", "small"),
            "ac": draw.number("AC", "Copies of the ALT allele over all samples."),
            "af": draw.number("Frequency", "AC / AN over all samples.", "%.5f"),
            "n_populations": draw.number("Populations", "How many populations carry it."),
            "private_population": draw.text("Only in", "The one population that carries it."),
        },
        key="rare alleles",
        alt=f"Rare ALT alleles of {row['sample']}",
        height=460,
        opens=True,
    )
    draw.made_downloads(
        lambda: cache.rare_alleles(str(lake.path), versions, row["sample"], af_max, ac_max, total)[
            0
        ],
        f"rare-{row['sample']}-{draw.stem(wanted or '')}",
        f"{plural(total, 'row')}.",
        "All of them",
    )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Sample", anchor=False)
    if lake.source.simulated:
        say.simulated()
    version = panels.need(lake, "gold")
    counts = cache.sample_counts(str(lake.path), version)
    if counts.is_empty():
        say.text_note(
            "No sample has genotypes in this lake.",
            ["The VCF lists sites only. Add one with samples to see this page."],
        )
        return
    row = choose(counts)
    if row is None:
        return
    tab.name("Sample", row["sample"])
    who_it_is(row)
    view = draw.views(VIEWS, "view_of_sample")
    if view == "Counts":
        show_counts(counts, row)
    else:
        show_rare(lake, version, row)
    made.told(lake, "sample", view)


main()
