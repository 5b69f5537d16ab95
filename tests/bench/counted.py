"""What `frequencies_alone.py` does: a module by its own name, for processes to find it."""

from __future__ import annotations

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


def build(root: Path) -> None:
    """Build silver, then count."""
    with start_work(root, Reporter()) as work:
        silver.build(root, work)
        published = gold.Silver.published(root)
        tasks = published.tasks(published.units())
        parts = work.map(count, tasks, text=sum(t.text for t in tasks))
    delta.commit(root, FREQUENCIES, parts, {})
