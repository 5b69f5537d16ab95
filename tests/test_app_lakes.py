"""Which lake the app is on, its builds, and its words."""

from __future__ import annotations

import io
import time
from pathlib import Path

import polars as pl
import pytest
from app_pages import Open, sound
from layer_pages import demo, open_app, own, press, shown

from medallion import Lake
from pages.shared import builds, diagram, draw, state, words

__all__ = ["demo", "open_app", "own"]  # fixtures


NOT_OPEN = "This link is for a lake that is not open here"


def test_a_link_to_a_lake_that_is_not_open_says_so_and_goes_on_when_told(
    demo: Path, open_app: Open
) -> None:
    app = sound(open_app(demo, page="gold", lake="elsewhere"))
    for _ in range(2):  # a reload says it again
        assert app.title[0].value == NOT_OPEN
        assert [code.value for code in app.code] == ["elsewhere"]
        assert app.query_params["lake"] == "elsewhere"
        app = sound(app.run())
    app = sound(press(app, f"Go on with the lake {words.escaped(demo.name)}"))
    assert app.title[0].value == "Gold"
    assert app.selectbox(key="lake").value == demo.name
    assert "lake" not in app.query_params  # the first lake has no name in the URL


def test_the_overview_parts_what_is_set_apart_from_remarks(demo: Path, open_app: Open) -> None:
    verdicts = Lake(demo).scan("silver.defects", build=False).collect()["verdict"].cast(pl.String)
    apart, noted = (int((verdicts == word).sum()) for word in ("quarantined", "noted"))
    assert (apart, noted) == (10, 1)
    said = shown(sound(open_app(demo)))
    assert f"**{apart} records in quarantine** · **{noted} remark**" in said
    assert "defect" not in said


@pytest.mark.parametrize("linked", ["own", "another"])
def test_the_lake_of_a_link_can_be_opened(
    linked: str, demo: Path, own: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state, "_OPENED", {})
    app = sound(open_app(demo, page="gold", lake=linked))
    app.text_input(key="folder").input(str(own))
    app = sound(press(app, "Open this lake"))
    assert app.title[0].value == "Gold"
    assert app.selectbox(key="lake").value == "own"
    assert app.query_params.get("lake", "own") == "own"  # the browser writes it


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
