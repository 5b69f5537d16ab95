"""FST of all pairs of groups as a heat map, like beside like, with the tree that orders it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.groups import heading_of
from medallion.figures.marks import Level, heat_bar, heat_scale, marks_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import NEUTRAL, base_figure, plain, plural, short

__all__ = ["METHODS", "branches", "fst_matrix"]

METHODS: Mapping[str, str] = {"hudson": "Hudson", "weir_cockerham": "Weir & Cockerham"}
"""How each value of `gold.fst`'s method is put to a reader."""

_TICK_CHARS = 12
_WITH_NUMBERS = 9  # so many groups at most have their numbers in the cells
_MOST_TICKS = 60

Row = Mapping[str, Any]


def fst_matrix(
    frame: pl.DataFrame,
    order: Sequence[str],
    *,
    method: str,
    level: Level,
    tree: pl.DataFrame | None = None,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw FST of all pairs of the groups in `order`.

    `frame` holds rows of `gold.fst` of one level and method; pairs of other groups are
    left out. `tree`, where given, is drawn above: columns node, parent, x (distance from
    the root) and y (place in `order`), as `medallion.popgen.tree.layout` gives it.
    """
    pairs: dict[tuple[str, str], Row] = {}
    for row in frame.iter_rows(named=True):
        pairs[row["population_1"], row["population_2"]] = row
        pairs[row["population_2"], row["population_1"]] = row
    n = len(order)
    figure = base_figure(
        title=f"FST ({plain(METHODS.get(method, method))})",
        subtitle="Like beside like" + (", joined by mean FST" if tree is not None else ""),
        x_title="Group",
        y_title="Group",
        alt=_summary(frame, order, method),
        height=max(420, min(900, 230 + 24 * n)) + (90 if tree is not None else 0),
    )
    values = [[_value(pairs.get((one, other))) for other in order] for one in order]
    top = max((v for row in values for v in row if v is not None), default=0.0)
    figure.add_heatmap(
        x=list(range(n)),
        y=list(range(n)),
        z=values,
        zmin=0,
        zmax=top or 0.01,
        colorscale=heat_scale("Cividis", theme),
        xgap=1,
        ygap=1,
        hoverongaps=False,
        customdata=[[_hover(one, other, pairs) for other in order] for one in order],
        hovertemplate="%{customdata}<extra></extra>",
        texttemplate="%{z:.3f}" if n <= _WITH_NUMBERS else None,
        colorbar=heat_bar("FST", tickfont={"size": 11}),
    )
    _signs(figure, order, level, parents, theme)
    ticks: dict[str, Any] = {
        "tickmode": "array",
        "tickvals": list(range(n))[:: max(1, -(-n // _MOST_TICKS))],
        "ticktext": [short(code, _TICK_CHARS) for code in order][:: max(1, -(-n // _MOST_TICKS))],
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 11 if n <= 12 else 10},
        "ticks": "",
    }
    figure.update_xaxes(**ticks, range=[-0.5 - 0.058 * n, n - 0.5], tickangle=-90 if n > 8 else 0)
    below: dict[str, Any] = {"domain": [0, 0.84]} if tree is not None else {}
    figure.update_yaxes(**ticks, range=[n - 0.5 + 0.036 * n, -0.5], **below)
    if tree is not None:
        _above(figure, tree)
    figure.update_layout(margin={"t": 70, "b": 70})
    return figure.figure()


def branches(tree: pl.DataFrame) -> tuple[list[float | None], list[float | None]]:
    """Return a tree's branches as one broken line: distances from the root, and places.

    Each node is joined with its parent by a line along the distance and one across.
    """
    at = {row["node"]: row for row in tree.iter_rows(named=True)}
    along: list[float | None] = []
    across: list[float | None] = []
    for row in at.values():
        if row["parent"] is not None:
            up = at[row["parent"]]
            along += [up["x"], up["x"], row["x"], None]
            across += [up["y"], row["y"], row["y"], None]
    return along, across


def _above(figure: Sketch, tree: pl.DataFrame) -> None:
    along, across = branches(tree)
    figure.add_scatter(
        x=across,
        y=along,
        yaxis="y2",
        mode="lines",
        line={"color": NEUTRAL, "width": 1.2},
        hoverinfo="skip",
        showlegend=False,
    )
    deepest = float(tree["x"].max() or 0.0)  # type: ignore[arg-type]
    figure.update_layout(
        yaxis2={
            "domain": [0.86, 1],
            "anchor": "x",
            "range": [deepest * 1.02 or 1, -0.02 * deepest],
            "visible": False,
        }
    )


def _signs(
    figure: Sketch,
    order: Sequence[str],
    level: Level,
    parents: Mapping[str, str | None] | None,
    theme: Theme,
) -> None:
    """Put each group's own mark at the head of its row and at the foot of its column."""
    marks = marks_of(order, level, parents=parents, theme=theme)
    n = len(order)
    figure.add_scatter(
        x=[-0.5 - 0.03 * n] * n + list(range(n)),
        y=[*range(n), *[n - 0.5 + 0.02 * n] * n],
        mode="markers",
        marker={
            "color": [marks[code].colour for code in order] * 2,
            "symbol": [marks[code].symbol for code in order] * 2,
            "size": 9,
            "line": {"width": 0},
        },
        customdata=[[heading_of(code)] for code in order] * 2,
        hovertemplate="%{customdata[0]}<extra></extra>",
        showlegend=False,
    )


def _value(row: Row | None) -> float | None:
    return None if row is None else row["fst"]


def _hover(one: str, other: str, pairs: Mapping[tuple[str, str], Row]) -> str:
    row = pairs.get((one, other))
    if row is None:
        return heading_of(one)
    value = "the pair does not vary" if row["fst"] is None else f"FST {row['fst']:.4f}"
    error = "" if row["se"] is None else f" ± {row['se']:.4f} (standard error)"
    return (
        f"{heading_of(one)}<br>{heading_of(other)}<br>{value}{error}"
        f"<br>{plural(row['sites'], 'site')} at which the two vary"
    )


def _summary(frame: pl.DataFrame, order: Sequence[str], method: str) -> str:
    known = frame.drop_nulls("fst").sort("fst")
    head = f"Heat map of FST ({METHODS.get(method, method)}) of {plural(len(order), 'group')}"
    if known.is_empty():
        return f"{head}: no pair varies."
    low, high = known.row(0, named=True), known.row(-1, named=True)
    return (
        f"{head}: least between {_both(low)} "
        f"({low['fst']:.4f}), most between {_both(high)} "
        f"({high['fst']:.4f})."
    )


def _both(row: Mapping[str, Any]) -> str:
    return f"{plain(row['population_1'])} and {plain(row['population_2'])}"
