"""Building gold from the published silver.

Its unit is a contig of a file: what is counted there depends on that contig's silver, on
who the samples are and on the code alone. So a chromosome that is added is counted
alone; the sums of the others are read back (`gold/sums/`), and the tables over the whole
lake are made of all sums.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import polars as pl

from medallion.bronze.build import LAYER as BRONZE
from medallion.bronze.tables import FILES
from medallion.errors import ConservationError, NotBuiltError
from medallion.files import Place
from medallion.gold.checks import Facts, check_rows
from medallion.gold.counts import PatternPloidy
from medallion.gold.different import MOST_DIFFERENT, first_different
from medallion.gold.frequencies import FREQUENCIES
from medallion.gold.partition import Partition, Stretch, count_partition, cut
from medallion.gold.sums import Adder
from medallion.gold.tables import TABLES
from medallion.gold.units import (
    BY_UNIT,
    Unit,
    kept_units,
    read_sums,
    remove_sums,
    unit_key,
    write_sums,
)
from medallion.gold.variants import VARIANTS
from medallion.gold.whole import whole_tables
from medallion.popgen.groups import Groups
from medallion.silver.build import LAYER as SILVER
from medallion.silver.tables import CALLS, COLUMNS, DEFECTS, GENOTYPES, PATTERNS, SAMPLES
from medallion.silver.tables import VARIANTS as SILVER_VARIANTS
from medallion.storage import delta
from medallion.storage.arrow import values
from medallion.storage.fingerprint import Fingerprint, code_digest
from medallion.storage.parts import Part, write_part
from medallion.storage.publish import arrived, publish, removing_unfinished
from medallion.storage.rows import RowGroup, RowReader, row_groups
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, read_snapshot
from medallion.storage.work import Work

__all__ = ["LAYER", "Silver", "build", "checks_again", "current"]

LAYER = "gold"
FORMAT = 4
_CODE = (
    "gold", "popgen", "storage/parts.py", "storage/coded.py", "storage/pages.py",
    "storage/thrift.py", "storage/schema.py", "vcf/genotype_texts.py",
    "catalog/populations.py", "catalog/genomes.py", "catalog/checks.py",
)  # fmt: skip
_RECORDS_PER_TASK = 1 << 14


def _code() -> str:
    return code_digest(*_CODE, used_by="gold/build.py")


def current(silver: Fingerprint) -> Fingerprint:
    """What gold would be made of, given what silver is made of now."""
    return Fingerprint({"The silver layer": silver.digest}, {}, FORMAT, _code())


@dataclass(frozen=True, slots=True)
class Silver:
    """What all tasks share: the published silver, its samples and their columns."""

    root: Place
    snapshot: Snapshot
    version: Mapping[str, int]
    samples: pl.DataFrame
    groups: Groups
    columns: Mapping[str, Sequence[str]]
    ploidy: PatternPloidy

    @classmethod
    def published(cls, root: Place) -> Silver:
        """The published silver of the lake at `root`; raises NotBuiltError where there is none."""
        snapshot = read_snapshot(root, SILVER)
        if snapshot is None:
            raise NotBuiltError(
                "Silver has not been built: build it first (medallion build silver)."
            )
        version = {k: v.version for k, v in snapshot.tables.items()}
        samples = delta.scan(root, SAMPLES, version[SAMPLES.short]).collect()
        columns = delta.scan(root, COLUMNS, version[COLUMNS.short]).sort("file", "column")
        names = {
            str(file): rows["sample"].to_list()
            for (file,), rows in columns.collect().group_by("file", maintain_order=True)
        }
        patterns = delta.scan(root, PATTERNS, version[PATTERNS.short]).collect()
        ploidy = PatternPloidy.of(patterns)
        return cls(root, snapshot, version, samples, Groups.of(samples), names, ploidy)

    def tasks(self, units: Sequence[Unit]) -> list[Partition]:
        """The stretches of `units` in order, in tasks of some thousand records."""
        of = {(u.file, u.chrom) for u in units}

        def wanted(part: Part) -> bool:
            return (part.stats["file"][0], part.chrom or "") in of

        groups = [
            _by_contig(row_groups(self.root, t, self.version[t.short], wanted))
            for t in (SILVER_VARIANTS, GENOTYPES, CALLS)
        ]
        tasks: list[Partition] = []
        for unit in units:
            own, genotypes, calls = (g.get((unit.file, unit.chrom), []) for g in groups)
            names = self.columns.get(unit.file, ())
            strata = np.array([self.groups.stratum[s] for s in names], np.int64)
            column_of = {s: i for i, s in enumerate(names)}
            for stretches in _grouped(_stretches(own)):
                near = (stretches[0][0], stretches[-1][1])
                tasks.append(
                    Partition(
                        self.root, len(tasks), unit.file, unit.chrom, stretches,
                        _holding(own, *near), _holding(genotypes, *near), _holding(calls, *near),
                        self.ploidy, strata, column_of, self.groups,
                    )
                )  # fmt: skip
        return tasks

    def units(self) -> list[Unit]:
        """The contigs of the files, in the order of the files."""
        parts = delta.parts_of(self.root, SILVER_VARIANTS, self.version[SILVER_VARIANTS.short])
        present = {(p.stats["file"][0], p.chrom or "") for p in parts}
        code = _code()
        return [
            Unit(file, chrom, unit_key(file, key, chrom, self.groups, code))
            for file, key in self.snapshot.summary["keys"].items()
            for chrom in sorted(c for f, c in present if f == file)
        ]


def _stretches(groups: Sequence[RowGroup]) -> list[Stretch]:
    """The stretches of the contig of a file whose variants stand in `groups`."""
    rows = RowReader(groups, ("pos",)).all()
    return cut(*(values(rows[c]) for c in ("pos", "record"))) if rows is not None else []


def _grouped(stretches: Sequence[Stretch]) -> Iterator[tuple[Stretch, ...]]:
    """Neighbouring stretches together, up to some thousand records."""
    group: list[Stretch] = []
    for stretch in stretches:
        if group and stretch[1] - group[0][0] >= _RECORDS_PER_TASK:
            yield tuple(group)
            group = []
        group.append(stretch)
    if group:
        yield tuple(group)


def _by_contig(groups: Sequence[RowGroup]) -> dict[tuple[str, str], list[RowGroup]]:
    """Row groups of a table by file and chrom."""
    found: dict[tuple[str, str], list[RowGroup]] = {}
    for group in groups:
        found.setdefault((group.file, group.chrom), []).append(group)
    return found


def _holding(groups: Sequence[RowGroup], first: int, last: int) -> tuple[RowGroup, ...]:
    """Those row groups that hold any of the records `first` to `last`."""
    return tuple(g for g in groups if g.first_record <= last and g.last_record >= first)


def build(root: Place, work: Work, *, force: bool = False) -> None:
    """Make gold from the published silver, and publish it.

    Contigs whose silver and samples are as they were keep their parts and sums, unless
    `force`.
    """
    silver = Silver.published(root)
    with removing_unfinished(root, TABLES):
        _build(root, silver, work, force=force)


def _build(root: Place, silver: Silver, work: Work, *, force: bool) -> None:
    begun = time.monotonic()
    units = silver.units()
    kept = {} if force else kept_units(root, read_snapshot(root, LAYER), units)
    made = _count(silver, [u for u in units if u.key not in kept], work)
    work.report(LAYER, "summing up")
    tables = whole_tables(root, units, _facts(silver), work)
    work.report(LAYER, "publishing")
    parts: dict[Table, list[Part | None]] = {
        table: [
            part
            for unit in units
            for part in (kept[unit.key] if unit.key in kept else made[unit.key])[table.short]
        ]
        for table in BY_UNIT
    }
    _conserved(silver, parts[VARIANTS])
    for table, frames in tables.items():
        parts[table] = [
            write_part(root, table, rows, chrom=chrom, name="part-00000") for chrom, rows in frames
        ]
    facts = {
        "silver": dict(silver.version),
        "units": [{"file": u.file, "chrom": u.chrom, "key": u.key} for u in units],
    }
    before = read_snapshot(root, LAYER)
    publish(root, parts, current(silver.snapshot.fingerprint), facts, begun)
    remove_sums(root, before, units)


def checks_again(root: Place) -> pl.DataFrame:
    """`gold.checks` as a build would make it now, of published silver and the kept sums.

    Raises LakeError where sums are gone or damaged.
    """
    snapshot = read_snapshot(root, LAYER)
    told = snapshot.summary["units"] if snapshot else ()
    units = [Unit(u["file"], u["chrom"], u["key"]) for u in told]
    return check_rows(_facts(Silver.published(root)), [
        (u.file, u.chrom, s) for u in units if (s := read_sums(root, u)) is not None
    ])  # fmt: skip


def _conserved(silver: Silver, variants: Sequence[Part | None]) -> None:
    """Raise ConservationError where gold has not an allele for each that silver has."""
    found = sum(p.rows for p in variants if p is not None)
    expected = silver.snapshot.tables[SILVER_VARIANTS.short].rows
    if found != expected:
        raise ConservationError(
            f"Silver has {expected:,} ALT alleles, but {found:,} were counted. Nothing was "
            "published. This is a bug: please report it."
        )


def _count(silver: Silver, units: Sequence[Unit], work: Work) -> dict[str, dict[str, list[Part]]]:
    """Count units, store their sums, and give their parts by the unit's key."""
    tasks = silver.tasks(units)
    text = sum(t.text for t in tasks)
    total = silver.snapshot.tables[SILVER_VARIANTS.short].rows
    done = 0
    work.report(LAYER, "counting alleles", 0, total, "alleles")
    found: dict[str, dict[str, list[Part]]] = {}
    with closing(work.stream(count_partition, tasks, text=text)) as summaries:
        for unit in units:
            sums = Adder()
            parts: dict[str, list[Part]] = {table.short: [] for table in BY_UNIT}
            different = []
            # The tasks of a unit follow each other.
            own = sum((t.file, t.chrom) == (unit.file, unit.chrom) for t in tasks)
            for summary in islice(summaries, own):
                done += summary.alleles
                work.report(LAYER, "counting alleles", done, total, "alleles")
                for table, part in (
                    (VARIANTS, summary.variants), (FREQUENCIES, summary.frequencies),
                ):  # fmt: skip
                    parts[table.short] += arrived(silver.root, table, [part] if part else [])
                different.append(summary.different)
                if summary.sums is not None:
                    sums.add(summary.sums)
            first = write_part(
                silver.root, MOST_DIFFERENT, first_different(different), chrom=unit.chrom,
                name=f"part-{units.index(unit):05d}",
            )  # fmt: skip
            parts[MOST_DIFFERENT.short] += [first] if first else []
            write_sums(silver.root, unit, sums.total())
            found[unit.key] = parts
    return found


def _facts(silver: Silver) -> Facts:
    """What the tables over the whole lake need beside the sums."""
    root = silver.root
    defects = delta.scan(root, DEFECTS, silver.version[DEFECTS.short])
    quarantined: dict[tuple[str, str], int] = {
        (file, reason): n
        for file, reason, n in defects.filter(
            (pl.col("verdict") == "quarantined") & (pl.col("scope") == "record")
        )
        .group_by("file", "reason")
        .len()
        .collect()
        .iter_rows()
    }
    bronze = read_snapshot(root, BRONZE)
    datasets: list[Any] = []
    if bronze is not None:
        files = delta.scan(root, FILES, bronze.tables[FILES.short].version)
        datasets = files.select("dataset").collect()["dataset"].to_list()
    return Facts(
        ledger=silver.snapshot.summary["ledger"],
        quarantined=quarantined,
        samples=silver.samples,
        columns=silver.columns,
        ploidy=silver.ploidy,
        groups=silver.groups,
        phase3="phase3" in datasets,
    )
