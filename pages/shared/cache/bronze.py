"""Cached reads of bronze."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.bronze.raw import RawRecord
from medallion.files import place
from medallion.forward import RecordTrace
from medallion.ondemand import build_of
from medallion.vcf.header import Header
from pages.shared.cache.opened import FEW, SOME, scan


@st.cache_data(max_entries=FEW, show_spinner=False)
def files(path: str, version: str) -> pl.DataFrame:
    """Return `bronze.files`."""
    del version
    return scan(path, "bronze.files").collect()


@st.cache_data(max_entries=FEW, show_spinner=False)
def header(path: str, version: str, file: str) -> Header:
    """Return the parsed header of one VCF."""
    del version
    return Lake(path).header(file)


@st.cache_data(max_entries=FEW, show_spinner=False)
def genome(path: str, version: str) -> str | None:
    """Return the genome build of the lake's positions; None: not known."""
    del version
    return build_of(place(path))


@st.cache_data(max_entries=SOME, show_spinner=False)
def raw(path: str, version: str, where: str, limit: int, file: str) -> list[RawRecord]:
    """Return raw records of one file by number (#5000-5020) or position, as `Lake.raw` does."""
    del version
    return Lake(path).raw(where, limit=limit, file=file)


@st.cache_data(max_entries=SOME, show_spinner=False)
def trace(path: str, versions: tuple[str, ...], file: str, number: int) -> RecordTrace:
    """Return what became of a raw record; `versions` are of all three layers."""
    del versions
    return Lake(path).trace_record(number, file=file)


@st.cache_data(max_entries=FEW, show_spinner=False)
def raw_samples(path: str, version: str) -> pl.DataFrame:
    """Return the sample table as it stands."""
    del version
    return Lake(path).raw_samples()
