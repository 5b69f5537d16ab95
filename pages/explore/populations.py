"""Populations: who they are, side by side, and two against each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.populations import POPULATIONS_BY_CODE
from medallion.figures import MEASURES, population_summary, samples_sunburst
from medallion.figures.diversity import DIVERSITY, group_diversity
from medallion.figures.marks import Level
from medallion.figures.sample_map import sample_map
from medallion.figures.site_spectrum import site_spectrum
from medallion.popgen.projection import neutral
from pages.shared import cache, draw, lead, panels, say, state, versus
from pages.shared.words import plural

VIEWS = ["Who they are", "Side by side", "Two against each other"]
COUNTS = ("singletons", "private_alleles", "ti_tv")
LEVELS: dict[str, Level] = {
    "Super-populations": "super_population",
    "Populations": "population",
    "All": "all",
}
LINES = 8  # more lines than this in one chart cannot be told apart
DRAWN = (10, 20, 40, 80, 160)  # alleles that spectra are brought down to
ALLELES: dict[str, Literal["unfolded", "folded"]] = {"Derived": "unfolded", "Rarer": "folded"}


def show_who(lake: Lake, version: str) -> None:
    """Draw who the samples are, and where they were taken."""
    path = str(lake.path)
    samples = cache.samples(path, lake.version("silver")).filter("in_vcf")
    if samples.is_empty():
        say.text_note(
            "No samples.",
            [
                "This lake's files have no genotypes, only sites.",
                "Open another lake in the sidebar, or make one of a VCF with samples.",
            ],
        )
        return
    tally = _tally(samples, cache.populations(path, version))
    left, right = st.columns([2, 3], gap="medium")
    with left:
        draw.figure(samples_sunburst(samples, theme=state.theme()), key="sunburst")
        st.caption("Click a ring's part to go into it, the middle to come back.")
    with right:
        _list(tally)
    codes = set(samples["population"].cast(pl.String).to_list())
    if codes & set(POPULATIONS_BY_CODE):
        draw.figure(sample_map(samples, theme=state.theme()), key="sample map", wide=True)
        st.caption(
            "Where samples were taken, not where people come from: the Gujarati were sampled in "
            "Houston. Discs that would hide each other are moved apart."
        )
    else:
        say.text_note(
            "No map of these populations.",
            [
                "Places are known of the 1000 Genomes Project's 26 populations only.",
                "The rings and the table show your own.",
            ],
        )
    lead.made(
        lake,
        ["silver.samples"],
        ["Samples that have genotypes in a VCF of this lake, as the sample table describes them."],
    )


def _list(tally: pl.DataFrame) -> None:
    unknown = draw.number("Sex unknown", "Not stated.", width=90)
    draw.table(
        tally,
        {
            "population": draw.text("Population", "Code of the population.", 76),
            "population_name": draw.text("Name", "Its name spelled out."),
            "super_population": draw.text("Super", "The super-population it is of.", 58),
            "samples": draw.number("Samples", "Samples in the VCF.", width=66),
            "female": draw.number("Female", "As the sample table states.", width=58),
            "male": draw.number("Male", "As the sample table states.", width=48),
            **({"unknown": unknown} if tally["unknown"].sum() else {}),
        },
        alt="Populations and their samples",
        height=530,
    )
    draw.downloads(tally, "populations-samples", "the table")


def _tally(samples: pl.DataFrame, groups: pl.DataFrame) -> pl.DataFrame:
    """Return a row a population with its samples by sex, in the order of gold."""
    sex = pl.col("sex").cast(pl.String).fill_null("unknown")
    counted = samples.group_by(pl.col("population").cast(pl.String)).agg(
        pl.len().alias("samples"),
        (sex == "female").sum().alias("female"),
        (sex == "male").sum().alias("male"),
        (~sex.is_in(["female", "male"])).sum().alias("unknown"),
    )
    places = {code: each.place for code, each in POPULATIONS_BY_CODE.items()}
    return (
        groups.filter(pl.col("level").cast(pl.String) == "population")
        .select(pl.col("population", "population_name", "super_population").cast(pl.String))
        .with_columns(
            pl.col("population").replace_strict(places, default=None).alias("place"),
            pl.col("population_name").fill_null(pl.col("population")),
        )
        .join(counted, on="population", maintain_order="left")
    )


def show_side_by_side(lake: Lake, version: str) -> None:
    """Draw one measure of every population, and the spectra of some groups."""
    groups = cache.populations(str(lake.path), version)
    if groups.is_empty():
        say.text_note(
            "No groups to compare.",
            [
                "This lake's files have no genotypes, only sites.",
                "Open another lake in the sidebar, or make one of a VCF with samples.",
            ],
        )
        return
    titles = {each.title: key for key, each in DIVERSITY.items()}
    titles |= {MEASURES[key].title: key for key in COUNTS}
    title = st.selectbox("Measure", list(titles), key="compare", bind="query-params")
    measure = titles[title or next(iter(titles))]
    parents, theme = state.parents(groups), state.theme()
    if measure in DIVERSITY:
        kind = DIVERSITY[measure]
        st.caption(f"{kind.meaning} {kind.source}")
        figure = group_diversity(groups, measure, parents=parents, theme=theme)
        columns = list(kind.columns)
    else:
        st.caption(MEASURES[measure].meaning)
        figure = population_summary(groups, measure, parents=parents, theme=theme)
        columns = [measure]
    draw.figure(figure, key="measure", wide=True)
    shown = groups.select("population", "level", "super_population", "samples", *columns)
    draw.downloads(shown, f"measure-{measure}", "the values of all groups")
    st.subheader("Site-frequency spectrum", anchor=False)
    show_spectra(lake, version, groups)
    lead.made(
        lake,
        ["gold.populations", "gold.spectrum"],
        [
            (
                "Spectra are brought down to the same number of alleles, drawn at random from each "
                "group, so that groups of different size compare: sum over i of sites(i) C(i, j) "
                "C(n − i, m − j) / C(n, m) (Marth et al. 2004, "
                "https://doi.org/10.1534/genetics.166.1.351)."
            ),
            (
                "Dashed: neutral sites in a population of constant size, in proportion to 1 / i "
                "(Fu 1995, https://doi.org/10.1006/tpbi.1995.1025)."
            ),
        ],
    )


def show_spectra(lake: Lake, version: str, groups: pl.DataFrame) -> None:
    """Draw the spectra of chosen groups."""
    path = str(lake.path)
    found = {level: cache.spectrum_sizes(path, version, level) for level in LEVELS.values()}
    kinds = {
        name: kind
        for name, kind in ALLELES.items()
        if any((frame["kind"] == kind).any() for frame in found.values())
    }
    offered = [name for name, level in LEVELS.items() if not found[level].is_empty()]
    if not offered or not kinds:
        say.text_note(
            "No spectrum.",
            ["No SNV with one ALT varies in any group. Add chromosomes to the lake."],
        )
        return
    row = st.container(horizontal=True, vertical_alignment="bottom")
    level_name = row.segmented_control(
        "Groups", offered, default=offered[0], required=True, key="level", bind="query-params"
    )
    allele = row.segmented_control(
        "Allele",
        list(kinds),
        default=next(iter(kinds)),
        required=True,
        key="allele_counted",
        bind="query-params",
        help="Derived: unfolded, at sites whose ancestral allele the source states (INFO AA). "
        "Rarer: folded, at all.",
    )
    measure = row.segmented_control(
        "Show sites as",
        ["Share", "Number"],
        default="Share",
        required=True,
        key="sites_as",
        bind="query-params",
        help="Their share of the sites that vary among the alleles drawn, or their number.",
    )
    level = LEVELS[level_name if level_name in offered else offered[0]]
    kind = kinds.get(allele or "") or next(iter(kinds.values()))
    sizes = dict(found[level].filter(pl.col("kind") == kind).select("population", "n").rows())
    codes = [
        code
        for code in groups.filter(pl.col("level").cast(pl.String) == level)["population"]
        if sizes.get(code, 0) > 1
    ]
    usual = [code for code in codes if sizes[code] > min(DRAWN)] or codes
    row = st.container(horizontal=True, vertical_alignment="bottom")
    chosen = row.multiselect(
        "Which",
        codes,
        default=_one_of_each(usual, state.parents(groups) if level == "population" else {}),
        max_selections=LINES,
        key=f"which_{level}",
        bind="query-params",
        help=f"At most {LINES} lines can be told apart.",
        wrap=True,
    )
    if not chosen:
        st.caption("Choose a group above.")
        return
    smallest = min(sizes[code] for code in chosen)
    steps = [m for m in DRAWN if m < smallest] or [smallest]
    wanted = row.selectbox(
        "Alleles drawn",
        steps,
        index=min(2, len(steps) - 1),
        key="drawn",
        bind="query-params",
        width=130,
        help=f"From each group as many, so that they compare. The smallest has {smallest:,}.",
    )
    m = wanted if wanted in steps else steps[-1]
    frame = cache.site_spectra(path, version, level, kind, tuple(chosen), m)
    draw.figure(
        site_spectrum(
            frame,
            m,
            kind=kind,
            level=level,
            measure="share" if measure == "Share" else "sites",
            neutral=neutral(m, folded=kind == "folded").tolist(),
            parents=state.parents(groups),
            theme=state.theme(),
        ),
        key="site spectrum",
    )
    st.caption(
        f"{plural(len(chosen), 'group')}. A curve above the dashed one at one copy: more rare "
        "alleles than at constant size."
    )
    draw.downloads(frame, f"site-spectrum-{level}-{kind}-{m}", "the spectra drawn")


def _one_of_each(codes: list[str], parents: Mapping[str, str | None]) -> list[str]:
    """Return the first population of each super-population, then the second, LINES at most."""
    turn: dict[str | None, int] = {}
    order = {}
    for code in codes:
        above = parents.get(code, code)
        turn[above] = order[code] = turn.get(above, -1) + 1
    few = sorted(codes, key=lambda code: order[code])[:LINES]
    return [code for code in codes if code in few]


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Populations", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Who the samples are, and how the groups differ.")
    version = panels.need(lake, "gold")
    view = draw.views(VIEWS, "populations_view")
    if view == "Side by side":
        show_side_by_side(lake, version)
    elif view == "Two against each other":
        versus.show(lake, version)
    else:
        show_who(lake, version)


main()
