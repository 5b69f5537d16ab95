"""Silver: the variants, who carries them, who the samples are, and what was set apart."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.figures import samples_by_population, samples_sunburst
from medallion.vcf.defects import REASONS
from pages.shared import cache, defects, draw, filters, panels, pick, say, state
from pages.shared.words import plural, window

VIEWS = ["Variants", "Genotypes", "Samples", "Quarantine"]
ROW_LIMIT = 1_000
NAME_LIMIT = 5_000  # more samples than this are typed, not chosen from a list
RAW_CHARS = 4_000

# The columns of a call that carries an allele.
CALL: dict[str, Any] = {
    "sample": draw.text("Sample", "The sample's name in the VCF."),
    "population": draw.text("Population", "From the sample table."),
    "super_population": draw.text("Super-population", "From the sample table."),
    "sex": draw.text("Sex", "From the sample table."),
    "gt": draw.text("Genotype", "The call as in the source: 0 is REF, 1 the first ALT."),
    "dosage": draw.number("Copies", "Copies of this ALT allele in the call."),
}


def show_variants(lake: Lake, version: str) -> None:
    """Show the variants that match the filters."""
    wanted = filters.variants(cache.variant_facets(str(lake.path), version))
    frame, total = cache.variants(str(lake.path), version, wanted, ROW_LIMIT)
    if not total:
        say.text_note("No variant matches.", ["Widen the filters above."])
        return
    st.caption(window(frame.height, total, "ALT allele") + " Tick a row to see its carriers below.")
    frame = frame.with_columns((pl.col("ac") / pl.col("an")).alias("af"))

    columns = pick.variant_columns() | {
        "variant_type": draw.text("Type", "What kind of change ALT is."),
        "filter": draw.text("Filter", "The FILTER column."),
        "af": draw.number("Frequency", "AC / AN in all samples.", "%.5f"),
        "ac": draw.number("AC", "Copies of this ALT allele, counted from the genotypes."),
        "an": draw.number("AN", "Called alleles, counted from the genotypes."),
        "n_missing": draw.number("Not called", "Samples without a call here."),
        "published_ac": draw.number("AC, published", "What the source's INFO says."),
        "ancestral_allele": draw.text("Ancestral", "The source's ancestral allele."),
        "record": draw.number("Record", "Its number in the file, from 1: see Bronze, Records."),
    }
    shown = [name for name in columns if name in frame.columns]
    ticked = st.dataframe(
        frame.select(shown),
        hide_index=True,
        lazy=False,
        placeholder=draw.EMPTY,
        height=520,
        key="variants table",
        column_config={name: columns[name] for name in shown},
        on_select="rerun",
        selection_mode="single-row",
        alt="Variants that match the filters",
    )
    if ticked.selection.rows:
        show_carriers(lake, version, frame.row(ticked.selection.rows[0], named=True))
    draw.downloads(frame, "silver-variants", "the variants shown")


def show_genotypes(lake: Lake, version: str) -> None:
    """Show who carries a variant, or what a sample carries."""
    by = st.segmented_control(
        "Carriers of",
        ["A variant", "A sample"],
        default="A variant",
        required=True,
        key="of",
        bind="query-params",
    )
    if by == "A sample":
        show_sample(lake, version)
        return
    row = pick.choose_variant(lake)
    if row is None:
        if not st.session_state.get("variant"):
            st.caption("Name a variant above, or tick one under Variants.")
        return
    show_carriers(lake, version, row)


def show_carriers(lake: Lake, version: str, row: dict[str, Any]) -> None:
    """Show the samples that carry one allele; `row` is its row of `silver.variants`."""
    if row["an"] is None:
        st.caption("The record has no genotypes.")
        return
    frame, total = cache.carriers(str(lake.path), version, cache.allele_of(row), ROW_LIMIT)
    st.text(f"{row['chrom']}:{row['pos']:,}, record {row['record']:,} of {row['file']}")
    left, middle, right = st.columns(3)
    left.metric("Samples that carry it", f"{total:,}", help="Calls with one copy or more.")
    middle.metric(
        "Copies",
        f"{row['ac']:,} of {row['an']:,}",
        help="AC: copies of the ALT allele. AN: called alleles, two a sample except "
        "where it is haploid.",
    )
    right.metric("Not called", f"{row['n_missing']:,}", help="Samples without a call here.")
    pick.links(row)
    if not total:
        st.caption(
            "No sample carries it. In 1000 Genomes such alleles are expected: sites stayed "
            "whose only carriers were relatives that were taken out."
        )
        return
    st.caption(f"{window(frame.height, total, 'carrier')} All other called samples have none.")
    draw.table(frame, CALL, alt="Samples that carry the variant", height=520)
    draw.downloads(frame, "silver-carriers", "the carriers shown")


def show_sample(lake: Lake, version: str) -> None:
    """Show the ALT alleles that one sample carries."""
    people = cache.samples(str(lake.path), version)
    names = people.filter(pl.col("in_vcf"))["sample"].to_list()
    if len(names) <= NAME_LIMIT:
        name = st.selectbox(
            "Sample",
            names,
            index=None,
            key="sample",
            bind="query-params",
            placeholder="Choose or type a name",
            help="The samples of the VCF.",
        )
    else:
        name = st.text_input(
            "Sample",
            key="sample",
            bind="query-params",
            help=f"One of the {len(names):,} samples of the VCF.",
        )
    if not name:
        st.caption("Choose a sample to see the ALT alleles that it carries.")
        return
    who = people.filter(pl.col("sample") == name)
    if who.is_empty():
        say.text_note("No such sample.", [str(name)])
        return
    person = who.row(0, named=True)
    st.text(
        " · ".join(
            str(person[key])
            for key in ("sample", "population", "population_name", "super_population", "sex")
            if person[key]
        )
    )
    frame, total = cache.calls_of_sample(str(lake.path), version, str(name), ROW_LIMIT)
    st.caption(window(frame.height, total, "ALT allele"))
    draw.table(
        frame,
        pick.variant_columns() | {key: CALL[key] for key in ("gt", "dosage")},
        alt="ALT alleles that the sample carries",
        height=520,
    )
    draw.downloads(frame, f"silver-{name}", "the alleles shown")


def show_samples(lake: Lake, version: str) -> None:
    """Show who the samples are."""
    frame = cache.samples(str(lake.path), version)
    absent = frame.filter(~pl.col("in_vcf")).height
    unlisted = frame.filter(~pl.col("in_metadata")).height
    left, middle, right = st.columns(3)
    left.metric("In the VCF", f"{frame.height - absent:,}", help="Samples with genotypes.")
    middle.metric(
        "Only in the sample table",
        f"{absent:,}",
        help="Listed, but without genotypes; they count nowhere.",
    )
    right.metric(
        "Only in the VCF",
        f"{unlisted:,}",
        help="With genotypes, but in no population; they count in ALL only.",
    )
    counted = frame.filter(pl.col("in_vcf"))
    chart = st.segmented_control(
        "Chart",
        ["Bars", "Rings"],
        default="Bars",
        required=True,
        key="chart",
        bind="query-params",
        label_visibility="collapsed",
    )
    build = samples_sunburst if chart == "Rings" else samples_by_population
    draw.figure(build(counted, theme=state.theme()), key="samples", wide=True)
    chosen = st.multiselect(
        "Populations",
        sorted(set(frame["population"].drop_nulls().cast(pl.String))),
        key="populations",
        bind="query-params",
        placeholder="All",
        wrap=True,
    )
    if chosen:
        frame = frame.filter(pl.col("population").cast(pl.String).is_in(chosen))
    st.caption(window(min(frame.height, ROW_LIMIT), frame.height, "sample"))
    draw.table(
        frame.head(ROW_LIMIT),
        {
            "sample": draw.text("Sample", "The sample's name."),
            "population": draw.text("Population", "Its code."),
            "population_name": draw.text("Population's name", "Spelled out."),
            "super_population": draw.text("Super-population", "Its code."),
            "super_population_name": draw.text("Super-population's name", "Spelled out."),
            "sex": draw.text("Sex", "From the sample table."),
            "in_vcf": st.column_config.CheckboxColumn("In the VCF", help="It has genotypes."),
            "in_metadata": st.column_config.CheckboxColumn(
                "In the table", help="The sample table lists it."
            ),
        },
        alt="The samples",
    )
    draw.downloads(frame, "silver-samples", "the samples")


def show_quarantine(lake: Lake, version: str) -> None:
    """Show what was set apart or remarked on, and why."""
    counts = cache.defect_counts(str(lake.path), version)
    if counts.is_empty():
        st.markdown(":green[:material/check_circle: **Nothing was found wrong with the source.**]")
        return
    apart = int(counts.filter(pl.col("verdict") == "quarantined")["defects"].sum())
    noted = int(counts["defects"].sum()) - apart
    st.markdown(
        f"**{plural(apart, 'defect')}** put a record in quarantine: it is not in silver, its line "
        f"is kept whole. **{plural(noted, 'remark')}**: the record is in silver all the same."
    )
    meanings = {code: reason.meaning for code, reason in REASONS.items()}
    remedies = {code: reason.remedy for code, reason in REASONS.items()}
    draw.table(
        counts.with_columns(
            pl.col("reason").replace_strict(meanings, default="").alias("meaning"),
            pl.col("reason").replace_strict(remedies, default="").alias("remedy"),
        ),
        {
            "reason": draw.text("Reason", "A code that stays the same between versions."),
            "verdict": draw.text("Verdict", "quarantined: not in silver; noted: kept."),
            "defects": draw.number("How many", "Defects of this kind."),
            "meaning": draw.text("Meaning", "What is wrong.", 210),
            "detail": draw.text("For example", "Of the first: what was expected and found.", 190),
            "line": draw.number("in line", "Of its file, from 1; 0: it is in no line."),
            "remedy": draw.text("What to do", "How to put it right.", 200),
            "raw": draw.text("The line begins", "As it stands, where it was set apart."),
        },
        alt="Defects by reason",
        height=520,
        lines=4,
    )
    left, right = st.columns(2)
    verdict = left.multiselect(
        "Verdict",
        sorted(set(counts["verdict"])),
        key="verdict",
        bind="query-params",
        placeholder="Any",
        wrap=True,
    )
    reason = right.multiselect(
        "Reason",
        sorted(set(counts["reason"])),
        key="reason",
        bind="query-params",
        placeholder="Any",
        wrap=True,
    )
    chosen = (tuple(verdict), tuple(reason))
    frame, total, size = cache.defects(str(lake.path), version, *chosen, ROW_LIMIT)
    if not total:
        say.text_note("No defect matches.", ["Widen the choice above."])
        return
    st.caption(window(frame.height, total, "defect") + " Tick a row to see its line.")

    def take() -> None:
        rows = st.session_state["defects table"]["selection"]["rows"]
        if rows and (line := frame.row(rows[0], named=True)["line"]):
            st.session_state["line"] = line

    columns = {
        "line": draw.number("Line", "Its line in the file, from 1."),
        "chrom": draw.text("Chrom", "As far as it could be read.", 60),
        "pos": draw.number("Position", "As far as it could be read."),
        "verdict": draw.text("Verdict", "quarantined: not in silver; noted: kept.", 95),
        "reason": draw.text("Reason", "What is wrong.", 165),
        "field": draw.text("Field", "The column that is wrong.", "small"),
        "detail": draw.text("Detail", "What was found, what was expected.", 290),
        "file": draw.text("File", "The source file.", 130),
    }
    st.dataframe(
        frame.select(list(columns)),
        hide_index=True,
        lazy=False,
        placeholder=draw.EMPTY,
        column_config=columns,
        height=min(400, 38 + draw.row_height(3) * frame.height),
        row_height=draw.row_height(3),
        key="defects table",
        on_select=take,
        selection_mode="single-row",
        alt="Defects",
    )
    defects.downloads(lake, *chosen, total, size)
    line = st.number_input(
        "Show the line",
        value=None,
        min_value=1,
        step=1,
        key="line",
        bind="query-params",
        placeholder="Number of a line in the table",
        help="The line's number in its file.",
    )
    if line is None:
        return
    there = cache.defects_of_line(str(lake.path), version, line)
    if there.is_empty():
        say.text_note(f"Line {line:,} has no defect.", ["Its number is in the table above."])
    for row in there.iter_rows(named=True):
        st.text(f"{row['file']}, line {row['line']:,}: {row['detail']}")
        if row["raw"]:
            st.code(row["raw"][:RAW_CHARS], language=None, wrap_lines=True)
            if row["raw_escaped"]:
                st.caption(
                    r"The line is not UTF-8 text: `\xNN` stands for a byte, and two backslashes "
                    "for one. The download of the lines has it as it was."
                )
            if len(row["raw"]) > RAW_CHARS:
                st.caption(
                    f"The first {RAW_CHARS:,} of {len(row['raw']):,} characters; the "
                    "download holds all."
                )
        else:
            st.caption("The record is in silver, with this remark.")
        if row["scope"] == "record":
            header = cache.header(str(lake.path), lake.version("bronze"), row["file"])
            record = row["line"] - len(header.lines)
            st.page_link(
                "pages/layers/bronze.py",
                label="Raw record",
                icon=":material/description:",
                query_params=state.in_this_lake(
                    {
                        "bronze": "Records",
                        "file": row["file"],
                        "at": f"#{record}",
                        "record": str(record),
                    }
                ),
            )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Silver", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown("Parsed, checked, one row for each ALT allele, joined with the samples.")
    version = panels.need(lake, "silver")
    view = draw.views(VIEWS, "silver")
    if view == "Variants":
        show_variants(lake, version)
    elif view == "Genotypes":
        show_genotypes(lake, version)
    elif view == "Samples":
        show_samples(lake, version)
    else:
        show_quarantine(lake, version)


main()
