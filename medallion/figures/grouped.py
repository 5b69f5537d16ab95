"""Bars for populations along an axis grouped by super-population.

The frame that `frequencies`, `populations` and `samples` draw on: numbered places with
the populations' codes as ticks, the super-populations' codes above their stretches.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import replace

from medallion.figures.groups import NO_SUPER, GroupAxis, Span, name_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import plain, short

__all__ = ["LEGEND_BELOW", "label_axis", "reference_line", "tick_text", "with_room"]

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

_FEW = 8  # no more populations than this and their names have room
_MANY = 60  # more populations than this and plotly picks which ticks to show


def label_axis(figure: Sketch, axis: GroupAxis) -> None:
    """Write the populations' codes under the axis and the super-populations' above it."""
    codes = list(axis.positions)
    places = list(axis.positions.values())
    figure.update_xaxes(
        range=[-0.8, axis.width + 0.8],
        showgrid=False,
        zeroline=False,
        tickfont={"size": 11},
        tickangle=-90 if len(codes) > _FEW else None,
    )
    step = max(1, -(-len(codes) // _MANY))
    figure.update_xaxes(
        tickmode="array",
        tickvals=places[::step],
        ticktext=[tick_text(code, len(codes)) for code in codes[::step]],
    )
    if len(axis.spans) == 1 and axis.spans[0].code == NO_SUPER:
        return
    for span in axis.spans:
        width = span.end - span.start + 1
        # Of a phone's width, so that a name ends where the next one begins.
        room = max(2.3 * width, 36 * width / max(axis.width, 1))
        label = "none" if span.code == NO_SUPER else span.code
        figure.add_annotation(
            x=(span.start + span.end) / 2,
            y=1.0,
            yref="paper",
            yanchor="bottom",
            text=f"<b>{short(label, max(4, round(room)))}</b>",
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


def tick_text(code: str, populations: int) -> str:
    """Return a group's code as the tick of an axis of so many populations, escaped."""
    return short(code, 24 if populations <= _FEW else 14)


def with_room(axis: GroupAxis, supers: Container[str]) -> tuple[GroupAxis, dict[str, float]]:
    """Return the axis with a place after each span for its super-population, and those."""
    moved, positions, places, spans = 0.0, {}, {}, []
    for span in axis.spans:
        for code in span.populations:
            positions[code] = axis.positions[code] + moved
        start, end = span.start + moved, span.end + moved
        if span.code != NO_SUPER and span.code in supers:
            end += 1.0
            moved += 1.0
            places[span.code] = end
        spans.append(replace(span, start=start, end=end))
    return GroupAxis(positions, tuple(spans)), places


def reference_line(
    figure: Sketch, span: Span, value: float, *, hover: str, show_in_legend: bool
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
