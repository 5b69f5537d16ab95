"""Figures and tables on a page, each with its downloads."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl
import streamlit as st

__all__ = ["downloads", "figure", "number", "table", "text"]

Column = Any  # what st.column_config's functions return
Width = Literal["small", "medium", "large"]

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_TABLE_HEIGHT = 420


def figure(drawn: go.Figure, key: str) -> None:
    """Show a figure, with its sentence for a screen reader."""
    meta = drawn.layout.meta or {}
    st.plotly_chart(
        drawn,
        key=key,
        alt=meta.get("alt"),
        config={
            "displaylogo": False,
            "modeBarButtonsToRemove": ["lasso2d", "select2d", "autoScale2d"],
            "toImageButtonOptions": {"format": "svg", "filename": key},
        },
    )


def number(label: str, meaning: str, form: str = "localized") -> Column:
    """Return a number column's heading, format and help."""
    return st.column_config.NumberColumn(label, help=meaning, format=form)


def text(label: str | None, meaning: str, width: Width | None = None) -> Column:
    """Return a text column's heading and help."""
    return st.column_config.TextColumn(label, help=meaning, width=width)


def table(
    frame: pl.DataFrame, columns: Mapping[str, Any], *, alt: str, height: int = _TABLE_HEIGHT
) -> None:
    """Show the named columns of a frame that fits on a page whole, in their order.

    The frame is sent at once, never in parts: search, sorting and selection work on all
    of it. Limit it first.
    """
    wanted = [name for name in columns if name in frame.columns]
    st.dataframe(
        frame.select(wanted),
        hide_index=True,
        column_config={name: columns[name] for name in wanted},
        height=min(height, 35 * (frame.height + 1) + 3),
        lazy=False,
        alt=alt,
    )


def downloads(frame: pl.DataFrame, name: str, what: str) -> None:
    """Offer `frame` as CSV and as Parquet. `name` is the file's, without its ending."""
    stem = _UNSAFE.sub("_", name).strip("_")[:80] or "table"
    with st.container(horizontal=True):
        for ending, mime in (("csv", "text/csv"), ("parquet", "application/vnd.apache.parquet")):
            st.download_button(
                "CSV" if ending == "csv" else "Parquet",
                data=partial(_bytes, frame, ending),
                file_name=f"{stem}.{ending}",
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"download {name} {ending}",
                help=f"Download {what}: {frame.height:,} rows.",
            )


def _bytes(frame: pl.DataFrame, ending: str) -> bytes:
    if ending == "csv":
        return frame.write_csv().encode("utf-8")
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()
