"""Any raw record of bronze, exactly as it stands, by its number or its position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.errors import UsageError
from medallion.vcf.blocks import Blocks
from medallion.vcf.lines import read_text_lines

__all__ = ["IndexedFile", "RawRecord", "Region", "Where", "parse_where", "records", "region"]


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One line of a VCF. `record` (after the header) and `line` count from 1."""

    file: str
    record: int
    line: int
    text: str


@dataclass(frozen=True, slots=True)
class IndexedFile:
    """A VCF in bronze with its blocks and its rows of `bronze.blocks`."""

    file: str
    blocks: Blocks
    table: pl.DataFrame
    header_lines: int
    header_bytes: int
    records: int

    @property
    def above(self) -> npt.NDArray[np.int64]:
        """Newlines before each block, shape (n_blocks,)."""
        return self.table.unique("block", maintain_order=True)["line"].to_numpy()


@dataclass(frozen=True, slots=True)
class Region:
    """Positions `start` to `end` of `chrom`, 1-based, both included; None: no bound."""

    chrom: str
    start: int | None = None
    end: int | None = None


Where = Region | tuple[int, int]
"""A region, or the first and last of a range of record numbers."""

# A contig's name may hold colons (HLA-A*01:01): the last one is the position's.
_REGION = re.compile(r"(\S+):([0-9][0-9,_]{0,30})(?:\s*(?:-|\.\.)\s*([0-9][0-9,_]{0,30}))?")
_CONTIG = re.compile(r"[^:\s]+|<[^>]+>")
_RECORD = re.compile(r"#\s*([0-9][0-9,_]{0,30})(?:\s*(?:-|\.\.)\s*#?([0-9][0-9,_]{0,30}))?")


def parse_where(text: str) -> Where:
    """Read `22:16050000-16051000`, `22:16,050,075`, `22`, `#5000` or `#5000-5020`.

    Raises UsageError where it is none of these.
    """
    stripped = text.strip()
    if match := _RECORD.fullmatch(stripped):
        first = _int(match[1])
        last = _int(match[2]) if match[2] else first
        if first < 1 or last < first:
            raise UsageError(f"{text!r} is no range of records: they count from #1 upwards.")
        return first, last
    if match := _REGION.fullmatch(stripped):
        start = _int(match[2])
        end = _int(match[3]) if match[3] else start
        if end < start:
            raise UsageError(f"The region {text!r} ends before it starts.")
        return Region(match[1], start, end)
    if _CONTIG.fullmatch(stripped):
        return Region(stripped)
    raise UsageError(
        f"{text!r} is no place in a VCF. Expected a region such as 22:16050000-16051000, "
        "a position such as 22:16050075, or a record's number such as #5000."
    )


def _int(text: str) -> int:
    return int(text.replace(",", "").replace("_", ""))


def same_contig(one: str, other: str) -> bool:
    """Whether two names are one contig's, be it with `chr` or without."""
    return one.removeprefix("chr") == other.removeprefix("chr")


def records(file: IndexedFile, first: int, last: int) -> Iterator[RawRecord]:
    """The records numbered `first` to `last`, both included; those that are there."""
    first, last = max(1, first), min(last, file.records)
    if first > last:
        return
    # Line L follows newline L - 1, counted from 1; the first line follows none.
    newline = first + file.header_lines - 1
    above = file.above
    block = max(0, int(np.searchsorted(above, newline, side="left")) - 1)
    for raw in _from_block(file, block, len(file.blocks)):
        if raw.record > last:
            return
        if raw.record >= first:
            yield raw


def region(file: IndexedFile, where: Region) -> Iterator[RawRecord]:
    """The records that start in `where`, in the order of the file."""
    start = where.start if where.start is not None else 0
    end = where.end if where.end is not None else 2**62
    bare = where.chrom.removeprefix("chr")
    wanted = (
        file.table.filter(
            ~pl.col("certain")
            | (
                (pl.col("chrom").str.strip_prefix("chr") == bare)
                & (pl.col("pos_min") <= end)
                & (pl.col("pos_max") >= start)
            )
        )["block"]
        .unique()
        .sort()
        .to_list()
    )
    for low, high in _runs(wanted):
        for raw in _from_block(file, low, high):
            fields = raw.text.split("\t", 2)
            if len(fields) < 3 or not fields[1].isdigit():
                continue
            if same_contig(fields[0], where.chrom) and start <= int(fields[1]) <= end:
                yield raw


def _runs(blocks: list[int]) -> Iterator[tuple[int, int]]:
    """Runs of neighbours in ascending `blocks`, as (first, one past the last)."""
    at = 0
    while at < len(blocks):
        stop = at + 1
        while stop < len(blocks) and blocks[stop] == blocks[stop - 1] + 1:
            stop += 1
        yield blocks[at], blocks[stop - 1] + 1
        at = stop


def _from_block(file: IndexedFile, first: int, last: int) -> Iterator[RawRecord]:
    """The records whose preceding newline stands in blocks [first, last)."""
    line = max(int(file.above[first]) + 1, file.header_lines)
    # A handful of blocks at a time, for a caller may stop after the first record; but a
    # gzip stream would be inflated anew from its start for each handful.
    step = last - first if file.blocks.container == "gzip" else 4
    for low in range(first, last, step):
        for text in read_text_lines(file.blocks, low, min(low + step, last), file.header_bytes):
            for raw in text.split(b"\n")[:-1]:
                line += 1
                yield RawRecord(
                    file.file,
                    line - file.header_lines,
                    line,
                    raw.removesuffix(b"\r").decode("utf-8", "backslashreplace"),
                )
