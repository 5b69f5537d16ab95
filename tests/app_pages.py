"""A page of the app without a browser: opened as a link opens it, and what it then shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[1]
Open = Callable[..., AppTest]
"""From a lake and the link's parameters to the page; see `open_page` in conftest.py."""


def opened(name: str, query: dict[str, str | list[str]]) -> AppTest:
    """The page `pages/<name>.py` with these parameters, on the lake of the environment."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=120)
    app.switch_page(f"pages/{name}.py")
    for key, value in query.items():
        app.query_params[key] = value
    return sound(app.run())


def sound(app: AppTest) -> AppTest:
    """See that the page has not failed, and that no script of a name's own got into it."""
    assert not app.exception, [element.message for element in app.exception]
    for kind in ("markdown", "title", "subheader", "header"):
        for element in app.get(kind):
            assert "<script>" not in element.value
    return app


def texts(app: AppTest) -> str:
    """The words of the page and of its headings."""
    kinds = ("title", "subheader", "markdown", "caption", "text", "code")
    return "\n".join(str(element.value) for kind in kinds for element in app.get(kind))


def tables(app: AppTest) -> list[pl.DataFrame]:
    return [pl.from_pandas(table.value) for table in app.dataframe]


def charts(app: AppTest) -> list[dict[str, Any]]:
    """The charts as they go to the browser."""
    return [json.loads(chart.proto.spec) for chart in app.get("plotly_chart")]


def no_markup(app: AppTest, *names: str) -> None:
    """See that no name of the data is in what Streamlit or plotly reads as markup.

    Such names hold `alert(1)` or `<u>`; `names` are others that no chart may hold.
    """
    for kind in ("markdown", "caption", "title", "subheader", "html", "metric"):
        for element in app.get(kind):
            body = str(getattr(element, "value", "")) + str(getattr(element, "label", ""))
            assert "alert(1)" not in body
            assert "<u>" not in body
    for chart in charts(app):
        drawn = json.dumps(chart)
        assert not [text for text in ("<script", "<u>", *names) if text in drawn]
