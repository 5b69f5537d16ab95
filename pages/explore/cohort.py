"""Cohort: a group of one's own choosing, its frequencies beside the stored ones."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.populations import ALL
from medallion.cohorts import NAME_CHARS, Cohort, remove_cohort, save_cohort
from medallion.errors import MedallionError
from medallion.figures.scatter_pair import MOST_POINTS, bin_pairs, cells_of, frequency_scatter
from medallion.ondemand.region import View
from medallion.ondemand.terms import as_known, terms_of
from pages.shared import (
    cache,
    cohorts,
    counting,
    draw,
    long_text,
    made,
    panels,
    pick,
    place,
    say,
    state,
)
from pages.shared.words import plural

SHOWN = 1000
NAMED = 8
KEY = ["file", "record", "alt_index"]


def groups_of(lake: Lake, version: str) -> list[str]:
    """Return the stored groups, ALL first. `version` is gold's."""
    stored = cache.populations(str(lake.path), version)["population"].cast(pl.String)
    return sorted(stored.unique(maintain_order=True).to_list(), key=lambda code: code != ALL)


def codes(people: pl.DataFrame, column: str) -> list[str]:
    """Return the groups of one level that the samples are in."""
    return people[column].cast(pl.String).drop_nulls().unique().sort().to_list()


def open_saved(known: dict[str, Cohort]) -> None:
    """Draw the choice of a saved cohort; it is put into the boxes below."""

    def opened() -> None:
        cohort = known.get(str(st.session_state.pop("cohort_open", None)))
        if cohort is not None:
            st.session_state["cohort_name"] = cohort.name
            st.session_state["cohort_sex"] = cohort.sex
            st.session_state["cohort_super"] = list(cohort.super_populations)
            st.session_state["cohort_population"] = list(cohort.populations)
            st.session_state["cohort_samples"] = "\n".join(cohort.samples)

    if known:
        st.selectbox(
            "Open a saved cohort", list(known), index=None, key="cohort_open", on_change=opened,
            placeholder=f"{plural(len(known), 'cohort')} of this lake", width=400,
            help="Puts its conditions into the boxes below.",
        )  # fmt: skip


def keep(lake: Lake, cohort: Cohort, known: dict[str, Cohort], groups: list[str]) -> None:
    """Draw what saves and removes the cohort, and say where it is shown."""

    def save() -> None:
        try:
            save_cohort(lake.path, cohort)
        except MedallionError as error:
            st.session_state["cohort trouble"] = str(error)

    def remove() -> None:
        try:
            remove_cohort(lake.path, cohort.name)
        except MedallionError as error:
            st.session_state["cohort trouble"] = str(error)

    if cohort.name in groups:
        say.text_note(
            "A stored group has this name.",
            [
                cohort.name,
                "Give the cohort another one: until then it is not saved and on no other page.",
            ],
        )
        return
    as_it_is = known.get(cohort.name) == cohort
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Saved" if as_it_is else "Save over it" if cohort.name in known else "Save",
            icon=":material/check:" if as_it_is else ":material/save:",
            disabled=as_it_is, on_click=save, key="cohort save",
            help="Keeps the cohort with the lake, in its file cohorts.json, for other tabs, other "
            "days and links.",
        )  # fmt: skip
        if cohort.name in known:
            st.button(
                "Remove", icon=":material/delete:", on_click=remove, key="cohort remove",
                help="Forgets the saved cohort. Its samples stay in the boxes above.",
            )  # fmt: skip
        if as_it_is:
            where = ", in every tab."
        elif cohorts.in_a_link(cohort):
            where = ", marked (unsaved), in this tab and by their links; saved, in every tab."
        else:
            where = (
                ", marked (unsaved), until this tab is closed or loaded anew: its list of samples "
                "is too long for their links. Saved, in every tab."
            )
        st.caption("Gold, Variant, Region and Populations show it beside the stored groups" + where)
    if trouble := st.session_state.pop("cohort trouble", None):
        say.failure("The cohort was not saved.", str(trouble))


def invite(people: pl.DataFrame) -> None:
    """Say, where nothing is chosen, who there is to choose from and what comes next."""
    column = "super_population" if codes(people, "super_population") else "population"
    groups = codes(people, column)
    with st.container(border=True):
        st.markdown("**:material/group_add: Nobody is chosen yet.**")
        st.text(
            f"There are {plural(people.height, 'sample')} to choose from. Choose by sex, by group "
            "or by name above: the frequencies among those chosen are then drawn here beside a "
            "stored group's, and on the pages Gold, Variant, Region and Populations."
        )
        if groups:

            def begin() -> None:
                st.session_state[f"cohort_{column.removesuffix('_population')}"] = groups[:1]

            st.button(
                "Begin with the first group", icon=":material/lightbulb:", on_click=begin,
                help="Puts it into the boxes above, to be narrowed or changed there.",
            )  # fmt: skip


def define(people: pl.DataFrame) -> Cohort:
    """Draw the conditions and return the cohort; unknown names are said and left out.

    A list of unknown names alone is kept as it is: the cohort is then nobody, not everyone.
    """
    left, right = st.columns(2)
    name = left.text_input(
        "Name", value="my cohort", key="cohort_name", bind="query-params", max_chars=NAME_CHARS,
        help="What the cohort is called in charts and tables.",
    )  # fmt: skip
    sex = right.segmented_control(
        "Sex", codes(people, "sex"), key="cohort_sex", bind="query-params",
        help="As the sample table states. None chosen: any.",
    )  # fmt: skip
    left, right = st.columns(2)
    supers = left.multiselect(
        "Super-populations", codes(people, "super_population"), key="cohort_super",
        bind="query-params", placeholder="Any", help="In one of these.", wrap=True,
    )  # fmt: skip
    populations = right.multiselect(
        "Populations", codes(people, "population"), key="cohort_population",
        bind="query-params", placeholder="Any", help="In one of these.", wrap=True,
    )  # fmt: skip
    with st.expander("Only these samples", icon=":material/list:"):
        typed = long_text.area(
            "Names of samples", "cohort_samples", height=90,
            placeholder="HG00096, HG00097, or one on a line",
            meaning="Empty: any. In any case; names with blanks or commas are known as such. A "
            "list of some hundred names is too long for this page's link. Saved, the cohort is "
            "on other pages by its name alone.",
        )  # fmt: skip
    samples = people["sample"].cast(pl.String).to_list()
    names = terms_of(typed, samples)
    known = as_known(names, samples)
    unknown = [each for each in names if each not in known]
    if unknown:
        more = f" and {len(unknown) - 20:,} more" if len(unknown) > 20 else ""
        say.text_note(
            f"{plural(len(unknown), 'name')} of the list {'is' if len(unknown) == 1 else 'are'} "
            "not in this lake, and left out.",
            [
                ", ".join(unknown[:20]) + more,
                (
                    "Names are those of the VCF's header: the Sample page and the table "
                    "silver.samples list them."
                ),
            ],
        )
    return Cohort(
        name=(name or "").strip() or "my cohort",
        populations=tuple(populations),
        super_populations=tuple(supers),
        sex=sex,
        samples=tuple(dict.fromkeys(known.values())) or tuple(names),
    )


def members_of(cohort: Cohort, people: pl.DataFrame) -> pl.DataFrame:
    """Return the samples that fulfil all conditions."""
    for column, wanted in (
        ("population", cohort.populations),
        ("super_population", cohort.super_populations),
        ("sex", (cohort.sex,) if cohort.sex else ()),
        ("sample", cohort.samples),
    ):
        if wanted:
            people = people.filter(pl.col(column).cast(pl.String).is_in(list(wanted)))
    return people


def show_members(members: pl.DataFrame) -> None:
    """Say who is in the cohort."""
    counts = (
        members.group_by(pl.col("super_population", "population").cast(pl.String))
        .agg(
            pl.len().alias("samples"),
            (pl.col("sex").cast(pl.String) == "female").sum().alias("female"),
            (pl.col("sex").cast(pl.String) == "male").sum().alias("male"),
        )
        .sort("super_population", "population")
    )
    with st.expander(f"Who is in it: {plural(members.height, 'sample')}", icon=":material/groups:"):
        draw.table(
            counts,
            {
                "super_population": draw.text("Super-population", "Where the population belongs."),
                "population": draw.text("Population", "Code of the population."),
                "samples": draw.number("Samples", "Of the cohort."),
                "female": draw.number("Female", "Of the cohort."),
                "male": draw.number("Male", "Of the cohort."),
            },
            alt="Samples of the cohort by population",
        )
        draw.downloads(
            members.select("sample", "population", "super_population", "sex"),
            "cohort-samples",
            "the samples of the cohort",
        )


def beside(own: pl.DataFrame, stored: pl.DataFrame) -> pl.DataFrame:
    """Return a cohort's alleles with its counts (_1) and those held against it (_2)."""
    return (
        own.rename({"ac": "ac_1", "an": "an_1", "af": "af_1"})
        .join(
            stored.select(*KEY, ac_2="ac", an_2="an", af_2="af"),
            on=KEY,
            how="left",
            maintain_order="left",
        )
        .with_columns(difference=pl.col("af_1") - pl.col("af_2"))
    )


def compared(lake: Lake, cohort: Cohort, view: View, group: str | Cohort) -> pl.DataFrame | None:
    """Return the alleles of a view in the cohort and in a stored group or another cohort.

    None where a wide view has not been counted; what it takes is drawn then.
    """
    own = counting.in_view(lake, view, cohort)
    stored = None if own is None else counting.in_view(lake, view, group)
    return None if own is None or stored is None else beside(own, stored)


def show_frequencies(lake: Lake, version: str, cohort: Cohort, name: str) -> None:
    """Draw and list the cohort's frequencies over a region beside a stored group's.

    `name` is the one under which the cohort is shown.
    """
    known = place.contigs(lake, lake.version("silver"))
    if not known:
        say.text_note("This lake has no variant.", ["See the Silver page for what was found."])
        return
    first = next(iter(known.values()))
    view = place.choose(known, place.middle(first, 100_000))
    if view is None:
        return
    others = {
        f"★ {saved}": other for saved, other in cohorts.saved(lake).items() if other != cohort
    }
    names = [*groups_of(lake, version), *others]
    group = (
        st.selectbox(
            "Beside", names, key="cohort_beside", bind="query-params",
            help="The stored group, or the saved cohort (★), that the cohort is held against. ALL "
            "is everyone.",
        )
        or names[0]
    )  # fmt: skip
    try:
        frame = compared(lake, cohort, view, others.get(group, group))
    except MedallionError as error:
        say.failure("The cohort cannot be counted.", str(error), "Change it above.")
        return
    if frame is None:
        return
    varying = frame.filter(
        ((pl.col("ac_1") > 0) & (pl.col("ac_1") < pl.col("an_1")))
        | ((pl.col("ac_2") > 0) & (pl.col("ac_2") < pl.col("an_2")))
    ).drop_nulls(["af_1", "af_2"])
    if varying.is_empty():
        say.text_note(
            "No allele varies here.",
            [f"{plural(frame.height, 'allele')} of {place.label(view)}. Choose another region."],
        )
        return
    ranked = varying.sort(pl.col("difference").abs(), descending=True, maintain_order=True)
    drawn, cells = varying, (50, 50)
    if varying.height > MOST_POINTS:
        cells = (
            cells_of(int(varying["an_1"].max() or 1)),
            cells_of(int(varying["an_2"].max() or 1)),
        )
        drawn = bin_pairs(varying, cells)
    draw.figure(
        frequency_scatter(
            drawn, ranked.head(NAMED), (name, group), cells=cells, theme=state.theme()
        ),
        key="cohort frequencies",
    )
    show_table(frame, ranked, name, group, place.label(view))


def show_table(
    frame: pl.DataFrame, ranked: pl.DataFrame, name: str, group: str, region: str
) -> None:
    """List the alleles, most different first; a tick opens one, the download has all."""
    st.caption(
        f"{plural(ranked.height, 'allele')} that vary in one of the two, of {frame.height:,} "
        f"here; most different first{'' if ranked.height <= SHOWN else f', {SHOWN:,} shown'}. "
        "Tick a row to open the variant."
    )
    pick.row_picker(
        ranked.head(SHOWN),
        pick.variant_columns()
        | {
            "af_1": draw.number("In the cohort", "AC / AN in the cohort.", "%.5f"),
            "ac_1": draw.number("AC", "Copies of the ALT allele in the cohort."),
            "an_1": draw.number("AN", "Called alleles of the cohort."),
            "af_2": draw.number("In the group", "AC / AN in the group it is held against.", "%.5f"),
            "difference": draw.number(
                "Difference, cohort − group", "Frequency in the cohort less the group's.", "%+.5f"
            ),
            "hwe_p": draw.probability("HWE p", "Exact test in the cohort (Wigginton 2005)."),
        },
        key="cohort alleles",
        alt="Alleles by their frequency in the cohort and in the group",
        height=460,
        opens=True,
    )
    draw.made_downloads(
        lambda: frame,
        f"cohort-{name}-{region}-{group}",
        f"{plural(frame.height, 'row')}: _1 is the cohort, _2 the group.",
        "All alleles",
    )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Cohort", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown(
        "A group of your own: choose samples, see their frequencies beside the stored ones."
    )
    version = panels.need(lake, "gold")
    people = cache.samples(str(lake.path), lake.version("silver")).filter("in_vcf")
    if people.is_empty():
        say.text_note(
            "No sample has genotypes in this lake.",
            ["The VCF lists sites only. Add one with samples to choose from them."],
        )
        return
    known = cohorts.saved(lake)
    open_saved(known)
    cohort = define(people)
    members = members_of(cohort, people)
    if members.is_empty():
        cohorts.remember(lake, None)
        say.text_note(
            "Nobody fulfils all conditions, so the cohort is empty.",
            ["A sample must fulfil each of them: change the list of samples, or leave one out."],
        )
        return
    groups = groups_of(lake, version)
    # Elsewhere it would be taken for the stored group of its name.
    cohorts.remember(lake, None if cohort.everyone or cohort.name in groups else cohort)
    if cohort.everyone:  # against ALL each allele would lie on the diagonal
        invite(people)
        made.told(lake, "cohort")
        return
    keep(lake, cohort, known, groups)
    show_members(members)
    show_frequencies(lake, version, cohort, cohorts.marked(cohort, known))
    made.told(lake, "cohort")


main()
