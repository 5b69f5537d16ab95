"""Back and Forward between pages that have a parameter of the URL in common; no network."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browser import CHART, ROOT, SLOW, chromium, follow, go, opened, playwright, serve, settled
from real_data import THOROUGH

from medallion import Lake

__all__ = ["chromium"]  # a fixture

pytestmark = pytest.mark.browser
playwright.expect.set_options(timeout=SLOW)

ALLELE = "22-16077687-A-G"
OTHER = "22-17518805-C-A"
SAMPLE = "SIM_GBR_001"
# Two pages with a control of the same name: what each is opened with, and the name.
PAIRS = {
    "variant": (f"gold?variant={ALLELE}", f"variant?variant={OTHER}&explore=Genotypes"),
    "the carriers' variant": (f"silver?silver=Genotypes&variant={ALLELE}", f"gold?variant={OTHER}"),
    "sample": (
        f"silver?silver=Genotypes&of=A+sample&sample={SAMPLE}",
        f"sample?sample={SAMPLE}&view_of_sample=Rare+alleles",
    ),
    "region": ("region?region=22:16,000,000-16,200,000", "cohort?region=22:16,100,000-16,150,000"),
    "the matrix's region": ("region?region=22:16,000,000-16,200,000", "ld?region=22:16,100,000"),
    "group of linkage": (
        f"variant?variant={ALLELE}&explore=Linkage&ld_group=EUR",
        "ld?region=22:16,050,000-16,100,000&ld_group=AFR",
    ),
    "level": (
        "gold?gold=Spectrum&level=Populations&which=GBR&which=YRI",
        "populations?populations_view=Side+by+side&level=Populations",
    ),
    "of": ("silver?silver=Genotypes&of=A+sample", "sql?of=gold.variants"),
}

# What stands on the page: its address, its sentences, and what is chosen in its controls;
# not its charts, which come when they come.
_SHOWN = """() => {
  const main = document.querySelector(".stMain");
  const of = (which, what) => [...main.querySelectorAll(which)].map(what);
  return [
    location.pathname + location.search,
    of("h1, h2, h3, [data-testid=stText], [data-testid=stCaptionContainer]", e => e.innerText),
    of("[data-testid=stSelectbox], [data-testid=stMultiSelect]", e => e.innerText),
    of("input, textarea", e => e.value),
    of("[role=radio]", e => e.getAttribute("aria-checked")),
  ];
}"""


@pytest.fixture(scope="module")
def address(demo_lake: Lake) -> Iterator[str]:
    with serve(ROOT, demo_lake.path) as url:
        yield url


def visit(page: playwright.Page, url: str) -> list[object]:
    """Go to another address as a link does that is clicked: with an entry of its own."""
    page.keyboard.press("Shift")  # without a press of the reader there is none
    follow(page, url)
    settled(page)
    return shown(page)


def shown(page: playwright.Page) -> list[object]:
    """What stands on the page once no more of it changes."""
    before: list[object] = []
    for _ in range(100):
        coming = page.locator("[data-testid=stSkeleton]").count()  # controls not loaded yet
        if (now := page.evaluate(_SHOWN)) == before and not coming:
            return now
        before = now
        page.wait_for_timeout(250)
    pytest.fail(f"{page.url} does not come to rest")


def in_time(page: playwright.Page, wanted: list[object]) -> list[object]:
    """What stands on the page: at rest, and for a while not yet what it is to be."""
    for _ in range(20):
        if (found := shown(page)) == wanted:
            break
        page.wait_for_timeout(500)  # a part of a busy machine's page was not there yet
    return found


@pytest.mark.parametrize("turned", [False, True], ids=["there", "the other way"])
def test_back_and_forward_keep_what_two_pages_have_in_common(
    chromium: playwright.Browser, address: str, turned: bool
) -> None:
    page = opened(chromium, 1600)
    page.goto(f"{address}/sql")
    settled(page)
    pairs = list(PAIRS.items())
    # Half of them each way, where the rest is not asked for.
    for name, pair in pairs if THOROUGH else pairs[turned::2]:
        left, reached = reversed(pair) if turned else pair
        first = visit(page, f"{address}/{left}")
        second = visit(page, f"{address}/{reached}")
        assert first != second, name
        go(page, -1)
        assert in_time(page, first) == first, name
        go(page, 1)
        assert in_time(page, second) == second, name
    page.context.close()


def test_back_after_a_link_and_a_search_and_then_a_reload(
    chromium: playwright.Browser, address: str
) -> None:
    """The way the readers go: links, the search box, presses in quick succession."""
    page = opened(chromium, 1600)
    page.goto(f"{address}/gold?variant={ALLELE}")
    page.wait_for_selector(CHART, state="attached")
    settled(page)
    box = page.get_by_role("textbox", name="Search")
    box.fill(OTHER)
    box.press("Enter")
    page.wait_for_url(f"**/variant?variant={OTHER}")
    settled(page)
    page.get_by_role("radio", name="Way back").click()
    page.wait_for_url("**/variant?*explore=Way+back*")
    page.get_by_text("Gold: its frequencies").click()
    page.wait_for_url(f"**/gold?variant={OTHER}")
    settled(page)
    name = page.get_by_role("textbox", name="Variant")
    page.evaluate("for (const _ of [1, 2, 3]) history.back()")
    page.wait_for_url(f"**/gold?variant={ALLELE}")
    playwright.expect(name).to_have_value(ALLELE)
    settled(page)
    go(page, 1)
    assert page.url.endswith(f"/variant?variant={OTHER}")
    playwright.expect(name).to_have_value(OTHER)
    page.reload()
    playwright.expect(name).to_have_value(OTHER)
    settled(page)
    go(page, -1)
    assert page.url.endswith(f"/gold?variant={ALLELE}")
    playwright.expect(name).to_have_value(ALLELE)
    page.context.close()


def test_a_pasted_list_of_linkage_stays_through_a_tick_a_view_a_reload_and_back(
    chromium: playwright.Browser, address: str, demo_lake: Lake
) -> None:
    rows = demo_lake.scan("gold.variants", build=False).filter(n_alts=2, alt_index=2).collect()
    row = rows.row(0, named=True)
    place, second = f"22:{row['pos']}", f"22-{row['pos']}-{row['ref']}-{row['alt']}"
    page = opened(chromium, 1600)
    page.goto(f"{address}/ld")
    page.wait_for_selector(CHART)
    settled(page)
    page.get_by_role("radio", name="My variants").click()
    box = page.get_by_role("textbox", name="Variants")
    box.fill(f"{ALLELE}, {OTHER} {place}")
    box.press("Control+Enter")
    page.get_by_text("2 alleles, each a column and a row").wait_for()
    page.get_by_text("1 name of the list with several alleles").wait_for()
    settled(page)
    before = shown(page)
    table = page.locator("[data-testid=stDataFrame] canvas").first
    table.click(position={"x": 17, "y": 35 * 2 + 17}, force=True)  # the box before the second row
    page.get_by_text("3 alleles, each a column and a row").wait_for()
    listed = f"{ALLELE}\n{OTHER}\n{second}"
    playwright.expect(box).to_have_value(listed)
    settled(page)
    ticked = shown(page)
    page.get_by_role("radio", name="Haplotypes").click()
    page.wait_for_url("**/ld?*ld=Haplotypes*")
    playwright.expect(box).to_have_value(listed)
    settled(page)
    go(page, -1)
    assert in_time(page, ticked) == ticked
    page.reload()
    settled(page)
    assert in_time(page, ticked) == ticked
    go(page, -1)
    assert in_time(page, before) == before
    page.context.close()


@pytest.mark.parametrize("name", ["Structure", "Gold"])
def test_a_link_clicked_right_from_a_box_is_followed_and_what_was_typed_is_kept(
    chromium: playwright.Browser, address: str, name: str
) -> None:
    page = opened(chromium, 1600)
    page.goto(f"{address}/variant?variant={ALLELE}")
    page.wait_for_selector(CHART, state="attached")
    settled(page)
    page.get_by_role("textbox", name="Variant").fill(OTHER)
    page.get_by_role("link", name=name, exact=True).click()
    page.wait_for_url(f"**/{name.lower()}*")
    page.get_by_role("heading", name=name, exact=True).wait_for()
    settled(page)
    shown(page)
    assert f"/{name.lower()}" in page.url  # and it stays there
    go(page, -1)
    assert page.url.endswith(f"/variant?variant={OTHER}")
    playwright.expect(page.get_by_role("textbox", name="Variant")).to_have_value(OTHER)
    page.context.close()
