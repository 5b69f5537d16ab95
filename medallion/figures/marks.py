"""A colour and a marker for each group of a chart in which every group has its own points.

The project's super-populations and populations have the catalogue's colours; groups of
one's own the spare ones. The marker is the second cue, so that no two groups of a chart
that share a colour share a marker too, as far as plotly's markers reach.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from medallion.catalog.colours import POPULATION_COLOURS, UNASSIGNED, Theme, colour, marker
from medallion.catalog.populations import ALL
from medallion.figures.groups import colour_of_all, colour_of_supers, group_axis

__all__ = ["SYMBOLS_3D", "Level", "Mark", "heat_bar", "heat_scale", "marks_of"]

Level = Literal["super_population", "population", "all"]

_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "pentagon",
            "hexagram", "triangle-down", "bowtie", "hourglass")  # fmt: skip

SYMBOLS_3D: Mapping[str, str] = {
    "circle": "circle", "square": "square", "diamond": "diamond", "triangle-up": "diamond-open",
    "cross": "cross", "x": "square-open", "star": "circle-open", "pentagon": "diamond",
}  # fmt: skip
"""The nearest of the few markers that plotly draws in three dimensions with any font."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How the points of a group are drawn: a colour (#RRGGBB) and a plotly marker."""

    colour: str
    symbol: str

    @property
    def symbol_3d(self) -> str:
        """The marker's name where there are three dimensions."""
        return SYMBOLS_3D.get(self.symbol, "circle")


def heat_scale(name: Literal["Viridis", "Cividis"], theme: Theme) -> str | list[list[Any]]:
    """Return plotly's colour scale that leads away from the background.

    Little looks like the page, much stands out. Both scales are even in lightness and
    made for colour-blind eyes: Viridis (Smith & van der Walt 2015) and Cividis (Nuñez,
    Anderton & Renslow 2018), both CC0. On light ground they are turned, and begin with a
    pale tone in place of their yellow, which would be the loudest for the least.
    """
    return name if theme == "dark" else _ON_LIGHT[name]


# Written out, for plotly in the browser knows no Viridis_r and takes grey to red for it.
_ON_LIGHT: dict[str, list[list[Any]]] = {
    "Viridis": [[0, "#dde2d2"], [0.33, "#35b779"], [0.66, "#31688e"], [1, "#440154"]],
    "Cividis": [[0, "#e6e0cb"], [0.33, "#a69d75"], [0.66, "#575d6d"], [1, "#00224e"]],
}


def heat_bar(title: str, **more: object) -> dict[str, object]:
    """Return the bar of a colour scale that lies below its chart; `more` is plotly's, too."""
    return {
        "title": {"text": title, "side": "right"},
        "orientation": "h",
        "thickness": 12,
        "len": 0.9,
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "outlinewidth": 0,
        **more,
    }


def marks_of(
    codes: Iterable[str],
    level: Level,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> dict[str, Mark]:
    """Return the mark of each group, in the order in which a legend lists them.

    `parents` gives the super-population of all populations of the lake. A group has the
    same mark whichever others are among `codes`: it is its mark among all of `parents`.
    """
    wanted = set(codes)
    own = parents or {}
    if level == "all":
        return {code: Mark(colour_of_all(theme), _SYMBOLS[0]) for code in sorted(wanted)}
    if level == "super_population":
        every = {*wanted, *(code or UNASSIGNED for code in own.values())}
        marks = _marks_of_supers(every, theme)
    else:
        marks = _marks_of_populations([*own, *sorted(wanted - own.keys())], parents, theme)
    return {code: mark for code, mark in marks.items() if code in wanted}


def _marks_of_supers(codes: Iterable[str], theme: Theme) -> dict[str, Mark]:
    colours = colour_of_supers(codes, theme)
    ordered = sorted(colours, key=lambda code: code in (UNASSIGNED, ALL))
    return {
        code: Mark(colours[code], _SYMBOLS[place % len(_SYMBOLS)])
        for place, code in enumerate(ordered)
    }


def _marks_of_populations(
    codes: Iterable[str], parents: Mapping[str, str | None] | None, theme: Theme
) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    known = POPULATION_COLOURS[theme]
    for span in group_axis(codes, parents, theme).spans:
        for place, code in enumerate(span.populations):
            if code in known:
                marks[code] = Mark(colour(code, theme), marker(code))
            else:
                marks[code] = Mark(span.colour, _SYMBOLS[place % len(_SYMBOLS)])
    if len({mark.colour for mark in marks.values()}) == 1 < len(marks):
        # One super-population, or none: its colour would tell nothing apart.
        colours = colour_of_supers(marks, theme)
        marks = {
            code: Mark(colours[code], _SYMBOLS[place % len(_SYMBOLS)])
            for place, code in enumerate(marks)
        }
    return marks
