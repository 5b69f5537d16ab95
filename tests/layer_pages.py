"""The pages of the layers on lakes of any state, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from app_pages import ROOT, Open, sound
from streamlit.testing.v1 import AppTest

from medallion import Lake
from pages.shared import builds

PAGES = ["overview", "bronze", "silver", "gold"]
VIEWS = {
    "bronze": ["Files", "Header", "Records", "Samples"],
    "silver": ["Variants", "Genotypes", "Samples", "Quarantine"],
    "gold": ["Variant", "Spectrum", "Populations", "Tables"],
}
NASTY = "<script>alert(1)</script> **bold** [x](http://example.org) $a_b$"


@pytest.fixture(scope="session")
def demo(demo_lake: Lake) -> Path:
    """A built lake of the demo data set; tests only read it."""
    return demo_lake.path


def write_vcf(path: Path, samples: list[str], records: int = 3) -> Path:
    """A small VCF whose first sample alone carries every ALT allele."""
    head = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
            '##INFO=<ID=XX,Number=1,Type=String,Description="<b>odd</b> **words**">',
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
            "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT",
                       *samples])]  # fmt: skip
    calls = ["0|1", *["0|0"] * (len(samples) - 1)]
    body = [
        "\t".join(["7", str(100 + i), ".", "A", "G", ".", "PASS", ".", "GT", *calls])
        for i in range(records)
    ]
    path.write_text("\n".join([*head, *body, ""]), encoding="utf-8", newline="\n")
    return path


def write_panel(path: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    lines = ["sample\tpop\tsuper_pop\tgender", *("\t".join(row) for row in rows), ""]
    path.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    return path


def make_own(folder: Path) -> Lake:
    vcf = write_vcf(folder / "cohort.vcf", ["S1", "S2", "S3"])
    panel = write_panel(
        folder / "panel.txt", [("S1", NASTY, NASTY, "male"), ("S2", "GBR", "EUR", "female")]
    )
    lake = Lake(folder / "own", vcf=[vcf], samples=panel)
    lake.build("gold")
    return lake


@pytest.fixture
def own(tmp_path: Path, copy_of: Callable[..., Lake]) -> Path:
    """A built lake of one's own with two populations of odd names and a sample in none."""
    return copy_of("own", make_own, tmp_path).path


@pytest.fixture
def open_app(monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Open the app on a lake, at a page, with the given query parameters."""

    def opened(start: Path, page: str = "overview", **query: str) -> AppTest:
        monkeypatch.setenv("MEDALLION_LAKE", str(start))
        monkeypatch.setattr("sys.argv", ["app.py"])
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=90)
        if page != "overview":
            app.switch_page(f"pages/layers/{page}.py")
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    builds._BUILDS.clear()


def shown(app: AppTest) -> str:
    """All words on the page and in the sidebar."""
    kinds = ("title", "subheader", "header", "markdown", "caption", "text", "code", "button")
    parts = []
    for kind in kinds:
        for element in app.get(kind):
            parts.append(str(getattr(element, "value", None) or getattr(element, "label", "")))
    return "\n".join(parts)


def wait(app: AppTest, lake: Path, seconds: float = 60) -> AppTest:
    """Rerun until the lake's build has ended, as the page's timer does in a browser."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        build = builds._BUILDS.get(str(lake))
        if build is not None and not build.running:
            return sound(app.run())
        time.sleep(0.05)
    pytest.fail("the build did not end")


def press(app: AppTest, label: str) -> AppTest:
    next(button for button in app.button if button.label == label).click()
    return app.run()
