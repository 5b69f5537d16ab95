"""Figures: what is drawn, in which order and colour, and that data is never markup."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import polars as pl
import pytest

from medallion.catalog.colours import SUPER_POPULATION_COLOURS
from medallion.catalog.populations import POPULATIONS, SUPER_POPULATIONS
from medallion.figures import (
    BINS,
    MEASURES,
    bin_frequencies,
    frequency_by_population,
    frequency_spectrum,
    population_summary,
    samples_by_population,
    samples_sunburst,
)
from medallion.figures.genotype_counts import genotype_counts
from medallion.figures.intervals import frequency_intervals

NASTY = "<script>alert(1)</script> **b** & [x](y)"


def frequencies(
    populations: list[tuple[str, int, int]], supers: list[tuple[str, int, int]] | None = None
) -> pl.DataFrame:
    """Rows of gold.frequencies of one allele from (code, ac, an)."""
    rows = []
    everyone = ("ALL", sum(row[1] for row in populations), sum(row[2] for row in populations))
    for level, groups in (
        ("population", populations),
        ("super_population", supers or []),
        ("all", [everyone]),
    ):
        for code, ac, an in groups:
            het = ac if ac <= an // 2 else an - ac
            hom = (ac - het) // 2
            rows.append(
                {
                    "variant": 0,
                    "chrom": "22",
                    "pos": 16_050_075,
                    "id": None,
                    "ref": "A",
                    "alt": "G",
                    "population": code,
                    "level": level,
                    "ac": ac,
                    "an": an,
                    "af": ac / an if an else None,
                    "n_hom_ref": an // 2 - het - hom,
                    "n_het": het,
                    "n_hom_alt": hom,
                    "n_missing": 1234,
                }
            )
    return pl.DataFrame(rows, schema_overrides={"af": pl.Float64})


def samples(rows: list[tuple[str | None, str | None, str | None]]) -> pl.DataFrame:
    """Rows of silver.samples from (population, super-population, sex)."""
    return pl.DataFrame(
        rows,
        schema={"population": pl.String, "super_population": pl.String, "sex": pl.String},
        orient="row",
    )


def groups(rows: list[tuple[str, str]]) -> pl.DataFrame:
    """Rows of gold.populations from (population, level)."""
    return pl.DataFrame(
        [
            {
                "population": code,
                "level": level,
                "samples": 1500,
                "polymorphic_alleles": 4000 + place,
                "singletons": 7,
                "private_alleles": 0,
                "mean_heterozygosity": 0.1,
                "ti_tv": 2.1,
            }
            for place, (code, level) in enumerate(rows)
        ]
    )


def all_26() -> pl.DataFrame:
    return frequencies(
        [(population.code, 10, 200) for population in reversed(POPULATIONS)],
        [(group.code, 50, 1000) for group in SUPER_POPULATIONS],
    )


def ticks(figure: go.Figure) -> list[str]:
    return list(figure.layout.xaxis.ticktext)


FIGURES: dict[str, Callable[[], go.Figure]] = {
    "frequencies": lambda: frequency_by_population(all_26()),
    "frequencies, none called": lambda: frequency_by_population(
        frequencies([("GBR", 0, 0), ("YRI", 0, 0)])
    ),
    "frequencies, odd names": lambda: frequency_by_population(
        frequencies([(NASTY, 1, 4), ("unassigned", 2, 4)]), parents={NASTY: NASTY}
    ),
    "frequencies, many": lambda: frequency_by_population(
        frequencies([(f"group number {i}", i, 400) for i in range(150)])
    ),
    "spectrum": lambda: frequency_spectrum(bin_frequencies(all_26().lazy()).collect()),
    "spectrum, odd names": lambda: frequency_spectrum(
        bin_frequencies(frequencies([(NASTY, 1, 4)]).lazy()).collect(), measure="share", log=False
    ),
    "spectrum, empty": lambda: frequency_spectrum(
        bin_frequencies(frequencies([("GBR", 0, 4)]).lazy()).collect()
    ),
    "samples": lambda: samples_by_population(
        samples([("GBR", "EUR", "male"), ("YRI", "AFR", "female"), (None, None, None)])
    ),
    "samples, odd names": lambda: samples_by_population(samples([(NASTY, NASTY, NASTY)])),
    "sunburst": lambda: samples_sunburst(samples([("GBR", "EUR", "male"), (NASTY, NASTY, "x")])),
    "no samples": lambda: samples_by_population(samples([])),
    **{
        f"populations, {measure}": lambda measure=measure: population_summary(
            groups([("GBR", "population"), (NASTY, "population"), ("EUR", "super_population")]),
            measure,
            parents={NASTY: NASTY},
        )
        for measure in MEASURES
    },
}


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_has_all_that_a_reader_needs(name: str) -> None:
    figure = FIGURES[name]()
    assert figure.layout.title.text
    assert figure.layout.title.subtitle.text
    assert figure.layout.meta["alt"]
    assert figure.layout.paper_bgcolor == figure.layout.plot_bgcolor == "rgba(0,0,0,0)"
    if not any(trace.type == "sunburst" for trace in figure.data):
        assert figure.layout.xaxis.title.text
        assert figure.layout.yaxis.title.text
    for trace in figure.data:
        assert trace.hovertemplate or trace.x == (None,)
    json.loads(figure.to_json())  # what goes to the browser


@pytest.mark.parametrize("name", FIGURES)
def test_no_data_is_markup(name: str) -> None:
    figure = FIGURES[name]()
    figure.layout.meta = None  # plain text, for a screen reader
    assert "<script" not in figure.to_json()


def test_populations_stand_by_super_population_in_the_catalogue_s_order() -> None:
    figure = frequency_by_population(all_26())
    assert ticks(figure) == [population.code for population in POPULATIONS]
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [bar.name for bar in bars] == [group.code for group in SUPER_POPULATIONS]
    colours = SUPER_POPULATION_COLOURS["light"]
    assert [bar.marker.color for bar in bars] == [colours[bar.name] for bar in bars]
    places = list(figure.layout.xaxis.tickvals)
    assert places == sorted(places)


def test_super_populations_and_all_are_lines_across() -> None:
    figure = frequency_by_population(all_26())
    lines = [trace for trace in figure.data if trace.type == "scatter"]
    assert len(lines) == len(SUPER_POPULATIONS) + 1
    assert all(set(line.y) == {0.05} for line in lines)
    assert [line.name for line in lines if line.showlegend is not False] == [
        "super-population",
        "all samples",
    ]


def test_counts_are_on_hover_with_thousands_separators() -> None:
    figure = frequency_by_population(frequencies([("GBR", 1200, 5000)]))
    hover = figure.data[0].customdata[0][0]
    assert "GBR · British" in hover
    assert "1,200 of 5,000 called alleles" in hover
    assert "1,300 no copy, 1,200 heterozygous" in hover
    assert "1,234 not called" in hover


def test_a_group_without_calls_is_marked_and_not_drawn_as_zero() -> None:
    figure = frequency_by_population(frequencies([("GBR", 0, 0), ("FIN", 0, 100)]))
    bars = [trace for trace in figure.data if trace.type == "bar"]
    assert [len(bar.x) for bar in bars] == [1]
    crosses = [trace for trace in figure.data if trace.name == "no called allele"]
    assert len(crosses) == 1
    assert "0 of 0 called alleles" in crosses[0].customdata[0][0]


def test_cohorts_are_bars_behind_the_populations() -> None:
    own = frequencies([("mine", 30, 100), ("nobody", 0, 0)]).filter(level="population")
    own = own.with_columns(level=pl.lit("cohort"))
    figure = frequency_by_population(pl.concat([all_26(), own], how="diagonal_relaxed"))
    assert ticks(figure)[-2:] == ["<b>mine</b>", "<b>nobody</b>"]
    (bar,) = [trace for trace in figure.data if trace.name == "your cohorts"]
    assert list(bar.y) == [0.3]
    assert bar.x[0] > max(max(t.x) for t in figure.data if t.type == "bar" and t is not bar)
    (crosses,) = [trace for trace in figure.data if trace.name == "no called allele"]
    assert list(crosses.x) == [bar.x[0] + 1]


def test_groups_of_one_s_own_come_after_the_known_in_colours_of_their_own() -> None:
    frame = frequencies([("Zulu", 1, 4), ("Basque", 2, 4), ("GBR", 1, 4), ("lost", 0, 4)])
    figure = frequency_by_population(
        frame, parents={"Zulu": "South", "Basque": "EUR", "GBR": "EUR", "lost": None}
    )
    assert ticks(figure) == ["GBR", "Basque", "Zulu", "lost"]
    by_name = {trace.name: trace for trace in figure.data if trace.type == "bar"}
    assert list(by_name) == ["EUR", "South", "unassigned"]
    colours = [bar.marker.color for bar in by_name.values()]
    assert len(set(colours)) == 3
    assert colours[1] not in SUPER_POPULATION_COLOURS["light"].values()


def test_long_names_are_cut_under_the_axis_and_whole_on_hover() -> None:
    long = "a population with a name that goes on"
    figure = frequency_by_population(frequencies([(long, 1, 4)]))
    assert ticks(figure) == [long[:23] + "…"]
    assert long in figure.data[0].customdata[0][0]


def test_one_allele_at_a_time() -> None:
    frame = frequencies([("GBR", 1, 4)])
    two = pl.concat([frame, frame.with_columns(pos=pl.lit(9, pl.Int64))])
    with pytest.raises(ValueError, match="holds 2"):
        frequency_by_population(two)


@pytest.mark.parametrize(
    ("ac", "an", "expected"),
    [
        (1, 2, "1 copy"),
        (1, 1, "1 copy"),
        (2, 400, "≤ 0.5 %"),
        (2, 399, "0.5–1 %"),
        (2, 200, "0.5–1 %"),
        (4, 200, "1–2 %"),
        (10, 200, "2–5 %"),
        (20, 200, "5–10 %"),
        (40, 200, "10–20 %"),
        (100, 200, "20–50 %"),
        (101, 200, "50–100 %"),
        (199, 200, "50–100 %"),
        (200, 200, "fixed"),
    ],
)
def test_each_bin_holds_its_upper_bound(ac: int, an: int, expected: str) -> None:
    frame = frequencies([("GBR", ac, an)]).filter(pl.col("level") == "population")
    binned = bin_frequencies(frame.lazy()).collect()
    assert [BINS[row["bin"]] for row in binned.iter_rows(named=True)] == [expected]


def test_an_allele_that_the_group_does_not_carry_is_in_no_bin() -> None:
    frame = frequencies([("GBR", 0, 10), ("FIN", 0, 0)])
    assert bin_frequencies(frame.lazy()).collect().is_empty()


def test_a_spectrum_s_shares_add_up_to_100() -> None:
    frame = pl.DataFrame({"population": ["EUR"] * 3, "bin": [0, 1, 9], "alleles": [5, 3, 2]})
    figure = frequency_spectrum(frame, measure="share", log=False)
    assert sum(figure.data[0].y) == pytest.approx(100)
    logged = frequency_spectrum(frame)
    assert logged.data[0].y[2] is None  # no zero on a logarithmic axis


def test_samples_are_counted_by_sex_and_unknown_is_said() -> None:
    figure = samples_by_population(
        samples([("GBR", "EUR", "male"), ("GBR", "EUR", "female"), ("GBR", "EUR", None)])
    )
    drawn: dict[str, Any] = {}
    for trace in figure.data:
        drawn[trace.name] = drawn.get(trace.name, 0) + sum(y or 0 for y in trace.y)
    assert drawn == {"female": 1, "male": 1, "unknown": 1}


def test_sunburst_rings_add_up() -> None:
    figure = samples_sunburst(
        samples([("GBR", "EUR", "male")] * 3 + [("GBR", "EUR", "female")] + [("YRI", "AFR", "x")])
    )
    rings = figure.data[0]
    values = dict(zip(rings.ids, rings.values, strict=True))
    for key, value in values.items():
        below = [
            values[child]
            for child, parent in zip(rings.ids, rings.parents, strict=True)
            if parent == key
        ]
        assert not below or sum(below) == value


def test_only_means_and_ratios_have_the_super_population_s_line() -> None:
    frame = groups([("GBR", "population"), ("EUR", "super_population")])
    for measure, kind in MEASURES.items():
        figure = population_summary(frame, measure)
        lines = [trace for trace in figure.data if trace.name == "super-population"]
        assert len(lines) == (0 if kind.adds_up else 1)


def test_light_and_dark_have_their_own_colours() -> None:
    light = frequency_by_population(all_26(), theme="light").data[0].marker.color
    dark = frequency_by_population(all_26(), theme="dark").data[0].marker.color
    assert light == SUPER_POPULATION_COLOURS["light"]["AFR"]
    assert dark == SUPER_POPULATION_COLOURS["dark"]["AFR"]


def test_genotypes_have_the_same_words_in_every_chart() -> None:
    frame = frequencies([("GBR", 1200, 5000)]).with_columns(af_low=0.1, af_high=0.3, hwe_p=0.5)
    words = ["1,300 no copy", "1,200 heterozygous", "0 homozygous", "1,234 not called"]
    charts = (frequency_by_population, frequency_intervals, genotype_counts)
    for draw in charts:
        hover = draw(frame).data[0].customdata[0][0]
        assert all(word in hover for word in words), draw
    assert [bar.name for bar in genotype_counts(frame).data[:2]] == ["homozygous", "heterozygous"]
