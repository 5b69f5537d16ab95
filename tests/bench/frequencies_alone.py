"""Silver and `gold.frequencies`, and no other table of gold, from a lake whose bronze is built.

    uv run python tests/bench/frequencies_alone.py LAKE

For `build_versus_peers.py`: what peers do is to count, so this is what they are held
against. The rows are those that `medallion build` writes; they are not published.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from medallion import Lake
from medallion.gold import build as gold
from medallion.gold.counts import count_groups
from medallion.gold.frequencies import FREQUENCIES, frequency_rows
from medallion.gold.partition import Partition, SilverRows
from medallion.progress import Reporter
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


def main() -> None:
    """Build silver, then count."""
    root = Path(sys.argv[1])
    Lake(root).build("silver")
    silver = gold.Silver.published(root)
    tasks = silver.tasks(silver.units())
    with start_work(root, Reporter()) as work:
        parts = work.map(count, tasks, text=sum(t.text for t in tasks))
    delta.commit(root, FREQUENCIES, parts, {})


if __name__ == "__main__":
    # By its own name, for the processes that count: they have another main module.
    importlib.import_module(Path(__file__).stem).main()
