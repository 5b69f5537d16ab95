"""The charts of the Variant and Sample pages, and the interval of a frequency."""

from __future__ import annotations

import json
import re
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from medallion import Lake
from medallion.catalog.outline import land
from medallion.catalog.populations import POPULATIONS
from medallion.figures.frequencies import frequency_by_population
from medallion.figures.genotype_counts import by_chance, expected_shares, genotype_counts
from medallion.figures.intervals import frequency_intervals
from medallion.figures.neighbours import MOST_DRAWN, linkage_neighbours
from medallion.figures.one_sample import SAMPLE_MEASURES, sample_among_others
from medallion.figures.sampling_map import frequency_map
from medallion.figures.style import extremes, plural
from medallion.popgen.intervals import wilson

NASTY = "<script>alert(1)</script>"


@settings(deadline=None)
@given(st.integers(0, 5000), st.integers(0, 5000))
def test_the_interval_is_scipys(one: int, other: int) -> None:
    ac, an = min(one, other), max(one, other)
    low, high = wilson([ac], [an])
    if an == 0:
        assert np.isnan(low[0])
        assert np.isnan(high[0])
        return
    theirs = binomtest(ac, an).proportion_ci(0.95, method="wilson")
    assert low[0] == pytest.approx(theirs.low, abs=1e-12)
    assert high[0] == pytest.approx(theirs.high, abs=1e-12)
    assert 0 <= low[0] <= ac / an <= high[0] <= 1


def said(figure: go.Figure) -> str:
    assert figure.layout.meta["alt"]
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text
    assert figure.layout.title.text
    figure = go.Figure(figure)
    figure.layout.meta = None  # plain text, for a screen reader
    return json.dumps(figure.to_plotly_json(), default=list)


@pytest.fixture(scope="module")
def rows(demo_lake: Lake) -> pl.DataFrame:
    """Frequencies of one common allele, with their bounds."""
    frame = demo_lake.scan("gold.frequencies", build=False)
    common = frame.filter((pl.col("population") == "ALL") & (pl.col("af") > 0.3)).head(1).collect()
    of = common.select("file", "record", "alt_index").lazy()
    found = frame.join(of, on=["file", "record", "alt_index"]).collect()
    low, high = wilson(found["ac"].to_numpy(), found["an"].to_numpy())
    return found.with_columns(af_low=pl.Series(low), af_high=pl.Series(high))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_each_group_has_its_dot_and_whiskers(rows: pl.DataFrame, theme: str) -> None:
    figure = frequency_intervals(rows, theme=theme)
    said(figure)
    dots = {y for trace in figure.data for y in trace.y}
    assert dots == set(rows["af"].to_list())
    for trace in figure.data:
        for y, up, down in zip(trace.y, trace.error_y.array, trace.error_y.arrayminus, strict=True):
            own = rows.filter(pl.col("af") == y)
            assert y + up in own["af_high"].to_list() or np.isclose(y + up, own["af_high"]).any()
            assert np.isclose(y - down, own["af_low"]).any()


def test_a_frequency_of_1_stands_below_the_names_on_the_frame(rows: pl.DataFrame) -> None:
    fixed = rows.with_columns(pl.lit(1.0).alias(name) for name in ("af", "af_high"))
    assert frequency_intervals(fixed).layout.yaxis.range[1] >= 1.05


def genotyped(hom_ref: int, het: int, hom_alt: int, an: int | None = None) -> dict[str, int]:
    """Counts of a group; `an` where not all calls are diploid."""
    called = 2 * (hom_ref + het + hom_alt)
    return {"n_hom_ref": hom_ref, "n_het": het, "n_hom_alt": hom_alt, "ac": het + 2 * hom_alt,
            "an": called if an is None else an}  # fmt: skip


def test_expected_genotypes_are_those_of_the_textbook() -> None:
    # Ford's scarlet tiger moths: 1469, 138 and 5 of 1612; expected 1467.4, 141.2 and 3.4.
    hom, het = expected_shares(genotyped(1469, 138, 5)) or (0, 0)
    assert 1612 * hom == pytest.approx(3.4, abs=0.05)
    assert 1612 * het == pytest.approx(141.2, abs=0.05)
    assert expected_shares(genotyped(10, 0, 5, an=20)) is None  # ten of them are haploid
    assert expected_shares(genotyped(0, 0, 0)) is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_genotypes_are_stacked_with_what_is_expected(rows: pl.DataFrame, theme: str) -> None:
    named = rows.with_columns(pl.col("population").cast(pl.String).replace("YRI", NASTY))
    figure = genotype_counts(named, parents={NASTY: "AFR"}, theme=theme)
    assert NASTY not in said(figure)
    hom, het, expected = figure.data
    called = rows.select(pl.sum_horizontal("n_hom_ref", "n_het", "n_hom_alt"))["n_hom_ref"]
    assert sorted(hom.y) == pytest.approx(sorted(rows["n_hom_alt"] / called))
    assert sorted(het.y) == pytest.approx(sorted(rows["n_het"] / called))
    p = (rows["ac"] / rows["an"]).to_list()
    diploid = (rows["an"] == 2 * called).to_list()
    wanted = [y for p, two in zip(p, diploid, strict=True) if two for y in (p**2, 1 - (1 - p) ** 2)]
    assert wanted
    assert sorted(expected.y) == pytest.approx(sorted(wanted))
    haploid = genotype_counts(rows.with_columns(an=pl.col("an") // 2), theme=theme)
    assert len(haploid.data) == 2
    with pytest.raises(ValueError, match="no group"):
        genotype_counts(rows.clear())


def test_tests_of_many_groups_are_told_with_what_chance_alone_gives(rows: pl.DataFrame) -> None:
    alt = genotype_counts(rows).layout.meta["alt"]
    low = (rows.filter(pl.col("level").cast(pl.String) == "population")["hwe_p"] < 0.05).sum()
    assert f"{low} of 26 have a Hardy-Weinberg p below 0.05; of 26 tests up to 1.3 by chance" in alt
    assert by_chance(1) == "of 1 test up to 0.05 by chance"


def test_a_group_without_calls_is_marked_and_names_are_escaped(rows: pl.DataFrame) -> None:
    odd = rows.with_columns(
        an=pl.when(pl.col("population") == "GBR").then(0).otherwise("an"),
        af=pl.when(pl.col("population") == "GBR").then(None).otherwise("af"),
        population=pl.when(pl.col("population") == "YRI")
        .then(pl.lit(NASTY))
        .otherwise(pl.col("population").cast(pl.String)),
    )
    figure = frequency_intervals(odd)
    assert any(trace.marker.symbol == "x-thin" for trace in figure.data)
    assert NASTY not in said(figure)
    with pytest.raises(ValueError, match="no group"):
        frequency_intervals(rows.clear())


def test_the_map_has_each_place_and_discs_whose_area_is_the_frequency(rows: pl.DataFrame) -> None:
    figure = frequency_map(rows)
    said(figure)
    discs = [
        t for t in figure.data if t.mode == "markers" and not t.showlegend and t.marker.opacity
    ]
    sizes = sorted(size for trace in discs for size in trace.marker.size)
    afs = sorted(rows.filter(pl.col("level").cast(pl.String) == "population")["af"].to_list())
    assert len(sizes) == len(POPULATIONS)
    assert np.allclose(np.square(sizes) / sizes[-1] ** 2, np.array(afs) / afs[-1])
    with pytest.raises(ValueError, match="none of the populations"):
        frequency_map(rows.filter(pl.col("population") == "ALL"))


def test_a_screen_reader_is_told_no_markup_and_each_of_equals(rows: pl.DataFrame) -> None:
    """As plain text: not `&lt;CN0&gt;`, and not one of several that are equal as the highest."""
    sv = rows.with_columns(alt=pl.lit("<CN0>"))
    one_copy = sv.with_columns(ac=pl.lit(0), af=pl.lit(0.0))
    high = pl.col("population").cast(pl.String).is_in(["ASW", "GBR"])
    tied = one_copy.with_columns(af=pl.when(high).then(1.0).otherwise("af"),
                                 ac=pl.when(high).then("an").otherwise("ac"))  # fmt: skip
    for draw in (frequency_intervals, frequency_map, frequency_by_population):
        alt = draw(tied).layout.meta["alt"]
        assert "→ <CN0>" in alt
        assert re.search(r"highest in (ASW and GBR|GBR and ASW) \(1\)", alt), alt
    assert "&lt;" in frequency_intervals(tied).layout.title.text
    assert "none carries it" in frequency_map(one_copy).layout.meta["alt"]
    assert "populations, 0 in each." in frequency_intervals(one_copy).layout.meta["alt"]


def test_words_for_one_and_for_many() -> None:
    assert (plural(1, "allele"), plural(0, "allele"), plural(2504, "allele")) == (
        "1 allele", "0 alleles", "2,504 alleles",
    )  # fmt: skip
    values = dict.fromkeys("abcde", 1.0) | {"f": 0.5}
    assert extremes(values, "{:g}".format) == (
        "highest in a, b, c and 2 others (1), lowest in f (0.5)"
    )
    assert extremes({"<a>": 1.0}, "{:g}".format) == "highest in &lt;a&gt; (1)"


def test_the_outline_is_closed_rings_on_earth_without_leaps() -> None:
    rings = land()
    assert sum(len(ring) for ring in rings) > 4000
    for ring in rings:
        assert ring[0] == ring[-1]
        for (lon, lat), (next_lon, _) in pairwise(ring):
            assert -181 <= lon <= 191
            assert -90 <= lat <= 84
            assert abs(next_lon - lon) < 40  # a line across the whole map is a fault


def test_most_sampling_places_are_on_land() -> None:
    """Even-odd rule; a place on a coast may fall beside the coarse outline."""

    def inside(x: float, y: float) -> bool:
        odd = False
        for ring in land():
            for (x1, y1), (x2, y2) in pairwise(ring):
                if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
                    odd = not odd
        return odd

    on_land = [p.code for p in POPULATIONS if inside(p.longitude, p.latitude)]
    assert len(on_land) >= 20, on_land
    assert not inside(-30, 0)  # the Atlantic
    assert not inside(51, 42)  # the Caspian Sea


def test_neighbours_are_all_drawn_up_to_the_most(demo_lake: Lake, rows: pl.DataFrame) -> None:
    top = rows.row(0, named=True)
    name = f"{top['chrom']}-{top['pos']}-{top['ref']}-{top['alt']}"
    frame = demo_lake.linked(name, minimum_af=0.05)
    figure = linkage_neighbours(frame, name=name, pos=top["pos"], group=NASTY)
    assert NASTY not in said(figure)
    assert sum(len(t.x) for t in figure.data) == min(frame.height, MOST_DRAWN) + 1
    many = pl.concat([frame] * (MOST_DRAWN // frame.height + 2))
    drawn = linkage_neighbours(many, name=name, pos=top["pos"], group="ALL")
    assert sum(len(t.x) for t in drawn.data) == MOST_DRAWN + 1


@pytest.mark.parametrize("measure", list(SAMPLE_MEASURES))
def test_a_sample_stands_in_its_populations_box(demo_lake: Lake, measure: str) -> None:
    samples = demo_lake.scan("gold.samples", build=False).collect()
    name = samples["sample"][100]
    figure = sample_among_others(samples, name, measure)
    said(figure)
    boxes = [t for t in figure.data if t.type == "box"]
    assert sum(len(t.y) for t in boxes) == samples[measure].drop_nulls().len()
    star = next(t for t in figure.data if t.type == "scatter")
    assert list(star.y) == [samples[measure][100]]
    with pytest.raises(ValueError, match="no sample"):
        sample_among_others(samples, "nobody", measure)
    odd = samples.with_columns(
        sample=pl.when(pl.col("sample") == name).then(pl.lit(NASTY)).otherwise("sample")
    )
    assert NASTY not in said(sample_among_others(odd, NASTY, measure))
