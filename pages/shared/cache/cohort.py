"""Cached frequencies in a reader's own cohort."""

from __future__ import annotations

from typing import Protocol

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.ondemand.region import View, alleles_in_group
from pages.shared.cache.opened import SOME, scan


class Conditions(Protocol):
    """What tells who is in a cohort; `pages.shared.cohorts.Cohort` is one."""

    @property
    def populations(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def super_populations(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def sex(self) -> str | None: ...  # noqa: D102
    @property
    def samples(self) -> tuple[str, ...]: ...  # noqa: D102


def cohort_frequencies(path: str, version: str, cohort: Conditions, region: str) -> pl.DataFrame:
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
    return Lake(path).cohort(
        region,
        populations=populations or None,
        super_populations=super_populations or None,
        sex=sex,
        samples=samples or None,
    )


@st.cache_data(max_entries=SOME, show_spinner=False)
def group_frequencies(path: str, version: str, view: View, group: str) -> pl.DataFrame:
    """Return the stored frequencies of a group in a view: file, record, alt_index, ac, an, af."""
    del version
    return alleles_in_group(scan(path, "gold.frequencies"), view, group)
