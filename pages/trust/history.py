"""History: every build of the lake, why it was made, what came of it, and what it changed."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import streamlit as st

from medallion.figures.history import build_times
from pages.shared import cache, draw, say, state
from pages.shared.changes import changes
from pages.shared.words import plural, size

ROWS = 500


def summed_up(run: dict[str, Any]) -> str:
    """Say of a build what the table's columns have, few of which a phone shows at a time."""
    said = [f"{run['outcome'].capitalize()} after {run['seconds']:,.1f} s"]
    said.append(f"asked by {run['asked_by']}")
    for rows, taken, way in (("rows_in", "bytes_in", "in"), ("rows", "bytes", "out")):
        amount = [] if run[rows] is None else [plural(run[rows], "row")]
        amount += [] if run[taken] is None else [size(run[taken])]
        said += [f"{way}: {', '.join(amount)}"] if amount else []
    if run["peak_memory"] is not None:
        said.append(f"peak memory: {size(run['peak_memory'])}")
    return f"{'; '.join(said)}."


def show_run(run: dict[str, Any]) -> None:
    """Show one build: its stages, its reasons, the versions that made it."""
    st.subheader(f"{str(run['layer']).capitalize()}, {run['started_at']:%Y-%m-%d %H:%M:%S} UTC",
                 anchor=False)  # fmt: skip
    for reason in run["reasons"] or []:
        st.text(str(reason))
    st.text(summed_up(run))
    if run["code"]:
        st.text(f"Made by code {str(run['code'])[:12]}: another makes the layer out of date.")
    if run["error"]:
        st.code(str(run["error"]), language=None, wrap_lines=True)
    left, right = st.columns(2)
    with left:
        stages = json.loads(str(run["stages"]))
        draw.table(
            pl.DataFrame(
                {"stage": list(stages), "seconds": [float(s) for s in stages.values()]},
                schema={"stage": pl.String, "seconds": pl.Float64},
            ),
            {
                "stage": draw.text("Stage", "What was done."),
                "seconds": draw.number("Seconds", "Until the next stage began.", "%.2f"),
            },
            alt="Stages of the build",
        )
    with right:
        versions = json.loads(str(run["versions"]))
        draw.table(
            pl.DataFrame(
                {"package": list(versions), "version": list(versions.values())},
                schema={"package": pl.String, "version": pl.String},
            ),
            {
                "package": draw.text("Package", "Python, or a library that made the tables."),
                "version": draw.text("Version", "As installed at the time."),
            },
            alt="Versions of the packages",
        )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("History", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Every build of a layer, done, failed or cancelled: when, why, how long, how much.")
    versions = tuple(lake.version(layer) for layer in ("bronze", "silver", "gold"))
    runs = cache.history(str(lake.path), versions)
    if runs.is_empty():
        say.text_note(
            "Nothing has been built since this lake keeps a history.",
            ["Build a layer on the Overview page: it leaves a line here."],
        )
        return
    draw.figure(build_times(runs, theme=state.theme()), key="build times")
    newest = runs.reverse().head(ROWS)
    st.caption(
        f"{plural(runs.height, 'build')}, newest first. Tick one to see all that is known of it."
    )
    shown = newest.with_columns(
        pl.col("reasons").list.join(" "),
        taken=pl.col("bytes_in").map_elements(size, return_dtype=pl.String),
        size=pl.col("bytes").map_elements(size, return_dtype=pl.String),
        memory=pl.col("peak_memory").map_elements(size, return_dtype=pl.String),
    )
    # What a phone shows at once stands first; a tick tells the rest.
    columns = {
        "started_at": st.column_config.DatetimeColumn(
            "Started", help="UTC.", timezone="UTC", format="YYYY-MM-DD HH:mm", width=126
        ),
        "layer": draw.text("Layer", "What was built.", 62),
        "outcome": draw.text("Outcome", "done, failed or cancelled.", 76),
        "seconds": draw.number("Seconds", "From start to end.", "%.1f", 68),
        "reasons": draw.text("Why", "What had changed, or was missing.", 260),
        "asked_by": draw.text("Asked by", "dashboard, command line or Python.", 105),
        "rows_in": draw.number(
            "Rows in", "Into silver: records of the files; into gold: rows of silver's tables."
        ),
        "taken": draw.text(
            "Size in",
            "Into bronze and silver: of the files; into gold: of silver's tables.",
            "small",
        ),
        "rows": draw.number("Rows out", "Of all tables of the layer, together."),
        "size": draw.text("Size out", "Of the tables on disk.", "small"),
        "memory": draw.text("Peak memory", "Of the whole process up to then.", 100),
        "error": draw.text("Error", "What stood in the way.", 260),
    }
    ticked = st.dataframe(
        shown.select(list(columns)),
        hide_index=True,
        column_config=columns,
        height=min(420, 38 + draw.row_height(3) * shown.height),
        row_height=draw.row_height(3),
        lazy=False,
        placeholder=draw.EMPTY,
        key="runs",
        on_select="rerun",
        selection_mode="single-row",
        alt="Builds of the lake",
    )
    rows = ticked["selection"]["rows"]
    if rows and rows[0] < newest.height:
        show_run(newest.row(rows[0], named=True))
    draw.downloads(runs.with_columns(pl.col("reasons").list.join(" ")), "history", "all builds")
    changes(lake)


main()
