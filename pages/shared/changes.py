"""What changed in a table since an earlier version of it."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.errors import MedallionError
from medallion.versions import Comparison
from pages.shared import cache, draw, say
from pages.shared.words import plural, size

__all__ = ["changes"]

SHOWN = 200
TABLE = "changed_table"
VERSION = "changed_since"


def changes(lake: Lake) -> None:
    """Draw the choice of a table and an earlier version, and what became of its rows."""
    st.subheader("What changed", anchor=False)
    st.caption("Pick a table to see what became of its rows since an earlier version of it.")
    names = [t.name for t in lake.tables()]
    if not names:
        st.caption("There is no table yet.")
        return
    first = names.index("gold.frequencies") if "gold.frequencies" in names else 0
    left, right = st.columns(2)
    name = left.selectbox("Table", names, index=first, key=TABLE, bind="query-params")
    name = name or names[first]
    token = lake.version(name.partition(".")[0])
    try:
        st.caption(
            f"This lake keeps {plural(lake.keeps, 'earlier version')} of each table; "
            "medallion build --keep N sets how many."
        )
        kept = cache.kept_versions(str(lake.path), token, name)
        earlier = kept.filter(pl.col("state") == "earlier")
        if earlier.is_empty():
            st.caption(
                f"No earlier version of {name} is kept: it was built once, or cleaned since. "
                "Build its layer again, and the one that is there now is kept beside it."
            )
            return
        times = dict(earlier.select("version", "committed_at").iter_rows())
        version = right.selectbox(
            "Earlier version",
            list(times),
            format_func=lambda v: f"{v}, of {times[v]:%Y-%m-%d %H:%M:%S} UTC",
            key=f"{VERSION} {name}",
        )
        row = earlier.filter(pl.col("version") == version).row(0, named=True)
        st.caption(f"{plural(row['rows'], 'row')}, {size(row['bytes'])} on disk.")
        with st.expander("Its first rows, as they were", icon=":material/table_rows:"):
            rows = cache.rows_of_version(str(lake.path), token, name, int(version), SHOWN)
            draw.table(rows, _columns(rows, "As it was"), alt=f"First rows of version {version}")
            st.caption("All of them: medallion export, with --version.")
        found = cache.changed(str(lake.path), token, name, int(version), SHOWN)
    except MedallionError as error:
        say.failure("The versions cannot be compared.", str(error), "Build the layer again.")
        return
    show(found)


def _columns(rows: pl.DataFrame, meaning: str) -> dict[str, Any]:
    return {
        c: draw.number(c, f"{meaning}.", "%.6g" if t.is_float() else "localized")
        if t.is_numeric()
        else draw.text(c, f"{meaning}.")
        for c, t in rows.schema.items()
    }


def show(found: Comparison) -> None:
    """Show a comparison: its numbers, the columns that changed, the first rows of each kind."""
    with st.container(horizontal=True):
        for label, number, meaning in (
            ("Added", found.added, "Rows that the earlier version does not have."),
            ("Removed", found.removed, "Rows that are no longer there."),
            ("Changed", found.changed, "Rows of the same name with another value."),
            ("The same", found.same, "Rows that are in both as they were."),
        ):
            st.metric(label, f"{number:,}", help=meaning, border=True)
    for words, names in (
        ("New columns", found.new_columns), ("Columns that are gone", found.lost_columns),
    ):  # fmt: skip
        if names:
            st.text(f"{words}: {', '.join(names)}")
    if found.key:
        st.text(f"A row is known by {', '.join(found.key)}.")
    if not (found.added or found.removed or found.changed):
        st.markdown(":green[:material/check_circle: **Every row is as it was.**]")
        return
    if not found.columns.is_empty():
        draw.table(
            found.columns,
            {
                "column": draw.text("Column", "Column in which values changed."),
                "rows": draw.number("Rows", "Rows in which it changed."),
                "largest_difference": draw.number(
                    "Largest difference", "Between a number before and now.", "%.6g"
                ),
            },
            alt="Columns that changed",
        )
    for kind, count, rows in (
        ("Changed", found.changed, found.first_changed),
        ("Added", found.added, found.first_added),
        ("Removed", found.removed, found.first_removed),
    ):
        if rows.is_empty():
            continue
        told = f"the first {SHOWN:,} of {plural(count, 'row')}" if count > SHOWN else "all"
        st.markdown(f"**{kind}** ({told})")
        draw.table(
            rows,
            _columns(rows, kind),
            alt=f"Rows {kind.lower()}",
        )
        draw.downloads(rows, f"{found.table} {kind.lower()}", "these rows")
