"""Linkage of all pairs of a region's alleles: a triangle of cells, one for each pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.groups import colour_of_all
from medallion.figures.marks import heat_bar, heat_scale
from medallion.figures.style import base_figure, count, plain, plural, short

__all__ = ["MOST_CLICKABLE", "allele_labels", "ld_triangle", "measure_title"]

MOST_CLICKABLE = 10_000
"""The most cells that answer a click, the strongest: each of them is a point of its own."""

_TICKS = 14
_ALLELE_CHARS = 8
_TITLES: Mapping[str, str] = {"r2": "r²", "d_prime": "|D′|"}


def measure_title(measure: str) -> str:
    """Return how r2 and d_prime are put to a reader."""
    return _TITLES.get(measure, measure)


def allele_labels(alleles: pl.DataFrame) -> list[str]:
    """Return a label for each row (pos, id, ref, alt) as markup, all of them different."""
    labels: list[str] = []
    seen: dict[str, int] = {}
    for row in alleles.select("pos", "id", "ref", "alt").iter_rows(named=True):
        known = f" {short(row['id'], 18)}" if row["id"] else ""
        label = (
            f"{row['pos']:,} {short(row['ref'], _ALLELE_CHARS)}→"
            f"{short(row['alt'], _ALLELE_CHARS)}{known}"
        )
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return labels


def ld_triangle(
    alleles: pl.DataFrame,
    pairs: pl.DataFrame,
    *,
    measure: str,
    group: str,
    picked: tuple[int, int] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw how closely each two alleles go together; a pair that is unknown has no cell.

    `alleles` has chrom, pos (1-based), id, ref, alt, in the order of the file; `pairs` has
    one, other (their rows, the lower first) and value, the strongest first. `measure` is
    r2 (0 to 1) or d_prime (-1 to 1, coloured without its sign); `group` the code of the
    group whose haplotypes were counted, `picked` a pair to be marked. The points of the
    first trace of kind scatter are the first MOST_CLICKABLE rows of `pairs`, in order.
    """
    title = measure_title(measure)
    labels = allele_labels(alleles)
    n = len(labels)
    figure = base_figure(
        title=f"{title} of {plural(n, 'allele')}",
        subtitle=f"Each with each, in {short(group, 40)}",
        x_title=f"Allele (position on {_contig(alleles)}, in the order of the file)",
        y_title="Allele",
        alt=_summary(labels, pairs, title, group),
        height=700,
    )
    one, other, value = (pairs[name].to_numpy() for name in ("one", "other", "value"))
    cells = np.full((n, n), np.nan, np.float32)
    cells[other, one] = np.abs(value)
    figure.add_heatmap(
        x=labels,
        y=labels,
        z=cells,
        zmin=0,
        zmax=1,
        colorscale=heat_scale("Viridis", theme),
        hoverongaps=False,
        xgap=1 if n <= 60 else 0,
        ygap=1 if n <= 60 else 0,
        hovertemplate=f"<b>%{{x}}</b><br><b>%{{y}}</b><br>{title} %{{z:.3f}}<extra></extra>",
        # So long for the bar begins within a title of two letters.
        colorbar=heat_bar(f"{title} (0 to 1)", len=0.7, x=0, xanchor="left", tickfont={"size": 11}),
    )
    first = slice(0, MOST_CLICKABLE)
    figure.add_scatter(
        x=[labels[i] for i in one[first]],
        y=[labels[j] for j in other[first]],
        mode="markers",
        marker={"color": "rgba(0,0,0,0)", "size": max(4, min(24, 460 // max(n, 1)))},
        customdata=np.asarray(value[first], np.float32),
        hovertemplate=f"<b>%{{x}}</b><br><b>%{{y}}</b><br>{'D′' if measure == 'd_prime' else title}"
        " %{customdata:.3f}<br>click to name the pair<extra></extra>",
        showlegend=False,
        unselected={"marker": {"opacity": 0}},
    )
    if picked is not None:
        i, j = picked
        figure.add_scatter(
            x=[labels[i]],
            y=[labels[j]],
            mode="markers",
            marker={
                "symbol": "circle-open",
                "size": 18,
                "color": colour_of_all(theme),
                "line": {"width": 3},
            },
            hoverinfo="skip",
            showlegend=False,
        )
    step = max(1, -(-n // _TICKS))
    ticks: dict[str, Any] = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": labels,
        "tickmode": "array",
        "tickvals": labels[::step],
        "ticktext": _ticks(alleles, step),
        "showgrid": False,
        "zeroline": False,
        "tickfont": {"size": 11},
        "ticks": "outside",
        "ticklen": 4,
        "constrain": "domain",
    }
    figure.update_xaxes(**ticks, range=[-0.5, n - 0.5], tickangle=-60, constraintoward="left")
    figure.update_yaxes(
        **ticks, range=[n - 0.5, -0.5], scaleanchor="x", constraintoward="top"
    )  # so that a cell is a square
    figure.update_layout(clickmode="event+select", dragmode="zoom")
    return figure.figure()


def _ticks(alleles: pl.DataFrame, step: int) -> list[str]:
    return [f"{pos:,}" for pos in alleles["pos"].to_list()[::step]]


def _contig(alleles: pl.DataFrame) -> str:
    return "the contig" if alleles.is_empty() else short(alleles["chrom"][0], 24)


def _summary(labels: Sequence[str], pairs: pl.DataFrame, title: str, group: str) -> str:
    head = (
        f"Heat map of {title} of {plural(len(labels), 'allele')} with each other in {plain(group)}"
    )
    if pairs.is_empty():
        return f"{head}: no two of them vary."
    top: dict[str, Any] = pairs.row(0, named=True)
    strong = pairs.filter(pl.col("value").abs() >= 0.8).height
    return (
        f"{head}: {count(strong)} of {plural(pairs.height, 'pair')} with 0.8 or more, the "
        f"strongest {labels[top['one']]} with {labels[top['other']]} ({abs(top['value']):.3f})."
    )
