"""What `frequencies_alone.py` does: a module by its own name, for processes to find it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count as numbers
from itertools import groupby, pairwise
from pathlib import Path

from medallion.gold import build as gold
from medallion.gold.counts import count_groups
from medallion.gold.frequencies import FREQUENCIES, frequency_rows
from medallion.gold.partition import Partition, SilverRows
from medallion.progress import Reporter
from medallion.silver import build as silver
from medallion.storage import delta
from medallion.storage.parts import Part, PartWriter
from medallion.storage.work import start_work


def count(task: Partition) -> Part | None:
    """Count some stretches of a contig and write their frequencies."""
    writer = PartWriter(task.root, FREQUENCIES, task.chrom, f"part-{task.number:05d}")
    rows = SilverRows(task)
    for stretch in task.stretches:
        for some, carried, missed in rows.pieces(stretch):
            counts = count_groups(
                some, carried, missed, task.ploidy, task.strata, task.column_of, task.groups
            )
            writer.write(frequency_rows(some, counts, task.groups)[0])
    return writer.close()


def at_row_groups(tasks: Sequence[Partition]) -> Iterator[Partition]:
    """The same records, cut where a row group of genotypes begins, so that each is read once.

    Gold's own tasks are whole megabases, which its sums over sites ask for; frequencies,
    record by record, do not.
    """
    number = numbers()
    for _, of_contig in groupby(tasks, lambda t: (t.file, t.chrom)):
        whole = list(of_contig)
        variants, genotypes, calls = (
            tuple(dict.fromkeys(group for task in whole for group in getattr(task, table)))
            for table in ("variants", "genotypes", "calls")
        )
        first, last = whole[0].stretches[0][0], whole[-1].stretches[-1][1]
        edges = [first, *(g.first_record for g in genotypes if g.first_record > first), last + 1]
        for low, end in pairwise(edges):
            yield replace(
                whole[0], number=next(number), stretches=((low, end - 1),),
                variants=variants, genotypes=genotypes, calls=calls,
            )  # fmt: skip


def build(root: Path) -> None:
    """Build silver, then count."""
    with start_work(root, Reporter()) as work:
        silver.build(root, work)
        published = gold.Silver.published(root)
        tasks = list(at_row_groups(published.tasks(published.units())))
        parts = work.map(count, tasks, text=sum(t.text for t in tasks))
    delta.commit(root, FREQUENCIES, parts, {})
