"""Whole lines out of blocks, and where they are: the ground of every partition.

A line belongs to the block that holds the newline *before* it. So a range of blocks
knows which lines are its own without a look at its neighbours: it skips to its first
newline, and reads on past its end until its last line is whole. The lines of all
ranges together are the lines of the file, wherever the cuts fall.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np
import numpy.typing as npt

from medallion.errors import SourceError
from medallion.vcf.blocks import Blocks, read_runs, read_text

__all__ = ["MAX_LINE", "Lines", "newlines", "read_lines", "read_text_lines"]

MAX_LINE = 1 << 29
"""Longest line that is read, in bytes: 500,000 samples with rich FORMAT fit 20 times."""

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


@dataclass(frozen=True, slots=True)
class Lines:
    """Some whole lines; each ends with a newline, if need be one that the file lacks (`cut`).

    `again` gives the same text once more: so nobody needs to hold it who may want a line
    of it later. Text that is let go soon has its memory used again by what is read next.
    """

    text: bytes
    again: Callable[[], bytes]
    cut: bool = False


def read_text_lines(blocks: Blocks, first: int, last: int, header_bytes: int) -> Iterator[bytes]:
    """The text of `read_lines`."""
    return (lines.text for lines in read_lines(blocks, first, last, header_bytes))


def read_lines(blocks: Blocks, first: int, last: int, header_bytes: int) -> Iterator[Lines]:
    """Yield the lines of blocks [first, last), some at a time.

    The first `header_bytes` of the file are left out. A last line without a newline is
    given one. Raises DamagedFileError, and SourceError for a line above MAX_LINE bytes.
    """
    begin = max(int(blocks.text_offset[first]), header_bytes - 1)
    end = int(blocks.text_offset[last])
    started = header_bytes == 0 and first == 0
    offset = int(blocks.text_offset[first])
    pending: list[bytes] = []
    for low, high, run in _onward(blocks, first, last):
        pieces, here, entire = run, offset, True
        offset += sum(map(len, run))
        if not started:
            if here >= end:
                return
            text = b"".join(run)
            at = text.find(b"\n", max(0, begin - here))
            if at < 0:
                continue
            started, entire = True, False
            pieces = [text[at + 1 :]]
        if here >= end:
            text = b"".join(pieces)
            cut = text.find(b"\n") + 1
            pending.append(text[:cut] if cut else text)
            if cut:
                yield _held(b"".join(pending))
                return
            _check_length(blocks, pending)
            continue
        # The pieces are put together once, with what was left of those before.
        whole, rest = _split(pieces)
        if whole:
            head = b"".join(pending)
            text = b"".join([head, *whole])
            if entire and blocks.container != "gzip":
                yield Lines(text, partial(_again, blocks, low, high, head, len(text)))
            else:
                yield _held(text)
            pending = rest
        else:
            pending += rest
            _check_length(blocks, pending)
    tail = b"".join(pending)
    if tail:
        yield _held(tail + b"\n", cut=True)


def _held(text: bytes, *, cut: bool = False) -> Lines:
    return Lines(text, lambda: text, cut)


def _again(blocks: Blocks, low: int, high: int, head: bytes, length: int) -> bytes:
    return (head + b"".join(read_text(blocks, low, high)))[:length]


def _split(pieces: list[bytes]) -> tuple[list[bytes], list[bytes]]:
    """Pieces of text up to the last newline in them, and after it."""
    for i in range(len(pieces) - 1, -1, -1):
        cut = pieces[i].rfind(b"\n") + 1
        if cut:
            return [*pieces[:i], pieces[i][:cut]], [pieces[i][cut:], *pieces[i + 1 :]]
    return [], pieces


def _onward(blocks: Blocks, first: int, last: int) -> Iterator[tuple[int, int, list[bytes]]]:
    """The text from block `first` on, in long runs up to `last` and block by block after it."""
    if blocks.container == "gzip":
        # A stream has no entrance at `last`: to start there would inflate it all again.
        return read_runs(blocks, first, len(blocks))
    return chain(read_runs(blocks, first, last), read_runs(blocks, last, len(blocks), run=1))


def _check_length(blocks: Blocks, pending: list[bytes]) -> None:
    if sum(map(len, pending)) > MAX_LINE:
        raise SourceError(
            f"{blocks.path.name} has a line of more than {MAX_LINE:,} bytes: "
            "expected a VCF, whose lines end. Check that the file is what it should be."
        )
