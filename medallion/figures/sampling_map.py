"""One allele's frequency on a map of the places where the populations were sampled.

Drawn from a bundled outline on plain axes, so that no base map is fetched: one degree
of longitude is as long as one of latitude (equirectangular).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import SUPER_POPULATION_COLOURS, Theme
from medallion.catalog.outline import land
from medallion.catalog.populations import POPULATIONS_BY_CODE, SUPER_POPULATIONS
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import heading_of
from medallion.figures.intervals import allele_name
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, count, extremes, frequency, plain, plural, short

__all__ = ["coasts", "frequency_map", "spread"]

_LARGEST = 38.0  # pixels across: the highest frequency's disc
_APART = 5.5  # degrees that two marks keep between them
_LAND = "rgba(128,128,128,0.16)"
_COAST = "rgba(128,128,128,0.55)"
_VIEW = {"x": [-130, 152], "y": [-38, 72]}

Row = Mapping[str, Any]
Place = tuple[float, float]


def frequency_map(frame: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw one ALT allele's frequency at each of the project's sampling places.

    `frame` holds the rows of `gold.frequencies` of one allele. A ring marks each place
    of a population in the catalogue, in its super-population's colour; the disc in it
    has the frequency as its area, the largest filling 38 pixels. Populations of one's own
    have no place and are left out. Marks that would hide each other are moved apart.

    Raises ValueError where the frame holds no population of the catalogue.
    """
    rows: dict[str, Row] = {
        row["population"]: row
        for row in frame.filter(pl.col("level").cast(pl.String) == "population").iter_rows(
            named=True
        )
        if row["population"] in POPULATIONS_BY_CODE
    }
    if not rows:
        raise ValueError("none of the populations has a known sampling place")
    places = spread(
        {code: (p.longitude, p.latitude) for code in rows if (p := POPULATIONS_BY_CODE[code])}
    )
    top = max((row["af"] or 0.0 for row in rows.values()), default=0.0)
    name = allele_name(next(iter(rows.values())))
    figure = base_figure(
        title=name,
        subtitle=f"Frequency by sampling place; the largest disc is {frequency(top)}"
        if top
        else "No population carries it",
        x_title="Longitude (degrees east)",
        y_title="Latitude (degrees north)",
        alt=_summary(name, rows),
        height=560,
    )
    coasts(figure)
    for group in SUPER_POPULATIONS:
        codes = [c for c in rows if POPULATIONS_BY_CODE[c].super_population == group.code]
        if codes:
            colour = SUPER_POPULATION_COLOURS[theme][group.code]
            _bubbles(figure, group.code, {c: rows[c] for c in codes}, places, colour, top)
    axis: dict[str, Any] = {"showgrid": False, "zeroline": False, "constrain": "domain"}
    figure.update_xaxes(range=_VIEW["x"], ticksuffix="°", nticks=8, **axis)
    figure.update_yaxes(
        range=_VIEW["y"], ticksuffix="°", nticks=6, scaleanchor="x", scaleratio=1, **axis
    )
    figure.update_layout(legend={**LEGEND_BELOW, "itemsizing": "constant"})
    return figure.figure()


def coasts(figure: Sketch) -> None:
    """Draw the land under all else."""
    xs: list[float | None] = []
    ys: list[float | None] = []
    for ring in land():
        xs += [*(lon for lon, _ in ring), None]
        ys += [*(lat for _, lat in ring), None]
    figure.add_scatter(
        x=xs,
        y=ys,
        mode="lines",
        fill="toself",
        fillcolor=_LAND,
        line={"color": _COAST, "width": 0.8},
        hoverinfo="skip",
        showlegend=False,
    )


def _bubbles(
    figure: Sketch,
    group: str,
    rows: Mapping[str, Row],
    places: Mapping[str, Place],
    colour: str,
    top: float,
) -> None:
    # Largest first, so that what is small lies on what is large.
    order = sorted(rows, key=lambda code: -(rows[code]["af"] or 0.0))
    called = [code for code in order if rows[code]["an"]]
    figure.add_scatter(
        x=[places[c][0] for c in called],
        y=[places[c][1] for c in called],
        mode="markers",
        marker={
            "color": colour,
            "opacity": 0.72,
            "size": [_LARGEST * math.sqrt(rows[c]["af"] / top) if top else 0 for c in called],
            "line": {"width": 0},
        },
        hoverinfo="skip",
        name=plain(group),
        legendgroup=group,
        showlegend=False,
    )
    figure.add_scatter(
        x=[places[c][0] for c in order],
        y=[places[c][1] for c in order],
        mode="markers",
        marker={
            "color": "rgba(0,0,0,0)",
            "size": 11,
            "symbol": ["circle" if rows[c]["an"] else "x-thin" for c in order],
            "line": {"width": 2, "color": colour},
        },
        customdata=[[_hover(c, rows[c])] for c in order],
        hovertemplate="%{customdata[0]}<extra></extra>",
        name=plain(group),
        legendgroup=group,
    )


def _hover(code: str, row: Row) -> str:
    place = POPULATIONS_BY_CODE[code]
    about = " (a place to stand for it)" if place.approximate else ""
    return (
        f"{heading_of(code)}<br>sampled in {short(place.place, 60)}{about}"
        f"<br>frequency {frequency(row['af'])}"
        f"<br>{count(row['ac'])} of {count(row['an'])} called alleles"
    )


def spread(places: Mapping[str, Place]) -> dict[str, Place]:
    """Move places that are nearer than `_APART` away from each other, a little at a time."""
    moved = dict(places)
    for _ in range(40):
        for one, other in combinations(moved, 2):
            (x1, y1), (x2, y2) = moved[one], moved[other]
            distance = math.hypot(x2 - x1, y2 - y1)
            if distance >= _APART:
                continue
            push = (_APART - distance) / 2
            east, north = ((x2 - x1) / distance, (y2 - y1) / distance) if distance else (1.0, 0.0)
            moved[one] = (x1 - push * east, y1 - push * north)
            moved[other] = (x2 + push * east, y2 + push * north)
    return moved


def _summary(name: str, rows: Mapping[str, Row]) -> str:
    carried = [code for code, row in rows.items() if row["ac"]]
    known = {code: row["af"] for code, row in rows.items() if row["an"]}
    head = f"Map of {plural(len(rows), 'sampling place')} with the frequency of {name}"
    if not carried:
        return f"{head}: none carries it."
    return f"{head}: carried in {len(carried)}, {extremes(known, frequency)}."
