"""Lines cut into their parts: the first eight columns of each, and where its cells are.

Most files have one layout throughout: FORMAT is `GT` and each cell is 4 bytes. A piece of
such lines is cut all at once; any other line by line.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from medallion.vcf.formats import FormatKind
from medallion.vcf.header import Header

__all__ = ["LineCutter", "LineParts", "Reason"]

Ints = npt.NDArray[np.int64]
Reason = tuple[str, str | None, str]
"""What is wrong with a line: code, field and detail."""

_TAB, _NEWLINE = 9, 10
_GT = np.frombuffer(b"\tGT\t", "<u4")[0]
# Eight columns of a byte, their tabs, and FORMAT between two more.
_SHORTEST = 19


@dataclass(frozen=True, slots=True)
class LineParts:
    """The parts of some lines. A *row* is a line that has its first eight columns.

    `prefixes` are the eight columns of each row and `line`, shape (n_rows,), which of the
    lines it is. `row`, `start`, `stop` and `only_gt`, of shape (n_with_cells,), are where
    the cells of a row are and whether its FORMAT is just `GT`. `rich` are rows whose cells
    hold more: (FORMAT, place among the n_with_cells or -1, row, start, stop).
    `refused` are lines that are no rows, `bad` rows whose FORMAT or columns are wrong.
    """

    prefixes: list[bytes]
    line: Ints
    row: npt.NDArray[np.int32]
    start: Ints
    stop: Ints
    only_gt: npt.NDArray[np.bool_]
    rich: list[tuple[bytes, int, int, int, int]] = field(default_factory=list)
    refused: list[tuple[int, Reason]] = field(default_factory=list)
    bad: dict[int, Reason] = field(default_factory=dict)


class LineCutter:
    """Cuts the lines of one file; the FORMAT of a line is the first guess for the next."""

    def __init__(self, header: Header) -> None:
        self._header = header
        self._n = len(header.samples)
        self._format = b"\tGT\t"
        self._kinds: dict[bytes, FormatKind] = {b"\tGT\t": FormatKind.GT_ONLY}

    def cut(self, text: bytes, starts: Ints, ends: Ints) -> LineParts:
        """The parts of lines text[starts[i]:ends[i]], behind each of which a byte follows."""
        return self._alike(text, starts, ends) or self._each(text, starts, ends)

    def columns_found(self, found: int) -> Reason:
        """What is wrong with a line of so many columns."""
        detail = f"expected {self._header.columns:,} columns, found {found:,}"
        return "column-count", None, detail

    def _alike(self, text: bytes, starts: Ints, ends: Ints) -> LineParts | None:
        """Lines that all have FORMAT `GT` and, as it seems, cells of 4 bytes; else None."""
        cells = ends - (4 * self._n - 1)
        if not self._n or not len(ends) or (cells - starts < _SHORTEST).any():
            return None
        words = np.ndarray((len(text) - 3,), "<u4", buffer=text, strides=(1,))
        if (words[cells - 4] != _GT).any():
            return None
        prefixes = [text[a:b] for a, b in zip(starts.tolist(), (cells - 4).tolist(), strict=True)]
        joined = np.frombuffer(b"\n".join(prefixes), np.uint8)
        marks = joined[(joined == _TAB) | (joined == _NEWLINE)]
        # Seven tabs, a newline, seven tabs, ...
        if len(marks) != 8 * len(prefixes) - 1 or (marks[7::8] != _NEWLINE).any():
            return None
        lines = np.arange(len(prefixes))
        only_gt = np.ones(len(prefixes), bool)
        return LineParts(prefixes, lines, lines.astype(np.int32), cells, ends, only_gt)

    def _each(self, text: bytes, starts: Ints, ends: Ints) -> LineParts:
        """Any lines, looked at one by one."""
        prefixes: list[bytes] = []
        lines: list[int] = []
        cell_start: list[int] = []
        cell_stop: list[int] = []
        only_gt: list[bool] = []
        cell_row: list[int] = []
        rich: list[tuple[bytes, int, int, int, int]] = []
        refused: list[tuple[int, Reason]] = []
        bad: dict[int, Reason] = {}
        colons = b":" in text
        find, count = text.find, text.count
        fmt, width = self._format, len(self._format)
        kind = self._kinds[fmt]
        sites_only = not self._header.has_format
        for line, (start, stop) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            hit = -1 if sites_only else find(fmt, start, stop)
            ends_there = bool(self._n) or hit + width == stop
            if hit < 0 or count(b"\t", start, hit) != 7 or not ends_there:
                hit, reason = self._locate(text, start, stop)
                if reason is not None:
                    refused.append((line, reason))
                    continue
                fmt = self._format
                width, kind = len(fmt), self._kinds[fmt]
            row = len(prefixes)
            prefixes.append(text[start:hit])
            lines.append(line)
            if sites_only or kind is FormatKind.NO_GT:
                cells = -1 if sites_only else hit + width
                if cells >= 0 and self._n and count(b"\t", cells, stop) != self._n - 1:
                    bad[row] = self.columns_found(count(b"\t", start, stop) + 1)
                elif cells >= 0:
                    rich.append((fmt, -1, row, cells, stop))
            elif kind in (FormatKind.GT_ONLY, FormatKind.GT_FIRST):
                if kind is FormatKind.GT_FIRST or (colons and find(b":", hit + width, stop) >= 0):
                    rich.append((fmt, len(cell_row), row, hit + width, stop))
                cell_start.append(hit + width)
                cell_stop.append(stop)
                only_gt.append(kind is FormatKind.GT_ONLY)
                cell_row.append(row)
            elif (found := count(b"\t", start, stop) + 1) != self._header.columns:
                bad[row] = self.columns_found(found)
            else:
                late = kind is FormatKind.GT_LATER
                code = "genotype-not-first" if late else "format-malformed"
                keys = fmt.strip(b"\t").decode("utf-8", "backslashreplace")
                bad[row] = (code, "FORMAT", f"found {keys}")
        return LineParts(
            prefixes, np.array(lines, np.int64), np.array(cell_row, np.int32),
            np.array(cell_start, np.int64), np.array(cell_stop, np.int64),
            np.array(only_gt, bool), rich, refused, bad,
        )  # fmt: skip

    def _locate(self, text: bytes, start: int, stop: int) -> tuple[int, Reason | None]:
        """Where the eight columns end, learning the FORMAT; or what is wrong with the line."""
        line = text[start:stop]
        if not line:
            return 0, ("blank-line", None, "")
        fields = line.split(b"\t", 9)
        wanted = 9 + (self._n > 0) if self._header.has_format else 8
        if len(fields) < wanted or (wanted < 10 and len(fields) > wanted):
            return 0, self.columns_found(line.count(b"\t") + 1)
        if self._header.has_format:
            self._format = b"\t" + fields[8] + (b"\t" if self._n else b"")
            if self._format not in self._kinds:
                self._kinds[self._format] = FormatKind.of(fields[8])
        return start + sum(map(len, fields[:8])) + 7, None
