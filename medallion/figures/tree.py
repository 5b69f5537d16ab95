"""A tree of groups, its root to the left: how long a branch is says how far apart they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.fst_matrix import branches
from medallion.figures.groups import heading_of
from medallion.figures.marks import Level, marks_of
from medallion.figures.style import NEUTRAL, base_figure, plain, plural, short

__all__ = ["group_tree"]

_LABEL_CHARS = 16
_MOST_LABELS = 120


def group_tree(
    tree: pl.DataFrame,
    codes: Sequence[str],
    *,
    title: str,
    subtitle: str,
    x_title: str,
    level: Level,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw a tree, each leaf with its group's code and mark.

    `tree` is what `medallion.popgen.tree.layout` returns: node, parent, leaf (place in
    `codes`; null for inner nodes), x (distance from the root), y (place of the leaf).
    `title`, `subtitle` and `x_title` are our own words.
    """
    leaves = tree.drop_nulls("leaf").sort("y")
    order = [codes[leaf] for leaf in leaves["leaf"].to_list()]
    figure = base_figure(
        title=title,
        subtitle=subtitle,
        x_title=x_title,
        y_title="Groups",
        alt=f"Tree of {plural(len(order), 'group')} from FST. From top to bottom: "
        f"{', '.join(plain(code) for code in order)}.",
        height=max(300, min(3000, 150 + 24 * len(order))),
    )
    along, across = branches(tree)
    figure.add_scatter(
        x=along,
        y=across,
        mode="lines",
        line={"color": NEUTRAL, "width": 1.6, "shape": "linear"},
        hoverinfo="skip",
        showlegend=False,
    )
    marks = marks_of(codes, level, parents=parents, theme=theme)
    figure.add_scatter(
        x=leaves["x"].to_list(),
        y=leaves["y"].to_list(),
        mode="markers+text" if len(order) <= _MOST_LABELS else "markers",
        text=[f"  {short(code, _LABEL_CHARS)}" for code in order],
        textposition="middle right",
        textfont={"size": 12},
        marker={
            "color": [marks[code].colour for code in order],
            "symbol": [marks[code].symbol for code in order],
            "size": 10,
            "line": {"width": 0},
        },
        customdata=[
            [f"{heading_of(code)}<br>{away:.4f} from the root"]
            for code, away in zip(order, leaves["x"].to_list(), strict=True)
        ],
        hovertemplate="%{customdata[0]}<extra></extra>",
        cliponaxis=False,
        showlegend=False,
    )
    deepest = float(tree["x"].max() or 0.0)  # type: ignore[arg-type]
    room = 0.16 if max(map(len, order), default=0) <= 5 else 0.4
    figure.update_xaxes(
        range=[-0.02 * deepest, deepest * (1 + room) or 1.0], zeroline=False, tickformat="~g"
    )
    figure.update_yaxes(
        range=[len(order) - 0.4, -0.6], showticklabels=False, showgrid=False, zeroline=False
    )
    figure.update_layout(margin={"t": 84})
    return figure.figure()
