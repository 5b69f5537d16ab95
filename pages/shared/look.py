"""What Streamlit's theme cannot say.

The chosen segment of a control in the dark: Streamlit writes it in the primary colour,
which carries white text on buttons too. No colour does both at 4.5:1 on black, so the
segment takes the links' colour, 9:1.

Charts of many groups, and maps, on a phone: below 640 pixels their marks and words lie
upon each other. They keep that width, and are moved sideways in a box of their own.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import state

__all__ = ["readable"]

_WIDE = """<style>
@media (max-width: 640px) {
  [class*="st-key-wide-"] { overflow-x: auto; }
  [class*="st-key-wide-"] > * { min-width: 640px; }
}
</style>"""
_DARK = """<style>
[data-testid=stButtonGroup] :is([aria-checked=true], [aria-pressed=true]) {
  color: #e6b884 !important;
}
</style>"""


def readable() -> None:
    """Give the page what it lacks; draws nothing."""
    st.html(_WIDE)
    if state.theme() == "dark":
        st.html(_DARK)
