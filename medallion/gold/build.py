"""Building gold from the published silver."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.errors import NotBuiltError
from medallion.gold.counts import PatternPloidy, count_groups
from medallion.gold.frequencies import frequency_rows
from medallion.gold.groups import Groups
from medallion.gold.populations import PopulationSums, population_rows, sum_populations
from medallion.gold.tables import FREQUENCIES, POPULATIONS
from medallion.silver.build import LAYER as SILVER
from medallion.silver.tables import CALLS, COLUMNS, GENOTYPES, PATTERNS, SAMPLES, VARIANTS
from medallion.storage import delta
from medallion.storage.arrow import values
from medallion.storage.delta import Part, PartWriter, RowGroup
from medallion.storage.fingerprint import Fingerprint, code_digest
from medallion.storage.publish import publish
from medallion.storage.snapshot import read_snapshot
from medallion.storage.work import Work

__all__ = ["LAYER", "build", "current"]

LAYER = "gold"
FORMAT = 1
_CODE = ("gold", "storage/delta.py", "vcf/genotype_texts.py", "catalog/populations.py")
_RECORDS_AT_ONCE = 8192

_VARIANT_COLUMNS = (
    "pos", "id", "ref", "alt", "alt_index", "transition", "has_gt", "pattern", "file"
)  # fmt: skip
_GENOTYPE_COLUMNS = ("sample", "gt", "dosage", "alt_index")
_CALL_COLUMNS = ("first_column", "last_column", "called")


def current(silver: Fingerprint) -> Fingerprint:
    """What gold would be made of, given what silver is made of now."""
    return Fingerprint({"The silver layer": silver.digest}, {}, FORMAT, code_digest(*_CODE))


@dataclass(frozen=True, slots=True)
class _Partition:
    """The task: the alleles of one row group of `silver.variants`, and who the samples are."""

    root: Path
    number: int
    group: RowGroup
    genotypes: tuple[RowGroup, ...]
    calls: tuple[RowGroup, ...]
    ploidy: PatternPloidy
    strata: npt.NDArray[np.int64]
    column_of: Mapping[str, int]
    groups: Groups


@dataclass(frozen=True, slots=True)
class _Summary:
    part: Part | None
    sums: list[PopulationSums]
    alleles: int


def build(root: Path, work: Work) -> None:
    """Make gold from the published silver, and publish it."""
    begun = time.monotonic()
    silver = read_snapshot(root, SILVER)
    if silver is None:
        raise NotBuiltError("Silver has not been built: build it first (medallion build silver).")
    version = {k: v.version for k, v in silver.tables.items()}
    groups = Groups.of(delta.scan(root, SAMPLES, version["samples"]).collect())
    tasks = _tasks(root, version, groups)
    total = silver.tables["variants"].rows
    done = 0

    def told(_count: int, summary: _Summary) -> None:
        nonlocal done
        done += summary.alleles
        work.report(LAYER, "counting alleles", done, total, "alleles")

    work.report(LAYER, "counting alleles", 0, total, "alleles")
    summaries = work.map(_count, tasks, told=told)
    work.report(LAYER, "publishing")
    frequencies = [s.part for s in summaries if s.part is not None]
    summary_rows = population_rows((p for s in summaries for p in s.sums), groups)
    populations = delta.write_part(root, POPULATIONS, summary_rows, chrom=None, name="part-00000")
    publish(
        root,
        {FREQUENCIES: frequencies, POPULATIONS: [populations]},
        current(silver.fingerprint),
        {"silver": version},
        begun,
    )


def _tasks(root: Path, version: Mapping[str, int], groups: Groups) -> list[_Partition]:
    columns = delta.scan(root, COLUMNS, version["columns"]).sort("file", "column").collect()
    ploidy = PatternPloidy.of(delta.scan(root, PATTERNS, version["patterns"]).collect())
    genotypes = delta.row_groups(root, GENOTYPES, version["genotypes"])
    calls = delta.row_groups(root, CALLS, version["calls"])
    names = {
        file: rows["sample"].to_list()
        for (file,), rows in columns.group_by("file", maintain_order=True)
    }
    strata = {f: np.array([groups.stratum[s] for s in n], np.int64) for f, n in names.items()}
    column_of = {f: {s: i for i, s in enumerate(n)} for f, n in names.items()}
    tasks = []
    for number, group in enumerate(delta.row_groups(root, VARIANTS, version["variants"])):
        if group.file not in names:
            continue  # a file of sites without samples has nothing to count
        same = {
            k: tuple(g for g in found if (g.file, g.chrom) == (group.file, group.chrom)
                     and g.first_record <= group.last_record
                     and g.last_record >= group.first_record)
            for k, found in (("genotypes", genotypes), ("calls", calls))
        }  # fmt: skip
        tasks.append(
            _Partition(
                root, number, group, same["genotypes"], same["calls"], ploidy,
                strata[group.file], column_of[group.file], groups,
            )
        )  # fmt: skip
    return tasks


def _count(task: _Partition) -> _Summary:
    """Count one row group of variants, some thousand records at a time."""
    group = task.group
    writer = PartWriter(task.root, FREQUENCIES, group.chrom, f"part-{task.number:05d}")
    sums: list[PopulationSums] = []
    alleles = 0

    def rows(
        groups: tuple[RowGroup, ...], columns: tuple[str, ...], dictionaries: tuple[str, ...],
        first: int, last: int,
    ) -> pa.Table | None:  # fmt: skip
        return delta.read_records(
            groups, columns, dictionaries, group.chrom, group.file, first, last
        )

    everything = rows((group,), _VARIANT_COLUMNS, (), group.first_record, group.last_record)
    if everything is None:
        return _Summary(None, [], 0)
    variants = pl.DataFrame(everything)
    carried = rows(
        task.genotypes, _GENOTYPE_COLUMNS, ("sample", "gt"), group.first_record, group.last_record
    )
    missed = rows(task.calls, _CALL_COLUMNS, (), group.first_record, group.last_record)
    for first in range(group.first_record, group.last_record + 1, _RECORDS_AT_ONCE):
        last = first + _RECORDS_AT_ONCE - 1
        some = variants.filter(pl.col("record").is_between(first, last))
        alleles += len(some)
        some = some.filter("has_gt")
        if some.is_empty():
            continue
        counts = count_groups(
            some,
            _between(carried, first, last),
            _frame(_between(missed, first, last)),
            task.ploidy,
            task.strata,
            task.column_of,
            task.groups,
        )
        writer.write(frequency_rows(some, counts, task.groups))
        sums.append(sum_populations(some, counts))
    return _Summary(writer.close(), sums, alleles)


def _between(rows: pa.Table | None, first: int, last: int) -> pa.Table | None:
    if rows is None:
        return None
    low, high = values(rows["record"]).searchsorted([first, last + 1])
    return rows.slice(int(low), int(high - low)) if high > low else None


def _frame(rows: pa.Table | None) -> pl.DataFrame:
    if rows is None:
        return pl.DataFrame(schema=dict.fromkeys(("record", *_CALL_COLUMNS), pl.Int64))
    return pl.DataFrame(rows)
