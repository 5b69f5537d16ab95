"""What an export wrote, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from medallion.files import Place

__all__ = ["Exported", "Origin"]


@dataclass(frozen=True, slots=True)
class Origin:
    """A table that was exported: its name, its version in the lake, its rows written."""

    table: str
    version: int
    rows: int


@dataclass(frozen=True, slots=True)
class Exported:
    """An export: the file or folder, the lake, the tables, and the rows written in all.

    A VCF joins its tables, so that its rows are records and not the sum of theirs.
    """

    path: Path
    lake: Place
    tables: tuple[Origin, ...]
    rows: int
    unit: str = "rows"
    note: str = ""
    """What to know before it is used, where there is something."""
