"""Figures and tables on a page, each with its downloads."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl
import streamlit as st

from medallion.export import as_text
from pages.shared import find, state
from pages.shared.dress import dressed
from pages.shared.words import plural

__all__ = [
    "EMPTY", "as_bytes", "downloads", "figure", "made_downloads", "number", "probability",
    "row_height", "stem", "table", "text", "unsigned_zeros", "views",
]  # fmt: skip

EMPTY = "–"
"""What a table shows for a null."""

Column = Any  # what st.column_config's functions return
Width = Literal["small", "medium", "large"] | int

_DECIMALS = re.compile(r"%\+?\.(\d)f")
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TABLE_HEIGHT = 420
_ROW, _LINE = 35, 20  # pixels of a row of one line, and of each further one
_WRAPS = 65  # Streamlit wraps text in rows of more than 64 pixels alone


def figure(
    drawn: go.Figure, key: str, on_select: Callable[[], None] | None = None, *, wide: bool = False
) -> None:
    """Show a figure, with its sentence for a screen reader.

    `on_select` is called after a stretch or a mark was selected, which then stands in
    the session under `key`. A `wide` one does not shrink to a phone's width but is moved
    sideways there, see `look`; dragging on it does not zoom.
    """
    if wide:
        drawn.update_layout(dragmode=False)  # else a finger draws a box in place of moving it
        with st.container(key=f"wide-{stem(key)}"):
            figure(drawn, key, on_select)
        return
    meta = drawn.layout.meta or {}
    drawn = dressed(drawn, state.theme())
    if on_select and drawn.layout.dragmode == "select":
        drawn.update_layout(clickmode="event")  # as Streamlit would, having it drawn anew
    unused = ["lasso2d", "autoScale2d", *([] if on_select else ["select2d"])]
    st.plotly_chart(
        drawn,
        key=key,
        theme=None,
        alt=meta.get("alt"),
        on_select=on_select or "ignore",
        selection_mode=("box", "points"),
        config={
            "displaylogo": False,
            "modeBarButtonsToRemove": unused,
            "toImageButtonOptions": {"format": "png", "filename": stem(key), "scale": 3},
        },
    )


def number(label: str, meaning: str, form: str = "localized", width: Width | None = None) -> Column:
    """Return a number column's heading, format and help."""
    return st.column_config.NumberColumn(label, help=meaning, format=form, width=width)


def probability(label: str, meaning: str) -> Column:
    """Return a column of p-values, to three digits however small: 0.205 and 1.3e-8."""
    return number(label, meaning, "%.3g", 110)


def text(label: str | None, meaning: str, width: Width | None = None) -> Column:
    """Return a text column's heading and help."""
    return st.column_config.TextColumn(label, help=meaning, width=width)


def table(
    frame: pl.DataFrame,
    columns: Mapping[str, Any],
    *,
    alt: str,
    height: int = _TABLE_HEIGHT,
    lines: int = 1,
    key: str | None = None,
    chosen: Callable[[], None] | None = None,
) -> None:
    """Show the named columns of a frame that fits on a page whole, in their order.

    A row is `lines` lines high, in which long text is wrapped.

    The frame is sent at once, never in parts: search, sorting and selection work on all
    of it. Limit it first. `chosen` is called when a row is chosen, which is
    then in the session's state under `key`.
    """
    wanted = [name for name in columns if name in frame.columns]
    st.dataframe(
        unsigned_zeros(frame.select(wanted), columns),
        hide_index=True,
        column_config={name: columns[name] for name in wanted},
        height=min(height, _ROW + row_height(lines) * frame.height + 3),
        row_height=row_height(lines),
        lazy=False,
        placeholder=EMPTY,
        key=key,
        on_select=chosen or "ignore",
        selection_mode="single-row",
        alt=alt,
    )


def row_height(lines: int) -> int:
    """Return the height of a table's rows of so many lines, in pixels; beyond one, text wraps."""
    return _ROW if lines == 1 else max(_WRAPS, _ROW + _LINE * (lines - 1))


def unsigned_zeros(frame: pl.DataFrame, columns: Mapping[str, Any]) -> pl.DataFrame:
    """Return the frame with a plain 0 for what a column's decimals would show as -0.0000."""
    zeroed = []
    for name in frame.columns:
        form = columns[name].get("type_config", {}).get("format")
        if frame.schema[name].is_float() and (decimals := _DECIMALS.fullmatch(form or "")):
            little = pl.col(name).is_between(-0.5 * 10.0 ** -int(decimals[1]), 0.0)
            zeroed.append(pl.when(little).then(0.0).otherwise(pl.col(name)).alias(name))
    return frame.with_columns(zeroed)


def views(choices: Sequence[str], key: str) -> str:
    """Let the reader choose which view of the page to see; it is `key` in the page's link."""
    chosen = st.segmented_control(
        "Show",
        choices,
        default=find.default(key, choices[0]),
        required=True,
        key=key,
        bind="query-params",
        label_visibility="collapsed",
    )
    return chosen or choices[0]


def downloads(frame: pl.DataFrame, name: str, what: str) -> None:
    """Offer `frame` as CSV and as Parquet. `name` is the file's, without its ending."""
    made_downloads(lambda: frame, name, f"Download {what}: {plural(frame.height, 'row')}.")


def made_downloads(
    make: Callable[[], pl.DataFrame], name: str, meaning: str, label: str = ""
) -> None:
    """Offer what `make` returns as CSV and as Parquet; it is called when one is asked for.

    `label` stands before the format on the buttons.
    """
    with st.container(horizontal=True):
        for ending, mime in (("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet")):
            word = "CSV" if ending == "csv" else "Parquet"
            st.download_button(
                f"{label}, {word}" if label else word,
                data=partial(_made, make, ending),
                file_name=f"{stem(name)}.{ending}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"download {name} {ending}",
                help=meaning,
            )


def _made(make: Callable[[], pl.DataFrame], ending: str) -> bytes:
    return as_bytes(make(), ending)


def stem(name: str) -> str:
    """Return a file's name without ending, of letters that every system takes."""
    return _UNSAFE.sub("_", name).strip("_")[:80] or "table"


def as_bytes(frame: pl.DataFrame, ending: str) -> bytes:
    """Return the frame as the bytes of a .csv or .parquet file; a CSV's text runs nowhere."""
    if ending == "csv":
        return as_text(frame.lazy()).collect().write_csv().encode("utf-8")
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
