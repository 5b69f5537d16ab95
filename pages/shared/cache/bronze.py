"""Cached reads of bronze."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.bronze.raw import RawRecord
from medallion.catalog.outside import genome_of
from medallion.forward import RecordTrace
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
    """Return the genome build that the contigs' lengths in every VCF tell; None: not known.

    None of files that the demo's program made: their positions are of no build.
    """
    builds = set()
    for file in files(path, version).filter(kind="vcf")["file"]:
        found = header(path, version, file)
        lengths = {
            name: int(fields["length"])
            for name, fields in found.contigs.items()
            if fields.get("length", "").isdecimal()
        }
        simulated = any(key == "medallion_simulated" for key, _ in found.other)
        builds.add(None if simulated else genome_of(lengths))
    return builds.pop() if len(builds) == 1 else None


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
