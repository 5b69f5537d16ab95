"""Cached answers to questions in SQL."""

from __future__ import annotations

import polars as pl
import streamlit as st

from pages.shared.cache.opened import FEW, open_lake


@st.cache_data(max_entries=FEW, show_spinner="Asking …")
def query(
    path: str, versions: tuple[str, ...], sql: str, limit: int, seconds: float
) -> pl.DataFrame:
    """Return the first `limit` rows of one SELECT; QueryError as `Lake.query` raises it."""
    del versions
    return open_lake(path, None).query(sql, limit=limit, seconds=seconds)
