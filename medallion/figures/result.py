"""Any table as a chart: two columns against each other, one mark a row.

For results whose columns are not known beforehand, such as those of SQL.
"""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.groups import colour_of_supers
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, plain, plural, short

__all__ = ["MOST_COLOURS", "MOST_MARKS", "Mark", "result_chart"]

Mark = Literal["bars", "points", "line"]

MOST_MARKS = 5_000
"""More rows than this are not drawn: nobody could tell them apart, or wait for them."""
MOST_COLOURS = 12
_MODES = {"points": "markers", "line": "lines+markers"}


def result_chart(
    frame: pl.DataFrame,
    *,
    x: str,
    y: str,
    colour: str | None = None,
    mark: Mark = "points",
    theme: Theme = "light",
) -> go.Figure:
    """Draw column `y` over column `x`, coloured by the values of `colour`.

    `y` holds numbers. At most MOST_MARKS rows are drawn, the first; of more than
    MOST_COLOURS values of `colour` the commonest have a colour each and the rest share one.
    """
    drawn = frame.head(MOST_MARKS).drop_nulls([x, y])
    of = (
        f"The first {MOST_MARKS:,} of {frame.height:,} rows"
        if frame.height > MOST_MARKS
        else plural(drawn.height, "row")
    )
    figure = base_figure(
        title=f"{short(y, 40)} by {short(x, 40)}",
        subtitle=of + (f", coloured by {short(colour, 40)}" if colour else ""),
        x_title=short(x, 60),
        y_title=short(y, 60),
        alt=f"Chart of the result: {plain(y)} by {plain(x)}, {of}.",
        height=460,
    )
    figure.update_xaxes(exponentformat="power")
    if not _on_a_scale(frame.schema[x]):  # else a chromosome's name would be a number
        figure.update_xaxes(type="category")
    figure.update_yaxes(exponentformat="power")
    if colour is None:
        _add(figure, drawn, x, y, mark, None, None)
        return figure.figure()
    groups = drawn.with_columns(pl.col(colour).cast(pl.String).fill_null("none"))
    common = groups[colour].value_counts(sort=True)[colour].head(MOST_COLOURS).to_list()
    colours = colour_of_supers(common, theme)
    for code in [c for c in colours if c in common]:
        _add(figure, groups.filter(pl.col(colour) == code), x, y, mark, code, colours[code])
    rest = groups.filter(~pl.col(colour).is_in(common))
    if not rest.is_empty():
        _add(figure, rest, x, y, mark, "all others", None)
    figure.update_layout(showlegend=True, legend={"orientation": "h", "y": -0.2})
    return figure.figure()


def _on_a_scale(kind: pl.DataType) -> bool:
    return kind.is_numeric() or kind.is_temporal()


def _add(
    figure: Sketch, rows: pl.DataFrame, x: str, y: str, mark: Mark, name: str | None,
    colour: str | None,
) -> None:  # fmt: skip
    places = rows[x].to_list() if _on_a_scale(rows.schema[x]) else [plain(v) for v in rows[x]]
    common = {
        "x": places, "y": rows[y].to_list(), "name": short(name or y, 30),
        "hovertemplate": f"{short(x, 40)}: %{{x}}<br>{short(y, 40)}: %{{y}}<extra>"
        f"{short(name, 30) if name else ''}</extra>",
    }  # fmt: skip
    marker = {} if colour is None else {"color": colour}
    if mark == "bars":
        figure.add_bar(**common, marker=marker)
    else:
        figure.add_scatter(**common, mode=_MODES[mark], marker={"size": 7, **marker})
