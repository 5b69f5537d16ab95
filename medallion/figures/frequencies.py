"""The frequency of one ALT allele in every population, as a bar chart.

Reads rows of `gold.frequencies`; computes nothing that is not in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.catalog.genotypes import genotypes_told
from medallion.figures.grouped import LEGEND_BELOW, label_axis, reference_line, tick_text
from medallion.figures.groups import (
    NO_SUPER,
    GroupAxis,
    colour_of_all,
    group_axis,
    heading_of,
)
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, count, extremes, frequency, plain, plural, short

__all__ = ["frequency_by_population"]

_ALLELE_CHARS = 12
_LEVELS = ("population", "super_population", "all", "cohort")
_BEFORE_COHORTS = 1.7  # from the last population to the first, in widths of one


def frequency_by_population(
    frame: pl.DataFrame,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw one ALT allele's frequency in each population.

    `frame` holds the rows of `gold.frequencies` of one `variant`, one row per group:
    columns chrom, pos (1-based), ref, alt, population, level, ac, an, af, n_hom_ref,
    n_het, n_hom_alt, n_missing; level `cohort` is a cohort of the reader's own. Bars are
    the populations, ordered and coloured by super-population, and behind them the cohorts;
    a dotted line across its populations is a super-population's own frequency, a dashed one
    across the figure that of all samples. `parents` gives the super-population of
    populations that are not the project's 26. A group without a called allele is marked
    with a cross: it has no frequency, which is not zero.

    Raises ValueError where the frame holds more than one allele, or none.
    """
    rows: dict[str, list[dict[str, Any]]] = {level: [] for level in _LEVELS}
    for row in frame.iter_rows(named=True):
        rows[row["level"]].append(row)
    alleles = frame.select("chrom", "pos", "ref", "alt").unique().rows()
    if len(alleles) != 1:
        msg = f"one allele is drawn at a time; the frame holds {len(alleles)}"
        raise ValueError(msg)
    name = _allele(*alleles[0])

    by_code = {row["population"]: row for row in rows["population"]}
    axis = group_axis(by_code, parents, theme)
    figure = base_figure(
        title=name,
        subtitle="Frequency of the ALT allele in each population",
        x_title="Population" + (", and your cohorts" if rows["cohort"] else ""),
        y_title="ALT allele frequency (share of called alleles)",
        alt=_summary(name, rows),
        height=460,
    )
    label_axis(figure, axis)

    for span in axis.spans:
        called = [code for code in span.populations if _known(by_code[code])]
        figure.add_bar(
            x=[axis.positions[code] for code in called],
            y=[by_code[code]["af"] for code in called],
            marker={"color": span.colour, "line": {"width": 0}},
            width=0.84,
            name=plain(span.code),
            customdata=[[_hover(by_code[code])] for code in called],
            hovertemplate="%{customdata[0]}<extra></extra>",
            showlegend=False,
        )
    positions = {**axis.positions, **_add_cohorts(figure, axis, rows["cohort"], theme)}
    by_code |= {row["population"]: row for row in rows["cohort"]}
    _mark_uncalled(figure, by_code, positions, colour_of_all(theme))

    supers = {row["population"]: row for row in rows["super_population"]}
    drawn = False
    for span in axis.spans:
        super_row = supers.get(span.code)
        if span.code != NO_SUPER and super_row is not None and _known(super_row):
            reference_line(
                figure, span, super_row["af"], hover=_hover(super_row), show_in_legend=not drawn
            )
            drawn = True
    for row in rows["all"]:
        if _known(row):
            places = [-0.6, *positions.values(), max(positions.values(), default=0) + 0.6]
            figure.add_scatter(
                x=places,
                y=[row["af"]] * len(places),
                mode="lines",
                line={"color": colour_of_all(theme), "width": 1.5, "dash": "dash"},
                name="all samples",
                hovertemplate=_hover(row) + "<extra></extra>",
            )

    top = max((row["af"] for row in frame.iter_rows(named=True) if _known(row)), default=0.0)
    figure.update_yaxes(range=[0, top * 1.08 if top else 0.01])
    figure.update_layout(
        bargap=0.1,
        legend=LEGEND_BELOW,
        margin={"t": 92},
    )
    return figure.figure()


def _add_cohorts(
    figure: Sketch, axis: GroupAxis, cohorts: Sequence[Mapping[str, Any]], theme: Theme
) -> dict[str, float]:
    """Draw a bar for each cohort behind the populations; return where each stands."""
    if not cohorts:
        return {}
    places = {
        row["population"]: axis.width + _BEFORE_COHORTS + number
        for number, row in enumerate(cohorts)
    }
    called = [row for row in cohorts if _known(row)]
    figure.add_bar(
        x=[places[row["population"]] for row in called],
        y=[row["af"] for row in called],
        marker={"color": colour_of_all(theme), "line": {"width": 0}},
        width=0.84,
        name="your cohorts",
        customdata=[[_hover(row)] for row in called],
        hovertemplate="%{customdata[0]}<extra></extra>",
        showlegend=False,
    )
    ticks = figure.layout["xaxis"]
    shown = len(axis.positions) + len(places)
    figure.update_xaxes(
        range=[-0.8, max(places.values()) + 0.8],
        tickvals=[*ticks["tickvals"], *places.values()],
        ticktext=[*ticks["ticktext"], *(f"<b>{tick_text(code, shown)}</b>" for code in places)],
    )
    return places


def _known(row: Mapping[str, Any]) -> bool:
    return bool(row["an"]) and row["af"] is not None


def _allele(chrom: str, pos: int, ref: str, alt: str) -> str:
    change = f"{short(ref, _ALLELE_CHARS)} → {short(alt, _ALLELE_CHARS)}"
    return f"{short(chrom, 16)}:{pos:,} {change}"


def _hover(row: Mapping[str, Any]) -> str:
    told = genotypes_told(row, count)
    lines = [
        "<b>All samples</b>" if row["level"] == "all" else heading_of(row["population"]),
        f"frequency {frequency(row['af'])}",
        f"{count(row['ac'])} of {count(row['an'])} called alleles",
        f"samples: {', '.join(told[:2])},",
        ", ".join(told[2:]),
    ]
    return "<br>".join(lines)


def _mark_uncalled(
    figure: Sketch,
    by_code: Mapping[str, Mapping[str, Any]],
    positions: Mapping[str, float],
    colour: str,
) -> None:
    uncalled = [code for code in positions if not _known(by_code[code])]
    if not uncalled:
        return
    figure.add_scatter(
        x=[positions[code] for code in uncalled],
        y=[0.0] * len(uncalled),
        mode="markers",
        marker={"symbol": "x-thin", "size": 9, "line": {"width": 2, "color": colour}},
        name="no called allele",
        customdata=[[_hover(by_code[code])] for code in uncalled],
        hovertemplate="%{customdata[0]}<extra></extra>",
        cliponaxis=False,
    )


def _summary(name: str, rows: Mapping[str, list[dict[str, Any]]]) -> str:
    known = {row["population"]: float(row["af"]) for row in rows["population"] if _known(row)}
    if not known:
        return f"Frequency of {name}: no population has a called allele."
    return (
        f"Bar chart of the frequency of {name} in {plural(len(rows['population']), 'population')}: "
        f"{extremes(known, frequency)}."
    )
