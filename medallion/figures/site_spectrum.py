"""The site-frequency spectrum of several groups, beside what neutral theory expects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.groups import colour_of_all, heading_of
from medallion.figures.marks import Level, marks_of
from medallion.figures.style import base_figure, count, plain, short

__all__ = ["site_spectrum"]


def site_spectrum(
    frame: pl.DataFrame,
    m: int,
    *,
    kind: Literal["folded", "unfolded"],
    level: Level,
    measure: Literal["share", "sites"] = "share",
    neutral: Sequence[float] | None = None,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw the spectra of groups, each of `m` alleles, a line for each.

    `frame` has columns population, count (copies from 1) and sites (expected number of
    sites, classes in which a group does not vary left out). `neutral` gives the share of
    sites with 1, 2, ... copies where nothing but drift is at work.
    """
    derived = kind == "unfolded"
    by_share = measure == "share"
    codes = frame["population"].unique(maintain_order=True).to_list()
    figure = base_figure(
        title="Site-frequency spectrum",
        subtitle=f"{'Derived' if derived else 'Rarer'} allele, of {m} alleles drawn from a group",
        x_title=f"Copies of the {'derived' if derived else 'rarer'} allele, of {m}",
        y_title="Share of the sites that vary (%)" if by_share else "Sites",
        alt=_summary(frame, codes, m, kind),
        height=460,
    )
    for code, mark in marks_of(codes, level, parents=parents, theme=theme).items():
        rows = frame.filter(pl.col("population") == code).sort("count")
        sites = rows["sites"].to_list()
        total = sum(sites)
        if not total:
            continue
        figure.add_scatter(
            x=rows["count"].to_list(),
            y=[100 * value / total if by_share else value for value in sites],
            mode="lines+markers",
            name=short(code, 20),
            line={"color": mark.colour, "width": 1.8},
            marker={"symbol": mark.symbol, "size": 8},
            customdata=[[f"{value:,.1f}", f"{100 * value / total:.2f} %"] for value in sites],
            hovertemplate=f"{heading_of(code)}<br>%{{x}} of {m} copies<br>%{{customdata[0]}} "
            f"sites, %{{customdata[1]}} of the {count(total)} that vary<extra></extra>",
        )
    if neutral is not None and by_share:
        figure.add_scatter(
            x=list(range(1, len(neutral) + 1)),
            y=[100 * share for share in neutral],
            mode="lines",
            name="neutral, constant size",
            line={"color": colour_of_all(theme), "width": 1.5, "dash": "dash"},
            hovertemplate="Neutral, constant size: %{y:.2f} %<extra></extra>",
        )
    figure.update_yaxes(type="log", dtick=1, tickformat="~g" if by_share else ",")
    figure.update_xaxes(nticks=10, tickformat="d")
    figure.update_layout(
        legend={"orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom"}
    )
    return figure.figure()


def _summary(frame: pl.DataFrame, codes: Sequence[str], m: int, kind: str) -> str:
    parts = []
    for code in codes:
        rows = frame.filter(pl.col("population") == code)
        total = float(rows["sites"].sum())
        if total:
            once = float(rows.filter(pl.col("count") == 1)["sites"].sum())
            parts.append(f"{plain(code)} {once / total:.0%}")
    said = f" Share with one copy: {', '.join(parts)}." if parts else " No site varies."
    return f"Line chart of the {kind} site-frequency spectrum, {m} alleles a group.{said}"
