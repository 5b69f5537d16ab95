"""The order of records, and alleles that stand twice.

A record whose allele stood in an earlier record is quarantined: which of the two holds
cannot be told, and a key that is not unique would double every join. A record that
comes too late is only noted: its own data is whole. Symbolic alleles and breakends may
repeat, for their extent is in INFO.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.vcf.defects import Defect

__all__ = ["OrderKeeper"]

Key = tuple[str, int, str, str]


class OrderKeeper:
    """Watches the records of one partition, batch after batch.

    `memory` is how many records back an allele can stand at most: more than fit two
    blocks where the blocks are in order, None (all) where they are not.
    """

    def __init__(self, memory: int | None) -> None:
        self._memory = memory
        self._recent: list[tuple[str, int, str, str, int]] = []
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
        carried = len(self._recent)
        chrom = [r[0] for r in self._recent] + sites["chrom"].to_list()
        pos = np.concatenate(
            [np.array([r[1] for r in self._recent], np.int64), sites["pos"].to_numpy()]
        )
        candidates = _sharing(chrom, pos)
        bad: dict[int, tuple[str, str | None, str]] = {}
        if len(candidates):
            ref = [r[2] for r in self._recent] + sites["ref"].to_list()
            alt = [r[3] for r in self._recent] + sites["alt"].to_list()
            line = np.concatenate([np.array([r[4] for r in self._recent], np.int64), lines])
            first: dict[Key, int] = {}
            for i in candidates.tolist():
                keys = _keys(chrom[i], int(pos[i]), ref[i], alt[i])
                twice = next((k for k in keys if k in first), None)
                if twice is not None and i >= carried:
                    detail = f"{twice[2]}>{twice[3]} at this position stands in line {first[twice]}"
                    bad[i - carried] = ("duplicate", "ALT", detail)
                    continue
                for key in keys:
                    first.setdefault(key, int(line[i]))
        self._remember(sites, lines, bad)
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

    def _remember(
        self,
        sites: pl.DataFrame,
        lines: npt.NDArray[np.int64],
        bad: dict[int, tuple[str, str | None, str]],
    ) -> None:
        keep = len(sites) if self._memory is None else min(self._memory, len(sites))
        start = len(sites) - keep
        tail = sites.slice(start).select("chrom", "pos", "ref", "alt").rows()
        fresh = [
            (*row, int(lines[start + i])) for i, row in enumerate(tail) if start + i not in bad
        ]
        self._recent = [*self._recent, *fresh]
        if self._memory is not None:
            self._recent = self._recent[-self._memory :]


def _sharing(chrom: list[str], pos: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Rows, ascending, that share contig and position with another."""
    step = np.diff(pos)
    if (step > 0).all():
        return np.zeros(0, np.int64)
    if (step >= 0).all():
        same = np.zeros(len(pos) + 1, bool)
        same[1:-1] = step == 0
        return np.flatnonzero(same[1:] | same[:-1])
    frame = pl.DataFrame({"chrom": chrom, "pos": pos})
    return frame.is_duplicated().arg_true().to_numpy().astype(np.int64)


def _keys(chrom: str, pos: int, ref: str, alt: str) -> list[Key]:
    return [
        (chrom, pos, ref.upper(), allele.upper())
        for allele in alt.split(",")
        if allele.isalpha() or allele in ("*", ".")
    ]
