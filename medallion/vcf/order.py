"""The order of records, and alleles that stand twice.

A record whose allele stood in an earlier record is quarantined: which of the two holds
cannot be told, and a key that is not unique would double every join. A record that
comes too late is only noted: its own data is whole. Symbolic alleles and breakends may
repeat, for their extent is in INFO; so may `*`, which says of each record anew that a
deletion before it reaches there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.vcf.defects import Defect

__all__ = ["OrderKeeper"]

Key = tuple[str, int, str, str]
_KEPT = ("chrom", "pos", "ref", "alt")


class OrderKeeper:
    """Watches the records of one partition, batch after batch.

    `memory` is how many records back an allele of a smaller position can stand at most:
    more than fit two blocks where the blocks are in order, None (all) where they are not.
    """

    def __init__(self, memory: int | None) -> None:
        self._memory = memory
        self._recent: pl.DataFrame | None = None
        self._last: tuple[str, int] | None = None
        self._contigs: set[str] = set()

    def judge(
        self, sites: pl.DataFrame, lines: npt.NDArray[np.int64]
    ) -> tuple[dict[int, tuple[str, str | None, str]], list[Defect]]:
        """The rows of `sites` that repeat an allele, and remarks on those out of order.

        `sites` has chrom, pos (as integers), ref, alt; `lines` their line numbers.
        """
        if sites.is_empty():
            return {}, []
        noted = self._order(sites, lines)
        own = sites.select(_KEPT).with_columns(line=pl.Series(lines, dtype=pl.Int64))
        seen = own if self._recent is None else pl.concat([self._recent, own])
        carried = len(seen) - len(own)
        candidates = _sharing(seen)
        bad: dict[int, tuple[str, str | None, str]] = {}
        first: dict[Key, int] = {}
        for i, (chrom, pos, ref, alt, line) in zip(
            candidates.tolist(), seen[candidates].iter_rows(), strict=True
        ):
            keys = _keys(chrom, pos, ref, alt)
            twice = next((k for k in keys if k in first), None)
            if twice is not None and i >= carried:
                detail = f"{twice[2]}>{twice[3]} at this position stands in line {first[twice]}"
                bad[i - carried] = ("duplicate", "ALT", detail)
                continue
            for key in keys:
                first.setdefault(key, line)
        self._remember(seen, [carried + i for i in bad])
        return bad, noted

    def _order(self, sites: pl.DataFrame, lines: npt.NDArray[np.int64]) -> list[Defect]:
        chrom = sites["chrom"].str.strip_chars("<>")
        pos = sites["pos"].to_numpy().astype(np.int64)
        changes = (chrom != chrom.shift(1)).fill_null(value=True).to_numpy(writable=True)
        if self._last is not None and self._last[0] == chrom[0]:
            changes[0] = False
        before = np.concatenate([[self._last[1] if self._last else -1], pos[:-1]])
        late = ~changes & (pos < before)
        noted = []
        for i in np.flatnonzero(late | changes).tolist():
            if changes[i]:
                if chrom[i] not in self._contigs:
                    self._contigs.add(chrom[i])
                    continue
                field, detail = "CHROM", f"contig {chrom[i]!r} began before and was left"
            else:
                field, detail = "POS", f"{pos[i]:,} comes after {before[i]:,}"
            noted.append(
                Defect(
                    "out-of-order", int(lines[i]), "record", chrom[i], int(pos[i]), field, detail
                )
            )
        self._last = (chrom[-1], int(pos[-1]))
        return noted

    def _remember(self, seen: pl.DataFrame, bad: list[int]) -> None:
        if bad:
            good = np.ones(len(seen), bool)
            good[bad] = False
            seen = seen.filter(pl.Series(good))
        if self._memory is not None and len(seen) > self._memory:
            # One position may fill any number of blocks.
            here = seen["chrom"] == seen["chrom"][-1]
            farthest = here & (seen["pos"] == seen["pos"].filter(here).max())
            late = pl.Series(np.arange(len(seen)) >= len(seen) - self._memory)
            seen = seen.filter(farthest | late)
        self._recent = seen


def _sharing(seen: pl.DataFrame) -> npt.NDArray[np.int64]:
    """Rows, ascending, that share contig and position with another."""
    pos = seen["pos"].to_numpy()
    step = np.diff(pos)
    if (step > 0).all():
        return np.zeros(0, np.int64)
    if (step >= 0).all():
        same = np.zeros(len(pos) + 1, bool)
        same[1:-1] = step == 0
        return np.flatnonzero(same[1:] | same[:-1])
    return seen.select("chrom", "pos").is_duplicated().arg_true().to_numpy().astype(np.int64)


def _keys(chrom: str, pos: int, ref: str, alt: str) -> list[Key]:
    return [
        (chrom, pos, ref.upper(), allele.upper())
        for allele in alt.split(",")
        if allele.isalpha() or allele == "."
    ]
