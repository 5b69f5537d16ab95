"""The Populations page with a cohort of the reader's own: held against another group."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from app_pages import Open, charts, texts
from two_populations import NASTY, OTHER, two_populations

from medallion import Lake
from medallion.cohorts import Cohort, remove_cohort, save_cohort
from medallion.ondemand.region import View
from pages.shared import place, versus
from pages.shared.cache import cohort_frequencies, compared, group_frequencies

BRITISH = Cohort("my British", populations=("GBR",))
YORUBA = Cohort("my Yoruba", populations=("YRI",))
QUERY = {"populations_view": "Two against each other", "pair_level": "Your cohorts"}


@pytest.fixture
def page(open_page: Open) -> Open:
    """The page on a lake, as a link with these parameters opens it."""
    return lambda lake, **query: open_page(lake, "explore/populations", **{**QUERY, **query})


@pytest.fixture
def lake(own_demo: Lake) -> Iterator[Lake]:
    """The demo with two cohorts that are populations of it, so that gold has their numbers."""
    for cohort in (BRITISH, YORUBA):
        save_cohort(own_demo.path, cohort)
    yield own_demo
    for cohort in (BRITISH, YORUBA):
        remove_cohort(own_demo.path, cohort.name)


def whole(lake: Lake) -> View:
    return place.whole(place.contigs(lake, lake.version("silver"))["22"])


def counted(lake: Lake, view: View, other: str) -> compared.Pair:
    """The British cohort against a stored group."""
    path, versions = str(lake.path), (lake.version("silver"), lake.version("gold"))
    own = cohort_frequencies(path, versions[0], BRITISH, f"{view.chrom}:{view.start}-{view.end}")
    stored = group_frequencies(path, versions[1], view, other)
    return compared.counted_pair(path, versions, view, (BRITISH, other), own, stored)


def test_over_the_whole_lake_a_cohort_comes_to_what_gold_stores(lake: Lake) -> None:
    """A cohort that is a population has that population's counts, FST and spectra."""
    found = counted(lake, whole(lake), "YRI")
    path, version = str(lake.path), lake.version("gold")
    stored = compared.pair(path, version, "population", "GBR", "YRI")
    for name in ("varying", "only_1", "only_2", "cells", "sizes"):
        assert getattr(found, name) == getattr(stored, name), name
    assert found.most_different.equals(stored.most_different)
    assert found.drawn.equals(stored.drawn)
    assert found.joint.keys() == stored.joint.keys()
    for kind, frame in found.joint.items():
        assert frame.equals(stored.joint[kind])
    fst = lake.scan("gold.fst").filter(
        pl.col("method") == "hudson",
        pl.col("population_1").is_in(["GBR", "YRI"]), pl.col("population_2").is_in(["GBR", "YRI"]),
    ).collect()  # fmt: skip
    assert found.hudson == pytest.approx(fst["fst"].item(), rel=1e-12)


def test_of_a_region_only_its_alleles_are_counted(lake: Lake) -> None:
    view = View("22", 16_500_000, 17_500_000)
    found = counted(lake, view, "YRI")
    rows = (
        lake.scan("gold.frequencies")
        .filter(pl.col("pos").is_between(view.start, view.end))
        .filter(pl.col("population").is_in(["GBR", "YRI"]))
        .select("file", "record", "alt_index", pl.col("population").cast(pl.String), "ac", "an")
        .collect()
        .pivot("population", index=["file", "record", "alt_index"], values=["ac", "an"])
    )
    varies = (pl.col("ac_GBR") > 0) | (pl.col("ac_YRI") > 0)
    less = (pl.col("ac_GBR") < pl.col("an_GBR")) | (pl.col("ac_YRI") < pl.col("an_YRI"))
    assert 0 < found.varying == rows.filter(varies & less).height < rows.height
    assert found.varying < counted(lake, whole(lake), "YRI").varying
    assert found.most_different["pos"].is_between(view.start, view.end).all()


def test_the_page_draws_a_cohort_and_says_what_it_is_of(lake: Lake, page: Open) -> None:
    app = page(lake, own_cohort="★ my British", own_against="YRI", region="22:16500000-17500000")
    assert "22:16,500,000-17,500,000: all below is of this region" in texts(app)
    scatter, joint = charts(app)
    assert scatter["layout"]["xaxis"]["title"]["text"].count("my British")
    assert scatter["layout"]["yaxis"]["title"]["text"].count("YRI")
    assert joint["data"][0]["type"] == "heatmap"
    view = View("22", 16_500_000, 17_500_000)
    found = counted(lake, view, "YRI")
    by_label = {metric.label: metric.value for metric in app.metric}
    assert by_label["FST (Hudson)"] == f"{found.hudson:.4f}"
    assert by_label["Only in the one"] == f"{found.only_1:,}"
    assert app.dataframe[0].value["pos"].to_list() == found.most_different["pos"].to_list()


def test_a_cohort_against_a_cohort_and_against_itself(lake: Lake, page: Open) -> None:
    app = page(lake, own_cohort="★ my British", own_against="★ my Yoruba")
    assert len(charts(app)) == 2
    assert "which is all of this lake" in texts(app)
    by_label = {metric.label: metric.value for metric in app.metric}
    stored = lake.scan("gold.fst").filter(
        pl.col("method") == "hudson",
        pl.col("population_1").is_in(["GBR", "YRI"]), pl.col("population_2").is_in(["GBR", "YRI"]),
    ).collect()  # fmt: skip
    # The demo is small enough to be counted whole before a region is named.
    assert by_label["FST (Hudson)"] == f"{stored['fst'].item():.4f}"
    app = page(lake, own_cohort="★ my British", own_against="★ my British")
    assert "These are the same cohort." in texts(app)
    assert not charts(app)


def test_a_difference_has_one_sign_on_all_pages(lake: Lake, page: Open, open_page: Open) -> None:
    region = "22:16500000-17500000"
    own = page(lake, own_cohort="★ my British", own_against="YRI", region=region)
    cohort = open_page(
        lake, "explore/cohort", cohort_population="GBR", cohort_name="b", cohort_beside="YRI",
        region=region,
    )  # fmt: skip
    tables = {}
    for app, heading in ((own, "one − other"), (cohort, "cohort − group")):
        table = next(t for t in app.dataframe if "difference" in t.value.columns)
        columns = json.loads(table.proto.columns)
        assert columns["difference"]["label"] == f"Difference, {heading}"
        frame = pl.from_pandas(table.value)
        assert frame["difference"].to_list() == pytest.approx(
            (frame["af_1"] - frame["af_2"]).to_list()
        )
        tables[heading] = frame.select("pos", "ref", "alt", "difference").head(20)
    assert tables["one − other"].equals(tables["cohort − group"])


def test_a_wide_region_waits_for_a_button(
    lake: Lake, page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "MANY", 100)
    app = page(lake, own_cohort="★ my British", region="22")
    assert not charts(app)
    assert any(button.label.startswith("Count the cohort over") for button in app.button)


def test_what_is_counted_at_first_is_bounded() -> None:
    contig = {"chrom": "22", "alleles": 1_000_000, "first": 16_000_001, "last": 51_000_000}
    view = place.some(contig, 20_000)
    assert view == View("22", 16_000_001, 16_700_000)
    few = {**contig, "alleles": 300}
    assert place.some(few, 20_000) == place.whole(few)


def test_all_alleles_can_be_had(lake: Lake) -> None:
    view = View("22", 16_500_000, 17_500_000)
    path, silver, gold = str(lake.path), lake.version("silver"), lake.version("gold")
    one = cohort_frequencies(path, silver, BRITISH, f"22:{view.start}-{view.end}")
    other = group_frequencies(path, gold, view, "GBR")
    frame = compared.counted_alleles(path, gold, view, one, other)
    rows = versus._named(frame, ("my British", "GBR"))
    assert rows.height == frame.height > 0
    assert rows["group_1"].unique().to_list() == ["my British"]
    np.testing.assert_array_equal(rows["ac_1"], rows["ac_2"])


def test_without_a_cohort_nothing_is_offered(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake)
    choice = next(each for each in app.get("button_group") if each.label == "Groups")
    assert list(choice.options) == ["Super-populations", "Populations"]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "**bold** $x$", "ALL"])
def test_odd_names_are_shown_as_they_are(tmp_path: Path, page: Open, name: str) -> None:
    lake = two_populations(tmp_path)
    save_cohort(lake.path, Cohort(name, populations=(NASTY,)))
    told = f"{name} (cohort)" if name == "ALL" else name
    app = page(lake, own_cohort=f"★ {told}", own_against=OTHER)
    assert len(charts(app)) >= 1
    assert "<script" not in json.dumps(charts(app))
    for kind in ("markdown", "caption", "subheader", "html", "metric"):
        for element in app.get(kind):
            assert "alert(1)" not in str(getattr(element, "value", ""))
