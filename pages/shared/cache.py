"""Cached reads of a lake: the only `st.cache_*` functions of the app.

Each is keyed on the lake's path, the version token of the layer that it reads and its
parameters; never on a frame, whose key Streamlit makes from a sample of it. A rebuilt
layer has another token, so what was read before it is not found again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.bronze.raw import RawRecord
from medallion.catalog.colours import UNASSIGNED
from medallion.figures import bin_frequencies
from medallion.trace import RecordTrace
from medallion.vcf.header import Header

__all__ = ["Allele", "VariantFilter"]

_FEW, _SOME = 8, 64
_EXAMPLE_CHARS = 10

# What tells one ALT allele from all others: chrom, pos, file, record, alt_index. The
# first two are not needed for it, but let the tables skip what is elsewhere.
Allele = tuple[str, int, str, int, int]


@dataclass(frozen=True)
class VariantFilter:
    """What a reader asks of the variants; None and empty ask nothing.

    Positions are 1-based and inclusive; frequencies are ac / an over all samples.
    """

    chrom: str | None = None
    start: int | None = None
    end: int | None = None
    types: tuple[str, ...] = ()
    filters: tuple[str, ...] = ()
    af_min: float = 0.0
    af_max: float = 1.0
    name: str = ""

    def apply(self, variants: pl.LazyFrame) -> pl.LazyFrame:
        """Return the rows of `silver.variants` that match."""
        af = pl.col("ac") / pl.col("an")
        if self.chrom is not None:
            variants = variants.filter(pl.col("chrom") == self.chrom)
        if self.start is not None:
            variants = variants.filter(pl.col("pos") >= self.start)
        if self.end is not None:
            variants = variants.filter(pl.col("pos") <= self.end)
        if self.types:
            variants = variants.filter(pl.col("variant_type").cast(pl.String).is_in(self.types))
        if self.filters:
            variants = variants.filter(
                pl.col("filter").cast(pl.String).fill_null(".").is_in(self.filters)
            )
        if self.af_min > 0:
            variants = variants.filter(af >= self.af_min)
        if self.af_max < 1:
            variants = variants.filter(af <= self.af_max)
        if self.name:
            # An ID field may hold several, separated by semicolons.
            ids = pl.col("id").cast(pl.String).str.to_lowercase().str.split(";")
            variants = variants.filter(ids.list.contains(self.name.strip().lower()))
        return variants


@st.cache_resource(max_entries=_SOME, show_spinner=False)
def _lake(path: str, stamp: float, source: tuple[tuple[str, Any], ...]) -> Lake:
    del stamp  # part of the key: a lake made anew in the same folder is another one
    return Lake(path, **dict(source))


def open_lake(path: str, source: Mapping[str, Any] | None = None) -> Lake:
    """Return the lake at `path`; `source` are the arguments that make it one.

    A lake that has been built remembers its source, so `source` is used before only.
    """
    record = Path(path) / "lake.json"
    if record.is_file():
        return _lake(path, record.stat().st_mtime, ())
    return _lake(path, 0.0, tuple(sorted((source or {}).items())))


def _scan(path: str, table: str) -> pl.LazyFrame:
    return Lake(path).scan(table, build=False)


def _of(rows: pl.LazyFrame, allele: Allele) -> pl.LazyFrame:
    chrom, pos, file, record, alt_index = allele
    return rows.filter(
        pl.col("chrom") == chrom,
        pl.col("pos") == pos,
        pl.col("file") == file,
        pl.col("record") == record,
        pl.col("alt_index") == alt_index,
    )


# Bronze


@st.cache_data(max_entries=_FEW, show_spinner=False)
def files(path: str, version: str) -> pl.DataFrame:
    """Return `bronze.files`."""
    del version
    return _scan(path, "bronze.files").collect()


@st.cache_data(max_entries=_FEW, show_spinner=False)
def header(path: str, version: str, file: str) -> Header:
    """Return the parsed header of one VCF."""
    del version
    return Lake(path).header(file)


@st.cache_data(max_entries=_SOME, show_spinner=False)
def raw(path: str, version: str, where: str, limit: int, file: str) -> list[RawRecord]:
    """Return raw records of one file by number (#5000-5020) or position, as `Lake.raw` does."""
    del version
    return Lake(path).raw(where, limit=limit, file=file)


@st.cache_data(max_entries=_SOME, show_spinner=False)
def trace(path: str, versions: tuple[str, ...], file: str, number: int) -> RecordTrace:
    """Return what became of a raw record; `versions` are of all three layers."""
    del versions
    return Lake(path).trace_record(number, file=file)


@st.cache_data(max_entries=_FEW, show_spinner=False)
def raw_samples(path: str, version: str) -> pl.DataFrame:
    """Return the sample table as it stands."""
    del version
    return Lake(path).raw_samples()


# Silver


@st.cache_data(max_entries=_FEW, show_spinner=False)
def samples(path: str, version: str) -> pl.DataFrame:
    """Return `silver.samples`."""
    del version
    return _scan(path, "silver.samples").collect()


@st.cache_data(max_entries=_FEW, show_spinner=False)
def variant_facets(path: str, version: str) -> dict[str, Any]:
    """Return what variants can be filtered by, and an example.

    chroms (chrom, alleles, first, last position), types, filters; named: how many have an
    ID; example: a short row, or None.
    """
    del version
    variants = _scan(path, "silver.variants")
    bounds = (
        variants.group_by(pl.col("chrom").cast(pl.String))
        .agg(
            pl.len().alias("alleles"),
            pl.col("pos").min().alias("first"),
            pl.col("pos").max().alias("last"),
        )
        .sort("chrom")
        .collect()
    )

    def values(column: str) -> list[str]:
        wanted = variants.select(pl.col(column).cast(pl.String).fill_null(".").unique().sort())
        return list(wanted.collect().to_series())

    named = variants.select(pl.col("id").is_not_null().sum()).collect()
    short = pl.sum_horizontal(pl.col("ref", "alt").str.len_chars()) <= _EXAMPLE_CHARS
    example = variants.filter(short).select("chrom", "pos", "id", "ref", "alt").head(1)
    return {
        "chroms": bounds.to_dicts(),
        "types": values("variant_type"),
        "filters": values("filter"),
        "named": int(named.item()),
        "example": next(iter(example.collect().to_dicts()), None),
    }


@st.cache_data(max_entries=_SOME, show_spinner=False)
def variants(
    path: str, version: str, wanted: VariantFilter, limit: int
) -> tuple[pl.DataFrame, int]:
    """Return the first `limit` variants that match, and how many match in all."""
    del version
    matching = wanted.apply(_scan(path, "silver.variants"))
    total = int(matching.select(pl.len()).collect().item())
    shown = matching.sort("file", "record", "alt_index").head(limit).collect()
    return shown, total


@st.cache_data(max_entries=_SOME, show_spinner=False)
def find_variant(path: str, version: str, text: str) -> pl.DataFrame:
    """Return the alleles that `text` names, as `Lake.variant` does."""
    del version
    return Lake(path).variant(text)


@st.cache_data(max_entries=_SOME, show_spinner=False)
def carriers(path: str, version: str, allele: Allele, limit: int) -> tuple[pl.DataFrame, int]:
    """Return the calls that carry one allele, joined with their samples, and their number."""
    del version
    matching = _of(_scan(path, "silver.genotypes"), allele)
    total = int(matching.select(pl.len()).collect().item())
    return matching.head(limit).collect(), total


@st.cache_data(max_entries=_SOME, show_spinner=False)
def calls_of_sample(path: str, version: str, sample: str, limit: int) -> tuple[pl.DataFrame, int]:
    """Return the ALT alleles that one sample carries, by position, and their number."""
    del version
    matching = _scan(path, "silver.genotypes").filter(pl.col("sample").cast(pl.String) == sample)
    total = int(matching.select(pl.len()).collect().item())
    return matching.sort("file", "record", "alt_index").head(limit).collect(), total


@st.cache_data(max_entries=_FEW, show_spinner=False)
def defect_counts(path: str, version: str) -> pl.DataFrame:
    """Return how many defects of each reason there are: verdict, reason, scope, defects."""
    del version
    return (
        _scan(path, "silver.defects")
        .group_by(pl.col("verdict", "reason", "scope").cast(pl.String))
        .agg(pl.len().alias("defects"))
        .sort("verdict", "defects", "reason", descending=[True, True, False])
        .collect()
    )


@st.cache_data(max_entries=_SOME, show_spinner=False)
def defects(
    path: str, version: str, verdicts: tuple[str, ...], reasons: tuple[str, ...], limit: int
) -> tuple[pl.DataFrame, int]:
    """Return the first `limit` defects of the given verdicts and reasons, and their number."""
    del version
    matching = _scan(path, "silver.defects")
    if verdicts:
        matching = matching.filter(pl.col("verdict").cast(pl.String).is_in(verdicts))
    if reasons:
        matching = matching.filter(pl.col("reason").cast(pl.String).is_in(reasons))
    total = int(matching.select(pl.len()).collect().item())
    return matching.head(limit).collect(), total


# Gold


@st.cache_data(max_entries=_SOME, show_spinner=False)
def frequencies(path: str, version: str, allele: Allele) -> pl.DataFrame:
    """Return `gold.frequencies` of one allele: one row a group."""
    del version
    return _of(_scan(path, "gold.frequencies"), allele).collect()


@st.cache_data(max_entries=_FEW, show_spinner="Counting alleles by frequency …")
def spectrum(path: str, version: str, level: str) -> pl.DataFrame:
    """Return the binned allele frequency spectrum of the groups of one level."""
    del version
    rows = _scan(path, "gold.frequencies").filter(pl.col("level").cast(pl.String) == level)
    return bin_frequencies(rows).collect()


@st.cache_data(max_entries=_FEW, show_spinner=False)
def first_rows(path: str, version: str, table: str, limit: int) -> pl.DataFrame:
    """Return the first rows of a published table."""
    del version
    return _scan(path, table).head(limit).collect()


@st.cache_data(max_entries=_FEW, show_spinner=False)
def populations(path: str, version: str) -> pl.DataFrame:
    """Return `gold.populations`."""
    del version
    return _scan(path, "gold.populations").collect()


@st.cache_data(max_entries=_FEW, show_spinner="Looking for the alleles that differ most …")
def most_different(path: str, version: str, limit: int) -> pl.DataFrame:
    """Return the alleles whose frequency differs most between groups, most different first.

    Between super-populations where there are two or more, else between populations;
    samples that are in none stand apart.
    Columns: file, record, alt_index, chrom, pos, id, ref, alt, lowest, lowest_af, highest,
    highest_af, difference.
    """
    del version
    rows = _scan(path, "gold.frequencies").filter(
        pl.col("an") > 0, pl.col("population") != UNASSIGNED
    )
    level = pl.col("level").cast(pl.String)
    supers = rows.filter(level == "super_population").select(pl.col("population").n_unique())
    wanted = "super_population" if int(supers.collect().item()) > 1 else "population"
    af = pl.col("af")
    group = pl.col("population").cast(pl.String)
    spread = (
        rows.filter(level == wanted)
        .group_by("file", "record", "alt_index")
        .agg(
            pl.col("chrom", "pos", "id", "ref", "alt").first(),
            group.sort_by(af).first().alias("lowest"),
            af.min().alias("lowest_af"),
            group.sort_by(af).last().alias("highest"),
            af.max().alias("highest_af"),
        )
        .with_columns((pl.col("highest_af") - pl.col("lowest_af")).alias("difference"))
    )
    order = ["difference", "file", "record", "alt_index"]
    return spread.sort(order, descending=[True, False, False, False]).head(limit).collect()


def allele_of(row: Mapping[str, Any]) -> Allele:
    """Return what tells the allele of a row of variants or frequencies from all others."""
    return row["chrom"], row["pos"], row["file"], row["record"], row["alt_index"]


@st.cache_data(max_entries=_FEW, show_spinner="Asking …")
def query(
    path: str, versions: tuple[str, ...], sql: str, limit: int, seconds: float
) -> pl.DataFrame:
    """Return the first `limit` rows of one SELECT; QueryError as `Lake.query` raises it."""
    del versions
    return open_lake(path, None).query(sql, limit=limit, seconds=seconds)
