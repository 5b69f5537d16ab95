"""Whole lines out of blocks, and where they are: the ground of every partition.

A line belongs to the block that holds the newline *before* it. So a range of blocks
knows which lines are its own without a look at its neighbours: it skips to its first
newline, and reads on past its end until its last line is whole. The lines of all
ranges together are the lines of the file, wherever the cuts fall.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt

from medallion.errors import SourceError
from medallion.vcf.blocks import Blocks, read_text

__all__ = ["MAX_LINE", "LineIndex", "index_lines", "newlines", "read_lines"]

MAX_LINE = 1 << 29
"""Longest line that is read, in bytes: 500,000 samples with rich FORMAT fit 20 times."""

_WINDOW = 64
_SHORT_LINE = 512
_SAMPLE = 1 << 16


def newlines(text: bytes) -> npt.NDArray[np.int64]:
    """Positions of all newlines in `text`, ascending.

    Lines of thousands of samples are long: there, hopping from one to the next with
    memchr is several times faster than a comparison of every byte.
    """
    sample = text[:_SAMPLE]
    if len(sample) > _SHORT_LINE * sample.count(b"\n"):
        found = []
        at = text.find(b"\n")
        while at >= 0:
            found.append(at)
            at = text.find(b"\n", at + 1)
        return np.array(found, dtype=np.int64)
    return np.flatnonzero(np.frombuffer(text, np.uint8) == 10).astype(np.int64)


def read_lines(blocks: Blocks, first: int, last: int, header_bytes: int) -> Iterator[bytes]:
    """Yield the lines of blocks [first, last) in pieces; each ends with a newline.

    The first `header_bytes` of the file are left out. A last line without a newline is
    given one. Raises DamagedFileError, and SourceError for a line above MAX_LINE bytes.
    """
    begin = max(int(blocks.text_offset[first]), header_bytes - 1)
    end = int(blocks.text_offset[last])
    started = header_bytes == 0 and first == 0
    offset = int(blocks.text_offset[first])
    pending: list[bytes] = []
    for piece in _onward(blocks, first, last):
        text, here = piece, offset
        offset += len(piece)
        if not started:
            if here >= end:
                return
            at = text.find(b"\n", max(0, begin - here))
            if at < 0:
                continue
            started = True
            text = text[at + 1 :]
        if here >= end:
            cut = text.find(b"\n") + 1
            pending.append(text[:cut] if cut else text)
            if cut:
                yield b"".join(pending)
                return
        else:
            cut = text.rfind(b"\n") + 1
            pending.append(text[:cut] if 0 < cut < len(text) else text)
            if cut:
                yield b"".join(pending)
                pending = [text[cut:]] if cut < len(text) else []
        if not cut:
            _check_length(blocks, pending)
    tail = b"".join(pending)
    if tail:
        yield tail + b"\n"


def _onward(blocks: Blocks, first: int, last: int) -> Iterator[bytes]:
    """The text from block `first` on, in long runs up to `last` and block by block after it."""
    if blocks.container == "gzip":
        # A stream has no entrance at `last`: to start there would inflate it all again.
        return read_text(blocks, first, len(blocks))
    return chain(read_text(blocks, first, last), read_text(blocks, last, len(blocks), run=1))


def _check_length(blocks: Blocks, pending: list[bytes]) -> None:
    if sum(map(len, pending)) > MAX_LINE:
        raise SourceError(
            f"{blocks.path.name} has a line of more than {MAX_LINE:,} bytes: "
            "expected a VCF, whose lines end. Check that the file is what it should be."
        )


@dataclass(frozen=True, slots=True)
class LineIndex:
    """What a pass over blocks [first, first + n) found; arrays of shape (n,).

    `count` is the newlines in each block. `chrom`, `pos_min`, `pos_max` are of the
    lines that follow those newlines: None and -1 where a block has no lines, lines of
    several contigs, or positions that are not numbers.
    """

    first: int
    count: npt.NDArray[np.int64]
    chrom: list[str | None]
    pos_min: npt.NDArray[np.int64]
    pos_max: npt.NDArray[np.int64]
    ends_with_newline: bool


def index_lines(blocks: Blocks, first: int, last: int) -> LineIndex:
    """Count lines and find the positions in blocks [first, last), checking every CRC."""
    n = last - first
    borders = blocks.text_offset[first : last + 1]
    count = np.zeros(n, np.int64)
    pos_min = np.full(n, np.iinfo(np.int64).max)
    pos_max = np.full(n, -1, np.int64)
    unsure = np.zeros(n, bool)
    chroms: list[str | None] = [None] * n
    offset = int(borders[0])
    ends = False

    def take(text: bytes, at: npt.NDArray[np.int64], start: int) -> None:
        """Enter the newlines at `at` in `text`, which begins at `start` in the stream."""
        if not len(at):
            return
        block = np.searchsorted(borders, at + start, side="right") - 1
        np.add.at(count, block, 1)
        chrom, pos = _positions(text, at + 1)
        known = pos >= 0
        np.minimum.at(pos_min, block[known], pos[known])
        np.maximum.at(pos_max, block[known], pos[known])
        unsure[block[~known]] = True
        changes = np.flatnonzero(np.diff(block, prepend=-1))
        for low, high in zip(changes, [*changes[1:], len(block)], strict=True):
            names = set(chrom[low:high])
            b = int(block[low])
            if len(names) == 1 and chroms[b] in (None, *names):
                chroms[b] = names.pop()
            else:
                unsure[b] = True

    # A line's first bytes may stand in the next run: its newline waits for them.
    waiting, waiting_at = b"", 0
    for text in read_text(blocks, first, last):
        at = newlines(text)
        if waiting:
            seam = waiting + text[:_WINDOW]
            take(seam, newlines(waiting), waiting_at)
        ready = at + 1 + _WINDOW <= len(text)
        take(text, at[ready], offset)
        late = at[~ready]
        cut = int(late[0]) if len(late) else len(text)
        waiting, waiting_at = text[cut:], offset + cut
        ends = text.endswith(b"\n")
        offset += len(text)
    if waiting:
        ahead = b""
        if blocks.container != "gzip":
            for text in read_text(blocks, last, len(blocks), run=1):
                ahead += text[:_WINDOW]
                if len(ahead) >= _WINDOW:
                    break
        take(waiting + ahead, newlines(waiting), waiting_at)
    unsure |= pos_max < 0
    pos_min[unsure] = -1
    pos_max[unsure] = -1
    return LineIndex(
        first=first,
        count=count,
        chrom=[None if u else c for c, u in zip(chroms, unsure, strict=True)],
        pos_min=pos_min,
        pos_max=pos_max,
        ends_with_newline=ends,
    )


def _positions(
    text: bytes, starts: npt.NDArray[np.int64]
) -> tuple[list[str | None], npt.NDArray[np.int64]]:
    """CHROM and POS of the lines at `starts`; (None, -1) where they cannot be told."""
    n = len(starts)
    heads = b"".join(text[s : s + _WINDOW].ljust(_WINDOW, b"\0") for s in starts.tolist())
    window = np.frombuffer(heads, np.uint8).reshape(n, _WINDOW)
    is_tab = window == 9
    tab = is_tab.argmax(axis=1)
    second = (is_tab & (np.arange(_WINDOW) > tab[:, None])).argmax(axis=1)
    chrom: list[str | None] = [None] * n
    pos = np.full(n, -1, np.int64)
    at = 0
    while at < n:
        width = int(tab[at])
        same = (window[at:, : width + 1] == window[at, : width + 1]).all(axis=1)
        stop = at + (n - at if same.all() else int(same.argmin()))
        name = bytes(window[at, :width]).decode("utf-8", "replace") if width else None
        if name is not None and not name.startswith("#"):
            chrom[at:stop] = [name] * (stop - at)
        at = stop
    digit = window.astype(np.int64) - 48
    inside = (np.arange(_WINDOW) > tab[:, None]) & (np.arange(_WINDOW) < second[:, None])
    width = second - tab - 1
    good = (tab > 0) & (width > 0) & (width <= 10)
    good &= (((digit >= 0) & (digit <= 9)) | ~inside).all(axis=1)
    value = np.zeros(n, np.int64)
    for column in range(int(second[good].max()) if good.any() else 0):
        use = inside[:, column] & good
        value[use] = value[use] * 10 + digit[use, column]
    pos[good] = value[good]
    pos[[i for i, c in enumerate(chrom) if c is None]] = -1
    return chrom, pos
