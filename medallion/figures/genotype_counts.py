"""One allele's genotypes in every group, beside what Hardy-Weinberg proportions expect.

Reads rows of `gold.frequencies`. The expectation is drawn only where it can be told from
them: where every called sample has two called alleles.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.catalog.genotypes import GENOTYPES, genotypes_told
from medallion.figures.grouped import LEGEND_BELOW, label_axis, tick_text, with_room
from medallion.figures.groups import colour_of_all, group_axis, heading_of
from medallion.figures.intervals import allele_name
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, count, plural

__all__ = ["by_chance", "expected_shares", "genotype_counts"]

# The kinds of genotype that are stacked, from below, each with its shade and hatching.
_KINDS = {"n_hom_alt": (1.0, ""), "n_het": (0.45, "/")}
_LEVELS = ("population", "super_population", "all", "cohort")

_LEVEL = 0.05

Row = Mapping[str, Any]


def expected_shares(row: Row) -> tuple[float, float] | None:
    """Return the shares of homozygous and of heterozygous samples that p² and 2pq expect.

    None where no sample is called, or some called sample has not two called alleles: a
    haploid carrier would count as homozygous.
    """
    called = _called(row)
    if not called or row["an"] != 2 * called:
        return None
    p = row["ac"] / row["an"]
    return p * p, 2 * p * (1 - p)


def by_chance(tests: int) -> str:
    """Say how many of so many tests have a p below 0.05 where nothing is amiss.

    At most: p of an exact test of few copies takes few values (Wigginton et al. 2005).
    """
    return f"of {plural(tests, 'test')} up to {_LEVEL * tests:.2g} by chance"


def genotype_counts(
    frame: pl.DataFrame,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw the share of samples that carry one ALT allele, by genotype, in each group.

    `frame` holds the rows of `gold.frequencies` of one allele, with rows of level `cohort`
    for a cohort of the reader's own. A bar's lower part is the homozygous samples, all
    of whose alleles are this one, its upper part the heterozygous; lines are what Hardy-Weinberg
    proportions expect of each part's end. `parents` gives the super-population of
    populations that are not the project's 26.

    Raises ValueError where the frame is empty.
    """
    if frame.is_empty():
        raise ValueError("there is no group to draw")
    rows: dict[str, dict[str, Row]] = {level: {} for level in _LEVELS}
    for row in frame.iter_rows(named=True):
        rows[row["level"]][row["population"]] = row
    axis, supers = with_room(
        group_axis(rows["population"], parents, theme), rows["super_population"]
    )
    placed: list[tuple[float, str, Row]] = []
    for span in axis.spans:
        for code in span.populations:
            placed.append((axis.positions[code], span.colour, rows["population"][code]))
        if span.code in supers:
            placed.append((supers[span.code], span.colour, rows["super_population"][span.code]))
    for place, last in enumerate([*rows["all"].values(), *rows["cohort"].values()], 1):
        placed.append((axis.width + 1.7 * place, colour_of_all(theme), last))
    name = allele_name(frame.row(0, named=True))
    known = [expected_shares(row) is not None for _, _, row in placed]
    figure = base_figure(
        title=f"Genotypes: {name}",
        subtitle="Samples that carry it, among the called ones of each group"
        + ("; lines: Hardy-Weinberg proportions" if any(known) else ""),
        x_title="Population, super-population and all samples"
        + (", your cohort" if rows["cohort"] else ""),
        y_title="Share of called samples",
        alt=_summary(name, rows["population"]),
        height=440,
    )
    label_axis(figure, axis)
    if len(placed) <= 60:
        figure.update_xaxes(
            tickmode="array",
            tickvals=[x for x, _, _ in placed],
            ticktext=[_tick(row, len(axis.positions)) for _, _, row in placed],
        )
    figure.update_xaxes(range=[-0.8, placed[-1][0] + 0.8])
    for column, (shade, hatching) in _KINDS.items():
        figure.add_bar(
            x=[x for x, _, _ in placed],
            y=[row[column] / _called(row) if _called(row) else None for _, _, row in placed],
            width=0.7,
            name=GENOTYPES[column][0].lower(),
            marker={
                "color": [colour for _, colour, _ in placed],
                "opacity": shade,
                "pattern": {"shape": hatching, "size": 6},
                "line": {"width": 0},
            },
            customdata=[[_hover(row)] for _, _, row in placed],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    _expected(figure, placed, theme)
    figure.update_yaxes(rangemode="tozero", tickformat=".3~%")
    figure.update_layout(barmode="stack", legend={**LEGEND_BELOW})
    return figure.figure()


def _expected(figure: Sketch, placed: list[tuple[float, str, Row]], theme: Theme) -> None:
    """Mark where the two parts of each bar would end."""
    ends: list[tuple[float, float, Row]] = []
    for x, _, row in placed:
        shares = expected_shares(row)
        if shares is not None and row["ac"]:
            ends += [(x, shares[0], row), (x, sum(shares), row)]
    if not ends:
        return
    figure.add_scatter(
        x=[x for x, _, _ in ends],
        y=[y for _, y, _ in ends],
        mode="markers",
        name="expected",
        marker={
            "symbol": "line-ew",
            "size": 15,
            "line": {"width": 2, "color": colour_of_all(theme)},
        },
        customdata=[[_hover(row)] for _, _, row in ends],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )


def _called(row: Row) -> int:
    return int(row["n_hom_ref"] + row["n_het"] + row["n_hom_alt"])


def _tick(row: Row, populations: int) -> str:
    text = tick_text(row["population"], populations)
    return text if row["level"] == "population" else f"<b>{text}</b>"


def _hover(row: Row) -> str:
    head = "<b>All samples</b>" if row["level"] == "all" else heading_of(row["population"])
    called, shares = _called(row), expected_shares(row)
    none, het, hom, missing = genotypes_told(row, count)
    if shares is not None:
        hom, het = (
            f"{told} (expected {share * called:,.1f})"
            for told, share in zip((hom, het), shares, strict=True)
        )
    p = "" if row["hwe_p"] is None else f"<br>Hardy-Weinberg p {row['hwe_p']:.3g}"
    return f"{head}<br>{hom}<br>{het}<br>{none}<br>{missing}{p}"


def _summary(name: str, rows: Mapping[str, Row]) -> str:
    tested = [row for row in rows.values() if row["hwe_p"] is not None]
    low = sum(row["hwe_p"] < _LEVEL for row in tested)
    found = (
        f"{low} of {len(tested)} have a Hardy-Weinberg p below {_LEVEL:g}; "
        f"{by_chance(len(tested))}."
        if tested
        else "No Hardy-Weinberg test applies."
    )
    return f"Bars of the genotypes of {name} in {plural(len(rows), 'population')}. {found}"
