"""The Explore pages in a real browser: drawn, accessible, narrow, linked; the network is off.

Needs a Chromium or Chrome on the PATH; skips without. MEDALLION_REQUIRE_TOOLS=1 makes
that a failure.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from test_browser import FLAGS, SLOW, find_browser, serve

from medallion import Lake

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

pytestmark = pytest.mark.browser

CHART = ".js-plotly-plot .main-svg"
TABLE = "[data-testid=stDataFrame]:visible"
ALLELE = "22-16077687-A-G"
VIEWS = {
    f"search?q={ALLELE},+GBR,+nothing": TABLE,
    f"variant?variant={ALLELE}": CHART,
    f"variant?variant={ALLELE}&explore=Map": CHART,
    f"variant?variant={ALLELE}&explore=Linkage": CHART,
    f"variant?variant={ALLELE}&explore=Way+back": TABLE,
    "region?region=22:16,000,000-17,000,000": CHART,
    "sample?sample=SIM_GBR_001": CHART,
    "populations": CHART,
    "structure": CHART,
    "ld": CHART,
    "cohort?cohort_super=AFR": CHART,
}
# Streamlit's own: its menu is a list of buttons and lists.
THEIRS = {"list", "listitem"}


@pytest.fixture(scope="module")
def address(demo_lake: Lake) -> Iterator[str]:
    root = Path(__file__).resolve().parents[1]
    with serve(root, demo_lake.path) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    executable = find_browser()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def opened(browser: playwright.Browser, width: int, scheme: str) -> playwright.Page:
    """A page that can reach this machine only; what else it asks for is in `page.outside`."""
    context = browser.new_context(viewport={"width": width, "height": 1200}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(SLOW)
    page.outside = []

    def gate(route: playwright.Route) -> None:
        if route.request.url.startswith(("http://localhost", "data:", "blob:")):
            route.continue_()
        else:
            page.outside.append(route.request.url)
            route.abort()

    context.route("**/*", gate)
    return page


def settled(page: playwright.Page) -> None:
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")


def test_every_view_is_drawn_and_accessible(chromium: playwright.Browser, address: str) -> None:
    page = opened(chromium, 1600, "light")
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    for path, wanted in VIEWS.items():
        page.goto(f"{address}/{path}")
        page.locator(wanted).first.wait_for()
        settled(page)
        assert page.locator("[data-testid=stException]").count() == 0, path
        found = axe.Axe().run(page, options=rules).response["violations"]
        own = [
            (each["id"], [node["html"][:120] for node in each["nodes"]])
            for each in found
            if each["id"] not in THEIRS
        ]
        assert not own, (path, own)
    assert page.outside == []
    page.context.close()


def test_a_phone_in_the_dark_shows_all_without_scrolling_sideways(
    chromium: playwright.Browser, address: str
) -> None:
    page = opened(chromium, 400, "dark")
    for path, wanted in VIEWS.items():
        page.goto(f"{address}/{path}")
        page.locator(wanted).first.wait_for(state="attached")
        settled(page)
        wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wide <= 0, path
        for chart in page.locator(".js-plotly-plot").all():
            box = chart.bounding_box()
            assert box is None or box["width"] <= 400, path
    page.context.close()


def test_links_and_the_search_box_keep_what_they_name(
    chromium: playwright.Browser, address: str
) -> None:
    page = opened(chromium, 1600, "light")
    page.goto(f"{address}/variant?variant={ALLELE}&explore=Way+back")
    page.get_by_text("Gold: its frequencies").click()
    page.wait_for_url(f"**/gold?*variant={ALLELE}*")
    page.wait_for_selector(CHART)
    box = page.get_by_role("textbox", name="Search")
    for typed, url in (
        ("SIM_GBR_001", "**/sample?*sample=SIM_GBR_001*"),
        (ALLELE, f"**/variant?*variant={ALLELE}*"),
        ("22:16,000,000-16,100,000", "**/region?*region=22*"),
        ("nothing", "**/search?*q=nothing*"),
    ):
        settled(page)
        box.fill(typed)
        box.press("Enter")
        page.wait_for_url(url)
    page.reload()
    page.get_by_text("1 name not found.").wait_for()
    page.context.close()


def test_a_dragged_stretch_is_zoomed_into(chromium: playwright.Browser, address: str) -> None:
    page = opened(chromium, 1600, "light")
    page.goto(f"{address}/region")
    page.wait_for_selector(CHART)
    settled(page)
    plot = page.locator(".js-plotly-plot .nsewdrag").first.bounding_box()
    assert plot is not None
    x, y = plot["x"] + plot["width"] * 0.4, plot["y"] + plot["height"] * 0.5
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y, steps=4)
    page.mouse.move(x + 80, y, steps=4)
    page.mouse.up()
    page.wait_for_url("**/region?*region=22*")
    page.context.close()
