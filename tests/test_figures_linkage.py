"""Charts of linkage, haplotypes and decay."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from medallion import Lake
from medallion.figures.haplotypes import (
    MOST_HAPLOTYPES,
    haplotype_alleles,
    haplotype_bars,
    leading,
    ranked,
)
from medallion.figures.ld_decay import PER_DECADE, evenly, ld_decay_lines
from medallion.figures.ld_matrix import MOST_CLICKABLE, allele_labels, ld_triangle

NASTY = "<script>alert(1)</script> **b**"
THEMES = pytest.mark.parametrize("theme", ["light", "dark"])


def sentence(figure: go.Figure) -> str:
    """The figure as text, after a look at what every figure must have."""
    assert figure.layout.meta["alt"]
    assert figure.layout.title.text
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text
    drawn = figure.to_plotly_json()
    alt = drawn["layout"].pop("meta")["alt"]  # plain text, for a screen reader
    found = json.dumps(drawn, default=lambda o: o.tolist())
    assert "<script>" not in found
    return f"{found} {alt}"


def alleles(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "chrom": [NASTY] * n,
            "pos": [100 + i // 2 for i in range(n)],
            "id": [NASTY if i == 1 else None for i in range(n)],
            "ref": ["A"] * n,
            "alt": [NASTY if i == 2 else "G" for i in range(n)],
        },
        schema_overrides={"id": pl.String},
    )


def pairs(n: int) -> pl.DataFrame:
    one, other = np.triu_indices(n, 1)
    value = np.linspace(1, -1, len(one))
    frame = pl.DataFrame({"one": one, "other": other, "value": value})
    return frame.sort(pl.col("value").abs(), descending=True)


@THEMES
def test_each_pair_is_one_cell_and_one_point(theme: str) -> None:
    frame, known = alleles(9), pairs(9).head(30)
    figure = ld_triangle(frame, known, measure="d_prime", group=NASTY, picked=(0, 3), theme=theme)  # type: ignore[arg-type]
    text = sentence(figure)
    assert "9 alleles" in text
    heat, points, marked = figure.data
    cells = np.asarray(heat.z)
    for i, j, value in known.iter_rows():
        assert cells[j, i] == pytest.approx(abs(value), abs=1e-6)
    assert np.isfinite(cells).sum() == known.height
    labels = allele_labels(frame)
    assert len(set(labels)) == 9
    assert list(points.x) == [labels[i] for i in known["one"]]
    assert list(points.y) == [labels[j] for j in known["other"]]
    assert (marked.x, marked.y) == ((labels[0],), (labels[3],))


def test_no_more_points_than_a_browser_bears() -> None:
    figure = ld_triangle(alleles(300), pairs(300), measure="r2", group="ALL")
    assert len(figure.data[1].x) == MOST_CLICKABLE
    assert len(figure.to_json()) < 3_000_000
    assert "no two of them vary" in sentence(
        ld_triangle(alleles(3), pairs(3).clear(), measure="r2", group="ALL")
    )


def haplotypes() -> pl.DataFrame:
    rows = []
    for i in range(12):
        for code, level in (("ALL", "all"), (NASTY, "population"), ("empty", "population")):
            n = 0 if code == "empty" else 78
            of = 0 if code == "empty" else i + 1
            spelled = ["A" if i % 2 else NASTY, "C" if i % 3 else "T", str(i)]
            rows.append(("_".join(spelled), spelled, code, level, of, n, of / n if n else None, 0))
    names = ["haplotype", "alleles", "population", "level", "count", "n", "frequency", "n_missing"]
    return pl.DataFrame(rows, schema=names, orient="row")


@THEMES
def test_haplotypes_are_ranked_drawn_and_escaped(theme: str) -> None:
    frame = haplotypes()
    codes = ["ALL", NASTY, "empty"]
    order = ranked(frame, codes)
    assert order["number"].to_list() == [f"H{i}" for i in range(1, 13)]
    assert order["count"].to_list() == list(range(12, 0, -1))
    assert order["share"].sum() == pytest.approx(1)
    bars = haplotype_bars(frame, codes, theme=theme)  # type: ignore[arg-type]
    sentence(bars)
    assert len(bars.data) == MOST_HAPLOTYPES + 1
    assert len({trace.marker.pattern.shape for trace in bars.data[:-1]}) == MOST_HAPLOTYPES
    for place in (0, 1):
        assert sum(trace.y[place] for trace in bars.data) == pytest.approx(1)
    variants = pl.DataFrame(
        {"chrom": ["1"] * 3, "pos": [1, 2, 3], "id": [None, NASTY, None], "ref": ["A", "C", "0"]}
    )
    grid = haplotype_alleles(order, variants, group=NASTY, theme=theme)  # type: ignore[arg-type]
    sentence(grid)
    kinds = grid.data[0].z
    for row, alleles_ in zip(kinds, order["alleles"].to_list(), strict=True):
        for kind, allele, ref in zip(row, alleles_, ["A", "C", "0"], strict=True):
            assert (kind == 0) == (allele == ref)
    assert {2} < {k for row in kinds for k in row}


def test_a_haplotypes_share_is_one_groups() -> None:
    """ALL holds the others' copies: a sum over both is the share of neither."""
    shares = {"ALL": (80, 49), "Berlin": (40, 34), "Lagos": (40, 15)}
    rows = [
        (name, [name], code, "all" if code == "ALL" else "population", count, n, count / n, 0)
        for code, (n, c) in shares.items()
        for name, count in (("A", c), ("G", n - c))
    ]
    frame = pl.DataFrame(rows, schema=haplotypes().columns, orient="row")
    variants = pl.DataFrame(
        {"chrom": ["1"], "pos": [1], "id": [None], "ref": ["A"]}, schema_overrides={"id": pl.String}
    )
    for chosen, lead, first, percent in (
        (["Berlin", "ALL"], "ALL", "A", "61.25%"),
        (["Berlin", "Lagos"], "Berlin", "A", "85.00%"),
        (["Lagos", "Berlin"], "Lagos", "G", "62.50%"),
    ):
        assert leading(frame, chosen) == lead
        order = ranked(frame, chosen)
        assert order["haplotype"][0] == first
        assert order["share"].sum() == pytest.approx(1)
        grid = haplotype_alleles(order, variants, group=lead)
        assert grid.layout.yaxis.ticktext[0] == f"H1  {percent}"
        assert lead in grid.layout.yaxis.title.text
        assert f"{percent} of the copies in {lead}" in grid.layout.meta["alt"]


def test_haplotypes_of_a_group_without_any() -> None:
    assert ranked(haplotypes(), ["empty"]).is_empty()
    assert "0 haplotypes" in sentence(haplotype_bars(haplotypes(), ["empty"]))


@THEMES
def test_decay_has_a_mark_for_each_group(demo_lake: Lake, theme: str) -> None:
    frame = demo_lake.scan("gold.ld_decay", build=False).collect()
    lines = ld_decay_lines(frame, theme=theme)  # type: ignore[arg-type]
    sentence(lines)
    assert len({trace.marker.symbol for trace in lines.data}) == len(lines.data) == 5
    odd = frame.with_columns(super_population=pl.lit(NASTY))
    sentence(ld_decay_lines(odd))
    assert "there are no pairs" in sentence(ld_decay_lines(frame.clear()))


def test_decay_is_even_on_its_axis_and_loses_no_pair(demo_lake: Lake) -> None:
    frame = demo_lake.scan("gold.ld_decay", build=False).collect()
    even = evenly(frame)
    for code, whole in frame.drop_nulls("r2").group_by("super_population"):
        drawn = even.filter(super_population=str(code[0]))
        assert drawn["pairs"].sum() == whole["pairs"].sum()
        means = [(each["r2"] * each["pairs"]).sum() for each in (drawn, whole)]
        assert means[0] == pytest.approx(means[1])
    (line, *_) = ld_decay_lines(frame).data
    assert sum(20_000 < x < 100_000 for x in line.x) <= PER_DECADE
    assert np.diff(np.log10(line.x)).min() > 0.5 / PER_DECADE
