"""What a genotype's text means, worked out once for each distinct text.

A file of billions of calls spells them in a few dozen ways. Each way gets a small
number, its *gid*; all later work is on arrays of gids.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from medallion.lookup import look_up

__all__ = ["CARRIER", "INVALID", "MISSING", "REFERENCE", "GenotypeText", "GenotypeTexts", "parse"]

REFERENCE, CARRIER, MISSING, INVALID = 0, 1, 2, 3
"""Kinds of call: all alleles are REF; some allele is an ALT; no ALT, and some allele is
missing; not a genotype."""

# VCF 4.4 allows a leading / or | that states the phase of the first allele.
_GENOTYPE = re.compile(rb"[/|]?(?:[0-9]{1,9}|\.)(?:[/|](?:[0-9]{1,9}|\.))*")
_ALLELE = re.compile(rb"[0-9]+|\.")
_MAX_PLOIDY = 127


@dataclass(frozen=True, slots=True)
class GenotypeText:
    """The meaning of one text. `dosages` are (allele number, copies) of the ALT alleles."""

    text: bytes
    kind: int
    ploidy: int = 0
    called: int = 0
    dosages: tuple[tuple[int, int], ...] = ()

    @property
    def max_allele(self) -> int:
        """The largest ALT number named, 0 where none is."""
        return max((a for a, _ in self.dosages), default=0)


def parse(text: bytes) -> GenotypeText:
    """Read the GT of one sample, as `0|1`, `./.`, `1`, `0/1/1/2`, `|0/1`."""
    if not _GENOTYPE.fullmatch(text):
        return GenotypeText(text, INVALID)
    alleles = [None if a == b"." else int(a) for a in _ALLELE.findall(text)]
    called = [a for a in alleles if a is not None]
    if len(alleles) > _MAX_PLOIDY:
        return GenotypeText(text, INVALID)
    dosages = tuple((a, called.count(a)) for a in sorted({a for a in called if a}))
    without = REFERENCE if len(called) == len(alleles) else MISSING
    kind = CARRIER if dosages else without
    return GenotypeText(text, kind, len(alleles), len(called), dosages)


class GenotypeTexts:
    """The distinct texts met so far, numbered in the order of their meeting.

    A text of up to 7 bytes is known by its *code*: its bytes as a little-endian uint64.
    A longer one is interned under a code with the top bit set.
    """

    _INLINE = 7
    _SHORT = 1 << 24
    _LONG = np.uint64(1 << 63)
    _NEVER = np.uint64((1 << 64) - 1)
    _LOOKED_AT = 1 << 12

    def __init__(self, *, leading: bool = True) -> None:
        """`leading`: whether a text may begin with / or |, as since VCF 4.4."""
        self._leading = leading
        self.texts: list[GenotypeText] = []
        # Zeroed memory is not touched before it is used: 24 bits of address cost a few pages.
        self._table = np.zeros(self._SHORT, dtype=np.int32)
        self._by_code: dict[int, int] = {}
        self._by_text: dict[bytes, int] = {}
        self._long: list[bytes] = []
        self._long_code: dict[bytes, np.uint64] = {}
        self.kind = np.zeros(0, np.int8)
        self.ploidy = np.zeros(0, np.int16)
        self.called = np.zeros(0, np.int16)
        self.emitted = np.zeros(0, np.int32)
        self.max_allele = np.zeros(0, np.int32)

    def __len__(self) -> int:
        return len(self.texts)

    def gid(self, text: bytes) -> int:
        """The number of `text`."""
        found = self._by_text.get(text)
        if found is None:
            found = len(self.texts)
            led = text[:1] in (b"/", b"|") and not self._leading
            meaning = GenotypeText(text, INVALID) if led else parse(text)
            self._by_text[text] = found
            self.texts.append(meaning)
            self.kind = np.append(self.kind, np.int8(meaning.kind))
            self.ploidy = np.append(self.ploidy, np.int16(meaning.ploidy))
            self.called = np.append(self.called, np.int16(meaning.called))
            self.emitted = np.append(self.emitted, np.int32(len(meaning.dosages)))
            self.max_allele = np.append(self.max_allele, np.int32(meaning.max_allele))
        return found

    def intern(self, text: bytes) -> np.uint64:
        """A code for a text too long to be its own code."""
        found = self._long_code.get(text)
        if found is None:
            found = np.uint64(self._LONG | np.uint64(len(self._long)))
            self._long_code[text] = found
            self._long.append(text)
        return found

    def code(self, gid: int) -> np.uint64:
        """The code of a text of this gid; one that no text has where it was never met so."""
        text = self.texts[gid].text
        if len(text) > self._INLINE:
            # Not 0: that is the code of nothing, which is no genotype but may stand in a cell.
            return self._long_code.get(text, self._NEVER)
        return np.uint64(int.from_bytes(text, "little"))

    def _text(self, code: int) -> bytes:
        if code >> 63:
            return self._long[code & ~(1 << 63)]
        return code.to_bytes(8, "little").rstrip(b"\0")

    def gids(self, codes: npt.NDArray[np.unsignedinteger[Any]]) -> npt.NDArray[np.int32]:
        """The gids of `codes`, shape (n,), learning those not met before."""
        if not len(codes):
            return np.zeros(0, np.int32)
        if int(codes.max()) < self._SHORT:
            found = look_up(self._table, codes)
            while found.min() == 0:
                # A new text is likely to stand many times: some places tell most of them.
                unknown = codes[np.flatnonzero(found == 0)[: self._LOOKED_AT]]
                for code in np.unique(unknown).tolist():
                    self._table[code] = self.gid(self._text(code)) + 1
                found = look_up(self._table, codes)
            found -= 1
            return found
        distinct, inverse = np.unique(codes, return_inverse=True)
        known = []
        for code in distinct.tolist():
            if code not in self._by_code:
                self._by_code[code] = self.gid(self._text(code))
            known.append(self._by_code[code])
        return np.array(known, np.int32)[inverse]
