"""The browser's Back and Forward: one step for each choice that the reader makes.

Streamlit overwrites the page's entry in the history when a bound widget is used, and
makes two where a page is opened with its choices: the bare page first. So its writes are
counted by what the reader does, a press of a button or a key: the first change of the
URL after it makes an entry, those that follow on the same page amend it, and what no
press has caused (a correction, a reload, Back itself) makes none. What Back returns to
is drawn anew from its URL, as Streamlit does by itself.
"""

from __future__ import annotations

import streamlit as st

__all__ = ["one_step_a_choice"]

_HOOK = """<script>
if (!window.medallionSteps) {
  window.medallionSteps = true;
  const push = history.pushState.bind(history), amend = history.replaceState.bind(history);
  const at = url => new URL(url, location.href);
  let fresh = false;   // whether nothing was written since the reader's last press
  let edited = null;   // what a widget wrote since then
  const press = () => { fresh = true; edited = null; };
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, press, true);
  // A click that no pointer made: a screen reader's, or a key's.
  addEventListener("click", event => { if (!event.detail) press(); }, true);
  addEventListener("popstate", () => { fresh = false; edited = null; }, true);
  const write = (state, title, url) => {
    (fresh ? push : amend)(state, title, url);
    fresh = false;
  };
  history.replaceState = (state, title, url) => {  // a widget's
    if (url == null || at(url).href === location.href) return amend(state, title, url);
    if (fresh || edited) edited = url;
    write(state, title, url);
  };
  history.pushState = (state, title, url) => {  // the server's, or another page
    if (edited && url != null && at(url).pathname !== location.pathname) {
      // The press ended an edit and opened a page, which has cleared the URL already.
      amend(state, title, edited);
      fresh = true;
      edited = null;
    }
    write(state, title, url);
  };
}
</script>"""


def one_step_a_choice() -> None:
    """Have each choice be one step of Back; draws nothing."""
    st.html(_HOOK, unsafe_allow_javascript=True)
