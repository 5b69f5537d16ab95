"""Pairs of related samples: their kinship against how often they share no allele."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.groups import colour_of_all
from medallion.figures.style import GRID, base_figure, count, plain, plural, short

__all__ = ["DEGREE_WORDS", "kinship_pairs"]

DEGREE_WORDS: Mapping[str, str] = {
    "duplicate": "Same genome: a duplicate or an identical twin",
    "first": "First degree: parent and child, or full siblings",
    "second": "Second degree: half siblings, grandparent, aunt or uncle",
    "third": "Third degree: first cousins, great-grandparent",
    "unrelated": "More distant than the third degree",
}
"""What each degree of `gold.relatedness` means."""

_MOST_PAIRS = 5_000
_SYMBOLS = {"duplicate": "star", "first": "diamond", "second": "square", "third": "circle",
            "unrelated": "circle-open"}  # fmt: skip
# Steps of one scale (cividis), so that closer is darker on white and lighter on black.
_COLOURS: Mapping[Theme, Mapping[str, str]] = {
    "light": {"duplicate": "#00224e", "first": "#35456c", "second": "#666970",
              "third": "#948e77", "unrelated": "#8a8a8a"},
    "dark": {"duplicate": "#fee838", "first": "#d3c164", "second": "#a59c74",
             "third": "#7d7c78", "unrelated": "#8a8a8a"},
}  # fmt: skip


def kinship_pairs(
    frame: pl.DataFrame, bounds: Mapping[str, float], *, theme: Theme = "light"
) -> go.Figure:
    """Draw each pair of related samples, a colour and a mark for each degree.

    `frame` is `gold.relatedness`; `bounds` gives the smallest kinship of each degree,
    drawn as dotted lines. Bars are of 95 % (1.96 standard errors). Of more than 5,000 pairs
    the closest are drawn.
    """
    drawn = frame.sort("kinship", descending=True).head(_MOST_PAIRS)
    figure = base_figure(
        title="A pair of related samples"
        if frame.height == 1
        else f"{plural(frame.height, 'pair')} of related samples",
        subtitle="Parent and child share an allele everywhere; full siblings do not",
        x_title="Sites where the two share no allele (% of sites)",
        y_title="Kinship",
        alt=f"Scatter of {plural(frame.height, 'pair')} of samples: kinship against the share of "
        f"sites at which they share no allele. {_counts(frame)}",
        height=440,
    )
    for degree in DEGREE_WORDS:
        rows = drawn.filter(pl.col("degree") == degree)
        if rows.is_empty():
            continue
        figure.add_scatter(
            x=(100 * rows["ibs0"] / rows["sites"]).to_list(),
            y=rows["kinship"].to_list(),
            error_y={"array": (1.96 * rows["se"]).to_list(), "thickness": 1, "width": 0},
            mode="markers",
            name=DEGREE_WORDS[degree].partition(":")[0],
            marker={"color": _COLOURS[theme][degree], "symbol": _SYMBOLS[degree], "size": 9},
            customdata=[[_hover(row)] for row in rows.iter_rows(named=True)],
            hovertemplate="%{customdata[0]}<extra></extra>",
            cliponaxis=False,
        )
    for bound in bounds.values():
        figure.add_hline(y=bound, line={"color": colour_of_all(theme), "width": 1, "dash": "dot"})
    shares = 100 * drawn["ibs0"] / drawn["sites"]
    most = max(float(shares.max() or 0.0), 1.0)  # type: ignore[arg-type]
    figure.update_xaxes(range=[-0.02 * most, 1.05 * most], zerolinecolor=GRID)
    figure.update_yaxes(range=[0, 0.54])
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    )
    return figure.figure()


def _hover(row: Mapping[str, Any]) -> str:
    return (
        f"<b>{short(row['sample_1'], 30)}</b> and <b>{short(row['sample_2'], 30)}</b>"
        f"<br>{plain(DEGREE_WORDS.get(row['degree'], row['degree']))}"
        f"<br>kinship {row['kinship']:.4f} ± {1.96 * row['se']:.4f}, {plural(row['sites'], 'site')}"
        f"<br>no allele shared at {count(row['ibs0'])} of them"
    )


def _counts(frame: pl.DataFrame) -> str:
    found = dict(frame["degree"].value_counts().rows())
    return ", ".join(f"{count(found[d])} {d}" for d in DEGREE_WORDS if d in found) + "."
