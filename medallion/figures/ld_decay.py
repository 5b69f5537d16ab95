"""How linkage falls off with distance, a line for each group."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import heading_of
from medallion.figures.marks import marks_of
from medallion.figures.style import base_figure, count, frequency, plain, plural, short

__all__ = ["PER_DECADE", "evenly", "ld_decay_lines"]

PER_DECADE = 12
"""Points to a power of ten: each kilobase by itself up to about 5, wider ranges behind."""

# 1 kb, 2 kb and 5 kb of each power of ten, as far as the table reaches.
_TICKS = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000)


def ld_decay_lines(frame: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the mean r² by distance; `frame` has the columns of `gold.ld_decay`.

    Ranges that lie close on the logarithmic axis are drawn as one, see `evenly`. A range
    stands at its middle; those without a pair are left out.
    """
    known = evenly(frame)
    codes = known["super_population"].unique(maintain_order=True).to_list()
    figure = base_figure(
        title="Linkage against distance",
        subtitle="Mean r² of pairs of common SNVs, by group",
        x_title="Distance of the two (kilobases, logarithmic)",
        y_title="Mean r² (0 to 1)",
        alt=_summary(known, codes),
        height=500,
    )
    # A group without a pair keeps its mark to itself, so that the others' stay as they are.
    marks = marks_of(frame["super_population"].cast(pl.String), "super_population", theme=theme)
    for code, mark in marks.items():
        if code not in codes:
            continue
        rows = known.filter(pl.col("super_population") == code).sort("distance_from")
        figure.add_scatter(
            x=((rows["distance_from"] + rows["distance_to"]) / 2).to_list(),
            y=rows["r2"].to_list(),
            mode="lines+markers",
            name=short(code, 24),
            line={"color": mark.colour, "width": 1.6},
            marker={"symbol": mark.symbol, "size": 5},
            customdata=[
                [f"{a:,} to {b:,}", count(n)]
                for a, b, n in rows.select("distance_from", "distance_to", "pairs").iter_rows()
            ],
            hovertemplate=f"{heading_of(code)}<br>mean r² %{{y:.4f}}<br>%{{customdata[0]}} bases "
            "apart<br>%{customdata[1]} pairs<extra></extra>",
        )
    figure.update_xaxes(
        type="log",
        tickmode="array",
        tickvals=list(_TICKS),
        ticktext=[f"{value / 1000:g}" for value in _TICKS],
    )
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(legend=LEGEND_BELOW, showlegend=True)
    return figure.figure()


def evenly(frame: pl.DataFrame) -> pl.DataFrame:
    """Return `gold.ld_decay` with ranges put together that are even on a logarithmic axis.

    A range goes where its middle lies, PER_DECADE to a power of ten. r² is the mean over all
    pairs, that of each range weighted by its pairs; ranges without a pair are left out.
    """
    middle = (pl.col("distance_from") + pl.col("distance_to")) / 2
    pairs = pl.col("pairs").sum()
    return (
        frame.with_columns(pl.col("super_population").cast(pl.String))
        .drop_nulls("r2")
        .group_by(
            "super_population", step=(middle.log(10) * PER_DECADE).floor(), maintain_order=True
        )
        .agg(
            pl.col("distance_from").min(),
            pl.col("distance_to").max(),
            (pl.col("r2") * pl.col("pairs")).sum() / pairs,
            pairs,
        )
    )


def _summary(known: pl.DataFrame, codes: list[str]) -> str:
    head = f"Lines of the mean r² by distance in {plural(len(codes), 'group')}"
    if known.is_empty():
        return f"{head}: there are no pairs."
    parts = []
    for code in codes:
        rows = known.filter(pl.col("super_population") == code).sort("distance_from")
        near, far = rows.row(0, named=True), rows.row(-1, named=True)
        parts.append(
            f"{plain(code)} from {frequency(near['r2'])} up to {near['distance_to']:,} bases to "
            f"{frequency(far['r2'])} up to {far['distance_to']:,}"
        )
    return f"{head}: {'; '.join(parts)}."
