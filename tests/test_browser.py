"""The dashboard in a real browser, from a fresh clone, with the network cut off.

Needs a Chromium or Chrome on the PATH; skips without.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from browser import (
    SLOW,
    chromium,
    follow,
    fresh_clone,
    opened,
    playwright,
    serve,
    settled,
    sticks_out,
)
from real_data import thorough

from medallion import Lake

__all__ = ["chromium"]  # a fixture

pytestmark = pytest.mark.browser
playwright.expect.set_options(timeout=SLOW)

# Attached, not visible: the bar of a frequency of zero has no height.
BARS = ".js-plotly-plot .bars path"
CHARTS = {("silver", "Samples"), ("gold", "Variant"), ("gold", "Populations")}  # of bars
VIEWS = {
    "bronze": ["Files", "Header", "Records", "Samples"],
    "silver": ["Variants", "Genotypes", "Samples", "Quarantine"],
    "gold": ["Variant", "Spectrum", "Populations"],
}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fresh_clone(tmp_path_factory.mktemp("clone"))


@pytest.fixture(scope="module")
def address(clone: Path) -> Iterator[str]:
    with serve(clone) as url:
        yield url


@pytest.fixture
def page(chromium: playwright.Browser) -> Iterator[playwright.Page]:
    """A page that can reach this machine only; asking for anything else fails the test."""
    page = opened(chromium, 1600)
    yield page
    page.context.close()
    assert not page.outside, f"the page asked for {page.outside}"


def test_the_first_start_builds_the_demo_and_shows_a_chart(
    page: playwright.Page, address: str, clone: Path
) -> None:
    page.goto(address)
    page.wait_for_selector(BARS, state="attached")
    settled(page)
    assert page.locator(BARS).count() == 26
    assert page.get_by_text("Simulated data, not real people").count()
    states = Lake(clone / "data" / "demo").status()
    (entry,) = states["silver"].summary["ledger"]
    assert page.get_by_text(f"{entry['records']:,} records in = {entry['kept']:,} kept").count()
    assert {status.state for status in states.values()} == {"fresh"}


@thorough
def test_each_rebuild_button_builds_and_the_charts_stay(
    page: playwright.Page, address: str, clone: Path
) -> None:
    page.goto(address)
    page.wait_for_selector(BARS, state="attached")
    lake = Lake(clone / "data" / "demo")
    for layer in ("bronze", "silver", "gold"):
        before = lake.status()[layer].built_at
        button = page.get_by_role("button", name=f"Rebuild {layer}")
        button.click()
        end = time.monotonic() + SLOW / 1000
        while lake.status()[layer].built_at == before and time.monotonic() < end:
            page.wait_for_timeout(50)
        assert lake.status()[layer].built_at != before
        playwright.expect(button).to_be_enabled()
        assert page.locator(BARS).count() == 26
        settled(page)


def test_every_view_of_every_page(page: playwright.Page, address: str) -> None:
    page.goto(address)
    settled(page)
    for name, views in VIEWS.items():
        follow(page, f"{address}/{name}")
        radio = page.get_by_role("radio", name=views[0], exact=True).first
        playwright.expect(radio).to_be_checked()
        for view in views:
            radio = page.get_by_role("radio", name=view, exact=True).first
            radio.click()
            playwright.expect(radio).to_be_checked()
            if (name, view) in {
                ("gold", "Variant"),
                ("gold", "Populations"),
                ("silver", "Samples"),
            }:
                page.wait_for_selector(BARS, state="attached")
            elif (name, view) == ("gold", "Spectrum"):
                page.wait_for_selector(".js-plotly-plot .scatterlayer .trace")
            settled(page)
            assert page.locator("h1").inner_text() == name.capitalize()


@thorough
def test_a_link_to_a_page_works_as_the_first_visit_of_a_fresh_server(
    page: playwright.Page, address: str, clone: Path
) -> None:
    page.goto(address)  # so that the lake is there
    page.wait_for_selector(BARS, state="attached")
    with serve(clone) as fresh:
        page.goto(f"{fresh}/gold?gold=Populations&measure=Singletons")
        page.wait_for_selector(BARS, state="attached")
        settled(page)
        assert page.url == f"{fresh}/gold?gold=Populations&measure=Singletons"
        assert page.locator(".gtitle").text_content() == "Singletons"


def test_a_choice_is_in_the_url_and_survives_a_reload(page: playwright.Page, address: str) -> None:
    page.goto(f"{address}/gold")
    page.wait_for_selector(BARS, state="attached")
    page.get_by_role("radio", name="Spectrum").click()
    page.wait_for_selector(".js-plotly-plot .scatterlayer .trace")
    page.get_by_role("radio", name="Share").click()
    page.wait_for_url("**/gold?*count=Share*")
    page.reload()
    playwright.expect(page.get_by_role("radio", name="Share")).to_be_checked()
    playwright.expect(page.get_by_role("radio", name="Spectrum")).to_be_checked()


def test_a_ticked_row_leads_to_its_carriers_and_its_chart(
    page: playwright.Page, address: str
) -> None:
    page.goto(f"{address}/silver?af_from=0.5")
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.wait_for()
    settled(page)
    table.click(position={"x": 17, "y": 52}, force=True)  # the box before the first row
    page.get_by_text("Samples that carry it").wait_for()
    page.get_by_role("link", name="Frequencies").click()
    page.wait_for_url("**/gold?variant=22-*")
    page.wait_for_selector(BARS, state="attached")


def test_what_is_shown_can_be_downloaded(
    page: playwright.Page, address: str, clone: Path, tmp_path: Path
) -> None:
    lake = Lake(clone / "data" / "demo")
    row = lake.scan("silver.variants").filter(pl.col("ac") > 100).head(1).collect().to_dicts()[0]
    name = "-".join(str(row[key]) for key in ("chrom", "pos", "ref", "alt"))
    page.goto(f"{address}/gold?variant={name}")
    page.wait_for_selector(BARS, state="attached")
    for label, ending in (("CSV", "csv"), ("Parquet", "parquet")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=label, exact=True).click()
        path = tmp_path / f"got.{ending}"
        waiting.value.save_as(path)
        assert name in waiting.value.suggested_filename
        if ending == "csv":
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.DictReader(file))
        else:
            rows = pl.read_parquet(path).to_dicts()
        everyone = next(each for each in rows if each["population"] == "ALL")
        assert len(rows) == 32
        assert (int(everyone["ac"]), int(everyone["an"])) == (row["ac"], row["an"])


@thorough
def test_a_build_is_seen_from_another_tab_which_stays_usable(
    page: playwright.Page, address: str
) -> None:
    page.goto(address)
    page.wait_for_selector(BARS, state="attached")
    other = page.context.new_page()
    other.goto(f"{address}/gold")
    other.wait_for_selector(BARS, state="attached")
    page.get_by_role("button", name="Rebuild silver").click()
    other.get_by_role("radio", name="Populations").click()
    playwright.expect(other.locator(".gtitle").first).to_contain_text("Polymorphic alleles")
    settled(other)
    playwright.expect(page.get_by_role("button", name="Rebuild silver")).to_be_enabled()


@thorough
def test_a_phone_s_width_has_nothing_cut_off(chromium: playwright.Browser, address: str) -> None:
    page = opened(chromium, 400, "dark")
    page.goto(address)
    for path in ("", "bronze", "silver", "gold"):
        follow(page, f"{address}/{path}")
        settled(page)
        assert sticks_out(page) <= 0, path
    page.context.close()


def test_files_sent_through_the_page_become_a_lake(
    page: playwright.Page, address: str, tmp_path: Path
) -> None:
    vcf, table = tmp_path / "cohort.vcf", tmp_path / "people.tsv"
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\n"
    vcf.write_text(head + "1\t5\t.\tA\tC\t.\t.\t.\tGT\t0|1\t1|1\n", encoding="utf-8", newline="\n")
    table.write_text("sample\tpop\nA\tX\nB\tY\n", encoding="utf-8", newline="\n")
    page.goto(address)
    settled(page)
    page.get_by_text("Open or make a lake").click()
    folder = page.get_by_role("textbox", name="Folder", exact=True)
    folder.fill("sent")
    folder.press("Tab")
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_text("There is no lake in this folder yet").wait_for()
    page.get_by_text("My own VCF").click()
    boxes = page.get_by_test_id("stFileUploader")
    boxes.nth(1).wait_for()
    make = page.get_by_role("button", name="Make the lake")
    for box, file in enumerate((vcf, table)):
        settled(page)
        boxes.nth(box).locator("input[type=file]").set_input_files(file)
        page.get_by_text(file.name).first.wait_for()
        # It can be pressed once the server has the VCF and has drawn the page anew; a file
        # that is handed over before that is lost.
        playwright.expect(make).to_be_enabled()
    settled(page)
    make.click()
    page.get_by_role("button", name="Build gold").first.click()
    page.get_by_text("1 record in = 1 kept").wait_for()
