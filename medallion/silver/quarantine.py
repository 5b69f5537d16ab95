"""What a partition sets apart: held while it is little, written as it grows.

A file may be broken on every line, and each of its lines is kept. What is little is handed
back, so that a lake has one part of `silver.defects` and not one for each partition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import polars as pl

from medallion.errors import QuarantineError
from medallion.files import Place
from medallion.files.parquet import open_parquet
from medallion.silver.tables import DEFECTS
from medallion.storage.parts import Part, PartWriter, table_path
from medallion.vcf.defects import Defect

__all__ = ["Quarantine", "check_room", "defect_rows", "is_quarantined", "written"]

# Bytes that a defect takes in memory beside its line.
_EACH = 1 << 9
_LITTLE, _AT_ONCE = 1 << 20, 1 << 24
# What a file's broken lines may take on disk, compressed, beside what the file itself takes:
# text that repeats (empty lines, say) is packed a thousandfold, and might fill any disk.
_FREE, _TIMES = 1 << 28, 4
# An Arrow string column holds 2 GiB.
_LONGEST = 1 << 30


def is_quarantined() -> pl.Expr:
    """Of `silver.defects`: whether a row is a record that is left out."""
    return (pl.col("verdict") == "quarantined") & (pl.col("scope") == "record")


def defect_rows(defects: Iterable[tuple[str, Defect]]) -> pl.DataFrame:
    """Rows of `silver.defects`, of (file, defect)."""
    rows = [
        (name, d.line, d.chrom, d.pos, d.scope, d.verdict, d.reason, d.field, d.detail, d.raw,
         d.escaped)
        for name, d in defects
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DEFECTS.polars_schema(), orient="row")


def check_room(file: str, written: int, size: int) -> None:
    """Raise QuarantineError where what a file of `size` bytes sets apart could fill a disk.

    `written` are the bytes that it takes in `silver.defects`.
    """
    most = _FREE + _TIMES * size
    if written > most:
        raise QuarantineError(
            f"{file} has {size:,} bytes, but its lines that are no records took {written:,} on "
            f"disk: expected at most {most:,} ({_TIMES} times its own, and {_FREE:,}). Nothing "
            "was published. Check that the file is a VCF: it seems to repeat itself without end."
        )


class Quarantine:
    """The defects of one partition of a file of `size` bytes, in the order of their lines."""

    def __init__(self, root: Place, file: str, name: str, size: int) -> None:
        self._file, self._size = file, size
        self._writer = PartWriter(root, DEFECTS, None, name)
        self._held: list[Defect] = []
        self._weight = 0
        self.reasons: Counter[str] = Counter()
        """How many records were left out, for each reason."""

    def add(self, defects: Sequence[Defect]) -> None:
        """Take the defects of a batch. Raises QuarantineError where they cannot be kept."""
        for defect in sorted(defects, key=lambda d: d.line):
            if (defect.verdict, defect.scope) == ("quarantined", "record"):
                self.reasons[defect.reason] += 1
            length = len(defect.raw or "")
            if length > _LONGEST:
                raise QuarantineError(
                    f"{self._file} has in line {defect.line:,} no record ({defect.reason}), and "
                    f"the line takes {length:,} bytes: expected at most {_LONGEST:,}. Nothing was "
                    "published. Mend or remove the line."
                )
            self._held.append(defect)
            self._weight += _EACH + length
            if self._weight >= _AT_ONCE:
                self._write()

    def _write(self) -> None:
        self._writer.write(defect_rows((self._file, d) for d in self._held))
        self._held, self._weight = [], 0
        check_room(self._file, self._writer.bytes, self._size)

    def close(self) -> tuple[list[Defect], Part | None]:
        """What is left to be written with that of others, or the part that holds all."""
        if self._weight >= _LITTLE or self._writer.bytes:
            self._write()
            return [], self._writer.close()
        return self._held, None


def written(root: Place, parts: Iterable[Part]) -> Counter[str]:
    """How many records each file left out, read from parts of `silver.defects`."""
    found: Counter[str] = Counter()
    for part in parts:
        with open_parquet(table_path(root, DEFECTS) / part.path) as opened:
            for batch in opened.iter_batches(columns=["file", "verdict", "scope"]):
                rows = pl.DataFrame(batch).filter(is_quarantined())
                found.update(dict(rows.group_by("file").len().iter_rows()))
    return found
