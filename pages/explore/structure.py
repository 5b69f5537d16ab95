"""Structure: who resembles whom, by components, FST, a tree, and kinship."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.figures.fst_matrix import METHODS, fst_matrix
from medallion.figures.marks import Level
from medallion.figures.tree import group_tree
from pages.shared import cache, components, draw, lead, panels, relatives, say, state
from pages.shared.cache import GroupTree
from pages.shared.words import plural

VIEWS = ["Components", "FST", "Tree", "Relatives"]
LEVELS: dict[str, Level] = {"Populations": "population", "Super-populations": "super_population"}
METHOD_OF = {name: method for method, name in METHODS.items()}
TREES = {"Neighbour joining": "neighbour joining", "Average linkage": "average linkage"}

FST_MEANING = (
    "FST: the share of the differences between two groups that is not within them, 0 where "
    "they do not differ, 1 where no allele is shared. Ratio of sums over records with one ALT. "
    "A little below 0 is 0 within chance."
)
METHOD_MEANING = (
    "Hudson: 1 − differences within / differences between, whatever the sizes of the groups "
    "(Bhatia et al. 2013, https://doi.org/10.1101/gr.154831.113). Weir & Cockerham: θ = a / "
    "(a + b + c), components of variance, diploid calls only "
    "(1984, https://doi.org/10.1111/j.1558-5646.1984.tb05657.x)."
)
TREE_MEANING = (
    "Neighbour joining lets branches grow at rates of their own (Saitou & Nei 1987, "
    "https://doi.org/10.1093/oxfordjournals.molbev.a040454); its root is put in the middle of "
    "the longest way. Average linkage, UPGMA (Sokal & Michener 1958), takes all for equally "
    "fast, so that every group ends at the same depth."
)


def choose_fst(path: str, version: str) -> tuple[Level, str, pl.DataFrame] | None:
    """Draw the choice of level and method, and return them with their rows of `gold.fst`.

    Returns None, having said why, where there is no pair to compare.
    """
    rows = {
        level: cache.fst(path, version, level, next(iter(METHODS))) for level in LEVELS.values()
    }
    offered = [name for name, level in LEVELS.items() if not rows[level].is_empty()]
    if not offered:
        groups = cache.populations(path, version)
        say.text_note(
            "No two groups to compare.",
            [
                "This lake's samples are all of one population."
                if not groups.is_empty()
                else "This lake has no genotypes.",
                (
                    "FST wants two: give a sample table that names populations, or open another "
                    "lake in the sidebar."
                ),
            ],
        )
        return None
    left, right = st.columns(2)
    level_name = left.segmented_control(
        "Groups",
        offered,
        default=offered[0],
        required=True,
        key="fst_level",
        bind="query-params",
    )
    method_name = right.segmented_control(
        "Estimator",
        list(METHOD_OF),
        default=next(iter(METHOD_OF)),
        required=True,
        key="estimator",
        bind="query-params",
        help=METHOD_MEANING,
    )
    level = LEVELS[level_name if level_name in offered else offered[0]]
    method = METHOD_OF[method_name or next(iter(METHOD_OF))]
    return level, method, cache.fst(path, version, level, method)


def show_fst(lake: Lake, version: str) -> None:
    """Draw FST of all pairs as a clustered heat map, and list them."""
    path = str(lake.path)
    chosen = choose_fst(path, version)
    if chosen is None:
        return
    level, method, rows = chosen
    grown = cache.group_tree(path, version, level, method, "average linkage")
    if len(grown.codes) < 2:
        _no_fst(rows)
        return
    draw.figure(
        fst_matrix(
            rows,
            grown.order,
            method=method,
            level=level,
            tree=grown.layout,
            parents=state.parents(cache.populations(path, version)),
            theme=state.theme(),
        ),
        key="fst",
        wide=True,
    )
    st.caption(FST_MEANING)
    _left_out(grown)
    draw.table(rows.sort("fst", descending=True, nulls_last=True), _fst_columns(), alt="FST")
    draw.downloads(rows, f"fst-{level}-{method}", "FST of all pairs")
    lead.made(
        lake,
        ["gold.fst"],
        [
            (
                "Rows and columns are ordered by average linkage of FST (UPGMA), below 0 taken "
                "for 0, leaves turned so that neighbours are nearest (Bar-Joseph et al. 2001, "
                "https://doi.org/10.1093/bioinformatics/17.suppl_1.S22)."
            ),
            METHOD_MEANING,
        ],
    )


def show_tree(lake: Lake, version: str) -> None:
    """Draw a tree of the groups from their FST."""
    path = str(lake.path)
    chosen = choose_fst(path, version)
    if chosen is None:
        return
    level, method, rows = chosen
    name = st.segmented_control(
        "Tree",
        list(TREES),
        default=next(iter(TREES)),
        required=True,
        key="tree",
        bind="query-params",
        help=TREE_MEANING,
    )
    kind = TREES[name or next(iter(TREES))]
    joining = kind == "neighbour joining"
    grown = cache.group_tree(path, version, level, method, kind)
    if len(grown.codes) < 2:
        _no_fst(rows)
        return
    draw.figure(
        group_tree(
            grown.layout,
            grown.codes,
            title=f"{name} tree of FST ({METHODS[method]})",
            subtitle="Rooted in the middle of the longest way between two groups"
            if joining
            else "Two branches meet at half the mean FST between them",
            x_title="FST along the branches, from the root",
            level=level,
            parents=state.parents(cache.populations(path, version)),
            theme=state.theme(),
        ),
        key="tree chart",
    )
    if grown.fit is not None:
        st.caption(
            f"Distances on the tree and FST correlate with {grown.fit:.3f} (1: the tree tells "
            "all of it)." + _zeros(grown)
        )
    st.caption(
        "A tree knows splits only. Groups that mixed, such as those of the Americas, stand "
        "between their parts; that is no split."
    )
    _left_out(grown)
    codes = dict(enumerate(grown.codes))
    draw.downloads(
        grown.layout.with_columns(
            pl.col("leaf").replace_strict(codes, default=None).alias("population")
        ),
        f"tree-{kind.replace(' ', '-')}-{level}-{method}",
        "the tree's nodes",
    )
    lead.made(lake, ["gold.fst"], [TREE_MEANING, METHOD_MEANING])


def _zeros(grown: GroupTree) -> str:
    parts = []
    if grown.negative_fst:
        parts.append(f"{plural(grown.negative_fst, 'FST', 'FSTs')} below 0")
    if grown.negative_branches:
        parts.append(f"{plural(grown.negative_branches, 'branch', 'branches')} below 0")
    return f" Taken for 0: {', '.join(parts)}." if parts else ""


def _no_fst(rows: pl.DataFrame) -> None:
    say.text_note(
        "FST is not known.",
        [
            f"{plural(rows.height, 'pair')}, none of which varies at a record with one ALT."
            if rows["fst"].null_count() == rows.height
            else "Too few pairs have a known FST.",
            "Add chromosomes or samples to the lake, or try the other estimator.",
        ],
    )


def _left_out(grown: GroupTree) -> None:
    if grown.left_out:
        st.text(
            "Left out, as their FST with a group that is shown is not known: "
            + ", ".join(grown.left_out)
        )


def _fst_columns() -> dict[str, Any]:
    return {
        "population_1": draw.text("Group", "Code of the first group."),
        "population_2": draw.text("Other group", "Code of the second group."),
        "fst": draw.number("FST", FST_MEANING, "%.5f"),
        "se": draw.number(
            "Standard error",
            "Block jackknife over blocks of 1 Mb (Busing et al. 1999, "
            "https://doi.org/10.1023/A:1008800423698). Empty with fewer than two blocks.",
            "%.5f",
        ),
        "sites": draw.number("Sites", "Records with one ALT at which the two vary."),
        "blocks": draw.number("Blocks", "Blocks of 1 Mb that hold such records."),
    }


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Structure", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Who resembles whom: sample by sample, and group by group.")
    version = panels.need(lake, "gold")
    view = draw.views(VIEWS, "structure")
    if view == "FST":
        show_fst(lake, version)
    elif view == "Tree":
        show_tree(lake, version)
    elif view == "Relatives":
        relatives.show(lake, version)
    else:
        components.show(lake, version)


main()
