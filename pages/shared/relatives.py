"""Pairs of related samples: their chart, their table, and what their kinship means."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.figures.kinship import DEGREE_WORDS, kinship_pairs
from medallion.gold.structure import FEWEST_ERRORS, FEWEST_SITES
from medallion.popgen.relatedness import DEGREES, THIRD_DEGREE
from pages.shared import cache, chromosomes, draw, lead, say, state
from pages.shared.words import plural

__all__ = ["show"]

_ROWS = 1000
_PICKED = "pair_of_relatives"
_TABLE = "relatives"
_FEW_CHROMOSOMES = 5


def show(lake: Lake, version: str) -> None:
    """List the pairs of related samples."""
    path = str(lake.path)
    told_from = cache.pca_sites(path, version)
    sites = told_from.height
    pairs = cache.relatedness(path, version)
    listed = f"a kinship of at least {THIRD_DEGREE} and of {FEWEST_ERRORS} standard errors"
    if sites < FEWEST_SITES:
        say.text_note(
            "Kinship cannot be told.",
            [
                (
                    f"It wants {FEWEST_SITES:,} common sites of the autosomes in little linkage; "
                    f"this lake has {sites:,}. With fewer, chance alone would make relatives of "
                    "thousands."
                ),
                chromosomes.how_to_add(lake),
            ],
        )
        return
    if pairs.is_empty():
        say.text_note(
            "No relatives found.",
            [f"No pair of samples has {listed}, over {sites:,} sites."],
        )
    else:
        chroms = told_from["chrom"].n_unique()
        if chroms < _FEW_CHROMOSOMES:
            say.text_note(
                f"Told from {plural(chroms, 'chromosome')} only.",
                [
                    (
                        "Two people may have long stretches of one chromosome in common and little "
                        "of the others. That makes the standard error large: relatives of the "
                        "second and third degree are missed before more chromosomes are in."
                    )
                ],
            )
        _pairs(lake, version, pairs)
    lead.made(
        lake,
        ["gold.relatedness"],
        [
            (
                "Kinship: KING-robust, (H − 2 Z) / (2 m) + 1/2 − (N1 + N2) / (4 m), with N the "
                "heterozygous sites of each, m the lesser N, H sites where both are heterozygous, "
                "Z those where they share no allele."
            ),
            "Degrees by kinship: "
            + "; ".join(f"{degree} above {least:.4f}" for least, degree in DEGREES)
            + " (Manichaikul et al. 2010, table 1).",
            (
                f"Shown here: pairs of {listed} (block jackknife over megabases), from {sites:,} "
                "sites."
            ),
        ],
    )


def _pairs(lake: Lake, version: str, pairs: pl.DataFrame) -> None:
    shown = pairs.with_columns(
        pl.col("degree").replace_strict(dict(DEGREE_WORDS), default=None).alias("meaning"),
        (pl.col("ibs0") / pl.col("sites")).alias("ibs0_share"),
    )
    draw.figure(
        kinship_pairs(pairs, {d: least for least, d in DEGREES}, theme=state.theme()), key="kinship"
    )
    st.caption(
        f"{plural(pairs.height, 'pair')}, closest first. Tick a row for links to its samples."
        + (f" The first {_ROWS:,} are shown; the download has all." if pairs.height > _ROWS else "")
    )
    columns = {
        "sample_1": draw.text("Sample", "Name of the first sample."),
        "population_1": draw.text("Population", "Its population.", "small"),
        "sample_2": draw.text("Other sample", "Name of the second sample."),
        "population_2": draw.text("Its population", "Population of the second.", "small"),
        "meaning": draw.text("Taken for", "By kinship (Manichaikul et al. 2010).", "large"),
        "kinship": draw.number(
            "Kinship",
            "KING-robust: 0.5 the same genome, 0.25 parent and child or full siblings, 0.125 "
            "second degree, 0.0625 third, 0 unrelated.",
            "%.4f",
        ),
        "se": draw.number("Its standard error", "Block jackknife over blocks of 1 Mb.", "%.4f"),
        "ibs0_share": draw.number(
            "No allele shared",
            "Share of sites at which they are opposite homozygotes: near 0 for parent and child, "
            "more for full siblings.",
            "%.4f",
        ),
        "sites": draw.number("Sites", "Sites at which both are called."),
    }
    top = shown.head(_ROWS)
    st.dataframe(
        top.select(list(columns)),
        hide_index=True,
        column_config=columns,
        height=min(500, 35 * (top.height + 1) + 3),
        lazy=False,
        placeholder=draw.EMPTY,
        key=_TABLE,
        on_select=_take(top),
        selection_mode="single-row",
        alt="Pairs of related samples",
    )
    draw.downloads(pairs, "relatives", "all pairs")
    people = cache.pca(str(lake.path), version)
    for row in people.filter(
        pl.col("sample").is_in(st.query_params.get_all(_PICKED)[:2])
    ).iter_rows(named=True):
        lead.sample(row)


def _take(shown: pl.DataFrame) -> Callable[[], None]:
    """Return what a tick in the table does: it puts the pair in the URL, or takes it out."""

    def act() -> None:
        rows = st.session_state[_TABLE]["selection"]["rows"]
        if rows and rows[0] < shown.height:
            pair = shown.row(rows[0], named=True)
            st.query_params[_PICKED] = [pair["sample_1"], pair["sample_2"]]
        else:
            st.query_params.pop(_PICKED, None)

    return act
