"""Cached reads of what stands behind the tables."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.versions import Comparison
from pages.shared.cache.opened import FEW


def history(path: str, versions: tuple[str, ...]) -> pl.DataFrame:
    """Return all builds of a lake. Not kept: a build that fails changes no version."""
    del versions
    return Lake(path).history()


def kept_versions(path: str, version: str, table: str) -> pl.DataFrame:
    """Return the kept versions of a table. Not kept itself: cleaning changes no version."""
    del version
    return Lake(path).versions(table)


@st.cache_data(max_entries=FEW, show_spinner="Comparing …")
def changed(path: str, version: str, table: str, earlier: int, limit: int) -> Comparison:
    """Return what became of a table's rows since an earlier version of it."""
    del version
    return Lake(path).compare(table, earlier, limit=limit)


@st.cache_data(max_entries=FEW, show_spinner=False)
def rows_of_version(path: str, version: str, table: str, earlier: int, limit: int) -> pl.DataFrame:
    """Return the first rows of an earlier version of a table."""
    del version
    return Lake(path).scan(table, version=earlier).head(limit).collect()


@st.cache_data(max_entries=FEW, show_spinner="Checking every table …")
def verified(path: str, versions: tuple[str, ...]) -> pl.DataFrame:
    """Return the verdict of every check of `Lake.verify`, bronze's bytes hashed again."""
    del versions
    return pl.DataFrame(
        [
            (c.id, c.layer, c.severity, c.ok, c.message, c.expected, c.found)
            for c in Lake(path).verify()
        ],
        schema=["id", "layer", "severity", "ok", "message", "expected", "found"],
        orient="row",
    )
