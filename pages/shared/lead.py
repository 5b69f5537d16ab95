"""What leads from a sample to its page, and from a chart to how its table was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from medallion import Lake
from pages.shared import find

__all__ = ["made", "sample"]

_SAMPLE_PAGE = "pages/explore/sample.py"


def sample(row: Mapping[str, Any]) -> None:
    """Say who a sample is, with a link to its own page.

    `row` has sample, population, super_population, sex.
    """
    sex = "sex unknown" if row["sex"] == "unknown" else row["sex"]
    words = [row["sample"], row["population"], row["super_population"], sex]
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.text(" · ".join(str(word) for word in words if word), width="content")
        find.link(
            "Open the sample",
            ":material/person:",
            _SAMPLE_PAGE,
            {"sample": row["sample"]},
        )


def made(lake: Lake, names: Sequence[str], words: Sequence[str]) -> None:
    """Tell, folded up, how what is shown was made: `words` of our own, tables, when, sources.

    `names` are the tables that were read, with their layer: `gold.fst`.
    """
    tables = {table.name: table for table in lake.tables()}
    read = [tables[name] for name in names if name in tables]
    statuses = lake.status()
    with st.expander("How was this made?", icon=":material/help:"):
        for line in words:
            st.text(line)
        for table in read:
            st.text(f"{table.name}: one row per {table.row}.")
            if table.source:
                st.text(f"Source: {table.source}")
        for layer in dict.fromkeys(table.layer for table in read):
            if (built := statuses[layer].built_at) is not None:
                st.text(f"{layer.capitalize()} was built {built:%Y-%m-%d %H:%M} UTC.")
        st.text(f"Data: {lake.source.title}")
