"""The reader's own cohorts, wherever frequencies are shown: those saved in the lake, and the
one that was made on the Cohort page last.

That one is a draft until it is saved: it is marked so, and stands in the page's link, so that
a reload finds it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.cohorts import Cohort, as_text, from_text, read_cohorts
from medallion.errors import MedallionError
from pages.shared import cache, say

__all__ = [
    "apart", "beside", "choose", "every", "in_a_link", "in_region", "marked", "remember", "saved",
]  # fmt: skip

_KEY = "cohort"
_SHOWN = "cohorts"
_DRAFT = "draft"
_LINK_CHARS = 1500


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


def marked(cohort: Cohort, known: dict[str, Cohort]) -> str:
    """Return the name under which a cohort is shown: marked, if it is none of the saved ones."""
    unsaved = not cohort.everyone and known.get(cohort.name) != cohort
    return f"{cohort.name} (unsaved)" if unsaved else cohort.name


def every(lake: Lake) -> dict[str, Cohort]:
    """Return the saved cohorts and the unsaved one, by the name they are shown under."""
    kept, unsaved = apart(lake)
    return {**kept, **unsaved}


def apart(lake: Lake) -> tuple[dict[str, Cohort], dict[str, Cohort]]:
    """Return the saved cohorts, and the unsaved one if there is one, by the name shown.

    A saved one whose name is a stored group's is told from it.
    """
    known, groups = saved(lake), _groups(lake)
    names = {name: f"{name} (cohort)" if name in groups else name for name in known}
    kept = {names[name]: replace(cohort, name=names[name]) for name, cohort in known.items()}
    draft = _draft(lake)
    if draft is None or marked(draft, known) == draft.name:
        if _DRAFT in st.query_params:
            del st.query_params[_DRAFT]
        return kept, {}
    if in_a_link(draft):
        st.query_params[_DRAFT] = as_text(draft)
    name = marked(draft, known)
    return kept, {name: replace(draft, name=name)}


def in_a_link(cohort: Cohort) -> bool:
    """Whether a cohort is short enough to stand in a page's link."""
    return len(as_text(cohort)) <= _LINK_CHARS


def _draft(lake: Lake) -> Cohort | None:
    """Return the cohort that was made last in this tab, else the one in the page's link."""
    path, current = st.session_state.get(_KEY) or (None, None)
    if path == str(lake.path):
        return current
    text = st.query_params.get(_DRAFT)
    if text is None:
        return None
    try:
        current = from_text(text)
    except MedallionError as error:
        say.failure("The cohort in this link cannot be read.", str(error), "Make it on Cohort.")
        return None
    if current.everyone:
        return None
    remember(lake, current)
    return current


def _groups(lake: Lake) -> set[str]:
    """Return the codes of the stored groups; none before gold is built."""
    try:
        stored = cache.populations(str(lake.path), lake.version("gold"))
    except MedallionError:
        return set()
    return set(stored["population"].cast(pl.String))


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
        wrap=True,
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
    chrom, pos, file, record, alt_index, *_ = allele
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
