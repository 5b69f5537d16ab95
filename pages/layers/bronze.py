"""Bronze: the source as it came: files, header, raw records, raw sample table."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.bronze.raw import RawRecord
from medallion.errors import UsageError
from pages.shared import became, cache, draw, panels, say, state
from pages.shared.words import plural, size, window

VIEWS = ["Files", "Header", "Records", "Samples"]
PAGE_SIZES = [10, 20, 50, 100]
FIXED_FIELDS = 9  # CHROM to FORMAT; what follows is one column a sample
SAMPLE_ROWS = 5_000


def choose_file(files: pl.DataFrame) -> str | None:
    """Return the VCF to look at, asking where there are several."""
    names = files.filter(pl.col("kind") == "vcf")["file"].to_list()
    if not names:
        st.caption("This lake holds no VCF.")
        return None
    if len(names) == 1:
        return str(names[0])
    chosen: str | None = st.selectbox("File", names, key="file", bind="query-params")
    return chosen


def show_files(files: pl.DataFrame) -> None:
    """Show where the bytes came from and their checksums."""
    st.caption(
        f"{plural(files.height, 'file')}, {size(int(files['bytes'].sum()))}. The checksums are "
        "those of the bytes as they came; `medallion verify` computes them again."
    )
    draw.table(
        files,
        {
            "file": draw.text("File", "Its name in the lake's bronze folder.", "medium"),
            "kind": draw.text("Kind", "vcf: genotypes; samples: who the samples are."),
            "chrom": draw.text("Chrom", "The chromosome that the release's file is for."),
            "bytes": draw.number("Bytes", "Size of the file as it came."),
            "md5": draw.text("MD5", "For comparison with what the release publishes."),
            "sha256": draw.text("SHA-256", "The fingerprint that silver is built from."),
            "url": draw.text("Source", "Where the file was fetched or read from."),
            "fetched_at": st.column_config.DatetimeColumn(
                "Taken in", help="When it came into the lake (UTC).", format="YYYY-MM-DD HH:mm:ss"
            ),
        },
        alt="The source files and their checksums",
    )
    draw.downloads(files, "bronze-files", "the list of files")


def show_header(lake: Lake, version: str, files: pl.DataFrame) -> None:
    """Show what the VCF's header declares, sorted by kind, and its raw lines."""
    file = choose_file(files)
    if file is None:
        return
    header = cache.header(str(lake.path), version, file)
    parts = {
        "INFO": header.info,
        "FORMAT": header.format,
        "FILTER": header.filters,
        "ALT": header.alts,
        "Contigs": header.contigs,
    }
    left, middle, right = st.columns(3)
    left.metric("Format", header.fileformat or "not given", help="The header's fileformat line.")
    middle.metric("Samples", f"{len(header.samples):,}", help="Columns after FORMAT.")
    right.metric(
        "Header lines",
        f"{len(header.lines):,}",
        help="Lines that begin with ##, and the line of column names.",
    )
    chosen = st.segmented_control(
        "What the header declares",
        [*parts, "Raw lines"],
        default="INFO",
        required=True,
        key="header",
        bind="query-params",
    )
    if chosen == "Raw lines":
        shown = [line for line in header.lines if line.startswith("##")]
        st.code("\n".join(shown), language=None, height=520)
        return
    entries = list(parts[chosen or "INFO"].values())
    if not entries:
        st.caption(f"The header declares no {chosen}.")
        return
    keys = list(dict.fromkeys(key for entry in entries for key in entry))
    frame = pl.DataFrame(
        {key: [entry.get(key) for entry in entries] for key in keys},
        schema=dict.fromkeys(keys, pl.String),
    )
    columns = {
        "ID": draw.text("ID", "The name that records use.", "small"),
        "Number": draw.text(
            "Number",
            "How many values: A one for each ALT, R for REF and each ALT, G for each genotype, "
            ". any number.",
            "small",
        ),
        "Type": draw.text("Type", "Type of the values.", "small"),
        "Description": draw.text("Description", "What the header says it is.", "large"),
    }
    other = draw.text(None, "As the header gives it.")
    draw.table(
        frame,
        {key: columns.get(key, other) for key in keys},
        alt=f"{chosen} lines of the header",
        height=600,
    )


def show_records(lake: Lake, version: str, files: pl.DataFrame) -> None:
    """Show raw records by number or position, a page at a time."""
    file = choose_file(files)
    if file is None:
        return
    total = int(files.filter(pl.col("file") == file)["records"].item())
    if not total:
        st.caption("This VCF has a header and no records.")
        return
    box, lines = st.columns([4, 1], vertical_alignment="bottom")
    at = (
        box.text_input(
            "Go to",
            key="at",
            bind="query-params",
            placeholder="#1",
            help="#5000 for the 5,000th record of the file; 22:16050075 for a position; "
            "22:16050000-16051000 for a region (1-based, both ends included).",
        )
        or "#1"
    ).strip()
    page = lines.selectbox("Records a page", PAGE_SIZES, index=1, key="lines", bind="query-params")
    number = at.removeprefix("#").replace(",", "").strip()
    where = at
    if number.isdigit():
        first = min(max(1, int(number)), total)
        where = f"#{first}-{first + page - 1}"
    try:
        records = cache.raw(str(lake.path), version, where, page, file)
    except UsageError as error:
        say.failure("This names no place in the file.", str(error), "Try #5000 or 22:16050075.")
        return
    if not records:
        say.text_note("No record starts there.", [at, "Widen the region, or go to a record."])
        return

    def go(to: int) -> None:
        st.session_state["at"] = f"#{max(1, to)}"

    earliest, latest = records[0], records[-1]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            on_click=go,
            args=(earliest.record - page,),
            disabled=earliest.record <= 1,
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            on_click=go,
            args=(latest.record + 1,),
            disabled=latest.record >= total,
        )
        unfold = st.toggle(
            "Show every call",
            key="calls",
            bind="query-params",
            help="A line holds one call for each sample, so it is long. Folded, its first nine "
            "columns are shown.",
        )
    if len(records) == 1:
        place = f"record {latest.record:,} of {total:,}, line {latest.line:,} of the file"
    else:
        place = (
            f"records {earliest.record:,} to {latest.record:,} of {total:,}, "
            f"lines {earliest.line:,} to {latest.line:,} of the file"
        )
    st.text(f"{file}: {place}")
    st.code(
        "\n".join(record.text if unfold else fold(record.text) for record in records),
        language=None,
        height=560 if len(records) > 20 else "content",
    )
    st.caption(
        "Exactly the file's characters, columns separated by tabs."
        if unfold
        else "The file's characters, columns separated by tabs; the calls are folded away."
    )
    show_sites(lake, file, records, total)


def show_sites(lake: Lake, file: str, records: list[RawRecord], total: int) -> None:
    """Show the first columns of the records as a table, and what became of a chosen one."""
    fields = [(record.text.split("\t", FIXED_FIELDS) + [""] * FIXED_FIELDS) for record in records]
    names = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")
    columns: dict[str, list[Any]] = {"record": [record.record for record in records]}
    columns |= {name: [row[i] for row in fields] for i, name in enumerate(names)}

    def take() -> None:
        rows = st.session_state["sites table"]["selection"]["rows"]
        if rows:
            st.session_state["record"] = records[rows[0]].record

    st.caption("The same records, column by column. Tick one to see what became of it.")
    st.dataframe(
        pl.DataFrame(columns),
        hide_index=True,
        lazy=False,
        placeholder=draw.EMPTY,
        column_config={
            "record": draw.number("Record", "Its number in the file, from 1."),
            **{name: draw.text(name, "As it stands in the line.") for name in names},
        },
        height=min(420, 35 * (len(records) + 1) + 3),
        key="sites table",
        on_select=take,
        selection_mode="single-row",
        alt="The first nine columns of the records shown",
    )
    number = st.number_input(
        "What became of record",
        value=None,
        min_value=1,
        max_value=total,
        step=1,
        key="record",
        bind="query-params",
        placeholder="Number of a record",
        help="Follow a record up: its rows in silver and gold, or why it is in quarantine.",
    )
    if number is not None:
        became.show(lake, file, int(number))


def fold(line: str) -> str:
    """Return the first nine columns of a record and how many calls follow."""
    fields = line.split("\t", FIXED_FIELDS)
    if len(fields) <= FIXED_FIELDS:
        return line
    calls = fields.pop()
    return "\t".join(fields) + f"\t… {plural(calls.count(chr(9)) + 1, 'call')}"


def show_samples(lake: Lake, version: str, files: pl.DataFrame) -> None:
    """Show the sample table as it stands."""
    names = files.filter(pl.col("kind") == "samples")["file"].to_list()
    if not names:
        st.caption("This lake has no sample table: every sample of the VCF stands unassigned.")
        return
    frame = cache.raw_samples(str(lake.path), version)
    st.caption(
        f"{window(min(SAMPLE_ROWS, frame.height), frame.height, 'row')} Nothing is renamed, "
        "trimmed or left out."
    )
    shown = frame.head(SAMPLE_ROWS)
    draw.table(
        shown,
        {
            name: st.column_config.TextColumn(help="A column of the source's table.")
            for name in frame.columns
        },
        alt="The sample table as it stands",
        height=600,
    )
    draw.downloads(frame, "bronze-samples", "the sample table")


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Bronze", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("The source as it came, byte for byte.")
    version = panels.need(lake, "bronze")
    view = draw.views(VIEWS, "bronze")
    files = cache.files(str(lake.path), version)
    if view == "Files":
        show_files(files)
    elif view == "Header":
        show_header(lake, version, files)
    elif view == "Records":
        show_records(lake, version, files)
    else:
        show_samples(lake, version, files)


main()
