"""A lake by its path, its tables, and what tells one allele from all others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.files import place

__all__ = ["FEW", "SOME", "Allele", "allele_of", "of_allele", "open_lake", "scan"]

# How many results a cached function keeps: large ones, small ones.
FEW, SOME = 8, 64

# What tells one ALT allele from all others: chrom, pos, file, record, alt_index, ref, alt.
# File, record and number would do in one table, and the place lets tables skip what is
# elsewhere; with its bases it is not taken for another of a layer of another build.
Allele = tuple[str, int, str, int, int, str, str]


@st.cache_resource(max_entries=SOME, show_spinner=False)
def _lake(path: str, stamp: float, source: tuple[tuple[str, Any], ...]) -> Lake:
    del stamp  # part of the key: a lake made anew in the same folder is another one
    return Lake(path, **dict(source))


def open_lake(path: str, source: Mapping[str, Any] | None = None) -> Lake:
    """Return the lake at `path`; `source` are the arguments that make it one.

    A lake that has been built remembers its source, so `source` is used before only.
    """
    try:
        made = (place(path) / "lake.json").stat().st_mtime
    except (FileNotFoundError, NotADirectoryError):
        return _lake(path, 0.0, tuple(sorted((source or {}).items())))
    return _lake(path, made, ())


def scan(path: str, table: str) -> pl.LazyFrame:
    """Return a published table, without building it.

    What was opened is kept: to read a table's log anew costs more than to find a variant.
    """
    return _scan(path, table, Lake(path).version(table.partition(".")[0]))


@st.cache_resource(max_entries=SOME, show_spinner=False)
def _scan(path: str, table: str, token: str) -> pl.LazyFrame:
    del token  # part of the key: a rebuilt layer has another one
    return Lake(path).scan(table, build=False)


def of_allele(rows: pl.LazyFrame, allele: Allele) -> pl.LazyFrame:
    """Return the rows of one allele."""
    chrom, pos, file, record, alt_index, ref, alt = allele
    return rows.filter(
        pl.col("chrom") == chrom,
        pl.col("pos") == pos,
        pl.col("file") == file,
        pl.col("record") == record,
        pl.col("alt_index") == alt_index,
        pl.col("ref") == ref,
        pl.col("alt") == alt,
    )


def allele_of(row: Mapping[str, Any]) -> Allele:
    """Return what tells the allele of a row of variants or frequencies from all others."""
    place = row["chrom"], row["pos"], row["file"], row["record"], row["alt_index"]
    return (*place, row["ref"], row["alt"])
