"""Cached answers to questions in SQL."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion.query.bounded import start_early
from pages.shared.cache.opened import FEW, open_lake


@st.cache_data(max_entries=FEW, show_spinner=False)
def query(
    path: str, versions: tuple[str, ...], sql: str, limit: int, seconds: float
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the first `limit` rows of one SELECT, and remarks; QueryError as `Lake.query`.

    The query ends when the page is closed, stopped, or asked something else: Streamlit says
    so to whoever looks into the session's state.
    """
    del versions
    remarks: list[str] = []
    frame = open_lake(path, None).query(
        sql, limit=limit, seconds=seconds, meanwhile=lambda: "sql" in st.session_state,
        remark=remarks.append,
    )  # fmt: skip
    return frame, tuple(remarks)


def expect_query() -> None:
    """Have the process for queries started while the question is written."""
    start_early()
