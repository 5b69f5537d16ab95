"""One allele's frequency in every group, with its interval: dots and whiskers.

Reads rows of `gold.frequencies` with their bounds beside them; computes no statistics.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.catalog.genotypes import genotypes_told
from medallion.figures.grouped import LEGEND_BELOW, label_axis, tick_text, with_room
from medallion.figures.groups import GroupAxis, colour_of_all, group_axis, heading_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, count, extremes, frequency, plural, short

__all__ = ["allele_name", "frequency_intervals"]

_ALLELE_CHARS = 12
_LEVELS = ("population", "super_population", "all", "cohort")

Row = Mapping[str, Any]


def allele_name(row: Row) -> str:
    """Return an allele's place and change as markup, its data escaped and cut short."""
    change = f"{short(row['ref'], _ALLELE_CHARS)} → {short(row['alt'], _ALLELE_CHARS)}"
    return f"{short(row['chrom'], 16)}:{row['pos']:,} {change}"


def frequency_intervals(
    frame: pl.DataFrame,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw one ALT allele's frequency in each population, super-population and in all.

    `frame` holds the rows of `gold.frequencies` of one allele, with two columns more:
    af_low and af_high, the bounds of the 95 % interval (null or NaN without calls). Dots
    are populations; a diamond after them is their super-population, a square at the end
    all samples, a star behind it a cohort of the reader's own (level `cohort`). `parents`
    gives the super-population of populations that are not the project's 26. A group
    without a called allele is marked with a cross.

    Raises ValueError where the frame is empty.
    """
    if frame.is_empty():
        raise ValueError("there is no group to draw")
    rows: dict[str, dict[str, Row]] = {level: {} for level in _LEVELS}
    for row in frame.iter_rows(named=True):
        rows[row["level"]][row["population"]] = row
    name = allele_name(frame.row(0, named=True))
    axis, supers = with_room(
        group_axis(rows["population"], parents, theme), rows["super_population"]
    )
    figure = base_figure(
        title=name,
        subtitle="Frequency in each group, with its 95 % interval (Wilson)",
        x_title="Population, super-population (◆) and all samples (■)"
        + (", your cohort (★)" if rows["cohort"] else ""),
        y_title="ALT allele frequency (share of called alleles)",
        alt=_summary(name, rows["population"]),
        height=460,
    )
    label_axis(figure, axis)
    places = {**axis.positions}
    groups = len(axis.positions)
    ticks = [tick_text(code, groups) for code in axis.positions]
    for span in axis.spans:
        own = [(axis.positions[c], rows["population"][c]) for c in span.populations]
        _whiskers(figure, own, span.colour, "circle", 8)
        if span.code in supers:
            mean = rows["super_population"][span.code]
            _whiskers(figure, [(supers[span.code], mean)], span.colour, "diamond", 12)
            places[f"super {span.code}"] = supers[span.code]
            ticks.append(f"<b>{tick_text(span.code, groups)}</b>")
    end = axis.width + 1.7
    for code, everyone in rows["all"].items():
        _whiskers(figure, [(end, everyone)], colour_of_all(theme), "square", 11)
        places[f"all {code}"] = end
        ticks.append(f"<b>{tick_text(code, groups)}</b>")
    _mark_uncalled(figure, frame, axis, supers, end, colour_of_all(theme))
    for code, cohort in rows["cohort"].items():
        end += 1.7
        _whiskers(figure, [(end, cohort)], colour_of_all(theme), "star", 14)
        places[f"cohort {code}"] = end
        ticks.append(f"<b>{tick_text(code, groups)}</b>")
    if len(ticks) <= 60:
        figure.update_xaxes(tickmode="array", tickvals=list(places.values()), ticktext=ticks)
    figure.update_xaxes(range=[-0.8, end + 0.8])
    highs = [row["af_high"] for row in frame.iter_rows(named=True) if _known(row)]
    # Room above a frequency of 1, too: the super-populations' names stand on the frame.
    top = max(highs, default=0.01) * 1.08
    figure.update_yaxes(range=[-0.015 * top, top])
    figure.update_layout(legend={**LEGEND_BELOW}, showlegend=False)
    # Room for the axes from the start: plotly draws all again where it has to make some.
    figure.update_layout(margin={"l": 90, "b": 84})
    return figure.figure()


def _known(row: Row) -> bool:
    return bool(row["an"]) and row["af"] is not None


def _whiskers(
    figure: Sketch, placed: list[tuple[float, Row]], colour: str, symbol: str, size: int
) -> None:
    called = [(x, row) for x, row in placed if _known(row)]
    if not called:
        return
    figure.add_scatter(
        x=[x for x, _ in called],
        y=[row["af"] for _, row in called],
        error_y={
            "type": "data",
            "symmetric": False,
            "array": [row["af_high"] - row["af"] for _, row in called],
            "arrayminus": [row["af"] - row["af_low"] for _, row in called],
            "thickness": 1.8,
            "width": 4,
            "color": colour,
        },
        mode="markers",
        marker={"color": colour, "symbol": symbol, "size": size},
        cliponaxis=False,
        customdata=[[_hover(row)] for _, row in called],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )


def _hover(row: Row) -> str:
    head = "<b>All samples</b>" if row["level"] == "all" else heading_of(row["population"])
    interval = (
        f"<br>95 % interval {frequency(row['af_low'])} to {frequency(row['af_high'])}"
        if _known(row)
        else "<br>no called allele"
    )
    told = genotypes_told(row, count)
    return (
        f"{head}<br>frequency {frequency(row['af'])}{interval}"
        f"<br>{count(row['ac'])} of {count(row['an'])} called alleles"
        f"<br>samples: {', '.join(told[:2])},<br>{', '.join(told[2:])}"
    )


def _mark_uncalled(
    figure: Sketch,
    frame: pl.DataFrame,
    axis: GroupAxis,
    supers: Mapping[str, float],
    end: float,
    colour: str,
) -> None:
    places: dict[str, Mapping[str, float]] = {
        "population": axis.positions,
        "super_population": supers,
    }
    uncalled = [
        (places.get(row["level"], {}).get(row["population"], end), row)
        for row in frame.iter_rows(named=True)
        if not _known(row)
    ]
    if uncalled:
        figure.add_scatter(
            x=[x for x, _ in uncalled],
            y=[0.0] * len(uncalled),
            mode="markers",
            marker={"symbol": "x-thin", "size": 9, "line": {"width": 2, "color": colour}},
            customdata=[[_hover(row)] for _, row in uncalled],
            hovertemplate="%{customdata[0]}<extra></extra>",
            cliponaxis=False,
        )


def _summary(name: str, rows: Mapping[str, Row]) -> str:
    known = {code: float(row["af"]) for code, row in rows.items() if _known(row)}
    if not known:
        return f"Frequency of {name} in each group: no population has a called allele."
    return (
        f"Dots with 95 % intervals: the frequency of {name} in "
        f"{plural(len(rows), 'population')}, {extremes(known, frequency)}."
    )
