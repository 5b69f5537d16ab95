"""Cached posts of the story."""

from __future__ import annotations

import streamlit as st

from medallion import Lake
from medallion.catalog.colours import Theme
from medallion.story import Post, told
from pages.shared.cache.opened import SOME


@st.cache_data(max_entries=SOME, show_spinner="Asking the lake …")
def post(path: str, versions: tuple[str, ...], slug: str, theme: Theme) -> Post:
    """Return a post with the lake's numbers and charts."""
    del versions
    return told(Lake(path), slug, theme)
