"""Take the README's pictures again: the demo in a browser.

    uv run python tests/screenshots.py [NAME ...]

Needs a Chromium or Chrome on the PATH. The pictures go to `.github/screenshots/`.
"""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from medallion import Lake

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".github" / "screenshots"
WIDTH = 1400
CHART = ".js-plotly-plot .main-svg"
TABLE = "[data-testid=stDataFrame]:visible"
# An allele that differs much between the demo's super-populations.
ALLELE = "22-17518805-C-A"

# Picture → the page's address, how high a window, and what is there once it is drawn.
PICTURES: dict[str, tuple[str, int, str]] = {
    "overview": ("", 1280, CHART),
    "silver": ("silver?silver=Quarantine", 900, TABLE),
    "variant": (f"variant?variant={ALLELE}", 1100, CHART),
    "map": (f"variant?variant={ALLELE}&explore=Map", 1060, CHART),
    "region": ("region?region=22:16,000,000-20,000,000", 1180, CHART),
    "structure": ("structure", 1120, CHART),
}


def take(names: list[str]) -> None:
    """Draw each picture that is named, in a light window of its own, and save it."""
    from PIL import Image
    from playwright.sync_api import sync_playwright
    from test_browser import FLAGS, find_browser, serve

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
                page.goto(f"{address}/{path}")
                page.locator(drawn).first.wait_for()
                page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
                page.wait_for_timeout(1500)  # charts that move into place
                target = FOLDER / f"{name}.webp"
                Image.open(io.BytesIO(page.screenshot())).save(target, quality=80, method=6)
                print(f"{target.relative_to(ROOT)}: {target.stat().st_size:,} bytes")
                page.close()
        browser.close()


if __name__ == "__main__":
    take(sys.argv[1:] or list(PICTURES))
