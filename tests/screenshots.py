"""Take the README's pictures again: the demo in a browser.

    uv run python tests/screenshots.py [NAME ...]

Needs a Chromium or Chrome on the PATH. The pictures go to `.github/screenshots/`.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from medallion import Lake

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".github" / "screenshots"
WIDTH = 1400
CHART = ".js-plotly-plot .main-svg"
TABLE = "[data-testid=stDataFrame]:visible"
# An allele that differs much between the demo's super-populations.
ALLELE = "22-17518805-C-A"
# On a busy machine a page takes long, and is drawn in steps.
MOST_WAIT = 180_000  # milliseconds
LOOKS = 60

# Picture → the page's address, how high a window, and what is there once it is drawn.
PICTURES: dict[str, tuple[str, int, str]] = {
    "overview": ("", 1300, CHART),
    "silver": ("silver?silver=Quarantine", 1300, TABLE),
    "variant": (f"variant?variant={ALLELE}", 1060, CHART),
    "map": (f"variant?variant={ALLELE}&explore=Map", 1100, CHART),
    "region": ("region?region=22:16,000,000-20,000,000", 1200, CHART),
    "structure": ("structure", 1085, CHART),
}


def take(names: list[str]) -> None:
    """Draw each picture that is named, in a light window of its own, and save it."""
    from browser import FLAGS, find_browser, serve
    from PIL import Image
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        lake = Lake(Path(folder) / "demo", dataset="demo")
        lake.build()
        browser = driver.chromium.launch(executable_path=find_browser(), args=FLAGS)
        with serve(ROOT, lake.path) as address:
            for name in names:
                path, height, drawn = PICTURES[name]
                page = browser.new_page(
                    viewport={"width": WIDTH, "height": height}, color_scheme="light"
                )
                page.set_default_timeout(MOST_WAIT)
                page.goto(f"{address}/{path}")
                page.locator(drawn).first.wait_for()
                page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
                target = FOLDER / f"{name}.webp"
                Image.open(io.BytesIO(settled(page))).save(target, quality=80, method=6)
                print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")
                page.close()
        browser.close()


def settled(page: Page) -> bytes:
    """The picture of a page once two looks at it, 1.5 s apart, are the same."""
    before = b""
    for _ in range(LOOKS):
        page.wait_for_timeout(1500)
        now = page.screenshot()
        if now == before:
            return now
        before = now
    raise SystemExit(f"{page.url} goes on changing: no picture of it was taken.")


if __name__ == "__main__":
    take(sys.argv[1:] or list(PICTURES))
