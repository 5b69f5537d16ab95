"""The Structure page: components, FST, tree, relatives, in every state that a lake can be in."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from app_pages import Open, charts, no_markup, sound, texts
from streamlit.testing.v1 import AppTest
from two_populations import NASTY, NASTY_SAMPLE, OTHER, TWIN, take_samples_away, write_cohort

from medallion import Lake
from medallion.figures.style import plain
from medallion.files import in_command
from pages.shared import builds, chromosomes, components

VIEWS = ["Components", "FST", "Tree", "Relatives"]


@pytest.fixture
def page(open_page: Open) -> Open:
    """The page on a lake, as a link with these parameters opens it."""
    return lambda lake, **query: open_page(lake, "explore/structure", **query)


def points(chart: dict[str, Any]) -> int:
    """How many samples are drawn, the ring aside."""
    return sum(len(t["customdata"]) for t in chart["data"] if t.get("name") != "chosen sample")


# Components


def test_the_first_view_draws_every_sample_and_says_what_the_axes_explain(
    demo_lake: Lake, page: Open
) -> None:
    app = page(demo_lake)
    chart = charts(app)[0]
    assert points(chart) == 2504
    share = demo_lake.scan("gold.pca_components").collect()["explained"]
    assert f"PC1 ({100 * share[0]:.1f} % of the variance)" in json.dumps(chart)
    assert [t["name"] for t in chart["data"]] == ["AFR", "AMR", "EAS", "EUR", "SAS"]
    assert len({t["marker"]["symbol"] for t in chart["data"]}) == 5
    sites = demo_lake.scan("gold.pca_sites").collect().height
    assert f"Made from {sites} sites" in texts(app)
    assert "rarer allele 5% or more" in texts(app)


def test_axes_colours_groups_and_sample_of_the_url(demo_lake: Lake, page: Open) -> None:
    people = demo_lake.scan("gold.pca").collect()
    name = people.filter(pl.col("population") == "GBR")["sample"][0]
    app = page(
        demo_lake, pc_x="PC3", pc_y="PC4", colour="Population", groups=["GBR", "FIN"],
        supers="SAS", marked=name,
    )  # fmt: skip
    chart = charts(app)[0]
    assert chart["layout"]["xaxis"]["title"]["text"].startswith("PC3")
    names = {t["name"] for t in chart["data"]}
    assert names == {"FIN", "GBR", "PJL", "GIH", "ITU", "STU", "BEB", "chosen sample"}
    wanted = people.filter(
        pl.col("population").is_in(["GBR", "FIN"]) | (pl.col("super_population") == "SAS")
    )
    assert points(chart) == wanted.height
    assert f"{name} · GBR · EUR" in texts(app)
    (ring,) = (t for t in chart["data"] if t["name"] == "chosen sample")
    assert ring["x"] == [people.filter(pl.col("sample") == name)["pc3"][0]]
    link = next(e for e in app.get("page_link"))
    assert name in str(link.proto)


def test_three_dimensions(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake, dimensions="3-D", pc_z="PC5")
    chart = charts(app)[0]
    assert {t["type"] for t in chart["data"]} == {"scatter3d"}
    assert chart["layout"]["scene"]["zaxis"]["title"]["text"].startswith("PC5 (")
    assert points(chart) == 2504


def test_a_click_puts_the_sample_into_the_box(
    cohort_lake: Lake, page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = page(cohort_lake)
    chart = charts(app)[0]
    (written,) = {
        point[1] for trace in chart["data"] for point in trace["customdata"] if "S0" in point[1]
    }
    assert written == plain(NASTY_SAMPLE)
    session: dict[str, Any] = {}
    monkeypatch.setattr(components.st, "session_state", session)
    monkeypatch.setattr(components.state, "current", lambda: cohort_lake)
    components._take(["hover", "nobody"])
    assert session == {}
    components._take(["hover", written])
    assert session == {"marked": NASTY_SAMPLE}


def test_a_sample_that_is_not_there_and_groups_without_samples(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake, marked="<b>nobody</b>")
    assert "No such sample is among these." in texts(app)
    name = demo_lake.scan("gold.pca").filter(pl.col("population") == "GBR").collect()["sample"][0]
    app = page(demo_lake, marked=name, groups="FIN")
    assert "in none of the groups that are shown" in texts(app)


# FST and trees


@pytest.mark.parametrize("level", ["Populations", "Super-populations"])
@pytest.mark.parametrize("estimator", ["Hudson", "Weir & Cockerham"])
def test_fst_is_drawn_symmetric_and_in_the_order_of_the_tree(
    demo_lake: Lake, page: Open, level: str, estimator: str
) -> None:
    app = page(demo_lake, structure="FST", fst_level=level, estimator=estimator)
    heat = next(t for t in charts(app)[0]["data"] if t["type"] == "heatmap")
    rows = pl.from_pandas(app.dataframe[0].value)
    n = 26 if level == "Populations" else 5
    assert len(rows) == n * (n - 1) // 2
    assert all(heat["z"][i][i] is None for i in range(n))
    assert all(heat["z"][i][j] == heat["z"][j][i] for i in range(n) for j in range(i))
    ticks = charts(app)[0]["layout"]["xaxis"]["ticktext"]
    if level == "Populations":
        # Like beside like: a super-population's populations stand together, but the Americas'.
        for codes in ({"GBR", "FIN", "CEU", "TSI", "IBS"}, {"CHB", "CHS", "JPT", "CDX", "KHV"}):
            places = [ticks.index(code) for code in codes]
            assert max(places) - min(places) == len(codes) - 1


@pytest.mark.parametrize("tree", ["Neighbour joining", "Average linkage"])
def test_the_tree_has_every_group_and_says_how_well_it_fits(
    demo_lake: Lake, page: Open, tree: str
) -> None:
    app = page(demo_lake, structure="Tree", tree=tree)
    chart = charts(app)[0]
    leaves = next(t for t in chart["data"] if "text" in t)
    assert len({t.strip() for t in leaves["text"]}) == 26
    assert tree in chart["layout"]["title"]["text"]
    assert "correlate with 0." in texts(app)
    assert "Saitou & Nei 1987" in texts(app)


# Relatives


def test_too_few_sites_for_kinship_is_said(demo_lake: Lake, page: Open) -> None:
    app = page(demo_lake, structure="Relatives")
    assert "Kinship cannot be told." in texts(app)
    assert not charts(app)
    assert "Make a lake of a published release" in texts(app)


def test_more_chromosomes_are_had_as_the_lake_had_its_first(page: Open, tmp_path: Path) -> None:
    write_cohort(tmp_path / "c.vcf", records=60, samples=6)
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "c.vcf"])
    lake.build("gold")
    own = "medallion build --vcf FIRST.vcf.gz --vcf ANOTHER.vcf.gz --lake"
    for view in ("Components", "Relatives"):
        assert f"{own} {in_command(lake.path)}" in texts(page(lake, structure=view))
    release = Lake(tmp_path / "other", dataset="phase3", chroms=["22"])
    assert "build --chrom 21 --lake" in chromosomes.how_to_add(release)


def test_twins_are_found_and_named_in_words(cohort_lake: Lake, page: Open) -> None:
    app = page(cohort_lake, structure="Relatives")
    rows = pl.from_pandas(app.dataframe[0].value)
    top = rows.row(0, named=True)
    assert {top["sample_1"], top["sample_2"]} == {NASTY_SAMPLE, TWIN}
    assert top["meaning"] == "Same genome: a duplicate or an identical twin"
    assert {top["population_1"], top["population_2"]} == {NASTY, OTHER}
    assert top["kinship"] == pytest.approx(0.5)
    assert "duplicate above 0.3536; first above 0.1768" in texts(app)
    assert len(charts(app)) == 1
    assert "Told from 1 chromosome only." in texts(app)


def test_the_pair_of_relatives_in_the_link_is_told(cohort_lake: Lake, page: Open) -> None:
    def of_samples(app: AppTest) -> list[str]:
        return [str(text.value).split(" · ")[0] for text in app.text if " · " in str(text.value)]

    assert not of_samples(page(cohort_lake, structure="Relatives"))
    pair = [NASTY_SAMPLE, TWIN]
    app = page(cohort_lake, structure="Relatives", pair_of_relatives=pair)
    assert sorted(of_samples(app)) == sorted(pair)
    app = page(cohort_lake, structure="Relatives", pair_of_relatives="nobody")
    assert not of_samples(app)


# Any lake


@pytest.mark.parametrize("view", VIEWS)
def test_hostile_names_are_shown_as_they_are(cohort_lake: Lake, page: Open, view: str) -> None:
    no_markup(page(cohort_lake, structure=view), NASTY_SAMPLE)
    no_markup(
        page(cohort_lake, structure=view, marked=NASTY_SAMPLE, dimensions="3-D"), NASTY_SAMPLE
    )
    no_markup(page(cohort_lake, structure=view, groups=NASTY, colour="Population"), NASTY_SAMPLE)


def test_a_group_of_a_hostile_name_can_be_chosen_by_url(cohort_lake: Lake, page: Open) -> None:
    app = page(cohort_lake, groups=[OTHER])
    assert points(charts(app)[0]) == 20
    app = page(cohort_lake, marked=NASTY_SAMPLE)
    assert f"{NASTY_SAMPLE} · {NASTY}" in texts(app)


def test_one_population_only(tmp_path: Path, page: Open) -> None:
    write_cohort(tmp_path / "c.vcf", records=60, samples=6)
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "c.vcf"])
    lake.build("gold")
    assert points(charts(page(lake))[0]) == 6
    for view in ("FST", "Tree"):
        app = page(lake, structure=view)
        assert "No two groups to compare." in texts(app)
        assert "sample table that names populations" in texts(app)
        assert not charts(app)


def test_an_estimator_that_knows_no_pair_says_so(tmp_path: Path, page: Open) -> None:
    """Weir & Cockerham's is made for diploids."""
    vcf = tmp_path / "c.vcf"
    write_cohort(vcf, records=30, samples=6)
    text = vcf.read_text(encoding="utf-8")
    haploid = re.sub(r"([01])\|[01]", r"\1", text)
    vcf.write_text(haploid, encoding="utf-8", newline="\n")
    rows = [f"S{i}\t{'AB'[i % 2]}" for i in range(1, 5)]
    (tmp_path / "p.txt").write_text("\n".join(["sample\tpop", *rows, ""]), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=tmp_path / "p.txt")
    lake.build("gold")
    for view in ("FST", "Tree"):
        assert charts(page(lake, structure=view))
        app = page(lake, structure=view, estimator="Weir & Cockerham")
        assert "FST is not known." in texts(app)
        assert not charts(app)


@pytest.mark.parametrize(
    ("chrom", "samples", "said"),
    [("X", 6, "No site is fit for it"), ("7", 2, None), ("7", 0, "no genotypes, only sites")],
)
def test_a_lake_without_components_says_why(
    tmp_path: Path, page: Open, chrom: str, samples: int, said: str | None
) -> None:
    vcf = tmp_path / "c.vcf"
    write_cohort(vcf, records=8, samples=max(samples, 2), chrom=chrom)
    if not samples:
        take_samples_away(vcf)
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    for view in VIEWS:
        app = page(lake, structure=view)
        if view == "Components" and said is not None:
            assert "No components." in texts(app)
            assert said in texts(app)
            assert not charts(app)


def test_a_missing_layer_is_built_first(tmp_path: Path, page: Open) -> None:
    write_cohort(tmp_path / "c.vcf", records=60, samples=6)
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "c.vcf"])
    lake.build("silver")
    app = page(lake)
    assert app.title[0].value == "Structure"
    end = time.monotonic() + 120
    while builds._BUILDS[str(lake.path)].running and time.monotonic() < end:
        time.sleep(0.05)
    builds._BUILDS.clear()
    assert points(charts(sound(app.run()))[0]) == 6
