"""One table as one file: Parquet, CSV or TSV.

CSV and TSV hold every value as it stands, but for text that a spreadsheet would run
(`formulas` says how it is marked, and how to have it back). Parquet is exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from medallion.export.formulas import as_text

__all__ = ["FLAT", "write_flat"]

FLAT = (".parquet", ".csv", ".tsv")


def write_flat(frame: pl.LazyFrame, path: Path, ending: str, facts: Mapping[str, str]) -> None:
    """Write `frame` in the format of `ending`, without holding it in memory.

    `facts`, such as the lake, go into the metadata of a Parquet file.
    """
    if ending == ".parquet":
        frame.sink_parquet(path, compression="zstd", metadata=dict(facts))
    else:
        as_text(frame).sink_csv(path, separator="," if ending == ".csv" else "\t")
