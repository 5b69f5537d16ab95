"""Writing BGZF, the blocked gzip of VCF files, with the same bytes every time.

Only the writer that the simulation needs; `medallion.vcf` reads. The format is that of
the SAM specification (SAMv1, section 4.1): gzip members of at most 64 KiB of text, each
with its own compressed size in an extra field, and an empty member to mark the end.
"""

from __future__ import annotations

import struct
import zlib

__all__ = ["END_OF_FILE", "TEXT_PER_BLOCK", "Compressor"]

# htslib's choice: even if deflate makes the text larger, the block stays below 64 KiB.
TEXT_PER_BLOCK = 65280

# A gzip member header with a time stamp of 0, no operating system, and the extra field BC.
_HEADER = bytes.fromhex("1f8b08040000000000ff060042430200")

END_OF_FILE = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
"""The empty block that the specification asks for at the end of a file."""


def _block(text: bytes, level: int) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS, memLevel=9)
    body = deflate.compress(text) + deflate.flush()
    # BSIZE is the length of the whole block less one: header 16, itself 2, footer 8.
    size = struct.pack("<H", len(_HEADER) + 2 + len(body) + 8 - 1)
    return _HEADER + size + body + struct.pack("<II", zlib.crc32(text), len(text))


class Compressor:
    """Turns a stream of text into BGZF blocks, holding back less than one block of it.

    The bytes depend on the text, the level and zlib itself: another zlib (zlib-ng, say) may
    write other bytes for the same text, which every reader inflates to the same.
    """

    def __init__(self, level: int) -> None:
        self._level = level
        self._rest = b""

    def feed(self, text: bytes) -> bytes:
        """Take `text`; return the blocks that are full by now (perhaps none)."""
        text = self._rest + text
        full = len(text) - len(text) % TEXT_PER_BLOCK
        self._rest = text[full:]
        return b"".join(
            _block(text[start : start + TEXT_PER_BLOCK], self._level)
            for start in range(0, full, TEXT_PER_BLOCK)
        )

    def finish(self) -> bytes:
        """Return what was held back as one last, shorter block (nothing if nothing was)."""
        rest, self._rest = self._rest, b""
        return _block(rest, self._level) if rest else b""
