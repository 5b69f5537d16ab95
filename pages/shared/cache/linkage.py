"""Cached linkage, computed on demand."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from pages.shared.cache.opened import SOME


@st.cache_data(max_entries=SOME, show_spinner="Measuring linkage …")
def linked(path: str, version: str, name: str, group: str, distance: int) -> pl.DataFrame:
    """Return the alleles around a variant by falling r², as `Lake.linked` does."""
    del version
    return Lake(path).linked(name, distance=distance, population=group)
