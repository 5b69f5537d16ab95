"""Each page that shows numbers tells how they were made: of which tables, and when."""

from __future__ import annotations

import polars as pl
import pytest
from app_pages import Open, texts

from medallion import Lake
from pages.shared.made import MADE

# Page → its file below pages/, and the parameter that chooses a view.
PAGES = {
    "overview": ("layers/overview", ""),
    "gold": ("layers/gold", "gold"),
    "variant": ("explore/variant", "explore"),
    "region": ("explore/region", ""),
    "sample": ("explore/sample", "view_of_sample"),
    "cohort": ("explore/cohort", ""),
    "search": ("explore/search", ""),
}


@pytest.fixture(scope="module")
def asked(demo_lake: Lake) -> dict[str, dict[str, str]]:
    """What a page is opened with to show something."""
    rows = demo_lake.scan("gold.variants", build=False).filter(pl.col("af").is_between(0.2, 0.4))
    row = rows.filter(pl.col("variant_type") == "snv").head(1).collect().row(0, named=True)
    name = f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"
    region = f"{row['chrom']}:{row['pos']}-{row['pos'] + 50_000}"
    return {
        "variant": {"variant": name},
        "search": {"q": name},
        "cohort": {"cohort_super": "AFR", "region": region},
        "region": {"region": region},
    }


@pytest.mark.parametrize(("page", "view"), list(MADE))
def test_how_it_was_made_is_told(
    page: str, view: str, open_page: Open, demo_lake: Lake, asked: dict[str, dict[str, str]]
) -> None:
    file, parameter = PAGES[page]
    query = asked.get(page, {}) | ({parameter: view} if view else {})
    app = open_page(demo_lake, file, **query)
    (told,) = [box for box in app.expander if box.label == "How was this made?"]
    lines = [element.value for element in told.get("text")]
    tables, words = MADE[page, view]
    known = {table.name: table for table in demo_lake.tables()}
    assert [f"{name}: one row per {known[name].row}." for name in tables] == [
        line for line in lines if ": one row per " in line
    ]
    assert lines[: len(words)] == words
    built = demo_lake.status()
    for layer in {name.split(".")[0] for name in tables}:
        assert (
            f"{layer.capitalize()} was built {built[layer].built_at:%Y-%m-%d %H:%M} UTC." in lines
        )
    assert lines[-1] == f"Data: {demo_lake.source.title}"


def test_a_question_in_sql_tells_of_the_tables_that_it_names(
    open_page: Open, demo_lake: Lake
) -> None:
    app = open_page(demo_lake, "explore/sql", sql="select count(*) from GOLD.fst")
    assert "gold.fst: one row per" in texts(app)
