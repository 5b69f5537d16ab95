"""Picking an allele on the Region page: chart, table and link say the same."""

from __future__ import annotations

from functools import partial

import polars as pl
import pytest
from app_pages import Open, charts, sound, texts
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.cohorts import Cohort, save_cohort
from pages.shared import pick

NASTY = "<script>alert(1)</script>"
TABLE, TICKED = "alleles of the region", "allele ticked"


def ring(app: AppTest) -> tuple[list[float], list[float | str]] | None:
    """Where the mark of the picked allele is drawn."""
    [chart] = charts(app)
    found = [t for t in chart["data"] if (t.get("marker") or {}).get("symbol") == "circle-open"]
    return (found[0]["x"], found[0]["y"]) if found else None


@pytest.fixture
def page(open_page: Open, demo_lake: Lake) -> Open:
    """The page on the demo, as a link with these parameters opens it."""
    return partial(open_page, demo_lake, "explore/region")


def variants(lake: Lake) -> pl.LazyFrame:
    return lake.scan("gold.variants", build=False)


def test_a_picked_allele_is_in_the_link(page: Open, demo_lake: Lake) -> None:
    row = variants(demo_lake).filter(pl.col("variant_type") == "snv").head(9).collect().row(
        8, named=True
    )  # fmt: skip
    name = f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"
    around = f"22:{row['pos'] - 2000}-{row['pos'] + 2000}"
    app = page(region=around, picked=name)
    assert f"Picked: {name}" in texts(app)
    # What came by the link stands first, ticked, and is ringed.
    assert app.dataframe[0].value["pos"].iloc[0] == row["pos"]
    assert app.session_state[TABLE]["selection"]["rows"] == [0]
    assert ring(app) == ([row["pos"]], [pytest.approx(row["af"])])
    app = page(region="22:16,100,000-16,200,000", picked=name)
    assert f"Picked: {name}, which is not among the alleles shown." in texts(app)
    assert ring(app) is None


@pytest.mark.parametrize("region", ["22", "22:16,100,000-16,200,000"])
def test_a_ticked_row_is_ringed_and_stays_where_it_is(page: Open, region: str) -> None:
    """Above the most alleles that are drawn as dots too, where the ring is on its class."""
    app = page(region=region)
    assert "Tick a row to mark it in the chart." in texts(app)
    before = app.dataframe[0].value
    number = next(
        i
        for i, af in enumerate(before["af"])
        if i > 5 and (0.05 < af <= 0.1 if region == "22" else af > 0)
    )
    tick = {"selection": {"rows": [number], "columns": [], "cells": []}}
    app.session_state[TABLE] = tick
    picked = {k: before[k].iloc[number] for k in ("chrom", "pos", "ref", "alt", "af")}
    app.query_params["picked"] = "-".join(str(picked[k]) for k in ("chrom", "pos", "ref", "alt"))
    app.session_state[TICKED] = app.query_params["picked"]
    sound(app.run())
    assert app.dataframe[0].value["pos"].tolist() == before["pos"].tolist()
    assert app.session_state[TABLE]["selection"]["rows"] == [number]
    heights = [pytest.approx(picked["af"])] if region != "22" else ["5–10 %"]
    assert ring(app) == ([picked["pos"]], heights)


def test_a_picked_allele_beyond_the_rows_shown_says_so(page: Open, demo_lake: Lake) -> None:
    row = variants(demo_lake).tail(1).collect().row(0, named=True)
    name = f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"
    said = texts(page(picked=name))
    assert f"Picked: {name}, which is not among the alleles shown. Zoom in" in said


def test_a_cohort_that_is_not_counted_here_says_so(open_page: Open, own_demo: Lake) -> None:
    save_cohort(own_demo.path, Cohort(NASTY, super_populations=("AFR",)))
    app = open_page(own_demo, "explore/region")
    assert any("Zoom in to see your cohort" in m.value for m in app.markdown)
    assert NASTY in texts(app)
    app = open_page(own_demo, "explore/region", region="22:16,100,000-16,200,000")
    assert not any("Zoom in to see your cohort" in m.value for m in app.markdown)


@pytest.fixture(scope="module")
def long_alleles(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Two alleles of one place that are too long for a name, and a neighbour."""
    folder = tmp_path_factory.mktemp("long")
    calls = ["0|1", "0|0", "1|1", "0|2", "2|0", "0|1"]
    alts = ",".join(letter * 250 for letter in "CG")
    lines = ["##fileformat=VCFv4.2", "##contig=<ID=7>",
             '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
             "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
             + "\t".join(f"S{i}" for i in range(6)),
             f"7\t751000\t.\tA\t{alts}\t.\tPASS\t.\tGT\t" + "\t".join(calls),
             "7\t751100\t.\tA\tG\t.\tPASS\t.\tGT\t"
             + "\t".join(calls).replace("2", "0")]  # fmt: skip
    (folder / "own.vcf").write_text("\n".join([*lines, ""]), encoding="utf-8", newline="\n")
    lake = Lake(folder / "lake", vcf=[folder / "own.vcf"])
    lake.build("gold")
    return lake


def test_each_of_two_long_alleles_of_a_place_can_be_picked_and_opened(
    open_page: Open, long_alleles: Lake
) -> None:
    app = open_page(long_alleles, "explore/region", picked="7:751000#1.2")
    assert app.dataframe[0].value["alt"].iloc[0] == "G" * 250
    assert ring(app) == ([751000], [pytest.approx(2 / 12)])
    old = open_page(long_alleles, "explore/region", picked="7:751000")  # a link of before
    assert old.dataframe[0].value["alt"].iloc[0] == "C" * 250
    for index, letter in ((1, "C"), (2, "G")):
        row = variants(long_alleles).filter(alt_index=index).filter(pos=751000).collect()
        query = pick.query(long_alleles, row.row(0, named=True))
        app = open_page(long_alleles, "explore/variant", **query, explore="Linkage")
        assert "Linkage cannot be shown" not in texts(app)
        assert f"751,000 A → {letter * 60}…" in texts(app)
        assert len(app.get("plotly_chart")) == 1
