"""`gold.checks`: what was expected of the lake, and what was found at this build."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from medallion.catalog.checks import AT_BUILD
from medallion.catalog.genomes import bare_chrom
from medallion.catalog.populations import POPULATIONS_BY_CODE
from medallion.errors import CheckError
from medallion.gold.counts import PatternPloidy
from medallion.gold.published import FIELDS
from medallion.gold.structure import FEWEST_SITES
from medallion.gold.sums import Sums
from medallion.popgen.groups import Groups
from medallion.storage.schema import Column, Table

__all__ = ["CHECKS", "Facts", "check_rows", "refuse"]

CHECKS = Table(
    "gold.checks",
    "check, of the lake or of one file and contig",
    (
        Column("id", "string", "stable name of the check", nullable=False),
        Column("severity", "string",
               "error: the tables are wrong; warning: look at the source before trusting it; "
               "info: a fact to know", nullable=False),
        Column("verdict", "string", "passed or failed", nullable=False),
        Column("about", "string", "the file, contig or group that was checked", nullable=False),
        Column("expected", "string", "what was expected", nullable=False),
        Column("found", "string", "what was found", nullable=False),
        Column("meaning", "string", "what the check says, in a sentence", nullable=False),
    ),
    key=("id", "about"),
)  # fmt: skip

_TI_TV = (1.5, 3.5)
"""Transitions over transversions of snvs: about 2.1 over a human genome, about 3 in exons."""
_ENOUGH_SNVS = 1000
_MOST_OUTLIERS = 0.01
_MOST_TOLD = 3

Row = tuple[str, bool, str, str, str]
"""Id, verdict, what it is about, expected, found."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the tables over the whole lake need beside the sums of its contigs.

    `quarantined` counts records by file and reason; `columns` are the samples of each file.
    """

    ledger: Sequence[Mapping[str, Any]]
    quarantined: Mapping[tuple[str, str], int]
    samples: pl.DataFrame
    columns: Mapping[str, Sequence[str]]
    ploidy: PatternPloidy
    groups: Groups
    phase3: bool


Units = Sequence[tuple[str, str, Sums]]
"""The sums of each contig: (file, contig, sums)."""


def check_rows(facts: Facts, units: Units) -> pl.DataFrame:
    """`gold.checks`, in the order in which they are made."""
    rows = [
        (
            i, AT_BUILD[i].severity, "passed" if ok else "failed", about, expected, found,
            AT_BUILD[i].meaning,
        )
        for i, ok, about, expected, found in (
            *_conservation(facts), *_duplicates(facts), *_published(units), *_release(facts),
            *_sums(facts), *_sex(facts, units), *_structure(units),
            *_hardy_weinberg(facts, units), *_ti_tv(facts, units),
        )
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=CHECKS.polars_schema(), orient="row")


def refuse(checks: pl.DataFrame) -> None:
    """Raise CheckError where a check says that the tables are wrong: they are not published."""
    wrong = checks.filter(pl.col("severity") == "error", pl.col("verdict") == "failed")
    if wrong.is_empty():
        return
    said = "; ".join(
        f"{row['id']} of {row['about']}: expected {row['expected']}, found {row['found']}"
        for row in wrong.head(_MOST_TOLD).iter_rows(named=True)
    )
    raise CheckError(
        f"Gold was not published, for its checks found it wrong ({said}). What was built before "
        "is untouched. Build what it stands on again: medallion build silver --force. Where that "
        "does not help, the fault is in this program: please report it."
    )


def _conservation(facts: Facts) -> Iterator[Row]:
    for entry in facts.ledger:
        out = sum(n for (file, _), n in facts.quarantined.items() if file == entry["file"])
        total = entry["kept"] + out
        yield (
            "conservation", total == entry["records"], entry["file"],
            f"{entry['records']:,} records", f"{entry['kept']:,} kept + {out:,} quarantined",
        )  # fmt: skip


def _duplicates(facts: Facts) -> Iterator[Row]:
    for entry in facts.ledger:
        found = facts.quarantined.get((entry["file"], "duplicate"), 0)
        yield (
            "duplicates", found == 0, entry["file"], "0 records",
            f"{found:,} record{'' if found == 1 else 's'}",
        )  # fmt: skip


def _published(units: Units) -> Iterator[Row]:
    stated = np.zeros(len(FIELDS), np.int64)
    differ = np.zeros(len(FIELDS), np.int64)
    for _, _, sums in units:
        stated += sums.published.stated
        differ += sums.published.differ
    for field, said, odd in zip(FIELDS, stated.tolist(), differ.tolist(), strict=True):
        if said:
            yield (
                f"published_{field.lower()}", odd == 0, "all files",
                f"{said:,} alleles agree", f"{said - odd:,} agree, {odd:,} differ",
            )  # fmt: skip


def _release(facts: Facts) -> Iterator[Row]:
    """Samples per population against the release's, where the lake is of Phase 3."""
    if not facts.phase3:
        return
    for group in facts.groups.groups:
        known = POPULATIONS_BY_CODE.get(group.code)
        if group.level != "population" or known is None or known.samples_phase3 == 0:
            continue
        expected = known.samples_phase3
        yield (
            "release_samples", group.samples == expected, group.code,
            f"{expected:,} samples", f"{group.samples:,} samples",
        )  # fmt: skip


def _sums(facts: Facts) -> Iterator[Row]:
    by_population = sum(g.samples for g in facts.groups.groups if g.level == "population")
    everyone = len({sample for columns in facts.columns.values() for sample in columns})
    if by_population or everyone:
        yield (
            "sample_sums", by_population == everyone, "all samples",
            f"{everyone:,} samples", f"{by_population:,} samples",
        )  # fmt: skip


def _sex(facts: Facts, units: Units) -> Iterator[Row]:
    """Whether samples with one copy of X are those that the sample table calls male."""
    sex = dict(facts.samples.select("sample", "sex").iter_rows())
    for file, chrom, sums in units:
        if bare_chrom(chrom) != "X" or not len(sums.x_patterns):
            continue
        names = np.array([sex.get(s, "unknown") for s in facts.columns[file]])
        haploid = np.zeros(len(names), bool)
        for pattern in sums.x_patterns[:, 0].tolist():
            haploid |= facts.ploidy.by_id[pattern] == 1
        known = names != "unknown"
        if not haploid.any() or not known.any():
            continue
        odd = int((known & (haploid != (names == "male"))).sum())
        yield (
            "sex_chrx", odd == 0, f"{file}, {chrom}",
            f"{int((names == 'male').sum()):,} samples with one copy, all male",
            f"{int(haploid.sum()):,} with one copy; {odd:,} samples do not match their sex",
        )  # fmt: skip


def _structure(units: Units) -> Iterator[Row]:
    """Whether there are sites enough to tell structure and relatives from."""
    found = sum(len(sums.structure.pos) for _, _, sums in units)
    if units:
        yield (
            "structure_sites", found >= FEWEST_SITES, "all files",
            f"at least {FEWEST_SITES:,} sites", f"{found:,} sites",
        )  # fmt: skip


def _hardy_weinberg(facts: Facts, units: Units) -> Iterator[Row]:
    if not units:
        return
    tested, outliers = np.sum([sums.hwe for _, _, sums in units], axis=0)
    for group, n, odd in zip(facts.groups.groups, tested.tolist(), outliers.tolist(), strict=True):
        if group.level == "population" and n:
            share = odd / n
            yield (
                "hardy_weinberg", share <= _MOST_OUTLIERS, group.code,
                f"at most {_MOST_OUTLIERS:.0%} of {n:,} alleles", f"{odd:,} alleles ({share:.2%})",
            )  # fmt: skip


def _ti_tv(facts: Facts, units: Units) -> Iterator[Row]:
    for file, chrom, sums in units:
        everyone = [i for i, g in enumerate(facts.groups.groups) if g.level == "all"]
        if not everyone:
            continue
        ti = int(sums.populations.transitions[everyone[0]])
        tv = int(sums.populations.transversions[everyone[0]])
        if ti + tv < _ENOUGH_SNVS or bare_chrom(chrom) == "MT" or not tv:
            continue
        low, high = _TI_TV
        yield (
            "ti_tv", low <= ti / tv <= high, f"{file}, {chrom}",
            f"{low} to {high}", f"{ti / tv:.2f}",
        )  # fmt: skip
