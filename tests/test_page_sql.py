"""The SQL page and the chart of its result."""

from __future__ import annotations

from functools import partial

import polars as pl
import pytest
from app_pages import Open, charts, sound, texts
from real_data import thorough
from streamlit.testing.v1 import AppTest

from medallion import Lake
from medallion.figures import MOST_MARKS, result_chart
from medallion.query import bounded

NASTY = "<script>alert(1)</script> **bold**"


@pytest.fixture
def page(open_page: Open, demo_lake: Lake) -> Open:
    """The page on the demo, as a link with these parameters opens it."""
    return partial(open_page, demo_lake, "explore/sql")


def result(app: AppTest) -> pl.DataFrame:
    """The last table on the page."""
    return pl.from_pandas(app.dataframe[-1].value)


def test_nothing_runs_until_it_is_asked(page: Open) -> None:
    app = page()
    assert app.title[0].value == "SQL"
    assert "Result" not in [s.value for s in app.subheader]


def test_every_example_runs_and_gives_rows(page: Open) -> None:
    app = page()
    examples = [b for b in app.button if str(b.key).startswith("example")]
    assert len(examples) >= 5
    for key in [b.key for b in examples]:
        app.button(key=key).click()
        sound(app.run())
        assert "Result" in [s.value for s in app.subheader], (key, texts(app))
        assert len(result(app)) > 0


def test_a_table_s_first_rows_are_one_press_away(page: Open, demo_lake: Lake) -> None:
    app = page(of="silver.samples")
    assert "One row per sample" in texts(app)
    next(b for b in app.button if b.label == "Its first 100 rows").click()
    found = result(sound(app.run()))
    assert found.equals(demo_lake.query("from silver.samples").head(100))


def test_a_link_holds_the_question_and_run_asks_another(page: Open, demo_lake: Lake) -> None:
    sql = "select population, samples from gold.populations order by population"
    app = page(sql=sql)
    assert result(app).equals(demo_lake.query(sql))
    assert len(app.get("plotly_chart")) == 1
    app.text_area(key="sql").set_value("select count(*) as n from silver.variants")
    sound(app.run())
    assert "of the question before" in texts(app)
    next(b for b in app.button if b.label == "Run").click()
    sound(app.run())
    expected = demo_lake.query("select count(*) as n from silver.variants").item()
    assert result(app)["n"].to_list() == [expected]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select * from nothing", "nothing"),
        ("drop table gold.populations", "Expected one SELECT"),
        ("select * from read_csv('/etc/passwd')", "disabled"),
        ("select", "cannot be read"),
    ],
)
def test_what_has_no_answer_is_said(sql: str, said: str, page: Open) -> None:
    app = page(sql=sql)
    assert any("could not be run" in m.value for m in app.markdown)
    assert said in texts(app)


def test_columns_of_one_name_are_told_apart_and_it_is_said(page: Open, demo_lake: Lake) -> None:
    sql = (
        "select f.*, v.*, 1 as chrom_1 from gold.frequencies f join gold.variants v "
        "using (file, record, alt_index) limit 3"
    )
    app = page(sql=sql)
    frame = result(app)
    assert len(frame) == 3
    assert {"chrom", "chrom_1", "chrom_2", "pos_1"} <= set(frame.columns)
    assert frame["chrom_1"].to_list() == [1, 1, 1]
    assert frame["pos"].equals(frame["pos_1"].alias("pos"))
    assert "another chrom is chrom_2 here, another pos is pos_1 here" in texts(app)
    told: list[str] = []
    assert demo_lake.query(sql, remark=told.append).columns == frame.columns
    assert len(told) == 1
    told.clear()
    demo_lake.query("select 1 as chrom, 2 as pos", remark=told.append)
    assert told == []


def test_more_rows_than_are_shown_are_counted(page: Open, demo_lake: Lake) -> None:
    app = page(sql="select pos, ac from silver.variants")
    n = demo_lake.query("select count(*) from silver.variants").item()
    said = f"{n:,} rows. The table shows the first 1,000, a chart draws the first 5,000, "
    assert f"{said}the downloads hold all." in texts(app)
    assert "draws the first 5,000 rows" in texts(app)
    app = page(sql="select * from gold.frequencies")
    assert "More than 100,000 rows. The table shows the first 1,000, a chart" in texts(app)
    assert "the downloads hold the first 100,000." in texts(app)
    assert not app.get("plotly_chart")  # of a table of many columns, none is meant
    app.selectbox(key="chart_across").select("chrom")
    sound(app.run())
    assert charts(app)[0]["layout"]["xaxis"]["type"] == "category"
    app.text_area(key="sql").set_value("select population, samples from gold.populations")
    next(b for b in app.button if b.label == "Run").click()
    sound(app.run())
    assert "samples by population" in str(charts(app)[0]["layout"]["title"])
    app = page(sql="select * from gold.frequencies where false")
    assert "Nothing fits" in texts(app)


@thorough
def test_the_page_outlives_a_query_that_takes_all_memory(
    page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "_MOST_MEMORY", 700 << 20)
    app = page(sql="select repeat('x', 2000000000)")
    assert any("could not be run" in m.value for m in app.markdown)
    assert "took more than 700 MB of memory" in texts(app)
    app.text_area(key="sql").set_value("select 1 as one")
    next(b for b in app.button if b.label == "Run").click()
    assert result(sound(app.run())).rows() == [(1,)]


# The chart


@pytest.mark.parametrize("mark", ["points", "bars", "line"])
def test_a_chart_has_a_mark_for_each_row(mark: str) -> None:
    frame = pl.DataFrame({"a": [NASTY, "b", "c"], "n": [1.5, 2.5, None], "k": ["x", "y", "x"]})
    chart = result_chart(frame, x="a", y="n", colour="k", mark=mark)  # type: ignore[arg-type]
    points = [(x, y) for trace in chart.data for x, y in zip(trace.x, trace.y, strict=True)]
    assert sorted(y for _, y in points) == [1.5, 2.5]
    assert "<script>" not in chart.to_json()
    assert chart.layout.meta["alt"].startswith("Chart of the result: n by a")


def test_a_chart_draws_no_more_than_can_be_told_apart() -> None:
    n = MOST_MARKS + 1
    frame = pl.DataFrame({"x": range(n), "y": range(n), "k": [str(i % 20) for i in range(n)]})
    chart = result_chart(frame, x="x", y="y", colour="k")
    assert sum(len(trace.x) for trace in chart.data) == MOST_MARKS
    assert "all others" in [trace.name for trace in chart.data]
    assert f"{MOST_MARKS:,} of {n:,} rows" in chart.layout.title.subtitle.text
