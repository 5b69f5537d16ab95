"""SQL: questions to every table, in the reader's own words."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs
import streamlit as st

from medallion import Lake
from medallion.errors import MedallionError
from medallion.figures import MOST_MARKS, result_chart
from medallion.status import LAYERS
from pages.shared import cache, draw, lead, say, state
from pages.shared.words import escaped, plural

SECONDS = 20.0
MOST_ROWS = 100_000
SHOWN = 1_000
MOST_NAMES = 100  # of rows that a chart names one by one unasked
NONE = "(none)"
MARKS = {"Points": "points", "Bars": "bars", "Line": "line"}

# Title → the question. Each runs on any lake that has gold.
EXAMPLES = {
    "Which alleles are above 20 % in one super-population alone?": """\
select chrom, pos, ref, alt, population, af
from gold.frequencies
where level = 'super_population' and af > 0.2
qualify count(*) over (partition by file, record, alt_index) = 1
order by af desc
limit 200""",
    "How diverse is each population?": """\
select population, super_population, samples, polymorphic_alleles, singletons, pi
from gold.populations
where level = 'population'
order by pi desc""",
    "How many variants are there of each type?": """\
select variant_type, count(*) as alleles, round(avg(ac / an), 4) as mean_frequency
from silver.variants
where an > 0
group by variant_type
order by alleles desc""",
    "Why was something set apart or remarked upon?": """\
select verdict, reason, count(*) as defects, min(line) as first_line
from silver.defects
group by verdict, reason
order by defects desc""",
    "Where do these numbers come from?": """\
select file, kind, bytes, sha256, fetched_at
from bronze.files""",
}


def ask(sql: str) -> None:
    """Put a question into the editor and run it."""
    st.session_state["sql"] = sql
    ran(sql)


def ran(sql: str) -> None:
    """Remember that a question was run: coming Back to it shows its result again."""
    st.session_state["ran"] = sql
    st.session_state["ran before"] = st.session_state.get("ran before", frozenset()) | {sql}


def editor() -> str | None:
    """Draw the editor and the examples; return the question to run, if one is asked."""
    typed = str(st.session_state.get("sql") or st.query_params.get("sql") or "").strip()
    with st.expander("Questions to start from", icon=":material/lightbulb:", expanded=not typed):
        for title, sql in EXAMPLES.items():
            st.button(title, on_click=ask, args=(sql,), key=f"example {title}", type="tertiary")
    arrived = "sql" not in st.session_state or "ran" not in st.session_state
    text = st.text_area(
        "SELECT …",
        key="sql",
        bind="query-params",
        height=180,
        placeholder="select * from gold.populations",
        help="One SELECT in DuckDB's SQL. Tables can be read, not changed; files and the network "
        f"are out of reach. It is stopped after {SECONDS:.0f} seconds, or where it takes "
        "more than 3 GB of memory; what does not fit there is put aside on the disk meanwhile.",
    )
    if st.button("Run", type="primary", icon=":material/play_arrow:", disabled=not text.strip()):
        ran(text)
    if arrived and text.strip():
        ran(text)  # a link that holds a question
    if text in st.session_state.get("ran before", ()):
        st.session_state["ran"] = text
    asked: str | None = st.session_state.get("ran")
    if asked and asked != text:
        st.caption("The result below is of the question before. Press Run for this one.")
    return asked


def cancel(sql: str) -> None:
    """Forget that a question was run: the run of the page that waits for it ends, and it too."""
    st.session_state["ran"] = ""
    st.session_state["ran before"] = st.session_state.get("ran before", frozenset()) - {sql}
    st.session_state["cancelled"] = sql


def answer(lake: Lake, sql: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Run the question, with how long it takes and a way to stop it, unless it has run."""
    versions = tuple(lake.version(layer) for layer in LAYERS)
    asked = (str(lake.path), versions, sql, MOST_ROWS + 1, SECONDS)
    if st.session_state.get("answered") == asked:
        return cache.query(*asked)
    waiting = st.empty()
    with waiting.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Cancel", icon=":material/cancel:", on_click=cancel, args=(sql,), key="sql cancel",
            help="Ends the question at once. Other pages stay usable meanwhile.",
        )  # fmt: skip
        st.caption(f"A question may take {SECONDS:.0f} seconds at the most.")
    try:
        with st.spinner("Asking …", show_time=True):
            found = cache.query(*asked)
    finally:
        waiting.empty()
    st.session_state["answered"] = asked
    return found


def show_schema(lake: Lake) -> None:
    """Show every table with its columns and their meaning."""
    with st.expander("Tables and their columns", icon=":material/table:", expanded=True):
        tables = {t.name: t for t in lake.tables()}
        name = st.selectbox("Table", list(tables), key="of", bind="query-params")
        table = tables[name or next(iter(tables))]
        st.text(f"One row per {table.row}.")
        look = f"select * from {table.name} limit 100"  # noqa: S608  # a name of ours
        with st.container(height=365, border=False):
            st.button("Its first 100 rows", on_click=ask, args=(look,), type="tertiary")
            for column in table.columns:
                unit = f", {column.unit}" if column.unit else ""
                st.markdown(
                    f"**{escaped(column.name)}** :gray[{escaped(column.type + unit)}]  \n"
                    f"{escaped(column.meaning)}"
                )


def how_much(rows: int, *, cut: bool) -> str:
    """Say how many rows there are, and which the table, a chart and the downloads hold."""
    told = f"More than {plural(rows, 'row')}." if cut else f"{plural(rows, 'row')}."
    if rows <= SHOWN:
        return told
    drawn = f"the first {MOST_MARKS:,}" if rows > MOST_MARKS else "all"
    held = f"the first {rows:,}" if cut else "all"
    return (
        f"{told} The table shows the first {SHOWN:,}, a chart draws {drawn}, the downloads hold "
        f"{held}."
    )


def show_result(lake: Lake, sql: str) -> None:
    """Run the question and show its rows, their download and a chart of them."""
    try:
        frame, remarks = answer(lake, sql)
    except MedallionError as error:
        say.failure("This question could not be run.", str(error), "Change it and press Run.")
        return
    cut = frame.height > MOST_ROWS
    frame = frame.head(MOST_ROWS)
    st.subheader("Result", anchor=False)
    st.text(how_much(frame.height, cut=cut))
    for remark in remarks:
        st.text(remark)
    if frame.is_empty():
        st.caption("Nothing fits all conditions. Leave one out, or look at the columns.")
        return
    draw.table(
        frame.head(SHOWN),
        {
            name: draw.number(name, f"{kind}", "%.6g" if kind.is_float() else "localized")
            if kind.is_numeric()
            else draw.text(name, f"{kind}")
            for name, kind in frame.schema.items()
        },
        alt="Result of the question",
    )
    flat = frame.select(name for name, kind in frame.schema.items() if not kind.is_nested())
    draw.downloads(flat if flat.width < frame.width else frame, "result", "the result")
    show_chart(flat)


def fit_across(frame: pl.DataFrame) -> str | None:
    """Return the column to draw another over unasked, or None where no pair is sure to be meant.

    The first, where it is a number or a time; else the first that names each row once, where
    these are few enough to stand side by side.
    """
    names = frame.columns
    kind = frame.schema[names[0]]
    if kind.is_temporal() or (kind.is_numeric() and len(frame.select(cs.numeric()).columns) > 1):
        return names[0]
    if frame.height > MOST_NAMES:
        return None
    words = [name for name in names if not frame.schema[name].is_numeric()]
    return next((name for name in words if frame[name].n_unique() == frame.height), None)


def show_chart(frame: pl.DataFrame) -> None:
    """Draw two columns of the result against each other."""
    numbers = [name for name, kind in frame.schema.items() if kind.is_numeric()]
    if not numbers or frame.width < 2:
        return
    st.subheader("As a chart", anchor=False)
    first, second, third, fourth = st.columns(4)
    words = [name for name in frame.columns if name not in numbers]
    offered = [NONE, *frame.columns]
    across = first.selectbox(
        "Across", offered, key="chart_across", bind="query-params",
        index=offered.index(fit_across(frame) or NONE),
    )  # fmt: skip
    if across == NONE:
        st.caption("Choose a column for Across to draw a chart.")
        return
    own = [name for name in numbers if name != across] or numbers
    up = second.selectbox("Up", own, key="chart_up", bind="query-params")
    colour = third.selectbox(
        "Colour by", [NONE, *words], key="chart_colour", bind="query-params", index=0
    )
    mark = fourth.selectbox("Drawn as", list(MARKS), key="chart_mark", bind="query-params")
    if frame.height > MOST_MARKS:
        st.caption(f"A chart draws the first {MOST_MARKS:,} rows. Group or filter for fewer.")
    draw.figure(
        result_chart(
            frame,
            x=across,
            y=up,
            colour=None if colour == NONE else colour,
            mark=MARKS[mark],  # type: ignore[arg-type]
            theme=state.theme(),
        ),
        key="result",
    )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("SQL", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Ask every table of every layer, in SQL.")
    if not lake.tables():
        say.text_note("There is no table yet.", ["Build the layers on the Overview page."])
        return
    cache.expect_query()
    left, right = st.columns([3, 2], gap="medium")
    with left:
        asked = editor()
    with right:
        show_schema(lake)
    if asked and asked.strip():
        show_result(lake, asked)
        named = [table.name for table in lake.tables() if table.name in asked.casefold()]
        lead.made(lake, named, ["The question above, put by DuckDB to the published tables."])
    elif st.session_state.pop("cancelled", None):
        say.text_note("The question was cancelled.", ["Change it, or press Run to ask it again."])


main()
