"""The VCFs of the published bronze, opened by name."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import polars as pl

from medallion.bronze.index import as_blocks
from medallion.bronze.places import published_place
from medallion.bronze.raw import IndexedFile
from medallion.errors import LakeError, MedallionError, UsageError
from medallion.files import Place, in_command
from medallion.storage import delta
from medallion.storage.snapshot import Snapshot, read_snapshot
from medallion.vcf.blocks import Blocks
from medallion.vcf.header import Header, read_header

__all__ = ["Vcfs"]

T = TypeVar("T")
_TRIES = 5
_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Vcfs:
    """The VCFs of the lake at `root`; `scan` gives a published table by its name."""

    root: Place
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
        return self.steadily(lambda: read_header(self._blocks(self.row(file))[0]))

    def indexed(self, file: str | None) -> IndexedFile:
        """One with the places of its records."""
        row = self.row(file)
        blocks, table = self._blocks(row)
        header = read_header(blocks)
        return IndexedFile(
            row["file"], blocks, table, len(header.lines), header.size, row["records"]
        )

    def steadily(self, read: Callable[[], T]) -> T:
        """What `read()` gives, of bytes that the published index is of.

        A build puts new bytes in place just before it publishes their index, so what is
        read in between is read again. Raises LakeError where the published bytes are
        nowhere: the file was changed by hand.
        """
        for _ in range(_TRIES):
            before = read_snapshot(self.root, "bronze")
            places = self._places(before)
            wrong: MedallionError | None = None
            try:
                with delta.reading(self.root, "bronze"):
                    found = read()
            except MedallionError as error:
                wrong = error
            same = before == read_snapshot(self.root, "bronze")
            if same and None not in places and places == self._places(before):
                if wrong is not None:
                    raise wrong
                return found
            time.sleep(_PAUSE_SECONDS)
        if isinstance(wrong, LakeError):
            raise wrong
        raise LakeError(
            f"A VCF in {self.root / 'bronze'} is not as it was when its index was made: it was "
            f"changed or damaged. Mend it: medallion build bronze --lake {in_command(self.root)}"
        ) from wrong

    def _places(self, published: Snapshot | None) -> list[Place | None]:
        """Where the bytes of the VCFs are that were published."""
        files = published.summary["files"] if published else {}
        names = [name for name, known in files.items() if known["kind"] == "vcf"]
        return [published_place(self.root / "bronze", name, published) for name in names]

    def _blocks(self, row: dict[str, Any]) -> tuple[Blocks, pl.DataFrame]:
        own = self.scan("bronze.blocks").filter(pl.col("file") == row["file"])
        table = own.sort("block").collect()
        folder = self.root / "bronze"
        place = published_place(folder, row["file"], read_snapshot(self.root, "bronze"))
        return as_blocks(place or folder / row["file"], row["container"], table), table
