"""The dashboard without a browser: every page, in every state that a lake can be in."""

from __future__ import annotations

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from medallion import Lake
from pages.shared import builds, diagram, draw, state, words

ROOT = Path(__file__).resolve().parents[1]
PAGES = ["overview", "bronze", "silver", "gold"]
VIEWS = {
    "bronze": ["Files", "Header", "Records", "Samples"],
    "silver": ["Variants", "Genotypes", "Samples", "Quarantine"],
    "gold": ["Variant", "Spectrum", "Populations", "Tables"],
}
NASTY = "<script>alert(1)</script> **bold** [x](http://example.org) $a_b$"

Open = Callable[..., AppTest]


@pytest.fixture(scope="session")
def demo(demo_lake: Lake) -> Path:
    """A built lake of the demo data set; tests only read it."""
    return demo_lake.path


def write_vcf(path: Path, samples: list[str], records: int = 3) -> Path:
    """A small VCF whose first sample alone carries every ALT allele."""
    head = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
            '##INFO=<ID=XX,Number=1,Type=String,Description="<b>odd</b> **words**">',
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
                       *samples])]  # fmt: skip
    calls = ["0|1", *["0|0"] * (len(samples) - 1)]
    body = [
        "\t".join(["7", str(100 + i), ".", "A", "G", ".", "PASS", ".", "GT", *calls])
        for i in range(records)
    ]
    path.write_text("\n".join([*head, *body, ""]), encoding="utf-8", newline="\n")
    return path


def write_panel(path: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    lines = ["sample\tpop\tsuper_pop\tgender", *("\t".join(row) for row in rows), ""]
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A built lake of one's own with two populations of odd names and a sample in none."""
    vcf = write_vcf(tmp_path / "cohort.vcf", ["S1", "S2", "S3"])
    panel = write_panel(
        tmp_path / "panel.txt", [("S1", NASTY, NASTY, "male"), ("S2", "GBR", "EUR", "female")]
    )
    path = tmp_path / "own"
    Lake(path, vcf=[vcf], samples=panel).build("gold")
    return path


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open the app on a lake, at a page, with the given query parameters."""

    def opened(start: Path, page: str = "overview", **query: str) -> AppTest:
        monkeypatch.setenv("MEDALLION_LAKE", str(start))
        monkeypatch.setattr("sys.argv", ["app.py"])
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=90)
        if page != "overview":
            app.switch_page(f"pages/layers/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    builds._BUILDS.clear()


def sound(app: AppTest) -> AppTest:
    assert not app.exception, [element.message for element in app.exception]
    return app


def shown(app: AppTest) -> str:
    """All words on the page and in the sidebar."""
    kinds = ("title", "subheader", "header", "markdown", "caption", "text", "code", "button")
    parts = []
    for kind in kinds:
        for element in app.get(kind):
            parts.append(str(getattr(element, "value", None) or getattr(element, "label", "")))
    return "\n".join(parts)


def wait(app: AppTest, lake: Path, seconds: float = 60) -> AppTest:
    """Rerun until the lake's build has ended, as the page's timer does in a browser."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        build = builds._BUILDS.get(str(lake))
        if build is not None and not build.running:
            return sound(app.run())
        time.sleep(0.05)
    pytest.fail("the build did not end")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()


def figure(app: AppTest) -> dict[str, Any]:
    """The first chart on the page, as it goes to the browser."""
    return json.loads(app.get("plotly_chart")[0].proto.spec)


def charts(app: AppTest) -> int:
    return len(app.get("plotly_chart"))


# Nothing built


def test_the_first_look_at_the_demo_builds_it_and_shows_a_chart(
    tmp_path: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "demo"
    monkeypatch.setitem(state._SOURCES, str(lake), {"dataset": "demo"})
    app = sound(open_app(lake))
    assert builds._BUILDS[str(lake)].layer == "gold"
    app = wait(app, lake)
    assert charts(app) == 1
    assert "Up to date" in shown(app)
    (entry,) = Lake(lake).status()["silver"].summary["ledger"]
    assert entry["records"] == entry["kept"] + entry["quarantined"]
    assert (
        f"{entry['records']:,} records in = {entry['kept']:,} kept + "
        f"{entry['quarantined']:,} in quarantine"
    ) in shown(app)


@pytest.mark.parametrize("page", PAGES[1:])
def test_a_page_builds_the_layer_that_it_needs(tmp_path: Path, open_app: Open, page: str) -> None:
    vcf = write_vcf(tmp_path / "cohort.vcf", ["S1", "S2"])
    lake = tmp_path / "lake"
    Lake(lake, vcf=[vcf]).build("bronze")
    app = sound(open_app(lake, page))
    if page != "bronze":
        app = wait(app, lake)
    assert Lake(lake).status()[page].state == "fresh"
    assert app.title[0].value == page.capitalize()


@pytest.mark.parametrize("page", PAGES)
def test_a_download_waits_for_a_yes_and_says_its_size(
    tmp_path: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    lake = tmp_path / "phase3"
    monkeypatch.setitem(state._SOURCES, str(lake), {"dataset": "phase3", "chroms": ("22",)})
    app = sound(open_app(lake, page))
    assert str(lake) not in builds._BUILDS
    assert any(re.fullmatch(r"Download 20\d\.\d MB and build", b.label) for b in app.button)


@pytest.mark.parametrize("page", PAGES)
def test_a_folder_without_a_lake_offers_to_make_one(
    tmp_path: Path, open_app: Open, page: str
) -> None:
    lake = tmp_path / "new"
    app = sound(open_app(lake, page))
    assert app.title[0].value == "There is no lake in this folder yet"
    app = press(app, "Make the lake")
    app = sound(app)
    if page == "overview":
        app = wait(app, lake)
        assert charts(app) == 1


# Built


@pytest.mark.parametrize(
    ("page", "view"), [(page, view) for page, views in VIEWS.items() for view in views]
)
def test_every_view_of_a_built_lake_shows_something(
    demo: Path, open_app: Open, page: str, view: str
) -> None:
    app = sound(open_app(demo, page, **{page: view}))
    assert app.get("segmented_control")[0].value == view or view in str(app.session_state[page])
    assert "Simulated data, not real people" in shown(app)
    everything = [*app.dataframe, *app.get("plotly_chart"), *app.code, *app.text_input]
    assert everything


def test_the_overview_of_a_built_lake(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo))
    assert charts(app) == 1
    assert {b.label for b in app.button} >= {"Rebuild bronze", "Rebuild silver", "Rebuild gold"}
    words_shown = shown(app)
    layers = Lake(demo).status()
    assert f"{layers['silver'].rows['variants']:,} ALT alleles" in words_shown
    assert f"{layers['gold'].rows['frequencies']:,} frequencies" in words_shown


@pytest.mark.parametrize("layer", PAGES[1:])
def test_each_rebuild_button_builds_its_layer(own: Path, open_app: Open, layer: str) -> None:
    before = Lake(own).status()[layer].built_at
    app = sound(open_app(own))
    app = wait(press(app, f"Rebuild {layer}"), own)
    assert builds._BUILDS[str(own)].state == "done"
    after = Lake(own).status()[layer].built_at
    assert before is not None
    assert after is not None
    assert after > before


def test_a_variant_of_the_url_is_drawn_and_its_numbers_can_be_had(
    demo: Path, open_app: Open
) -> None:
    row = Lake(demo).scan("silver.variants").filter(pl.col("ac") > 100).head(1).collect().to_dicts()
    name = words.allele_label(*(row[0][key] for key in ("chrom", "pos", "ref", "alt")))
    app = sound(open_app(demo, "gold", variant=name))
    assert app.text_input(key="variant").value == name
    assert f"{row[0]['pos']:,}" in figure(app)["layout"]["title"]["text"]
    table = app.dataframe[0].value
    assert len(table) == 32
    everyone = table[table["population"] == "ALL"].iloc[0]
    assert everyone["ac"] == row[0]["ac"]
    assert everyone["an"] == row[0]["an"]


def test_a_position_with_several_alleles_asks_which(demo: Path, open_app: Open) -> None:
    several = Lake(demo).scan("silver.variants").filter(pl.col("n_alts") == 3).head(1).collect()
    place = f"{several['chrom'][0]}:{several['pos'][0]}"
    app = sound(open_app(demo, "silver", silver="Genotypes", variant=place))
    assert "3 alleles match" in app.selectbox(key="allele").label


@pytest.mark.parametrize("text", ["22:1", "rs0", "no such thing", "<script>", "22-1-A-"])
@pytest.mark.parametrize("page", ["gold", "silver"])
def test_what_names_no_variant_is_answered_in_words(
    demo: Path, open_app: Open, page: str, text: str
) -> None:
    app = sound(open_app(demo, page, silver="Genotypes", variant=text))
    assert re.search("No such variant|does not name a variant", shown(app))


def test_filters_of_the_url_are_applied_on_the_server(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "silver", type="insertion", af_from="0.01"))
    table = app.dataframe[0].value
    assert len(table)
    assert set(table["variant_type"]) == {"insertion"}
    assert table["af"].min() >= 0.01
    expected = (
        Lake(demo).scan("silver.variants")
        .filter(pl.col("variant_type") == "insertion", pl.col("ac") / pl.col("an") >= 0.01)
        .select(pl.len()).collect().item()
    )  # fmt: skip
    assert f"{expected:,} ALT allele" in shown(app)


def test_a_long_table_says_how_much_of_it_is_shown(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "silver"))
    total = Lake(demo).status()["silver"].rows["variants"]
    assert f"The first 1,000 of {total:,} ALT alleles" in shown(app)
    assert len(app.dataframe[0].value) == 1000


def test_a_raw_record_is_followed_up_to_gold(demo: Path, open_app: Open) -> None:
    lake = Lake(demo)
    trace = lake.trace_record(4994)
    assert trace.variants is not None
    row = trace.variants.row(0, named=True)
    app = sound(open_app(demo, "bronze", bronze="Records", at="#4994", record="4994"))
    words = shown(app)
    assert "What became of record 4,994" in words
    assert f"{row['ref']} → {row['alt']}: {row['ac']:,} of {row['an']:,} alleles" in words
    counts = app.dataframe[-1].value
    assert counts["AC" if "AC" in counts else "ac"].tolist()[-1] == row["ac"]


def test_a_quarantined_record_says_why(demo: Path, open_app: Open) -> None:
    lake = Lake(demo)
    above = len(lake.header().lines)
    defects = lake.scan("silver.defects").filter(pl.col("reason") == "pos-malformed").collect()
    number = defects["line"].item() - above
    app = sound(open_app(demo, "bronze", bronze="Records", at=f"#{number}", record=str(number)))
    words = shown(app)
    assert "In quarantine: the record is not in silver or gold." in words
    assert defects["detail"].item() in words
    app = sound(open_app(demo, "bronze", bronze="Records", at="#1", record="1"))
    assert "Kept" in shown(app)


def test_no_match_is_said(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "silver", id="rs0"))
    assert "No variant matches." in shown(app)


def test_raw_records_are_the_file_s_own_lines(demo: Path, open_app: Open) -> None:
    expected = "\n".join(record.text for record in Lake(demo).raw("#5000-5009"))
    app = sound(open_app(demo, "bronze", bronze="Records", at="#5000", lines="10", calls="true"))
    assert app.code[0].value == expected
    folded = sound(open_app(demo, "bronze", bronze="Records", at="#5000", lines="10")).code[0].value
    lines = folded.split("\n")
    assert len(lines) == 10
    for line, whole in zip(lines, expected.split("\n"), strict=True):
        start, _, end = line.rpartition("\t")
        assert whole.startswith(start + "\t")
        assert end == "… 2,504 calls"


def test_raw_records_by_position_and_the_next_page(demo: Path, open_app: Open) -> None:
    record = Lake(demo).raw("#700")[0]
    chrom, pos = record.text.split("\t")[:2]
    app = sound(open_app(demo, "bronze", bronze="Records", at=f"{chrom}:{pos}", lines="10"))
    assert "record 700 of" in shown(app) or "records 700 to" in shown(app)
    app = sound(press(app, "Next"))
    assert app.text_input(key="at").value.startswith("#70")
    app = sound(open_app(demo, "bronze", bronze="Records", at="#999999"))
    last = f"{Lake(demo).scan('bronze.files').collect()['records'].max():,}"
    assert f"record {last} of {last}" in shown(app)
    app = sound(open_app(demo, "bronze", bronze="Records", at="22:what"))
    assert "names no place in the file" in shown(app)


def test_the_quarantine_shows_reasons_and_the_line(demo: Path, open_app: Open) -> None:
    defects = Lake(demo).scan("silver.defects").collect()
    one = defects.filter(pl.col("verdict") == "quarantined").row(0, named=True)
    app = sound(open_app(demo, "silver", silver="Quarantine", line=str(one["line"])))
    assert one["raw"][:4000] in [code.value for code in app.code]
    assert set(app.dataframe[0].value["reason"]) == set(defects["reason"])


def test_the_samples_are_drawn_and_can_be_narrowed(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "silver", silver="Samples", populations="GBR"))
    assert charts(app) == 1
    assert set(app.dataframe[0].value["population"]) == {"GBR"}
    app = sound(open_app(demo, "silver", silver="Samples", chart="Rings"))
    assert charts(app) == 1


def test_what_a_sample_carries(demo: Path, open_app: Open) -> None:
    name = Lake(demo).scan("silver.samples").head(1).collect()["sample"][0]
    app = sound(open_app(demo, "silver", silver="Genotypes", of="A sample", sample=name))
    carried = Lake(demo).scan("silver.genotypes").filter(pl.col("sample") == name).collect()
    assert len(app.dataframe[0].value) == carried.height
    assert f"{carried.height:,} ALT alleles" in shown(app)
    assert name in shown(app)


def test_every_measure_of_the_populations_is_drawn(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "gold", gold="Populations"))
    for measure in list(app.selectbox(key="measure").options):
        app = sound(app.selectbox(key="measure").select(measure).run())
        assert figure(app)["layout"]["title"]["text"] == measure


def test_both_kinds_of_spectrum(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "gold", gold="Spectrum", count="Share", log="false"))
    assert "Share of the group" in figure(app)["layout"]["yaxis"]["title"]["text"]
    app = sound(open_app(demo, "gold", gold="Spectrum", level="Populations"))
    assert charts(app) == 1


# Stale, failed, odd


@pytest.mark.parametrize("page", PAGES)
def test_a_stale_layer_says_why_and_can_still_be_read(
    tmp_path: Path, own: Path, open_app: Open, page: str
) -> None:
    write_panel(tmp_path / "panel.txt", [("S1", "FIN", "EUR", "male")])
    reasons = Lake(own).status()["silver"].reasons
    assert reasons
    app = sound(open_app(own, page))
    if page in ("overview", "silver", "gold"):
        assert reasons[0] in shown(app)
    if page == "overview":
        app = wait(press(app, "Update gold"), own)
        assert Lake(own).status()["gold"].state == "fresh"


@pytest.mark.parametrize("page", PAGES)
def test_a_failed_build_says_so_and_does_not_start_again_by_itself(
    tmp_path: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    vcf = write_vcf(tmp_path / "cohort.vcf", ["S1", "S2"])
    lake = tmp_path / "lake"
    vcf.write_text("this is <b>not</b> a VCF\n", encoding="utf-8")
    monkeypatch.setitem(state._SOURCES, str(lake), {"vcf": (str(vcf),)})
    app = wait(open_app(lake, page), lake)
    failed = builds._BUILDS[str(lake)]
    assert failed.state == "failed"
    assert failed.error in [code.value for code in app.code]
    sound(app.run())
    assert builds._BUILDS[str(lake)] is failed
    write_vcf(vcf, ["S1", "S2"])
    app = wait(press(app, "Build bronze" if page == "overview" else "Try again"), lake)
    assert builds._BUILDS[str(lake)].state == "done"


def test_a_cancelled_build_waits_to_be_asked(tmp_path: Path, open_app: Open) -> None:
    vcf = write_vcf(tmp_path / "cohort.vcf", ["S1", "S2"])
    lake = tmp_path / "lake"
    Lake(lake, vcf=[vcf]).build("bronze")
    build = builds.Build(str(lake), "gold", force=False, state="cancelled")
    builds._BUILDS[str(lake)] = build
    app = sound(open_app(lake, "gold"))
    assert "The build was cancelled." in shown(app)
    assert builds._BUILDS[str(lake)] is build
    wait(press(app, "Try again"), lake)


@pytest.mark.parametrize(
    ("page", "view"),
    [("overview", ""), *[(page, view) for page, views in VIEWS.items() for view in views]],
)
def test_names_that_look_like_markup_are_shown_as_they_are(
    own: Path, open_app: Open, page: str, view: str
) -> None:
    query = {page: view} if view else {}
    app = sound(open_app(own, page, **query))
    for kind in ("markdown", "caption", "title", "subheader", "header", "badge", "html"):
        for element in app.get(kind):
            body = getattr(element, "value", None) or getattr(element.proto, "body", "")
            assert "alert(1)" not in str(body)
    if charts(app):
        assert "<script" not in json.dumps(figure(app))


def test_a_lake_without_super_populations_or_sample_table(tmp_path: Path, open_app: Open) -> None:
    vcf = write_vcf(tmp_path / "cohort.vcf", ["S1", "S2"])
    lake = tmp_path / "bare"
    Lake(lake, vcf=[vcf]).build("gold")
    for page, views in VIEWS.items():
        for view in views:
            sound(open_app(lake, page, **{page: view}))
    assert "no sample table" in shown(open_app(lake, "bronze", bronze="Samples"))


def test_a_vcf_without_records_or_without_samples(tmp_path: Path, open_app: Open) -> None:
    for name, vcf in (
        ("no-records", write_vcf(tmp_path / "a.vcf", ["S1"], records=0)),
        ("no-samples", tmp_path / "b.vcf"),
    ):
        if not vcf.exists():
            vcf.write_text(
                "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
                "7\t100\t.\tA\tG\t.\tPASS\t.\n",
                encoding="utf-8",
            )
        lake = tmp_path / name
        Lake(lake, vcf=[vcf]).build("gold")
        sound(open_app(lake))
        for page, views in VIEWS.items():
            for view in views:
                sound(open_app(lake, page, **{page: view}))


def test_a_link_to_a_lake_that_is_not_open_says_so(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, lake="elsewhere"))
    assert "The link names a lake that is not open here." in shown(app)


def test_a_lake_that_cannot_be_read_says_so(tmp_path: Path, open_app: Open) -> None:
    lake = tmp_path / "broken"
    lake.mkdir()
    (lake / "lake.json").write_text("{", encoding="utf-8")
    app = sound(open_app(lake))
    assert "This lake cannot be opened." in shown(app)


def test_another_folder_can_be_opened(
    demo: Path, own: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_OPENED", {})
    app = sound(open_app(demo))
    app.text_input(key="folder").input(str(own))
    app = sound(press(app, "Open this lake"))
    assert app.selectbox(key="lake").value == "own"
    assert "Own data: cohort.vcf" in shown(app)


def test_the_lake_that_the_app_starts_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MEDALLION_LAKE", raising=False)
    monkeypatch.setattr(state, "DATA", tmp_path)
    monkeypatch.setattr("sys.argv", ["app.py"])
    assert state.start_path() == state.DEMO
    (tmp_path / "lake.json").write_text("{}", encoding="utf-8")
    assert state.start_path() == tmp_path
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MEDALLION_LAKE", "of the environment")
    assert state.start_path() == tmp_path.resolve() / "of the environment"
    for arguments in (["--lake", "given"], ["--lake=given"]):
        monkeypatch.setattr("sys.argv", ["app.py", *arguments])
        assert state.start_path() == tmp_path.resolve() / "given"


def test_lakes_of_one_name_can_be_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "DATA", tmp_path)
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("MEDALLION_LAKE", str(tmp_path / "a" / "demo"))
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "lake.json").write_text("{}", encoding="utf-8")
    lakes = state.known_lakes()
    assert lakes["demo"] == tmp_path / "a" / "demo"
    assert tmp_path / "demo" in lakes.values()
    assert len(set(lakes.values())) == len(lakes)


def test_a_variant_in_a_url_is_short_and_can_be_looked_up(demo: Path) -> None:
    assert words.allele_label("22", 16050075, "A", "G") == "22-16050075-A-G"
    assert words.allele_label("22", 16050075, "A" * 300, "G") == "22:16050075"
    rows = Lake(demo).scan("silver.variants").filter(pl.col("variant_type") == "sv").collect()
    for row in rows.iter_rows(named=True):
        label = words.allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
        assert row["alt"] in Lake(demo).variant(label)["alt"].to_list()


# Builds and words


def test_one_build_at_a_time_for_each_lake(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", dataset="demo")
    first = builds.start(lake, "gold")
    assert builds.start(lake, "silver") is first
    end = time.monotonic() + 20
    while first.running and time.monotonic() < end:
        time.sleep(0.02)
    assert first.state == "done"
    assert builds.start(lake, "gold") is not first
    builds.dismiss(lake)


def test_a_build_can_be_cancelled(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", dataset="demo")
    build = builds.start(lake, "gold")
    build.cancel()
    end = time.monotonic() + 20
    while build.running and time.monotonic() < end:
        time.sleep(0.02)
    assert build.state == "cancelled"
    builds.dismiss(lake)
    assert builds.latest(lake) is None


@pytest.mark.parametrize(
    ("n", "expected"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (205_612_353, "205.6 MB"),
     (10**16, "10,000.0 TB")],
)  # fmt: skip
def test_sizes(n: int, expected: str) -> None:
    assert words.size(n) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.123, "0.12 s"), (3.21, "3.2 s"), (125, "2 min 5 s"), (3840, "1 h 4 min")],
)
def test_durations(seconds: float, expected: str) -> None:
    assert words.duration(seconds) == expected


def test_the_diagram_escapes_its_words() -> None:
    drawn = diagram.flow([diagram.Stage("gold", "<b>", "<i>", ("<u>",), "<s>")])
    for tag in ("<b>", "<u>", "<s>"):
        assert tag not in drawn
    assert "<i>&lt;" not in drawn


def test_downloads_hold_what_is_shown() -> None:
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", "ÿ"]})
    assert pl.read_csv(io.BytesIO(draw.as_bytes(frame, "csv"))).equals(frame)
    assert pl.read_parquet(io.BytesIO(draw.as_bytes(frame, "parquet"))).equals(frame)
