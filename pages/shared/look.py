"""What Streamlit's theme cannot say.

The chosen segment of a control in the dark: Streamlit writes it in the primary colour,
which carries white text on buttons too. No colour does both at 4.5:1 on black, so the
segment takes the links' colour, 9:1.

Links in captions: Streamlit fades them with the whole caption, to 3:1. Only its other words
are faded.

Charts of many groups, and maps, on a phone: below 640 pixels their marks and words lie
upon each other. They keep that width, and are moved sideways in a box of their own, which
says so: its edge may fall between two groups, and nothing then looks cut off. Where the
browser can tell how far it was moved, the right edge is faded too until there is no more.
Tables that are wider than the phone move by themselves, and say so too.

Charts are drawn on the server, for light or dark. When that changes under an open page, by
the menu or at sunset, Streamlit leaves them as they are; the page is drawn anew instead, once
what it is at work on is done.

Lines longer than their box are moved sideways. Not every browser lets the keyboard do that
unless the box can be tabbed to.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import state

__all__ = ["readable"]

# Without a "<" in it: Streamlit's cleaning takes such a style away whole.
_STYLE = """<style>
[data-testid=stButtonGroup] :is([aria-checked=true], [aria-pressed=true]) {
  color: light-dark(#8a5320, #e6b884) !important;
}
[data-testid=stCaptionContainer]:has(a) {
  opacity: 1;
  color: color-mix(in srgb, currentColor 60%, transparent);
}
@media (max-width: 640px) {
  [class*="st-key-wide-"] { overflow-x: auto; }
  [class*="st-key-wide-"] > * { min-width: 640px; }
  [class*="st-key-wide-"]::before, [data-testid=stDataFrame][data-sideways]::before {
    content: "Move sideways to see all ↔";
    display: block;
    position: sticky;
    left: 0;
    width: max-content;
    font-size: 0.875rem;
    color: color-mix(in srgb, currentColor 65%, transparent);
  }
  [data-testid=stElementContainer]:has([data-sideways]) { height: auto !important; }
  @supports (animation-timeline: scroll(self inline)) {
    [class*="st-key-wide-"] {
      mask: linear-gradient(to right, #000 calc(100% - 48px), transparent) left no-repeat;
      animation: moved-sideways linear both;
      animation-timeline: scroll(self inline);
    }
  }
}
@keyframes moved-sideways {
  from, 90% { mask-size: 100% 100%; }
  to { mask-size: calc(100% + 48px) 100%; }
}
/* The search box stands where Streamlit leaves room above a page. */
[data-testid=stMainBlockContainer] { padding-top: 4rem; }
/* Takes no place, nor makes the page wider. */
.st-key-watch { position: absolute; width: 0 !important; height: 0; overflow: hidden; }
</style>"""

_watch = st.components.v2.component(
    "medallion.look",
    js="""
export default function ({ data, setTriggerValue }) {
  // The app's element has another class, and with it another color-scheme, once it is turned.
  const app = document.querySelector("[data-testid=stApp]");
  let told = data.drawn;
  const turned = () => {
    // A run that is interrupted begins anew: a question in SQL would be asked again.
    if (app.dataset.testScriptState !== "notRunning") return;
    const now = getComputedStyle(app).colorScheme;
    if (now !== told && ["light", "dark"].includes(now)) setTriggerValue("turned", told = now);
  };
  const scheme = new MutationObserver(turned);
  scheme.observe(app, { attributes: true, attributeFilter: ["class", "data-test-script-state"] });
  turned();

  let waiting = null;
  const looked = () => {
    waiting = null;
    for (const part of document.querySelectorAll(".dvn-scroller, .dvn-stack")) wide.observe(part);
    for (const box of document.querySelectorAll("[data-testid=stCode] pre:not([tabindex])")) {
      if (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight) {
        box.tabIndex = 0;
      }
    }
  };
  const wide = new ResizeObserver(parts => {
    for (const part of parts) {
      const box = part.target.closest(".dvn-scroller");
      const table = box?.closest("[data-testid=stDataFrame]");
      table?.toggleAttribute("data-sideways", box.scrollWidth > box.clientWidth + 1);
    }
  });
  const boxes = new MutationObserver(() => { waiting ??= setTimeout(looked, 100); });
  boxes.observe(app, { childList: true, subtree: true });
  looked();
  return () => {
    for (const watch of [scheme, boxes, wide]) watch.disconnect();
    clearTimeout(waiting);
  };
}
""",
)


def readable() -> None:
    """Give the page what it lacks; draws nothing that is seen."""
    st.html(_STYLE)
    _watch(key="watch", data={"drawn": state.theme()}, height=1, on_turned_change=lambda: None)
