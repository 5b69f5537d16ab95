"""The name of the browser's tab, and of its history's entries: what is shown, and the page."""

from __future__ import annotations

import streamlit as st

__all__ = ["name"]

_MOST = 40  # characters; a tab shows fewer


def name(page: str, shown: str = "") -> None:
    """Call the tab by its page, and by what the page shows, which may be data.

    A page that shows one thing calls it again, once it knows which.
    """
    cut = shown if len(shown) <= _MOST else f"{shown[:_MOST]}…"
    st.set_page_config(page_title=" · ".join(part for part in (cut, page, "medallion") if part))
