"""Gold: allele frequencies by population, their spectrum, and the populations compared."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.figures import (
    BINS,
    MEASURES,
    frequency_by_population,
    frequency_spectrum,
    population_summary,
)
from pages.shared import cache, cohorts, draw, made, panels, pick, say, state
from pages.shared.words import allele_label, plural

VIEWS = ["Variant", "Spectrum", "Populations", "Tables"]
ROWS = 1000
EXAMPLES = 200
LINES = 8  # more lines than this in one spectrum cannot be told apart
LEVELS = {"super_population": "Super-populations", "population": "Populations", "all": "All"}


def show_variant(lake: Lake, version: str) -> None:
    """Show one allele's frequency in every group."""
    path = str(lake.path)
    row = pick.choose_variant(lake)
    examples = cache.most_different(path, version, EXAMPLES)
    if row is not None:
        allele = cache.allele_of(row)
    elif not st.session_state.get("variant") and not examples.is_empty():
        top = examples.row(0, named=True)
        allele = cache.allele_of(top)
        name = allele_label(top["chrom"], top["pos"], top["ref"], top["alt"])
        st.text(f"Shown until you name one: {name}, which differs most between groups.")
    else:
        allele = None
    if allele is not None:
        frame = cache.frequencies(path, version, allele)
        if frame.is_empty():
            say.text_note(
                "Gold has no frequencies of this allele.",
                ["Silver was built after gold: build gold again on the Overview page."],
            )
        else:
            chart_of_variant(lake, version, frame)
    st.subheader("Alleles that differ most between groups", anchor=False)
    if examples.is_empty():
        st.caption("No allele is called in two groups or more.")
        return
    st.caption(f"{plural(examples.height, 'allele')}, most different first. Tick a row to see it.")
    pick.row_picker(
        examples,
        pick.variant_columns()
        | {
            "difference": draw.number(
                "Difference", "The highest less the lowest frequency of the groups.", "%.4f"
            ),
            "highest": draw.text("Highest in", "The group with the highest frequency."),
            "highest_af": draw.number("Frequency there", "AC / AN of that group.", "%.4f"),
            "lowest": draw.text("Lowest in", "The group with the lowest frequency."),
            "lowest_af": draw.number("Frequency there ", "AC / AN of that group.", "%.4f"),
        },
        key="examples",
        alt="Alleles whose frequency differs most between groups",
    )


def chart_of_variant(lake: Lake, version: str, frame: pl.DataFrame) -> None:
    """Draw one allele's frequencies, their table and downloads."""
    frame = cohorts.beside(lake, frame)
    groups = cache.populations(str(lake.path), version)
    draw.figure(
        frequency_by_population(frame, parents=state.parents(groups), theme=state.theme()),
        key="frequencies",
        wide=True,
    )
    top = frame.row(0, named=True)
    name = allele_label(top["chrom"], top["pos"], top["ref"], top["alt"])
    with st.expander("The numbers behind the chart", icon=":material/table:"):
        draw.table(
            frame,
            {
                "population": draw.text(
                    "Group", "Code of the population, super-population, or ALL; or your cohort."
                ),
                "level": draw.text("Level", "What kind of group it is."),
                "af": draw.number("Frequency", "AC / AN.", "%.5f"),
                "ac": draw.number("AC", "Copies of the ALT allele in the group."),
                "an": draw.number(
                    "AN",
                    "Called alleles of the group: two for each called sample, one where it "
                    "is haploid.",
                ),
                **pick.genotype_columns(),
                "hwe_p": draw.probability(
                    "HWE p",
                    "Exact test of Hardy-Weinberg proportions (Wigginton et al. 2005): "
                    "small where genotypes are not as random mating would make them.",
                ),
            },
            alt="Frequencies of the variant in each group",
            height=600,
        )
    draw.downloads(frame, f"frequencies-{name}", "the frequencies shown")


def show_spectrum(lake: Lake, version: str) -> None:
    """Show how many alleles are rare and how many common, group by group."""
    path = str(lake.path)
    groups = cache.populations(path, version)
    codes = {
        level: groups.filter(pl.col("level").cast(pl.String) == level)["population"]
        .cast(pl.String)
        .to_list()
        for level in LEVELS
    }
    offered = [level for level in LEVELS if codes[level]]
    if not offered:
        st.caption("Gold holds no group.")
        return
    left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
    names = [LEVELS[level] for level in offered]
    chosen = left.segmented_control(
        "Groups", names, default=names[0], required=True, key="level", bind="query-params"
    )
    level = offered[names.index(chosen)] if chosen in names else offered[0]
    measure = middle.segmented_control(
        "Count",
        ["Alleles", "Share"],
        default="Alleles",
        required=True,
        key="count",
        bind="query-params",
        help="The number of alleles, or their share of all that the group carries: groups of "
        "different size compare better by share.",
    )
    log = right.toggle(
        "Logarithmic",
        value=True,
        key="log",
        bind="query-params",
        help="Rare alleles outnumber common ones so far that a linear axis hides the common.",
    )
    frame = cache.spectrum(path, version, level)
    if len(codes[level]) > LINES:
        kept = st.multiselect(
            "Which",
            codes[level],
            default=codes[level][:LINES],
            max_selections=LINES,
            key="which",
            bind="query-params",
            help=f"At most {LINES} lines can be told apart.",
            wrap=True,
        )
        frame = frame.filter(pl.col("population").is_in(kept))
    if frame.is_empty():
        say.text_note("No allele to count.", ["Choose other groups above."])
        return
    draw.figure(
        frequency_spectrum(
            frame,
            measure="share" if measure == "Share" else "alleles",
            log=log,
            theme=state.theme(),
        ),
        key="spectrum",
    )
    st.caption(
        "An allele that a group does not carry is not counted there. One copy is a higher "
        "frequency in a smaller group, so single copies stand apart."
    )
    bins = dict(enumerate(BINS))
    draw.downloads(
        frame.with_columns(pl.col("bin").replace_strict(bins).alias("frequency")),
        "spectrum",
        "the numbers behind the chart",
    )


def show_populations(lake: Lake, version: str) -> None:
    """Compare the populations by one measure, and list them all."""
    frame = cache.populations(str(lake.path), version)
    titles = {each.title: key for key, each in MEASURES.items() if key in frame.columns}
    title = st.selectbox("Measure", list(titles), key="measure", bind="query-params")
    measure = titles[title or next(iter(titles))]
    kind = MEASURES[measure]
    st.caption(kind.meaning)
    draw.figure(
        population_summary(frame, measure, parents=state.parents(frame), theme=state.theme()),
        key="populations",
        wide=True,
    )
    numbers = {
        key: draw.number(each.title, each.meaning, "localized" if each.adds_up else "%.4f")
        for key, each in MEASURES.items()
        if key != "samples"
    }
    draw.table(
        frame,
        {
            "population": draw.text(
                "Group", "Code of the population, super-population, or ALL.", "small"
            ),
            "level": draw.text("Level", "What kind of group it is."),
            "population_name": draw.text("Name", "The population's name spelled out.", "medium"),
            "super_population": draw.text("Super-population", "Where the population belongs."),
            "samples": draw.number("Samples", MEASURES["samples"].meaning),
            **numbers,
            "transitions": draw.number("Transitions", "Polymorphic SNVs A↔G or C↔T."),
            "transversions": draw.number("Transversions", "All other polymorphic SNVs."),
        },
        alt="Summary of the populations",
        height=600,
    )
    draw.downloads(frame, "populations", "the summary")


def show_tables(lake: Lake, version: str) -> None:
    """Show the first rows of any table of gold, and what its columns mean."""
    tables = {t.name: t for t in lake.tables() if t.layer == "gold"}
    name = st.selectbox("Table", list(tables), key="table", bind="query-params")
    table = tables[name or next(iter(tables))]
    total = lake.status()["gold"].rows[table.short]
    st.text(f"One row per {table.row}. {plural(total, 'row')} in all.")
    if table.source:
        st.text(f"Formulas: {table.source}")
    frame = cache.first_rows(str(lake.path), version, table.name, ROWS)
    if total > ROWS:
        st.caption(f"The first {ROWS:,} rows. For all of them: medallion export {table.name}.")
    numeric = {"int8", "int16", "int32", "int64", "float64"}
    draw.table(
        frame,
        {
            c.name: draw.number(c.name, c.meaning, "%.6g" if c.type == "float64" else "localized")
            if c.type in numeric
            else draw.text(c.name, c.meaning)
            for c in table.columns
        },
        alt=f"Rows of {table.name}",
    )
    draw.downloads(frame, table.name, "the rows shown")
    with st.expander("What the columns mean", icon=":material/menu_book:"):
        meanings = pl.DataFrame(
            [(c.name, c.type, c.unit, c.meaning) for c in table.columns],
            schema=["column", "type", "unit", "meaning"],
            orient="row",
        )
        draw.table(
            meanings,
            {
                "column": draw.text("Column", "Name of the column."),
                "type": draw.text("Type", "Type of its values."),
                "unit": draw.text("Unit", "Unit of its values, where they have one."),
                "meaning": draw.text("Meaning", "What a value says.", "large"),
            },
            alt=f"Columns of {table.name}",
        )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Gold", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("What the genotypes say: how frequent each allele is, and where.")
    version = panels.need(lake, "gold")
    view = draw.views(VIEWS, "gold")
    if view == "Variant":
        show_variant(lake, version)
    elif view == "Spectrum":
        show_spectrum(lake, version)
    elif view == "Populations":
        show_populations(lake, version)
    else:
        show_tables(lake, version)
    made.told(lake, "gold", view)


main()
