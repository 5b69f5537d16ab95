"""The page Cohort, and the cohort on other pages."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from app_pages import Open, sound, tables, texts
from odd_samples import lake_of
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.cohorts import MOST, Cohort, read_cohorts, remove_cohort, save_cohort
from medallion.errors import LakeError, UsageError
from medallion.ondemand.region import View, common_in
from pages.shared import counting, place

NASTY = "<script>alert(1)</script>"
REGION = "22:17,000,000-17,200,000"
ondemand_cohort = sys.modules["medallion.ondemand.cohort"]


@pytest.fixture
def page(open_page: Open, own_demo: Lake) -> Open:
    """Open a page of the demo as a link with these parameters does."""
    return lambda name, **query: open_page(own_demo, f"explore/{name}", **query)


@pytest.fixture(scope="module")
def common(own_demo: Lake) -> list[str]:
    """Names of some common alleles of the region, in the order of the file."""
    rows = own_demo.scan("gold.frequencies", build=False)
    found = common_in(rows, View("22", 17_000_000, 17_200_000), "EUR", 0.1).head(12)
    return [f"{c}-{p}-{r}-{a}" for c, p, r, a in found.select("chrom", "pos", "ref", "alt").rows()]


# Cohort


def test_a_cohort_is_counted_beside_a_group(page: Open, own_demo: Lake) -> None:
    app = page(
        "cohort", cohort_name=NASTY, cohort_super="AFR", cohort_sex="female", region=REGION,
        cohort_beside="EUR",
    )  # fmt: skip
    assert len(app.get("plotly_chart")) == 1
    frame = tables(app)[-1]
    expected = own_demo.cohort("22:17000000-17200000", super_populations=["AFR"], sex="female")
    stored = own_demo.scan("gold.frequencies", build=False).filter(population="EUR").collect()
    for row in frame.head(20).iter_rows(named=True):
        own = expected.filter(pos=row["pos"], ref=row["ref"], alt=row["alt"])
        assert (own["ac"][0], own["an"][0]) == (row["ac_1"], row["an_1"])
        eur = stored.filter(pos=row["pos"], ref=row["ref"], alt=row["alt"])
        assert row["af_2"] == pytest.approx(eur["af"][0])
    assert frame["difference"].abs().is_sorted(descending=True)
    assert "AFR" in tables(app)[0]["super_population"].to_list()


def test_a_list_of_samples_and_unknown_names(page: Open, own_demo: Lake) -> None:
    names = own_demo.scan("silver.samples", build=False).collect()["sample"].to_list()[:3]
    app = page("cohort", cohort_samples=f"{names[0]}, {names[2]} nobody {NASTY}", region=REGION)
    assert "2 names of the list are not in this lake" in texts(app)
    assert "nobody" in texts(app)
    assert any("2 samples" in e.label for e in app.expander)
    assert not any("<script>" in m.value for m in app.markdown)


@pytest.mark.parametrize("names", ["nobody1 nobody2", NASTY, "22"])
def test_a_cohort_of_unknown_samples_is_nobody(page: Open, names: str) -> None:
    app = page("cohort", cohort_samples=names, cohort_name="cases", region=REGION)
    assert "not in this lake" in texts(app)
    assert "Names are those of the VCF's header" in texts(app)
    assert "the cohort is empty" in texts(app)
    assert "everyone" not in texts(app)
    assert not app.get("plotly_chart")
    assert not app.dataframe
    app.switch_page("pages/explore/populations.py")
    app.query_params["populations_view"] = "Two against each other"
    choice = next(each for each in sound(app.run()).get("button_group") if each.label == "Groups")
    assert "Your cohorts" not in choice.options


def test_names_of_numbers_and_with_blanks_are_read(open_page: Open, tmp_path: Path) -> None:
    lake = lake_of(tmp_path, ["101", "102", "103", "S 1", "S 2"])
    for names, count in (("101,102,103", 3), ("101, 102\nS 1", 3), ("s 1, S 2 103", 3)):
        app = open_page(lake, "explore/cohort", cohort_samples=names)
        assert "not in this lake" not in texts(app)
        assert any(e.label == f"Who is in it: {count} samples" for e in app.expander), names


def test_nobody_and_everybody(page: Open, own_demo: Lake) -> None:
    app = page("cohort", cohort_super="AFR", cohort_population="GBR")
    assert "Nobody fulfils all conditions" in texts(app)
    app = page("cohort", region=REGION)
    assert "Nobody is chosen yet." in texts(app)
    assert not app.get("plotly_chart")
    assert not app.dataframe
    next(button for button in app.button if button.label == "Begin with the first group").click()
    sound(app.run())
    assert app.multiselect(key="cohort_super").value == ["AFR"]
    assert len(app.get("plotly_chart")) == 1
    shown = json.loads(app.dataframe[-1].proto.columns)["hwe_p"]
    assert (shown["type_config"]["format"], shown["width"]) == ("%.3g", 110)


def test_variant_and_gold_show_the_cohort(page: Open, own_demo: Lake, common: list[str]) -> None:
    app = page("cohort", cohort_population="GBR", cohort_name="mine", region=REGION)
    app.switch_page("pages/explore/variant.py")
    app.query_params["variant"] = common[0]
    sound(app.run())
    frame = next(t for t in tables(app) if "af_low" in t.columns)
    mine = frame.filter(population="mine (unsaved)")
    gbr = frame.filter(population="GBR")
    assert mine.select("ac", "an", "n_het", "af_low").equals(
        gbr.select("ac", "an", "n_het", "af_low")
    )
    app.switch_page("pages/layers/gold.py")
    sound(app.run())
    frame = next(t for t in tables(app) if "hwe_p" in t.columns)
    mine, gbr = (
        frame.filter(population=name).select("ac", "an", "af") for name in ("mine (unsaved)", "GBR")
    )
    assert mine.equals(gbr)
    layout = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
    assert layout["xaxis"]["ticktext"][-1] == "<b>mine (unsaved)</b>"


def test_a_wide_region_is_counted_behind_the_page(
    page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "MANY", 5000)
    app = page("cohort", region="22", cohort_population="GBR")
    start = next(b for b in app.button if b.label.startswith("Count the cohort over"))
    assert not app.get("plotly_chart")
    start.click()
    sound(app.run())
    (count,) = counting._COUNTS.values()
    wait_for(count)
    sound(app.run())
    assert count.state == "done"
    assert len(app.get("plotly_chart")) == 1


def test_a_wide_count_is_cancelled_and_begun_again(
    page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    read = ondemand_cohort.read_cohort

    def slowly(*given: object) -> pl.DataFrame:
        begun.set()
        assert go_on.wait(30)
        return read(*given)

    monkeypatch.setattr(ondemand_cohort, "read_cohort", slowly)
    monkeypatch.setattr(place, "MANY", 5000)
    app = page("cohort", region="22", cohort_population="TSI")
    next(b for b in app.button if b.label.startswith("Count the cohort over")).click()
    sound(app.run())
    assert begun.wait(30)
    count = next(c for c in counting._COUNTS.values() if c.state == "running")
    next(b for b in app.button if b.label == "Cancel").click()
    sound(app.run())
    assert count.stop.is_set()
    go_on.set()
    wait_for(count)
    assert (count.state, count.frame) == ("cancelled", None)
    sound(app.run())
    assert "The count was cancelled" in texts(app)
    assert any(b.label.startswith("Count the cohort over") for b in app.button)


def wait_for(count: counting._Count) -> None:
    for _ in range(600):
        if count.state != "running":
            return
        time.sleep(0.05)
    raise AssertionError("the count did not end")


# Saved cohorts


@pytest.fixture
def unsaved(own_demo: Lake) -> Iterator[Path]:
    """The demo's file of cohorts, which is gone again afterwards."""
    file = own_demo.path / "cohorts.json"
    yield file
    file.unlink(missing_ok=True)


def test_a_cohort_is_saved_shown_everywhere_opened_and_removed(
    page: Open, own_demo: Lake, common: list[str], unsaved: Path
) -> None:
    save_cohort(own_demo.path, Cohort("two", populations=("GBR", "FIN")))
    app = page("cohort", cohort_population="GBR", cohort_name=NASTY, region=REGION)
    app.button(key="cohort save").click()
    sound(app.run())
    assert set(read_cohorts(own_demo.path)) == {"two", NASTY}
    assert app.button(key="cohort save").disabled

    app = page("cohort", cohort_super="AFR", region=REGION, cohort_beside="★ two")
    frame = tables(app)[-1]
    expected = own_demo.cohort("22:17000000-17200000", populations=["GBR", "FIN"])
    row = frame.row(0, named=True)
    own = expected.filter(pos=row["pos"], ref=row["ref"], alt=row["alt"])
    assert row["af_2"] == pytest.approx(own["af"][0])

    app = page("variant", variant=common[0])
    frame = next(t for t in tables(app) if "af_low" in t.columns)
    assert frame.filter(level="cohort")["population"].to_list() == [NASTY, "two"]
    app = page("variant", variant=common[0], cohorts="two")
    frame = next(t for t in tables(app) if "af_low" in t.columns)
    assert frame.filter(level="cohort")["population"].to_list() == ["two"]

    app = page("cohort")
    app.selectbox(key="cohort_open").set_value("two")
    sound(app.run())
    assert app.multiselect(key="cohort_population").value == ["GBR", "FIN"]
    assert app.text_input(key="cohort_name").value == "two"
    app.button(key="cohort remove").click()
    sound(app.run())
    assert set(read_cohorts(own_demo.path)) == {NASTY}
    assert not any("<script>" in m.value for m in app.markdown)


def cohorts_of_variant(app: AppTest) -> list[str]:
    """The cohorts that the table of the Variant page lists."""
    frame = next(t for t in tables(app) if "af_low" in t.columns)
    return frame.filter(level="cohort")["population"].to_list()


def test_an_unsaved_cohort_is_marked_and_told_from_the_saved_one(
    page: Open, own_demo: Lake, common: list[str], unsaved: Path
) -> None:
    save_cohort(own_demo.path, Cohort("two", populations=("GBR", "FIN")))
    app = page("cohort", cohort_name="two", cohort_population="GBR", region=REGION)
    assert "marked (unsaved)" in texts(app)
    drawn = json.loads(app.get("plotly_chart")[0].proto.spec)["layout"]
    assert "two (unsaved)" in drawn["xaxis"]["title"]["text"]
    assert "★ two" in app.selectbox(key="cohort_beside").options
    app.switch_page("pages/explore/variant.py")
    app.query_params["variant"] = common[0]
    assert cohorts_of_variant(sound(app.run())) == ["two", "two (unsaved)"]
    app.switch_page("pages/explore/populations.py")
    app.query_params["populations_view"] = "Two against each other"
    app.query_params["pair_level"] = "Your cohorts"
    box = next(b for b in sound(app.run()).selectbox if b.label == "Your cohort")
    assert list(box.options) == ["★ two", "two (unsaved)"]


def test_an_unsaved_cohort_is_in_the_link_of_the_page(
    page: Open, own_demo: Lake, common: list[str], unsaved: Path
) -> None:
    app = page("cohort", cohort_name=NASTY, cohort_population="GBR", region=REGION)
    app.switch_page("pages/explore/variant.py")
    app.query_params["variant"] = common[0]
    assert cohorts_of_variant(sound(app.run())) == [f"{NASTY} (unsaved)"]
    draft = app.query_params["draft"]
    again = page("variant", variant=common[0], draft=draft)  # as a reload does
    assert cohorts_of_variant(again) == [f"{NASTY} (unsaved)"]
    save_cohort(own_demo.path, Cohort(NASTY, populations=("GBR",)))
    again = page("variant", variant=common[0], draft=draft)
    assert cohorts_of_variant(again) == [NASTY]
    assert "draft" not in again.query_params
    for wrong in ("{", '{"name": 3}', '{"name": "x", "sex": ["male"]}', '["x"]', "3"):
        app = page("variant", variant=common[0], draft=wrong)
        assert "The cohort in this link cannot be read" in texts(app)


def test_a_cohort_named_as_a_stored_group_is_told_from_it(
    page: Open, own_demo: Lake, common: list[str], unsaved: Path
) -> None:
    app = page("cohort", cohort_name="GBR", cohort_population="FIN", region=REGION)
    assert "it is not saved and on no other page" in texts(app)
    app.switch_page("pages/explore/variant.py")
    app.query_params["variant"] = common[0]
    assert cohorts_of_variant(sound(app.run())) == []
    save_cohort(own_demo.path, Cohort("GBR", populations=("FIN",)))
    app = page("variant", variant=common[0])
    assert cohorts_of_variant(app) == ["GBR (cohort)"]


def test_the_region_shows_frequencies_in_saved_cohorts(
    page: Open, own_demo: Lake, unsaved: Path
) -> None:
    save_cohort(own_demo.path, Cohort("women", super_populations=("AFR",), sex="female"))
    expected = own_demo.cohort("22:17000000-17200000", super_populations=["AFR"], sex="female")
    app = page("region", region=REGION, dots_of="women")
    frame = tables(app)[-1]
    assert frame["af_cohort_1"].to_list() == pytest.approx(expected["af"].to_list())
    chart = json.loads(app.get("plotly_chart")[0].proto.spec)
    assert chart["layout"]["yaxis5"]["title"]["text"] == "AF in women"
    drawn = {
        mark[0]: af
        for trace in chart["data"]
        if trace.get("yaxis") == "y5"
        for mark, af in zip(trace["customdata"], trace["y"], strict=True)
    }
    assert [drawn[i] for i in range(len(drawn))] == pytest.approx(frame["af_cohort_1"].to_list())


def test_what_cannot_be_saved_is_said(page: Open, own_demo: Lake, unsaved: Path) -> None:
    app = page("cohort", cohort_population="GBR", cohort_name="EUR", region=REGION)
    assert "A stored group has this name" in texts(app)
    for wrong, words in (
        (Cohort(" ", populations=("GBR",)), "1 to 40"),
        (Cohort("x" * 41, populations=("GBR",)), "1 to 40"),
        (Cohort("all"), "everyone"),
    ):
        with pytest.raises(UsageError, match=words):
            save_cohort(own_demo.path, wrong)
    unsaved.write_text('{"cohorts": [{"name": 3}]}', encoding="utf-8")
    with pytest.raises(LakeError, match="holds no list of cohorts"):
        read_cohorts(own_demo.path)
    app = page("cohort", region=REGION)
    assert "The saved cohorts cannot be read" in texts(app)


def test_a_lake_keeps_a_bounded_number_of_cohorts(tmp_path: Path) -> None:
    for number in range(MOST):
        save_cohort(tmp_path, Cohort(f"c{number:02}", sex="female"))
    with pytest.raises(UsageError, match="remove one first"):
        save_cohort(tmp_path, Cohort("one more", sex="female"))
    save_cohort(tmp_path, Cohort("c03", sex="male"))
    remove_cohort(tmp_path, "c00")
    remove_cohort(tmp_path, "never there")
    kept = read_cohorts(tmp_path)
    assert list(kept) == [f"c{number:02}" for number in range(1, MOST)]
    assert kept["c03"] == Cohort("c03", sex="male")
