"""Which lines and positions each block of a VCF holds: one pass over its text.

Every block is inflated, so its CRC is checked on the way. Lines are not judged here: a
line without a readable contig and position is counted, and otherwise left to the reader
of records, who will quarantine it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medallion.vcf.blocks import Blocks, read_text
from medallion.vcf.lines import newlines

__all__ = ["LineIndex", "Stretch", "index_lines"]

Ints = npt.NDArray[np.int64]

_WINDOW = 64
"""Bytes of a line in which contig and position are looked for."""
_MAX_DIGITS = 10
# Each takes a kilobyte while it is looked at, and a run of blocks may be millions of newlines.
_LINES_AT_ONCE = 1 << 16


@dataclass(slots=True)
class Stretch:
    """Lines of one contig that begin after newlines of one block: positions, 1-based."""

    block: int
    chrom: str
    pos_min: int
    pos_max: int


@dataclass(frozen=True, slots=True)
class LineIndex:
    """What a pass over blocks [first, first + n) found.

    `count` is the newlines in each block, shape (n,). `stretches` has one entry for each
    block and contig, in order of their appearance. `uncertain` are the blocks with a line
    whose contig and position may be there, but not within the bytes that are looked at.
    """

    first: int
    count: Ints
    stretches: list[Stretch]
    uncertain: frozenset[int]
    ends_with_newline: bool


def index_lines(blocks: Blocks, first: int, last: int) -> LineIndex:
    """Count lines and find the positions in blocks [first, last)."""
    pass_ = _Pass(blocks.text_offset[first : last + 1], first)
    offset = int(blocks.text_offset[first])
    ends = False
    # A line's first bytes may stand in the next run: its newline waits for them.
    waiting, waiting_at = b"", 0
    for text in read_text(blocks, first, last):
        if text:
            ends = text.endswith(b"\n")
        if len(text) < _WINDOW:
            # The blocks of a run may be empty, as the one that ends a file is.
            waiting_at = waiting_at if waiting else offset
            waiting += text
            offset += len(text)
            continue
        if waiting:
            waiting += text[:_WINDOW]
            at = newlines(waiting)
            # Those of `text` itself are taken with it, below.
            at = at[at < offset - waiting_at]
            pass_.take(waiting, at, waiting_at)
        at = newlines(text)
        ready = at + 1 + _WINDOW <= len(text)
        pass_.take(text, at[ready], offset)
        late = at[~ready]
        cut = int(late[0]) if len(late) else len(text)
        waiting, waiting_at = text[cut:], offset + cut
        offset += len(text)
    if waiting:
        pass_.take(waiting + _ahead(blocks, last), newlines(waiting), waiting_at)
    return LineIndex(
        first,
        pass_.count,
        list(pass_.stretches.values()),
        frozenset(pass_.uncertain),
        ends,
    )


def _ahead(blocks: Blocks, block: int) -> bytes:
    """The first bytes of the text from `block` on, as many as a line needs."""
    ahead = b""
    if blocks.container != "gzip":
        for text in read_text(blocks, block, len(blocks), run=1):
            ahead += text[:_WINDOW]
            if len(ahead) >= _WINDOW:
                break
    return ahead


class _Pass:
    """Gathers what runs of text hold, block by block."""

    def __init__(self, borders: Ints, first: int) -> None:
        self._borders, self._first = borders, first
        self.count = np.zeros(len(borders) - 1, np.int64)
        self.stretches: dict[tuple[int, str], Stretch] = {}
        self.uncertain: set[int] = set()

    def take(self, text: bytes, at: Ints, start: int) -> None:
        """Enter the newlines at `at` in `text`, which begins at `start` in the stream."""
        for low in range(0, len(at), _LINES_AT_ONCE):
            self._take(text, at[low : low + _LINES_AT_ONCE], start)

    def _take(self, text: bytes, at: Ints, start: int) -> None:
        block = np.searchsorted(self._borders, at + start, side="right") - 1
        np.add.at(self.count, block, 1)
        names, run, pos, cut_short = _positions(text, at + 1)
        self.uncertain.update((block[cut_short] + self._first).tolist())
        known = np.flatnonzero(pos >= 0)
        if not len(known):
            return
        block, run, pos = block[known], run[known], pos[known]
        new = np.ones(len(block), bool)
        new[1:] = (np.diff(block) != 0) | (np.diff(run) != 0)
        starts = np.flatnonzero(new)
        low, high = np.minimum.reduceat(pos, starts), np.maximum.reduceat(pos, starts)
        for b, r, small, large in zip(
            block[starts].tolist(), run[starts].tolist(), low.tolist(), high.tolist(), strict=True
        ):
            self._enter(b + self._first, names[r], small, large)

    def _enter(self, block: int, chrom: str, low: int, high: int) -> None:
        known = self.stretches.get((block, chrom))
        if known is None:
            self.stretches[block, chrom] = Stretch(block, chrom, low, high)
        else:
            known.pos_min, known.pos_max = min(known.pos_min, low), max(known.pos_max, high)


def _positions(text: bytes, starts: Ints) -> tuple[list[str], Ints, Ints, npt.NDArray[np.bool_]]:
    """Contig and position of the lines at `starts`.

    Runs of lines of one contig: their names, and for each line the number of its run;
    its position, -1 where it has none; and whether the line goes on beyond the window
    without having shown both.
    """
    n = len(starts)
    heads = b"".join(text[s : s + _WINDOW].ljust(_WINDOW, b"\n") for s in starts.tolist())
    window = np.frombuffer(heads, np.uint8).reshape(n, _WINDOW)
    place = np.arange(_WINDOW)
    is_end = window == 10
    end = np.where(is_end.any(axis=1), is_end.argmax(axis=1), _WINDOW)
    is_tab = (window == 9) & (place < end[:, None])
    tabs = is_tab.sum(axis=1)
    tab = is_tab.argmax(axis=1)
    second = (is_tab & (place > tab[:, None])).argmax(axis=1)
    cut_short = (tabs < 2) & (end == _WINDOW) & (window[:, 0] != 35)  # 35: a comment's #
    # Most positions end early in the window.
    width = int(second.max(initial=0)) + 1
    digit, place = window[:, :width] - np.uint8(48), place[:width]
    names: list[str] = []
    run = np.zeros(n, np.int64)
    at = 0
    while at < n:
        border = int(tab[at])
        same = (window[at:, : border + 1] == window[at, : border + 1]).all(axis=1)
        stop = at + (n - at if same.all() else int(same.argmin()))
        run[at:stop] = len(names)
        names.append(bytes(window[at, :border]).decode("utf-8", "replace"))
        at = stop
    inside = (place > tab[:, None]) & (place < second[:, None])
    width_of_pos = second - tab - 1
    good = (tabs >= 2) & (tab > 0) & (width_of_pos > 0) & (width_of_pos <= _MAX_DIGITS)
    good &= (window[:, 0] != 35) & ((digit <= 9) | ~inside).all(axis=1)
    value = np.zeros(n, np.int64)
    for column in range(int(second[good].max()) if good.any() else 0):
        use = inside[:, column] & good
        value[use] = value[use] * 10 + digit[use, column]
    return names, run, np.where(good, value, -1), cut_short
