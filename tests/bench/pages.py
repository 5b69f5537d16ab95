"""How quick the dashboard is, in a real browser: page switches, look-ups, zooms.

    uv run python tests/bench/pages.py LAKE [--times 20] [--sessions 10]

Starts the app on a built lake, opens each case in Chromium, and prints medians:

shown    seconds from the click (or the link) to the first chart or table of the new state,
         and the longest of them
server   seconds that the server ran the page for it, all runs together, to their very end
cpu      seconds that its cores worked meanwhile, and the number of runs
sent     bytes that it sent for it beside Streamlit's own files

Then as many sessions at once, each in a window of its own, in two ways:

at the same instant     all look a variant up at once, again and again: the worst case, for
                        each waits for the others
with time to think      readers, each of whom goes on to another variant, region or page at
                        moments of their own, 2 to 8 s after the last was drawn; beside one
                        such reader alone, and beside one whose fellows have no browser here:
                        what each of ten sees whose browser runs on a machine of its own

Their browsers work on the same cores as the server, and draw without a graphics card: what
is `shown` then is theirs for the most part. `server` is the median of the single runs, and
`cpu` what all runs worked meanwhile. So both once more without browsers, by sessions that
ask over the socket alone: `shown` is when the first chart came. Not a test: a time is never
asserted.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

import bare_session
import polars as pl
from playwright.async_api import async_playwright
from playwright.sync_api import Browser, Page, sync_playwright

from medallion import Lake

ROOT = Path(__file__).resolve().parents[2]
CHART = ".js-plotly-plot .main-svg"
TITLE = (
    "text => [...document.querySelectorAll('.js-plotly-plot .gtitle, h1')]"
    ".some(e => e.textContent.includes(text))"
)
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu"]


@dataclass(frozen=True)
class Result:
    """What one case took; times in seconds."""

    shown: float
    server: float
    cpu: float
    runs: int
    sent: int


class Server:
    """The app on a lake, and what it told of its runs."""

    def __init__(self, lake: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"http://localhost:{port}"
        self.runs: list[dict[str, float]] = []
        self._process = subprocess.Popen(
            [sys.executable, "-P", ROOT / "tests" / "bench" / "timed_app.py", str(port), str(lake)],
            cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in self._process.stdout or ():
            with contextlib.suppress(ValueError):  # what Streamlit says itself
                self.runs.append(json.loads(line))

    def __enter__(self) -> Self:
        for _ in range(150):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=1).close()
                break
            time.sleep(0.2)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


class Tab:
    """One browser tab that counts what the server sends over its socket."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.server = server
        self.bytes = 0
        context = browser.new_context(viewport={"width": 1600, "height": 1200})
        self.page: Page = context.new_page()
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, frame: str | bytes) -> None:
        self.bytes += len(frame)

    def open(self, path: str, wanted: str = CHART) -> None:
        """Open a link and wait for what it shows."""
        self.page.goto(f"{self.server.address}/{path}")
        self.page.wait_for_selector(wanted, timeout=120_000)
        self.settle()

    def settle(self) -> None:
        """Wait until the script has ended."""
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        self.page.wait_for_timeout(200)  # one more run may follow, and the server tells of it

    def timed(self, act: Callable[[], Any], changed: str) -> Result:
        """Act, and wait until the page's first chart says `changed`, then until all is still."""
        sent, ran, begun = self.bytes, len(self.server.runs), time.perf_counter()
        act()
        self.page.wait_for_function(TITLE, arg=changed, timeout=120_000)
        shown = time.perf_counter() - begun
        self.settle()
        runs = self.server.runs[ran:]
        wall, cpu = (sum(run[name] for run in runs) for name in ("wall", "cpu"))
        return Result(shown, wall, cpu, len(runs), self.bytes - sent)


def some_variants(lake: Path, count: int) -> list[dict[str, Any]]:
    """Common SNVs spread over the lake."""
    rows = Lake(lake).scan("gold.variants", build=False)
    common = rows.filter(pl.col("variant_type") == "snv", pl.col("af").is_between(0.05, 0.95))
    frame = common.select("chrom", "pos", "ref", "alt").collect()
    return frame.gather_every(max(1, frame.height // count)).head(count).to_dicts()


def name_of(row: dict[str, Any]) -> str:
    """Return 22-16050075-A-G."""
    return f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"


def measure(tab: Tab, variants: list[dict[str, Any]]) -> dict[str, list[Result]]:
    """Time each case, once for each variant."""
    found: dict[str, list[Result]] = {}

    def note(case: str, result: Result) -> None:
        found.setdefault(case, []).append(result)

    page = tab.page
    tab.open(f"variant?variant={name_of(variants[0])}")
    for row in variants:
        box = page.get_by_label("Variant", exact=True).last

        def look_up(box: Any = box, row: dict[str, Any] = row) -> None:
            box.fill(name_of(row))
            box.press("Enter")

        note("variant looked up and drawn", tab.timed(look_up, f"{row['pos']:,}"))
    tab.open("region")
    for row in variants:
        box = page.get_by_role("textbox", name="Region")
        start = max(1, row["pos"] - 100_000)

        def zoom(box: Any = box, row: dict[str, Any] = row, start: int = start) -> None:
            box.fill(f"{row['chrom']}:{start}-{start + 200_000}")
            box.press("Enter")

        note("region of 200 kb", tab.timed(zoom, f"{start:,}-{start + 200_000:,}"))
    for row in variants:
        link = f"{tab.server.address}/variant?variant={name_of(row)}&explore=Linkage"
        link += "&ld_within=250+kb"
        tab.page.goto("about:blank")
        note(
            "linkage within 250 kb (a link opened)",
            tab.timed(lambda link=link: tab.page.goto(link), "Linkage with"),
        )
    tab.open("cohort?cohort_super=AFR&cohort_sex=female")
    for row in variants:
        box = page.get_by_role("textbox", name="Region")
        start = max(1, row["pos"] - 50_000)

        def count(box: Any = box, row: dict[str, Any] = row, start: int = start) -> None:
            box.fill(f"{row['chrom']}:{start}-{start + 100_000}")
            box.press("Enter")
            page.wait_for_selector("[data-test-script-state=running]", timeout=30_000)
            tab.settle()

        note("cohort over 100 kb", tab.timed(count, "Cohort"))
    for _ in variants:
        for label, title in (("Gold", "→"), ("Structure", "PC1")):

            def switch(label: str = label) -> None:
                page.get_by_role("link", name=label, exact=True).click()

            note(f"switch to {label}, first chart", tab.timed(switch, title))
    return found


class Reader:
    """A session in a window of its own, whose look-ups are timed."""

    def __init__(self, page: Any, address: str) -> None:
        self.page = page
        self.address = address

    async def open(self, row: dict[str, Any]) -> None:
        """Open a variant's page, and let it come to rest."""
        self.page.set_default_timeout(120_000)
        await self.page.goto(f"{self.address}/variant?variant={name_of(row)}")
        await self.page.wait_for_selector(CHART)

    async def type(self, label: str, text: str, changed: str) -> float:
        """Type into a box, and return the seconds until a chart says `changed`."""
        box = self.page.get_by_label(label, exact=True).last
        begun = time.perf_counter()
        await box.fill(text)
        await box.press("Enter")
        await self.page.wait_for_function(TITLE, arg=changed)
        return time.perf_counter() - begun

    async def go(self, label: str, changed: str) -> float:
        """Follow a link of the menu, and return the seconds until a chart says `changed`."""
        begun = time.perf_counter()
        await self.page.get_by_role("link", name=label, exact=True).click()
        await self.page.wait_for_function(TITLE, arg=changed)
        return time.perf_counter() - begun

    async def go_on(self, row: dict[str, Any], chance: random.Random) -> float:
        """Go on to a variant or a region, as often as not, or to another page."""
        start = max(1, row["pos"] - 100_000)
        region = f"{start:,}-{start + 200_000:,}"
        match chance.choice(("variant", "variant", "region", "page")):
            case "variant":
                return await self.type("Search", name_of(row), f"{row['pos']:,}")
            case "region":
                return await self.type("Search", f"{row['chrom']}:{region}", region)
            case _:
                label, title = chance.choice((("Structure", "PC1"), ("Populations", "samples")))
                return await self.go(label, title)


async def at_once(readers: list[Reader], variants: list[dict[str, Any]]) -> list[float]:
    """Times of look-ups that all begin at the same instant, round after round."""
    times = []
    for step in range(len(variants)):
        await asyncio.sleep(2)
        times += await asyncio.gather(
            *(
                reader.type("Variant", name_of(row), f"{row['pos']:,}")
                for number, reader in enumerate(readers)
                for row in (variants[(number + step + 1) % len(variants)],)
            )
        )
    return times


async def thinking(readers: list[Reader], variants: list[dict[str, Any]]) -> list[float]:
    """Times of readers who go on at moments of their own; the same ones in each measurement."""

    async def one(number: int, reader: Reader) -> list[float]:
        chance, times = random.Random(number), []
        for _ in variants:
            await asyncio.sleep(chance.uniform(2, 8))
            times.append(await reader.go_on(chance.choice(variants), chance))
        return times

    read = await asyncio.gather(*(one(number, reader) for number, reader in enumerate(readers)))
    return [time for times in read for time in times]


async def crowd(
    server: Server,
    variants: list[dict[str, Any]],
    sessions: int,
    act: Callable[[list[Reader], list[dict[str, Any]]], Awaitable[list[float]]],
) -> tuple[list[float], list[dict[str, float]]]:
    """Times of `act` by so many sessions, from when all are open, and the server's runs."""
    async with async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        readers = []
        for number in range(sessions):
            context = await browser.new_context(viewport={"width": 1200, "height": 900})
            readers.append(Reader(await context.new_page(), server.address))
            await readers[-1].open(variants[number % len(variants)])
        ran = len(server.runs)
        times = await act(readers, variants)
        runs = server.runs[ran:]
        await browser.close()
    return times, runs


async def among(
    server: Server, variants: list[dict[str, Any]], others: int
) -> tuple[list[float], list[dict[str, float]]]:
    """Times of one reader, while so many others without a browser read and think too."""
    links = partial(any_link, variants)
    endless = bare_session.crowd(server.address, others, 1 << 30, links, think=True)
    reading = asyncio.create_task(endless)
    try:
        measured = await crowd(server, variants, 1, thinking)
        if reading.done():
            reading.result()  # raises what ended them
        return measured
    finally:
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading


def any_link(variants: list[dict[str, Any]], chance: random.Random) -> bare_session.Link:
    """Return a variant, a region or another page, as often as `Reader.go_on` goes to them."""
    row = chance.choice(variants)
    start = max(1, row["pos"] - 100_000)
    region = f"{row['chrom']}:{start}-{start + 200_000}"
    match chance.choice(("variant", "variant", "region", "page")):
        case "variant":
            return "variant", f"variant={name_of(row)}"
        case "region":
            return "region", f"region={region}"
        case _:
            return chance.choice(("structure", "populations")), ""


def find_browser() -> str:
    """Return the path of a Chromium or Chrome."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("No Chromium or Chrome on the PATH.")


def main() -> None:
    """Read the arguments, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--sessions", type=int, default=10)
    asked = parser.parse_args()
    variants = some_variants(asked.lake, asked.times)
    with Server(asked.lake) as server:
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
            found = measure(Tab(browser, server), variants)
            browser.close()
        print(f"{'case':42}{'shown':>8}{'longest':>9}{'server':>8}{'cpu':>7}{'runs':>6}{'kB':>7}")
        for case, results in found.items():
            shown, server_s, cpu, runs, sent = (
                statistics.median(getattr(result, name) for result in results)
                for name in ("shown", "server", "cpu", "runs", "sent")
            )
            longest = max(result.shown for result in results)
            print(f"{case:42}{shown:8.2f}{longest:9.2f}{server_s:8.2f}{cpu:7.2f}{runs:6.0f}"
                  f"{sent / 1000:7,.0f}")  # fmt: skip
        for count, act, words in (
            (asked.sessions, at_once, "variant, {} sessions at the same instant"),
            (min(asked.sessions, 1), thinking, "anything, {} reader with time to think"),
            (asked.sessions, thinking, "anything, {} readers with time to think"),
            (max(asked.sessions - 1, 0), None, "anything, a reader among {} without browsers"),
        ):
            if count:
                reading = (
                    crowd(server, variants, count, act) if act else among(server, variants, count)
                )
                times, ran = asyncio.run(reading)
                server_s, cpu = (statistics.median(r[k] for r in ran) for k in ("wall", "cpu"))
                print(f"{words.format(count):42}{statistics.median(times):8.2f}{max(times):9.2f}"
                      f"{server_s:8.2f}{cpu:7.2f}{len(ran):6}", flush=True)  # fmt: skip
        for count, think, words in (
            (min(asked.sessions, 1), False, "{} session without a browser"),
            (asked.sessions, False, "{} without browsers, at the same instant"),
            (asked.sessions, True, "{} without browsers, with time to think"),
        ):
            if count:
                links = partial(any_link, variants)
                act = bare_session.crowd(server.address, count, asked.times, links, think=think)
                times = asyncio.run(act)
                print(f"{words.format(count):42}{statistics.median(times):8.2f}{max(times):9.2f}")


if __name__ == "__main__":
    main()
