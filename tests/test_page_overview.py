"""The first chart of the Overview page: which allele, and of which it says it is."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.ondemand.region import View
from pages.shared import place

ROOT = Path(__file__).resolve().parents[1]


def first_look(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """What the page says of the allele, and the address of its frequencies."""
    monkeypatch.setattr("sys.argv", ["app.py"])
    monkeypatch.setenv("MEDALLION_LAKE", str(lake.path))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception, [element.message for element in app.exception]
    (said,) = [each.value for each in app.caption if "differs most" in each.value]
    (link,) = [each.proto for each in app.get("page_link") if "another" in each.proto.label]
    return str(said), str(link.query_string)


def expected(lake: Lake, view: View) -> str:
    """The allele whose frequency differs most between super-populations, from its rows."""
    rows = lake.scan("gold.frequencies").filter(
        pl.col("level") == "super_population", pl.col("pos").is_between(view.start, view.end)
    ).collect()  # fmt: skip
    spread = rows.group_by("chrom", "pos", "ref", "alt", "record", "alt_index").agg(
        difference=pl.col("af").max() - pl.col("af").min()
    )
    top = spread.sort("difference", "record", "alt_index", descending=[True, False, False])
    return "-".join(str(value) for value in top.select("chrom", "pos", "ref", "alt").row(0))


def test_of_a_small_lake_all_alleles_are_looked_at(
    demo_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, link = first_look(demo_lake, monkeypatch)
    assert said.startswith("Of all alleles in this lake, this one differs most")
    (contig,) = place.contigs(demo_lake, demo_lake.version("silver")).values()
    assert f"variant={expected(demo_lake, place.whole(contig))}" in link


def test_of_a_large_one_some_are_and_the_page_says_which(
    demo_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = View("22", 16_500_000, 16_600_000)
    monkeypatch.setattr(place, "some", lambda *_: view)
    said, link = first_look(demo_lake, monkeypatch)
    assert said.startswith("Of the alleles of 22:16,500,000-16,600,000, this one differs most")
    assert f"variant={expected(demo_lake, view)}" in link
