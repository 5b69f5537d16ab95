"""The variants that people name: which rows of silver they mean, and how they are told.

A name that means nothing, or more than one thing, is a UsageError that says what there is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from medallion.errors import UsageError
from medallion.find import variant_filter
from medallion.ondemand.builds import as_in_lake
from medallion.ondemand.silver import Silver

__all__ = ["find_alleles", "find_records", "forms", "label", "listed", "several", "unphased"]

_LISTED = 8


def find_alleles(silver: Silver, texts: Sequence[str]) -> pl.DataFrame:
    """The one ALT allele that each text means, in the order of the file."""
    return _one_contig(pl.concat(_found(silver, texts, ("file", "record", "alt_index"))))


def find_records(silver: Silver, texts: Sequence[str]) -> pl.DataFrame:
    """All alleles of the one record that each text means, in the order of the file."""
    named = _one_contig(
        pl.concat(
            rows.unique(["file", "record"], keep="first", maintain_order=True)
            for rows in _found(silver, texts, ("file", "record"))
        )
    )
    if (twice := named.filter(pl.col("record").is_duplicated())).height:
        names = [label(row) for row in twice.iter_rows(named=True)]
        raise UsageError(
            f"{listed(names)} are alleles of one record, which is taken whole here. Name each "
            "record once."
        )
    return silver.variants(
        (pl.col("chrom") == named["chrom"][0])
        & pl.col("pos").is_in(named["pos"].unique().implode())
        & (pl.col("file") == named["file"][0])
        & pl.col("record").is_in(named["record"].implode())
    )


def _found(silver: Silver, texts: Sequence[str], key: Sequence[str]) -> list[pl.DataFrame]:
    """Rows of `silver.variants` that each text means: of one `key`, or UsageError."""
    spelled = as_in_lake(silver.root, texts)
    filters = [variant_filter(text) for text in spelled]
    # One pass for what any of them can mean, instead of hundreds of conditions a row.
    every = silver.at(spelled)
    found = []
    for text, means in zip(texts, filters, strict=True):
        rows = every.filter(means)
        if rows.is_empty():
            raise UsageError(
                f"There is no variant {text.strip()!r} in silver: expected one such as "
                f"{forms(silver.example())}. See silver.defects for what was kept out."
            )
        if rows.n_unique(key) > 1:
            choices = [f"{label(r)} ({r['file']} #{r['record']:,})" for r in rows.to_dicts()]
            raise UsageError(
                f"{text.strip()!r} may mean any of {len(rows)} alleles: {listed(choices)}. "
                "Name one of them in full."
            )
        if not rows["has_gt"].all():
            raise UsageError(
                f"{text.strip()!r} has no genotypes (no GT in its record), so nothing can be said "
                "of who carries it. Choose another variant."
            )
        found.append(rows)
    return found


def _one_contig(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in order, if they are of one contig of one file, each named once."""
    places = rows.select("file", "chrom").unique(maintain_order=True)
    if len(places) > 1:
        told = [f"{chrom} of {file}" for file, chrom in places.iter_rows()]
        raise UsageError(
            f"The variants are of several contigs or files: {listed(told)}. Phase is known "
            "within one alone: ask for each by itself."
        )
    names = pl.Series([label(row) for row in rows.iter_rows(named=True)])
    if names.is_duplicated().any():
        twice = names.filter(names.is_duplicated()).unique(maintain_order=True).to_list()
        raise UsageError(f"Named more than once: {listed(twice)}. Name each variant once.")
    return rows.sort("record", "alt_index")


def several(variants: Sequence[str], most: int) -> list[str]:
    """The names as a list; UsageError for none, or more than `most`."""
    texts = [variants] if isinstance(variants, str) else list(variants)
    if not 1 <= len(texts) <= most:
        raise UsageError(
            f"{len(texts):,} variants are named: expected 1 to {most}, each such as "
            "22-16050075-A-G."
        )
    return texts


def label(row: Mapping[str, object]) -> str:
    """How a row of `silver.variants` is told: 22-16050075-A-G."""
    return f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"


def forms(example: Mapping[str, Any] | None) -> str:
    """How a variant may be named: 22-16050075-A-G, 22:16050075 or rs587697622.

    `example` is what `Silver.example` gives.
    """
    if example is None:
        return "22-16050075-A-G, 22:16050075 or rs587697622"
    told = [label(example), f"{example['chrom']}:{example['pos']}"]
    told += [str(example["id"]).split(";")[0]] if example["id"] else []
    return f"{', '.join(told[:-1])} or {told[-1]}"


def unphased(names: Sequence[str]) -> UsageError:
    """What to raise where haplotypes are asked for and the phase is not known."""
    return UsageError(
        f"Which haplotype carries what is not known at {listed(names)}: the file has genotypes "
        "such as 0/1 there, and this needs 0|1. Leave them out, or ask for r2."
    )


def listed(names: Sequence[str], most: int = _LISTED) -> str:
    """The first `most` names, and how many more there are."""
    some = [names] if isinstance(names, str) else list(names)
    more = f" and {len(some) - most:,} more" if len(some) > most else ""
    return (", ".join(some[:most]) or "none") + more
