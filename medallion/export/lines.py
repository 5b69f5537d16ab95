"""The lines that silver set apart, to the byte as they were in the source: to mend, say."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from medallion.vcf.escaped import line_of

__all__ = ["LINES", "write_lines"]

LINES = ".txt"
"""Ending of a file of lines."""

# A line may be long: of many, some are in memory at a time.
_BATCH = 1 << 8


def write_lines(defects: pl.LazyFrame, path: Path) -> int:
    """Write the lines of rows of `silver.defects`, those that have one; how many there are."""
    lines = defects.filter(pl.col("raw").is_not_null()).select("raw", "raw_escaped")
    written = 0
    with path.open("wb") as file:
        for batch in lines.collect_batches(chunk_size=_BATCH, maintain_order=True):
            for text, escaped in batch.iter_rows():
                file.write(line_of(text, escaped=escaped) + b"\n")
            written += len(batch)
    return written
