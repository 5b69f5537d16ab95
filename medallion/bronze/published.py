"""The VCFs of the published bronze, opened by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from medallion.bronze.index import as_blocks
from medallion.bronze.raw import IndexedFile
from medallion.errors import UsageError
from medallion.vcf.blocks import Blocks
from medallion.vcf.header import Header, read_header

__all__ = ["Vcfs"]


@dataclass(frozen=True, slots=True)
class Vcfs:
    """The VCFs of the lake at `root`; `scan` gives a published table by its name."""

    root: Path
    scan: Callable[[str], pl.LazyFrame]

    def rows(self) -> list[dict[str, Any]]:
        """Their rows of `bronze.files`."""
        return self.scan("bronze.files").filter(pl.col("kind") == "vcf").collect().to_dicts()

    def row(self, file: str | None) -> dict[str, Any]:
        """The row of one of them, the first where `file` is None; UsageError for none such."""
        rows = self.rows()
        chosen = next((r for r in rows if file in (None, r["file"])), None)
        if chosen is None:
            names = ", ".join(str(r["file"]) for r in rows) or "none"
            raise UsageError(f"Bronze has no VCF {file!r}; it has {names}.")
        return chosen

    def header(self, file: str | None) -> Header:
        """The parsed header of one."""
        return read_header(self._blocks(self.row(file))[0])

    def indexed(self, file: str | None) -> IndexedFile:
        """One with the places of its records."""
        row = self.row(file)
        blocks, table = self._blocks(row)
        header = read_header(blocks)
        return IndexedFile(
            row["file"], blocks, table, len(header.lines), header.size, row["records"]
        )

    def _blocks(self, row: dict[str, Any]) -> tuple[Blocks, pl.DataFrame]:
        own = self.scan("bronze.blocks").filter(pl.col("file") == row["file"])
        table = own.sort("block").collect()
        return as_blocks(self.root / "bronze" / row["file"], row["container"], table), table
