"""The joint site-frequency spectrum of two groups as a heat map of classes of copies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.marks import heat_bar, heat_scale
from medallion.figures.style import base_figure, count, plain, plural, short

__all__ = ["Widths", "bin_joint", "copy_classes", "joint_spectrum"]

Widths = Literal["equal", "doubling"]

_MOST = 40  # classes of one group, beside none and all
_TICKS, _ALL_TICKS = 9, 13


def copy_classes(n: int, widths: Widths = "equal") -> list[tuple[int, int]]:
    """Return classes of 0 to `n` copies, each from its first to its last number.

    None and all are classes of their own, between them classes of equal width, or such as
    double: 1, 2, 3 to 4, 5 to 8 and so on.
    """
    classes = [(0, 0)]
    if widths == "equal":
        step = max(1, -(-(n - 1) // _MOST))
        classes += [(low, min(low + step - 1, n - 1)) for low in range(1, n, step)]
    else:
        low, high = 1, 1
        while low < n:
            classes.append((low, min(high, n - 1)))
            low, high = high + 1, high * 2
    if n:
        classes.append((n, n))
    return classes


def bin_joint(frame: pl.DataFrame, n_1: int, n_2: int, widths: Widths = "equal") -> pl.DataFrame:
    """Sum the sites of a joint spectrum by classes of copies.

    `frame` has count_1, count_2, sites. Returns class_1, class_2 (places in
    `copy_classes`), sites; cells without a site are left out, as are those in which
    neither group varies in the same way.
    """

    def place(column: str, n: int) -> pl.Series:
        lows = pl.Series([low for low, _ in copy_classes(n, widths)], dtype=pl.Int64)
        found = lows.search_sorted(frame[column].cast(pl.Int64), side="right").cast(pl.Int64)
        return found - 1

    return (
        frame.with_columns(
            class_1=place("count_1", n_1), class_2=place("count_2", n_2)
        )
        .filter(
            ~((pl.col("count_1") == 0) & (pl.col("count_2") == 0)),
            ~((pl.col("count_1") == n_1) & (pl.col("count_2") == n_2)),
        )
        .group_by("class_1", "class_2")
        .agg(pl.col("sites").sum())
        .filter(pl.col("sites") > 0)
        .sort("class_1", "class_2")
    )  # fmt: skip


def joint_spectrum(
    frame: pl.DataFrame,
    groups: tuple[str, str],
    sizes: tuple[int, int],
    *,
    kind: Literal["folded", "unfolded"],
    widths: Widths = "equal",
    theme: Theme = "light",
) -> go.Figure:
    """Draw a joint spectrum: sites by copies in one group and in another.

    `frame` is what `bin_joint` returns for the same `widths`; `groups` are the groups'
    codes and `sizes` their called alleles.
    """
    allele = "derived" if kind == "unfolded" else "rarer"
    one, other = (short(code, 24) for code in groups)
    across, upward = (copy_classes(n, widths) for n in sizes)
    figure = base_figure(
        title=f"Joint spectrum of {one} and {other}",
        subtitle=f"Sites by copies of the {allele} allele in each",
        x_title=f"Copies in {one}, of {count(sizes[0])}",
        y_title=f"Copies in {other}, of {count(sizes[1])}",
        alt=_summary(frame, groups, kind, across, upward),
        height=560,
    )
    cells: list[list[float | None]] = [[None] * len(across) for _ in upward]
    hover = [[""] * len(across) for _ in upward]
    for i, j, sites in frame.select("class_1", "class_2", "sites").iter_rows():
        cells[j][i] = math.log10(sites)
        hover[j][i] = (
            f"{one}: {_words(across[i], sizes[0])}<br>{other}: {_words(upward[j], sizes[1])}"
            f"<br>{plural(sites, 'site')}"
        )
    top = max((v for row in cells for v in row if v is not None), default=0.0)
    powers = list(range(math.floor(top) + 1))
    figure.add_heatmap(
        x=list(range(len(across))),
        y=list(range(len(upward))),
        z=cells,
        zmin=0,
        zmax=top or 1,
        colorscale=heat_scale("Viridis", theme),
        hoverongaps=False,
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
        colorbar=heat_bar(
            "Sites", tickvals=powers, ticktext=[count(10**power) for power in powers]
        ),
    )
    figure.update_xaxes(**_axis(across), tickangle=0 if widths == "doubling" else None)
    figure.update_yaxes(**_axis(upward))
    figure.update_layout(margin={"t": 80, "b": 70})
    return figure.figure()


def _axis(classes: Sequence[tuple[int, int]]) -> dict[str, Any]:
    step = 1 if len(classes) <= _ALL_TICKS else -(-len(classes) // _TICKS)
    ticks = [place for place in range(0, len(classes), step) if len(classes) - 1 - place >= step]
    ticks.append(len(classes) - 1)
    return {
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [count(classes[place][0]) for place in ticks],
        "showgrid": False,
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 4,
        "range": [-0.5, len(classes) - 0.5],
    }


def _words(copies: tuple[int, int], n: int) -> str:
    low, high = copies
    if high == 0:
        return "none"
    if low == n:
        return f"all {count(n)} copies"
    if low == high:
        return f"{count(low)} of {count(n)} copies"
    return f"{count(low)} to {count(high)} of {count(n)} copies"


def _summary(
    frame: pl.DataFrame, groups: tuple[str, str], kind: str,
    across: Sequence[tuple[int, int]], upward: Sequence[tuple[int, int]],
) -> str:  # fmt: skip
    one, other = (plain(code) for code in groups)
    head = f"Heat map of the joint {kind} spectrum of {one} and {other}"
    if frame.is_empty():
        return f"{head}: no site varies."
    total = int(frame["sites"].sum())
    none_1, none_2 = (
        int(frame.filter(pl.col(f"class_{which}") == 0)["sites"].sum()) for which in (1, 2)
    )
    return (
        f"{head}: {plural(total, 'site')} in {len(across)} by {len(upward)} classes of copies; "
        f"{count(none_2)} are seen in {one} only, {count(none_1)} in {other} only."
    )
