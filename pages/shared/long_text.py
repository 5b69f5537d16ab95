"""A box for a text that stands in the page's link, unless it is too long for one."""

from __future__ import annotations

from urllib.parse import quote_plus

import streamlit as st

__all__ = ["area", "fits_a_link"]

_LINK_CHARS = 4000  # servers and mail programs take less than browsers


def fits_a_link(text: str) -> bool:
    """Whether a text is short enough to stand in a link."""
    return len(text) <= _LINK_CHARS and len(quote_plus(text)) <= _LINK_CHARS


def area(label: str, key: str, *, height: int, placeholder: str, meaning: str) -> str:
    """Draw the box and return its text; say so where the text is not in the link."""
    text = str(st.session_state.get(key) or st.query_params.get(key) or "")
    fits = fits_a_link(text)
    if not fits:
        st.session_state[key] = text  # the box that is in no link is another one to Streamlit
    typed = st.text_area(
        label, key=key, bind="query-params" if fits else None, height=height,
        placeholder=placeholder, help=meaning,
    )  # fmt: skip
    if not fits:
        if key in st.query_params:
            del st.query_params[key]
        st.caption(
            f"Not in the link: too long, at {len(text):,} characters. A reload or a shared link "
            "opens the page without this list; keep it in a file."
        )
    return (typed or "").strip()
