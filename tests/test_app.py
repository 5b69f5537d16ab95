"""The dashboard without a browser: lakes that are missing, stale, failed, cancelled or odd."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest
from app_pages import ROOT, Open, charts, sound
from layer_pages import PAGES, VIEWS, open_app, own, press, shown, wait, write_panel, write_vcf

from medallion import Lake
from pages.shared import builds, state

__all__ = ["open_app", "own"]  # fixtures

# Nothing built


def test_the_first_look_at_the_demo_builds_it_and_shows_a_chart(
    tmp_path: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "demo"
    monkeypatch.setitem(state._SOURCES, str(lake), {"dataset": "demo"})
    app = sound(open_app(lake))
    assert builds._BUILDS[str(lake)].layer == "gold"
    app = wait(app, lake)
    assert len(charts(app)) == 1
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
        assert len(charts(app)) == 1


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
    if len(charts(app)):
        assert "<script" not in json.dumps(charts(app)[0])


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


def test_an_error_that_nobody_foresaw_is_owned_up_to(
    tmp_path: Path, open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    Lake(lake, vcf=[write_vcf(tmp_path / "cohort.vcf", ["S1"])]).build("silver")
    monkeypatch.setattr("pages.shared.filters.variants", None)
    app = open_app(lake, "silver")
    assert "The fault is the program's, not your data's" in shown(app)
    assert len(app.exception) == 1


def test_a_process_that_is_started_from_the_app_does_not_run_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Python's multiprocessing loads the main module again, by this name."""
    monkeypatch.setattr("streamlit.navigation", lambda *_, **__: pytest.fail("the app ran"))
    runpy.run_path(str(ROOT / "app.py"), run_name="__mp_main__")
