"""The page Linkage: pairs of a region, haplotypes, decay."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from app_pages import Open, sound, tables, texts
from real_data import rest

from medallion import Lake
from medallion.errors import UsageError
from medallion.ondemand import ld_pairs
from medallion.ondemand.region import View, common_in
from pages.shared import draw, pick

NASTY = "<script>alert(1)</script>"
REGION = "22:17,000,000-17,200,000"
VIEW = View("22", 17_000_000, 17_200_000)


@pytest.fixture
def page(open_page: Open, demo_lake: Lake) -> Open:
    """Open the page of a lake, the demo unless told, as a link with these parameters does."""
    return lambda lake=demo_lake, **query: open_page(lake, "explore/ld", **query)


def names_of(frame: pl.DataFrame) -> list[str]:
    return [f"{c}-{p}-{r}-{a}" for c, p, r, a in frame.select("chrom", "pos", "ref", "alt").rows()]


@pytest.fixture(scope="module")
def common(demo_lake: Lake) -> pl.DataFrame:
    """Common alleles of the region in EUR, in the order of the file."""
    rows = demo_lake.scan("gold.frequencies", build=False)
    found = common_in(rows, VIEW, "EUR", 0.1)
    af = rows.filter(pl.col("population") == "EUR", pl.col("pos").is_between(VIEW.start, VIEW.end))
    expected = af.collect()["af"].is_between(0.1 - 1e-12, 0.9 + 1e-12).sum()
    assert found.height == expected > 5
    return found


HEADER = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
          '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">']  # fmt: skip
SIX = ("0|1", "0|0", "1|1", "1|0", "0|1", "0|0")


def own_lake(folder: Path, records: list[tuple[int, str, str, str, tuple[str, ...]]]) -> Lake:
    """A lake of six samples in two populations with odd names; records: pos, id, ref, alt, GTs."""
    names = [f"S{i}" for i in range(6)]
    lines = [*HEADER, "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO",
                                 "FORMAT", *names])]  # fmt: skip
    lines += [
        "\t".join(["7", str(pos), known, ref, alt, ".", "PASS", ".", "GT", *gts])
        for pos, known, ref, alt, gts in records
    ]
    vcf, panel = folder / "own.vcf", folder / "panel.txt"
    vcf.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    rows = [f"{name}\t{NASTY if i < 3 else '*b* [c](d)'}\tX\tmale" for i, name in enumerate(names)]
    panel.write_text(
        "\n".join(["sample\tpop\tsuper_pop\tgender", *rows, ""]), encoding="utf-8", newline="\n"
    )
    lake = Lake(folder / "lake", vcf=[vcf], samples=panel)
    lake.build("gold")
    return lake


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Long alleles of one place, which share a name in links, and a record with two ALTs."""
    return own_lake(
        tmp_path_factory.mktemp("own"),
        [
            (100, NASTY, "A", "G", SIX),
            (200, ".", "A", "T" * 300, SIX),
            (200, ".", "A", "G" * 300, SIX),
            (200, ".", "A", "C", SIX[::-1]),
            (300, "rs<b>", "A", "C,G", ("0|1", "1|2", "0|0", "2|0", "0|1", "1|0")),
        ],
    )


@pytest.fixture(scope="module")
def unphased(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    loose = tuple(gt.replace("|", "/") for gt in SIX)
    return own_lake(
        tmp_path_factory.mktemp("unphased"),
        [(100, "a", "A", "G", loose), (200, "b", "A", "T", loose[::-1])],
    )


# All pairs of a region


@pytest.mark.parametrize(("title", "measure"), [("r²", "r2"), ("|D′|", "d_prime")])
def test_pairs_are_those_of_the_matrix(
    page: Open, demo_lake: Lake, common: pl.DataFrame, title: str, measure: str
) -> None:
    app = page(region=REGION, ld_group="EUR", ld_af="0.1", ld_measure=title)
    assert len(app.get("plotly_chart")) == 1
    names = names_of(common)
    matrix = demo_lake.ld_matrix(names, "EUR", measure)  # type: ignore[arg-type]
    values = matrix.drop("variant").to_numpy()
    [shown] = tables(app)
    place = {name: i for i, name in enumerate(names)}
    assert shown.height == min(500, len(names) * (len(names) - 1) // 2)
    for row in shown.iter_rows(named=True):
        expected = values[place[row["allele_1"]], place[row["allele_2"]]]
        assert row[measure] == pytest.approx(expected)
        assert row["distance"] >= 0
    assert shown[measure].abs().is_sorted(descending=True)
    upper = values[np.triu_indices(len(names), 1)]
    assert abs(shown[measure][0]) == pytest.approx(np.nanmax(np.abs(upper)))


def test_alleles_of_one_place_have_pairs_too(own: Lake, page: Open) -> None:
    rows = own.scan("gold.frequencies", build=False).filter(population="ALL").collect()
    assert rows.height == 6
    pairs = ld_pairs(own.path, rows)
    assert pairs.height == 15
    app = page(own, region="7", ld_af="0")
    assert "6 alleles" in texts(app)
    assert tables(app)[0].height == 15


def test_pairs_of_what_silver_has_not_are_refused(demo_lake: Lake, common: pl.DataFrame) -> None:
    moved = common.head(3).with_columns(record=pl.col("record") + 1_000_000)
    with pytest.raises(UsageError, match="Build gold"):
        ld_pairs(demo_lake.path, moved)
    with pytest.raises(UsageError, match="measure"):
        ld_pairs(demo_lake.path, common, measure="d")  # type: ignore[arg-type]
    twice = common.head(2).with_columns(file=pl.Series(["a", "b"]))
    with pytest.raises(UsageError, match="several"):
        ld_pairs(demo_lake.path, twice)


def test_linkage_over_all_ancestries_is_told_to_be_of_their_mixture(
    page: Open, open_page: Open, demo_lake: Lake, cohort_lake: Lake, common: pl.DataFrame
) -> None:
    query = {"variant": names_of(common)[0], "explore": "Linkage"}
    for told in (
        lambda **more: page(region=REGION, **more),
        lambda **more: open_page(demo_lake, "explore/variant", **query, **more),
    ):
        assert "ALL mixes 5 super-populations" in texts(told(ld_group="ALL"))
        assert "ALL mixes" not in texts(told(ld_group="EUR"))
    assert "ALL mixes" not in texts(page(cohort_lake))


def test_downloads_of_linkage_say_of_what_and_whom(
    open_page: Open, page: Open, demo_lake: Lake, common: pl.DataFrame,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    offered: dict[str, pl.DataFrame] = {}
    monkeypatch.setattr(draw, "downloads", lambda frame, name, _what: offered.update({name: frame}))
    name = names_of(common)[0]
    open_page(demo_lake, "explore/variant", variant=name, explore="Linkage", ld_group="EUR")
    page(region=REGION, ld_group="EUR")
    pairs, linked = offered[f"ld-{REGION}-EUR"], offered[f"linkage-{name}-EUR"]
    assert set(linked["variant"]) == {name}
    assert set(linked["population"]) == set(pairs["population"]) == {"EUR"}


def test_the_pair_in_the_link_is_named(page: Open, common: pl.DataFrame) -> None:
    names = names_of(common)
    query = {"region": REGION, "ld_group": "EUR", "ld_af": "0.1"}
    app = page(**query, ld_pair=f"{names[4]} {names[1]}")
    assert "bases apart" in texts(app)
    assert names[1] in texts(app)
    assert names[4] in texts(app)
    assert "bases apart" not in texts(page(**query, ld_pair=f"{names[4]} 22-1-A-C"))
    assert "bases apart" not in texts(page(**query, ld_pair=names[4]))
    assert "bases apart" in texts(page(**query, ld_pair=[names[4], names[1]]))


def test_each_of_two_alleles_too_long_for_a_name_can_be_picked(own: Lake, page: Open) -> None:
    rows = own.scan("gold.frequencies", build=False).filter(population="ALL").collect()
    keys = [pick.key(row) for row in rows.iter_rows(named=True)]
    long = [key for key in keys if key.startswith("7:200#")]
    assert len(long) == 2
    assert len(set(keys)) == 6
    for key in long:
        app = page(own, region="7", ld_af="0", ld_pair=[keys[0], key])
        assert "100 bases apart" in texts(app)
    assert "0 bases apart" in texts(page(own, region="7", ld_af="0", ld_pair=long))


def test_more_alleles_than_can_be_read_are_cut_and_said(page: Open) -> None:
    app = page(region="22", ld_af="0.01")
    assert "are too many for one picture" in texts(app)
    assert "300 alleles," in texts(app)


def test_nothing_to_compare_is_said_with_a_step_to_take(page: Open) -> None:
    app = page(region="22:17,000,000-17,000,100")
    assert "no two alleles" in texts(app)
    next(b for b in app.button if "whole chromosome" in b.label).click()
    sound(app.run())
    assert len(app.get("plotly_chart")) == 1


def test_where_phase_is_not_known(page: Open, unphased: Lake) -> None:
    assert len(page(unphased, region="7", ld_af="0").get("plotly_chart")) == 1
    app = page(unphased, region="7", ld_af="0", ld_measure="|D′|")
    assert "Which haplotype carries what is not known" in texts(app)
    app = page(unphased, ld="Haplotypes", ld_variants="a b")
    assert "Which haplotype carries what is not known" in texts(app)
    assert "no pairs to measure" in texts(page(unphased, ld="Decay"))


@pytest.mark.parametrize("name", ["chr22", "chr12", *rest("chrX", "chrMT")])
def test_real_slices(page: Open, real_lake: Callable[[str], Lake], name: str) -> None:
    lake = real_lake(name)
    chrom = str(lake.scan("silver.variants", build=False).head(1).collect()["chrom"][0])
    app = page(lake, region=chrom, ld_af="0.02")
    assert len(app.get("plotly_chart")) == 1
    [shown] = tables(app)
    assert shown["r2"].is_between(0, 1).all()


# Haplotypes


def test_haplotypes_of_a_list(page: Open, demo_lake: Lake, common: pl.DataFrame) -> None:
    asked = names_of(common)[:3]
    app = page(ld="Haplotypes", ld_variants="\n".join(asked))
    assert len(app.get("plotly_chart")) == 2
    frame = tables(app)[0]
    expected = demo_lake.haplotypes(asked).filter(pl.col("level") != "population")
    key = ["haplotype", "population"]
    both = frame.join(expected, on=key, suffix="_expected")
    assert both.height == frame.height
    assert (both["count"] == both["count_expected"]).all()
    assert frame.filter(population="ALL")["count"].sum() == frame["n"][0]
    assert frame["number"][0] == "H1"


def test_names_that_are_not_found_are_said_and_left_out(
    page: Open, demo_lake: Lake, common: pl.DataFrame
) -> None:
    asked = names_of(common)[:2]
    app = page(
        ld="Haplotypes", ld_variants=f"{asked[0]} nothing {NASTY}, {asked[1]} GBR", ld_groups="FIN"
    )
    assert "3 names of the list not found" in texts(app)
    assert "nothing" in texts(app)
    frame = tables(app)[0]
    expected = demo_lake.haplotypes(asked, "FIN")
    assert frame.filter(pl.col("count") > 0)["count"].to_list() == expected["count"].to_list()
    assert "1 name of the list not found" in texts(page(ld="Haplotypes", ld_variants="rs0"))
    assert "Name the variants" in texts(page(ld="Haplotypes"))


@pytest.mark.parametrize("typed", ["7:300 7:100", "rs<b>", "7:1-400", "7:300", "7:200 rs<b>"])
def test_odd_lists(page: Open, own: Lake, typed: str) -> None:
    page(own, ld="Haplotypes", ld_variants=typed)


def test_more_variants_than_a_haplotype_has_places(page: Open, demo_lake: Lake) -> None:
    rows = demo_lake.scan("gold.variants", build=False).filter(pl.col("variant_type") == "snv")
    app = page(ld="Haplotypes", ld_variants=" ".join(names_of(rows.head(11).collect())))
    assert "11 variants are named" in texts(app)


# Decay


def test_decay_is_drawn_and_its_floor_is_told(page: Open, demo_lake: Lake) -> None:
    """Far apart, where there is no linkage, r² of genotypes is about 1 / samples."""
    app = page(ld="Decay")
    assert len(app.get("plotly_chart")) == 1
    assert "about 1 / samples" in texts(app)
    decay = demo_lake.scan("gold.ld_decay", build=False).collect()
    groups = demo_lake.scan("gold.populations", build=False).collect()
    for code, samples in groups.filter(
        pl.col("level").cast(pl.String) == "super_population"
    ).select("population", "samples").rows():  # fmt: skip
        far = decay.filter(super_population=code).sort("distance_from").drop_nulls("r2").tail(3)
        floor = (far["r2"] * far["pairs"]).sum() / far["pairs"].sum()
        assert 0.8 < floor * samples < 1.5, (code, floor * samples)


def test_an_example_is_a_press_away(demo_lake: Lake, page: Open) -> None:
    app = page(ld="Haplotypes")
    (button,) = [each for each in app.button if "differ much between groups" in each.label]
    sound(button.click().run())
    names = app.text_area(key="ld_variants").value.split("\n")
    assert len(names) == 4
    assert {len(demo_lake.variant(name)) for name in names} == {1}
    assert len(app.get("plotly_chart")) == 2
    assert "not found" not in texts(app)
