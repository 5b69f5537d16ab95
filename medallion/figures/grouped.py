"""Bars for populations along an axis grouped by super-population.

The frame that `frequencies`, `populations` and `samples` draw on: numbered places with
the populations' codes as ticks, the super-populations' codes above their stretches.
"""

from __future__ import annotations

import plotly.graph_objects as go

from medallion.figures.groups import NO_SUPER, GroupAxis, Span, name_of
from medallion.figures.style import plain, short

__all__ = ["LEGEND_BELOW", "label_axis", "reference_line"]

# Under all else, wherever the axis' labels end.
LEGEND_BELOW = {
    "orientation": "h",
    "x": 1,
    "xanchor": "right",
    "y": 0,
    "yref": "container",
    "yanchor": "bottom",
    "traceorder": "normal",
}

_TICK_CHARS = 14
_MANY = 60  # more populations than this and plotly picks which ticks to show


def label_axis(figure: go.Figure, axis: GroupAxis) -> None:
    """Write the populations' codes under the axis and the super-populations' above it."""
    codes = list(axis.positions)
    places = list(axis.positions.values())
    figure.update_xaxes(
        range=[-0.8, axis.width + 0.8],
        showgrid=False,
        zeroline=False,
        tickfont={"size": 11},
        tickangle=-90 if len(codes) > 8 else 0,
    )
    step = max(1, -(-len(codes) // _MANY))
    figure.update_xaxes(
        tickmode="array",
        tickvals=places[::step],
        ticktext=[short(code, _TICK_CHARS) for code in codes[::step]],
    )
    if len(axis.spans) == 1 and axis.spans[0].code == NO_SUPER:
        return
    for span in axis.spans:
        width = span.end - span.start + 1
        label = "none" if span.code == NO_SUPER else span.code
        figure.add_annotation(
            x=(span.start + span.end) / 2,
            y=1.0,
            yref="paper",
            yanchor="bottom",
            text=f"<b>{short(label, max(4, round(2.3 * width)))}</b>",
            hovertext=plain(name_of(span.code)),
            font={"color": span.colour, "size": 13},
            showarrow=False,
        )
        figure.add_shape(
            type="line",
            x0=span.start - 0.45,
            x1=span.end + 0.45,
            y0=1.0,
            y1=1.0,
            yref="paper",
            line={"color": span.colour, "width": 2},
        )


def reference_line(
    figure: go.Figure, span: Span, value: float, *, hover: str, show_in_legend: bool
) -> None:
    """Mark a super-population's own value as a line across its populations.

    `hover` is markup already, its data escaped.
    """
    places = [span.start - 0.45, *(span.start + i for i in range(len(span.populations)))]
    places.append(span.end + 0.45)
    figure.add_scatter(
        x=places,
        y=[value] * len(places),
        mode="lines",
        line={"color": span.colour, "width": 2.5, "dash": "dot"},
        name="super-population",
        legendgroup="super-population",
        showlegend=show_in_legend,
        hovertemplate=hover + "<extra></extra>",
    )
