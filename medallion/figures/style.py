"""What every figure shares: escaping, number words, neutral colours, the base layout.

Figures carry no background of their own, and their text and lines are greys that read
on white and on near-black, so that one figure serves a light and a dark page. They are
set in the template, the weakest place, so that a host that knows its theme (Streamlit
does) can put better ones in their stead.

Not here: the colours and order of populations (`groups`).
"""

from __future__ import annotations

import html
import math
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from medallion.figures.sketch import Sketch

__all__ = [
    "GRID",
    "NEUTRAL",
    "base_figure",
    "count",
    "extremes",
    "frequency",
    "plain",
    "plural",
    "short",
]

# 4.2:1 on white, 4.6:1 on #0d0c0a: the grey that reads about equally well on both.
NEUTRAL = "#7b7b7b"
GRID = "rgba(128,128,128,0.20)"
_CLEAR = "rgba(0,0,0,0)"
_ACTIVE = "#b06f35"
_AXIS: dict[str, Any] = {
    "gridcolor": GRID,
    "zerolinecolor": GRID,
    "automargin": True,
    "title": {"standoff": 10},
}
_TEMPLATE: dict[str, Any] = {
    "font": {"color": NEUTRAL, "size": 13},
    "paper_bgcolor": _CLEAR,
    "plot_bgcolor": _CLEAR,
    "xaxis": _AXIS,
    "yaxis": _AXIS,
    "hoverlabel": {"align": "left"},
    # Else plotly puts the opposite of the page's colour behind the buttons.
    "modebar": {"bgcolor": _CLEAR, "color": NEUTRAL, "activecolor": _ACTIVE},
}


def plain(text: object) -> str:
    """Make `text` show as itself where plotly would read it as markup.

    Plotly gives a meaning to tags and entities in titles, ticks, names and hover text.
    Control characters and line breaks become spaces.
    """
    shown = str(text)
    if not shown.isprintable():  # nearly all texts are, and a chart has thousands
        shown = "".join(
            " " if unicodedata.category(char).startswith("C") else char for char in shown
        )
    return html.escape(shown, quote=False)


def short(text: object, limit: int) -> str:
    """Return `text` escaped by `plain` and cut to `limit` characters, the last of them `…`."""
    whole = str(text)
    return plain(whole if len(whole) <= limit else whole[: limit - 1] + "…")


def plural(n: int, word: str) -> str:
    """Return a number with thousands separators and what it counts: 1 allele, 2,504 alleles."""
    return f"{n:,} {word}{'' if n == 1 else 's'}"


def extremes(
    values: Mapping[str, float],
    form: Callable[[float], str],
    words: tuple[str, str] = ("highest", "lowest"),
) -> str:
    """Say which groups have the greatest and the least value, of equal ones all.

    Markup, as what `plain` returns. ValueError where there is no group.
    """
    top, least = max(values.values()), min(values.values())
    if top == least and len(values) > 1:
        return f"{form(top)} in each"
    ends = [
        f"{word} in {_listed([code for code, own in values.items() if own == end])} ({form(end)})"
        for word, end in zip(words, (top, least), strict=True)
    ]
    return ", ".join(ends[: len(values)])


def _listed(codes: list[str]) -> str:
    shown = [plain(code) for code in codes[:3]]
    if len(codes) > 4:
        shown.append(f"{len(codes) - 3} others")
    elif len(codes) == 4:
        shown.append(plain(codes[3]))
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def count(value: float | None) -> str:
    """Return a whole number with thousands separators, or an en dash where there is none."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "–"
    return f"{int(value):,}"


def frequency(value: float | None) -> str:
    """Return an allele frequency (0 to 1) with 4 significant digits, or an en dash."""
    if value is None or math.isnan(value):
        return "–"
    return f"{value:.4g}" if value == 0 or value >= 1e-4 else f"{value:.2e}"


def base_figure(
    *, title: str, subtitle: str, x_title: str, y_title: str, alt: str, height: int
) -> Sketch:
    """Return an empty figure with the shared look.

    `title`, `subtitle` and `alt` are markup: parts that come from data must have gone through
    `plain`. `alt` says in one sentence what the figure shows; `layout.meta` has it under
    "alt", as plain text without entities, for the page to hand to a screen reader. `height` is
    in pixels.
    """
    figure = Sketch()
    figure.update_layout(
        template={"layout": _TEMPLATE},
        paper_bgcolor=_CLEAR,
        plot_bgcolor=_CLEAR,
        title={
            "text": title,
            "subtitle": {"text": subtitle, "font": {"size": 13}},
            "font": {"size": 16},
            "x": 0,
            "xref": "container",
            "y": 1,
            "yref": "container",
            "yanchor": "top",
            "pad": {"t": 8, "l": 2},
        },
        xaxis={"title": {"text": x_title}, "automargin": True},
        yaxis={"title": {"text": y_title}, "automargin": True},
        separators=".,",
        hovermode="closest",
        height=height,
        margin={"l": 10, "r": 10, "t": 92, "b": 10},
        meta={"alt": html.unescape(alt)},
    )
    return figure
