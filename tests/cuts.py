"""Files cut into partitions, batches and blocks of chosen sizes, and all that a lake then holds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pytest

from medallion import Lake
from medallion.silver import partition
from medallion.vcf import blocks


@contextmanager
def cut_into(partition_bytes: int, batch_bytes: int, block: int = 1 << 16) -> Iterator[None]:
    """Have files cut into partitions, batches and blocks of text of these sizes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(partition, "_TEXT_PER_PARTITION", partition_bytes)
        patch.setattr(partition, "_RECORDS_PER_PARTITION", 0)
        patch.setattr(partition, "_MOST_TEXT", batch_bytes)
        patch.setattr(blocks, "_TEXT_BLOCK", block)
        yield


def content(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every table of silver and gold, in an order of its own."""
    found = {}
    for table in lake.tables():
        if table.layer != "bronze":
            frame = lake.scan(table.name, build=False).collect()
            found[table.name] = frame.sort(frame.columns)
    return found
