"""The Populations page: who they are, side by side, two against each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from app_pages import Open, charts, no_markup, texts
from streamlit.testing.v1 import AppTest
from two_populations import NASTY, OTHER, take_samples_away, write_cohort

from medallion import Lake
from pages.shared import versus
from pages.shared.cache import compared

VIEWS = ["Who they are", "Side by side", "Two against each other"]


@pytest.fixture
def page(open_page: Open) -> Open:
    """The page on a lake, as a link with these parameters opens it."""
    return lambda lake, **query: open_page(lake, "explore/populations", **query)


def titles(app: AppTest) -> list[str]:
    return [chart["layout"]["title"]["text"] for chart in charts(app)]


def metrics(app: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in app.metric}


# Who they are


def test_who_they_are_adds_up(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake)
    assert titles(app) == ["2,504 samples", "26 sampling places"]
    rows = pl.from_pandas(app.dataframe[0].value)
    assert rows["samples"].sum() == 2504
    assert "unknown" not in rows.columns  # a column of zeros tells nothing
    assert (rows["female"] + rows["male"]).to_list() == rows["samples"].to_list()
    discs = [t for t in charts(app)[1]["data"] if "text" in t]
    assert sorted(code for t in discs for code in t["text"]) == sorted(rows["population"])


def test_populations_of_one_s_own_have_no_map(cohort_lake: Lake, page: Open) -> None:
    app = page(cohort_lake)
    assert len(charts(app)) == 1
    assert "No map of these populations." in texts(app)
    assert set(app.dataframe[0].value["population"]) == {NASTY, OTHER}


# Side by side


def test_every_measure_is_drawn_from_gold(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake, populations_view="Side by side")
    options = list(app.selectbox(key="compare").options)
    assert len(options) == 8
    gold = demo_lake.scan("gold.populations").collect()
    for measure in options:
        app = page(demo_lake, populations_view="Side by side", compare=measure)
        chart = charts(app)[0]
        assert chart["layout"]["title"]["text"] == measure
        assert chart["layout"]["yaxis"]["title"]["text"]
    app = page(demo_lake, populations_view="Side by side", compare="Tajima's D")
    dots = next(t for t in charts(app)[0]["data"] if t.get("mode") == "markers")
    known = gold.filter(pl.col("level") == "population")["tajima_d"]
    np.testing.assert_allclose(sorted(dots["y"]), sorted(known))


@pytest.mark.parametrize("allele", ["Derived", "Rarer"])
@pytest.mark.parametrize("level", ["Super-populations", "Populations", "All"])
def test_spectra_of_chosen_groups(demo_lake: Lake, page: Open, level: str, allele: str) -> None:
    app = page(demo_lake, populations_view="Side by side", level=level, allele_counted=allele,
               drawn="20")  # fmt: skip
    chart = charts(app)[1]
    lines = [t for t in chart["data"] if t["name"] != "neutral, constant size"]
    assert len(lines) == {"Super-populations": 5, "Populations": 8, "All": 1}[level]
    classes = 19 if allele == "Derived" else 10
    for line in lines:
        assert line["x"] == list(range(1, classes + 1))
        assert sum(line["y"]) == pytest.approx(100)


def test_a_spectrum_s_groups_are_in_the_url(demo_lake: Lake, page: Open) -> None:
    app = page(
        demo_lake, populations_view="Side by side", level="Populations", sites_as="Number",
        which_population=["GBR", "YRI"],
    )  # fmt: skip
    lines = charts(app)[1]["data"]
    assert {t["name"] for t in lines} == {"GBR", "YRI"}
    # Drawing 40 alleles cannot show more sites than vary in the whole group.
    gold = demo_lake.scan("gold.spectrum").filter(
        pl.col("population") == "YRI", pl.col("kind") == "unfolded", pl.col("count") > 0,
        pl.col("count") < pl.col("n"),
    ).collect()  # fmt: skip
    drawn = sum(next(t for t in lines if t["name"] == "YRI")["y"])
    assert 0.3 * gold["sites"].sum() < drawn < gold["sites"].sum()


# Two against each other


def test_two_super_populations(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake, populations_view="Two against each other", super_1="SAS", super_2="AFR")
    assert titles(app) == ["SAS against AFR", "Joint spectrum of SAS and AFR"]
    fst = demo_lake.scan("gold.fst").filter(
        pl.col("population_1") == "AFR", pl.col("population_2") == "SAS",
        pl.col("method") == "hudson",
    ).collect()  # fmt: skip
    assert metrics(app)["FST (Hudson)"] == f"{fst['fst'][0]:.4f}"
    assert f"± {fst['se'][0]:.4f} standard error" in [metric.delta for metric in app.metric]
    # All alleles that vary are in the cells.
    wide = compared.all_of_pair(str(demo_lake.path), "", "super_population", "SAS", "AFR")
    varying = wide.filter(
        ~((pl.col("ac_1") == 0) & (pl.col("ac_2") == 0))
        & ~((pl.col("ac_1") == pl.col("an_1")) & (pl.col("ac_2") == pl.col("an_2")))
    )
    heat = charts(app)[0]["data"][0]
    counted = sum(10**v for row in heat["z"] for v in row if v is not None)
    assert counted == pytest.approx(varying.height)
    numbers = metrics(app)
    assert varying.height == sum(
        int(numbers[label].replace(",", ""))
        for label in ("Alleles in both", "Only in the one", "Only in the other")
    )


def test_the_alleles_that_differ_most_are_listed_and_named(demo_lake: Lake, page: Open) -> None:
    app = page(
        demo_lake, populations_view="Two against each other", pair_level="Populations",
        population_1="GBR", population_2="YRI",
    )  # fmt: skip
    rows = pl.from_pandas(app.dataframe[0].value)
    sizes = rows["difference"].abs().to_list()
    assert sizes == sorted(sizes, reverse=True)
    top = rows.row(0, named=True)
    af = demo_lake.scan("gold.frequencies").filter(
        pl.col("pos") == top["pos"], pl.col("alt") == top["alt"],
        pl.col("population").is_in(["GBR", "YRI"]),
    ).collect()  # fmt: skip
    by_code = dict(af.select("population", "af").rows())
    assert (top["af_1"], top["af_2"]) == (by_code["GBR"], by_code["YRI"])
    named = next(t for t in charts(app)[0]["data"] if t.get("name") == "most different")
    assert named["text"][0].strip() == top["id"]


def test_few_alleles_are_points(
    cohort_lake: Lake, page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(cohort_lake, populations_view="Two against each other")
    assert titles(app)[0].startswith("&lt;script")
    assert charts(app)[0]["data"][0]["type"] == "heatmap"
    monkeypatch.setattr(compared, "MOST_POINTS", 5000)
    compared.pair.clear()
    app = page(cohort_lake, populations_view="Two against each other")
    points = charts(app)[0]["data"][0]
    assert points["type"] == "scatter"
    assert len(points["x"]) == 2400
    compared.pair.clear()


def test_counted_joint_spectra_are_those_that_gold_stores(demo_lake: Lake) -> None:
    path = str(demo_lake.path)
    for one, other in (("AFR", "EUR"), ("SAS", "AMR")):
        stored = compared._stored(path, one, other)
        counted = compared._counted(compared.all_of_pair(path, "", "super_population", one, other))
        assert set(stored) == set(counted)
        for kind in stored:
            columns = ["n_1", "n_2", "count_1", "count_2", "sites"]
            keys = columns[:-1]
            theirs = stored[kind].select(columns).sort(keys)
            ours = counted[kind].select(columns).sort(keys)
            if kind == "folded" and (one, other) == ("SAS", "AMR"):
                # Of two equally common alleles the first group decides; turned, another does.
                assert theirs["sites"].sum() == ours["sites"].sum()
            else:
                assert ours.equals(theirs), kind


@pytest.mark.parametrize("classes", ["Equal", "Doubling"])
@pytest.mark.parametrize("allele", ["Derived", "Rarer"])
def test_the_joint_spectrum_holds_every_site_that_varies(
    demo_lake: Lake, page: Open, allele: str, classes: str
) -> None:
    app = page(demo_lake, populations_view="Two against each other", joint=allele, classes=classes)
    heat = charts(app)[1]["data"][0]
    counted = sum(10**v for row in heat["z"] for v in row if v is not None)
    kind = "unfolded" if allele == "Derived" else "folded"
    rows = demo_lake.scan("gold.joint_spectrum").filter(
        pl.col("population_1") == "AFR", pl.col("population_2") == "AMR", pl.col("kind") == kind,
        ~((pl.col("count_1") == 0) & (pl.col("count_2") == 0)),
        ~((pl.col("count_1") == pl.col("n_1")) & (pl.col("count_2") == pl.col("n_2"))),
    ).collect()  # fmt: skip
    assert counted == pytest.approx(rows["sites"].sum())
    assert heat["z"][0][0] is None


def test_all_alleles_can_be_had(demo_lake: Lake) -> None:
    rows = versus._all(str(demo_lake.path), "", "population", ("GBR", "YRI"))
    assert rows.height == demo_lake.status()["gold"].rows["variants"]
    assert rows.select("group_1", "group_2").unique().rows() == [("GBR", "YRI")]


@pytest.mark.parametrize("reverse", [False, True])
def test_alleles_of_several_files_are_matched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, reverse: bool
) -> None:
    for chrom, seed in (("8", 1), ("7", 2)):
        write_cohort(tmp_path / f"c{chrom}.vcf", records=40, samples=4, seed=seed, chrom=chrom)
    (tmp_path / "p.txt").write_text(
        "sample\tpop\nS1\tA\nS2\tB\nthe twin & 1\tB\n<b>S0</b>\tA\n", encoding="utf-8"
    )
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "c8.vcf", tmp_path / "c7.vcf"],
                samples=tmp_path / "p.txt")  # fmt: skip
    lake.build("gold")
    if reverse:  # whatever the order in which rows are read
        plain = compared.scan
        monkeypatch.setattr(
            compared, "scan",
            lambda path, name: plain(path, name).reverse() if "variants" in name
            else plain(path, name),
        )  # fmt: skip
    found = compared.all_of_pair(str(lake.path), "", "population", "A", "B")
    assert found.height == 80
    frequencies = lake.scan("gold.frequencies").collect()
    for which, code in (("1", "A"), ("2", "B")):
        own = frequencies.filter(pl.col("population") == code)
        expected = {(r["chrom"], r["pos"]): (r["ac"], r["an"]) for r in own.iter_rows(named=True)}
        assert {
            (r["chrom"], r["pos"]): (r[f"ac_{which}"], r[f"an_{which}"])
            for r in found.iter_rows(named=True)
        } == expected


def test_the_same_group_twice_is_said(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake, populations_view="Two against each other", super_1="EUR", super_2="EUR")
    assert "These are the same group." in texts(app)
    assert not charts(app)


# Any lake


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_are_shown_as_they_are(cohort_lake: Lake, page: Open, view: str) -> None:
    app = page(cohort_lake, populations_view=view, level="Populations", pair_level="Populations")
    no_markup(app)
    assert charts(app)


def test_two_hostile_groups_are_chosen_by_url(cohort_lake: Lake, page: Open) -> None:
    app = page(
        cohort_lake,
        populations_view="Two against each other",
        population_1=OTHER,
        population_2=NASTY,
    )
    assert titles(app)[0].startswith("A &amp; B &lt;i&gt;")
    app = page(cohort_lake, populations_view="Side by side", level="Populations",
               which_population=[NASTY])  # fmt: skip
    assert len(charts(app)[1]["data"]) == 2  # it, and the neutral expectation


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("samples", [0, 3])
def test_one_population_and_none(tmp_path: Path, page: Open, view: str, samples: int) -> None:
    vcf = tmp_path / "c.vcf"
    write_cohort(vcf, records=30, samples=max(samples, 2))
    if not samples:
        take_samples_away(vcf)
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    app = page(lake, populations_view=view)
    if not samples:
        assert "no genotypes" in texts(app)
        assert not charts(app)
    elif view == VIEWS[2]:
        assert "All samples of this lake are of one population." in texts(app)
    else:
        assert charts(app)


def test_a_lake_whose_records_do_not_vary(tmp_path: Path, page: Open) -> None:
    vcf = tmp_path / "c.vcf"
    write_cohort(vcf, records=5, samples=4)
    text = vcf.read_text(encoding="utf-8").replace("1|", "0|").replace("|1", "|0")
    vcf.write_text(text, encoding="utf-8", newline="\n")
    (tmp_path / "p.txt").write_text(
        "sample\tpop\nS1\tA\nS2\tB\nthe twin & 1\tB\n", encoding="utf-8"
    )
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=tmp_path / "p.txt")
    lake.build("gold")
    for view in VIEWS:
        page(lake, populations_view=view)
    assert "Nothing to draw." in texts(page(lake, populations_view=VIEWS[2]))
    assert "No spectrum." in texts(page(lake, populations_view=VIEWS[1]))
