"""One table as one file: Parquet, CSV or TSV.

CSV and TSV hold every value as it stands, for programs to read back; a spreadsheet that
opens them takes a value that begins with `=` for a formula. Excel files (`excel`) do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

__all__ = ["FLAT", "write_flat"]

FLAT = (".parquet", ".csv", ".tsv")


def write_flat(frame: pl.LazyFrame, path: Path, ending: str, facts: Mapping[str, str]) -> None:
    """Write `frame` in the format of `ending`, without holding it in memory.

    `facts`, such as the lake, go into the metadata of a Parquet file.
    """
    if ending == ".parquet":
        frame.sink_parquet(path, compression="zstd", metadata=dict(facts))
    else:
        frame.sink_csv(path, separator="," if ending == ".csv" else "\t")
