"""Clicks on a chart's marks, where Streamlit hears of none.

It tells of a click only in charts that are not dragged across, and of none in three
dimensions. Here plotly's own event is listened to, whatever dragging does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

__all__ = ["hear"]

# The chart comes after this element, and anew when it changes kind: hence the timer.
_listener = st.components.v2.component(
    "medallion.clicks",
    js="""
export default function ({ data, setTriggerValue }) {
  let heard = null;
  const tell = event => {
    const mark = event.points[0];
    if (mark && mark.customdata !== undefined) setTriggerValue("clicked", mark.customdata);
  };
  const attach = () => {
    const plot = document.querySelector(`.st-key-${data.chart} .js-plotly-plot`);
    if (plot === heard || (plot && !plot.on)) return;
    heard?.removeListener("plotly_click", tell);
    heard = plot;
    heard?.on("plotly_click", tell);
  };
  attach();
  const timer = setInterval(attach, 200);
  return () => { clearInterval(timer); heard?.removeListener("plotly_click", tell); };
}
""",
)


def hear(chart: str, act: Callable[[list[Any]], None]) -> None:
    """Call `act` with the customdata of a mark that is clicked in the chart of this key.

    The key is of letters, digits, - and _.
    """
    key = f"{chart} clicks"

    def clicked() -> None:
        mark = st.session_state[key].get("clicked")
        if isinstance(mark, list):
            act(mark)

    _listener(key=key, data={"chart": chart}, height=1, on_clicked_change=clicked)
