"""The reader's own cohorts, wherever frequencies are shown: those saved in the lake, and the
one that was made on the Cohort page last.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.cohorts import Cohort, read_cohorts
from medallion.errors import MedallionError
from pages.shared import cache, say

__all__ = ["beside", "choose", "every", "in_region", "remember", "saved"]

_KEY = "cohort"
_SHOWN = "cohorts"


def remember(lake: Lake, cohort: Cohort | None) -> None:
    """Keep a cohort for the other pages while the tab is open; None forgets it."""
    if cohort is None:
        st.session_state.pop(_KEY, None)
    else:
        st.session_state[_KEY] = (str(lake.path), cohort)


def saved(lake: Lake) -> dict[str, Cohort]:
    """Return the cohorts that the lake keeps, by name; none, and says so, where it cannot."""
    try:
        return read_cohorts(lake.path)
    except MedallionError as error:
        say.failure("The saved cohorts cannot be read.", str(error))
        return {}


def every(lake: Lake) -> dict[str, Cohort]:
    """Return the saved cohorts by name, with the one that was made last under its own."""
    found = saved(lake)
    path, current = st.session_state.get(_KEY) or (None, None)
    if path == str(lake.path) and current is not None:
        found = {**found, current.name: current}
    return found


def choose(lake: Lake) -> list[Cohort]:
    """Draw the choice of cohorts to show, all at first; draws nothing where there is none."""
    known = every(lake)
    if not known:
        return []
    names = st.multiselect(
        "Your cohorts",
        list(known),
        default=list(known),
        key=_SHOWN,
        bind="query-params",
        placeholder="None",
        help="Shown beside the stored groups, counted from the genotypes. They are made on the "
        "Cohort page.",
    )
    return [known[name] for name in names]


def beside(lake: Lake, frame: pl.DataFrame) -> pl.DataFrame:
    """Draw the choice of cohorts, and return an allele's frequencies with theirs below.

    `frame` has rows of `gold.frequencies` of one allele; a cohort is of the level `cohort`.
    """
    frame = frame.with_columns(pl.col("population", "level").cast(pl.String))
    allele = cache.allele_of(frame.row(0, named=True))
    own = _frequency_rows(lake, lake.version("silver"), allele, choose(lake))
    return frame if own is None else pl.concat([frame, own], how="diagonal_relaxed")


def _frequency_rows(
    lake: Lake, version: str, allele: cache.Allele, chosen: Sequence[Cohort]
) -> pl.DataFrame | None:
    """Return the cohorts' counts of one allele; None where there is nothing to show."""
    chrom, pos, file, record, alt_index = allele
    found = []
    for cohort in chosen:
        rows = _counted(lake, version, cohort, f"{chrom}:{pos}-{pos}")
        if rows is not None:
            own = rows.filter(
                pl.col("file") == file,
                pl.col("record") == record,
                pl.col("alt_index") == alt_index,
            )
            found.append(own.with_columns(population=pl.lit(cohort.name), level=pl.lit("cohort")))
    return pl.concat(found) if found else None


def in_region(
    lake: Lake, version: str, alleles: pl.DataFrame, region: str, chosen: Sequence[Cohort]
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Return a region's alleles with a column of frequencies for each cohort, and its name.

    `version` is silver's; `alleles` has file, record, alt_index. The second result is from
    the column to the cohort's name.
    """
    names = {}
    key = ["file", "record", "alt_index"]
    for number, cohort in enumerate(chosen, start=1):
        rows = _counted(lake, version, cohort, region)
        if rows is not None:
            column = f"af_cohort_{number}"
            names[column] = cohort.name
            own = rows.select(*key, pl.col("af").alias(column))
            alleles = alleles.join(own, on=key, how="left", maintain_order="left")
    return alleles, names


def _counted(lake: Lake, version: str, cohort: Cohort, region: str) -> pl.DataFrame | None:
    """Return the cohort's counts; None, having said why, where it cannot be counted."""
    try:
        return cache.cohort_frequencies(str(lake.path), version, cohort, region)
    except MedallionError as error:
        say.text_note("A cohort cannot be counted.", [cohort.name, str(error)])
        return None
