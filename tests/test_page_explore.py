"""The pages Search, Variant and Sample, and the search box at the top of every page."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
import streamlit
from app_pages import Open, sound, tables, texts
from odd_samples import lake_of
from plain_vcf import vcf_text
from streamlit.elements.lib import policies

from medallion import Lake

NASTY = "<script>alert(1)</script> **bold** [x](http://example.org) $a_b$"

FILTERS = {100: "PASS", 200: "q10;s50", 300: "."}


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of three samples, two of them in a population with an odd name."""
    folder = tmp_path_factory.mktemp("own")
    calls = {100: ("0|1", "0|0", "1|1"), 200: ("1|0", "0|0", "0|0"), 300: ("0|0", "0|1", "0|1")}
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=7,length=159138663>",
             '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
             "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2\tS3"]  # fmt: skip
    lines += [
        "\t".join(["7", str(pos), ".", "A", "G", "29.5", FILTERS[pos], ".", "GT", *gts])
        for pos, gts in calls.items()
    ]
    vcf = folder / "own.vcf"
    vcf.write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    panel = folder / "panel.txt"
    panel.write_text(
        f"sample\tpop\tsuper_pop\tgender\nS1\t{NASTY}\t{NASTY}\tmale\nS2\t{NASTY}\t{NASTY}\tfemale\n",
        encoding="utf-8",
        newline="\n",
    )
    lake = Lake(folder / "lake", vcf=[vcf], samples=panel)
    lake.build("gold")
    return lake


@pytest.fixture(scope="module")
def common(demo_lake: Lake) -> dict[str, object]:
    """A common allele of the demo."""
    rows = demo_lake.scan("gold.variants", build=False).filter(pl.col("af").is_between(0.2, 0.4))
    return rows.filter(pl.col("variant_type") == "snv").head(1).collect().row(0, named=True)


def name_of(row: dict[str, object]) -> str:
    return f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"


# Variant


def test_a_variant_says_where_it_is_common_and_its_frequencies(
    open_page: Open, demo_lake: Lake, common: dict[str, object]
) -> None:
    app = open_page(demo_lake, "explore/variant", variant=name_of(common))
    metrics = {m.label: m.value for m in app.metric}
    assert "snv" in [element.value for element in app.text]
    assert float(metrics["Global frequency"]) == pytest.approx(common["af"], rel=1e-3)
    assert str(common["geographic_code"]) in texts(app)
    assert len(app.get("plotly_chart")) == 1
    frame = next(t for t in tables(app) if "af_low" in t.columns)
    expected = demo_lake.scan("gold.frequencies", build=False).filter(
        pl.col("pos") == common["pos"], pl.col("record") == common["record"]
    )
    assert frame["ac"].to_list() == expected.collect()["ac"].to_list()
    assert (frame["af_low"] <= frame["af"]).all()
    assert (frame["af"] <= frame["af_high"]).all()
    shown = next(t for t in app.dataframe if "af_low" in t.value.columns)
    heads = {k: v.get("label") for k, v in json.loads(shown.proto.columns).items()}
    assert [heads[f"n_{kind}"] for kind in ("hom_ref", "het", "hom_alt")] == [
        "No copy", "Heterozygous", "Homozygous",
    ]  # fmt: skip
    published = next(t for t in tables(app) if "published" in t.columns)
    assert "AF in AFR" in published["number"].to_list() or published.height == 3


def test_beside_another_alt_the_code_is_not_said_of_the_reference(
    open_page: Open, chr22_lake: Lake
) -> None:
    variants = chr22_lake.scan("gold.variants", build=False).filter("minor_is_ref")
    alts = chr22_lake.scan("silver.variants", build=False).select("file", "record", "n_alts")
    rows = variants.join(alts.unique(), on=["file", "record"]).collect()
    for several, said in ((True, "all others here, taken together, are"),
                          (False, "The reference allele, here the rarer one, is")):  # fmt: skip
        row = rows.filter((pl.col("n_alts") > 1) == several).row(0, named=True)
        app = open_page(chr22_lake, "explore/variant", variant=name_of(row))
        assert said in texts(app)


@pytest.mark.parametrize("name", ["variant", "region"])
def test_two_populations_of_no_two_super_populations_are_told_what_is_missing(
    open_page: Open, cohort_lake: Lake, demo_lake: Lake, name: str
) -> None:
    query = {"variant": "7:1000"} if name == "variant" else {}
    said = "The geographic code compares super-populations, of which this lake has 1."
    assert said in texts(open_page(cohort_lake, f"explore/{name}", **query))
    assert "of which this lake has" not in texts(open_page(demo_lake, f"explore/{name}"))


@pytest.mark.parametrize("pos", FILTERS)
def test_a_variant_begins_with_its_filter_and_its_counts(
    open_page: Open, own: Lake, pos: int
) -> None:
    app = open_page(own, "explore/variant", variant=f"7:{pos}")
    row = own.scan("gold.frequencies", build=False).filter(pos=pos, level="all").collect()
    metrics = {m.label: m.value for m in app.metric}
    assert [metrics[name] for name in ("AC", "AN", "Homozygotes")] == [
        str(row[name][0]) for name in ("ac", "an", "n_hom_alt")
    ]
    fields = [element.value for element in app.text]
    assert "29.5" in fields
    labels = [m for m in app.markdown if "FILTER" in m.value]
    marked = ":orange[" in labels[0].value
    assert marked == (pos == 200)
    assert pos == 300 or FILTERS[pos] in fields
    assert "whatever its FILTER says" in labels[0].proto.help
    assert "whatever its FILTER says" in texts(app)


def test_super_populations_are_told_as_ancestries_not_as_places(
    open_page: Open, demo_lake: Lake
) -> None:
    variants = demo_lake.scan("gold.variants", build=False).filter(geographic_code="RUUUU")
    row = variants.filter(minor_is_ref=False).head(1).collect().row(0, named=True)
    app = open_page(demo_lake, "explore/variant", variant=name_of(row))
    assert "It is rare in AFR (African), unobserved in the others." in texts(app)


def test_links_to_the_web_are_of_a_known_build_and_never_of_the_demo(
    open_page: Open, own: Lake, demo_lake: Lake, cohort_lake: Lake, common: dict[str, object]
) -> None:
    said = texts(open_page(own, "explore/variant", variant="7:100"))
    assert "https://gnomad.broadinstitute.org/variant/7-100-A-G?dataset=gnomad_r2_1" in said
    said = texts(open_page(own, "explore/region", region="7:50-400"))
    assert "https://grch37.ensembl.org/Homo_sapiens/Location/View?r=7:50-400" in said
    for lake, name in ((demo_lake, name_of(common)), (cohort_lake, "7:1000")):
        assert "https://gnomad" not in texts(open_page(lake, "explore/variant", variant=name))
        assert "https://gnomad" not in texts(open_page(lake, "explore/region"))


@pytest.mark.parametrize("view", ["Map", "Linkage", "Carriers", "Way back"])
def test_every_view_of_a_variant(
    open_page: Open, demo_lake: Lake, common: dict[str, object], view: str
) -> None:
    app = open_page(demo_lake, "explore/variant", variant=name_of(common), explore=view)
    if view in ("Map", "Linkage"):
        assert len(app.get("plotly_chart")) == 1
    elif view == "Carriers":
        carriers = demo_lake.scan("silver.genotypes", build=False).filter(
            pl.col("pos") == common["pos"], pl.col("record") == common["record"]
        )
        assert f"{carriers.collect().height:,} samples carry it." in texts(app)
    else:
        [line] = demo_lake.raw(f"#{common['record']}")
        assert line.text[:200] in texts(app)
        sha = demo_lake.scan("bronze.files", build=False).collect()["sha256"][0]
        assert any(sha in t["value"].to_list() for t in tables(app) if "value" in t.columns)


def test_without_a_variant_examples_are_offered(open_page: Open, demo_lake: Lake) -> None:
    app = open_page(demo_lake, "explore/variant")
    assert "differ most" in texts(app)
    app = open_page(demo_lake, "explore/variant", variant="22:1")
    assert any("No such variant" in m.value for m in app.markdown)


@pytest.mark.parametrize(
    "view", ["Frequencies", "Genotypes", "Map", "Linkage", "Carriers", "Way back"]
)
def test_odd_names_and_few_samples(open_page: Open, own: Lake, view: str) -> None:
    app = open_page(own, "explore/variant", variant="7:100", explore=view)
    if view == "Map":
        assert any("No map" in m.value for m in app.markdown)


# Sample


def test_a_sample_stands_among_the_others(open_page: Open, demo_lake: Lake) -> None:
    counts = demo_lake.scan("gold.samples", build=False).collect()
    row = counts.row(700, named=True)
    app = open_page(demo_lake, "explore/sample", sample=row["sample"])
    assert app.selectbox(key="sample").value == row["sample"]
    metrics = {m.label: m.value for m in app.metric}
    assert metrics["Heterozygous calls"] == f"{row['het']:,}"
    assert metrics["Singletons"] == f"{row['singletons']:,}"
    peers = counts.filter(population=row["population"])
    fewer = (peers["het"] < row["het"]).sum()
    assert f"{peers.height - 1:,} other samples of {row['population']}, {fewer:,} have less" in (
        texts(app)
    )
    assert len(app.get("plotly_chart")) == 1


def test_rare_alleles_of_a_sample_are_those_of_the_genotypes(
    open_page: Open, demo_lake: Lake
) -> None:
    row = demo_lake.scan("gold.samples", build=False).sort("singletons").tail(1).collect()
    sample, singletons = row["sample"][0], row["singletons"][0]
    assert singletons > 0
    app = open_page(demo_lake, "explore/sample", sample=sample, view_of_sample="Rare alleles")
    [table] = tables(app)
    assert table.height == singletons
    assert (table["ac"] == 1).all()
    carried = demo_lake.scan("silver.genotypes", build=False).filter(pl.col("sample") == sample)
    assert set(table["pos"]) <= set(carried.collect()["pos"])


def test_a_sample_that_is_not_here_and_odd_names(open_page: Open, own: Lake) -> None:
    app = open_page(own, "explore/sample", sample="nobody")
    assert any("No such sample" in m.value for m in app.markdown)
    assert "nobody" in texts(app)
    for rare in ("Seen once", "Up to 1 %"):
        open_page(own, "explore/sample", sample="S1", view_of_sample="Rare alleles", rare=rare)


# Search


def test_a_list_is_parted_into_what_it_means(
    open_page: Open, demo_lake: Lake, common: dict[str, object]
) -> None:
    sample = demo_lake.scan("silver.samples", build=False).collect()["sample"][5]
    asked = f"{name_of(common)}, GBR\n{sample} rs404 {NASTY.split(maxsplit=1)[0]}"
    app = open_page(demo_lake, "explore/search", q=asked)
    assert "5 names read: 1 variant, 1 sample, 1 population, 2 not found." in texts(app)
    assert tables(app)[0]["pos"].to_list() == [common["pos"]]
    assert "rs404" in texts(app)


def test_regions_of_a_list_are_links_and_what_is_missing_has_its_reason(
    open_page: Open, demo_lake: Lake
) -> None:
    q = "22:17,000,000-17,100,000\n22 16076076 G A\nchr22:17000000\u201317000100 21:5-9, nobody"
    app = open_page(demo_lake, "explore/search", q=q)
    linked = {
        link.proto.label.replace("\\", ""): link.proto.query_string for link in app.get("page_link")
    }
    for region in ("22:17,000,000-17,100,000", "22:17,000,000-17,000,100"):
        assert f"region={quote(region, safe='')}" in linked[region]
    assert "One region is shown at a time" in texts(app)
    assert "no chromosome 21: it has 22" in texts(app)
    assert "No sample, population or identifier" in texts(app)
    (near,) = (label for label in linked if label.startswith("Nearest to 22 16076076 G A"))
    assert "variant=22-1607" in linked[near]


def test_a_place_in_quarantine_leads_to_its_line(open_page: Open, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    records = ["7 100 . A G . . . GT 0|1", "7 200 . A Z . . . GT 0|1", "7 300 . A G . . . GT 0|1"]
    vcf.write_text(vcf_text(records, ("S1",)), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    for page, query in (("search", {"q": "200; 7:250"}), ("variant", {"variant": "7:200"})):
        app = open_page(lake, f"explore/{page}", **query)
        assert "Line 4 of some.vcf, at this position, was set apart: An ALT" in texts(app)
        links = {link.proto.label.replace("\\", ""): link.proto for link in app.get("page_link")}
        to = links["Line 4 of some.vcf"]
        assert (to.page, to.query_string) == ("silver", "silver=Quarantine&line=4")
    app = open_page(lake, "layers/silver", silver="Quarantine", line="4")
    assert "some.vcf, line 4: expected" in texts(app)


def test_an_accession_of_the_other_build_is_told_and_of_the_own_build_found(
    open_page: Open, own: Lake
) -> None:
    app = open_page(own, "explore/search", q="NC_000007.14:g.100A>G")
    assert "NC_000007.14 is chromosome 7 of GRCh38, but this lake is of GRCh37" in texts(app)
    app = open_page(own, "layers/gold")
    app.text_input(key="search box").set_value("NC_000007.13:g.100A>G")
    sound(app.run())
    assert app.title[0].value == "Variant"
    assert app.text_input(key="variant").value == "7-100-A-G"


def test_what_is_taken_for_granted_is_said(open_page: Open, demo_lake: Lake) -> None:
    app = open_page(demo_lake, "layers/gold")
    app.text_input(key="search box").set_value("NC_000022.10:17,000,000-17,100,000")
    sound(app.run())
    assert app.title[0].value == "Search"
    assert "genome build is not known: took NC_000022.10 for 22." in texts(app)
    assert "Understood as a region: 22:17,000,000-17,100,000" in texts(app)


def test_what_can_be_searched_for_is_told_by_what_is_there(open_page: Open, own: Lake) -> None:
    app = open_page(own, "explore/search")
    told = app.code[0].value.split("\n")[:-2]
    for line in told:
        name = line.split("  ")[0]
        found = own.search(name)
        assert found.missing == (), line
    assert [line.split("  ")[0] for line in told[:3]] == ["7-100-A-G", "7:100", "NC_000007.13:100"]
    assert told[4].startswith("S1 ")


def test_a_lake_without_identifiers_says_so(open_page: Open, own: Lake) -> None:
    app = open_page(own, "explore/search", q="rs123")
    assert "no variant of this lake has an identifier" in texts(app)


@pytest.mark.parametrize(
    "q", ["", "7:1-1000", "7", NASTY, " ".join(f"rs{i}" for i in range(10_001))]
)
def test_searches_at_the_edge(open_page: Open, own: Lake, q: str) -> None:
    app = open_page(own, "explore/search", q=q)
    if len(q) > 10_000:
        assert "too many for one search" in texts(app)
    elif q.startswith("7"):
        assert "Understood as a region" in texts(app)


def test_the_box_goes_to_the_one_thing_that_is_meant(
    open_page: Open, demo_lake: Lake, common: dict[str, object]
) -> None:
    sample = demo_lake.scan("silver.samples", build=False).collect()["sample"][5]
    for typed, title in (
        (name_of(common), "Variant"),
        (sample, "Sample"),
        (f"{name_of(common)} {sample}", "Search"),
        ("nothing like it", "Search"),
    ):
        app = open_page(demo_lake, "layers/gold")
        app.text_input(key="search box").set_value(typed)
        sound(app.run())
        assert app.title[0].value == title, typed


def test_a_tab_is_called_by_its_page_and_what_it_shows(
    open_page: Open, own: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    monkeypatch.setattr(streamlit, "set_page_config", lambda **c: called.append(c["page_title"]))
    for page, query, title in (
        ("layers/gold", {}, "Gold · medallion"),
        ("explore/variant", {"variant": "7-100-A-G"}, "7-100-A-G · Variant · medallion"),
        ("explore/region", {"region": "7:90-250"}, "7:90-250 · Region · medallion"),
        ("explore/sample", {"sample": "S2"}, "S2 · Sample · medallion"),
    ):
        open_page(own, page, **query)
        assert called[-1] == title


def test_a_group_of_ones_own_opens_at_its_level(
    open_page: Open,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(policies, "_shown_default_value_warning", False)
    groups = [("Berlin", "Europe"), ("Lagos", "Africa")]
    lake = lake_of(tmp_path, [f"S{i}" for i in range(6)], groups)
    for typed, level, label, code in (
        ("europe", "Super-populations", "One", "Europe"),
        ("Lagos", "Populations", "One", "Lagos"),
    ):
        app = open_page(lake, "layers/gold")
        app.text_input(key="search box").set_value(typed)
        sound(app.run())
        assert app.title[0].value == "Populations"
        chosen = next(each for each in app.get("button_group") if each.label == "Groups")
        assert chosen.value == level
        assert next(box for box in app.selectbox if box.label == label).value == code
        assert not [r for r in caplog.messages if "created with a default value" in r]
    app = open_page(lake, "layers/gold")
    app.text_input(key="search box").set_value("ALL")
    sound(app.run())
    assert app.title[0].value == "Populations"
    assert not [each for each in app.get("button_group") if each.label == "Groups"]


def test_a_list_too_long_for_a_link_is_searched_and_not_in_the_link(
    open_page: Open, demo_lake: Lake
) -> None:
    rows = demo_lake.scan("silver.variants", build=False).select("chrom", "pos").collect()
    names = [f"{chrom}:{pos}" for chrom, pos in rows.unique().sort("pos").head(10_000).iter_rows()]
    names += [f"rs{i}" for i in range(10_000 - len(names))]
    app = open_page(demo_lake, "explore/search")
    for text, fits in (("\n".join(names), False), (names[0], True), (" ".join(names), False)):
        app.text_area(key="q").set_value(text)
        sound(app.run())
        assert app.text_area(key="q").value == text
        assert f"{1 if fits else 10_000:,} name" in texts(app)
        assert ("Not in the link: too long" in texts(app)) is not fits
        assert fits or "q" not in app.query_params
    app = open_page(demo_lake, "layers/gold")
    app.text_input(key="search box").set_value(" ".join(names))
    sound(app.run())
    assert "10,000 names read" in texts(app)
    assert "q" not in app.query_params
