"""The frequency of every allele in one group against its frequency in another."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.groups import colour_of_all
from medallion.figures.marks import heat_bar, heat_scale
from medallion.figures.sketch import Sketch
from medallion.figures.style import NEUTRAL, base_figure, count, frequency, plain, plural, short

__all__ = ["MOST_POINTS", "bin_pairs", "cells_of", "frequency_scatter"]

MOST_POINTS = 2_000
"""Of more alleles than this cells are drawn in place of points."""

_MOST_CELLS = 50  # of each group

_NAMED = 12
_APART = (0.13, 0.04)  # two names are not written nearer to each other than this
_ALLELE_CHARS = 10

Row = Mapping[str, Any]


def cells_of(called: int) -> int:
    """Return in how many cells to cut the frequencies of a group of so many called alleles.

    As many numbers of copies fall into each, so that cells do not make stripes.
    """
    return max(1, called // max(1, -(-called // _MOST_CELLS)))


def bin_pairs(frame: pl.DataFrame, cells: tuple[int, int]) -> pl.DataFrame:
    """Count alleles by their frequency in two groups, in so many cells of each.

    `frame` has af_1 and af_2 (0 to 1). Returns cell_1, cell_2 (from 0), alleles. A
    frequency of 1 is in the last cell.
    """

    def cell(column: str, n: int) -> pl.Expr:
        # A frequency on the border, such as 3 / 40 of 40, must not fall below it by rounding.
        return (pl.col(column) * n + 1e-9).floor().clip(0, n - 1).cast(pl.Int32)

    return (
        frame.group_by(
            cell("af_1", cells[0]).alias("cell_1"), cell("af_2", cells[1]).alias("cell_2")
        )
        .agg(pl.len().cast(pl.Int64).alias("alleles"))
        .sort("cell_1", "cell_2")
    )


def frequency_scatter(
    frame: pl.DataFrame,
    most_different: pl.DataFrame,
    groups: tuple[str, str],
    *,
    cells: tuple[int, int] = (_MOST_CELLS, _MOST_CELLS),
    theme: Theme = "light",
) -> go.Figure:
    """Draw alleles by their frequency in two groups, the most different of them named.

    `frame` is either rows of alleles (chrom, pos, id, ref, alt, af_1, af_2, ac_1, an_1,
    ac_2, an_2) or what `bin_pairs` returns for `cells`. `most_different` holds rows of alleles,
    most different first. `groups` are the groups' codes.
    """
    one, other = (short(code, 24) for code in groups)
    binned = "alleles" in frame.columns
    total = int(frame["alleles"].sum()) if binned else frame.height
    figure = base_figure(
        title=f"{short(groups[0], 20)} against {short(groups[1], 20)}",
        subtitle=f"{plural(total, 'allele')}, those that vary in at least one",
        x_title=f"Frequency in {one} (0 to 1)",
        y_title=f"Frequency in {other} (0 to 1)",
        alt=_summary(total, most_different, groups),
        height=560,
    )
    if binned:
        _cells(figure, frame, (one, other), cells, theme)
    else:
        _points(figure, frame, groups, "alleles", {"color": NEUTRAL, "size": 5, "opacity": 0.55})
    figure.add_scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        line={"color": NEUTRAL, "width": 1, "dash": "dot"},
        hoverinfo="skip",
        showlegend=False,
    )
    if not most_different.is_empty():
        _named(figure, most_different, groups, theme)
    axis: dict[str, Any] = {
        "range": [-0.07, 1.07],
        "zeroline": False,
        "tickformat": "~g",
        "dtick": 0.2,
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    figure.update_layout(showlegend=False, margin={"t": 80, "b": 70})
    return figure.figure()


def _cells(
    figure: Sketch, frame: pl.DataFrame, names: tuple[str, str], cells: tuple[int, int],
    theme: Theme,
) -> None:  # fmt: skip
    across, upward = cells
    one, other = names
    counts: list[list[float | None]] = [[None] * across for _ in range(upward)]
    numbers = [[""] * across for _ in range(upward)]
    for i, j, n in frame.select("cell_1", "cell_2", "alleles").iter_rows():
        counts[j][i] = math.log10(n)
        numbers[j][i] = count(n)
    top = max((v for row in counts for v in row if v is not None), default=0.0)
    powers = list(range(math.floor(top) + 1))
    figure.add_heatmap(
        x=[(i + 0.5) / across for i in range(across)],
        y=[(i + 0.5) / upward for i in range(upward)],
        z=counts,
        zmin=0,
        zmax=top or 1,
        colorscale=heat_scale("Viridis", theme),
        hoverongaps=False,
        customdata=numbers,
        hovertemplate=f"{one}: %{{x:.3f}} ± {0.5 / across:.3f}<br>{other}: %{{y:.3f}} ± "
        f"{0.5 / upward:.3f}"
        "<br>%{customdata} alleles<extra></extra>",
        colorbar=heat_bar(
            "Alleles", tickvals=powers, ticktext=[count(10**power) for power in powers]
        ),
    )


def _points(
    figure: Sketch, rows: pl.DataFrame, groups: tuple[str, str], name: str,
    marker: dict[str, Any], **more: object,
) -> None:  # fmt: skip
    figure.add_scatter(
        x=rows["af_1"].to_list(),
        y=rows["af_2"].to_list(),
        **{"mode": "markers", **more},
        marker=marker,
        name=name,
        customdata=[[_hover(row, groups)] for row in rows.iter_rows(named=True)],
        hovertemplate="%{customdata[0]}<extra></extra>",
    )


def _named(figure: Sketch, rows: pl.DataFrame, groups: tuple[str, str], theme: Theme) -> None:
    """Draw the most different alleles, and the names of those that have room for one."""
    shown: list[tuple[float, float]] = []
    texts = []
    for row in rows.iter_rows(named=True):
        x, y = row["af_1"], row["af_2"]
        free = len(shown) < _NAMED and all(
            abs(x - a) > _APART[0] or abs(y - b) > _APART[1] for a, b in shown
        )
        if free:
            shown.append((x, y))
        texts.append(_name(row) if free else "")
    colour = colour_of_all(theme)
    _points(
        figure,
        rows,
        groups,
        "most different",
        {"color": colour, "size": 7, "symbol": "diamond-open", "line": {"width": 1.5}},
        mode="markers+text",
        text=texts,
        # Away from the diagonal, where most alleles are.
        textposition=[
            "top center" if y > x else "bottom center"
            for x, y in rows.select("af_1", "af_2").rows()
        ],
        textfont={"size": 11, "color": colour},
        cliponaxis=False,
    )


def _name(row: Row) -> str:
    known = row["id"] and row["id"] != "."
    return f" {short(row['id'], 14) if known else format(row['pos'], ',')} "


def _hover(row: Row, groups: tuple[str, str]) -> str:
    change = f"{short(row['ref'], _ALLELE_CHARS)} → {short(row['alt'], _ALLELE_CHARS)}"
    known = f" · {short(row['id'], 24)}" if row["id"] else ""
    lines = [f"<b>{short(row['chrom'], 16)}:{row['pos']:,} {change}</b>{known}"]
    for which, code in enumerate(groups, 1):
        lines.append(
            f"{short(code, 24)} {frequency(row[f'af_{which}'])}: {count(row[f'ac_{which}'])} of "
            f"{count(row[f'an_{which}'])}"
        )
    return "<br>".join(lines)


def _summary(total: int, most_different: pl.DataFrame, groups: tuple[str, str]) -> str:
    one, other = (plain(code) for code in groups)
    head = f"Frequencies of {plural(total, 'allele')} in {one} against {other}"
    if most_different.is_empty():
        return f"{head}."
    top = most_different.row(0, named=True)
    return (
        f"{head}. Most different at {plain(top['chrom'])}:{top['pos']:,}: "
        f"{frequency(top['af_1'])} against {frequency(top['af_2'])}."
    )
