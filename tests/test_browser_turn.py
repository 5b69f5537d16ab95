"""The page turns dark or light while work runs: nothing is lost by it, nor asked again."""

from __future__ import annotations

import re
import time
import urllib.parse
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from browser import ROOT, chromium, fresh_clone, opened, playwright, serve, settled

from medallion import Lake

__all__ = ["chromium"]  # a fixture

pytestmark = pytest.mark.browser

CHARTED = "select a % 7 as rest, count(*) as n from range({}) t(a) group by 1 order by 1"
# It tells when it was begun, in the one place where a page shows a result as text.
ASKED_AT = f"select case when sum(n) >= 0 then error('begun ' || epoch(now())) end from ({CHARTED})"


@pytest.fixture(scope="module")
def address(demo_lake: Lake) -> Iterator[str]:
    with serve(ROOT, demo_lake.path) as url:
        yield url


@pytest.fixture(scope="module")
def rows(demo_lake: Lake) -> int:
    """Rows that take DuckDB about six seconds to count."""
    some = 1 << 26
    demo_lake.query("select 1", seconds=60)
    begun = time.monotonic()
    demo_lake.query(CHARTED.format(some), seconds=60)
    return int(some * min(6 / (time.monotonic() - begun), 60))


def asked(page: playwright.Page, address: str, sql: str) -> None:
    """Ask, and wait until it is asked, by a process that answers at once."""
    page.goto(f"{address}/sql?sql=select+1+as+n")
    page.get_by_text("1 row.", exact=True).wait_for()
    page.goto(f"{address}/sql?{urllib.parse.urlencode({'sql': sql})}")
    page.get_by_role("button", name="Cancel").wait_for()
    page.wait_for_timeout(1000)


def turned(page: playwright.Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_function(
        "scheme => getComputedStyle(document.querySelector('[data-testid=stApp]'))"
        ".colorScheme === scheme",
        arg=scheme,
    )


def drawn_as_the_page_looks(page: playwright.Page) -> None:
    page.wait_for_function(
        """() => {
          const plot = document.querySelector(".js-plotly-plot .main-svg");
          const app = getComputedStyle(document.querySelector("[data-testid=stApp]"));
          return getComputedStyle(plot).backgroundColor === app.backgroundColor;
        }"""
    )


def turned_meanwhile(
    page: playwright.Page, address: str, sql: str, rows: int, schemes: Sequence[str]
) -> float:
    """Turn the page while the question is at work; when it was turned first.

    A question that ends before, on a machine that has less to do now, is made longer.
    """
    for times in (1, 2, 3):
        page.emulate_media(color_scheme="light", reduced_motion="reduce")
        asked(page, address, sql.format(rows * times))
        before = time.time()
        for scheme in schemes:
            turned(page, scheme)
            page.wait_for_timeout(500)
        if page.get_by_role("button", name="Cancel").is_visible():
            return before
    pytest.fail("it has ended too soon")


def test_a_question_goes_on_while_the_page_turns(
    chromium: playwright.Browser, address: str, rows: int
) -> None:
    page = opened(chromium, 1600)
    before = turned_meanwhile(page, address, ASKED_AT, rows, ["dark", "light", "dark"])
    told = page.get_by_text(re.compile(r"begun \d+")).first.text_content()
    begun = re.search(r"begun ([\d.]+)", told or "")
    assert begun is not None
    assert float(begun[1]) < before
    page.context.close()


def test_its_chart_is_drawn_as_the_page_looks_then(
    chromium: playwright.Browser, address: str, rows: int
) -> None:
    page = opened(chromium, 1600)
    turned_meanwhile(page, address, CHARTED, rows, ["dark"])
    page.locator(".js-plotly-plot .main-svg").first.wait_for()
    drawn_as_the_page_looks(page)
    settled(page)
    page.context.close()


def test_a_build_goes_on_while_the_page_turns(chromium: playwright.Browser, tmp_path: Path) -> None:
    """A first start: it builds all three layers, each once, and shows its chart as it looks."""
    with serve(fresh_clone(tmp_path)) as url:
        page = opened(chromium, 1600)
        page.goto(url)
        page.get_by_role("button", name="Cancel").wait_for()
        turns = 0
        while page.locator(".js-plotly-plot .main-svg").count() == 0:
            turned(page, "light" if turns % 2 else "dark")
            turns += 1
            page.wait_for_timeout(300)
        assert turns > 2, "it was built too soon"
        turned(page, "dark")
        drawn_as_the_page_looks(page)
        settled(page)
        history = Lake(tmp_path / "data" / "demo").history()
        assert history["layer"].to_list() == ["bronze", "silver", "gold"]
        assert set(history["outcome"]) == {"done"}
        page.context.close()
