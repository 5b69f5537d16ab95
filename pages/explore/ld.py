"""Linkage: all pairs of a region, haplotypes of a few variants, decay with distance."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.populations import ALL
from medallion.errors import MedallionError
from medallion.figures.linkage import haplotype_bars, ld_decay_lines, ld_heat
from medallion.ondemand import MOST_IN_HAPLOTYPES, Measure
from medallion.ondemand.region import View
from medallion.ondemand.search import terms_of
from pages.shared import cache, draw, find, panels, place, say, state
from pages.shared.words import allele_label, plural

VIEWS = ["Region", "Haplotypes", "Decay"]
MOST = 300  # a larger matrix cannot be read, and weighs more than a page should
PAIRS = 500
MEASURES = {"r²": "r2", "|D′|": "d_prime"}


def groups_of(lake: Lake, version: str) -> list[str]:
    """Return the codes of the groups that have genotypes, everyone first."""
    frame = cache.populations(str(lake.path), version)
    codes = frame["population"].cast(pl.String).unique(maintain_order=True).to_list()
    return sorted(codes, key=lambda code: code != ALL)


def show_region(lake: Lake, version: str) -> None:
    """Show r² or |D'| of all pairs of the common alleles of a region."""
    path, silver = str(lake.path), lake.version("silver")
    known = place.contigs(lake, silver)
    if not known:
        say.text_note("This lake has no variant.", ["See the Silver page for what was found."])
        return
    first = next(iter(known.values()))
    start = (first["first"] + first["last"]) // 2
    default = View(first["chrom"], start, min(first["last"], start + 50_000))
    view = place.choose(known, default)
    if view is None:
        return
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    codes = groups_of(lake, version)
    group = left.selectbox(
        "Group", codes, key="ld_group", bind="query-params",
        help="Whose haplotypes are counted. Over ALL, differences between populations make "
        "linkage too.",
    ) or codes[0]  # fmt: skip
    minimum = middle.number_input(
        "Minor allele frequency from", value=0.05, min_value=0.0, max_value=0.5, step=0.01,
        key="ld_af", bind="query-params",
        help="In the group. Linkage of rare alleles says little: they have few copies to tell by.",
    )  # fmt: skip
    title = right.segmented_control(
        "Measure", list(MEASURES), default="r²", required=True, key="ld_measure",
        bind="query-params",
        help="r²: squared correlation of the two ALT alleles (Hill & Robertson 1968). D′: "
        "their covariance over the largest that their frequencies allow (Lewontin 1964).",
    )  # fmt: skip
    measure: Measure = "d_prime" if MEASURES.get(title or "") == "d_prime" else "r2"
    frame, total = cache.common_alleles(path, version, view, group, minimum, MOST)
    if frame.height < 2:
        say.text_note(
            "There are no two alleles to compare.",
            [
                (
                    f"{plural(total, 'allele')} of {place.label(view)} reach a minor allele "
                    f"frequency of {minimum:g} in {group}."
                ),
                "Widen the region or lower the frequency.",
            ],
        )
        return
    if total > MOST:
        say.text_note(
            f"{total:,} alleles are too many for one picture: the {MOST:,} commonest are shown.",
            ["Narrow the region, or raise the frequency, to see all of those that are left."],
        )
    names = tuple(allele_label(*row) for row in frame.select("chrom", "pos", "ref", "alt").rows())
    try:
        matrix = cache.ld_matrix(path, silver, names, group, measure)
    except MedallionError as error:
        say.failure("Linkage cannot be shown.", str(error), "Choose r², or another region.")
        return
    draw.figure(ld_heat(matrix, measure=measure, group=group, theme=state.theme()), key="ld matrix")
    st.caption(f"{plural(frame.height, 'allele')}. Empty cells: one of the two does not vary.")
    show_pairs(matrix, str(title), f"ld-{place.label(view)}-{group}")


def show_pairs(matrix: pl.DataFrame, title: str, name: str) -> None:
    """List the pairs with the strongest linkage; a tick leads to their pages."""
    pairs = (
        matrix.with_row_index("i")
        .unpivot(index=["i", "variant"], variable_name="other", value_name="value")
        .join(matrix.select(other="variant").with_row_index("j"), on="other")
        .filter(pl.col("j") > pl.col("i"), pl.col("value").is_not_null())
        .sort(pl.col("value").abs(), "i", "j", descending=[True, False, False])
        .select("variant", "other", "value")
    )
    st.subheader("Pairs, strongest first", anchor=False)
    shown = pairs.head(PAIRS)
    if pairs.height > PAIRS:
        st.caption(
            f"The first {PAIRS:,} of {plural(pairs.height, 'pair')}; the downloads hold all."
        )
    columns = {
        "variant": draw.text("One", "An ALT allele."),
        "other": draw.text("The other", "Another one, behind it in the file."),
        "value": draw.number(title, "Of the two, in the group.", "%.4f"),
    }
    ticked = st.dataframe(
        shown,
        hide_index=True,
        column_config=columns,
        height=min(360, 35 * (shown.height + 1) + 3),
        lazy=False,
        key="ld pairs",
        on_select="rerun",
        selection_mode="single-row",
        alt="Pairs of alleles by falling linkage",
    )
    rows = ticked["selection"]["rows"]
    if rows and rows[0] < shown.height:
        with st.container(horizontal=True):
            for each in shown.row(rows[0])[:2]:
                label = each.replace("<", "\\<").replace("*", "\\*").replace("_", "\\_")
                find.link(
                    label, ":material/genetics:", "pages/explore/variant.py", {"variant": each}
                )
    draw.downloads(pairs, name, "all pairs")


def show_haplotypes(lake: Lake) -> None:
    """Count the haplotypes of chosen variants in chosen groups."""
    typed = (
        st.text_area(
            "Variants",
            key="ld_variants",
            bind="query-params",
            height=90,
            placeholder="22-16050075-A-G, 22:16050115, rs587697622",
            help=f"2 to {MOST_IN_HAPLOTYPES} of one chromosome, parted by commas, spaces or lines. "
            "A name means the whole record, with all its alleles.",
        )
        or ""
    )
    names = terms_of(typed)
    if not names:
        example = place.contigs(lake, lake.version("silver"))
        st.caption(
            "Name the variants whose alleles you want to see together. The Variant page lists "
            "what is in linkage with one."
            if example
            else "This lake has no variant."
        )
        return
    try:
        frame = cache.haplotypes(str(lake.path), lake.version("silver"), tuple(names))
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
    draw.figure(haplotype_bars(frame, chosen, theme=state.theme()), key="haplotypes")
    st.caption(
        "Alleles in the order of the file, joined by _. A copy with a missing call is left out."
    )
    shown = frame.filter(pl.col("population").is_in(chosen)).drop("alleles")
    draw.table(
        shown,
        {
            "haplotype": draw.text("Haplotype", "The alleles of one copy of the chromosome."),
            "population": draw.text("Group", "Code of the group.", "small"),
            "count": draw.number("Copies", "Copies of the chromosome that carry it."),
            "n": draw.number("Of", "Copies of the group called at all of the variants."),
            "frequency": draw.number("Share", "Copies / of.", "%.5f"),
            "n_missing": draw.number("Left out", "Copies that are not called at all of them."),
        },
        alt="Haplotypes by group",
    )
    draw.downloads(shown, "haplotypes", "the haplotypes of the groups chosen")


def show_decay(lake: Lake, version: str) -> None:
    """Show how linkage falls with distance."""
    frame = cache.ld_decay(str(lake.path), version)
    if frame["r2"].drop_nulls().is_empty():
        say.text_note(
            "There are no pairs to measure.",
            ["It takes common autosomal SNVs of super-populations: this lake has too few."],
        )
        return
    draw.figure(ld_decay_lines(frame, theme=state.theme()), key="decay")
    st.caption(
        "Mean r² of pairs of common, thinned SNVs of the autosomes (gold.ld_decay). Linkage "
        "reaches further where fewer ancestors left the copies of today: outside Africa it "
        "commonly does."
    )
    draw.downloads(frame, "ld-decay", "the numbers behind the chart")


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Linkage", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Which alleles travel together, and how far.")
    version = panels.need(lake, "gold")
    view = st.segmented_control(
        "Show",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="ld",
        bind="query-params",
        label_visibility="collapsed",
    )
    if view == "Haplotypes":
        show_haplotypes(lake)
    elif view == "Decay":
        show_decay(lake, version)
    else:
        show_region(lake, version)


main()
