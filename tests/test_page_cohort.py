"""The page Cohort, and the cohort on other pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.ondemand.region import View, common_in
from pages.shared import place

ROOT = Path(__file__).resolve().parents[1]
NASTY = "<script>alert(1)</script>"
REGION = "22:17,000,000-17,200,000"
Open = Callable[..., AppTest]


@pytest.fixture
def page(demo_lake: Lake, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open a page of the demo as a link with these parameters does."""
    monkeypatch.setenv("MEDALLION_LAKE", str(demo_lake.path))
    monkeypatch.setattr("sys.argv", ["app.py"])

    def opened(name: str, **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30)
        app.switch_page(f"pages/explore/{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return sound(app.run())

    return opened


def sound(app: AppTest) -> AppTest:
    assert not app.exception, [element.message for element in app.exception]
    return app


def texts(app: AppTest) -> str:
    kinds = ("text", "code", "caption", "markdown")
    return "\n".join(e.value for kind in kinds for e in app.get(kind))


def tables(app: AppTest) -> list[pl.DataFrame]:
    return [pl.from_pandas(d.value) for d in app.dataframe]


@pytest.fixture(scope="module")
def common(demo_lake: Lake) -> list[str]:
    """Names of some common alleles of the region, in the order of the file."""
    rows = demo_lake.scan("gold.frequencies", build=False)
    found = common_in(rows, View("22", 17_000_000, 17_200_000), "EUR", 0.1).head(12)
    return [f"{c}-{p}-{r}-{a}" for c, p, r, a in found.select("chrom", "pos", "ref", "alt").rows()]


# Cohort


def test_a_cohort_is_counted_beside_a_group(page: Open, demo_lake: Lake) -> None:
    app = page(
        "cohort", cohort_name=NASTY, cohort_super="AFR", cohort_sex="female", region=REGION,
        cohort_beside="EUR",
    )  # fmt: skip
    assert len(app.get("plotly_chart")) == 1
    frame = tables(app)[-1]
    expected = demo_lake.cohort("22:17000000-17200000", super_populations=["AFR"], sex="female")
    stored = demo_lake.scan("gold.frequencies", build=False).filter(population="EUR").collect()
    for row in frame.head(20).iter_rows(named=True):
        own = expected.filter(pos=row["pos"], ref=row["ref"], alt=row["alt"])
        assert (own["ac"][0], own["an"][0]) == (row["ac_1"], row["an_1"])
        eur = stored.filter(pos=row["pos"], ref=row["ref"], alt=row["alt"])
        assert row["af_2"] == pytest.approx(eur["af"][0])
    assert frame["difference"].abs().is_sorted(descending=True)
    assert "AFR" in tables(app)[0]["super_population"].to_list()


def test_a_list_of_samples_and_unknown_names(page: Open, demo_lake: Lake) -> None:
    names = demo_lake.scan("silver.samples", build=False).collect()["sample"].to_list()[:3]
    app = page("cohort", cohort_samples=f"{names[0]}, {names[2]} nobody {NASTY}", region=REGION)
    assert "2 names of the list are not in this lake" in texts(app)
    assert "nobody" in texts(app)
    assert any("2 samples" in e.label for e in app.expander)
    assert not any("<script>" in m.value for m in app.markdown)


def test_nobody_and_everybody(page: Open, demo_lake: Lake) -> None:
    app = page("cohort", cohort_super="AFR", cohort_population="GBR")
    assert "Nobody fulfils all conditions" in texts(app)
    app = page("cohort", region=REGION)
    assert "the cohort is everyone" in texts(app)
    frame = tables(app)[-1]
    assert frame["difference"].abs().max() == 0


def test_the_variant_page_shows_the_cohort(page: Open, demo_lake: Lake, common: list[str]) -> None:
    app = page("cohort", cohort_population="GBR", cohort_name="mine", region=REGION)
    app.switch_page("pages/explore/variant.py")
    app.query_params["variant"] = common[0]
    sound(app.run())
    frame = next(t for t in tables(app) if "af_low" in t.columns)
    mine = frame.filter(population="mine")
    gbr = frame.filter(population="GBR")
    assert mine.select("ac", "an", "n_het", "af_low").equals(
        gbr.select("ac", "an", "n_het", "af_low")
    )


def test_a_wide_region_waits_for_the_button(page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "MANY", 5000)
    app = page("cohort", region="22", cohort_population="GBR")
    button = next(b for b in app.button if b.label.startswith("Count the cohort over"))
    assert not app.get("plotly_chart")
    button.click()
    sound(app.run())
    assert len(app.get("plotly_chart")) == 1
