"""The figures of groups compared: complete, honest about what they draw, and never markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest

from medallion.catalog.colours import POPULATION_COLOURS, SUPER_POPULATION_COLOURS
from medallion.catalog.populations import POPULATIONS, SUPER_POPULATIONS
from medallion.figures import pca
from medallion.figures.diversity import DIVERSITY, group_diversity
from medallion.figures.fst_matrix import branches, fst_matrix
from medallion.figures.joint_spectrum import bin_joint, copy_classes, joint_spectrum
from medallion.figures.kinship import DEGREE_WORDS, kinship_pairs
from medallion.figures.marks import heat_scale, marks_of
from medallion.figures.pca import component_shares, sample_space
from medallion.figures.sample_map import sample_map
from medallion.figures.scatter_pair import bin_pairs, cells_of, frequency_scatter
from medallion.figures.site_spectrum import site_spectrum
from medallion.figures.tree import group_tree
from medallion.popgen import tree
from medallion.popgen.relatedness import DEGREES

NASTY = "<script>alert(1)</script> **b** & [x](y)"


def samples(groups: list[tuple[str, str | None]]) -> pl.DataFrame:
    """Rows of gold.pca of (population, super-population), at random places."""
    rng = np.random.default_rng(1)
    return pl.DataFrame(
        {
            "sample": [f"{NASTY} {i}" if i < 2 else f"S{i}" for i in range(len(groups))],
            "population": [population for population, _ in groups],
            "super_population": [above for _, above in groups],
            "sex": ["female", "unknown"] * (len(groups) // 2) + ["male"] * (len(groups) % 2),
            **{f"pc{i}": rng.normal(size=len(groups)) for i in range(1, 5)},
        },
        schema_overrides={"super_population": pl.String},
    )


def components(n: int = 4) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "component": range(1, n + 1),
            "eigenvalue": [9.0 / i for i in range(1, n + 1)],
            "explained": [0.5 / i for i in range(1, n + 1)],
            "sites": [1234] * n,
        }
    )


def fst(codes: list[str], values: list[float | None] | None = None) -> pl.DataFrame:
    """Rows of gold.fst of all pairs of the codes."""
    pairs = [(a, b) for i, a in enumerate(codes) for b in codes[i + 1 :]]
    found = values or [0.01 * (i + 1) for i in range(len(pairs))]
    return pl.DataFrame(
        {
            "population_1": [a for a, _ in pairs],
            "population_2": [b for _, b in pairs],
            "fst": found,
            "se": [None if v is None else 0.001 for v in found],
            "sites": [1000] * len(pairs),
            "blocks": [3] * len(pairs),
        },
        schema_overrides={"fst": pl.Float64, "se": pl.Float64},
    )


def grown(n: int) -> pl.DataFrame:
    points = np.random.default_rng(2).normal(size=(n, 2))
    return tree.layout(
        tree.average_linkage(np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2)))
    )


def pairs_of_samples() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "sample_1": [NASTY, "b", "c", "d"],
            "sample_2": ["x", NASTY, "y", "z"],
            "kinship": [0.5, 0.25, 0.12, 0.06],
            "se": [0.0, 0.01, 0.02, 0.01],
            "degree": ["duplicate", "first", "second", "third"],
            "sites": [2000] * 4,
            "ibs0": [0, 3, 40, 60],
        }
    )


def alleles(n: int, name: str | None = None) -> pl.DataFrame:
    """Rows of alleles with their frequency in two groups, most different first."""
    x = np.linspace(0, 1, n)
    return pl.DataFrame(
        {
            "chrom": [NASTY] * n,
            "pos": range(1000, 1000 + n),
            "id": [name] * n,
            "ref": [NASTY] * n,
            "alt": ["G"] * n,
            "af_1": x,
            "af_2": 1 - x,
            **{c: [1] * n for c in ("ac_1", "ac_2")},
            **{c: [200] * n for c in ("an_1", "an_2")},
        },
        schema_overrides={"id": pl.String},
    ).sort((pl.col("af_1") - pl.col("af_2")).abs(), descending=True)


def groups(rows: list[tuple[str, str, str | None]]) -> pl.DataFrame:
    """Rows of gold.populations of (code, level, super-population)."""
    statistics = [c for kind in DIVERSITY.values() for c in kind.columns]
    return pl.DataFrame(
        [
            {
                "population": code,
                "level": level,
                "super_population": above,
                "samples": 1500,
                **dict.fromkeys(statistics, None if code == "lost" else 0.1 * place),
            }
            for place, (code, level, above) in enumerate(rows)
        ],
        schema_overrides=dict.fromkeys(statistics, pl.Float64),
    )


GROUPS = groups(
    [("GBR", "population", "EUR"), (NASTY, "population", NASTY), ("lost", "population", None),
     ("EUR", "super_population", None), (NASTY, "super_population", None), ("ALL", "all", None)]
)  # fmt: skip
SPECTRUM = pl.DataFrame(
    {"population": [NASTY] * 3 + ["GBR"] * 3 + ["none"] * 3, "count": [1, 2, 3] * 3,
     "sites": [5.0, 2.0, 1.0, 9.0, 3.0, 0.5, 0.0, 0.0, 0.0]}
)  # fmt: skip
JOINT = pl.DataFrame(
    {"count_1": [0, 1, 50, 200, 200], "count_2": [0, 0, 60, 3, 90], "sites": [900, 40, 3, 2, 7]}
)
TWO = (NASTY, "YRI")
MIXED = [("GBR", "EUR"), (NASTY, NASTY), ("unassigned", None), ("YRI", "AFR"), ("FIN", "EUR")]

FIGURES: dict[str, Callable[[], go.Figure]] = {
    "samples": lambda: sample_space(samples(MIXED), components(), (1, 2)),
    "samples by population": lambda: sample_space(
        samples(MIXED), components(), (2, 4), colour_by="population", chosen=f"{NASTY} 1",
        theme="dark",
    ),
    "samples in three": lambda: sample_space(
        samples(MIXED), components(), (1, 2, 3), chosen=f"{NASTY} 0"
    ),
    "no samples": lambda: sample_space(samples([]), components(), (1, 2)),
    "shares": lambda: component_shares(components()),
    "fst": lambda: fst_matrix(fst(["GBR", NASTY, "YRI"]), ["GBR", NASTY, "YRI"], method="hudson",
                              level="population", tree=grown(3)),
    "fst, unknown": lambda: fst_matrix(
        fst(["GBR", NASTY], [None]), ["GBR", NASTY], method="weir_cockerham", level="population"
    ),
    "fst, many": lambda: fst_matrix(
        fst([f"g{i}" for i in range(80)]), [f"g{i}" for i in range(80)], method="hudson",
        level="super_population", tree=grown(80), theme="dark",
    ),
    "tree": lambda: group_tree(grown(4), ["GBR", NASTY, "YRI", "X"], title="A tree",
                               subtitle="of four", x_title="FST", level="population"),
    "tree, many": lambda: group_tree(
        grown(200), [f"g{i}" for i in range(200)], title="A tree", subtitle="of many",
        x_title="FST", level="population",
    ),
    "kinship": lambda: kinship_pairs(pairs_of_samples(), {d: b for b, d in DEGREES}),
    **{f"diversity, {key}": lambda key=key: group_diversity(GROUPS, key, parents={NASTY: NASTY})
       for key in DIVERSITY},
    "spectrum": lambda: site_spectrum(SPECTRUM, 4, kind="unfolded", level="population",
                                      neutral=[0.5, 0.3, 0.2]),
    "spectrum, sites": lambda: site_spectrum(SPECTRUM, 4, kind="folded", level="super_population",
                                             measure="sites", theme="dark"),
    "spectrum, empty": lambda: site_spectrum(SPECTRUM.clear(), 4, kind="folded",
                                             level="population"),
    "joint": lambda: joint_spectrum(bin_joint(JOINT, 200, 90), TWO, (200, 90), kind="unfolded"),
    "joint, doubling": lambda: joint_spectrum(
        bin_joint(JOINT, 200, 90, "doubling"), TWO, (200, 90), kind="folded", widths="doubling",
        theme="dark",
    ),
    "joint, empty": lambda: joint_spectrum(
        bin_joint(JOINT.clear(), 2, 2), TWO, (2, 2), kind="folded"
    ),
    "scatter": lambda: frequency_scatter(alleles(50, NASTY), alleles(50, NASTY).head(9), TWO),
    "scatter, cells": lambda: frequency_scatter(
        bin_pairs(alleles(3000), (40, 50)), alleles(9), TWO, cells=(40, 50), theme="dark"
    ),
    "scatter, nothing": lambda: frequency_scatter(alleles(0), alleles(0), TWO),
    "map": lambda: sample_map(pl.DataFrame({"population": ["GBR", "GBR", "YRI", NASTY]})),
}  # fmt: skip


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_all_that_a_reader_needs(name: str) -> None:
    figure = FIGURES[name]()
    assert figure.layout.title.text
    assert figure.layout.title.subtitle.text
    assert figure.layout.meta["alt"]
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    if "three" in name:
        for axis in "xyz":
            assert figure.layout.scene[f"{axis}axis"].title.text
    else:
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text
    for trace in figure.data:
        assert trace.hovertemplate or trace.hoverinfo == "skip"
    json.loads(figure.to_json())  # what goes to the browser


@pytest.mark.parametrize("name", FIGURES)
def test_no_data_is_markup(name: str) -> None:
    figure = FIGURES[name]()
    figure.layout.meta = None  # plain text, for a screen reader
    assert "<script" not in figure.to_json()


# Marks


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_project_s_groups_have_the_catalogue_s_colours_and_a_mark_each(theme: Any) -> None:
    supers = marks_of([g.code for g in SUPER_POPULATIONS], "super_population", theme=theme)
    assert len({mark.symbol for mark in supers.values()}) == 5
    assert all(m.colour == SUPER_POPULATION_COLOURS[theme][c] for c, m in supers.items())
    marks = marks_of([p.code for p in POPULATIONS], "population", theme=theme)
    assert list(marks) == [p.code for p in POPULATIONS]
    assert all(m.colour == POPULATION_COLOURS[theme][c] for c, m in marks.items())
    for group in SUPER_POPULATIONS:
        own = [marks[p.code] for p in POPULATIONS if p.super_population == group.code]
        assert len({m.symbol for m in own}) == len(own)
        assert len({m.symbol_3d for m in own}) >= min(len(own), 6)


def test_groups_of_one_s_own_differ_in_colour_and_mark() -> None:
    marks = marks_of(["a", "b", "c"], "population", parents={"a": None, "b": None, "c": None})
    assert len({m.colour for m in marks.values()}) == 3
    assert len({m.symbol for m in marks.values()}) == 3
    marks = marks_of(["a", "b", "c"], "population", parents={"a": "X", "b": "X", "c": "Y"})
    assert marks["a"].colour == marks["b"].colour != marks["c"].colour
    assert marks["a"].symbol != marks["b"].symbol
    supers = marks_of(["unassigned", "EUR", "Z"], "super_population")
    assert list(supers) == ["EUR", "Z", "unassigned"]


OWN = {"Berlin": "Europe", "Rome": "Europe", "Lagos": "Africa", "Cairo": "Africa", "?": None}


@pytest.mark.parametrize("colour_by", ["super_population", "population"])
def test_a_group_s_own_mark_is_the_same_whichever_others_are_drawn(colour_by: Any) -> None:
    everyone = samples([(code, above) for code, above in OWN.items() for _ in range(3)])

    def drawn(frame: pl.DataFrame) -> dict[str, tuple[str, str]]:
        figure = sample_space(frame, components(), (1, 2), colour_by=colour_by, parents=OWN)
        return {t.name: (t.marker.color, t.marker.symbol) for t in figure.data}

    every = drawn(everyone)
    assert len(set(every.values())) == len(every)
    for code in ("Rome", "Lagos"):
        some = drawn(everyone.filter(population=code))
        assert some.items() <= every.items()
        assert len(some) == 1


def test_a_spectrum_s_marks_are_the_same_whichever_groups_are_chosen() -> None:
    def drawn(codes: list[str], level: Any) -> dict[str, tuple[str, str]]:
        rows = [(code, count, 10.0) for code in codes for count in (1, 2)]
        frame = pl.DataFrame(rows, schema=["population", "count", "sites"], orient="row")
        figure = site_spectrum(frame, 4, kind="folded", level=level, parents=OWN)
        return {t.name: (t.line.color, t.marker.symbol) for t in figure.data}

    for codes, level in ((list(OWN), "population"), (["Africa", "Europe"], "super_population")):
        every = drawn(codes, level)
        for code in codes:
            assert drawn([code], level) == {code: every[code]}


def test_a_scale_leads_away_from_the_background() -> None:
    assert heat_scale("Viridis", "dark") == "Viridis"  # from dark to light
    for name in ("Viridis", "Cividis"):
        colours = [colour for _, colour in heat_scale(name, "light")]  # not a name: plotly.js
        light = [sum(bytes.fromhex(colour[1:])) for colour in colours]  # knows none that is turned
        assert light == sorted(light, reverse=True)


# Samples


def test_a_sample_without_coordinates_is_not_drawn_and_few_of_many_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = samples(MIXED * 20)
    holes = frame.with_columns(pl.when(pl.int_range(pl.len()) > 9).then("pc2").alias("pc2"))
    assert sum(len(t.x) for t in sample_space(holes, components(), (1, 2)).data) == 90
    monkeypatch.setattr(pca, "MOST_SAMPLES", 30)
    figure = sample_space(frame, components(), (1, 2), chosen="S50")
    drawn = [point[1] for t in figure.data for point in t.customdata]
    assert len(drawn) <= 32
    assert "S50" in drawn
    assert "of 100 samples" in figure.layout.title.subtitle.text


def test_every_point_names_its_sample() -> None:
    frame = samples(MIXED)
    figure = sample_space(frame, components(), (1, 2))
    for trace in figure.data:
        for x, y, (hover, name) in zip(trace.x, trace.y, trace.customdata, strict=True):
            row = frame.filter(pl.col("pc1") == x, pl.col("pc2") == y).row(0, named=True)
            assert name == pca.plain(row["sample"])
            assert name[:20] in hover


# Trees and FST


def test_a_tree_s_branches_are_as_long_as_they_ought_to_be() -> None:
    layout = grown(6)
    along, across = branches(layout)
    ends = [(along[i + 2], across[i + 2]) for i in range(0, len(along), 4)]
    assert sorted(ends) == sorted(
        layout.filter(pl.col("parent").is_not_null()).select("x", "y").rows()
    )


def test_a_pair_without_fst_is_a_hole_that_says_so() -> None:
    figure = fst_matrix(fst(["a", "b"], [None]), ["a", "b"], method="hudson", level="population")
    heat = figure.data[0]
    assert heat.z[0][1] is None
    assert "does not vary" in heat.customdata[0][1]


def test_few_groups_have_their_numbers_in_the_cells() -> None:
    few = fst_matrix(fst(["a", "b"]), ["a", "b"], method="hudson", level="population")
    assert few.data[0].texttemplate
    codes = [f"g{i}" for i in range(30)]
    assert (
        not fst_matrix(fst(codes), codes, method="hudson", level="population").data[0].texttemplate
    )


# Two groups


@pytest.mark.parametrize("widths", ["equal", "doubling"])
@pytest.mark.parametrize("n", [1, 2, 3, 40, 41, 42, 5008])
def test_classes_of_copies_hold_every_number_once(n: int, widths: Any) -> None:
    classes = copy_classes(n, widths)
    numbers = [k for low, high in classes for k in range(low, high + 1)]
    assert numbers == list(range(n + 1))
    assert classes[0] == (0, 0)
    assert classes[-1] == (n, n)
    assert len(classes) <= 43


@pytest.mark.parametrize("widths", ["equal", "doubling"])
def test_cells_of_a_joint_spectrum_add_up(widths: Any) -> None:
    rng = np.random.default_rng(3)
    frame = pl.DataFrame(
        {"count_1": rng.integers(0, 201, 500), "count_2": rng.integers(0, 91, 500),
         "sites": rng.integers(1, 9, 500)}
    )  # fmt: skip
    still = (pl.col("count_1") == 0) & (pl.col("count_2") == 0)
    fixed = (pl.col("count_1") == 200) & (pl.col("count_2") == 90)
    binned = bin_joint(frame, 200, 90, widths)
    assert binned["sites"].sum() == frame.filter(~still, ~fixed)["sites"].sum()
    classes = copy_classes(200, widths)
    for place, sites in binned.group_by("class_1").agg(pl.col("sites").sum()).rows():
        low, high = classes[place]
        inside = frame.filter(~still, ~fixed, pl.col("count_1").is_between(low, high))
        assert sites == inside["sites"].sum()


def test_cells_of_a_scatter_hold_their_frequencies() -> None:
    frame = pl.DataFrame({"af_1": [0.0, 0.019, 0.02, 1.0], "af_2": [0.5, 0.5, 0.5, 1.0]})
    assert bin_pairs(frame, (50, 10)).rows() == [(0, 5, 2), (1, 5, 1), (49, 9, 1)]


@pytest.mark.parametrize("called", [1, 2, 40, 50, 51, 122, 182, 216, 1322, 5008])
def test_every_cell_can_be_met(called: int) -> None:
    """No cell is empty because no number of copies falls into it."""
    n = cells_of(called)
    assert 1 <= n <= 50
    af = [k / called for k in range(called + 1)]
    rows = bin_pairs(pl.DataFrame({"af_1": af, "af_2": af}), (n, n))
    assert rows["cell_1"].to_list() == list(range(n))
    widths = rows["alleles"].to_list()[:-1]
    assert not widths or max(widths) - min(widths) <= 1


def test_names_of_alleles_do_not_lie_on_each_other() -> None:
    top = alleles(40, "rs1").with_columns(af_1=pl.lit(0.9), af_2=pl.lit(0.1))
    figure = frequency_scatter(alleles(40), top, ("a", "b"))
    named = next(t for t in figure.data if t.name == "most different")
    assert sum(bool(text) for text in named.text) == 1
    assert len(named.x) == 40


def test_degrees_of_kinship_have_words() -> None:
    assert set(DEGREE_WORDS) == {degree for _, degree in DEGREES} | {"unrelated"}


def test_no_population_with_a_place_is_no_map() -> None:
    with pytest.raises(ValueError, match="sampling place"):
        sample_map(pl.DataFrame({"population": ["mine"]}))
