"""The pages in a real browser on what real data is like: no rsIDs, X, MT, GRCh38, odd names.

The slices are of real files, thinned to some hundred records and samples so that their
lakes build within seconds; the cohort with odd names is simulated. The pages are opened by
their links, on a phone's width; the network is off. The pages that
are not about populations are opened in one lake only. Downloads are held against
bcftools. Needs a browser and the real data; skips without.
"""

from __future__ import annotations

import csv
import subprocess
from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from browser import (
    CHART,
    SLOW,
    TABLE,
    chromium,
    follow,
    fresh_clone,
    opened,
    playwright,
    serve,
    settled,
    sticks_out,
)
from plain_vcf import text_lines
from real_data import SLICES, metadata, real, rest, thorough, tool
from two_populations import NASTY, NASTY_SAMPLE, write_cohort

from medallion import Lake

__all__ = ["chromium"]  # a fixture

pytestmark = pytest.mark.browser

RECORDS = 240
EXPLORE = {
    "region": CHART,
    "sample": CHART,
    "populations": CHART,
    "structure": CHART,
    "ld": CHART,
    "cohort": "text=Nobody is chosen yet.",
}
OTHERS = {
    "": CHART,
    "bronze": TABLE,
    "silver": TABLE,
    "gold": CHART,
    "structure?structure=FST": CHART,
    "checks": TABLE,
    "history": TABLE,
}
# Lake → what its pages show; the other pages in the lake with odd names alone, for time.
# Components want autosomes.
NO_COMPONENTS = {"structure": "text=No components."}
LAKES: dict[str, dict[str, str]] = {
    "unnamed": EXPLORE,
    "chrX": EXPLORE | NO_COMPONENTS,
    "chrMT": EXPLORE | NO_COMPONENTS,
    "chr1": EXPLORE,
    "odd": EXPLORE | OTHERS,
}


def thin(vcf: Path, target: Path, *, every: int, named: bool = True) -> Path:
    """Write every n-th sample of records spread over a VCF; without `named`, no IDs."""
    lines = text_lines(vcf)
    records = [line for line in lines if not line.startswith("#")]
    step = max(1, len(records) // RECORDS)
    kept = []
    for line in (line for line in lines if line.startswith("#")):
        cells = line.split("\t")
        kept.append("\t".join(cells[:9] + cells[9::every]))
    for line in records[::step][:RECORDS]:
        cells = line.split("\t")
        cells[7] = "."  # its counts are of all samples
        if not named:
            cells[2] = "."
        kept.append("\t".join(cells[:9] + cells[9::every]))
    target.write_text("\n".join(kept) + "\n", encoding="utf-8", newline="\n")
    return target


# Lake → the slice it is of, and every how manieth sample it has.
SLICED = {
    "unnamed": ("chr22", 12),
    "chrX": ("chrX", 6),
    "chrMT": ("chrMT", 12),
    "chr1": ("chr1", 16),
}


def made(folder: Path, name: str) -> Lake:
    """One of LAKES in the folder `data` of a clone, its source beside that."""
    if name == "odd":
        vcf, table = folder / "odd.vcf", folder / "odd.tsv"
        names = write_cohort(vcf, records=RECORDS)
        rows = [f"{name}\t{NASTY if i % 2 else '*the* [other](x)'}" for i, name in enumerate(names)]
        table.write_text("\n".join(["sample\tpop", *rows, ""]), encoding="utf-8", newline="\n")
    else:
        of, every = SLICED[name]
        table = real(SLICES[of].samples)
        vcf = folder / f"{name}.vcf"
        thin(real(SLICES[of].vcf), vcf, every=every, named=name != "unnamed")
    lake = Lake(folder / "data" / name, vcf=[vcf], samples=table)
    lake.build("gold")
    return lake


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone, below whose data folder lakes of each kind come to lie as they are wanted."""
    path = fresh_clone(tmp_path_factory.mktemp("clone"))
    (path / "data").mkdir()
    return path


@pytest.fixture(scope="module")
def lake_of(clone: Path) -> Callable[[str], Lake]:
    """A function from a name in LAKES to the lake."""
    return cache(partial(made, clone))


@pytest.fixture(scope="module")
def address(clone: Path) -> Iterator[str]:
    with serve(clone) as url:
        yield url


@pytest.fixture
def page(chromium: playwright.Browser) -> Iterator[playwright.Page]:
    """A phone's page that can reach this machine only; a script of a name's own fails it."""
    page = opened(chromium, 400)
    alerts: list[str] = []

    def note(dialog: playwright.Dialog) -> None:
        alerts.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    yield page
    page.context.close()
    assert (page.outside, alerts) == ([], [])


def link(lake: str, path: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}lake={lake}"


def sound(page: playwright.Page, wanted: str, where: str) -> None:
    """Wait for what the page is to show, and see that nothing failed or sticks out."""
    playwright.expect(page.locator(wanted).first, where).to_be_visible(timeout=SLOW)
    settled(page)
    assert "Traceback" not in page.locator(".stMain").inner_text(), where
    assert sticks_out(page) <= 0, where


@pytest.mark.parametrize("lake", ["unnamed", "odd", *rest("chrX", "chrMT", "chr1")])
def test_the_pages_of_every_kind_of_lake(
    page: playwright.Page, address: str, lake_of: Callable[[str], Lake], lake: str
) -> None:
    variants = lake_of(lake).scan("gold.variants", build=False)
    common = variants.sort((pl.col("af") - 0.5).abs(), "pos").head(1).collect().row(0, named=True)
    name = "-".join(str(common[key]) for key in ("chrom", "pos", "ref", "alt"))
    paths = dict(LAKES[lake])
    if lake == "odd":
        for view, wanted in (("Genotypes", CHART), ("Carriers", TABLE), ("Way back", TABLE)):
            paths[f"variant?variant={name}&explore={view}"] = wanted
    paths[f"variant?variant={name}"] = CHART
    page.goto(f"{address}/{link(lake, 'search')}")
    settled(page)
    for path, wanted in paths.items():
        follow(page, f"{address}/{link(lake, path)}")
        sound(page, wanted, f"{lake}: {path}")
        if path == "cohort":
            page.get_by_role("button", name="Begin with the first group").click()
            sound(page, CHART, f"{lake}: a first cohort")
    here = page.url
    page.reload()
    sound(page, CHART, f"{lake}: the last page once more")
    assert page.url == here


def test_an_rsid_in_a_lake_without_says_so(
    page: playwright.Page, address: str, lake_of: Callable[[str], Lake]
) -> None:
    lake_of("unnamed")
    page.goto(f"{address}/{link('unnamed', 'variant?variant=rs587697622')}")
    page.get_by_text("no variant of this lake has an identifier").wait_for()


def test_a_name_that_is_markup_is_shown_as_it_is(
    page: playwright.Page, address: str, lake_of: Callable[[str], Lake]
) -> None:
    lake_of("odd")
    page.goto(f"{address}/{link('odd', f'sample?sample={quote(NASTY_SAMPLE)}')}")
    sound(page, CHART, "sample")
    assert NASTY_SAMPLE in (page.locator(".gtitle").first.text_content() or "")
    page.goto(f"{address}/{link('odd', f'search?q={quote(NASTY_SAMPLE)}')}")
    sound(page, "text=1 name read", "search")
    page.get_by_text(NASTY_SAMPLE, exact=True).last.wait_for()


def saved(page: playwright.Page, button: playwright.Locator, path: Path) -> Path:
    with page.expect_download() as waiting:
        button.click()
    waiting.value.save_as(path)
    return path


def by_bcftools(vcf: Path, arguments: list[str]) -> dict[tuple[str, ...], tuple[int, int]]:
    """AC and AN of each ALT allele by bcftools, by chrom, pos, ref and alt."""
    filled = subprocess.run(
        [tool("bcftools"), "view", "-Ou", *arguments, str(vcf)], check=True, capture_output=True
    )
    tagged = subprocess.run(
        [tool("bcftools"), "+fill-tags", "-", "-Ou", "--", "-t", "AC,AN"],
        input=filled.stdout, check=True, capture_output=True,
    )  # fmt: skip
    rows = subprocess.run(
        [tool("bcftools"), "query", "-f", "%CHROM\\t%POS\\t%REF\\t%ALT\\t%AC\\t%AN\\n", "-"],
        input=tagged.stdout, check=True, capture_output=True,
    )  # fmt: skip
    found = {}
    for line in rows.stdout.decode("utf-8").splitlines():
        chrom, pos, ref, alts, acs, an = line.split("\t")
        for alt, ac in zip(alts.split(","), acs.split(","), strict=True):
            found[chrom, pos, ref, alt] = (int(ac), int(an))
    return found


def downloaded(path: Path, ac: str, an: str) -> dict[tuple[str, ...], tuple[int, int]]:
    with path.open(encoding="utf-8", newline="") as file:
        return {
            (row["chrom"], row["pos"], row["ref"], row["alt"]): (int(row[ac]), int(row[an]))
            for row in csv.DictReader(file)
        }


def test_a_region_s_download_is_what_bcftools_reads(
    page: playwright.Page, address: str, lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    vcf = Path(lake_of("unnamed").source.vcf[0])
    wanted = by_bcftools(vcf, ["-t", "22:16100000-16400000"])
    page.goto(f"{address}/{link('unnamed', 'region?region=22:16,100,000-16,400,000')}")
    button = page.get_by_role("button", name="All alleles, CSV")
    assert downloaded(saved(page, button, tmp_path / "got.csv"), "ac", "an") == wanted
    assert len(wanted) > 100


@thorough
def test_a_cohort_s_download_is_bcftools_count(
    page: playwright.Page, address: str, lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    vcf = Path(lake_of("unnamed").source.vcf[0])
    header = next(line for line in text_lines(vcf) if line.startswith("#CHROM"))
    of = metadata(SLICES["chr22"].samples)
    names = [name for name in header.split("\t")[9:] if of[name][1] == "EUR"]
    assert len(names) > 20
    chosen = tmp_path / "names.txt"
    chosen.write_text("\n".join(names) + "\n", encoding="utf-8", newline="\n")
    wanted = by_bcftools(vcf, ["-t", "22:16100000-16400000", "-S", str(chosen)])
    region = "cohort_super=EUR&region=22:16,100,000-16,400,000"
    page.goto(f"{address}/{link('unnamed', f'cohort?{region}')}")
    button = page.get_by_role("button", name="All alleles, CSV")
    assert downloaded(saved(page, button, tmp_path / "got.csv"), "ac_1", "an_1") == wanted


@thorough
def test_a_chart_is_saved_as_png_or_svg(
    page: playwright.Page, address: str, lake_of: Callable[[str], Lake], tmp_path: Path
) -> None:
    lake_of("unnamed")
    page.goto(f"{address}/{link('unnamed', 'region')}")
    sound(page, CHART, "a chart")
    for name, start in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        page.locator(".js-plotly-plot").first.hover()
        camera = page.locator(f".modebar-btn[data-title^='Save as {name}']").first
        got = saved(page, camera, tmp_path / f"got.{name}")
        assert got.read_bytes().startswith(start)
