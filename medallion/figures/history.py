"""How long the builds of a lake took, over time."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.style import base_figure, count, plain, plural

__all__ = ["build_times"]

# The medals' colours, dark enough on white and bright enough on black; a mark each.
_LAYERS: dict[str, tuple[str, str, str]] = {
    "bronze": ("#a05a1f", "#cf8846", "circle"),
    "silver": ("#62718a", "#a9b8d0", "square"),
    "gold": ("#9a7200", "#e3b93a", "diamond"),
}


def build_times(runs: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the seconds of each build against when it began, a mark for each layer.

    `runs` is what `Lake.history` returns. Builds that failed or were cancelled are
    crosses.
    """
    figure = base_figure(
        title="Builds over time",
        subtitle="How long each took; crosses failed or were cancelled",
        x_title="Started (UTC)",
        y_title="Seconds",
        alt=f"Scatter of the seconds of {plural(runs.height, 'build')} against their start.",
        height=340,
    )
    for layer, (dark, bright, mark) in _LAYERS.items():
        own = runs.filter(layer=layer)
        if own.is_empty():
            continue
        figure.add_scatter(
            x=own["started_at"].to_list(),
            y=own["seconds"].to_list(),
            mode="lines+markers",
            name=layer,
            line={"color": bright if theme == "dark" else dark, "width": 1},
            marker={
                "size": 9,
                "symbol": [mark if done else "x" for done in own["outcome"] == "done"],
            },
            customdata=[
                [plain(outcome), count(rows), plain(by)]
                for outcome, rows, by in own.select("outcome", "rows", "asked_by").iter_rows()
            ],
            hovertemplate=f"<b>{layer}</b><br>%{{x}}<br>%{{y:.2f}} s<br>%{{customdata[0]}}, "
            "%{customdata[1]} rows<br>asked by %{customdata[2]}<extra></extra>",
        )
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(legend=LEGEND_BELOW)
    return figure.figure()
