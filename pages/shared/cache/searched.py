"""Cached searches."""

from __future__ import annotations

import streamlit as st

from medallion import Lake
from medallion.ondemand import Found
from pages.shared.cache.opened import SOME


@st.cache_data(max_entries=SOME, show_spinner="Searching …")
def search(path: str, version: str, text: str) -> Found:
    """Return what `text` means, as `Lake.search` does; `version` is silver's."""
    del version
    return Lake(path).search(text)
