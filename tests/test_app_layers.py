"""The pages of the layers on a lake that is built."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import polars as pl
import pytest
from app_pages import Open, charts, sound
from layer_pages import PAGES, VIEWS, demo, open_app, own, press, shown, wait
from plain_vcf import vcf_text

from medallion import Lake
from medallion.cli import main
from pages.shared import builds, defects, words

__all__ = ["demo", "open_app", "own"]  # fixtures


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
    assert len(charts(app)) == 1
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
    assert f"{row[0]['pos']:,}" in charts(app)[0]["layout"]["title"]["text"]
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
    assert all(table.proto.row_height > 64 for table in app.dataframe)  # texts are broken, not cut


def test_each_reason_of_the_quarantine_has_an_example(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "silver", silver="Quarantine"))
    reasons = pl.from_pandas(app.dataframe[0].value)
    defects = Lake(demo).scan("silver.defects", build=False).collect()
    assert set(reasons["reason"]) == set(defects["reason"])
    for row in reasons.iter_rows(named=True):
        first = defects.filter(pl.col("reason") == row["reason"]).row(0, named=True)
        assert (row["line"], row["detail"]) == (first["line"], first["detail"])
        assert (row["raw"] or "") == (first["raw"] or "")[:120]


def test_every_defect_can_be_looked_up_and_downloaded(tmp_path: Path, open_app: Open) -> None:
    vcf_lines = ["7 1 . A G . . . GT 0|1", *["7 x . A . . . . GT 0|1"] * 1500]
    vcf = tmp_path / "a.vcf"
    vcf.write_text(vcf_text(vcf_lines, ("S1",)), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    found = lake.scan("silver.defects").collect()
    last = int(found["line"].drop_nulls().max())
    of_last = found.filter(line=last)["detail"].to_list()
    app = sound(open_app(lake.path, "silver", silver="Quarantine", line=str(last)))
    assert len(app.dataframe[-1].value) == 1000
    words = [text.value for text in app.text]
    assert all(f"a.vcf, line {last:,}: {detail}" in words for detail in of_last)
    helps = [button.proto.help for button in app.get("download_button")]
    start = f"All {found.height:,} defects that match"
    assert helps[:2] == [f"{start}, with their lines."] * 2
    assert helps[2:] == [f"{start}: their lines alone, as they are in the source."]
    whole = pl.read_parquet(defects.written(str(lake.path), (), (), ".parquet"))
    assert whole.sort("line").equals(found.sort("line"))
    some = ("quarantined",), ("pos-malformed",)
    lines = defects.written(str(lake.path), *some, ".txt").decode().splitlines()
    assert lines == [line.replace(" ", "\t") for line in vcf_lines[1:]]
    app = sound(open_app(lake.path, "silver", silver="Quarantine", line="1"))
    assert "Line 1 has no defect" in shown(app)


def test_defects_that_are_too_much_for_a_browser_are_left_to_the_command_line(
    tmp_path: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    vcf = tmp_path / "a.vcf"
    vcf.write_text(vcf_text(["7 x . A G . . . GT 0|1", "7 1 . A Z . . . GT 0|1"], ("S1",)))
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    monkeypatch.setattr(defects, "MOST_BYTES", 30)
    app = sound(open_app(lake.path, "silver", silver="Quarantine"))
    assert not app.get("download_button")
    command = shlex.split(app.code[0].value)
    assert command[:3] == ["medallion", "export", "silver.defects"]
    app = sound(open_app(lake.path, "silver", silver="Quarantine", reason="alt-malformed"))
    assert len(app.get("download_button")) == 3
    monkeypatch.setattr(defects, "MOST_BYTES", 10)
    app = sound(open_app(lake.path, "silver", silver="Quarantine", reason="alt-malformed"))
    command = shlex.split(app.code[0].value)
    at = command.index("-o") + 1
    assert main([*command[1:at], str(tmp_path / "out.parquet"), *command[at + 1 :]]) == 0
    assert pl.read_parquet(tmp_path / "out.parquet")["reason"].to_list() == ["alt-malformed"]


def test_the_samples_are_drawn_and_can_be_narrowed(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "silver", silver="Samples", populations="GBR"))
    assert len(charts(app)) == 1
    assert set(app.dataframe[0].value["population"]) == {"GBR"}
    app = sound(open_app(demo, "silver", silver="Samples", chart="Rings"))
    assert len(charts(app)) == 1


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
        assert charts(app)[0]["layout"]["title"]["text"] == measure


def test_both_kinds_of_spectrum(demo: Path, open_app: Open) -> None:
    app = sound(open_app(demo, "gold", gold="Spectrum", count="Share", log="false"))
    assert "Share of the group" in charts(app)[0]["layout"]["yaxis"]["title"]["text"]
    app = sound(open_app(demo, "gold", gold="Spectrum", level="Populations"))
    assert len(charts(app)) == 1
