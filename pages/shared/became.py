"""What became of one raw record: its rows in silver and gold, or why it has none."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.forward import RecordTrace
from medallion.vcf.defects import REASONS
from pages.shared import cache, draw, pick, say
from pages.shared.words import plural

__all__ = ["show"]


def show(lake: Lake, file: str, number: int) -> None:
    """Show what silver and gold hold of record `number` of `file`."""
    versions = tuple(lake.version(layer) for layer in ("bronze", "silver", "gold"))
    trace = cache.trace(str(lake.path), versions, file, number)
    st.subheader(f"What became of record {number:,}", anchor=False)
    if trace.apart:
        say.text_note("Not of these bytes: the layers are of different builds.", list(trace.apart))
    if trace.variants is None:
        if trace.apart:
            return
        say.text_note("Silver has not been built yet.", ["Build it on the Overview page."])
        return
    if trace.verdict == "quarantined":
        _defects(trace, "In quarantine: the record is not in silver or gold.")
        return
    st.markdown(
        f":green[:material/check_circle: **Kept**] as "
        f"{plural(trace.variants.height, 'row')} of silver.variants, one for each ALT allele."
    )
    if trace.defects is not None and not trace.defects.is_empty():
        _defects(trace, "With a remark.")
    for row in trace.variants.iter_rows(named=True):
        ac = "no genotypes" if row["an"] is None else f"{row['ac']:,} of {row['an']:,} alleles"
        st.text(f"{row['chrom']}:{row['pos']:,} {row['ref']} → {row['alt']}: {ac}")
        pick.links(row)
    _frequencies(trace)


def _defects(trace: RecordTrace, heading: str) -> None:
    found = pl.DataFrame() if trace.defects is None else trace.defects
    for row in found.iter_rows(named=True):
        reason = REASONS.get(row["reason"])
        lines = [f"{row['reason']}: {row['detail']}"]
        if reason is not None:
            lines += [reason.meaning, reason.remedy]
        say.text_note(heading, lines)


def _height(frame: pl.DataFrame | None) -> int:
    return 0 if frame is None else frame.height


def _frequencies(trace: RecordTrace) -> None:
    """Show gold's rows over everyone and each super-population."""
    if trace.frequencies is None:
        if not trace.apart:
            st.caption("Gold has not been built yet.")
        return
    st.caption(
        f"{plural(trace.genotypes or 0, 'row')} of silver.genotypes (who carries an ALT allele), "
        f"{trace.calls or 0:,} of silver.calls (runs of samples that miss a call); "
        f"{plural(trace.frequencies.height, 'row')} of gold.frequencies; in "
        f"{plural(_height(trace.windows), 'row')} of gold.windows, one for each group."
    )
    wide = trace.frequencies.filter(pl.col("level") != "population")
    if wide.is_empty():
        return
    draw.table(
        wide,
        {
            "alt": draw.text("ALT", "The alternate allele.", "small"),
            "population": draw.text("Group", "A super-population, or ALL.", "small"),
            "ac": draw.number("AC", "Copies of the ALT allele among called alleles."),
            "an": draw.number("AN", "Called alleles."),
            "af": draw.number("Frequency", "AC / AN.", "%.5f"),
            **pick.genotype_columns(),
        },
        alt="Frequencies of the record's alleles in gold",
    )
