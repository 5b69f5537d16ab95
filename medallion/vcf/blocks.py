"""The container of a VCF: BGZF, plain gzip or text, as a list of blocks of text.

BGZF (SAM specification, section 4.1) is gzip in blocks of at most 64 KiB of text that
inflate independently; so a range of blocks can be read without what stands before it.
Text is treated as blocks of a fixed size. Plain gzip cannot be entered in the middle:
its blocks are pieces of the stream, reached by inflating from the start.

What is not here: lines and records (`lines.py`).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

from medallion.errors import DamagedFileError, NotVCFError, SourceError
from medallion.files import Place

__all__ = [
    "BGZF_EOF",
    "Blocks",
    "Container",
    "detect",
    "ends_whole",
    "list_blocks",
    "read_runs",
    "read_text",
]

Container = Literal["bgzf", "gzip", "text"]

BGZF_EOF = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that ends every whole BGZF file."""

# The extra field of a block that has one subfield, and that its size.
_ONLY_SIZE = bytes.fromhex("060042430200")
_TEXT_BLOCK = 1 << 16
_GZIP_PIECE = 1 << 20
_READ = 1 << 24
_HEADER = struct.Struct("<4BIBBH")
_TRAILER = struct.Struct("<II")
_INFLATE_ERRORS: tuple[type[Exception], ...] = (
    isal_zlib.error,  # type: ignore[assignment]  # isal's own stubs call the class an instance
    zlib.error,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of a file, in order; arrays of shape (n_blocks,), int64.

    `offset` and `size` are bytes in the file (size 0 in plain gzip, which has no
    borders); `text_offset` is where the block's text starts in the inflated stream and
    has one element more, the stream's length.
    """

    path: Place
    container: Container
    offset: npt.NDArray[np.int64]
    size: npt.NDArray[np.int64]
    text_offset: npt.NDArray[np.int64]
    has_eof_block: bool

    def __len__(self) -> int:
        return len(self.offset)

    @property
    def text_size(self) -> int:
        """Bytes of text in the whole file."""
        return int(self.text_offset[-1])


def detect(path: Place) -> Container:
    """How `path` is packed, by its first bytes.

    Raises SourceError where it is not a readable file, NotVCFError where it is empty.
    """
    if not path.exists():
        raise SourceError(f"{path} does not exist. Check the path, or the current folder.")
    if not path.is_file():
        raise SourceError(f"{path} is not a file: expected a VCF (.vcf.gz or .vcf).")
    with path.open("rb") as file:
        head = file.read(18)
    if not head:
        raise NotVCFError(f"{path.name} is empty: expected a VCF (.vcf.gz or .vcf).")
    if head[:2] != b"\x1f\x8b":
        return "text"
    return "bgzf" if _block_size(head) is not None else "gzip"


def _block_size(head: bytes) -> int | None:
    """Whole size of the BGZF block that `head` begins, or None where it is not one."""
    if len(head) < 18 or head[:4] != b"\x1f\x8b\x08\x04":
        return None
    if head[10:16] == _ONLY_SIZE:  # as all writers have it; a large file has some 100,000 of them
        return head[16] + (head[17] << 8) + 1
    extra = int.from_bytes(head[10:12], "little")
    at, end = 12, min(12 + extra, len(head))
    while at + 4 <= end:
        length = int.from_bytes(head[at + 2 : at + 4], "little")
        if head[at : at + 2] == b"BC" and length == 2 and at + 6 <= len(head):
            return int.from_bytes(head[at + 4 : at + 6], "little") + 1
        at += 4 + length
    return None


def list_blocks(path: Place) -> Blocks:
    """Find the blocks of `path` without inflating BGZF.

    Raises DamagedFileError, naming block and offset, where a BGZF file is cut short or
    what should be a block is not one.
    """
    container = detect(path)
    if container == "bgzf":
        return _bgzf_blocks(path)
    if container == "text":
        size = path.stat().st_size
        offset = np.arange(0, size, _TEXT_BLOCK, dtype=np.int64)
        text_offset = np.append(offset, size)
        return Blocks(
            path, container, offset, np.diff(text_offset), text_offset, has_eof_block=True
        )
    lengths = [len(piece) for piece in _gzip_pieces(path)]
    text_offset = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)
    zero = np.zeros(len(lengths), dtype=np.int64)
    return Blocks(path, container, zero, zero, text_offset, has_eof_block=True)


def _bgzf_blocks(path: Place) -> Blocks:
    offsets: list[int] = []
    sizes: list[int] = []
    texts: list[int] = []
    end = path.stat().st_size
    with path.open("rb") as file:
        buffer, start, at = b"", 0, 0
        while at < end:
            if at + 65536 + 18 > start + len(buffer) and start + len(buffer) < end:
                file.seek(at)
                buffer, start = file.read(_READ), at
            here = at - start
            size = _block_size(buffer[here : here + 64])
            if size is None or size < 26:
                raise DamagedFileError(
                    f"{path.name} is damaged at block {len(offsets):,}, byte {at:,}: expected the "
                    f"start of a BGZF block, found {buffer[here : here + 4].hex(' ')}. "
                    "Get the file again."
                )
            if at + size > end:
                raise DamagedFileError(
                    f"{path.name} is cut short: block {len(offsets):,} at byte {at:,} should have "
                    f"{size:,} bytes, but the file ends after {end - at:,}. Get the file again."
                )
            offsets.append(at)
            sizes.append(size)
            texts.append(int.from_bytes(buffer[here + size - 4 : here + size], "little"))
            at += size
    text_offset = np.concatenate([[0], np.cumsum(texts, dtype=np.int64)]).astype(np.int64)
    return Blocks(
        path,
        "bgzf",
        np.array(offsets, np.int64),
        np.array(sizes, np.int64),
        text_offset,
        ends_whole(path),
    )


def ends_whole(path: Place) -> bool:
    """Whether a BGZF file ends with the empty block that says that nothing was cut off."""
    with path.open("rb") as file:
        file.seek(-min(len(BGZF_EOF), path.stat().st_size), 2)
        return file.read() == BGZF_EOF


def read_text(blocks: Blocks, first: int, last: int, *, run: int = 64) -> Iterator[bytes]:
    """Yield the text of blocks [first, last), about `run` blocks at a time: see `read_runs`."""
    return (b"".join(pieces) for *_, pieces in read_runs(blocks, first, last, run=run))


def read_runs(
    blocks: Blocks, first: int, last: int, *, run: int = 64
) -> Iterator[tuple[int, int, list[bytes]]]:
    """Yield the text of blocks [first, last) in runs of about `run` blocks.

    A run is its first block, the one past its last, and its text in pieces. Each BGZF
    block's CRC-32 and length are checked: raw inflation alone does not.
    Raises DamagedFileError with the block's number and offset.
    """
    if blocks.container == "gzip":
        for number, piece in enumerate(_gzip_pieces(blocks.path)):
            if number >= last:
                return
            if number >= first:
                yield number, number + 1, [piece]
        return
    with blocks.path.open("rb") as file:
        for low in range(first, last, run):
            high = min(low + run, last)
            yield low, high, _read_run(file, blocks, low, high)


def _read_run(file: BinaryIO, blocks: Blocks, low: int, high: int) -> list[bytes]:
    start = int(blocks.offset[low])
    stop = int(blocks.offset[high - 1] + blocks.size[high - 1])
    file.seek(start)
    packed = file.read(stop - start)
    if len(packed) != stop - start:
        raise DamagedFileError(
            f"{blocks.path.name} changed while it was read: expected {stop:,} bytes, "
            f"found {start + len(packed):,}. Get the file again."
        )
    if blocks.container == "text":
        return [packed]
    view = memoryview(packed)
    pieces = []
    for number in range(low, high):
        at = int(blocks.offset[number]) - start
        pieces.append(_inflate(view[at : at + int(blocks.size[number])], blocks, number))
    return pieces


def _inflate(block: memoryview, blocks: Blocks, number: int) -> bytes:
    extra = int.from_bytes(block[10:12], "little")
    crc, length = _TRAILER.unpack(block[-8:])
    try:
        text: bytes = isal_zlib.decompress(block[12 + extra : -8], -15, length or 1)
    except _INFLATE_ERRORS as error:
        raise _damaged(blocks, number, f"it does not inflate ({error})") from error
    if len(text) != length:
        raise _damaged(blocks, number, f"expected {length:,} bytes of text, found {len(text):,}")
    found = isal_zlib.crc32(text)
    if found != crc:
        raise _damaged(blocks, number, f"expected CRC-32 {crc:08x}, found {found:08x}")
    return text


def _damaged(blocks: Blocks, number: int, what: str) -> DamagedFileError:
    return DamagedFileError(
        f"{blocks.path.name} is damaged in block {number:,} at byte "
        f"{int(blocks.offset[number]):,}: {what}. Get the file again."
    )


def _gzip_pieces(path: Place) -> Iterator[bytes]:
    """The text of a plain gzip file, members one after the other, in pieces."""
    decoder = isal_zlib.decompressobj(wbits=31)
    fed = 0
    fresh = True
    with path.open("rb") as file:
        while packed := file.read(_GZIP_PIECE):
            fed += len(packed)
            while packed:
                if decoder.eof:
                    decoder, fresh = isal_zlib.decompressobj(wbits=31), True
                try:
                    text = decoder.decompress(packed, _GZIP_PIECE)
                except _INFLATE_ERRORS as error:
                    raise DamagedFileError(
                        f"{path.name} is damaged before byte {fed:,}: it does not inflate "
                        f"({error}). Get the file again."
                    ) from error
                fresh = False
                packed = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                if text:
                    yield text
    if not fresh and not decoder.eof:
        raise DamagedFileError(
            f"{path.name} is cut short: the gzip stream does not end. Get the file again."
        )
