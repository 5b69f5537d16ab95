"""How many bytes have to be read to see one line of a VCF: from its start, or by its blocks."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.style import NEUTRAL, base_figure, count

__all__ = ["way_to_a_line"]

_COLOURS: dict[Theme, str] = {"light": "#a05a1f", "dark": "#cf8846"}  # bronze
_POINTS = 400  # more would not show


def way_to_a_line(blocks: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the bytes to be read for the line that each block of a file begins with.

    `blocks` holds the rows of `bronze.blocks` of one file, in order: block, offset and
    bytes in the file, line (lines before the block).
    """
    one = blocks.unique("block", keep="first", maintain_order=True)
    step = max(1, one.height // _POINTS)
    drawn = pl.concat([one.gather_every(step), one.tail(1)]).unique("block", maintain_order=True)
    lines = (drawn["line"] + 1).to_list()
    from_start = (drawn["offset"] + drawn["bytes"]).to_list()
    own = drawn["bytes"].to_list()
    figure = base_figure(
        title="The way to one line",
        subtitle="Bytes of the file that have to be read to see it",
        x_title="Line of the file",
        y_title="Bytes to read (logarithmic)",
        alt=f"Two lines over {count(one.height)} blocks: read from its start, the last line costs "
        f"{count(from_start[-1])} bytes; by its block at most {count(max(own))}.",
        height=380,
    )
    for name, values, colour, dash in (
        ("from the start of the file", from_start, NEUTRAL, "dash"),
        ("by its block", own, _COLOURS[theme], "solid"),
    ):
        figure.add_scatter(
            x=lines,
            y=values,
            mode="lines",
            name=name,
            line={"color": colour, "width": 2, "dash": dash},
            hovertemplate=f"line %{{x:,}}<br>%{{y:,}} bytes {name}<extra></extra>",
        )
    figure.update_xaxes(tickformat=",")
    figure.update_yaxes(type="log", dtick=1, tickformat=",")
    figure.update_layout(legend=LEGEND_BELOW)
    return figure.figure()
