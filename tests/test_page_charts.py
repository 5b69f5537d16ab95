"""What every chart of a page has: a ground of its own when it is saved, and its data beside it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
import streamlit as st
from app_pages import Open

from medallion import Lake
from medallion.figures.style import base_figure
from pages.shared.dress import dressed

PAGES: list[tuple[str, dict[str, str]]] = [
    ("layers/overview", {}),
    ("explore/region", {}),
    ("explore/region", {"region": "22:16,100,000-16,200,000"}),
    *(("explore/variant", {"explore": view})
      for view in ("Frequencies", "Genotypes", "Map", "Linkage")),
    *(("explore/structure", {"structure": view})
      for view in ("Components", "FST", "Tree")),
    *(("explore/ld", {"ld": view}) for view in ("Region", "My variants", "Haplotypes", "Decay")),
]  # fmt: skip


@pytest.fixture(scope="module")
def common(demo_lake: Lake) -> list[str]:
    """Names of common alleles of the demo."""
    rows = demo_lake.scan("gold.variants", build=False).filter(
        pl.col("af").is_between(0.2, 0.4), pl.col("variant_type") == "snv"
    )
    found = rows.select("chrom", "pos", "ref", "alt").head(3).collect()
    return ["-".join(map(str, row)) for row in found.iter_rows()]


def kinds(block: Any) -> Iterator[str]:
    """The kinds of a page's elements, in the order in which they stand."""
    for child in block.children.values():
        yield child.type
        if hasattr(child, "children"):
            yield from kinds(child)


@pytest.mark.parametrize(("name", "query"), PAGES)
def test_beside_each_chart_its_data_can_be_downloaded(
    open_page: Open, demo_lake: Lake, common: list[str], name: str, query: dict[str, str]
) -> None:
    """Charts that stand side by side, or follow each other at once, may share their data."""
    named = {"ld": {"ld_variants": ", ".join(common)}, "variant": {"variant": common[0]}}
    app = open_page(demo_lake, name, **query, **named.get(name.split("/")[1], {}))
    wanted = ("plotly_chart", "download_button")
    found = [kind for kind in kinds(app.main) if kind in wanted]
    assert "plotly_chart" in found
    for place, kind in enumerate(found):
        if kind == "plotly_chart":
            after = found[place + 1 :]
            assert after[:1] == ["download_button"] or after[:2] == [
                "plotly_chart", "download_button",
            ]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_saved_picture_has_the_ground_of_its_theme(theme: Any) -> None:
    """Near-white words on none cannot be read on a white slide."""
    sketch = base_figure(title="t", subtitle="s", x_title="x", y_title="y", alt="a", height=100)
    shown = dressed(sketch.figure(), theme)
    assert shown.layout.paper_bgcolor == st.get_option(f"theme.{theme}.backgroundColor")
    assert shown.layout.plot_bgcolor == "rgba(0,0,0,0)"
