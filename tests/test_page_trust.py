"""The pages Checks and History."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs

import polars as pl
import pytest
from app_pages import Open, sound, texts

from medallion import Lake, MedallionError
from medallion.cli import main
from medallion.figures.history import build_times
from pages.shared import look


@pytest.fixture
def page(open_page: Open) -> Open:
    """Open a page of a lake."""
    return lambda lake, name: open_page(lake, f"trust/{name}")


@pytest.fixture
def own(tmp_path: Path) -> Lake:
    """A small lake whose published AC is wrong."""
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
             '##INFO=<ID=AC,Number=A,Type=Integer,Description="Alleles">',
             '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
             "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tS1\tS2",
             "7\t100\t.\tA\tG\t.\tPASS\tAC=3\tGT\t0|1\t0|0", ""]  # fmt: skip
    vcf = tmp_path / "own.vcf"
    vcf.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold", asked_by="**a test** <b>")
    return lake


def test_checks_of_the_build_and_run_again(page: Open, own: Lake) -> None:
    app = page(own, "checks")
    frame = pl.from_pandas(app.dataframe[0].value)
    stored = own.scan("gold.checks", build=False).collect()
    assert frame.height == stored.height
    wrong = stored.filter(pl.col("verdict") == "failed")["id"].to_list()
    assert wrong
    assert frame.filter(pl.col("verdict") != "holds")["id"].to_list() == wrong
    assert app.dataframe[0].proto.row_height > 64  # else what should hold is cut off, not broken
    next(b for b in app.button if b.label == "Check everything now").click()
    sound(app.run())
    again = pl.from_pandas(app.dataframe[1].value)
    assert again.height == len(own.verify())


def test_notes_and_warnings_are_not_summed_up_as_if_all_held(
    page: Open, own: Lake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = texts(page(own, "checks"))
    assert "No errors, 1 warning, 1 note" in said
    assert "**The rows behind what does not hold**" in said
    vcf = tmp_path / "own.vcf"
    vcf.write_text(vcf.read_text("utf-8").replace("AC=3", "AC=1"), encoding="utf-8", newline="\n")
    Lake(own.path).build("gold")
    said = texts(page(own, "checks"))
    assert ":blue[" in said
    assert "No errors, no warnings, 1 note: facts to know." in said
    assert "All checks hold" not in said
    assert main(["verify", "--lake", str(own.path)]) == 0
    assert capsys.readouterr().out.endswith(" checks, 0 failed, 1 note\n")


def test_a_damaged_file_is_found_when_checked_again(page: Open, own: Lake) -> None:
    app = page(own, "checks")
    (own.path / "bronze" / "own.vcf").write_bytes(b"another file")
    next(b for b in app.button if b.label == "Check everything now").click()
    app.run()
    assert "failed" in texts(app) or app.error


def test_history_lists_the_builds(page: Open, own: Lake) -> None:
    app = page(own, "history")
    frame = pl.from_pandas(app.dataframe[0].value)
    assert frame["layer"].to_list() == ["gold", "silver", "bronze"]
    assert frame["asked_by"].to_list() == ["**a test** <b>"] * 3
    assert app.dataframe[0].proto.row_height > 64
    widths = {name: each.get("width") for name, each in
              json.loads(app.dataframe[0].proto.columns).items()}  # fmt: skip
    assert widths["asked_by"] > 100  # pixels, for "command line"
    first = [widths[name] for name in list(frame.columns)[:4]]
    assert sum(first) + 34 <= 366  # a phone's table, with the box to tick
    shown = list(frame.columns)
    assert shown.index("reasons") < shown.index("rows_in")  # the edge of the page is about there
    assert len(app.get("plotly_chart")) == 1
    figure = build_times(own.history())
    assert sum(len(trace.x) for trace in figure.data) == 3
    assert "<b>" not in str([c for t in figure.data for c in t.customdata])


def test_a_ticked_build_tells_what_a_phone_does_not_show_of_it(page: Open, own: Lake) -> None:
    app = page(own, "history")
    app.session_state["runs"] = {"selection": {"rows": [1], "columns": [], "cells": []}}
    sound(app.run())
    run = own.history().row(1, named=True)
    said = texts(app)
    assert f"Done after {run['seconds']:,.1f} s; asked by **a test** <b>; in: " in said
    assert f"; out: {run['rows']:,} rows, " in said
    assert "; peak memory: " in said


def test_failed_builds_are_crosses_and_none_is_said(page: Open, own: Lake, tmp_path: Path) -> None:
    (tmp_path / "own.vcf").write_bytes(b"no VCF\n" * 9)
    with pytest.raises(MedallionError):
        Lake(own.path).build("gold")
    runs = own.history()
    assert runs["outcome"][-1] == "failed"
    figure = build_times(runs, theme="dark")
    assert [m for t in figure.data for m in t.marker.symbol].count("x") == 1
    app = page(own, "history")
    assert pl.from_pandas(app.dataframe[0].value)["error"][0]
    (own.path / "history.jsonl").unlink()
    assert "Nothing has been built" in texts(page(own, "history"))


def test_what_changed_since_an_earlier_version_is_shown(
    page: Open, own: Lake, tmp_path: Path
) -> None:
    assert "No earlier version of gold.frequencies is kept" in texts(page(own, "history"))
    vcf = tmp_path / "own.vcf"
    vcf.write_text(vcf.read_text("utf-8").replace("0|1", "1|1"), encoding="utf-8", newline="\n")
    Lake(own.path).build("gold")
    app = page(own, "history")
    numbers = {m.label: m.value for m in app.metric}
    assert numbers == {"Added": "0", "Removed": "0", "Changed": "3", "The same": "0"}
    cells = pl.from_pandas(app.dataframe[-1].value).filter(pl.col("column") == "af")
    assert cells.select("population", "before", "now").unique().sort("population").rows() == [
        ("ALL", "0.25", "0.5"), ("unassigned", "0.25", "0.5"),
    ]  # fmt: skip
    app.selectbox(key="changed_table").select("silver.samples")
    sound(app.run())
    assert "Every row is as it was" in texts(app) or "No earlier version" in texts(app)


def test_a_check_that_does_not_hold_leads_to_its_rows(page: Open, own: Lake) -> None:
    app = page(own, "checks")
    [link] = [x.proto for x in app.get("page_link") if "published" in x.proto.label]
    asked = parse_qs(link.query_string)["sql"][0]
    assert own.query(asked).select("pos", "published_ac", "ac").rows() == [(100, 3, 1)]
    # The question is asked on the page, though another one was before.
    app.session_state["ran"] = "select 1 as another"
    app.switch_page("pages/explore/sql.py")
    app.query_params["sql"] = asked
    sound(app.run())
    assert pl.from_pandas(app.dataframe[-1].value)["pos"].to_list() == [100]


def test_the_page_s_style_passes_streamlit_s_cleaning_and_tells_of_charts_moved_sideways() -> None:
    body = look._STYLE.removeprefix("<style>").removesuffix("</style>")
    assert "<" not in body
    assert "@media (max-width: 640px)" in body.split("Move sideways")[0]
