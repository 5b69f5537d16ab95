"""Cached linkage, computed on demand."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.files import place
from medallion.ondemand import Measure
from medallion.ondemand import ld_pairs as of_rows
from medallion.ondemand.region import View, common_in, here
from pages.shared.cache.opened import FEW, SOME, scan
from pages.shared.cache.searched import search

Contig = tuple[str, str]  # a chromosome, and the file that it stands in


@st.cache_data(max_entries=SOME, show_spinner="Measuring linkage …")
def linked(path: str, version: str, name: str, group: str, distance: int) -> pl.DataFrame:
    """Return the alleles around a variant by falling r², as `Lake.linked` does."""
    del version
    return Lake(path).linked(name, distance=distance, population=group)


@dataclass(frozen=True)
class Common:
    """The common alleles of a view in a group.

    `alleles` are rows of `gold.frequencies`, in the order of the file, at most as many as
    were asked for, the commonest; `total` counts all. `files` are those that have some,
    the one with most first; `alleles` are of one of them.
    """

    alleles: pl.DataFrame
    total: int
    files: tuple[str, ...]


@st.cache_data(max_entries=SOME, show_spinner=False)
def common_alleles(
    path: str, version: str, view: View, group: str, minimum: float, limit: int, file: str | None
) -> Common:
    """Return the commonest alleles of a view in a group, of `file` or the one with most.

    Common: the rarer of the allele and all else has a frequency of `minimum` or more.
    """
    del version
    found = common_in(scan(path, "gold.frequencies"), view, group, minimum)
    names = found["file"].cast(pl.String)
    files = tuple(names.value_counts(sort=True)["file"].to_list())
    if files:
        found = found.filter(names == (file if file in files else files[0]))
    commonest = found.sort("minor", descending=True, maintain_order=True).head(limit)
    return Common(commonest.sort("file", "record", "alt_index"), found.height, files)


@st.cache_data(max_entries=FEW, show_spinner="Measuring linkage …")
def ld_pairs(
    path: str,
    versions: tuple[str, str],
    view: View,
    group: str,
    minimum: float,
    limit: int,
    file: str | None,
    measure: Measure,
) -> pl.DataFrame:
    """Return r² or D' of all pairs of `common_alleles`, as `ondemand.ld_pairs` does.

    `versions` are silver's and gold's.
    """
    common = common_alleles(path, versions[1], view, group, minimum, limit, file)
    return of_rows(place(path), common.alleles, population=group, measure=measure)


@dataclass(frozen=True)
class Listed:
    """The alleles that a reader's list names on one contig of one file.

    `alleles` are rows of `silver.variants`, in the order of the file, each once, with `af`,
    their frequency in a group (null where none of it is called). `unclear` are those of the
    names that mean several, after a column `asked` with the name; `bare` names whose record
    has no genotypes, `elsewhere` names that are known on other contigs or files alone.
    `contigs` are all that have some, the one with most first.
    """

    alleles: pl.DataFrame
    unclear: pl.DataFrame
    bare: tuple[str, ...]
    elsewhere: tuple[str, ...]
    contigs: tuple[Contig, ...]


@st.cache_data(max_entries=SOME, show_spinner=False)
def listed_alleles(
    path: str, versions: tuple[str, str], text: str, group: str, contig: Contig | None
) -> Listed:
    """Return what a text names on `contig`, or on the one with most of its names.

    `versions` are silver's and gold's.
    """
    found = search(path, versions[0], text)
    named = pl.concat([found.variants, found.ambiguous])
    most = named.group_by("chrom", "file").agg(pl.col("asked").n_unique())
    ranked = most.sort("asked", "chrom", "file", descending=[True, False, False])
    contigs = tuple(ranked.select("chrom", "file").iter_rows())
    if not contigs:
        return Listed(named.with_columns(af=pl.lit(None, pl.Float64)), named, (), (), ())
    chrom, file = contig if contig in contigs else contigs[0]
    own = named.filter(pl.col("chrom") == chrom, pl.col("file") == file)
    several = pl.len().over("asked") > 1
    clear = own.filter(~several)
    alleles = (
        clear.filter("has_gt")
        .unique(["record", "alt_index"], keep="first")
        .sort("record", "alt_index")
    )
    return Listed(
        _in_group(path, alleles, group),
        own.filter(several),
        tuple(clear.filter(~pl.col("has_gt"))["asked"]),
        tuple(named.join(own, on="asked", how="anti")["asked"].unique(maintain_order=True)),
        contigs,
    )


def _in_group(path: str, alleles: pl.DataFrame, group: str) -> pl.DataFrame:
    """Return alleles of one contig of one file with `af`, that of `gold.frequencies`."""
    if alleles.is_empty():
        return alleles.with_columns(af=pl.lit(None, pl.Float64))
    pos = alleles["pos"]
    view = View(alleles["chrom"][0], int(pos.min()), int(pos.max()))  # type: ignore[arg-type]
    counted = (
        scan(path, "gold.frequencies")
        .filter(
            here(view),
            pl.col("pos").is_in(pos.unique().implode()),
            pl.col("file") == alleles["file"][0],
            pl.col("population") == group,
        )
        .select("record", "alt_index", "af")
        .collect()
    )
    return alleles.join(counted, on=["record", "alt_index"], how="left", maintain_order="left")


@st.cache_data(max_entries=FEW, show_spinner="Measuring linkage …")
def listed_pairs(
    path: str,
    versions: tuple[str, str],
    text: str,
    group: str,
    contig: Contig | None,
    measure: Measure,
) -> pl.DataFrame:
    """Return r² or D' of all pairs of `listed_alleles`, as `ondemand.ld_pairs` does."""
    listed = listed_alleles(path, versions, text, group, contig)
    return of_rows(place(path), listed.alleles, population=group, measure=measure)


@st.cache_data(max_entries=SOME, show_spinner="Counting haplotypes …")
def haplotypes(path: str, version: str, names: tuple[str, ...]) -> pl.DataFrame:
    """Return the haplotypes of some variants in every group, as `Lake.haplotypes` does."""
    del version
    return Lake(path).haplotypes(names)


@st.cache_data(max_entries=FEW, show_spinner=False)
def ld_decay(path: str, version: str) -> pl.DataFrame:
    """Return `gold.ld_decay`."""
    del version
    return scan(path, "gold.ld_decay").collect()
