"""A stretch of a chromosome as tracks on one axis: density, diversity, FST, frequencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.catalog.populations import ALL
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import colour_of_all, colour_of_supers, heading_of
from medallion.figures.marks import heat_bar, heat_scale
from medallion.figures.sketch import Sketch, stacked
from medallion.figures.steps import add_steps
from medallion.figures.style import GRID, base_figure, count, frequency, plain, plural, short

__all__ = ["MOST_DOTS", "Tracks", "level_of", "region_tracks"]

MOST_DOTS = 3000
"""The most alleles that are drawn one by one; more are drawn as a heat map."""

# Okabe & Ito's colours, safe for the colour-blind, and a mark each.
_TYPES: dict[str, tuple[str, str, str]] = {
    "snv": ("#0072b2", "#56b4e9", "circle"),
    "insertion": ("#009e73", "#2fd6a3", "triangle-up"),
    "deletion": ("#d55e00", "#ff8c42", "triangle-down"),
    "indel": ("#aa4499", "#dd88cc", "diamond"),
    "mnv": ("#cc79a7", "#f0a8cf", "square"),
    "sv": ("#7a5c00", "#e6c200", "star"),
}
_OTHER = ("#777777", "#999999", "x")
_MARKS = ("circle", "square", "diamond", "triangle-up", "triangle-down", "pentagon", "star")
_HEIGHTS = (1.0, 1.2, 1.2, 1.0, 2.0)
_ALLELE_CHARS = 12
_LEAST_FST = 0.02  # FST within it is hardly any, so it is drawn as little


@dataclass(frozen=True)
class Tracks:
    """What is drawn. `start` and `end` are 1-based and included.

    density: start, variant_type, alleles in bins of `bin_width` bases. windows: rows of
    `gold.windows` of one size. fst: start, end, fst, highest_pair, highest_fst. dots: rows
    of `gold.variants`, or None where there are too many; then `heat` has start, frequency
    (the class's number) and alleles, `classes` the bounds of the classes. picked: the
    `pos` and `af` of the allele that is marked, or None. whose: a cohort's name, where `af`
    of the dots is in it; "": in all samples.
    """

    chrom: str
    start: int
    end: int
    total: int
    bin_width: int
    density: pl.DataFrame
    windows: pl.DataFrame
    fst: pl.DataFrame
    dots: pl.DataFrame | None
    heat: pl.DataFrame | None
    classes: Sequence[float]
    picked: tuple[int, float] | None = None
    whose: str = ""


def region_tracks(tracks: Tracks, *, theme: Theme = "light") -> go.Figure:
    """Draw the tracks, one above the other, on one axis of positions.

    A dot of the last track carries the allele's place among the rows of `dots` as its
    `customdata[0]`.
    """
    figure = stacked(_HEIGHTS, 0.035)
    _frame(figure, tracks)
    _density(figure, tracks, theme)
    for row, column, title, form in (
        (2, "pi", "π per base", ".3g"), (3, "tajima_d", "Tajima's D", ".3f"),
    ):  # fmt: skip
        _lines(figure, tracks, column, row, title, form, theme)
    _fst(figure, tracks, theme)
    if tracks.dots is not None:
        _dots(figure, tracks.dots, tracks.whose, theme)
    elif tracks.heat is not None:
        _heat(figure, tracks, theme)
    if tracks.picked is not None:
        pos, af = tracks.picked
        height = af if tracks.dots is not None else _classes(tracks.classes)[_rank(tracks, af)]
        _picked(figure, (pos, height), theme)
    figure.update_xaxes(
        range=[tracks.start - 0.5, tracks.end + 0.5],
        gridcolor=GRID,
        zeroline=False,
        tickformat=",d",
    )
    figure.update_xaxes(
        title={"text": f"Position on chromosome {short(tracks.chrom, 20)} (bases, 1-based)"},
        nticks=6, row=5,
    )  # fmt: skip
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=GRID, automargin=True)
    for row in range(1, 5):
        figure.update_yaxes(nticks=4, row=row)
    # Dragging chooses a stretch; panning would show what has not been read.
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True)
    figure.update_layout(dragmode="select")
    # Room for axes and legends from the start: plotly draws all again where it has to make some.
    figure.update_layout(margin={"l": 112, "b": 104 if tracks.heat is None else 176})
    if tracks.heat is not None:  # above the bar of colours
        figure.update_layout(legend={"y": 0.075})
    return figure.figure()


def _frame(figure: Sketch, tracks: Tracks) -> None:
    """Give the figure the shared look, its title and its sentence."""
    name = f"{short(tracks.chrom, 20)}:{tracks.start:,}-{tracks.end:,}"
    shown = "each a dot" if tracks.dots is not None else "counted by frequency: zoom in to see each"
    base = base_figure(
        title=name,
        subtitle=f"{plural(tracks.total, 'allele')}, {shown}",
        x_title="",
        y_title="",
        alt=f"Five tracks along {plain(tracks.chrom)} from {tracks.start:,} to {tracks.end:,}: "
        f"density of {plural(tracks.total, 'allele')}, nucleotide diversity, Tajima's D "
        "and FST by window, and allele frequencies.",
        height=860,
    )
    shared = {name: each for name, each in base.layout.items() if name not in ("xaxis", "yaxis")}
    figure.update_layout(**shared)
    figure.update_layout(
        barmode="stack",
        bargap=0,
        selectdirection="h",
        legend={**LEGEND_BELOW, "x": 0, "xanchor": "left", "itemsizing": "constant"},
    )


def _style(kind: str, theme: Theme) -> tuple[str, str]:
    light, dark, mark = _TYPES.get(kind, _OTHER)
    return (dark if theme == "dark" else light), mark


def _kinds(column: pl.Series) -> list[str]:
    order = list(_TYPES)
    found = column.cast(pl.String).unique().to_list()
    return sorted(found, key=lambda k: (order.index(k) if k in order else len(order), k))


def _density(figure: Sketch, tracks: Tracks, theme: Theme) -> None:
    width = tracks.bin_width
    for kind in _kinds(tracks.density["variant_type"]):
        rows = tracks.density.filter(pl.col("variant_type") == kind)
        colour, _ = _style(kind, theme)
        figure.add_bar(
            x=[start + width / 2 - 0.5 for start in rows["start"]],
            y=rows["alleles"].to_list(),
            width=width,
            name=plain(kind),
            legendgroup=kind,
            showlegend=tracks.dots is None,
            marker={"color": colour, "line": {"width": 0}},
            customdata=[[f"{s:,} to {s + width - 1:,}"] for s in rows["start"]],
            hovertemplate=f"<b>{plain(kind)}</b><br>%{{customdata[0]}}<br>%{{y:,}} alleles"
            "<extra></extra>",
            row=1,
        )
    figure.update_yaxes(title={"text": f"Alleles / {_bases(width)}"}, tickformat=",", row=1)


def _bases(width: int) -> str:
    for unit, size in (("Mb", 1_000_000), ("kb", 1000)):
        if width >= size:
            return f"{width / size:g} {unit}"
    return f"{width} bp"


def _absent(figure: Sketch, row: int, words: str) -> None:
    """Say why a track is empty. An axis without a trace is not drawn: words stand there."""
    low, high = figure.layout[f"yaxis{row}"]["domain"]
    figure.add_annotation(
        text=words, x=0, xref="paper", xanchor="left", y=(low + high) / 2, yref="paper",
        showarrow=False,
    )  # fmt: skip


def level_of(windows: pl.DataFrame) -> str:
    """Return the level of the groups that are drawn of rows of `gold.windows`.

    Populations are there where no super-populations can be compared; else those are drawn,
    or all samples together.
    """
    levels = windows["level"].cast(pl.String).unique().to_list()
    return next((each for each in ("population", "super_population") if each in levels), "all")


def _lines(
    figure: Sketch, tracks: Tracks, column: str, row: int, title: str, form: str, theme: Theme
) -> None:
    level = level_of(tracks.windows)
    windows = tracks.windows.filter(pl.col("level").cast(pl.String) == level)
    drawn = windows["population"].cast(pl.String).unique().to_list()
    colours = colour_of_supers(drawn, theme) if level != "all" else {ALL: colour_of_all(theme)}
    marks = dict(zip(colours, _MARKS * (1 + len(colours) // len(_MARKS)), strict=False))
    known = windows.filter(pl.col(column).is_not_null())
    if known.is_empty():
        _absent(figure, row, f"{title} is not known here: it wants SNVs that vary in a group.")
        return
    figure.update_yaxes(title={"text": title}, tickformat="~g", row=row)
    if known[column].n_unique() == 1:  # of one value alone plotly draws from 1 below it to 1 above
        figure.update_yaxes(range=_span(known[column], 0), row=row)
    for code, colour in colours.items():
        add_steps(
            figure,
            known.filter(pl.col("population") == code).sort("start"),
            column,
            (tracks.start, tracks.end),
            lambda w: [f"{w['start']:,} to {w['end']:,}", count(w["segregating_sites"])],
            {"symbol": marks[code], "color": colour},
            name=plain(code),
            legendgroup=f"group {plain(code)}",
            showlegend=row == 2,
            hovertemplate=f"{heading_of(code)}<br>%{{y:{form}}}<br>window %{{customdata[0]}}"
            "<br>%{customdata[1]} segregating sites<extra></extra>",
            row=row,
        )


def _span(values: pl.Series, least: float) -> list[float]:
    """Return the range of an axis that holds the values, 0, and `least` above it, with room."""
    low, high = min(0.0, *values), max(0.0, least, *values)
    room = 0.1 * ((high - low) or 1.0)
    return [low - room, high + room]


def _fst(figure: Sketch, tracks: Tracks, theme: Theme) -> None:
    rows = tracks.fst.drop_nulls("fst")
    if rows.is_empty():
        _absent(
            figure,
            4,
            "FST is not known here: it wants two groups, and alleles that vary.",
        )
        return
    figure.update_yaxes(title={"text": "FST"}, range=_span(rows["fst"], _LEAST_FST), row=4)
    add_steps(
        figure,
        rows.sort("start"),
        "fst",
        (tracks.start, tracks.end),
        lambda w: [f"{w['start']:,} to {w['end']:,}", plain(w["highest_pair"]), w["highest_fst"]],
        {"color": colour_of_all(theme)},
        name="mean FST",
        showlegend=False,
        hovertemplate="<b>Mean FST of the pairs</b><br>%{y:.4f}<br>window %{customdata[0]}"
        "<br>highest: %{customdata[1]}, %{customdata[2]:.4f}<extra></extra>",
        row=4,
    )


def _dots(figure: Sketch, dots: pl.DataFrame, whose: str, theme: Theme) -> None:
    rows = dots.with_row_index("place")
    for kind in _kinds(dots["variant_type"]):
        own = rows.filter(pl.col("variant_type").cast(pl.String) == kind)
        colour, mark = _style(kind, theme)
        figure.add_scatter(
            x=own["pos"].to_list(),
            y=own["af"].to_list(),
            mode="markers",
            name=plain(kind),
            legendgroup=kind,
            marker={"color": colour, "symbol": mark, "size": 7, "opacity": 0.8},
            customdata=[[r["place"], _hover(r, whose)] for r in own.iter_rows(named=True)],
            hovertemplate="%{customdata[1]}<extra></extra>",
            cliponaxis=False,
            row=5,
        )
    title = f"AF in {short(whose, 16)}" if whose else "Allele frequency"
    figure.update_yaxes(title={"text": title}, range=[-0.03, 1.03], row=5)


def _hover(row: dict[str, Any], whose: str) -> str:
    change = f"{short(row['ref'], _ALLELE_CHARS)} → {short(row['alt'], _ALLELE_CHARS)}"
    known = "" if row["id"] is None else f" · {short(row['id'], 24)}"
    of = (
        f" in {short(whose, 40)}"
        if whose
        else f": {count(row['ac'])} of {count(row['an'])} alleles"
    )
    return (
        f"<b>{row['pos']:,} {change}</b>{known}<br>{plain(row['variant_type'])}"
        f"<br>frequency {frequency(row['af'])}{of}"
    )


def _heat(figure: Sketch, tracks: Tracks, theme: Theme) -> None:
    assert tracks.heat is not None  # noqa: S101 (said by the caller)
    names = _classes(tracks.classes)
    width = tracks.bin_width
    first = (tracks.start - 1) // width * width + 1
    starts = list(range(first, tracks.end + 1, width))
    place = {start: i for i, start in enumerate(starts)}
    counts: list[list[int | None]] = [[None] * len(starts) for _ in names]
    for start, rank, alleles in tracks.heat.select("start", "frequency", "alleles").iter_rows():
        if start in place:
            counts[rank][place[start]] = alleles
    most = max((n for row in counts for n in row if n), default=1)
    powers = [10**k for k in range(len(str(most)))]
    figure.add_heatmap(
        x=[start + width / 2 - 0.5 for start in starts],
        y=names,
        # Rare alleles outnumber common ones by far: a linear scale shows nothing else.
        z=[[None if n is None else math.log10(n) for n in row] for row in counts],
        zmin=0,
        zmax=max(1.0, math.log10(most)),
        colorscale=heat_scale("Viridis", theme),
        # Below, where the dots' legend is: beside it, it takes a third of a phone's width.
        colorbar=heat_bar(
            "alleles",
            tickvals=[math.log10(n) for n in powers],
            ticktext=[f"{n:,}" for n in powers],
        ),
        customdata=[
            [[f"{s:,} to {s + width - 1:,}", count(n)] for s, n in zip(starts, row, strict=True)]
            for row in counts
        ],
        hovertemplate="frequency %{y}<br>%{customdata[0]}<br>%{customdata[1]} alleles"
        "<extra></extra>",
        hoverongaps=False,
        row=5,
    )
    figure.update_yaxes(title={"text": "Allele frequency"}, type="category", row=5)


def _classes(bounds: Sequence[float]) -> list[str]:
    """Return the names of the classes of frequency."""
    ends = [f"{100 * bound:.3g}" for bound in bounds]
    return [f"{low}–{high} %" for low, high in pairwise(ends)]


def _rank(tracks: Tracks, af: float) -> int:
    """Return the number of the class that a frequency is in: above its first bound."""
    return sum(af > bound for bound in tracks.classes[1:-1])


def _picked(figure: Sketch, picked: tuple[int, float | str], theme: Theme) -> None:
    figure.add_scatter(
        x=[picked[0]],
        y=[picked[1]],
        mode="markers",
        marker={
            "symbol": "circle-open", "size": 18, "color": colour_of_all(theme), "line": {"width": 3}
        },
        hoverinfo="skip",
        showlegend=False,
        row=5,
    )  # fmt: skip
