"""A figure while it is drawn: plain dicts, which become a plotly figure at the end.

Plotly checks each property that is set, one by one, and copies much on the way: a chart
of 31 groups takes some 40 ms that way and 3 ms this way, of a page's 100 or so. The
methods are named as plotly's own. What they are given is checked where the tests draw
each figure (`CHECKED`).
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from functools import cache, partialmethod
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

__all__ = ["Sketch", "stacked"]

CHECKED = False
"""Whether plotly checks the names and values of all properties. The tests set it."""


class Sketch:
    """Traces and a layout as plotly's JSON has them. Property names are written out:
    `title={"text": …}`, not `title_text=`.
    """

    def __init__(self, layout: Mapping[str, Any] | None = None) -> None:
        self.data: list[dict[str, Any]] = []
        self.layout: dict[str, Any] = dict(layout or {})

    def _add(self, kind: str, *, row: int | None = None, **trace: object) -> None:
        """Add a trace; `row` is its place, from 1, in a figure of stacked rows."""
        if row is not None and row > 1:
            trace.update(xaxis=f"x{row}", yaxis=f"y{row}")
        self.data.append({"type": kind, **trace})

    add_bar = partialmethod(_add, "bar")
    add_box = partialmethod(_add, "box")
    add_heatmap = partialmethod(_add, "heatmap")
    add_scatter = partialmethod(_add, "scatter")
    add_scatter3d = partialmethod(_add, "scatter3d")
    add_scattergl = partialmethod(_add, "scattergl")
    add_sunburst = partialmethod(_add, "sunburst")

    def add_annotation(self, **annotation: object) -> None:
        """Add words to the figure."""
        self.layout.setdefault("annotations", []).append(annotation)

    def add_shape(self, **shape: object) -> None:
        """Add a line or a rectangle that is no data."""
        self.layout.setdefault("shapes", []).append(shape)

    def add_hline(self, y: float, line: Mapping[str, Any]) -> None:
        """Draw a line across the whole width."""
        self.add_shape(
            type="line", xref="x domain", x0=0, x1=1, yref="y", y0=y, y1=y, line=dict(line)
        )

    def add_vline(self, x: float, line: Mapping[str, Any]) -> None:
        """Draw a line over the whole height."""
        self.add_shape(
            type="line", xref="x", x0=x, x1=x, yref="y domain", y0=0, y1=1, line=dict(line)
        )

    def update_layout(self, **layout: object) -> None:
        """Set properties of the layout; dicts are merged, all else is replaced."""
        _merge(self.layout, layout)

    def update_xaxes(self, *, row: int | None = None, **axis: object) -> None:
        """Set properties of all x axes, or of one row's."""
        self._update_axes("xaxis", row, axis)

    def update_yaxes(self, *, row: int | None = None, **axis: object) -> None:
        """Set properties of all y axes, or of one row's."""
        self._update_axes("yaxis", row, axis)

    def _update_axes(self, name: str, row: int | None, axis: Mapping[str, Any]) -> None:
        if row is not None:
            names = [name if row == 1 else f"{name}{row}"]
        else:
            names = [key for key in self.layout if key.startswith(name)] or [name]
        for key in names:
            _merge(self.layout.setdefault(key, {}), axis)

    def figure(self) -> go.Figure:
        """Return what was drawn. ValueError where CHECKED and plotly knows a property not."""
        return go.Figure({"data": self.data, "layout": self.layout}, _validate=CHECKED)


def stacked(heights: tuple[float, ...], spacing: float) -> Sketch:
    """Return an empty sketch of rows with one x axis; `spacing` is a share of the height."""
    return Sketch(deepcopy(_rows(heights, spacing)))


@cache
def _rows(heights: tuple[float, ...], spacing: float) -> dict[str, Any]:
    empty = make_subplots(
        rows=len(heights), cols=1, shared_xaxes=True, vertical_spacing=spacing,
        row_heights=list(heights),
    )  # fmt: skip
    layout: dict[str, Any] = empty.to_plotly_json()["layout"]
    layout.pop("template", None)
    return layout


def _merge(into: dict[str, Any], new: Mapping[str, Any]) -> None:
    for key, value in new.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = _copied(value)


def _copied(value: object) -> object:
    """Return a copy of dicts, so that later merges leave a caller's constants alone."""
    if isinstance(value, Mapping):
        return {key: _copied(each) for key, each in value.items()}
    return value
