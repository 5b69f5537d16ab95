"""A real browser on the app: how it is found, started and led from page to page.

The network is off. Tests skip where no Chromium or Chrome is on the PATH;
MEDALLION_REQUIRE_TOOLS=1 makes that a failure.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

playwright = pytest.importorskip("playwright.sync_api")

ROOT = Path(__file__).resolve().parents[1]
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    # The network is off: every name but this machine's is unknown.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost",
]  # fmt: skip
SLOW = 180_000  # milliseconds; a build under way on a busy machine
CHART = ".js-plotly-plot .main-svg"
TABLE = "[data-testid=stDataFrame]:visible"
AT_REST = "[data-testid=stApp][data-test-script-state=notRunning]"

# Once the app is at rest, does `go`, and ends when the app has run once more.
_RUNS_AFTER = """async go => {
  const app = document.querySelector("[data-testid=stApp]");
  const until = right => new Promise(done => {
    const look = () => right(app.dataset.testScriptState) && (watch.disconnect(), done());
    const watch = new MutationObserver(look);
    watch.observe(app, {attributes: true, attributeFilter: ["data-test-script-state"]});
    look();
  });
  await until(state => state === "notRunning");
  go();
  await until(state => state !== "notRunning");
  await until(state => state === "notRunning");
}"""


def find_browser() -> str:
    for name in BROWSERS:
        if found := shutil.which(name):
            return found
    why = f"no browser on the PATH: looked for {', '.join(BROWSERS)}"
    if os.environ.get("MEDALLION_REQUIRE_TOOLS") == "1":
        pytest.fail(why)
    pytest.skip(why)


@contextlib.contextmanager
def serve(clone: Path, lake: Path | None = None) -> Iterator[str]:
    """Start the app as the README says, on a free port, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = ["uv", "run"] if shutil.which("uv") else [sys.executable, "-m"]
    environment = {
        **{name: value for name, value in os.environ.items() if name != "MEDALLION_LAKE"},
        "UV_NO_SYNC": "1",
        "UV_PROJECT": str(ROOT),
        "PYTHONPATH": str(ROOT),
    }
    folder = clone if lake is None else lake.parent
    chosen = [] if lake is None else ["--", "--lake", str(lake)]
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [*start, "streamlit", "run", "app.py", "--server.port", str(port),
             "--server.headless", "true", *chosen],
            cwd=clone, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    address = f"http://localhost:{port}"
    try:
        for _ in range(150):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/_stcore/health", timeout=1).close()
                break
            time.sleep(0.2)
        else:
            pytest.fail((folder / "server.log").read_text(encoding="utf-8"))
        yield address
    finally:
        server.terminate()
        server.wait(60)  # on a busy machine it takes more than a moment


def fresh_clone(path: Path) -> Path:
    """What a fresh clone has of the app, in the folder `path`: no data, nothing built."""
    shutil.copy(ROOT / "app.py", path)
    for folder in ("pages", ".streamlit"):
        shutil.copytree(ROOT / folder, path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    return path


def asked_elsewhere(context: playwright.BrowserContext) -> list[str]:
    """What the pages of `context` ask for that is not on this machine, as they ask for it.

    Requests are watched, not led through the test: then the browser would keep no file of
    the app from one page to the next.
    """
    asked: list[str] = []

    def note(request: playwright.Request) -> None:
        if not re.match(r"(https?|wss?)://localhost[:/]|data:|blob:", request.url):
            asked.append(request.url)

    context.on("request", note)
    return asked


@pytest.fixture(scope="module")
def chromium() -> Iterator[playwright.Browser]:
    """A browser for the tests of a module."""
    executable = find_browser()
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


def opened(browser: playwright.Browser, width: int, scheme: str = "light") -> playwright.Page:
    """A page in a window of its own; what it asks for elsewhere is in `page.outside`."""
    context = browser.new_context(
        viewport={"width": width, "height": 1200}, color_scheme=scheme, reduced_motion="reduce"
    )
    outside = asked_elsewhere(context)
    page = context.new_page()
    page.set_default_timeout(SLOW)
    page.outside = outside
    return page


def follow(page: playwright.Page, url: str) -> None:
    """Go to another address of the app that `page` shows, as Back does: not loaded anew."""
    _run_after(
        page,
        """url => () => {
          history.pushState({}, "", url);
          dispatchEvent(new PopStateEvent("popstate"));
        }""",
        url,
    )


def go(page: playwright.Page, steps: int) -> None:
    """Go so many entries of the history on, or back, as a browser's buttons do."""
    _run_after(page, "steps => () => history.go(steps)", steps)
    settled(page)


def _run_after(page: playwright.Page, step: str, argument: object) -> None:
    """Have the page do what `step` gives for `argument`, and wait until the app has run."""
    todo = f"given => ({_RUNS_AFTER})(({step})(given))"
    try:
        page.evaluate(todo, argument)
    except playwright.Error as error:  # a fresh server's first answer is to load the page again
        if "context was destroyed" not in str(error):
            raise
        page.wait_for_selector(AT_REST)
        page.evaluate(todo, argument)


def settled(page: playwright.Page) -> None:
    """Wait until the app has stopped running, and see that it has not failed."""
    page.wait_for_selector(AT_REST)
    assert page.locator("[data-testid=stException]").count() == 0, page.url


def sticks_out(page: playwright.Page) -> int:
    """By how many pixels the page is wider than its window."""
    return max(
        page.evaluate(
            "[document.documentElement, document.querySelector('.stMain')]"
            ".map(e => e.scrollWidth - e.clientWidth)"
        )
    )
