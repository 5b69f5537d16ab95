"""The frequency of one ALT allele in every population, as a bar chart.

Reads rows of `gold.frequencies`; computes nothing that is not in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW, label_axis, reference_line
from medallion.figures.groups import NO_SUPER, colour_of_all, group_axis, heading_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, count, frequency, plain, short

__all__ = ["frequency_by_population"]

_ALLELE_CHARS = 12


def frequency_by_population(
    frame: pl.DataFrame,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw one ALT allele's frequency in each population.

    `frame` holds the rows of `gold.frequencies` of one `variant`, one row per group:
    columns chrom, pos (1-based), ref, alt, population, level, ac, an, af, n_hom_ref,
    n_het, n_hom_alt, n_missing. Bars are the populations, ordered and coloured by
    super-population; a dotted line across its populations is a super-population's own
    frequency, a dashed one across the figure that of all samples. `parents` gives the
    super-population of populations that are not the project's 26. A group without a
    called allele is marked with a cross: it has no frequency, which is not zero.

    Raises ValueError where the frame holds more than one allele, or none.
    """
    rows: dict[str, list[dict[str, Any]]] = {"population": [], "super_population": [], "all": []}
    for row in frame.iter_rows(named=True):
        rows[row["level"]].append(row)
    alleles = frame.select("chrom", "pos", "ref", "alt").unique().rows()
    if len(alleles) != 1:
        msg = f"one allele is drawn at a time; the frame holds {len(alleles)}"
        raise ValueError(msg)
    name = _allele(*alleles[0])

    by_code = {row["population"]: row for row in rows["population"]}
    axis = group_axis(by_code, parents, theme)
    figure = base_figure(
        title=name,
        subtitle="Frequency of the ALT allele in each population",
        x_title="Population",
        y_title="ALT allele frequency (share of called alleles)",
        alt=_summary(name, rows),
        height=460,
    )
    label_axis(figure, axis)

    for span in axis.spans:
        called = [code for code in span.populations if _known(by_code[code])]
        figure.add_bar(
            x=[axis.positions[code] for code in called],
            y=[by_code[code]["af"] for code in called],
            marker={"color": span.colour, "line": {"width": 0}},
            width=0.84,
            name=plain(span.code),
            customdata=[[_hover(by_code[code])] for code in called],
            hovertemplate="%{customdata[0]}<extra></extra>",
            showlegend=False,
        )
    _mark_uncalled(figure, by_code, axis.positions, colour_of_all(theme))

    supers = {row["population"]: row for row in rows["super_population"]}
    drawn = False
    for span in axis.spans:
        super_row = supers.get(span.code)
        if span.code != NO_SUPER and super_row is not None and _known(super_row):
            reference_line(
                figure, span, super_row["af"], hover=_hover(super_row), show_in_legend=not drawn
            )
            drawn = True
    for row in rows["all"]:
        if _known(row):
            places = [-0.6, *axis.positions.values(), axis.width + 0.6]
            figure.add_scatter(
                x=places,
                y=[row["af"]] * len(places),
                mode="lines",
                line={"color": colour_of_all(theme), "width": 1.5, "dash": "dash"},
                name="all samples",
                hovertemplate=_hover(row) + "<extra></extra>",
            )

    top = max((row["af"] for row in frame.iter_rows(named=True) if _known(row)), default=0.0)
    figure.update_yaxes(range=[0, top * 1.08 if top else 0.01])
    figure.update_layout(
        bargap=0.1,
        legend=LEGEND_BELOW,
        margin={"t": 92},
    )
    return figure.figure()


def _known(row: Mapping[str, Any]) -> bool:
    return bool(row["an"]) and row["af"] is not None


def _allele(chrom: str, pos: int, ref: str, alt: str) -> str:
    change = f"{short(ref, _ALLELE_CHARS)} → {short(alt, _ALLELE_CHARS)}"
    return f"{short(chrom, 16)}:{pos:,} {change}"


def _hover(row: Mapping[str, Any]) -> str:
    lines = [
        "<b>All samples</b>" if row["level"] == "all" else heading_of(row["population"]),
        f"frequency {frequency(row['af'])}",
        f"{count(row['ac'])} of {count(row['an'])} called alleles",
        f"samples: {count(row['n_hom_ref'])} without it, {count(row['n_het'])} heterozygous,",
        f"{count(row['n_hom_alt'])} with only it, {count(row['n_missing'])} not called",
    ]
    return "<br>".join(lines)


def _mark_uncalled(
    figure: Sketch,
    by_code: Mapping[str, Mapping[str, Any]],
    positions: Mapping[str, float],
    colour: str,
) -> None:
    uncalled = [code for code in positions if not _known(by_code[code])]
    if not uncalled:
        return
    figure.add_scatter(
        x=[positions[code] for code in uncalled],
        y=[0.0] * len(uncalled),
        mode="markers",
        marker={"symbol": "x-thin", "size": 9, "line": {"width": 2, "color": colour}},
        name="no called allele",
        customdata=[[_hover(by_code[code])] for code in uncalled],
        hovertemplate="%{customdata[0]}<extra></extra>",
        cliponaxis=False,
    )


def _summary(name: str, rows: Mapping[str, list[dict[str, Any]]]) -> str:
    known = sorted(
        (row for row in rows["population"] if _known(row)), key=lambda row: -float(row["af"])
    )
    if not known:
        return f"Frequency of {name}: no population has a called allele."
    highest, lowest = known[0], known[-1]
    return (
        f"Bar chart of the frequency of {name} in {len(rows['population'])} populations: "
        f"highest in {highest['population']} ({frequency(highest['af'])}), "
        f"lowest in {lowest['population']} ({frequency(lowest['af'])})."
    )
