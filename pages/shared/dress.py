"""The page's look put into a chart: fonts and colours, as Streamlit's theme for charts has them.

Streamlit would do it in the browser, by a template that it makes anew after the chart was
drawn. Plotly takes a new template for a new chart, and draws all of it twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from medallion.catalog.colours import Theme

__all__ = ["dressed"]

_FONT = '"Source Sans", sans-serif'
# Streamlit's greys: of words, of lines, of a legend's words. Its light one of words has too
# little contrast with the page (3.6:1); WCAG asks for 4.5:1.
_GREYS: dict[Theme, tuple[str, str, str]] = {
    "light": ("#5f6375", "#e6eaf1", "#262730"),
    "dark": ("#e6eaf1", "#31333f", "#fafafa"),
}


def dressed(drawn: go.Figure, theme: Theme) -> go.Figure:
    """Return the figure in the page's look, wherever it does not say otherwise, and no template.

    Drawn once by plotly, so long as the browser gives it the same data.
    """
    layout = drawn.layout.to_plotly_json()
    own = layout.pop("template", {}).get("layout", {})
    look = _over(own, _look(theme))
    of_axes = {name: look.pop(name, {}) for name in ("xaxis", "yaxis")}
    layout = _over(look, layout)
    for name in layout:
        if name[:5] in of_axes:
            layout[name] = _over(of_axes[name[:5]], layout[name])
    # On the page it cannot be told from none; a picture that is saved keeps it, and is read
    # on any ground.
    layout["paper_bgcolor"] = st.get_option(f"theme.{theme}.backgroundColor")
    layout.pop("meta", None)  # the page's own, and to plotly another one in each copy
    # Streamlit hands plotly a copy of all once more: its data are the same.
    layout["datarevision"] = 0
    layout["template"] = {}  # where there is none, plotly.py puts its own, which is large
    figure = go.Figure({"data": drawn.to_plotly_json()["data"], "layout": layout}, _validate=False)
    figure.layout.template = None
    return figure


def _look(theme: Theme) -> dict[str, Any]:
    words, lines, legend = _GREYS[theme]
    heading, background, border = (
        st.get_option(f"theme.{theme}.{name}")
        for name in ("textColor", "backgroundColor", "borderColor")
    )
    # What is not drawn gets no colour here, for what has one is drawn.
    axis = {
        "gridcolor": lines,
        "zerolinecolor": lines,
        "ticks": "",
        "tickfont": {"color": words, "size": 12},
        "automargin": True,
    }
    title = {"color": words, "size": 14}
    return {
        "font": {"family": _FONT, "color": words, "size": 12, "weight": 400},
        "title": {"font": {"color": heading, "size": 16, "weight": 700}},
        "legend": {
            "title": {"font": {"color": words, "size": 12}, "side": "top"},
            "valign": "top",
            "bordercolor": "rgba(0,0,0,0)",
            "borderwidth": 0,
            "font": {"color": legend, "size": 12},
        },
        "xaxis": {
            **axis, "showgrid": False, "zeroline": False,
            "title": {"font": title, "standoff": 20},
        },
        "yaxis": {
            **axis, "ticklabelposition": "outside", "title": {"font": title, "standoff": 24}
        },
        "margin": {"pad": 8, "r": 0, "l": 0},
        "hoverlabel": {
            "bgcolor": background,
            "bordercolor": border,
            "font": {"family": _FONT, "color": words, "size": 12},
        },
    }  # fmt: skip


def _over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Return `above` laid over `below`, dicts within dicts too."""
    laid = dict(below)
    for name, value in above.items():
        under = laid.get(name)
        both = isinstance(under, Mapping) and isinstance(value, Mapping)
        laid[name] = _over(under, value) if both else value
    return laid
