"""Region: tracks along the chromosome, from the whole of it down to single alleles."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.figures.region import MOST_DOTS, Tracks, level_of, region_tracks
from medallion.ondemand.region import FREQUENCY_BINS, View
from pages.shared import (
    cache,
    clicks,
    cohorts,
    draw,
    find,
    geography,
    made,
    outside,
    panels,
    pick,
    place,
    say,
    state,
    tab,
)
from pages.shared.words import allele_label, plural

CHART = "tracks"
TABLE = "alleles of the region"
TICKED = "allele ticked"
EVERYONE = "All samples"
MARKS = {
    "super_population": "a mark for each super-population",
    "population": "a mark for each population",
    "all": "over all samples",
}

TRACKS = """\
**Alleles**: how many ALT alleles start in each stretch, by type.
**π per base**: nucleotide diversity, the mean number of differences between two copies of \
the chromosome drawn from the group, by base of the window (Nei & Li 1979). Every base of \
the window is taken as accessible.
**Tajima's D**: π against what the number of segregating sites would make expect (Tajima \
1989); below 0 many rare alleles (growth, sweeps), above 0 many of middle frequency.
**FST**: Hudson's, ratio of averages (Bhatia et al. 2013), the mean over all pairs of \
super-populations, or of populations where there is no second super-population.
**Allele frequency**: copies of the ALT allele among called alleles, over all samples."""


def move(view: View, contig: place.Contig) -> None:
    """Draw the buttons that zoom and move."""
    first, last = contig["first"], contig["last"]
    low, high = min(first, view.start), max(last, view.end)
    steps: list[tuple[str, str, View]] = [
        ("Zoom in", "zoom_in", view.zoomed(1 / 4, low, high)),
        ("Zoom out", "zoom_out", view.zoomed(4, low, high)),
        ("Left", "arrow_back", view.moved(-0.5, low, high)),
        ("Right", "arrow_forward", view.moved(0.5, low, high)),
        ("Whole chromosome", "width_full", place.whole(contig)),
    ]
    with st.container(horizontal=True):
        for name, icon, target in steps:
            st.button(
                name,
                icon=f":material/{icon}:",
                on_click=place.show_view,
                args=(target,),
                disabled=target == view,
                key=f"go {name}",
            )


def zoom(view: View) -> Callable[[], None]:
    """Return what dragging across the chart does: the stretch is zoomed into."""

    def act() -> None:
        box = st.session_state[CHART]["selection"].get("box")
        if box:
            low, high = sorted(box[0]["x"][:2])
            start, end = max(view.start, round(low)), min(view.end, round(high))
            if end > start:
                place.show_view(View(view.chrom, start, end))

    return act


def take(alleles: pl.DataFrame, number: int) -> str:
    """Pick the allele of a row of the table, and return its name."""
    name = pick.key(alleles.row(number, named=True))
    st.query_params["picked"] = name
    return name


def dot(alleles: pl.DataFrame) -> Callable[[list[Any]], None]:
    """Return what a click on a dot does: its allele is picked."""

    def act(mark: list[Any]) -> None:
        if isinstance(mark[0], int) and 0 <= mark[0] < alleles.height:
            take(alleles, mark[0])

    return act


def named(alleles: pl.DataFrame, name: str) -> int | None:
    """Return the place of the allele that is picked, if it is among those shown."""
    rows = alleles.select(pick.KEY)
    for index, row in enumerate(rows.iter_rows(named=True)):
        if pick.key(row) == name:
            return index
    for index, row in enumerate(rows.iter_rows(named=True)):  # a link from before there were keys
        if allele_label(row["chrom"], row["pos"], row["ref"], row["alt"]) == name:
            return index
    return None


def with_cohorts(
    lake: Lake, view: View, alleles: pl.DataFrame, *, few: bool
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Draw the choice of the reader's cohorts, and return the alleles with their frequencies.

    Of more alleles than are drawn one by one none are counted, which is said.
    """
    chosen = cohorts.choose(lake)
    if chosen and not few:
        say.text_note(
            f"Zoom in to see {'your cohort' if len(chosen) == 1 else 'your cohorts'}.",
            [
                ", ".join(cohort.name[:80] for cohort in chosen),
                f"They are counted from the genotypes, of at most {MOST_DOTS:,} alleles here.",
            ],
        )
        return alleles, {}
    region = f"{view.chrom}:{view.start}-{view.end}"
    return cohorts.in_region(lake, lake.version("silver"), alleles, region, chosen)


def whose_frequencies(of_cohorts: dict[str, str]) -> tuple[str, str]:
    """Draw the choice whose frequencies are dots; return the column, and who that is."""
    if not of_cohorts:
        return "af", ""
    columns = {EVERYONE: "af"} | {name: column for column, name in of_cohorts.items()}
    chosen = st.segmented_control(
        "Frequencies of",
        list(columns),
        default=EVERYONE,
        required=True,
        key="dots_of",
        bind="query-params",
        help="Whose allele frequencies the dots of the last track show.",
    )
    name = chosen if chosen in columns else EVERYONE
    return columns[name], "" if name == EVERYONE else name


def show_picked(lake: Lake, row: dict[str, Any], of_cohorts: dict[str, str]) -> None:
    """Say which allele is picked, with the way to its page."""
    name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
    af = "not known" if row["af"] is None else f"{row['af']:.4g}"
    with st.container(horizontal=True, vertical_alignment="center"):
        own = "".join(
            f", in {cohort} {row[column]:.4g}"
            for column, cohort in of_cohorts.items()
            if row[column] is not None
        )
        st.text(f"Picked: {name[:80]}, {row['variant_type']}, frequency {af}{own}")
        find.link(
            "Open this variant",
            ":material/genetics:",
            "pages/explore/variant.py",
            pick.query(lake, row),
        )


def show_table(
    lake: Lake,
    view: View,
    total: int,
    alleles: pl.DataFrame,
    of_cohorts: dict[str, str],
    picked: int | None,
) -> None:
    """List the alleles of the view; a tick picks one, the download has all.

    What was picked in the chart comes first; what was ticked here stays where it is.
    `of_cohorts` names the cohorts whose frequencies `alleles` has columns of.
    """
    shown = alleles
    ticked = picked
    if picked is not None and st.session_state.get(TICKED) != st.query_params.get("picked"):
        shown = pl.concat([shown[picked], shown[:picked], shown[picked + 1 :]])
        ticked = 0
    if total > shown.height:
        st.caption(
            f"The first {shown.height:,} of {plural(total, 'allele')} of the view, by "
            "position. Zoom in to see others; the downloads hold all. Tick a row to mark it in the "
            "chart."
        )
    else:
        st.caption(f"{plural(total, 'allele')}. Tick a row to mark it in the chart.")

    def tick() -> None:
        rows = st.session_state[TABLE]["selection"]["rows"]
        if rows:
            st.session_state[TICKED] = take(shown, rows[0])
        else:
            st.query_params.pop("picked", None)

    groups = cache.populations(str(lake.path), lake.version("gold"))
    among = geography.compared(groups)
    columns = pick.variant_columns() | {
        "variant_type": draw.text("Type", "Kind of change.", "small"),
        "filter": draw.text("Filter", "PASS, or the tests that the site failed.", "small"),
        "ac": draw.number("AC", "Copies of the ALT allele over all samples."),
        "an": draw.number("AN", "Called alleles over all samples."),
        "af": draw.number("Frequency", "AC / AN.", "%.5f"),
        **{
            column: draw.number(name, "AC / AN in this cohort of yours.", "%.5f")
            for column, name in of_cohorts.items()
        },
        "n_populations": draw.number("Populations", "How many populations carry it."),
        "geographic_code": draw.text("Code", geography.meaning(groups)),
        f"fst_{among.replace('-', '_')}": draw.number(
            "FST", f"Among {among} (Weir and Cockerham 1984).", "%.4f"
        ),
    }
    st.session_state[TABLE] = {
        "selection": {"rows": [] if ticked is None else [ticked], "columns": [], "cells": []}
    }
    st.dataframe(
        draw.unsigned_zeros(shown.select(list(columns)), columns),
        hide_index=True,
        column_config=columns,
        height=min(420, 35 * (shown.height + 1) + 3),
        lazy=False,
        placeholder=draw.EMPTY,
        key=TABLE,
        on_select=tick,
        selection_mode="single-row",
        alt="Alleles of the region",
    )

    def all_of_them() -> pl.DataFrame:
        if total > alleles.height:
            return cache.region_alleles(str(lake.path), view)
        return alleles.rename({column: f"af_{name}" for column, name in of_cohorts.items()})

    draw.made_downloads(
        all_of_them,
        f"{view.chrom}_{view.start}-{view.end}",
        f"{plural(total, 'row')}, all of the view.",
        "All alleles",
    )


def offer_tracks(view: View, data: cache.RegionData) -> None:
    """Offer what the tracks draw, each as a table."""
    end = (pl.col("start") + data.bin_width - 1).alias("end")
    size = f"{data.window_size // 1000} kb"
    tables = {
        "alleles": ("Alleles by type", data.density.select("start", end, pl.exclude("start"))),
        "windows": (f"π and Tajima's D, windows of {size}", data.windows),
        "fst": (f"FST, windows of {size}", data.fst),
    }
    if data.heat is not None:
        bounds = [
            pl.col("frequency").replace_strict(dict(enumerate(ends)), return_dtype=pl.Float64)
            for ends in (FREQUENCY_BINS[:-1], FREQUENCY_BINS[1:])
        ]
        tables["frequencies"] = (
            "Alleles by frequency",
            data.heat.select("start", end, "alleles", above=bounds[0], up_to=bounds[1]),
        )
    with st.expander("Data of the tracks", icon=":material/download:"):
        for name, (what, frame) in tables.items():
            st.caption(f"{what}: {plural(frame.height, 'row')}")
            draw.downloads(frame, f"{name}_{view.chrom}_{view.start}-{view.end}", what)


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Region", anchor=False)
    if lake.source.simulated:
        say.simulated()
    version = panels.need(lake, "gold")
    known = place.contigs(lake, lake.version("silver"))
    if not known:
        say.text_note(
            "This lake has no variant.",
            ["Its VCF holds a header alone, or all is in quarantine: see the Silver page."],
        )
        return
    view = place.choose(known)
    if view is None:
        return
    tab.name("Region", place.label(view))
    contig = known[view.chrom]
    move(view, contig)
    data = cache.region_data(str(lake.path), version, view)
    if not data.total:
        say.text_note(
            "No variant lies here.",
            [f"{view.chrom} has variants from {contig['first']:,} to {contig['last']:,}."],
        )
        return
    few = data.total <= MOST_DOTS
    alleles, of_cohorts = with_cohorts(lake, view, data.alleles, few=few)
    asked = st.query_params.get("picked", "")
    index = named(alleles, asked)
    picked = None if index is None else alleles.row(index, named=True)
    column, whose = whose_frequencies(of_cohorts)
    figure = region_tracks(
        Tracks(
            chrom=view.chrom,
            start=view.start,
            end=view.end,
            total=data.total,
            bin_width=data.bin_width,
            density=data.density,
            windows=data.windows,
            fst=data.fst,
            dots=alleles.with_columns(af=column) if few else None,
            whose=whose,
            heat=data.heat,
            classes=FREQUENCY_BINS,
            picked=(picked["pos"], picked[column])
            if picked is not None and picked[column] is not None
            else None,
        ),
        theme=state.theme(),
    )
    draw.figure(figure, key=CHART, on_select=zoom(view))
    if few:
        clicks.hear(CHART, dot(alleles))
    st.caption(
        (
            "Drag across the chart to zoom in; click a dot to pick it. "
            if few
            else "Drag across the chart to zoom in. "
        )
        + f"Lines: windows of {data.window_size // 1000} kb, {MARKS[level_of(data.windows)]}."
    )
    if lacks := geography.missing(cache.populations(str(lake.path), version)):
        st.caption(lacks)
    outside.of_region(lake, view)
    if picked is not None:
        show_picked(lake, picked, of_cohorts)
    elif asked:
        step = "" if few else " Zoom in: the rows below are the first of the view."
        st.text(f"Picked: {asked[:80]}, which is not among the alleles shown.{step}")
    offer_tracks(view, data)
    with st.expander("What the tracks show", icon=":material/help:"):
        for line in TRACKS.splitlines():
            st.markdown(line)
    show_table(lake, view, data.total, alleles, of_cohorts, index)
    made.told(lake, "region")


main()
