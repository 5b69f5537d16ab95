"""Linkage: a matrix of pairs, haplotypes in groups, and decay with distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import colour_of_all, colour_of_supers, heading_of
from medallion.figures.style import base_figure, count, plain, short

__all__ = ["MOST_HAPLOTYPES", "haplotype_bars", "ld_decay_lines", "ld_heat"]

MOST_HAPLOTYPES = 8
"""The most haplotypes with a colour of their own; the others are one."""

_NAME_CHARS = 28
_LABELLED = 30
# Pale to strong on white, dark to bright on black; one hue, so that grey keeps the order.
_SCALES: dict[Theme, list[list[Any]]] = {
    "light": [[0, "#f4f1ea"], [0.2, "#fdd49e"], [0.5, "#ef6548"], [0.8, "#b30000"], [1, "#5c0000"]],
    "dark": [[0, "#1d1b18"], [0.2, "#5c2a1e"], [0.5, "#c8452f"], [0.8, "#fd9a6b"], [1, "#fff2d8"]],
}
# Okabe & Ito's, safe for the colour-blind; bars carry a pattern too.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a700", "#8c6bb1")
_PATTERNS = ("", "/", ".", "\\", "x", "-", "|", "+")
_OTHERS = "#8a8a8a"
_MARKS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star")


def ld_heat(matrix: pl.DataFrame, *, measure: str, group: str, theme: Theme = "light") -> go.Figure:
    """Draw the matrix of `Lake.ld_matrix`: a cell a pair of alleles, in the order of the file.

    `measure` is r2 or d_prime (drawn without its sign), `group` the code of the group
    whose haplotypes were counted. Cells of alleles that do not vary there are empty.
    """
    names = matrix["variant"].to_list()
    title = "r²" if measure == "r2" else "|D′|"
    values = matrix.drop("variant").to_numpy()
    shown = [[None if v != v else abs(v) for v in row] for row in values.tolist()]
    figure = base_figure(
        title=f"{title} of {len(names):,} alleles",
        subtitle=f"Each with each, in {short(group, 40)}, in the order of the file",
        x_title="ALT allele",
        y_title="ALT allele",
        alt=f"Heat map of {title} of {len(names):,} alleles with each other in {plain(group)}.",
        height=680,
    )
    places = list(range(len(names)))
    labels = [short(name, _NAME_CHARS) for name in names]
    figure.add_heatmap(
        x=places,
        y=places,
        z=shown,
        zmin=0,
        zmax=1,
        colorscale=_SCALES[theme],
        colorbar={"title": {"text": title}, "thickness": 14},
        text=labels,
        customdata=[[f"{a}<br>{b}" for b in labels] for a in labels],
        hovertemplate=f"<b>%{{customdata}}</b><br>{title} %{{z:.4f}}<extra></extra>",
        hoverongaps=False,
    )
    step = -(-len(names) // _LABELLED)
    ticks = {"tickmode": "array", "tickvals": places[::step], "ticktext": labels[::step]}
    figure.update_xaxes(**ticks, tickangle=-60, showgrid=False, tickfont={"size": 10})
    figure.update_yaxes(
        **ticks, autorange="reversed", showgrid=False, tickfont={"size": 10}, scaleanchor="x"
    )
    figure.update_xaxes(constrain="domain")
    figure.update_yaxes(constrain="domain")
    return figure


def haplotype_bars(
    frame: pl.DataFrame, populations: Sequence[str], *, theme: Theme = "light"
) -> go.Figure:
    """Draw each group's haplotypes as one stacked bar; rows of `Lake.haplotypes`.

    `populations` are the codes of the groups drawn, in order. The MOST_HAPLOTYPES commonest
    over those groups have a colour and a pattern each, the others are one piece.
    """
    own = frame.filter(pl.col("population").is_in(list(populations)))
    ranked = (
        own.group_by("haplotype", maintain_order=True)
        .agg(pl.col("count").sum())
        .sort("count", descending=True, maintain_order=True)["haplotype"]
        .to_list()
    )
    figure = base_figure(
        title=f"{count(len(ranked))} haplotypes",
        subtitle="Share of the copies of the chromosome in each group",
        x_title="Group",
        y_title="Share of copies (0 to 1)",
        alt=f"Stacked bars of the shares of {len(ranked)} haplotypes in {len(populations)} groups.",
        height=460,
    )
    labels = [short(code, 16) for code in populations]
    for place, name in enumerate(ranked[:MOST_HAPLOTYPES]):
        _piece(figure, own.filter(haplotype=name), populations, labels, short(name, 40), place)
    rest = own.filter(pl.col("haplotype").is_in(ranked[MOST_HAPLOTYPES:]))
    if not rest.is_empty():
        summed = rest.group_by("population").agg(
            pl.col("count", "frequency").sum(), pl.col("n").first()
        )
        others = f"{len(ranked) - MOST_HAPLOTYPES:,} others"
        _piece(figure, summed, populations, labels, others, None)
    figure.update_layout(barmode="stack", bargap=0.25, legend=LEGEND_BELOW)
    figure.update_xaxes(type="category")
    figure.update_yaxes(range=[0, 1.001])
    if theme == "dark":
        figure.update_traces(marker_pattern_fgcolor="#000000")
    return figure


def _piece(
    figure: go.Figure,
    rows: pl.DataFrame,
    populations: Sequence[str],
    labels: Sequence[str],
    name: str,
    place: int | None,
) -> None:
    by_code = {row["population"]: row for row in rows.iter_rows(named=True)}
    found = [by_code.get(code) for code in populations]
    figure.add_bar(
        x=list(labels),
        y=[0 if row is None else row["frequency"] for row in found],
        name=name,
        marker={
            "color": _OTHERS if place is None else _COLOURS[place],
            "pattern": {"shape": "" if place is None else _PATTERNS[place], "solidity": 0.2},
            "line": {"width": 0},
        },
        customdata=[
            ["0", "–"] if row is None else [count(row["count"]), count(row["n"])] for row in found
        ],
        hovertemplate=f"<b>{name}</b><br>%{{x}}: %{{y:.4f}}<br>%{{customdata[0]}} of "
        "%{customdata[1]} copies<extra></extra>",
    )


def ld_decay_lines(frame: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the mean r² by distance of each super-population; rows of `gold.ld_decay`."""
    codes = frame["super_population"].cast(pl.String).unique().to_list()
    figure = base_figure(
        title="Linkage decays with distance",
        subtitle="Mean r² of pairs of common SNVs, by super-population",
        x_title="Distance of the two (bases)",
        y_title="Mean r² (0 to 1)",
        alt=f"Lines of the mean r² by distance in {len(codes)} super-populations.",
        height=480,
    )
    colours = colour_of_supers(codes, theme) or {}
    for place, (code, colour) in enumerate(colours.items()):
        rows = frame.filter(
            pl.col("super_population").cast(pl.String) == code, pl.col("r2").is_not_null()
        ).sort("distance_from")
        figure.add_scatter(
            x=((rows["distance_from"] + rows["distance_to"]) / 2).to_list(),
            y=rows["r2"].to_list(),
            mode="lines+markers",
            name=plain(code),
            line={"color": colour or colour_of_all(theme), "width": 1.6},
            marker={"symbol": _MARKS[place % len(_MARKS)], "size": 5},
            customdata=[
                [f"{a:,} to {b:,}", f"{n:,}"]
                for a, b, n in rows.select("distance_from", "distance_to", "pairs").iter_rows()
            ],
            hovertemplate=f"{heading_of(code)}<br>mean r² %{{y:.4f}}<br>%{{customdata[0]}} bases"
            "<br>%{customdata[1]} pairs<extra></extra>",
        )
    figure.update_xaxes(type="log", dtick=1, tickformat=",d")
    figure.update_yaxes(rangemode="tozero")
    figure.update_layout(legend=LEGEND_BELOW)
    return figure
