"""The pages Linkage and Cohort, and their charts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.figures.linkage import MOST_HAPLOTYPES, haplotype_bars, ld_decay_lines, ld_heat
from medallion.ondemand.region import View, common_in

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
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=30).run()
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


def sentence(figure: go.Figure) -> str:
    assert figure.layout.meta["alt"]
    assert figure.layout.xaxis.title.text
    assert figure.layout.yaxis.title.text
    return json.dumps(figure.to_plotly_json(), default=str)


@pytest.fixture(scope="module")
def common(demo_lake: Lake) -> list[str]:
    """Names of some common alleles of the region, in the order of the file."""
    rows = demo_lake.scan("gold.frequencies", build=False)
    found = common_in(rows, View("22", 17_000_000, 17_200_000), "EUR", 0.1).head(12)
    return [f"{c}-{p}-{r}-{a}" for c, p, r, a in found.select("chrom", "pos", "ref", "alt").rows()]


# Linkage


@pytest.mark.parametrize("measure", ["r²", "|D′|"])
def test_the_matrix_is_the_lakes(page: Open, demo_lake: Lake, measure: str) -> None:
    app = page("ld", region=REGION, ld_group="EUR", ld_af="0.1", ld_measure=measure)
    assert len(app.get("plotly_chart")) == 1
    pairs = tables(app)[0]
    names = common_names(demo_lake)
    matrix = demo_lake.ld_matrix(names, "EUR", "r2" if measure == "r²" else "d_prime")
    top = pairs.row(0, named=True)
    stored = matrix.filter(variant=top["variant"])[top["other"]][0]
    assert top["value"] == pytest.approx(stored)
    values = [abs(v) for i, row in enumerate(matrix.drop("variant").rows()) for v in row[i + 1 :]
              if v is not None]  # fmt: skip
    assert abs(top["value"]) == pytest.approx(max(values))
    assert pairs.height == min(500, len(values))


def common_names(lake: Lake) -> list[str]:
    rows = lake.scan("gold.frequencies", build=False)
    found = common_in(rows, View("22", 17_000_000, 17_200_000), "EUR", 0.1)
    af = rows.filter(
        pl.col("population") == "EUR", pl.col("pos").is_between(17_000_000, 17_200_000)
    ).collect()["af"]
    assert found.height == ((af >= 0.1 - 1e-12) & (af <= 0.9 + 1e-12)).sum() > 5
    return [f"{c}-{p}-{r}-{a}" for c, p, r, a in found.select("chrom", "pos", "ref", "alt").rows()]


def test_more_alleles_than_can_be_read_are_cut_and_said(page: Open) -> None:
    app = page("ld", region="22", ld_af="0.01")
    assert "are too many for one picture" in texts(app)
    assert "300 alleles." in texts(app)


def test_nothing_to_compare_is_said(page: Open) -> None:
    app = page("ld", region="22:17,000,000-17,000,100")
    assert "no two alleles" in texts(app)


def test_haplotypes_of_a_list(page: Open, demo_lake: Lake, common: list[str]) -> None:
    asked = common[:3]
    app = page("ld", ld="Haplotypes", ld_variants="\n".join(asked))
    frame = tables(app)[0]
    expected = demo_lake.haplotypes(asked).filter(pl.col("level") != "population")
    assert frame["count"].to_list() == expected["count"].to_list()
    assert frame.filter(population="ALL")["count"].sum() == frame["n"][0]
    app = page("ld", ld="Haplotypes", ld_variants=f"{asked[0]} nothing {NASTY}")
    assert "cannot be counted" in texts(app)
    assert not any("<script>" in m.value for m in app.markdown)
    assert "Name the variants" in texts(page("ld", ld="Haplotypes"))


def test_decay_is_drawn(page: Open) -> None:
    assert len(page("ld", ld="Decay").get("plotly_chart")) == 1


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


def test_a_wide_region_waits_for_the_button(page: Open) -> None:
    app = page("cohort", region="22", cohort_population="GBR")
    button = next(b for b in app.button if b.label.startswith("Count the cohort over"))
    assert not app.get("plotly_chart")
    button.click()
    sound(app.run())
    assert len(app.get("plotly_chart")) == 1


# Charts


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_charts_say_what_they_are_and_escape(
    demo_lake: Lake, common: list[str], theme: str
) -> None:
    matrix = demo_lake.ld_matrix(common, "EUR", "d_prime")
    odd = matrix.with_columns(variant=pl.concat_str(pl.lit(NASTY), pl.col("variant")))
    heat = ld_heat(odd, measure="d_prime", group=NASTY, theme=theme)
    assert NASTY not in sentence(heat)
    assert all(v is None or 0 <= v <= 1 + 1e-9 for row in heat.data[0].z for v in row)
    frame = demo_lake.haplotypes(common[:6])
    assert frame["haplotype"].n_unique() > MOST_HAPLOTYPES
    frame = frame.with_columns(
        population=pl.when(pl.col("population") == "GBR")
        .then(pl.lit(NASTY))
        .otherwise("population")
    )
    bars = haplotype_bars(frame, ["ALL", NASTY], theme=theme)
    assert NASTY not in sentence(bars)
    assert len(bars.data) == MOST_HAPLOTYPES + 1
    for place in (0, 1):
        assert sum(trace.y[place] for trace in bars.data) == pytest.approx(1)
    lines = ld_decay_lines(demo_lake.scan("gold.ld_decay", build=False).collect(), theme=theme)
    sentence(lines)
    assert len({trace.marker.symbol for trace in lines.data}) == len(lines.data) == 5
