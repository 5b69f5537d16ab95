"""Diversity within each group: a dot a population, lines for their super-populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW, label_axis, reference_line
from medallion.figures.groups import NO_SUPER, colour_of_all, group_axis, heading_of
from medallion.figures.marks import marks_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, extremes, plain, plural

__all__ = ["DIVERSITY", "Statistic", "group_diversity"]


@dataclass(frozen=True)
class Statistic:
    """A column of `gold.populations`, or two that belong together, put to a reader.

    `unit` is the y axis title; `meaning` has the formula and `source` where it is from.
    `columns` gives each column's name in the legend; the first has filled marks, the
    second open ones.
    """

    title: str
    unit: str
    columns: Mapping[str, str]
    meaning: str
    source: str
    zero: bool = False


DIVERSITY: dict[str, Statistic] = {
    "pi": Statistic(
        "Nucleotide diversity",
        "π (differences per base)",
        {"pi": "π"},
        "π: mean number of differences between two copies of the sequence, over SNVs, divided by "
        "the bases from first to last record, all of which are taken for accessible.",
        "Nei & Li 1979, https://doi.org/10.1073/pnas.76.10.5269",
    ),
    "theta_w": Statistic(
        "Watterson's θ",
        "θ (per base)",
        {"theta_w": "θ"},
        "θ = S / a, S the segregating SNV sites and a = 1 + 1/2 + … + 1/(n − 1) for n alleles, per "
        "base. Rare alleles weigh more than in π; without selection and growth the two agree.",
        "Watterson 1975, https://doi.org/10.1016/0040-5809(75)90020-9",
    ),
    "tajima_d": Statistic(
        "Tajima's D",
        "D (standard deviations)",
        {"tajima_d": "D"},
        "D = (π − θ) / its standard deviation. Below 0: more rare alleles than in a population of "
        "constant size, as growth or selection make them; above 0: fewer.",
        "Tajima 1989, https://doi.org/10.1093/genetics/123.3.585",
        zero=True,
    ),
    "heterozygosity": Statistic(
        "Heterozygosity",
        "Share of samples (0 to 1)",
        {"het_observed": "observed", "het_expected": "expected"},
        "Observed: share of heterozygotes among diploid calls. Expected under random mating: "
        "2n / (2n − 1) · 2p(1 − p). Both are means over SNVs with one ALT, whether the group "
        "varies there or not.",
        "Nei 1978, https://doi.org/10.1093/genetics/89.3.583",
    ),
    "f": Statistic(
        "F, the lack of heterozygotes",
        "F (1 − observed / expected)",
        {"f": "F"},
        "F = 1 − sum of observed / sum of expected heterozygosity. Above 0 with inbreeding, or "
        "where the group is a mixture of several (Wahlund): so ALL and super-populations are high.",
        "Nei 1978, https://doi.org/10.1093/genetics/89.3.583",
        zero=True,
    ),
}
"""What a page can compare groups by, beside the counts of `populations.MEASURES`."""

_OPEN = "-open"


def group_diversity(
    frame: pl.DataFrame,
    statistic: str,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw `statistic` (a key of `DIVERSITY`) for each population.

    `frame` is `gold.populations`. A dotted line across its populations is a
    super-population's own value, a dashed one across the figure that of all samples.
    """
    kind = DIVERSITY[statistic]
    rows: dict[str, dict[str, dict[str, Any]]] = {
        level: {row["population"]: row for row in frame.filter(
            pl.col("level").cast(pl.String) == level).iter_rows(named=True)}
        for level in ("population", "super_population", "all")
    }  # fmt: skip
    axis = group_axis(rows["population"], parents, theme)
    first = next(iter(kind.columns))
    figure = base_figure(
        title=kind.title,
        subtitle="In each population"
        + ("" if len(kind.columns) == 1 else f"; lines: {kind.columns[first]}"),
        x_title="Population",
        y_title=kind.unit,
        alt=_summary(kind, {c: r[first] for c, r in rows["population"].items()}),
        height=440,
    )
    label_axis(figure, axis)
    marks = marks_of(axis.positions, "population", parents=parents, theme=theme)
    for place, (column, name) in enumerate(kind.columns.items()):
        codes = [code for code in axis.positions if rows["population"][code][column] is not None]
        if len(kind.columns) > 1:
            _in_legend(figure, name, colour_of_all(theme), _OPEN if place else "")
        figure.add_scatter(
            x=[axis.positions[code] for code in codes],
            y=[rows["population"][code][column] for code in codes],
            mode="markers",
            name=name,
            marker={
                "color": [marks[code].colour for code in codes],
                "symbol": [marks[code].symbol + (_OPEN if place else "") for code in codes],
                "size": 10,
                "line": {"width": 1.5 if place else 0},
            },
            customdata=[[_hover(rows["population"][code], kind)] for code in codes],
            hovertemplate="%{customdata[0]}<extra></extra>",
            showlegend=False,
        )
    drawn = False
    for span in axis.spans:
        row = rows["super_population"].get(span.code)
        if span.code != NO_SUPER and row is not None and row[first] is not None:
            reference_line(
                figure, span, row[first], hover=_hover(row, kind), show_in_legend=not drawn
            )
            drawn = True
    for row in rows["all"].values():
        if row[first] is not None:
            _everyone(figure, row, first, kind, axis.width, theme)
    if kind.zero:
        figure.add_hline(y=0, line={"color": colour_of_all(theme), "width": 1})
    figure.update_yaxes(tickformat="~g", zeroline=False)
    figure.update_layout(margin={"t": 92}, legend=LEGEND_BELOW)
    return figure.figure()


def _in_legend(figure: Sketch, name: str, colour: str, suffix: str) -> None:
    """Add a mark in no population's colour to the legend."""
    figure.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        name=name,
        marker={"color": colour, "symbol": f"circle{suffix}", "size": 10},
        hoverinfo="skip",
    )


def _everyone(
    figure: Sketch, row: Mapping[str, Any], column: str, kind: Statistic, width: float,
    theme: Theme,
) -> None:  # fmt: skip
    figure.add_scatter(
        x=[-0.6, width / 2, width + 0.6],
        y=[row[column]] * 3,
        mode="lines",
        line={"color": colour_of_all(theme), "width": 1.5, "dash": "dash"},
        name="all samples",
        hovertemplate=_hover(row, kind) + "<extra></extra>",
    )


def _hover(row: Mapping[str, Any], kind: Statistic) -> str:
    head = "<b>All samples</b>" if row["level"] == "all" else heading_of(row["population"])
    values = [
        f"{plain(name)} {'–' if row[column] is None else format(row[column], '.4g')}"
        for column, name in kind.columns.items()
    ]
    return f"{head}<br>{'<br>'.join(values)}<br>{plural(row['samples'], 'sample')}"


def _summary(kind: Statistic, values: Mapping[str, float | None]) -> str:
    known = {code: value for code, value in values.items() if value is not None}
    if not known:
        return f"{kind.title}: no population has a value."
    return (
        f"Dots of {kind.title} in {plural(len(known), 'population')}: "
        f"{extremes(known, '{:.4g}'.format)}."
    )
