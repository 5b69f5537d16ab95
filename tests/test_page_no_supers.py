"""A cohort of populations without super-populations: what is compared is the populations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl
import pytest
from app_pages import Open, charts, no_markup, tables, texts
from two_populations import NASTY, OTHER, write_cohort

from medallion import Lake
from medallion.catalog.populations import ALL
from medallion.figures.style import plain, short
from medallion.popgen.geography import MOST_COMPARED

Build = Callable[[str, Callable[[Path], Lake]], Lake]


def cohort(folder: Path, groups: Sequence[tuple[str, ...]]) -> Lake:
    """Build the same genotypes with samples that are of the groups, in stretches."""
    names = write_cohort(folder / "cohort.vcf", records=300)
    head = ["sample", "pop", "super_pop"][: 1 + len(groups[0])]
    rows = [
        "\t".join([name, *groups[i * len(groups) // len(names)]]) for i, name in enumerate(names)
    ]
    people = folder / "people.tsv"
    people.write_text("\n".join(["\t".join(head), *rows, ""]), encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[folder / "cohort.vcf"], samples=people)
    lake.build("gold")
    return lake


@pytest.fixture(scope="session")
def without(built_once: Build) -> Lake:
    """Two populations, no super-population."""
    return built_once("no supers", lambda folder: cohort(folder, [(NASTY,), (OTHER,)]))


@pytest.fixture(scope="session")
def under_one(built_once: Build) -> Lake:
    """The same two, of one super-population."""
    groups = [(NASTY, "one"), (OTHER, "one")]
    return built_once("one super", lambda folder: cohort(folder, groups))


@pytest.fixture(scope="session")
def as_supers(built_once: Build) -> Lake:
    """The same two, each a super-population of its own."""
    groups = [("a", NASTY), ("b", OTHER)]
    return built_once("both supers", lambda folder: cohort(folder, groups))


@pytest.fixture(params=["without", "under_one"])
def lake(request: pytest.FixtureRequest) -> Lake:
    return request.getfixturevalue(request.param)  # type: ignore[no-any-return]


def rows(lake: Lake, table: str) -> pl.DataFrame:
    return lake.scan(table, build=False).collect()


def test_windows_are_what_they_would_be_if_each_were_a_super_population(
    lake: Lake, as_supers: Lake
) -> None:
    found = rows(lake, "gold.windows").filter(level="population").drop("level")
    wanted = rows(as_supers, "gold.windows").filter(level="super_population").drop("level")
    assert found.equals(wanted)
    assert found["tajima_d"].count() > 20
    fst = rows(lake, "gold.windows_fst")
    assert fst.equals(rows(as_supers, "gold.windows_fst"))
    assert fst["fst"].count() > 50


def test_windows_of_a_single_super_population_stay(without: Lake, under_one: Lake) -> None:
    assert "super_population" not in set(rows(without, "gold.windows")["level"])
    own = rows(under_one, "gold.windows").filter(level="super_population").drop("level")
    everyone = rows(under_one, "gold.windows").filter(level="all").drop("level")
    assert own.drop("population").equals(everyone.drop("population"))


def test_the_tracks_are_of_the_populations(lake: Lake, open_page: Open) -> None:
    app = open_page(lake, "explore/region", region="7:1000-400000")
    (chart,) = charts(app)
    lines = [t for t in chart["data"] if t.get("legendgroup", "").startswith("group ")]
    for axis in ("y2", "y3"):
        own = [t for t in lines if t["yaxis"] == axis]
        assert {t["legendgroup"] for t in own} == {f"group {plain(NASTY)}", f"group {plain(OTHER)}"}
        assert len({t["line"]["color"] for t in own}) == 2
        assert all(any(y is not None for y in t["y"]) for t in own)
    (fst,) = [t for t in chart["data"] if t.get("name") == "mean FST"]
    assert any(fst["y"])
    assert not any("is not known here" in a["text"] for a in chart["layout"].get("annotations", []))
    assert "a mark for each population" in texts(app)
    assert "FST and statistics along the chromosome are of its 2 populations" in texts(app)
    alleles = next(t for t in tables(app) if "fst_populations" in t.columns)
    assert alleles["fst_populations"].drop_nulls().len() > 0
    no_markup(app, NASTY)


def test_fst_is_of_the_populations_on_the_other_pages(lake: Lake, open_page: Open) -> None:
    app = open_page(lake, "explore/structure", structure="FST")
    assert len(charts(app)) == 1
    stored = rows(lake, "gold.fst").filter(level="population", method="hudson")
    app = open_page(lake, "explore/populations", populations_view="Two against each other")
    by_label = {metric.label: metric.value for metric in app.metric}
    assert by_label["FST (Hudson)"].startswith(f"{stored['fst'].item():.4f}")
    row = rows(lake, "gold.variants").row(7, named=True)
    app = open_page(lake, "explore/variant", variant=f"7:{row['pos']}")
    by_label = {metric.label: metric.value for metric in app.metric}
    assert by_label["FST"] == f"{row['fst_populations']:.3f}"
    assert row["fst_super_populations"] is None


def test_linkage_falls_with_distance_in_each_population(
    lake: Lake, as_supers: Lake, open_page: Open
) -> None:
    found = rows(lake, "gold.ld_decay")
    assert found.equals(rows(as_supers, "gold.ld_decay"))
    app = open_page(lake, "explore/ld", ld="Decay")
    (chart,) = charts(app)
    assert {t["name"] for t in chart["data"]} == {short(NASTY, 24), short(OTHER, 24)}
    assert len({t["line"]["color"] for t in chart["data"]}) == 2
    assert "ALL mixes" not in texts(app)
    no_markup(app, NASTY)


def test_linkage_over_everyone_is_told_to_be_of_a_mixture(
    without: Lake, under_one: Lake, open_page: Open
) -> None:
    query = {"region": "7:1000-100000", "ld_group": "ALL"}
    assert "ALL mixes 2 populations" in texts(open_page(without, "explore/ld", **query))
    assert "ALL mixes" not in texts(open_page(under_one, "explore/ld", **query))


@pytest.fixture(scope="session")
def many(built_once: Build) -> Lake:
    """More populations than are compared, without super-populations."""
    groups = [(f"p{i}",) for i in range(MOST_COMPARED + 1)]
    return built_once("many populations", lambda folder: cohort(folder, groups))


def test_where_no_groups_are_compared_linkage_falls_with_distance_in_all(
    many: Lake, built_once: Build, open_page: Open
) -> None:
    one = built_once("one population", lambda folder: cohort(folder, [("the only one",)]))
    found = rows(many, "gold.ld_decay")
    assert set(found["super_population"]) == {ALL}
    assert found["pairs"].sum() > 10_000
    assert found.equals(rows(one, "gold.ld_decay"))
    app = open_page(many, "explore/ld", ld="Decay")
    assert f"ALL mixes {MOST_COMPARED + 1} populations" in texts(app)
    assert [t["name"] for t in charts(app)[0]["data"]] == [ALL]
    app = open_page(one, "explore/ld", ld="Decay")
    assert "ALL mixes" not in texts(app)
    assert len(charts(app)) == 1


def test_many_populations_without_super_populations_are_told_why(
    many: Lake, open_page: Open
) -> None:
    lake = many
    assert set(rows(lake, "gold.windows")["level"]) == {"all"}
    assert rows(lake, "gold.windows_fst").is_empty()
    app = open_page(lake, "explore/region")
    assert "or up to 8 populations. FST of its 9 populations" in texts(app)
    (chart,) = charts(app)
    assert [t["name"] for t in chart["data"] if t.get("yaxis") == "y2"] == ["ALL"]
