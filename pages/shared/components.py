"""The samples along their principal components: controls, chart, the sample that is clicked."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.colours import UNASSIGNED
from medallion.figures.pca import MOST_SAMPLES, ColourBy, component_shares, sample_space
from medallion.figures.style import plain
from medallion.gold.sums import MOST_SITES
from medallion.popgen.pca import MINOR_ALLELE_FREQUENCY, PRUNE_BASES, PRUNE_R2, THIN_BASES
from pages.shared import cache, chromosomes, clicks, draw, lead, say, state
from pages.shared.words import plural

__all__ = ["show"]

_CHART = "pca"
_COLOURS: dict[str, ColourBy] = {
    "Super-population": "super_population",
    "Population": "population",
}
_FEW_SITES = 1000


def show(lake: Lake, version: str) -> None:
    """Draw the components, or say why there are none."""
    path = str(lake.path)
    everyone, shares = cache.pca(path, version), cache.components(path, version)
    if everyone.is_empty() or shares.is_empty():
        _none(lake, version)
        return
    known = shares["component"].to_list()
    if len(known) < 2:
        say.text_note(
            "One component only.",
            [f"{plural(everyone.height, 'sample')} span no plane. Add samples to the lake."],
        )
        draw.table(everyone, _columns([1]), alt="Samples and their coordinate")
        return
    everyone = everyone.with_columns(
        pl.col("super_population").cast(pl.String).fill_null(UNASSIGNED)
    )
    several = everyone["super_population"].n_unique() > 1
    axes, colour_by = _controls(known, "Super-population" if several else "Population")
    frame = _filtered(everyone)
    if frame.is_empty():
        say.text_note("No sample is in these groups.", ["Choose others above, or none for all."])
        return
    chart = st.container()  # above the box whose sample it marks
    name = _sample(everyone)
    with chart:
        draw.figure(
            sample_space(
                frame,
                shares,
                axes,
                colour_by=colour_by,
                parents=dict(everyone.select("population", "super_population").unique().rows()),
                chosen=name,
                theme=state.theme(),
            ),
            key=_CHART,
        )
        clicks.hear(_CHART, _take)
    if name is not None:
        row = everyone.filter(pl.col("sample") == name).row(0, named=True)
        lead.sample(row)
        if row["sample"] not in frame["sample"]:
            st.caption("It is in none of the groups that are shown.")
    else:
        st.caption("Click a point to see who it is." + (" Drag to turn." if len(axes) == 3 else ""))
    sites = shares["sites"][0]
    if sites < _FEW_SITES:
        say.text_note(
            f"Made from {plural(sites, 'site')} only.",
            [
                (
                    "What sets groups apart may be one stretch of the chromosome. "
                    "More chromosomes help."
                ),
                chromosomes.how_to_add(lake),
            ],
        )
    if frame.height > MOST_SAMPLES:
        st.caption(f"An even choice of {MOST_SAMPLES:,} of {frame.height:,} samples is drawn.")
    draw.downloads(frame, "components", "the coordinates of the samples shown")
    with st.expander("Variance explained", icon=":material/bar_chart:"):
        draw.figure(component_shares(shares, theme=state.theme()), key="explained")
        draw.downloads(shares, "variance-explained", "the components")
    _made(lake, version, sites)


def _controls(
    known: list[int], default_colour: str
) -> tuple[tuple[int, int] | tuple[int, int, int], ColourBy]:
    """Draw the choice of axes and of colour."""
    names = [f"PC{i}" for i in known]
    row = st.container(horizontal=True, vertical_alignment="bottom")
    three = False
    if len(known) > 2:
        chosen = row.segmented_control(
            "Dimensions",
            ["2-D", "3-D"],
            default="2-D",
            required=True,
            key="dimensions",
            bind="query-params",
        )
        three = chosen == "3-D"
    colour_by = row.segmented_control(
        "Colour",
        list(_COLOURS),
        default=default_colour,
        required=True,
        key="colour",
        bind="query-params",
        help="By population each has a shade of its super-population's colour and a mark.",
    )
    picked = []
    for axis, default in (("x", 0), ("y", 1), ("z", 2))[: 3 if three else 2]:
        name = row.selectbox(
            f"Along {axis}",
            names,
            index=default,
            key=f"pc_{axis}",
            bind="query-params",
            help="Principal components, by falling variance.",
            width=110,
        )
        picked.append(known[names.index(name)] if name in names else known[default])
    axes = (picked[0], picked[1], picked[2]) if three else (picked[0], picked[1])
    return axes, _COLOURS[colour_by or default_colour]


def _filtered(everyone: pl.DataFrame) -> pl.DataFrame:
    """Draw the choice of groups and return the samples in them."""
    left, right = st.columns(2)
    wanted = []
    for place, column, label, key in (
        (left, "super_population", "Only super-populations", "supers"),
        (right, "population", "Only populations", "groups"),
    ):
        codes = everyone[column].unique().sort().to_list()
        picked = place.multiselect(
            label,
            codes,
            key=key,
            bind="query-params",
            placeholder="All",
            help="A sample is shown that is in one of these, on the left or on the right. "
            "Components are not computed anew.",
            wrap=True,
        )
        if picked:
            wanted.append(pl.col(column).is_in(picked))
    return everyone.filter(pl.any_horizontal(wanted)) if wanted else everyone


def _sample(everyone: pl.DataFrame) -> str | None:
    """Draw the choice of a sample, which a click on a point makes too, and return its name."""
    names = everyone["sample"].to_list()
    asked = st.query_params.get("marked")
    if asked and asked not in names:
        say.text_note(
            "No such sample is among these.",
            [asked, "Samples that some files of the lake do not have are left out."],
        )
    return st.selectbox(
        "Sample",
        names,
        index=None,
        key="marked",
        bind="query-params",
        placeholder="Type a part of a name, or click a point",
        help="The sample that is marked in the chart.",
    )


def _take(mark: list[Any]) -> None:
    """Put the sample whose point was clicked into the box."""
    lake = state.current()
    names = cache.pca(str(lake.path), lake.version("gold"))["sample"]
    found = next((name for name in names if plain(name) == mark[1]), None)
    if found is not None:
        st.session_state["marked"] = found


def _none(lake: Lake, version: str) -> None:
    groups = cache.populations(str(lake.path), version)
    samples = groups.filter(pl.col("level").cast(pl.String) == "all")["samples"].sum()
    if not samples:
        lines = ["This lake's files have no genotypes, only sites."]
    elif samples < 2:
        lines = [f"This lake has {plural(samples, 'sample')}: two are wanted at least."]
    else:
        lines = [
            (
                "No site is fit for it: wanted are SNVs of the autosomes with one ALT, diploid "
                "in all samples, whose rarer allele has a frequency of "
                f"{MINOR_ALLELE_FREQUENCY:.0%} or more."
            ),
            "Chromosomes X, Y and MT have none.",
        ]
    say.text_note(
        "No components.", [*lines, ("Add chromosomes or samples, or open another lake in the "
                           "sidebar.")]
    )  # fmt: skip


def _columns(known: list[int]) -> dict[str, object]:
    return {
        "sample": draw.text("Sample", "Name of the sample."),
        "population": draw.text("Population", "Code of its population."),
        "super_population": draw.text("Super-population", "Where the population belongs."),
        **{f"pc{i}": draw.number(f"PC{i}", "Its coordinate.", "%.4f") for i in known},
    }


def _made(lake: Lake, version: str, used: int) -> None:
    sites = cache.pca_sites(str(lake.path), version)
    chroms = sites["chrom"].cast(pl.String).unique(maintain_order=True).to_list()
    lead.made(
        lake,
        ["gold.pca", "gold.pca_components", "gold.pca_sites"],
        [
            f"Made from {plural(used, 'site')} of chromosome {', '.join(chroms[:30])}.",
            (
                "How they were chosen: SNVs of the autosomes with one ALT, diploid in all samples, "
                f"rarer allele {MINOR_ALLELE_FREQUENCY:.0%} or more among all samples; of each "
                f"{THIN_BASES:,} bases the first; none with r² above {PRUNE_R2} to a kept one less "
                f"than {PRUNE_BASES:,} bases before it; of those an even choice of {MOST_SITES:,} "
                "at most."
            ),
            (
                "Genotypes are standardised, (copies − 2p) / √(2p(1 − p)), missing ones taken for "
                "the mean. Coordinates are eigenvectors of the samples' relationship, each times "
                "the root of its eigenvalue. The sign of a component means nothing."
            ),
        ],
    )
    st.caption("The sites that the components were made from:")
    draw.downloads(sites, "component-sites", "the sites that they were made from")
