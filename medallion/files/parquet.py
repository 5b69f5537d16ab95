"""Parquet files of either kind of place, as Arrow reads and writes them.

A part of a table is written once and never changed, so the footer of one in a store is
fetched once, and of the rest just the row groups and columns that are asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem

from medallion.files import ObjectPath, Place, polars_options_of
from medallion.files.objects import ObjectWriter
from medallion.files.stores import arrow_store

__all__ = [
    "arrow_folder",
    "finished",
    "footer",
    "open_parquet",
    "output_of",
    "scan_parquet",
    "so_far",
]

_FOOTERS = 512


def footer(path: Place) -> pq.FileMetaData:
    """The footer of a Parquet file."""
    return _footer(path) if isinstance(path, ObjectPath) else pq.read_metadata(path)


def open_parquet(
    path: Place, dictionaries: Sequence[str] = (), *, checked: bool = False
) -> pq.ParquetFile:
    """A Parquet file for reading; `dictionaries` are string columns to be read as such.

    With `checked` each page is held against its checksum.
    """
    wanted = list(dictionaries)
    if not isinstance(path, ObjectPath):
        return pq.ParquetFile(path, read_dictionary=wanted, page_checksum_verification=checked)
    metadata = footer(path)
    return pq.ParquetFile(
        path.open("rb", ahead=False),
        metadata=metadata,
        read_dictionary=wanted,
        page_checksum_verification=checked,
        pre_buffer=True,
    )


@lru_cache(maxsize=_FOOTERS)
def _footer(path: ObjectPath) -> pq.FileMetaData:
    with path.open("rb", ahead=False) as file:
        return pq.read_metadata(file)


def scan_parquet(paths: Sequence[Place]) -> pl.LazyFrame:
    """The rows of Parquet files of one lake, as they stand."""
    named: list[Any] = [p if isinstance(p, Path) else str(p) for p in paths]
    options = polars_options_of(paths[0])
    return pl.scan_parquet(named, glob=False, hive_partitioning=False, storage_options=options)


def arrow_folder(folder: Place) -> SubTreeFileSystem:
    """A folder as Arrow's own file system, which takes no way through Python to read it."""
    if not isinstance(folder, ObjectPath):
        return SubTreeFileSystem(str(folder), LocalFileSystem())
    return SubTreeFileSystem(f"{folder.bucket}/{folder.key}", arrow_store())


def output_of(path: Place) -> Path | ObjectWriter:
    """A Parquet file for writing, its folder made; `finished` ends it."""
    if isinstance(path, ObjectPath):
        return path.writer()
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def so_far(output: Path | ObjectWriter) -> int:
    """Bytes that were written to what `output_of` gave."""
    return output.stat().st_size if isinstance(output, Path) else output.tell()


def finished(output: Path | ObjectWriter) -> int:
    """Have what `output_of` gave be there, and tell its bytes."""
    if isinstance(output, Path):
        return output.stat().st_size
    size = output.tell()
    output.close()
    return size
