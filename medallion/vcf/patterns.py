"""Reference patterns: how a record spells the reference call of each sample.

A reference call is implied, never stored. What it looks like (`0|0`, `0/0`, or `0` for
a male on X) is the record's *pattern*: one spelling for each sample, a function of the
record alone, so that it does not depend on where a file was cut. A handful of patterns
serves a whole chromosome.

A sample's spelling is the one that prevails among the record's reference calls of its
ploidy; so a pattern changes only where ploidy or the style of phasing does. A reference
call that is spelled otherwise, as callers phase some samples of a record, is stored like a
missed call: a pattern of its own for each record would be all but endless.

Where ploidy itself changes from record to record, that would be so all the same. So the
patterns that a partition learns have a bound; a record that would need one more has the
pattern that implies nothing, a dot, and each of its reference calls is stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medallion.vcf.genotype_texts import REFERENCE, GenotypeTexts

__all__ = ["UNSAID", "Pattern", "Patterns", "prevailing"]

UNSAID = "."
"""The spelling of a pattern that implies no call."""

# A run takes some hundred bytes; a chromosome has a handful of patterns, however long each is.
_MOST_RUNS, _FEW = 1 << 14, 16


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern; `runs` are (first column, last column, text), columns 0-based, both included."""

    id: int
    runs: tuple[tuple[int, int, str], ...]


def prevailing(gids: npt.NDArray[np.int32], texts: GenotypeTexts) -> npt.NDArray[np.int32]:
    """The reference spelling of each sample of one record, as gids of shape (n_samples,)."""
    if not len(gids) or ((gids == gids[0]).all() and texts.kind[gids[0]] == REFERENCE):
        return gids
    result = gids.copy()
    reference = texts.kind[gids] == REFERENCE
    votes = np.bincount(gids[reference], minlength=len(texts))
    overall = _winner(votes, texts)
    ploidies = texts.ploidy[gids]
    for ploidy in np.unique(ploidies).tolist():
        here = ploidies == ploidy
        winner = _winner(np.where(texts.ploidy[: len(votes)] == ploidy, votes, 0), texts)
        if winner is None:
            plain = texts.gid(b"|".join([b"0"] * max(1, ploidy)))
            # `.` may stand for a missing diploid call: only there the ploidy says nothing.
            missing = here & (texts.called[gids] == 0)
            result[missing] = plain if overall is None else overall
            result[here & ~missing] = plain
        else:
            result[here] = winner
    return result


def _winner(votes: npt.NDArray[np.int64], texts: GenotypeTexts) -> int | None:
    best = int(votes.max(initial=0))
    if best == 0:
        return None
    return int(min(np.flatnonzero(votes == best).tolist(), key=lambda g: texts.texts[g].text))


class Patterns:
    """The distinct patterns of a partition, known by their content."""

    def __init__(self, texts: GenotypeTexts) -> None:
        self._texts = texts
        self._known: dict[bytes, int] = {}
        self._n_runs = 0
        self.patterns: dict[int, Pattern] = {}

    def id(self, gids: npt.NDArray[np.int32]) -> int | None:
        """The id of the pattern with these spellings: 63 bits of a digest of its content.

        None where it is a new one, and there are as many as there may be.
        """
        key = gids.astype(np.int32).tobytes()
        found = self._known.get(key)
        if found is None:
            if self._n_runs >= _MOST_RUNS and len(self._known) >= _FEW:
                return None
            found = self._known[key] = self._enter(self._runs(gids))
        return found

    def unsaid(self, n_samples: int) -> int:
        """The id of the pattern that implies no call of any sample."""
        return self._enter(((0, n_samples - 1, UNSAID),))

    def _enter(self, runs: tuple[tuple[int, int, str], ...]) -> int:
        digest = hashlib.blake2b(repr(runs).encode(), digest_size=8).digest()
        number = int.from_bytes(digest, "little") >> 1
        if number not in self.patterns:
            self.patterns[number] = Pattern(number, runs)
            self._n_runs += len(runs)
        return number

    def _runs(self, gids: npt.NDArray[np.int32]) -> tuple[tuple[int, int, str], ...]:
        if not len(gids):
            return ()
        starts = np.flatnonzero(np.diff(gids, prepend=gids[0] - 1))
        stops = [*(starts[1:] - 1).tolist(), len(gids) - 1]
        return tuple(
            (low, high, self._texts.texts[int(gids[low])].text.decode())
            for low, high in zip(starts.tolist(), stops, strict=True)
        )
