"""Linkage of all pairs of alleles, of a region or of a list: controls, triangle, its pairs."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from medallion import Lake
from medallion.catalog.populations import ALL
from medallion.errors import MedallionError
from medallion.figures.ld_matrix import ld_triangle, measure_title
from medallion.ondemand import MOST_IN_MATRIX, Measure
from pages.shared import cache, chosen, draw, find, geography, lead, pick, place, say, state
from pages.shared.words import allele_label, escaped, plural

__all__ = ["show", "show_chosen"]

_MOST = 300  # a larger matrix cannot be read, and weighs more than a page should
_PAIRS = 500
_EXAMPLES = 12
_MEASURES: dict[str, Measure] = {"r²": "r2", "|D′|": "d_prime"}
_PICKED = "ld_pair"
_CHART, _TABLE = "ld matrix", "ld pairs"
_VARIANT = "pages/explore/variant.py"


def _groups_of(lake: Lake, version: str) -> list[str]:
    """Return the codes of the groups that have genotypes, everyone first."""
    frame = cache.populations(str(lake.path), version)
    codes = frame["population"].cast(pl.String).unique(maintain_order=True).to_list()
    return sorted(codes, key=lambda code: code != ALL)


def show(lake: Lake, version: str) -> None:
    """Show r² or |D'| of all pairs of the common alleles of a region."""
    path, silver = str(lake.path), lake.version("silver")
    known = place.contigs(lake, silver)
    if not known:
        say.text_note("This lake has no variant.", ["See the Silver page for what was found."])
        return
    first = next(iter(known.values()))
    view = place.choose(known, place.middle(first, 50_000))
    if view is None:
        return
    left, middle, right = st.columns(3)
    group = _choose_group(left, lake, version)
    minimum = float(
        middle.number_input(
            "Minor allele frequency from", value=0.05, min_value=0.0, max_value=0.5, step=0.01,
            key="ld_af", bind="query-params",
            help="Of the rarer of the allele and all else, in the group. Linkage of rare alleles "
            "says little: they have few copies to tell by.",
        )
        or 0.0
    )  # fmt: skip
    measure = _choose_measure(right)
    common = cache.common_alleles(path, version, view, group, minimum, _MOST, None)
    file = None
    if len(common.files) > 1:
        file = st.selectbox(
            "File", common.files, key="ld_file", bind="query-params",
            help="Several files have alleles here; phase is known within one alone.",
        )  # fmt: skip
        common = cache.common_alleles(path, version, view, group, minimum, _MOST, file)
    alleles = common.alleles
    where = f"{place.label(view)} in {group}"
    if alleles.height < 2:
        say.text_note(
            "There are no two alleles to compare.",
            [
                (f"{plural(common.total, 'allele')} of {where}: minor allele frequency of "
                f"{minimum:g} or more."),
                "Widen the region, lower the frequency, or choose another group.",
            ],
        )  # fmt: skip
        st.button(
            f"The {_MOST} commonest of the whole chromosome",
            icon=":material/width_full:",
            on_click=place.show_view,
            args=(place.whole(known[view.chrom]),),
        )
        return
    if common.total > _MOST:
        say.text_note(
            f"{common.total:,} alleles are too many for one picture: the {_MOST} commonest "
            "are shown.",
            ["Narrow the region, or raise the frequency, to see all of what is left."],
        )
    _show(
        lake, version, alleles, group, measure, f"ld-{place.label(view)}-{group}",
        lambda: cache.ld_pairs(
            path, (silver, version), view, group, minimum, _MOST, file, measure
        ),
    )  # fmt: skip


def show_chosen(lake: Lake, version: str) -> None:
    """Show r² or |D'| of all pairs of the alleles that the reader names."""
    path, versions = str(lake.path), (lake.version("silver"), version)
    asked = chosen.ask(lake, _EXAMPLES)
    if asked is None:
        return
    typed, found = asked
    left, right = st.columns(2)
    group = _choose_group(left, lake, version)
    measure = _choose_measure(right)
    contig = None
    listed = cache.listed_alleles(path, versions, typed, group, contig)
    if len(listed.contigs) > 1:
        places = {f"{chrom} of {file}": (chrom, file) for chrom, file in listed.contigs}
        named = st.selectbox(
            "Chromosome and file", list(places), key="ld_contig", bind="query-params",
            help="Linkage is known within one alone. The one with most of your names comes first.",
        )  # fmt: skip
        contig = places.get(named or "")
        listed = cache.listed_alleles(path, versions, typed, group, contig)
    chosen.choose_alleles(found, listed)
    alleles = listed.alleles
    if alleles.height < 2:
        say.text_note(
            "There are no two alleles to compare.",
            [f"Of the names above, {alleles.height} can be used. Name more of one chromosome."],
        )
        return
    if alleles.height > MOST_IN_MATRIX:
        say.text_note(
            f"{alleles.height:,} alleles are too many: up to {MOST_IN_MATRIX} are compared.",
            ["Shorten the list above, or name those of a region on the view Region."],
        )
        return
    _show(
        lake, version, alleles, group, measure, f"ld-my-variants-{group}",
        lambda: cache.listed_pairs(path, versions, typed, group, contig, measure),
    )  # fmt: skip


def _choose_group(column: DeltaGenerator, lake: Lake, version: str) -> str:
    codes = _groups_of(lake, version)
    group = column.selectbox(
        "Group", codes, key="ld_group", bind="query-params",
        help="Whose haplotypes are counted. Over ALL, differences between populations make "
        "linkage too.",
    )  # fmt: skip
    return group or codes[0]


def _choose_measure(column: DeltaGenerator) -> Measure:
    title = column.segmented_control(
        "Measure", list(_MEASURES), default="r²", required=True, key="ld_measure",
        bind="query-params",
        help="r²: squared correlation of the two ALT alleles, D² / (p(1−p) q(1−q)) (Hill & "
        "Robertson 1968). D′: D over the most that the two frequencies allow (Lewontin 1964); "
        "D is the frequency of both together less p q.",
    )  # fmt: skip
    return _MEASURES.get(title or "r²", "r2")


def _show(
    lake: Lake,
    version: str,
    alleles: pl.DataFrame,
    group: str,
    measure: Measure,
    stem: str,
    measured: Callable[[], pl.DataFrame],
) -> None:
    """Draw the pairs that `measured` returns of alleles, and list them; `stem` names the files."""
    try:
        pairs = measured()
    except MedallionError as error:
        say.failure(
            "Linkage cannot be shown.", str(error), "Choose r², another group or other variants."
        )
        return
    if pairs.is_empty():
        say.text_note(
            f"No two of these alleles vary in {escaped(group)}.", ["Choose another group."]
        )
        return
    names = [allele_label(*row) for row in alleles.select("chrom", "pos", "ref", "alt").rows()]
    keys = [pick.key(row) for row in alleles.iter_rows(named=True)]
    picked = _picked_pair(keys)
    draw.figure(
        ld_triangle(
            alleles, pairs, measure=measure, group=group, picked=picked, theme=state.theme()
        ),
        key=_CHART,
        on_select=_take(keys, pairs, _CHART),
    )
    st.caption(
        f"{plural(alleles.height, 'allele')}, each a column and a row. An empty cell: one of the "
        "two does not vary, or is never called where the other is. Click a cell to name its pair."
    )
    if mixed := geography.admixed(cache.populations(str(lake.path), version), group):
        st.caption(mixed)
    if picked is not None:
        _show_picked(lake, alleles, pairs, names, picked, measure)
    _show_pairs(alleles, pairs, names, measure, group, _take(keys, pairs, _TABLE), stem)
    _made(lake, measure)


def _take(keys: list[str], pairs: pl.DataFrame, key: str) -> Callable[[], None]:
    """Return what a click on a cell, or a tick in the table, does: it puts a pair in the URL.

    `keys` tell each allele from all others, as `pick.key` does.
    """

    def act() -> None:
        selection = st.session_state[key]["selection"]
        if key == _TABLE:
            chosen = selection["rows"]
        else:
            chosen = [p.get("point_index") for p in selection["points"] if p.get("curve_number")]
        if chosen and isinstance(chosen[0], int) and 0 <= chosen[0] < pairs.height:
            one, other, _ = pairs.row(chosen[0])
            st.query_params[_PICKED] = [keys[one], keys[other]]

    return act


def _picked_pair(keys: list[str]) -> tuple[int, int] | None:
    """Return the rows of the pair that the URL names, if both are shown."""
    asked = st.query_params.get_all(_PICKED)
    if len(asked) == 1:  # as links had it once
        asked = asked[0].split(" ")
    if len(asked) != 2 or any(each not in keys for each in asked):
        return None
    one, other = sorted(keys.index(each) for each in asked)
    return (one, other) if one != other else None


def _show_picked(
    lake: Lake,
    alleles: pl.DataFrame,
    pairs: pl.DataFrame,
    names: list[str],
    picked: tuple[int, int],
    measure: Measure,
) -> None:
    """Say which pair is picked, with the way to the page of each."""
    one, other = (alleles.row(i, named=True) for i in picked)
    found = pairs.filter(one=picked[0], other=picked[1])["value"]
    word = "r²" if measure == "r2" else "D′"
    value = "not known" if found.is_empty() else f"{found[0]:.4f}"
    with st.container(border=True):
        st.text(
            f"{word} {value}, {abs(other['pos'] - one['pos']):,} bases apart. Frequencies: "
            f"{_frequency(one['af'])} and {_frequency(other['af'])}."
        )
        for index, row in zip(picked, (one, other), strict=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                known = f" · {row['id']}" if row["id"] else ""
                st.text(f"{names[index][:80]}{known}", width="content")
                find.link(
                    "Open" if index == picked[0] else "Open the other",
                    ":material/genetics:",
                    _VARIANT,
                    pick.query(lake, row),
                )


def _frequency(af: float | None) -> str:
    return "not called" if af is None else f"{af:.4g}"


def _show_pairs(
    alleles: pl.DataFrame, pairs: pl.DataFrame, names: list[str], measure: Measure,
    group: str, picker: Callable[[], None], stem: str,
) -> None:  # fmt: skip
    """List the pairs with the strongest linkage; a tick names one above, downloads hold all."""
    st.subheader("Pairs, strongest first", anchor=False)
    own = alleles.select(
        pl.Series("name", names), "pos", "id", "af", row=pl.int_range(pl.len(), dtype=pl.Int32)
    )
    word = "r2" if measure == "r2" else "d_prime"
    table = pairs.rename({"value": word})
    for which, column in (("1", "one"), ("2", "other")):
        table = table.join(
            own.rename({"name": f"allele_{which}", "pos": f"pos_{which}", "id": f"id_{which}",
                        "af": f"af_{which}", "row": column}),
            on=column,
            how="left",
            maintain_order="left",
        )  # fmt: skip
    table = table.select(
        "allele_1", "allele_2", word, (pl.col("pos_2") - pl.col("pos_1")).alias("distance"),
        "id_1", "id_2", "af_1", "af_2",
    )  # fmt: skip
    shown = table.head(_PAIRS)
    more = f"The first {_PAIRS} of {plural(pairs.height, 'pair')}; the downloads hold all. "
    st.caption(f"{more if pairs.height > _PAIRS else ''}Tick a row to name the pair.")
    columns = {
        "allele_1": draw.text("One", "An ALT allele."),
        "allele_2": draw.text("The other", "Another one, behind it in the file."),
        word: draw.number(
            "r²" if measure == "r2" else "D′",
            "Of the two ALT alleles, in the group"
            + ("." if measure == "r2" else "; below 0: they avoid each other."),
            "%.4f",
        ),
        "distance": draw.number("Bases apart", "Of their positions."),
        "id_1": draw.text("ID", "The source's ID of the one."),
        "id_2": draw.text("ID of the other", "The source's ID of the other."),
        "af_1": draw.number("Frequency", "AC / AN of the one in the group.", "%.4f"),
        "af_2": draw.number("Frequency of the other", "AC / AN in the group.", "%.4f"),
    }
    st.dataframe(
        draw.unsigned_zeros(shown, columns),
        hide_index=True,
        column_config=columns,
        height=min(360, 35 * (shown.height + 1) + 3),
        lazy=False,
        placeholder=draw.EMPTY,
        key=_TABLE,
        on_select=picker,
        selection_mode="single-row",
        alt="Pairs of alleles by falling linkage",
    )
    draw.downloads(table.with_columns(population=pl.lit(group)), stem, "all pairs")


def _made(lake: Lake, measure: Measure) -> None:
    """Tell how a matrix is made."""
    lead.made(
        lake,
        ["gold.frequencies"],
        [
            f"{measure_title(measure)} is counted now, from the genotypes in silver.",
            (
                "Where all genotypes are phased, over the haplotypes of the group at which both "
                "alleles are called (Lewontin & Kojima 1960; Hill & Robertson 1968; Lewontin "
                "1964). Else r² is the squared correlation of the copies of the two over the "
                "samples (Rogers & Huff 2009), and D′ is not known."
            ),
            "Frequencies in the group, and so which alleles are common there, are read from gold.",
        ],
    )
