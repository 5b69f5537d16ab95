"""Cached frequencies in a reader's own cohort."""

from __future__ import annotations

import threading

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.cohorts import Cohort
from medallion.ondemand.region import View, alleles_in_group
from medallion.progress import ProgressCallback
from pages.shared.cache.opened import SOME, scan


def cohort_frequencies(path: str, version: str, cohort: Cohort, region: str) -> pl.DataFrame:
    """Return counts and frequencies of a region in a cohort, as `Lake.cohort` does."""
    return _counted(
        path, version, region, cohort.populations, cohort.super_populations, cohort.sex,
        cohort.samples,
    )  # fmt: skip


@st.cache_data(max_entries=SOME, show_spinner="Counting the cohort …")
def _counted(
    path: str, version: str, region: str, populations: tuple[str, ...],
    super_populations: tuple[str, ...], sex: str | None, samples: tuple[str, ...],
) -> pl.DataFrame:  # fmt: skip
    del version
    return count_cohort(path, Cohort("", populations, super_populations, sex, samples), region)


def count_cohort(
    path: str, cohort: Cohort, region: str, *, progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
) -> pl.DataFrame:  # fmt: skip
    """Return counts and frequencies of a region in a cohort; not kept, for it may be wide."""
    return Lake(path).cohort(
        region,
        populations=cohort.populations or None,
        super_populations=cohort.super_populations or None,
        sex=cohort.sex,
        samples=cohort.samples or None,
        progress=progress,
        cancel=cancel,
    )


@st.cache_data(max_entries=SOME, show_spinner=False)
def group_frequencies(path: str, version: str, view: View, group: str) -> pl.DataFrame:
    """Return the stored frequencies of a group in a view: file, record, alt_index, ac, an, af."""
    del version
    return alleles_in_group(scan(path, "gold.frequencies"), view, group)
