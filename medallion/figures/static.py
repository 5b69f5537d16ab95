"""A figure as a file: SVG or PNG, drawn by matplotlib, with no browser and no network.

Plotly draws in a browser, and its own export brings one along. What an article needs
(bars, lines, points, whiskers) is little, so it is read from the figure and drawn again:
a chart is defined once, for the page and for paper. Figures with other kinds of traces
(maps, three dimensions, heat maps) are refused.
"""

from __future__ import annotations

import html
import io
import re
from typing import TYPE_CHECKING, Any, Literal

from medallion.errors import UsageError

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

__all__ = ["FORMS", "Form", "PlotlyFigure", "draw_static"]

Form = Literal["svg", "png"]
Plotly = Any  # a trace, an axis, a layout, a value: plotly has no types
Colour = Any  # as matplotlib takes it: a name, #RRGGBB, or shares of one
Drawn = Any  # what of matplotlib stands for a trace in a legend
FORMS: tuple[Form, ...] = ("svg", "png")
PlotlyFigure = Any
"""What the functions of this package return, for code that does not import plotly."""

_INK, _PAPER, _GRID = "#4a4b53", "#ffffff", "#e4e4e8"
_INCHES, _DOTS = 8.0, 100  # of width; to the inch
_SYMBOLS = {
    "circle": "o", "square": "s", "diamond": "D", "triangle-up": "^", "triangle-down": "v",
    "cross": "P", "x": "X", "x-thin": "x", "star": "*", "pentagon": "p", "hexagon": "h",
    "hexagram": "H", "bowtie": "<", "hourglass": ">",
}  # fmt: skip
_DASHES = {"dot": ":", "dash": "--", "dashdot": "-."}
_SIDES = {"left": "left", "right": "right", "center": "center", "auto": "center", None: "center"}
_HEIGHTS = {"bottom": "bottom", "top": "top", "middle": "center", "auto": "center", None: "center"}


def draw_static(figure: go.Figure, form: Form = "svg") -> bytes:
    """Draw a figure of bars, lines and points as the bytes of an SVG or PNG file.

    It is drawn on white, 800 pixels wide and as high as the figure says. Raises UsageError
    where matplotlib is not installed, ValueError for a trace of another kind.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError as error:
        raise UsageError(
            "Charts are drawn into files by matplotlib, which is not installed. Install it: "
            "uv sync --extra story (or pip install matplotlib)."
        ) from error

    layout = figure.layout
    # The same figure gives the same bytes; text becomes outlines, so no font is needed.
    settings: Any = {"svg.hashsalt": "medallion", "svg.fonttype": "path", "font.size": 9.5,
                "axes.unicode_minus": True, "text.parse_math": False}  # fmt: skip
    with mpl.rc_context(settings):
        height = (layout.height or 460) / _DOTS
        sheet = Figure(figsize=(_INCHES, height), dpi=_DOTS, facecolor=_PAPER, layout="constrained")
        axes = sheet.add_subplot(facecolor=_PAPER)
        _style(axes)
        bottoms: dict[Any, float] | None = {} if layout.barmode == "stack" else None
        handles: dict[str, Any] = {}
        for trace in figure.data:
            handle = _trace(axes, trace, bottoms)
            if trace.name is not None and trace.showlegend is not False:
                handles.setdefault(_words(trace.name), handle)
        _axis(axes, "x", layout.xaxis)
        _axis(axes, "y", layout.yaxis)
        for shape in layout.shapes:
            axes.plot([shape.x0, shape.x1], [shape.y0, shape.y1], color=_colour(shape.line.color),
                      linewidth=shape.line.width or 1, transform=_space(axes, shape),
                      clip_on=False, scalex=False, scaley=False)  # fmt: skip
        for note in layout.annotations:
            axes.text(note.x, note.y, _words(note.text), color=_colour(note.font.color),
                      ha=_SIDES[note.xanchor], va=_HEIGHTS[note.yanchor],
                      transform=_space(axes, note), fontweight="bold")  # fmt: skip
        _head(axes, layout)
        if handles and (layout.showlegend or (layout.showlegend is None and len(handles) > 1)):
            sheet.legend(handles.values(), handles.keys(), loc="outside lower left", ncols=6,
                         frameon=False, labelcolor=_INK)  # fmt: skip
        target = io.BytesIO()
        alt = str((layout.meta or {}).get("alt", ""))
        told = {"Date": None, "Title": _words(layout.title.text), "Description": alt}
        sheet.savefig(target, format=form, metadata=told if form == "svg" else None)
    return target.getvalue()


def _style(axes: Axes) -> None:
    axes.grid(visible=True, color=_GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=_INK, length=0)
    for side in axes.spines.values():
        side.set_visible(False)


def _head(axes: Axes, layout: Plotly) -> None:
    """The title, and under it the subtitle, above what stands over the axes."""
    room = 20 if layout.annotations else 6
    axes.set_title(_words(layout.title.text), loc="left", color="#1f2026", fontsize=12.5,
                   pad=room + 17)  # fmt: skip
    axes.annotate(_words(layout.title.subtitle.text), (0, 1), (0, room), color=_INK,
                  xycoords="axes fraction", textcoords="offset points")  # fmt: skip


def _trace(axes: Axes, trace: Plotly, bottoms: dict[Plotly, float] | None) -> Drawn:
    """Draw a trace and return what stands for it in the legend."""
    if trace.type == "bar":
        return _bars(axes, trace, bottoms)
    if trace.type == "scatter":
        return _points(axes, trace)
    raise ValueError(f"a trace of kind {trace.type} is not drawn into files")


def _bars(axes: Axes, trace: Plotly, bottoms: dict[Plotly, float] | None) -> Drawn:
    from matplotlib.patches import Patch

    # A bar without a length stands in the legend only.
    shown = [(x, y) for x, y in zip(trace.x, trace.y, strict=True) if None not in (x, y)]
    colours = trace.marker.color
    several = not isinstance(colours, str) and colours is not None
    look: dict[str, Any] = {
        "color": [_colour(c) for c in colours] if several else _colour(colours),
        "alpha": trace.opacity if trace.opacity is not None else trace.marker.opacity,
        "hatch": "//" if trace.marker.pattern.shape else None,
    }
    if trace.orientation == "h":
        axes.barh([_place(y) for _, y in shown], [x for x, _ in shown], **look)
    elif shown:
        under = [(bottoms or {}).get(x, 0.0) for x, _ in shown]
        axes.bar([_place(x) for x, _ in shown], [y for _, y in shown], width=trace.width or 0.8,
                 bottom=under, **look)  # fmt: skip
        if bottoms is not None:
            bottoms.update({x: low + y for (x, y), low in zip(shown, under, strict=True)})
    return Patch(**{**look, "color": look["color"][0] if several else look["color"]})


def _points(axes: Axes, trace: Plotly) -> Drawn:
    mode = trace.mode or "lines"
    colour = _colour(trace.marker.color if "markers" in mode else trace.line.color)
    if trace.line.color is not None and "lines" in mode:
        colour = _colour(trace.line.color)
    symbol = trace.marker.symbol
    values = [float("nan") if y is None else y for y in trace.y]
    look: dict[str, Any] = {
        "linestyle": _DASHES.get(trace.line.dash, "-") if "lines" in mode else "none",
        "linewidth": trace.line.width or 1.6,
        "marker": _SYMBOLS.get(str(symbol or "circle"), "o") if "markers" in mode else "",
        "markersize": 0.62 * float(trace.marker.size or 6),
        "alpha": trace.marker.opacity,
        "color": colour,
    }
    places = [_place(x) for x in trace.x]
    bars = trace.error_y
    if bars.array is None:
        return axes.plot(places, values, clip_on=trace.cliponaxis is not False, **look)[0]
    low = bars.arrayminus if bars.arrayminus is not None else bars.array
    return axes.errorbar(places, values, yerr=[list(low), list(bars.array)], capsize=2,
                         elinewidth=bars.thickness or 1.5, **look)  # fmt: skip


def _axis(axes: Axes, which: Literal["x", "y"], axis: Plotly) -> None:
    """Title, scale, range and ticks of one axis, as the figure has them."""
    own = axes.xaxis if which == "x" else axes.yaxis
    own.set_label_text(_words(axis.title.text), color=_INK)
    own.set_tick_params(which="minor", length=0)
    if axis.type == "log":
        axes.set(**{f"{which}scale": "log"})
    if axis.range is not None:
        ends = [10**end if axis.type == "log" else end for end in axis.range]
        axes.set(**{f"{which}lim": ends})
    elif axis.rangemode == "tozero":
        axes.set(**{f"{which}lim": (0, None)})
    if axis.tickvals is not None:
        labels = [_words(t) for t in axis.ticktext or axis.tickvals]
        own.set_ticks(list(axis.tickvals), labels=labels)
    elif axis.tickformat == ",":
        own.set_major_formatter("{x:,.0f}")
    if axis.tickangle == -90:
        own.set_tick_params(rotation=90, labelsize=8)
    if axis.showgrid is False:
        own.grid(visible=False)


def _space(axes: Axes, item: Plotly) -> Transform:
    """The coordinates that a shape or note is placed in: the data's, or shares of the frame."""
    from matplotlib.transforms import blended_transform_factory

    parts = [axes.transAxes if ref == "paper" else axes.transData for ref in (item.xref, item.yref)]
    return blended_transform_factory(*parts)


def _place(value: Plotly) -> Plotly:
    return _words(value) if isinstance(value, str) else value


def _words(text: Plotly) -> str:
    """Text without plotly's markup."""
    return html.unescape(re.sub(r"<[^>]+>", "", str(text))) if text is not None else ""


def _colour(value: Plotly) -> Colour:
    """A colour as matplotlib takes it; rgba(r,g,b,a) becomes shares of one."""
    if found := re.fullmatch(r"rgba?\(([^)]+)\)", str(value)):
        parts = [float(part) for part in found[1].split(",")]
        return (*(part / 255 for part in parts[:3]), *parts[3:])
    return value if value is not None else _INK
