"""One measure of `gold.populations` for every population, as a chart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW, label_axis, reference_line
from medallion.figures.groups import NO_SUPER, group_axis, heading_of
from medallion.figures.style import base_figure, count, extremes, plain, plural

__all__ = ["MEASURES", "Measure", "population_summary"]


@dataclass(frozen=True)
class Measure:
    """A column of `gold.populations` as it is put to a reader.

    `unit` is the y axis title. `adds_up` tells a count, for which a super-population's
    own value is on another scale, from a mean or a ratio, for which it is comparable.
    `from_zero` is false for a ratio whose distance from zero says nothing.
    """

    title: str
    unit: str
    meaning: str
    adds_up: bool
    from_zero: bool = True


MEASURES: dict[str, Measure] = {
    "polymorphic_alleles": Measure(
        "Polymorphic alleles",
        "Alleles",
        "ALT alleles of which the group has some copies, but not only copies.",
        adds_up=True,
    ),
    "singletons": Measure(
        "Singletons",
        "Alleles",
        "ALT alleles of which the group has exactly one copy.",
        adds_up=True,
    ),
    "private_alleles": Measure(
        "Private alleles",
        "Alleles",
        "ALT alleles that samples of the group carry and no sample outside it.",
        adds_up=True,
    ),
    "mean_heterozygosity": Measure(
        "Mean heterozygosity",
        "Share of samples (0 to 1)",
        "Share of called samples that are heterozygous, diploid calls only, averaged over "
        "ALT alleles.",
        adds_up=False,
    ),
    "ti_tv": Measure(
        "Transitions / transversions",
        "Ratio",
        "Transitions (A↔G, C↔T) to transversions among the group's polymorphic SNVs. About "
        "2.1 for the whole human genome.",
        adds_up=False,
        from_zero=False,
    ),
    "samples": Measure("Samples", "Samples", "Samples of the group in the VCF.", adds_up=True),
}


def population_summary(
    frame: pl.DataFrame,
    measure: str,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw `measure` (a key of `MEASURES`) for each population.

    `frame` is `gold.populations`: population, level, samples and the measure's column.
    """
    kind = MEASURES[measure]
    rows = {
        row["population"]: row
        for row in frame.filter(pl.col("level") == "population").iter_rows(named=True)
    }
    supers = {
        row["population"]: row[measure]
        for row in frame.filter(pl.col("level") == "super_population").iter_rows(named=True)
    }
    axis = group_axis(rows, parents, theme)
    known = {code: row[measure] for code, row in rows.items() if row[measure] is not None}
    figure = base_figure(
        title=kind.title,
        subtitle="In each population",
        x_title="Population",
        y_title=kind.unit,
        alt=_summary(kind, known),
        height=440,
    )
    label_axis(figure, axis)
    for span in axis.spans:
        codes = [code for code in span.populations if code in known]
        points = {
            "x": [axis.positions[code] for code in codes],
            "y": [known[code] for code in codes],
            "name": plain(span.code),
            "customdata": [
                [_hover(code, known[code], rows[code]["samples"], kind)] for code in codes
            ],
            "hovertemplate": "%{customdata[0]}<extra></extra>",
            "showlegend": False,
        }
        if kind.from_zero:
            figure.add_bar(
                **points, marker={"color": span.colour, "line": {"width": 0}}, width=0.84
            )
        else:
            figure.add_scatter(**points, mode="markers", marker={"color": span.colour, "size": 11})
    if not kind.adds_up:
        drawn = False
        for span in axis.spans:
            value = supers.get(span.code)
            if span.code != NO_SUPER and value is not None:
                reference_line(
                    figure,
                    span,
                    value,
                    hover=f"{heading_of(span.code)}<br>{_number(value, kind)}",
                    show_in_legend=not drawn,
                )
                drawn = True
    figure.update_yaxes(rangemode="tozero" if kind.from_zero else "normal")
    if kind.adds_up:
        figure.update_yaxes(tickformat=",")
    figure.update_layout(
        margin={"t": 92},
        legend=LEGEND_BELOW,
    )
    return figure.figure()


def _number(value: float, kind: Measure) -> str:
    return count(value) if kind.adds_up else f"{value:.4g}"


def _hover(code: str, value: float, samples: int, kind: Measure) -> str:
    return (
        f"{heading_of(code)}<br>{kind.title.lower()}: {_number(value, kind)}"
        f"<br>{plural(samples, 'sample')}"
    )


def _summary(kind: Measure, known: Mapping[str, float]) -> str:
    if not known:
        return f"{kind.title}: no population has a value."
    return (
        f"Chart of {kind.title.lower()} in {plural(len(known), 'population')}: "
        f"{extremes(known, lambda value: _number(value, kind))}."
    )
