"""Alleles linked with one allele: r² against position, the allele itself marked."""

from __future__ import annotations

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import colour_of_all
from medallion.figures.style import base_figure, count, frequency, plain, plural, short

__all__ = ["MOST_DRAWN", "R2_BINS", "linkage_neighbours"]

MOST_DRAWN = 3000
"""The most points that are drawn: the strongest ones."""

R2_BINS = ((0.8, "0.8 to 1"), (0.6, "0.6 to 0.8"), (0.4, "0.4 to 0.6"), (0.2, "0.2 to 0.4"),
           (0.0, "below 0.2"))  # fmt: skip
"""Lower bounds and names of the classes of r², strongest first."""

# Steps of one scale from dark to light on white, the other way on black (after
# Viridis, Smith & van der Walt 2015, CC0: safe for the colour-blind and in grey), and a
# marker each, so that colour is never the only cue.
_COLOURS: dict[Theme, tuple[str, ...]] = {
    "light": ("#440154", "#3b528b", "#21828d", "#3f9e6a", "#8a8a8a"),
    "dark": ("#fde725", "#7ad151", "#22a884", "#5b8fc7", "#8a8a8a"),
}
_SYMBOLS = ("diamond", "square", "circle", "triangle-up", "circle-open")
_ALLELE_CHARS = 12


def linkage_neighbours(
    frame: pl.DataFrame, *, name: str, pos: int, group: str, theme: Theme = "light"
) -> go.Figure:
    """Draw r² with one allele against position, a colour and a mark for each class of r².

    `frame` is what `Lake.linked` returns: pos (1-based), id, ref, alt, distance, af, r2,
    d_prime, n, phased; at most the MOST_DRAWN strongest are drawn. `name` and `pos` are
    the allele's own, `group` the code of the group whose haplotypes are counted.
    """
    strongest = frame.sort("r2", descending=True).head(MOST_DRAWN)
    figure = base_figure(
        title=f"Linkage with {plain(name)}",
        subtitle=f"r² with each allele around it, in {short(group, 40)}",
        x_title="Position on the chromosome (bases, 1-based)",
        y_title="r² (0 to 1)",
        alt=_summary(frame, name, group),
        height=460,
    )
    upper = 2.0
    for (lower, label), colour, symbol in zip(R2_BINS, _COLOURS[theme], _SYMBOLS, strict=True):
        some = strongest.filter((pl.col("r2") >= lower) & (pl.col("r2") < upper))
        upper = lower
        if some.is_empty():
            continue
        figure.add_scatter(
            x=some["pos"].to_list(),
            y=some["r2"].to_list(),
            mode="markers",
            name=f"r² {label}",
            marker={"color": colour, "symbol": symbol, "size": 8},
            customdata=[[_hover(row)] for row in some.iter_rows(named=True)],
            hovertemplate="%{customdata[0]}<extra></extra>",
        )
    figure.add_scatter(
        x=[pos],
        y=[1.0],
        mode="markers",
        name="this variant",
        marker={
            "symbol": "star",
            "size": 17,
            "color": colour_of_all(theme),
        },
        hovertemplate=f"<b>{plain(name)}</b><br>the variant itself<extra></extra>",
    )
    figure.add_vline(x=pos, line={"color": colour_of_all(theme), "width": 1, "dash": "dot"})
    figure.update_xaxes(tickformat=",d", nticks=8)
    figure.update_yaxes(range=[-0.03, 1.06])
    figure.update_layout(legend=LEGEND_BELOW)
    return figure.figure()


def _hover(row: dict[str, object]) -> str:
    change = f"{short(row['ref'], _ALLELE_CHARS)} → {short(row['alt'], _ALLELE_CHARS)}"
    known = "" if row["id"] is None else f" · {short(row['id'], 24)}"
    d_prime = row["d_prime"]
    return (
        f"<b>{row['pos']:,} {change}</b>{known}"
        f"<br>r² {row['r2']:.3f}"
        + ("" if d_prime is None else f", D′ {d_prime:.3f}")
        + f"<br>{row['distance']:+,} bases away"
        f"<br>its frequency here {frequency(float(str(row['af'])))}"
        f"<br>{count(int(str(row['n'])))} {'haplotypes' if row['phased'] else 'samples'}"
    )


def _summary(frame: pl.DataFrame, name: str, group: str) -> str:
    strong = frame.filter(pl.col("r2") >= R2_BINS[0][0]).height
    return (
        f"Scatter of r² against position: {plural(frame.height, 'allele')} around {plain(name)} in "
        f"{plain(group)}, {strong:,} of them with r² of 0.8 or more."
    )
