"""The browser's Back and Forward: one step for each choice that the reader makes.

Streamlit overwrites the page's entry in the history when a bound widget is used, and
makes two where a page is opened with its choices: the bare page first. So its writes are
counted by what the reader does, a press of a button or a key: the first change of the
URL after it makes an entry, those that follow on the same page amend it, and what no
press has caused (a correction, a reload, Back itself) makes none. What Back returns to
is drawn anew from its URL, as Streamlit does by itself; but what it drops from that URL
on the way is put back first.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

__all__ = ["keep_the_url", "one_step_a_choice"]

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
  // A box tells the server what was typed in a task of its own, after it was left. A link
  // that is clicked at once would be told of first, and then undone: it waits for that task.
  let typed = false;
  addEventListener("input", () => { typed = true; }, true);
  addEventListener("keydown", event => { if (event.key === "Enter") typed = false; }, true);
  addEventListener("click", event => {
    const link = event.target.closest?.("a[href]");
    const opens = event.ctrlKey || event.metaKey || event.shiftKey || event.altKey;
    if (typed && link && event.isTrusted && !opens) {
      event.preventDefault();
      event.stopImmediatePropagation();
      setTimeout(() => link.click());
    }
    typed = false;
  }, true);
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


def keep_the_url() -> None:
    """Have a page that Back or Forward leads to stand with all of its URL.

    To be called before any widget of the page is drawn. Where two pages have a box of the
    same name, as Gold and Variant have, Streamlit takes the parameter for the one of the
    page being left: it drops it before the script runs, and writes the history's entry
    anew without it.
    """
    visit = get_script_run_ctx()
    if visit is None or not visit.is_history_navigation:
        return
    asked = parse_qs(visit.query_string, keep_blank_values=True)
    dropped = {key: values for key, values in asked.items() if key not in st.query_params}
    if dropped:
        with visit.session_state.query_params() as known:
            known.populate_from_query_string(visit.query_string)
            known.set_initial_query_params_from_current()  # where widgets get their values
        st.query_params.update(dropped)  # tells the browser
