"""Counts in an ad-hoc cohort: any set of samples, over any alleles.

A cohort is one group of samples; its counts are made by the code that counts the stored
groups (`medallion.gold.counts`), so that a stored group chosen by hand gives the stored
numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.files import Place
from medallion.gold.counts import GroupCounts, PatternPloidy, count_groups, told_calls
from medallion.popgen.groups import Group, Groups
from medallion.popgen.hwe import exact_test
from medallion.silver.tables import CALLS, COLUMNS, GENOTYPES, PATTERNS
from medallion.storage import delta
from medallion.storage.arrow import numbers, values
from medallion.storage.parts import holding
from medallion.storage.rows import read_records, row_groups

__all__ = ["CALL_COLUMNS", "GENOTYPE_COLUMNS", "cohort_counts", "cohort_rows", "read_cohort"]

GENOTYPE_COLUMNS = ("sample", "gt", "dosage", "alt_index")
"""Columns of `silver.genotypes` that a count needs, beside `record`; the first two as
dictionaries."""
CALL_COLUMNS = ("first_column", "last_column", "gt", "called")
"""Columns of `silver.calls` that a count needs, beside `record`."""

_CODE = "COHORT"


def cohort_counts(
    variants: pl.DataFrame,
    genotypes: pa.Table | None,
    calls: pl.DataFrame,
    ploidy: PatternPloidy,
    column_of: Mapping[str, int],
    members: npt.NDArray[np.bool_],
) -> GroupCounts:
    """Counts of ALT alleles in the samples that `members`, shape (n_columns,), marks.

    `variants` are all rows of `silver.variants` of some records that have genotypes, in
    order of record and alt_index; `genotypes` and `calls` the rows of the same records;
    `column_of` maps each sample of the file to its column. The counts have shape
    (n_alleles, 1).
    """
    if variants.is_empty():
        return GroupCounts(*(np.zeros((0, 1), np.int64) for _ in GroupCounts.__slots__))
    size = int(members.sum())
    groups = Groups(
        (Group(_CODE, "cohort", None, None, size),),
        {name: int(not members[column]) for name, column in column_of.items()},
        ((0,),),
        2,
    )
    strata = np.where(members, 0, 1).astype(np.int64)
    return count_groups(variants, genotypes, calls, ploidy, strata, column_of, groups)


def cohort_rows(variants: pl.DataFrame, counts: GroupCounts) -> pl.DataFrame:
    """The counts beside their alleles, with the columns of `gold.frequencies`.

    chrom, pos, id, ref, alt, ac, an, af (null where nothing is called), n_hom_ref, n_het,
    n_hom_alt, n_missing, hwe_p (Wigginton 2005, diploid calls; null without any),
    alt_index, file, record.
    """
    columns = {
        name: getattr(counts, name)[:, 0]
        for name in ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing")
    }
    p = exact_test(counts.diploid_hom_ref, counts.diploid_het, counts.diploid_hom_alt)
    frame = variants.select("chrom", "pos", "id", "ref", "alt", "alt_index", "file", "record")
    return frame.with_columns(
        **{name: pl.Series(column, dtype=pl.Int32) for name, column in columns.items()},
        hwe_p=pl.Series(p, dtype=pl.Float64).fill_nan(None),
    ).select(
        "chrom", "pos", "id", "ref", "alt", "ac", "an",
        pl.when(pl.col("an") > 0).then(pl.col("ac") / pl.col("an")).alias("af"),
        "n_hom_ref", "n_het", "n_hom_alt", "n_missing", "hwe_p", "alt_index", "file", "record",
    )  # fmt: skip


def read_cohort(
    root: Place,
    versions: Mapping[str, int],
    file: str,
    variants: pl.DataFrame,
    samples: frozenset[str] | set[str],
) -> pl.DataFrame:
    """`cohort_rows` of alleles of one file, reading only the row groups that hold them.

    `versions` are those of silver's tables, as its snapshot pins them; `variants` all
    rows of `silver.variants` of a region, of one contig and `file`. Alleles of records
    without genotypes give no row. Names in `samples` that the file does not have count
    for nothing. Raises LakeError where silver is damaged.
    """
    some = variants.filter("has_gt").sort("record", "alt_index")
    with delta.reading(root, "silver"):
        columns = delta.scan(root, COLUMNS, versions["columns"])
        names = columns.filter(pl.col("file") == file).sort("column").collect()["sample"].to_list()
        wanted = some["pattern"].drop_nulls().unique()
        patterns = delta.scan(root, PATTERNS, versions["patterns"])
        ploidy = PatternPloidy.of(
            patterns.filter(pl.col("pattern").is_in(wanted.implode())).collect()
        )
        members = np.array([name in samples for name in names], bool)
        column_of = {name: i for i, name in enumerate(names)}
        genotypes, calls = _rows(root, versions, file, some) if len(some) else (None, None)
    none = pl.DataFrame(schema=dict.fromkeys(("record", *CALL_COLUMNS), pl.Int64))
    missed = none if calls is None else told_calls(pl.DataFrame(calls), some, ploidy)
    counts = cohort_counts(some, genotypes, missed, ploidy, column_of, members)
    return cohort_rows(some, counts)


def _rows(
    root: Place, versions: Mapping[str, int], file: str, variants: pl.DataFrame
) -> tuple[pa.Table | None, pa.Table | None]:
    """Rows of `silver.genotypes` and `silver.calls` of the records of `variants`, no others."""
    chrom = variants["chrom"][0]
    records = np.unique(variants["record"].to_numpy())
    near = holding(file, variants)
    found = []
    for table, columns, dictionaries in (
        (GENOTYPES, GENOTYPE_COLUMNS, ("sample", "gt")), (CALLS, CALL_COLUMNS, ())
    ):  # fmt: skip
        rows = read_records(
            row_groups(root, table, versions[table.short], near), columns, dictionaries,
            chrom, file, int(records[0]), int(records[-1]),
        )  # fmt: skip
        if rows is not None:
            # A region's records mostly follow each other; where not, the others go.
            own = np.isin(values(rows["record"]), records)
            if not own.all():
                rows = rows.take(numbers(np.flatnonzero(own))).combine_chunks()
        found.append(rows)
    return found[0], found[1]
