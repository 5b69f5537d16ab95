"""Names that records use and the header does not declare.

The specification leaves definitions to the writer, so a header without any of a kind is
not odd. One that declares some contigs, filters or FORMAT keys but not the one that is
used is: the name may be misspelt. INFO keys are left out, for programs add them freely,
and so are reserved keys. Each name is told of once a file, at its first line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.vcf.defects import Defect
from medallion.vcf.header import Header
from medallion.vcf.reserved import minor_version, reserved

__all__ = ["Names", "Undeclared", "remarks"]

Names = dict[tuple[str, str], int]
"""First line, from 1, of each (kind, name) that is used and not declared."""


class Undeclared:
    """Gathers the undeclared names of one partition."""

    def __init__(self, header: Header) -> None:
        self.names: Names = {}
        self._contigs = set(header.contigs)
        self._filters = set(header.filters) - {"PASS"}
        self._format = {k for k in header.format if k != "GT"}
        self._version = minor_version(header.fileformat)
        self._keys_seen: set[bytes] = set()

    def sites(self, sites: pl.DataFrame, lines: npt.NDArray[np.int64]) -> None:
        """Look at the contigs and filters of some records, at `lines`, ascending."""
        if self._contigs:
            self._enter("contig", sites["chrom"], lines, self._contigs)
        if self._filters:
            self._enter("FILTER", sites["filter"], lines, self._filters | {"PASS", "."})

    def _enter(
        self, kind: str, column: pl.Series, lines: npt.NDArray[np.int64], known: set[str]
    ) -> None:
        for value in column.unique().to_list():
            names = value.split(";") if kind == "FILTER" else [value.strip("<>")]
            for name in names:
                if name and name not in known:
                    line = int(lines[(column == value).arg_max() or 0])
                    self._first(kind, name, line)

    def keys(self, keys: bytes, line: int) -> None:
        """Look at the FORMAT of a record; the same FORMAT is looked at once."""
        if not self._format or keys in self._keys_seen:
            return
        self._keys_seen.add(keys)
        for name in keys.decode("utf-8", "replace").split(":"):
            if name not in self._format and reserved("FORMAT", name, self._version) is None:
                self._first("FORMAT", name, line)

    def _first(self, kind: str, name: str, line: int) -> None:
        self.names[kind, name] = min(line, self.names.get((kind, name), line))


def remarks(parts: Iterable[Mapping[tuple[str, str], int]]) -> list[Defect]:
    """The remarks on one file, given what its partitions found."""
    first: Names = {}
    for names in parts:
        for key, line in names.items():
            first[key] = min(line, first.get(key, line))
    return [
        Defect(
            "undeclared", line, "file", field=kind,
            detail=f"{kind} {name} is used from here on, but not declared in the header",
        )
        for (kind, name), line in sorted(first.items(), key=lambda item: (item[1], item[0]))
    ]  # fmt: skip
