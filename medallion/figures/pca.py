"""Samples along principal components, in two dimensions or three, and what each explains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import BACKGROUNDS, UNASSIGNED, Theme
from medallion.figures.groups import colour_of_all, heading_of, name_of
from medallion.figures.marks import Mark, marks_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import NEUTRAL, base_figure, count, plain, plural, short

__all__ = ["MOST_SAMPLES", "ColourBy", "component_shares", "sample_space"]

MOST_SAMPLES = 6_000
"""More samples than this are not drawn, but an even choice of them; a chosen one always is."""

ColourBy = Literal["super_population", "population"]

_HEIGHT = 620
_GRID_3D: Mapping[Theme, str] = {"light": "#cfcfcf", "dark": "#484848"}  # without alpha, in WebGL
_WORDS = {"super_population": "super-population", "population": "population"}

Row = Mapping[str, Any]


def sample_space(
    frame: pl.DataFrame,
    components: pl.DataFrame,
    axes: tuple[int, int] | tuple[int, int, int],
    *,
    colour_by: ColourBy = "super_population",
    parents: Mapping[str, str | None] | None = None,
    chosen: str | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw each sample at its coordinates on two or three components.

    `frame` holds rows of `gold.pca`, `components` those of `gold.pca_components`; `axes`
    are the numbers of the components. A point's customdata is its hover text and the
    sample's name, as `plain` writes it. `chosen` is a sample to ring.
    """
    columns = [f"pc{i}" for i in axes]
    known = frame.drop_nulls(columns)
    drawn = _few(known, chosen)
    share = dict(components.select("component", "explained").rows())
    of = "" if drawn.height == known.height else f"{count(drawn.height)} of "
    figure = base_figure(
        title=" and ".join(f"PC{i}" for i in axes)
        if len(axes) == 2
        else ", ".join(f"PC{i}" for i in axes),
        subtitle=f"{of}{plural(known.height, 'sample')} by {_WORDS[colour_by]}"
        + ("; % of the variance" if len(axes) == 3 else ""),
        x_title=_axis_title(axes[0], share),
        y_title=_axis_title(axes[1], share),
        alt=_summary(known, columns, axes, colour_by),
        height=_HEIGHT,
    )
    group = pl.col(colour_by).cast(pl.String).fill_null(UNASSIGNED)
    drawn = drawn.with_columns(group.alias("group"))
    marks = marks_of(drawn["group"].unique(maintain_order=True), colour_by, parents=parents,
                     theme=theme)  # fmt: skip
    three = len(axes) == 3
    size = 2.8 if three else 7
    for code, mark in marks.items():
        rows = drawn.filter(pl.col("group") == code)
        _add(figure, rows, columns, code, mark, size)
    ring = drawn.filter(pl.col("sample") == chosen) if chosen is not None else drawn.clear()
    if not ring.is_empty():
        _ring(figure, ring, columns, theme)
    if three:
        _three_axes(figure, [_axis_title(i, share, brief=True) for i in axes], theme)
    else:
        figure.update_xaxes(zeroline=True)
        figure.update_yaxes(zeroline=True)
        figure.update_layout(dragmode="zoom")
    figure.update_layout(
        uirevision=str(axes),
        legend=_legend(len(marks)),
        height=_HEIGHT + (90 if len(marks) > 8 else 0),
    )
    return figure.figure()


def component_shares(components: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the share of the variance that each component explains.

    `components` is `gold.pca_components`: component, explained, eigenvalue, sites.
    """
    numbers = components["component"].to_list()
    shares = [100 * value for value in components["explained"].to_list()]
    figure = base_figure(
        title="Variance explained",
        subtitle=f"By each of the first {plural(len(numbers), 'component')}",
        x_title="Principal component",
        y_title="Share of the variance (%)",
        alt="Bar chart of the variance explained by "
        f"{plural(len(numbers), 'principal component')}: the "
        f"first {shares[0] if shares else 0:.1f} %.",
        height=300,
    )
    figure.add_bar(
        x=[f"PC{i}" for i in numbers],
        y=shares,
        marker={"color": colour_of_all(theme), "opacity": 0.7, "line": {"width": 0}},
        hovertemplate="%{x}: %{y:.2f} % of the variance<extra></extra>",
        showlegend=False,
    )
    figure.update_yaxes(rangemode="tozero")
    return figure.figure()


def _few(frame: pl.DataFrame, chosen: str | None) -> pl.DataFrame:
    """Return at most MOST_SAMPLES rows, evenly spread, with the chosen sample's."""
    if frame.height <= MOST_SAMPLES:
        return frame
    step = -(-frame.height // MOST_SAMPLES)
    place = pl.int_range(pl.len())
    return frame.filter((place % step == 0) | (pl.col("sample") == chosen).fill_null(value=False))


def _add(
    figure: Sketch, rows: pl.DataFrame, columns: list[str], code: str, mark: Mark, size: float
) -> None:
    where = {axis: rows[column].to_list() for axis, column in zip("xyz", columns, strict=False)}
    common: dict[str, Any] = {
        **where,
        "mode": "markers",
        "name": short(code, 20),
        "legendgroup": short(code, 40),
        "customdata": [[_hover(row), plain(row["sample"])] for row in rows.iter_rows(named=True)],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    if len(columns) == 3:
        figure.add_scatter3d(
            **common,
            marker={
                "color": mark.colour,
                "symbol": mark.symbol_3d,
                "size": size,
                "opacity": 0.85,
                "line": {"width": 0},
            },
        )
        return
    figure.add_scatter(
        **common,
        marker={
            "color": mark.colour,
            "symbol": mark.symbol,
            "size": size,
            "opacity": 0.75,
            "line": {"width": 0},
        },
    )


def _ring(figure: Sketch, rows: pl.DataFrame, columns: list[str], theme: Theme) -> None:
    row = rows.row(0, named=True)
    where = {axis: rows[column].to_list() for axis, column in zip("xyz", columns, strict=False)}
    common: dict[str, Any] = {
        **where,
        "name": "chosen sample",
        "customdata": [[_hover(row), plain(row["sample"])]],
        "hovertemplate": "%{customdata[0]}<extra></extra>",
    }
    colour = colour_of_all(theme)
    label = {
        **{axis: row[column] for axis, column in zip("xyz", columns, strict=False)},
        "text": short(row["sample"], 30),
        "font": {"color": colour, "size": 13},
        "bgcolor": BACKGROUNDS[theme],
        "opacity": 0.85,
        "showarrow": False,
        "yshift": 22,
    }
    if len(columns) == 3:
        figure.add_scatter3d(
            **common, mode="markers", marker={"symbol": "circle-open", "size": 12, "color": colour}
        )
        figure.update_layout(scene={"annotations": [label]})
        return
    figure.add_annotation(**label)
    figure.add_scatter(
        **common,
        mode="markers",
        marker={
            "symbol": "circle-open",
            "size": 17,
            "line": {"width": 2.5, "color": colour},
            "color": colour,
        },
        cliponaxis=False,
    )


def _hover(row: Row) -> str:
    above = row["super_population"]
    parent = "" if above is None else f"<br>{plain(name_of(above))}"
    return (
        f"<b>{short(row['sample'], 40)}</b><br>{heading_of(row['population'])}{parent}"
        f"<br>{plain('sex unknown' if row['sex'] == 'unknown' else row['sex'])}"
    )


def _axis_title(component: int, share: Mapping[int, float], *, brief: bool = False) -> str:
    explained = share.get(component)
    if explained is None:
        return f"PC{component}"
    of = "" if brief else " of the variance"
    return f"PC{component} ({100 * explained:.1f} %{of})"


def _three_axes(figure: Sketch, titles: list[str], theme: Theme) -> None:
    look = {
        "gridcolor": _GRID_3D[theme],
        "zerolinecolor": _GRID_3D[theme],
        "showbackground": False,
        "color": NEUTRAL,
        "tickfont": {"size": 10},
        "nticks": 5,
    }
    scene: dict[str, Any] = {
        f"{axis}axis": {**look, "title": {"text": title, "font": {"size": 12}}}
        for axis, title in zip("xyz", titles, strict=True)
    }
    figure.update_layout(
        scene={
            **scene,
            "aspectmode": "manual",
            "aspectratio": {"x": 1.4, "y": 1.4, "z": 1},
            "camera": {"eye": {"x": 1.5, "y": 1.5, "z": 0.9}},
        },
        margin={"t": 70},
    )


def _legend(groups: int) -> dict[str, Any]:
    """Return a legend above the points for a few groups, below them for many."""
    return {
        "orientation": "h",
        "x": 0,
        "xanchor": "left",
        "y": 0,
        "yref": "container",
        "yanchor": "bottom",
        "itemsizing": "constant",
        "font": {"size": 12 if groups <= 8 else 11},
    }


def _summary(
    frame: pl.DataFrame, columns: list[str], axes: tuple[int, ...], colour_by: ColourBy
) -> str:
    names = " and ".join(f"PC{i}" for i in axes)
    if frame.is_empty():
        return f"Samples on {names}: none."
    means = (
        frame.group_by(pl.col(colour_by).fill_null(UNASSIGNED).alias("group"))
        .agg(pl.col(columns[0]).mean())
        .sort(columns[0], "group")
    )
    low, high = means["group"][0], means["group"][-1]
    return (
        f"Scatter of {plural(frame.height, 'sample')} on {names}, coloured by {_WORDS[colour_by]}: "
        f"along PC{axes[0]} from {plain(low)} on the left to {plain(high)} on the right, by "
        "their means."
    )
