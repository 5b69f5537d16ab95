"""One sample's count among those of all samples, population by population."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import label_axis
from medallion.figures.groups import NO_SUPER, colour_of_all, group_axis
from medallion.figures.style import base_figure, plain, plural, short

__all__ = ["SAMPLE_MEASURES", "SampleMeasure", "sample_among_others"]

_NAME_CHARS = 40


@dataclass(frozen=True)
class SampleMeasure:
    """A column of `gold.samples` as it is put to a reader; `whole` tells a count."""

    title: str
    unit: str
    meaning: str
    whole: bool = True


SAMPLE_MEASURES: dict[str, SampleMeasure] = {
    "het": SampleMeasure(
        "Heterozygous calls",
        "Records",
        "Calls of two or more copies that are not all of one allele.",
    ),
    "hom_alt": SampleMeasure(
        "Homozygous ALT calls", "Records", "Calls of two or more copies, all of one ALT allele."
    ),
    "singletons": SampleMeasure(
        "Singletons", "Alleles", "ALT alleles of which it has the only copy of the lake."
    ),
    "missing": SampleMeasure("Missing calls", "Records", "Records without a whole call."),
    "het_hom_ratio": SampleMeasure(
        "Heterozygous / homozygous ALT",
        "Ratio",
        "High in populations of large size or mixed ancestry, low where parents are related.",
        whole=False,
    ),
    "ti_tv": SampleMeasure(
        "Transitions / transversions",
        "Ratio",
        "Transitions (A↔G, C↔T) to transversions among the SNVs it carries. Much below 2 over "
        "a whole genome tells of errors.",
        whole=False,
    ),
    "f": SampleMeasure(
        "Inbreeding coefficient F",
        "F",
        "F = 1 − observed / expected heterozygous calls (Purcell et al. 2007), expected from the "
        "frequencies over all samples, as plink --het. Samples of several populations have "
        "fewer heterozygous calls than expected merely because the populations differ "
        "(Wahlund 1928), so F above 0 here is no sign that parents were related.",
        whole=False,
    ),
}


def sample_among_others(
    samples: pl.DataFrame,
    name: str,
    measure: str,
    *,
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> go.Figure:
    """Draw `measure` (a key of SAMPLE_MEASURES) of each population's samples as a box.

    `samples` is `gold.samples`. The sample called `name` is a star on its population's
    box, with a line across. Boxes are quartiles, whiskers reach to 1.5 interquartile
    ranges, and samples beyond them are points.

    Raises ValueError where no sample has that name.
    """
    kind = SAMPLE_MEASURES[measure]
    own = samples.filter(pl.col("sample") == name)
    if own.is_empty():
        raise ValueError(f"no sample is called {name!r}")
    value, home = own[measure][0], own["population"].cast(pl.String)[0]
    known = samples.filter(pl.col(measure).is_not_null())
    axis = group_axis(known["population"].cast(pl.String).to_list(), parents, theme)
    figure = base_figure(
        title=f"{kind.title}: {short(name, _NAME_CHARS)}",
        subtitle="★ among the samples of each population",
        x_title="Population",
        y_title=kind.unit,
        alt=_summary(kind, known, name, home, value),
        height=440,
    )
    label_axis(figure, axis)
    groups = {
        str(code): rows
        for (code,), rows in known.group_by(
            pl.col("population").cast(pl.String), maintain_order=True
        )
    }
    for span in axis.spans:
        for code in span.populations:
            rows = groups[code]
            figure.add_box(
                x=[axis.positions[code]] * rows.height,
                y=rows[measure].to_list(),
                name=plain("none" if code == NO_SUPER else code),
                customdata=[short(each, _NAME_CHARS) for each in rows["sample"]],
                hovertemplate="<b>%{customdata}</b><br>"
                + ("%{y:,}" if kind.whole else "%{y:.4g}")
                + "<extra></extra>",
                marker={"color": span.colour, "size": 4},
                line={"color": span.colour, "width": 1.5},
                boxpoints="outliers",
                showlegend=False,
                width=0.7,
            )
    if value is not None and home in axis.positions:
        figure.add_hline(y=value, line={"color": colour_of_all(theme), "width": 1, "dash": "dot"})
        figure.add_scatter(
            x=[axis.positions[home]],
            y=[value],
            mode="markers",
            marker={"symbol": "star", "size": 16, "color": colour_of_all(theme)},
            hovertemplate=f"<b>{short(name, _NAME_CHARS)}</b><br>{_number(value, kind)}"
            "<extra></extra>",
            showlegend=False,
        )
    if kind.whole:
        figure.update_yaxes(tickformat=",", rangemode="nonnegative")
    return figure.figure()


def _number(value: float, kind: SampleMeasure) -> str:
    return f"{value:,}" if kind.whole else f"{value:.4g}"


def _summary(
    kind: SampleMeasure, known: pl.DataFrame, name: str, home: str, value: float | None
) -> str:
    where = f"Box plot of {kind.title.lower()} of {plural(known.height, 'sample')} by population. "
    if value is None:
        return where + f"{plain(name)} has no value."
    return where + f"{plain(name)}, of {plain(home)}, has {_number(value, kind)}."
