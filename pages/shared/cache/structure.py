"""Cached reads of who resembles whom: components, FST, trees of it, kinship."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import polars as pl
import streamlit as st

from medallion.popgen import tree as trees
from pages.shared.cache.opened import FEW, SOME, scan

__all__ = [
    "GroupTree",
    "components",
    "fst",
    "group_tree",
    "pca",
    "pca_sites",
    "relatedness",
]

Kind = Literal["neighbour joining", "average linkage"]


@dataclass(frozen=True)
class GroupTree:
    """A tree of groups ready to be drawn.

    `codes` are the groups in it and `left_out` those whose FST with one of them is
    unknown; `layout` is what `medallion.popgen.tree.layout` returns, its leaves numbered
    as `codes`, and `order` the codes from first leaf to last. `fit` is the correlation of
    distances on the tree with FST. `negative_fst` and `negative_branches` count what was
    below 0 and is drawn as 0.
    """

    codes: tuple[str, ...]
    left_out: tuple[str, ...]
    layout: pl.DataFrame
    order: tuple[str, ...]
    fit: float | None
    negative_fst: int
    negative_branches: int


@st.cache_data(max_entries=FEW, show_spinner=False)
def pca(path: str, version: str) -> pl.DataFrame:
    """Return `gold.pca`."""
    del version
    return scan(path, "gold.pca").collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def components(path: str, version: str) -> pl.DataFrame:
    """Return `gold.pca_components`."""
    del version
    return scan(path, "gold.pca_components").collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def pca_sites(path: str, version: str) -> pl.DataFrame:
    """Return `gold.pca_sites`."""
    del version
    return scan(path, "gold.pca_sites").collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def relatedness(path: str, version: str) -> pl.DataFrame:
    """Return `gold.relatedness` with each sample's population: population_1, population_2."""
    del version
    people = scan(path, "gold.samples").select("sample", "population").collect()
    pairs = scan(path, "gold.relatedness").collect()
    for which in ("1", "2"):
        named = people.rename({"sample": f"sample_{which}", "population": f"population_{which}"})
        pairs = pairs.join(named, on=f"sample_{which}", how="left", maintain_order="left")
    return pairs


@st.cache_data(max_entries=SOME, show_spinner=False)
def fst(path: str, version: str, level: str, method: str) -> pl.DataFrame:
    """Return the rows of `gold.fst` of one level and method."""
    del version
    return (
        scan(path, "gold.fst")
        .filter(
            pl.col("level").cast(pl.String) == level, pl.col("method").cast(pl.String) == method
        )
        .collect()
    )


@st.cache_data(max_entries=SOME, show_spinner="Growing the tree …")
def group_tree(path: str, version: str, level: str, method: str, kind: Kind) -> GroupTree:
    """Return the tree of the groups of one level from their FST; below 0 it counts as 0."""
    rows = fst(path, version, level, method)
    codes = list(dict.fromkeys([*rows["population_1"], *rows["population_2"]]))
    square = _square(rows, codes)
    kept = trees.comparable(square)
    known = square[np.ix_(kept, kept)]
    negative = int((known < 0).sum()) // 2
    known = np.maximum(known, 0.0)
    names = tuple(codes[i] for i in kept)
    out = tuple(code for i, code in enumerate(codes) if i not in set(kept))
    if not names:
        empty = pl.DataFrame(schema=dict.fromkeys(("node", "parent", "leaf", "x", "y"), pl.Int64))
        return GroupTree((), out, empty, (), None, 0, 0)
    short = 0
    if kind == "average linkage":
        grown = trees.average_linkage(known)
    else:
        grown, short = trees.without_negatives(trees.neighbour_joining(known))
        grown = trees.midpoint(grown)
    order = tuple(names[leaf] for leaf in grown.leaves())
    fitted = trees.fit(grown, known)
    return GroupTree(names, out, trees.layout(grown), order, fitted, negative, short)


def _square(rows: pl.DataFrame, codes: list[str]) -> npt.NDArray[np.float64]:
    """Return the FST of all pairs, NaN where it is unknown, 0 on the diagonal."""
    place = {code: i for i, code in enumerate(codes)}
    square = np.full((len(codes), len(codes)), np.nan)
    np.fill_diagonal(square, 0.0)
    for one, other, value in rows.select("population_1", "population_2", "fst").iter_rows():
        i, j = place[one], place[other]
        square[i, j] = square[j, i] = np.nan if value is None else value
    return square
