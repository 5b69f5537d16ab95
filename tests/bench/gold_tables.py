"""How long each table of gold takes alone, and all of them together, from a built silver.

    uv run python tests/bench/gold_tables.py LAKE [--runs N]

Each line is a whole process of its own: it reads silver, counts the groups where the
table is made of counts, makes what is named, and writes or sums it. Tables that come of
one pass share a line. Prints the median wall time and the peak memory; LAKE keeps its
silver, and its gold is built anew. Not a test: a time is never asserted.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl

from medallion import Lake
from medallion.gold import build as gold
from medallion.gold import partition as of
from medallion.gold.counts import GroupCounts, count_groups
from medallion.gold.frequencies import FREQUENCIES, frequency_rows
from medallion.gold.partition import Partition, SilverRows
from medallion.gold.populations import sum_populations
from medallion.gold.published import compare
from medallion.gold.sample_counts import expected_heterozygosity, sum_samples
from medallion.gold.variants import VARIANTS, variant_rows
from medallion.popgen import diversity, fst
from medallion.popgen.geography import Layout
from medallion.progress import Reporter
from medallion.storage.parts import PartWriter
from medallion.storage.work import start_work

Counted = Callable[[Partition, Layout, pl.DataFrame, GroupCounts], object]


def spectra(_task: Partition, layout: Layout, some: pl.DataFrame, counts: GroupCounts) -> object:
    """gold.spectrum, gold.joint_spectrum."""
    return of._spectra(layout, some, counts)


def populations(
    _task: Partition, layout: Layout, some: pl.DataFrame, counts: GroupCounts
) -> object:
    """gold.populations, gold.windows, gold.windows_fst."""
    pos, record = (some[c].to_numpy().astype(np.int64) for c in ("pos", "record"))
    one = (some["n_alts"] == 1).to_numpy()
    return sum_populations(some, counts), of._diversity(
        layout, some, counts, pos, record, counts.ac[one], counts.an[one], pos[one]
    )


def pairs(_task: Partition, layout: Layout, some: pl.DataFrame, counts: GroupCounts) -> object:
    """gold.fst."""
    one = (some["n_alts"] == 1).to_numpy()
    block = diversity.window_of(some["pos"].to_numpy().astype(np.int64)[one], of.BLOCK_BASES)
    diploid = [x[one] for x in (counts.diploid_hom_ref, counts.diploid_het, counts.diploid_hom_alt)]
    return [
        (
            fst.hudson_sums(counts.ac[one][:, own], counts.an[one][:, own], block),
            fst.weir_cockerham_sums(*(x[:, own] for x in diploid), block),
        )
        for own in (list(layout.populations), list(layout.super_populations))
    ]


def checks(_task: Partition, layout: Layout, some: pl.DataFrame, counts: GroupCounts) -> object:
    """What gold.checks compares with the published numbers."""
    return compare(some, counts, layout)


COUNTED: dict[str, Counted] = {
    "populations, windows": populations,
    "spectrum, joint_spectrum": spectra,
    "fst": pairs,
    "checks": checks,
}


def _groups(task: Partition, rows: SilverRows, wanted: str) -> None:
    """One task of a table that is made of counts in groups."""
    layout = Layout.of(task.groups)
    table = {"frequencies": FREQUENCIES, "variants": VARIANTS}.get(wanted)
    writer = PartWriter(task.root, table, task.chrom, f"bench-{task.number:05d}") if table else None
    for stretch in task.stretches:
        for some, carried, missed in rows.pieces(stretch):
            counts = count_groups(
                some, carried, missed, task.ploidy, task.strata, task.column_of, task.groups
            )
            if writer is None:
                COUNTED[wanted](task, layout, some, counts)
            elif wanted == "frequencies":
                writer.write(frequency_rows(some, counts, task.groups)[0])
            else:
                writer.write(variant_rows(some, counts, layout))
    if writer is not None and (part := writer.close()) is not None:
        (task.root / "gold" / part.path).unlink(missing_ok=True)


def _samples(task: Partition, rows: SilverRows) -> None:
    """One task of gold.samples."""
    for stretch in task.stretches:
        for some, carried, missed in rows.pieces(stretch):
            ac, an = (some[c].to_numpy().astype(np.int64) for c in ("ac", "an"))
            expected = expected_heterozygosity(some["record"].to_numpy().astype(np.int64), ac, an)
            sum_samples(some, carried, missed, task.ploidy, task.column_of, expected)


def _structure(task: Partition, rows: SilverRows) -> None:
    """One task of gold.pca, gold.relatedness and gold.ld_decay."""
    layout = Layout.of(task.groups)
    for stretch in task.stretches:
        chosen = of._Chosen(task, rows.variants(*stretch))
        sums = None
        for some, carried, missed in rows.pieces(stretch):
            chosen.look(some, carried, missed)
            if sums is None:
                counts = count_groups(
                    some, carried, missed, task.ploidy, task.strata, task.column_of, task.groups
                )
                p = frequency_rows(some, counts, task.groups)[1]
                sums = of._sums(task, layout, some, carried, missed, counts, p)
        if sums is not None:
            chosen.told(sums, layout)


TABLES = ("frequencies", "variants", *COUNTED, "samples", "pca, relatedness, ld_decay")


def make(root: Path, wanted: str) -> None:
    """Make one line's tables, or all of gold."""
    if wanted == "all of gold":
        Lake(root).build("gold", force=True)
        return
    silver = gold.Silver.published(root)

    def task(each: Partition) -> None:
        rows = SilverRows(each)
        if wanted == "samples":
            _samples(each, rows)
        elif wanted.startswith("pca"):
            _structure(each, rows)
        else:
            _groups(each, rows, wanted)

    with start_work(root, Reporter()) as work:
        work.map(task, silver.tasks(silver.units()))


def measure(lake: Path, wanted: str) -> tuple[float, int]:
    """Wall seconds and peak bytes of a process that makes `wanted`."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, __file__, str(lake), "--only", wanted])
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{wanted}: the process failed")
    return time.perf_counter() - begun, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Read the arguments, measure each line, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.only:
        make(asked.lake, asked.only)
        return
    if not hasattr(os, "wait4"):
        raise SystemExit("This system does not tell a process's peak memory.")
    print(f"{'table':32}{'seconds':>9}{'peak MB':>9}")
    for wanted in (*TABLES, "all of gold"):
        runs = [measure(asked.lake, wanted) for _ in range(asked.runs)]
        seconds = statistics.median(r[0] for r in runs)
        print(f"{wanted:32}{seconds:9.2f}{max(r[1] for r in runs) / 1e6:9.0f}", flush=True)


if __name__ == "__main__":
    main()
