"""The Explore pages in a real browser: drawn, accessible, narrow, linked; the network is off."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from browser import (
    CHART,
    ROOT,
    TABLE,
    chromium,
    follow,
    opened,
    playwright,
    serve,
    settled,
    sticks_out,
)
from real_data import thorough

from medallion import Lake

axe = pytest.importorskip("axe_playwright_python.sync_playwright")

__all__ = ["chromium"]  # a fixture

pytestmark = pytest.mark.browser

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
    "populations?populations_view=Side+by+side&level=Populations": CHART,
    "populations?populations_view=Two+against+each+other": CHART,
    "structure": CHART,
    "structure?structure=FST": CHART,
    "ld": CHART,
    f"ld?ld=My+variants&ld_variants={ALLELE},+22-17518805-C-A,+nothing": CHART,
    "ld?ld=Decay": CHART,
    "cohort?cohort_super=AFR": CHART,
    "sql?sql=select+population,+af+from+gold.frequencies+limit+50": TABLE,
    "checks": TABLE,
    "history": TABLE,
    "bronze?bronze=Records": TABLE,
}
# Each table that is wider than its box says so, and no other does.
TABLES_SAY_SO = """() => [...document.querySelectorAll(".dvn-scroller")].every(box => {
  const said = getComputedStyle(box.closest("[data-testid=stDataFrame]"), "::before").content;
  return said.includes("sideways") === box.scrollWidth > box.clientWidth + 1;
})"""
# What is chosen in controls that take several, and not seen.
HIDDEN = """() => [...document.querySelectorAll("[data-testid=stMultiSelectTagsContainer]")]
  .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.innerText)"""
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
NARROW = {"structure", "ld", "cohort?cohort_super=AFR", "checks"}  # looked at on a phone too
MOST_BYTES = 5_000_000  # that a page sends to the browser, Streamlit's own files aside
# Streamlit's own: its menu is a list of buttons and lists.
THEIRS = {"list", "listitem"}


@pytest.fixture(scope="module")
def address(demo_lake: Lake) -> Iterator[str]:
    with serve(ROOT, demo_lake.path) as url:
        yield url


def offences(page: playwright.Page, **only: object) -> list[tuple[str, list[str]]]:
    """What axe-core finds against the rules of `only`, but in Streamlit's own menu."""
    # All that is well would be described too, which takes six times as long.
    found = axe.Axe().run(page, options={**only, "resultTypes": ["violations"]})
    return [
        (each["id"], [node["html"][:120] for node in each["nodes"]])
        for each in found.response["violations"]
        if each["id"] not in THEIRS
    ]


def received(page: playwright.Page) -> list[int]:
    """The bytes of each message that the app sends to `page` from now on."""
    sizes: list[int] = []

    def listen(socket: playwright.WebSocket) -> None:
        socket.on("framereceived", lambda frame: sizes.append(len(frame)))

    page.on("websocket", listen)
    return sizes


def turn(page: playwright.Page, scheme: str) -> None:
    """Make the page light or dark as the system does, and wait for its charts to be drawn so."""
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function(
        """scheme => {
          const app = getComputedStyle(document.querySelector("[data-testid=stApp]"));
          const behind = plot => getComputedStyle(plot.querySelector(".main-svg")).backgroundColor;
          return app.colorScheme === scheme
            && [...document.querySelectorAll(".js-plotly-plot:has(.main-svg)")]
              .every(plot => behind(plot) === app.backgroundColor);
        }""",
        arg=scheme,
    )
    settled(page)


def test_every_view_is_drawn_and_accessible_light_and_dark_and_sends_little(
    chromium: playwright.Browser, address: str
) -> None:
    page = opened(chromium, 1600)
    sizes = received(page)
    page.goto(f"{address}/sql")
    settled(page)
    scheme = "light"
    for path, wanted in VIEWS.items():
        sizes.clear()
        follow(page, f"{address}/{path}")
        page.locator(wanted).first.wait_for()
        settled(page)
        # The smallest of them sends more than its menu.
        assert 1000 < sum(sizes) < MOST_BYTES, (path, sum(sizes))
        assert not (found := offences(page, runOnly=RULES)), (path, scheme, found)
        # The next view begins as this one ends: a change of the look is a run of the page.
        scheme = "dark" if scheme == "light" else "light"
        turn(page, scheme)
        assert not (found := offences(page, runOnly=["color-contrast"])), (path, scheme, found)
        if path in NARROW:
            page.set_viewport_size({"width": 400, "height": 1200})
            settled(page)
            assert not (found := offences(page, runOnly=RULES)), (path, scheme, 400, found)
            page.set_viewport_size({"width": 1600, "height": 1200})
    assert page.outside == []
    page.context.close()


@thorough
def test_a_phone_in_the_dark_shows_all_without_scrolling_sideways(
    chromium: playwright.Browser, address: str
) -> None:
    page = opened(chromium, 400, "dark")
    page.goto(f"{address}/sql")
    settled(page)
    for path, wanted in VIEWS.items():
        follow(page, f"{address}/{path}")
        page.locator(wanted).first.wait_for(state="attached")
        settled(page)
        assert sticks_out(page) <= 0, path
        for chart in page.locator(".js-plotly-plot").all():
            box = chart.bounding_box()
            assert box is None or box["width"] <= 400 or moves_in_a_box(chart), path
        page.wait_for_function(TABLES_SAY_SO)
        assert page.evaluate(HIDDEN) == [], path
    page.context.close()


def moves_in_a_box(chart: playwright.Locator) -> bool:
    """Whether a chart wider than the phone is moved sideways in a box of the page that says so."""
    return bool(
        chart.evaluate(
            "e => { const box = e.closest('[class*=st-key-wide-]');"
            "  return box && getComputedStyle(box).overflowX === 'auto'"
            "    && box.getBoundingClientRect().width <= 400"
            "    && getComputedStyle(box, '::before').content.includes('sideways') }"
        )
    )


def test_links_and_the_search_box_keep_what_they_name(
    chromium: playwright.Browser, address: str
) -> None:
    page = opened(chromium, 1600)
    page.goto(f"{address}/variant?variant={ALLELE}&explore=Way+back")
    page.get_by_text("Gold: its frequencies").click()
    page.wait_for_url(f"**/gold?*variant={ALLELE}*")
    page.wait_for_selector(CHART)
    box = page.get_by_role("textbox", name="Search")
    for typed, url, shown in (
        ("SIM_GBR_001", "**/sample?*sample=SIM_GBR_001*", "GBR (British in England"),
        (ALLELE, f"**/variant?*variant={ALLELE}*", "22:16,077,687 A → G"),
        ("22:16,000,000-16,100,000", "**/region?*region=22*", "22:16,000,000-16,100,000"),
        ("nothing", "**/search?*q=nothing*", "1 name not found."),
    ):
        settled(page)
        box.fill(typed)
        box.press("Enter")
        page.wait_for_url(url)
        page.get_by_text(shown).first.wait_for()
    page.reload()
    page.get_by_text("1 name not found.").wait_for()
    page.context.close()


def test_the_way_back_is_a_click_each_and_a_carrier_leads_to_its_sample(
    chromium: playwright.Browser, address: str, demo_lake: Lake
) -> None:
    row = demo_lake.variant(ALLELE).row(0, named=True)
    page = opened(chromium, 1600)
    for click, url, shown in (
        ("Silver: who carries it", f"**/silver?*variant={ALLELE}*", "Genotypes"),
        (
            "Bronze: the record and what became of it",
            f"**/bronze?*record={row['record']}*",
            f"What became of record {row['record']:,}",
        ),
    ):
        page.goto(f"{address}/variant?variant={ALLELE}&explore=Way+back")
        page.get_by_text(click).click()
        page.wait_for_url(url)
        page.get_by_text(shown).first.wait_for()
    page.goto(f"{address}/variant?variant={ALLELE}&explore=Carriers")
    table = page.locator(TABLE).first
    table.scroll_into_view_if_needed()
    settled(page)
    table.click(position={"x": 17, "y": 52}, force=True)  # the box before the first row
    page.wait_for_url("**/sample?*sample=SIM_*")
    page.get_by_text("records with genotypes").wait_for()
    page.context.close()


@thorough
def test_a_dragged_stretch_is_zoomed_into(chromium: playwright.Browser, address: str) -> None:
    page = opened(chromium, 1600)
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


def test_back_undoes_one_choice_at_a_time(chromium: playwright.Browser, address: str) -> None:
    page = opened(chromium, 1600)
    chosen: list[tuple[str, str]] = []

    def shows(title: str) -> None:
        page.wait_for_function(
            "title => [...document.querySelectorAll('.gtitle, .gtitle-subtitle')]"
            "  .some(each => each.textContent.includes(title))",
            arg=title,
        )

    def at(url: str, title: str) -> None:
        page.wait_for_url(url)
        shows(title)
        settled(page)
        chosen.append((page.url, title))

    page.goto(f"{address}/variant?variant={ALLELE}")
    at("**/variant?*", "95 % interval")
    page.get_by_role("radio", name="Map").click()  # a widget of the page
    at("**/variant?*explore=Map*", "sampling place")
    box = page.get_by_role("textbox", name="Search")
    box.fill("22:16,100,000-16,200,000")
    box.press("Enter")  # a page opened with its choices
    at("**/region?*region=22*", "22:16,100,000-16,200,000")
    page.get_by_role("button", name="Zoom in").click()  # a widget set by the server
    at("**/region?*region=22*16%2C137%2C*", "22:16,137,")
    page.get_by_role("link", name="Structure", exact=True).click()  # the menu
    at("**/structure", "PC1 and PC2")
    assert len({url for url, _ in chosen}) == 5
    for url, title in reversed(chosen[:-1]):
        page.go_back()
        page.wait_for_url(url)
        shows(title)
    page.go_forward()
    page.wait_for_url(chosen[1][0])
    page.context.close()


def test_a_dot_is_picked_in_the_chart_and_a_row_in_the_table(
    chromium: playwright.Browser, address: str
) -> None:
    page = opened(chromium, 1600)
    page.goto(f"{address}/region?region=22:16,050,000-16,150,000")
    page.wait_for_selector(CHART)
    settled(page)
    page.locator(".subplot.x5y5 .scatterlayer .point").nth(9).click(force=True)
    page.wait_for_url("**/region?*picked=22-*")
    page.get_by_text("Picked: 22-").wait_for()
    settled(page)
    first = page.url
    table = page.locator(TABLE).first
    table.scroll_into_view_if_needed()
    table.click(position={"x": 20, "y": 35 * 4 + 17})
    page.wait_for_function("before => location.href !== before", arg=first)
    assert "picked=22-" in page.url
    page.context.close()


def test_a_question_that_runs_is_cancelled_and_frees_the_engine(
    chromium: playwright.Browser, address: str
) -> None:
    """As many questions as run at once are cancelled; one more is answered."""
    page = opened(chromium, 1600)
    for n in (1, 2):
        page.goto(f"{address}/sql?sql=select+count(*),{n}+from+range(100000000000000)")
        page.get_by_text("A question may take 20 seconds at the most.").wait_for()
        begun = time.monotonic()
        page.get_by_text("Asking …").wait_for()
        page.get_by_role("button", name="Cancel").click()
        page.get_by_text("The question was cancelled.").wait_for()
        assert time.monotonic() - begun < 20, "it was cancelled, not stopped by its bound"
        settled(page)
        assert page.get_by_role("button", name="Cancel").count() == 0
    editor = page.get_by_role("textbox", name="SELECT …")
    editor.fill("select 6 * 7 as answer")
    editor.press("Control+Enter")
    page.get_by_role("button", name="Run").click()
    page.get_by_role("heading", name="Result").wait_for()
    page.get_by_text("1 row.").wait_for()
    page.context.close()


def test_the_url_of_a_long_list_can_be_opened(chromium: playwright.Browser, address: str) -> None:
    page = opened(chromium, 1600)
    page.goto(f"{address}/search")
    settled(page)
    box = page.get_by_role("textbox", name="What are you looking for?")
    box.fill(" ".join(f"rs{i}" for i in range(2000)))
    box.press("Control+Enter")
    page.get_by_text("2,000 names read").wait_for()
    page.get_by_text("Not in the link: too long").wait_for()
    settled(page)
    assert len(page.url) < 4000
    answer = page.goto(page.url)
    assert answer is not None
    assert answer.status == 200
    page.get_by_text("You can search for:").wait_for()
    page.context.close()


@thorough
def test_a_point_in_three_dimensions_names_its_sample(
    chromium: playwright.Browser, address: str
) -> None:
    """The event is sent by hand: where a point lies in the picture is WebGL's to know."""
    page = opened(chromium, 1600)
    page.goto(f"{address}/structure?dimensions=3-D")
    page.locator(".js-plotly-plot canvas").first.wait_for()
    settled(page)
    page.wait_for_function(
        "() => document.querySelector('.js-plotly-plot')._ev.listenerCount('plotly_click')"
    )
    page.evaluate(
        "document.querySelector('.js-plotly-plot').emit('plotly_click',"
        " {points: [{customdata: ['', 'SIM_GBR_001']}]})"
    )
    page.wait_for_url("**/structure?*marked=SIM_GBR_001*")
    page.get_by_text("Open the sample").wait_for()
    page.context.close()
