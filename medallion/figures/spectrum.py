"""The allele frequency spectrum: how many alleles are rare, how many common.

`bin_frequencies` counts; `frequency_spectrum` draws what was counted.
"""

from __future__ import annotations

from typing import Literal

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import colour_of_supers, heading_of
from medallion.figures.style import base_figure, count, plural, short

__all__ = ["BINS", "bin_frequencies", "frequency_spectrum"]

# The last bin is the allele that every called chromosome carries. Each width is about
# twice the one before: rare alleles are by far the most, so equal widths would show
# one tall bar. Singletons stand apart since their frequency depends on the sample size.
_EDGES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
BINS = (
    "1 copy",
    "≤ 0.5 %",
    "0.5–1 %",
    "1–2 %",
    "2–5 %",
    "5–10 %",
    "10–20 %",
    "20–50 %",
    "50–100 %",
    "fixed",
)
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "pentagon", "hexagon")


def bin_frequencies(frequencies: pl.LazyFrame) -> pl.LazyFrame:
    """Count alleles by how frequent they are in each group.

    `frequencies` has the columns of `gold.frequencies` population, ac, an. Returns
    population, bin (Int64, its place in `BINS`), alleles (Int64). An allele that a group
    does not carry is in none of the group's bins. `1 copy` is ac = 1 and comes before
    all else; `fixed` is ac = an; the others hold low < ac / an <= high.
    """
    share = pl.col("ac") / pl.col("an")
    place = (
        pl.when(pl.col("ac") == 1)
        .then(0)
        .when(pl.col("ac") == pl.col("an"))
        .then(len(BINS) - 1)
        .otherwise(1 + pl.sum_horizontal(*((share > edge).cast(pl.Int64) for edge in _EDGES)))
    )
    return (
        frequencies.filter(pl.col("ac") > 0)
        .select(pl.col("population").cast(pl.String), place.cast(pl.Int64).alias("bin"))
        .group_by("population", "bin")
        .agg(pl.len().cast(pl.Int64).alias("alleles"))
        .sort("population", "bin")
    )


def frequency_spectrum(
    frame: pl.DataFrame,
    *,
    measure: Literal["alleles", "share"] = "alleles",
    log: bool = True,
    theme: Theme = "light",
) -> go.Figure:
    """Draw the spectrum of each group in `frame`, a line for each.

    `frame` is what `bin_frequencies` returns. `measure` draws the number of alleles or
    their share of all alleles that the group carries. `log` gives a logarithmic y axis,
    on which an empty bin is a gap in the line.
    """
    codes = frame["population"].unique().to_list()
    colours = colour_of_supers(codes, theme)
    by_alleles = measure == "alleles"
    figure = base_figure(
        title="Allele frequency spectrum",
        subtitle="How many alleles are rare, how many common",
        x_title="Frequency of the ALT allele in the group",
        y_title="Alleles" if by_alleles else "Share of the group's alleles (%)",
        alt=_summary(frame),
        height=460,
    )
    for place, (code, colour) in enumerate(colours.items()):
        counts = dict(frame.filter(pl.col("population") == code).select("bin", "alleles").rows())
        total = sum(counts.values())
        values = [counts.get(i, 0) for i in range(len(BINS))]
        scale = 1.0 if by_alleles else 100.0 / total
        shown = [None if log and not value else value * scale for value in values]
        figure.add_scatter(
            x=list(BINS),
            y=shown,
            mode="lines+markers",
            name=short(code, 20),
            line={"color": colour, "width": 2},
            marker={"symbol": _SYMBOLS[place % len(_SYMBOLS)], "size": 9},
            customdata=[[count(value), f"{100 * value / total:.2f} %"] for value in values],
            hovertemplate=f"{heading_of(code)}<br>%{{x}}: %{{customdata[0]}} alleles"
            f"<br>%{{customdata[1]}} of the {count(total)} that it carries<extra></extra>",
        )
    figure.update_xaxes(type="category", categoryorder="array", categoryarray=list(BINS))
    if log:
        figure.update_yaxes(type="log", dtick=1, tickformat="," if by_alleles else "~g")
    else:
        figure.update_yaxes(rangemode="tozero", tickformat="," if by_alleles else "~g")
    figure.update_layout(legend={**LEGEND_BELOW, "x": 0, "xanchor": "left"})
    return figure.figure()


def _summary(frame: pl.DataFrame) -> str:
    if frame.is_empty():
        return "Allele frequency spectrum: no group carries an allele."
    groups = frame["population"].n_unique()
    rare = int(frame.filter(pl.col("bin") <= 1)["alleles"].sum()) / int(frame["alleles"].sum())
    return (
        f"Line chart of the allele frequency spectrum of {plural(groups, 'group')}: "
        f"{rare:.0%} of the alleles counted have one copy or a frequency of at most 0.5 %."
    )
