"""Callouts whose words may hold anything: shown as plain text, never as markup."""

from __future__ import annotations

import streamlit as st

__all__ = ["failure", "simulated", "text_note"]


def failure(heading: str, message: str, next_step: str | None = None) -> None:
    """Show an error. `heading` and `next_step` are our own words, `message` may be data."""
    with st.container(border=True):
        st.markdown(f":red[:material/error: **{heading}**]")
        st.code(message, language=None, wrap_lines=True)
        if next_step:
            st.caption(next_step)


def text_note(heading: str, lines: list[str]) -> None:
    """Show a remark. `heading` is our own words, `lines` may hold data."""
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":orange[:material/info: **{heading}**]")
        for line in lines:
            st.text(line)


def simulated() -> None:
    """Label what the page shows as simulated."""
    st.badge(
        "Simulated data, not real people",
        icon=":material/science:",
        color="orange",
        help="The demo's genotypes come from a computer simulation of human history (a "
        "coalescent model). Use it to look around, never to draw conclusions.",
    )
