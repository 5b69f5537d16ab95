"""Haplotypes of a few variants: which alleles each has, and its share in groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import polars as pl

from medallion.catalog.colours import Theme
from medallion.catalog.populations import ALL
from medallion.figures.grouped import LEGEND_BELOW
from medallion.figures.groups import colour_of_all, heading_of
from medallion.figures.sketch import Sketch
from medallion.figures.style import base_figure, count, frequency, plain, plural, short

__all__ = [
    "MOST_HAPLOTYPES",
    "MOST_ROWS",
    "haplotype_alleles",
    "haplotype_bars",
    "leading",
    "ranked",
]

MOST_HAPLOTYPES = 8
"""The most haplotypes with a colour of their own; the others are one."""
MOST_ROWS = 24
"""The most haplotypes whose alleles are drawn, the commonest."""

# Okabe & Ito's, safe for the colour-blind; bars carry a pattern too.
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b3a700", "#8c6bb1")
_PATTERNS = ("", "/", ".", "\\", "x", "-", "|", "+")
_OTHERS = "#8a8a8a"

# The reference allele, the first ALT, any further one; and letters that read on each.
_ALLELES: dict[Theme, tuple[str, str, str]] = {
    "light": ("#e7e2da", "#0072b2", "#a84300"),
    "dark": ("#33302b", "#56b4e9", "#e69f00"),
}
_LETTERS: dict[Theme, tuple[str, str, str]] = {
    "light": ("#24211d", "#ffffff", "#ffffff"),
    "dark": ("#ece7df", "#0d0c0a", "#0d0c0a"),
}
_ALLELE_CHARS = 6


def leading(frame: pl.DataFrame, populations: Sequence[str]) -> str:
    """Return the group by which haplotypes are ranked: ALL, or the first that has any called.

    Groups overlap, so a sum over several is no group's share.
    """
    if ALL in populations:
        return ALL
    called = set(frame.filter(pl.col("n") > 0)["population"])
    return next((code for code in populations if code in called), populations[0])


def ranked(frame: pl.DataFrame, populations: Sequence[str]) -> pl.DataFrame:
    """Return the haplotypes of some groups, the commonest of the `leading` one first.

    `frame` is what `Lake.haplotypes` returns. Columns: number (H1, H2, ...), haplotype,
    alleles, and of the leading group count, n, share (0 to 1, null where n is 0). Haplotypes
    that other groups alone have come last, by their greatest share in one; those that none
    has are left out.
    """
    own = frame.filter(pl.col("population").is_in(list(populations)))
    lead = pl.col("population") == leading(frame, populations)
    found = (
        own.group_by("haplotype", maintain_order=True)
        .agg(
            pl.col("alleles").first(),
            pl.col("count", "n").filter(lead).sum(),
            pl.col("frequency").filter(lead).first().alias("share"),
            found=pl.col("count").sum(),
            elsewhere=pl.col("frequency").max(),
        )
        .filter(pl.col("found") > 0)
        .sort("count", "elsewhere", descending=True, nulls_last=True, maintain_order=True)
        .drop("found", "elsewhere")
    )
    numbers = pl.Series("number", [f"H{i}" for i in range(1, found.height + 1)], dtype=pl.String)
    return found.insert_column(0, numbers)


def haplotype_alleles(
    haplotypes: pl.DataFrame, variants: pl.DataFrame, *, group: str, theme: Theme = "light"
) -> go.Figure:
    """Draw the alleles of each haplotype as a row of letters, ALT alleles on a colour.

    `haplotypes` is what `ranked` returns, of which the first MOST_ROWS are drawn; `group` is
    the `leading` one, whose shares they have; `variants` has chrom, pos (1-based), id, ref:
    one row for each place of a haplotype.
    """
    rows = haplotypes.head(MOST_ROWS)
    heads = _heads(variants)
    refs = variants["ref"].cast(pl.String).to_list()
    kinds, texts, hover = [], [], []
    for row in rows.iter_rows(named=True):
        numbers, letters, notes = [], [], []
        for place, allele in enumerate(row["alleles"]):
            numbers.append(_kind(allele, place, refs, haplotypes))
            letters.append(short(allele, _ALLELE_CHARS))
            word = ("reference", "ALT", "another ALT")[numbers[-1]]
            notes.append(
                f"<b>{row['number']}</b> at {heads[place]}<br>{short(allele, 30)} ({word})"
            )
        kinds.append(numbers)
        texts.append(letters)
        hover.append(notes)
    figure = base_figure(
        title=f"Alleles of {plural(rows.height, 'haplotype')}",
        subtitle=f"A colour marks an ALT allele; commonest in {short(group, 20)} first",
        x_title="Variant (position, in the order of the file)",
        y_title=f"Haplotype, share of copies in {short(group, 20)}",
        alt=_summary(haplotypes, variants, group),
        height=190 + 30 * rows.height,
    )
    pale, strong, other = _ALLELES[theme]
    figure.add_heatmap(
        x=list(range(len(refs))),
        y=list(range(rows.height)),
        z=kinds,
        zmin=0,
        zmax=2,
        colorscale=[[0, pale], [0.33, pale], [0.34, strong], [0.66, strong], [0.67, other],
                    [1, other]],
        showscale=False,
        xgap=3,
        ygap=3,
        customdata=hover,
        hovertemplate="%{customdata}<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[x for row in kinds for x in range(len(row))],
        y=[y for y, row in enumerate(kinds) for _ in row],
        mode="text",
        text=[f"<b>{t}</b>" if k else t for row, line in zip(kinds, texts, strict=True)
              for k, t in zip(row, line, strict=True)],
        textfont={"size": 13, "color": [_LETTERS[theme][k] for row in kinds for k in row]},
        hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    figure.update_xaxes(
        tickmode="array", tickvals=list(range(len(refs))), ticktext=heads, showgrid=False,
        zeroline=False, tickangle=-60 if len(refs) > 4 else 0, tickfont={"size": 11},
        range=[-0.5, len(refs) - 0.5],
    )  # fmt: skip
    figure.update_yaxes(
        tickmode="array", tickvals=list(range(rows.height)), showgrid=False, zeroline=False,
        ticktext=[f"{r['number']}  {_percent(r['share'])}" for r in rows.iter_rows(named=True)],
        range=[rows.height - 0.5, -0.5],
    )  # fmt: skip
    return figure.figure()


def haplotype_bars(
    frame: pl.DataFrame, populations: Sequence[str], *, theme: Theme = "light"
) -> go.Figure:
    """Draw each group's haplotypes as one stacked bar; rows of `Lake.haplotypes`.

    `populations` are the codes of the groups drawn, in order. The MOST_HAPLOTYPES commonest
    of the `leading` group have a colour and a pattern each, the others are one piece.
    """
    order = ranked(frame, populations)
    own = frame.filter(pl.col("population").is_in(list(populations)))
    figure = base_figure(
        title=plural(order.height, "haplotype"),
        subtitle="Share of the copies of the chromosome in each group",
        x_title="Group",
        y_title="Share of copies (0 to 1)",
        alt=_shares(own, order, populations),
        height=480,
    )
    labels = _different([short(code, 14) for code in populations])
    for place, row in enumerate(order.head(MOST_HAPLOTYPES).iter_rows(named=True)):
        name = f"{row['number']} {short(row['haplotype'], 24)}"
        _piece(
            figure, own.filter(haplotype=row["haplotype"]), populations, labels, name, place, theme
        )
    rest = own.filter(pl.col("haplotype").is_in(order["haplotype"][MOST_HAPLOTYPES:].implode()))
    if not rest.is_empty():
        summed = rest.group_by("population").agg(
            pl.col("count", "frequency").sum(), pl.col("n").first()
        )
        others = plural(order.height - MOST_HAPLOTYPES, "other")
        _piece(figure, summed, populations, labels, others, None, theme)
    figure.update_layout(barmode="stack", bargap=0.25, legend=LEGEND_BELOW, showlegend=True)
    figure.update_xaxes(type="category", tickangle=-90 if len(labels) > 8 else 0)
    figure.update_yaxes(range=[0, 1.001])
    return figure.figure()


def _piece(
    figure: Sketch,
    rows: pl.DataFrame,
    populations: Sequence[str],
    labels: Sequence[str],
    name: str,
    place: int | None,
    theme: Theme,
) -> None:
    by_code: dict[str, dict[str, Any]] = {r["population"]: r for r in rows.iter_rows(named=True)}
    found = [by_code.get(code) for code in populations]
    figure.add_bar(
        x=list(labels),
        y=[0 if row is None else row["frequency"] for row in found],
        name=name,
        marker={
            "color": _OTHERS if place is None else _COLOURS[place],
            "pattern": {
                "shape": "" if place is None else _PATTERNS[place],
                "fgcolor": "#000000" if theme == "dark" else "#ffffff",
                "fillmode": "overlay",
                "solidity": 0.12,
                "size": 9,
            },
            "line": {
                "width": 0.5,
                "color": colour_of_all("light" if theme == "dark" else "dark"),
            },
        },
        customdata=[
            [heading_of(code), *(("0", "–") if row is None else
                                 (count(row["count"]), count(row["n"])))]
            for code, row in zip(populations, found, strict=True)
        ],
        hovertemplate=f"%{{customdata[0]}}<br>{name}<br>share %{{y:.4f}}: %{{customdata[1]}} of "
        "%{customdata[2]} copies<extra></extra>",
    )  # fmt: skip


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.2%}"


def _kind(allele: str, place: int, refs: Sequence[str], haplotypes: pl.DataFrame) -> int:
    """Return 0 for the reference, 1 for the commonest other allele there, 2 for any further."""
    if allele == refs[place]:
        return 0
    others = haplotypes.group_by(pl.col("alleles").list.get(place).alias("allele")).agg(
        pl.col("count").sum()
    )
    ordered = others.filter(pl.col("allele") != refs[place]).sort(
        "count", "allele", descending=[True, False]
    )
    return 1 if ordered["allele"][0] == allele else 2


def _heads(variants: pl.DataFrame) -> list[str]:
    heads = []
    for row in variants.iter_rows(named=True):
        known = f"<br>{short(row['id'], 14)}" if row["id"] else ""
        heads.append(f"{row['pos']:,}{known}")
    return heads


def _different(labels: Sequence[str]) -> list[str]:
    seen: dict[str, int] = {}
    found = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        found.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return found


def _summary(haplotypes: pl.DataFrame, variants: pl.DataFrame, group: str) -> str:
    head = f"Table of the alleles of {plural(haplotypes.height, 'haplotype')} at "
    head += plural(variants.height, "variant")
    if haplotypes.is_empty():
        return f"{head}: no copy is called at all of them."
    top = haplotypes.row(0, named=True)
    return (
        f"{head}, the commonest {plain(top['haplotype'][:80])} ({_percent(top['share'])} of the "
        f"copies in {plain(group)})."
    )


def _shares(own: pl.DataFrame, order: pl.DataFrame, populations: Sequence[str]) -> str:
    head = (
        f"Stacked bars of the shares of {plural(order.height, 'haplotype')} in "
        f"{plural(len(populations), 'group')}"
    )
    if order.is_empty():
        return f"{head}: no copy is called at all variants."
    top = order["haplotype"][0]
    shares = own.filter(pl.col("haplotype") == top).drop_nulls("frequency").sort("frequency")
    low, high = shares.row(0, named=True), shares.row(-1, named=True)
    return (
        f"{head}. The commonest, {plain(top[:80])}, from {frequency(low['frequency'])} in "
        f"{plain(low['population'])} to {frequency(high['frequency'])} in "
        f"{plain(high['population'])}."
    )
