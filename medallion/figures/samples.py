"""Who the samples are: by population, super-population and sex."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import UNASSIGNED, Theme
from medallion.figures.grouped import LEGEND_BELOW, label_axis
from medallion.figures.groups import NO_SUPER, group_axis, heading_of, name_of
from medallion.figures.style import NEUTRAL, base_figure, count, plain, plural, short

__all__ = ["samples_by_population", "samples_sunburst"]

# Shade and hatching, so that neither alone has to carry the difference.
_SEXES: dict[str, tuple[float, str]] = {
    "female": (1.0, ""),
    "male": (0.55, ""),
    "unknown": (0.35, "/"),
}


def _tally(samples: pl.DataFrame) -> pl.DataFrame:
    """Count samples by population, super-population and sex; absent words become plain ones."""
    sex = pl.col("sex").cast(pl.String).str.to_lowercase()
    return (
        samples.select(
            pl.col("population").cast(pl.String).fill_null(UNASSIGNED),
            pl.col("super_population").cast(pl.String).fill_null(NO_SUPER),
            pl.when(sex.is_in(["female", "male"]))
            .then(sex)
            .otherwise(pl.lit("unknown"))
            .alias("sex"),
        )
        .group_by("population", "super_population", "sex")
        .len("samples")
        .sort("population", "super_population", "sex")
    )


def _parents(tally: pl.DataFrame) -> dict[str, str | None]:
    return dict(tally.select("population", "super_population").rows())


def samples_by_population(samples: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw the number of samples in each population, females and males stacked.

    `samples` is rows of `silver.samples`: population, super_population, sex.
    """
    tally = _tally(samples)
    axis = group_axis(tally["population"].to_list(), _parents(tally), theme)
    counts = {(code, sex): n for code, _, sex, n in tally.rows()}
    totals = dict(tally.group_by("population").agg(pl.col("samples").sum()).rows())
    figure = base_figure(
        title=plural(samples.height, "sample"),
        subtitle="By population and sex",
        x_title="Population",
        y_title="Samples",
        alt=f"Stacked bar chart of {plural(samples.height, 'sample')} in "
        f"{plural(len(totals), 'population')} by sex.",
        height=440,
    )
    label_axis(figure, axis)
    present = set(tally["sex"].to_list())
    for sex, (opacity, pattern) in _SEXES.items():
        if sex not in present:
            continue
        # An empty bar in grey stands for the sex in the legend, whatever the colour.
        figure.add_bar(
            x=[None],
            y=[None],
            name=sex,
            legendgroup=sex,
            opacity=opacity,
            marker={"color": NEUTRAL, "pattern": {"shape": pattern}, "line": {"width": 0}},
        )
        for span in axis.spans:
            codes = [code for code in span.populations if (code, sex) in counts]
            figure.add_bar(
                x=[axis.positions[code] for code in codes],
                y=[counts[code, sex] for code in codes],
                width=0.84,
                opacity=opacity,
                marker={
                    "color": span.colour,
                    "pattern": {"shape": pattern},
                    "line": {"width": 0},
                },
                name=sex,
                legendgroup=sex,
                showlegend=False,
                customdata=[[_hover(code, sex, counts[code, sex], totals[code])] for code in codes],
                hovertemplate="%{customdata[0]}<extra></extra>",
            )
    figure.update_yaxes(tickformat=",", rangemode="tozero")
    figure.update_layout(
        barmode="stack",
        margin={"t": 92},
        legend=LEGEND_BELOW,
    )
    return figure.figure()


def samples_sunburst(samples: pl.DataFrame, *, theme: Theme = "light") -> go.Figure:
    """Draw samples as rings: super-populations within, populations around, sexes outside.

    `samples` is rows of `silver.samples`: population, super_population, sex.
    """
    tally = _tally(samples)
    axis = group_axis(tally["population"].to_list(), _parents(tally), theme)
    totals = dict(tally.group_by("population").agg(pl.col("samples").sum()).rows())
    by_sex = {(code, sex): n for code, _, sex, n in tally.rows()}
    ids: list[str] = []
    labels: list[str] = []
    above: list[str] = []
    values: list[int] = []
    colours: list[str] = []
    hover: list[str] = []

    def add(key: str, label: str, parent: str, value: int, colour: str, text: str) -> None:
        ids.append(key)
        labels.append(label)
        above.append(parent)
        values.append(value)
        colours.append(colour)
        hover.append(text)

    for place, span in enumerate(axis.spans):
        key = f"s{place}"
        total = sum(totals[code] for code in span.populations)
        add(
            key,
            short(span.code, 12),
            "",
            total,
            span.colour,
            f"<b>{plain(name_of(span.code))}</b><br>{plural(total, 'sample')}",
        )
        for code in span.populations:
            inner = f"{key}p{len(ids)}"
            add(
                inner,
                short(code, 12),
                key,
                totals[code],
                span.colour,
                f"{heading_of(code)}<br>{plural(totals[code], 'sample')}",
            )
            for sex in _SEXES:
                n = by_sex.get((code, sex))
                if n:
                    add(
                        f"{inner}{sex}",
                        sex[0].upper(),
                        inner,
                        n,
                        span.colour,
                        _hover(code, sex, n, totals[code]),
                    )
    figure = base_figure(
        title=plural(samples.height, "sample"),
        subtitle="Super-population, population, sex (F, M, U: unknown)",
        x_title="",
        y_title="",
        alt=f"Sunburst of {plural(samples.height, 'sample')} by super-population, population, sex.",
        height=520,
    )
    figure.add_sunburst(
        ids=ids,
        labels=labels,
        parents=above,
        values=values,
        branchvalues="total",
        marker={"colors": colours, "line": {"width": 1}},
        customdata=[[text] for text in hover],
        hovertemplate="%{customdata[0]}<extra></extra>",
        insidetextorientation="auto" if len(axis.spans) == 1 else "radial",
        # Plotly chooses black or white to suit each part, but for a lone one in the middle.
        outsidetextfont={"color": _ink_on(colours[0])} if len(axis.spans) == 1 else None,
        sort=False,
    )
    return figure.figure()


def _ink_on(colour: str) -> str:
    """Return black or white, whichever reads better on a colour (#RRGGBB)."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#000000" if 0.299 * red + 0.587 * green + 0.114 * blue > 128 else "#ffffff"


def _hover(code: str, sex: str, n: int, total: int) -> str:
    word = "sex unknown" if sex == "unknown" else sex
    return f"{heading_of(code)}<br>{count(n)} {word} of {plural(total, 'sample')}"
