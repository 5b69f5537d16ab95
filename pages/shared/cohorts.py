"""The reader's own cohort: any set of samples, chosen once and looked at on every page.

Its definition is in the session, and in the URL of the Cohort page. `current` gives it
to any page; without one it is None.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.errors import MedallionError
from pages.shared import cache

__all__ = ["Cohort", "current", "frequency_row", "remember"]

_KEY = "cohort"


@dataclass(frozen=True)
class Cohort:
    """Who is in it: all conditions that are not empty hold. `lake` is the lake's path."""

    lake: str
    name: str
    populations: tuple[str, ...] = ()
    super_populations: tuple[str, ...] = ()
    sex: str | None = None
    samples: tuple[str, ...] = ()

    @property
    def everyone(self) -> bool:
        """Whether nothing is asked, so that all samples are in it."""
        return not (self.populations or self.super_populations or self.sex or self.samples)


def remember(cohort: Cohort | None) -> None:
    """Keep a cohort for the other pages; None forgets it."""
    if cohort is None:
        st.session_state.pop(_KEY, None)
    else:
        st.session_state[_KEY] = cohort


def current(lake: Lake) -> Cohort | None:
    """Return the cohort that was made of this lake's samples, if any was."""
    found = st.session_state.get(_KEY)
    return found if isinstance(found, Cohort) and found.lake == str(lake.path) else None


def frequency_row(lake: Lake, version: str, allele: cache.Allele) -> pl.DataFrame | None:
    """Return the cohort's counts of one allele, columns as `gold.frequencies`.

    `version` is silver's. None without a cohort, or where it cannot be counted.
    """
    cohort = current(lake)
    if cohort is None:
        return None
    chrom, pos, file, record, alt_index = allele
    try:
        rows = cache.cohort_frequencies(str(lake.path), version, cohort, f"{chrom}:{pos}-{pos}")
    except MedallionError:
        return None
    own = rows.filter(
        pl.col("file") == file, pl.col("record") == record, pl.col("alt_index") == alt_index
    )
    return own.with_columns(population=pl.lit(cohort.name), level=pl.lit("cohort"))
