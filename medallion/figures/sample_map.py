"""How many samples were taken where: the project's sampling places on a map."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import BACKGROUNDS, SUPER_POPULATION_COLOURS, Theme
from medallion.catalog.populations import POPULATIONS_BY_CODE, SUPER_POPULATIONS
from medallion.figures.groups import heading_of
from medallion.figures.sampling_map import coasts, spread
from medallion.figures.style import base_figure, count, extremes, plain, plural

__all__ = ["sample_map"]

_LARGEST = 25.0  # pixels across: the most samples
_WIDER = 1.2  # discs with a code in them want more room than the map's other marks
_VIEW = {"x": [-130, 152], "y": [-38, 72]}


def sample_map(samples: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the number of samples at each of the project's sampling places.

    `samples` is rows of `silver.samples`: population. A disc's area is the number, the
    largest 25 pixels across. Populations of one's own have no place and are left out.
    Discs that would hide each other are moved apart.

    Raises ValueError where no population is the project's.
    """
    counts = {
        code: n
        for code, n in samples.group_by(pl.col("population").cast(pl.String)).len().rows()
        if code in POPULATIONS_BY_CODE
    }
    if not counts:
        raise ValueError("none of the populations has a known sampling place")
    known = {code: p for code, p in POPULATIONS_BY_CODE.items() if code in counts}
    closer = spread({c: (p.longitude / _WIDER, p.latitude / _WIDER) for c, p in known.items()})
    places = {code: (x * _WIDER, y * _WIDER) for code, (x, y) in closer.items()}
    most = max(counts.values())
    figure = base_figure(
        title=plural(len(counts), "sampling place"),
        subtitle=f"Area: samples, {count(most)} at most",
        x_title="Longitude (degrees east)",
        y_title="Latitude (degrees north)",
        alt=_summary(counts),
        height=520,
    )
    coasts(figure)
    for group in SUPER_POPULATIONS:
        codes = [
            code
            for code in POPULATIONS_BY_CODE
            if code in counts and POPULATIONS_BY_CODE[code].super_population == group.code
        ]
        if not codes:
            continue
        figure.add_scatter(
            x=[places[code][0] for code in codes],
            y=[places[code][1] for code in codes],
            mode="markers+text",
            text=codes,
            textfont={"size": 9, "color": BACKGROUNDS[theme]},
            marker={
                "color": SUPER_POPULATION_COLOURS[theme][group.code],
                "size": [_LARGEST * math.sqrt(counts[code] / most) for code in codes],
                "line": {"width": 1, "color": BACKGROUNDS[theme]},
                "opacity": 0.92,
            },
            customdata=[[_hover(code, counts[code])] for code in codes],
            hovertemplate="%{customdata[0]}<extra></extra>",
            name=plain(group.code),
        )
    axis: dict[str, Any] = {
        "showgrid": False,
        "zeroline": False,
        "constrain": "domain",
        "ticksuffix": "°",
    }
    figure.update_xaxes(range=_VIEW["x"], nticks=8, **axis)
    figure.update_yaxes(range=_VIEW["y"], nticks=6, scaleanchor="x", scaleratio=1, **axis)
    figure.update_layout(
        legend={
            "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom",
            "itemsizing": "constant",
        }
    )  # fmt: skip
    return figure.figure()


def _hover(code: str, samples: int) -> str:
    place = POPULATIONS_BY_CODE[code]
    about = " (a place to stand for it)" if place.approximate else ""
    return (
        f"{heading_of(code)}<br>sampled in {plain(place.place)}{about}"
        f"<br>{plural(samples, 'sample')}"
    )


def _summary(counts: Mapping[str, int]) -> str:
    return (
        f"Map of {plural(len(counts), 'sampling place')}: "
        f"{plural(sum(counts.values()), 'sample')}, {extremes(counts, count, ('most', 'fewest'))}."
    )
