"""What became of a bronze record: its rows in silver and gold, or why it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from medallion.bronze.raw import RawRecord
from medallion.errors import NotBuiltError

__all__ = ["RecordTrace", "trace_record"]

Scan = Callable[[str], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class RecordTrace:
    """A record from its line up: rows of silver and gold that stand on it.

    `variants`, `defects` and `frequencies` have the columns of their tables; None where
    the layer has not been built.
    """

    record: RawRecord
    variants: pl.DataFrame | None
    defects: pl.DataFrame | None
    frequencies: pl.DataFrame | None

    @property
    def verdict(self) -> str:
        """kept, quarantined, or unknown where silver has not been built."""
        if self.variants is None:
            return "unknown"
        return "quarantined" if self.variants.is_empty() else "kept"


def trace_record(record: RawRecord, scan: Scan) -> RecordTrace:
    """Follow `record` up. `scan` gives a published table, or raises NotBuiltError."""
    of_record = (pl.col("file") == record.file) & (pl.col("record") == record.record)
    of_line = (pl.col("file") == record.file) & (pl.col("line") == record.line)

    def rows(table: str, which: pl.Expr) -> pl.DataFrame | None:
        try:
            return scan(table).filter(which).collect()
        except NotBuiltError:
            return None

    return RecordTrace(
        record,
        rows("silver.variants", of_record),
        rows("silver.defects", of_line),
        rows("gold.frequencies", of_record),
    )
