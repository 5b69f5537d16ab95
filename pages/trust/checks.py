"""Checks: what was tested about the lake, and what came of it."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion.catalog.checks import AT_BUILD, KINDS
from medallion.failing import question
from pages.shared import cache, draw, find, panels, say, state
from pages.shared.words import escaped, plural

SQL = "pages/explore/sql.py"
ORDER = {"error": 0, "warning": 1}
MOST_LINKS = 40


def verdicts(frame: pl.DataFrame, what: str) -> None:
    """Show checks, those that fail first, with a sentence that sums them up."""
    severity = pl.col("severity").cast(pl.String)
    missed = frame.filter(~pl.col("ok"))
    failed, warned, noted = (
        missed.filter(severity == each).height for each in ("error", "warning", "info")
    )
    rest = ", ".join(
        plural(n, word) if n else f"no {word}s"
        for n, word in ((warned, "warning"), (noted, "note"))
    )
    if failed:
        st.markdown(f":red[:material/error: **{plural(failed, 'check')} failed; {rest}.**]")
    elif warned:
        st.markdown(f":orange[:material/info: **No errors, {rest}.**]")
    elif noted:
        st.markdown(f":blue[:material/info: **No errors, {rest}: facts to know.**]")
    else:
        st.markdown(":green[:material/check_circle: **All checks hold.**]")
    words = (
        pl.when(pl.col("ok"))
        .then(pl.lit("holds"))
        .when(severity == "error")
        .then(pl.lit("FAILED"))
        .when(severity == "warning")
        .then(pl.lit("warning"))
        .otherwise(pl.lit("note"))
    )
    draw.table(
        frame.with_columns(verdict=words).sort("ok", maintain_order=True),
        {
            "verdict": draw.text("Verdict", "holds, note, warning or FAILED.", "small"),
            "id": draw.text("Check", "A name that stays the same between versions.", 150),
            "layer": draw.text("Layer", "What it looks at.", "small"),
            "about": draw.text("About", "The file, contig or group that was checked.", 120),
            "message": draw.text("What should hold", "In words.", 330),
            "expected": draw.text("Expected", "What was expected.", 140),
            "found": draw.text("Found", "What was found.", 140),
        },
        alt=what,
        height=520,
        lines=2,
    )
    draw.downloads(frame, what.lower().replace(" ", "-"), "all checks")
    lead_to_rows(missed.sort(severity.replace_strict(ORDER, default=9), maintain_order=True))


def lead_to_rows(missed: pl.DataFrame) -> None:
    """Draw a link for each check whose verdict is not "holds", to the rows that it is about."""
    asked: dict[str, str] = {}
    for row in missed.iter_rows(named=True):
        about = str(row.get("about") or "")
        if (sql := question(row["id"], about)) is not None:
            asked.setdefault(f"{row['id']} {about}".strip(), sql)
    if not asked:
        return
    worst = set(missed["severity"].cast(pl.String))
    found = "what does not hold" if worst & set(ORDER) else "the notes"
    st.markdown(f"**The rows behind {found}**, as a question on the page SQL:")
    with st.container(horizontal=True, gap="small"):
        for label, sql in list(asked.items())[:MOST_LINKS]:
            find.link(escaped(label), ":material/table_rows:", SQL, {"sql": sql})
    if len(asked) > MOST_LINKS:
        st.caption(f"The first {MOST_LINKS} of {len(asked):,}.")


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Checks", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("What was tested about the numbers of this lake, and what came of it.")
    version = panels.need(lake, "gold")
    st.subheader("At the last build", anchor=False)
    frame = cache.first_rows(str(lake.path), version, "gold.checks", 10_000)
    verdicts(stored(frame), "Checks of the last build")
    st.subheader("Again, now", anchor=False)
    st.caption(
        "Reads every table again and hashes every byte of bronze: as medallion verify does. "
        "It finds what was changed on the disk since the build."
    )
    versions = tuple(lake.version(layer) for layer in ("bronze", "silver", "gold"))
    if st.button("Check everything now", icon=":material/verified:", type="primary"):
        cache.verified.clear()
        st.session_state["verified"] = versions
    if st.session_state.get("verified") == versions:
        verdicts(cache.verified(str(lake.path), versions), "Checks run now")
    with st.expander("All checks that there are", icon=":material/menu_book:"):
        catalog()


def catalog() -> None:
    """List every kind of check: what it looks at, how grave it is, what it means, when it is."""
    kinds = pl.DataFrame(
        [
            (k.id, k.layer, k.severity, k.meaning, "each build" if k.id in AT_BUILD else "verify")
            for k in KINDS.values()
        ],
        schema=["id", "layer", "severity", "meaning", "made"],
        orient="row",
    )
    draw.table(
        kinds,
        {
            "id": draw.text("Check", "A name that stays the same between versions.", 160),
            "layer": draw.text("Layer", "What it looks at.", "small"),
            "severity": draw.text(
                "Severity",
                "error: what fails is not published; warning: look at the source before trusting "
                "it; info: a fact to know.",
                "small",
            ),
            "meaning": draw.text("What should hold", "In words.", "large"),
            "made": draw.text("Made at", "Verify makes those of the build again, too.", "small"),
        },
        alt="All kinds of checks",
        height=420,
        lines=2,
    )


def stored(frame: pl.DataFrame) -> pl.DataFrame:
    """Return rows of `gold.checks` with the columns that `verdicts` reads."""
    return frame.with_columns(
        ok=pl.col("verdict").cast(pl.String) == "passed", message=pl.col("meaning")
    ).drop("verdict", "meaning")


main()
