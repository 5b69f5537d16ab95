"""The genotype columns of a piece of VCF: found, compared, and only the odd ones looked at.

Nearly every call of nearly every record is the reference. So cells are compared all at
once with the spelling that the reference call of their column is expected to have (the
*background*), and what comes out is only the cells that differ:

1. *fixed layout*: FORMAT is `GT` and each cell is 4 bytes (`0|0` and a tab). The cells of
   many records are one matrix of uint32; a comparison finds the cells that differ.
2. *any layout*: cells start after tabs, and GT, which is first by specification, ends at
   a colon or a tab. The first 8 bytes of each cell are one uint64; what follows the GT
   is masked away; the rest is as above.
3. A GT of more than 7 bytes is cut out on its own.

No loop in Python runs over cells, except for those of step 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from medallion.lookup import look_up
from medallion.vcf.genotype_texts import MISSING, REFERENCE, GenotypeTexts
from medallion.vcf.patterns import Patterns, prevailing
from medallion.vcf.words import count_byte, first_field

__all__ = ["Calls", "GenotypeReader"]

_CELLS_AT_ONCE = 1 << 18
# Cells are copied some records at a time, so that they stay in cache.
_CACHED = 1 << 19
_TAB = 9
_U = np.uint64
_NONE = np.zeros(0, bool)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Calls:
    """The calls of some records that are not as their pattern says, ordered by row and column.

    `row` (index into the records given), `column` (0-based sample) and `gid` have shape
    (n_calls,); `pattern` has shape (n_records,) and is -1 where the record's cells could
    not be told apart: those rows have no calls here and must be quarantined.
    """

    row: npt.NDArray[np.int32]
    column: npt.NDArray[np.int32]
    gid: npt.NDArray[np.int32]
    pattern: npt.NDArray[np.int64]


class GenotypeReader:
    """Reads the genotype columns of one partition; learns texts and patterns on the way."""

    def __init__(self, n_samples: int, *, leading: bool = True) -> None:
        """`leading`: see GenotypeTexts."""
        self.n_samples = n_samples
        self.texts = GenotypeTexts(leading=leading)
        self.patterns = Patterns(self.texts)

    @property
    def shortest(self) -> int:
        """Bytes of the shortest genotype that was read so far."""
        return min((len(t.text) for t in self.texts.texts), default=0)

    def read(self, text: bytes, start: Ints, stop: Ints, only_gt: npt.NDArray[np.bool_]) -> Calls:
        """Read the cells text[start[i]:stop[i]] of each record i; the arrays have one shape.

        Each record ends with a byte more. `only_gt` says whether FORMAT is just `GT`, so that
        the fixed layout may be tried.
        """
        n = self.n_samples
        wide = only_gt & (stop - start == 4 * n - 1)
        fixed = np.flatnonzero(wide)
        pieces: list[Calls] = []
        if len(fixed):
            calls, strays = self._fixed(text, start[fixed])
            if len(fixed) == len(start) and not strays:
                return calls
            pieces.append(_renumber(calls, fixed))
            wide[fixed[strays]] = False
        rest = np.flatnonzero(~wide).tolist()
        batch = max(1, _CELLS_AT_ONCE // max(1, n))
        for low in range(0, len(rest), batch):
            rows = rest[low : low + batch]
            cells = [text[int(start[i]) : int(stop[i])] for i in rows]
            good = [k for k, cell in enumerate(cells) if count_byte(cell, _TAB) == n - 1]
            if good:
                calls = self._any([cells[k] for k in good])
                pieces.append(_renumber(calls, np.array([rows[k] for k in good])))
        return _gather(pieces, len(start))

    def _fixed(self, text: bytes, start: Ints) -> tuple[Calls, list[int]]:
        """Read records of 4 bytes a cell, from `start` on; also the rows that have others."""
        n, width = self.n_samples, 4 * self.n_samples
        # The bytes of a record from every byte on: of these the records' own are copied.
        records = np.ndarray((len(text) - width + 1, width), np.uint8, buffer=text, strides=(1, 1))
        step = max(1, _CACHED // width)
        found: list[npt.NDArray[np.int32]] = []
        values: list[npt.NDArray[np.uint32]] = []
        guess = _PLAIN[0]
        for low in range(0, len(start), step):
            block = records[start[low : low + step]]
            block[:, -1] = _TAB
            cells = block.view("<u4").ravel()
            if low == 0:
                guess = _plain(cells[:n])
            at, value = _unlike(cells, guess)
            at += np.int32(low * n)
            found.append(at)
            values.append(value)
        at, value = np.concatenate(found), np.concatenate(values)
        begin = np.arange(len(start) + 1, dtype=np.int32) * np.int32(n)
        carried = np.diff(np.searchsorted(at, begin))
        row = np.repeat(np.arange(len(start), dtype=np.int32), carried)
        column = at - np.repeat(begin[:-1], carried)
        stray: list[int] = []
        # The highest byte of a cell is its separator.
        if len(value) and not (value.min() >> 24 == value.max() >> 24 == _TAB):
            stray = np.unique(row[value >> 24 != _TAB]).tolist()
            keep = ~np.isin(row, stray)
            row, column, value = row[keep], column[keep], value[keep]
        background = np.full(n, self.texts.gids(np.array([guess & 0xFFFFFF], _U))[0])
        gid = self.texts.gids(value & np.uint32(0xFFFFFF))
        calls = self._against(background, row, column, gid, len(start))
        if stray:
            calls.pattern[stray] = -1
            own = ~np.isin(calls.row, stray)
            calls = Calls(calls.row[own], calls.column[own], calls.gid[own], calls.pattern)
        return calls, stray

    def _any(self, cells: list[bytes]) -> Calls:
        """Read cells of any width; each record has the right number of tabs."""
        n = self.n_samples
        text = b"\t".join(cells) + b"\t" + bytes(8)
        array = np.frombuffer(text, np.uint8)
        start = np.empty(len(cells) * n, np.int64)
        start[0] = 0
        start[1:] = np.flatnonzero(array[:-9] == _TAB) + 1
        codes, long = first_field(text, start)
        for k in long.tolist():
            begin = int(start[k])
            end = text.index(b"\t", begin)
            codes[k] = self.texts.intern(text[begin:end].split(b":", 1)[0])
        table = codes.reshape(-1, n)
        background = prevailing(self.texts.gids(table[0]), self.texts)
        expected = np.array([self.texts.code(g) for g in range(len(self.texts))], _U)[background]
        at = np.flatnonzero((table != expected).ravel())
        row, column = (x.astype(np.int32) for x in np.divmod(at, n))
        return self._against(background, row, column, self.texts.gids(codes[at]), len(cells))

    def _against(
        self,
        background: npt.NDArray[np.int32],
        row: npt.NDArray[np.int32],
        column: npt.NDArray[np.int32],
        gid: npt.NDArray[np.int32],
        n_rows: int,
    ) -> Calls:
        """Settle each record's pattern, given the cells that differ from `background`."""
        texts = self.texts
        number = self.patterns.id(background)
        pattern = np.full(n_rows, -1 if number is None else number, np.int64)
        uniform = bool((background == background[0]).all())
        spellings = background[:1] if uniform else np.unique(background)
        bounds = np.searchsorted(row, np.arange(n_rows + 1, dtype=row.dtype))
        # `0|0`, `0`: as a call without a reference call of its ploidy beside it is spelled.
        plain = all(
            texts.texts[g].text == b"|".join([b"0"] * texts.texts[g].ploidy)
            for g in spellings.tolist()
        )
        # A record has the background for its pattern where that prevails among its reference
        # calls, and each other call has the ploidy that is expected of its column.
        if uniform:
            ploidy = texts.ploidy[background[0]]
            strange = texts.ploidy != ploidy
            strange &= (texts.kind != MISSING) | (texts.called > 0)
            odd = look_up(strange, gid) if strange.any() else _NONE
        else:
            odd = texts.kind[gid] == REFERENCE
            odd |= texts.ploidy[gid] != texts.ploidy[background][column]
        doubtful = set(np.unique(row[odd]).tolist()) if odd.any() else set()
        if uniform:
            doubtful |= self._outvoted(background[0], row, gid, np.diff(bounds))
        if not (uniform and plain) or doubtful:
            doubtful |= self._without_reference(background, row, column, gid, n_rows, plain=plain)
        elif (full := np.diff(bounds) == self.n_samples).any():
            doubtful |= set(np.flatnonzero(full).tolist())
        if number is None:
            doubtful = set(range(n_rows))
        if doubtful:
            row, column, gid = self._settle(
                sorted(doubtful), background, row, column, gid, bounds, pattern
            )
        return Calls(row, column, gid, pattern)

    def _outvoted(
        self,
        spelling: np.int32,
        row: npt.NDArray[np.int32],
        gid: npt.NDArray[np.int32],
        differ: Ints,
    ) -> set[int]:
        """Rows where `spelling`, that of all columns, may not prevail among reference calls.

        `differ`, of shape (n_rows,), is how many calls of each row are spelled otherwise.
        """
        texts = self.texts
        rivals = (texts.kind == REFERENCE) & (texts.ploidy == texts.ploidy[spelling])
        rivals[spelling] = False
        if not rivals.any():
            return set()
        of_rivals = np.bincount(row[look_up(rivals, gid)], minlength=len(differ))
        lost = (of_rivals > 0) & (of_rivals >= self.n_samples - differ)
        return set(np.flatnonzero(lost).tolist())

    def _settle(
        self,
        doubtful: list[int],
        background: npt.NDArray[np.int32],
        row: npt.NDArray[np.int32],
        column: npt.NDArray[np.int32],
        gid: npt.NDArray[np.int32],
        bounds: Ints,
        pattern: npt.NDArray[np.int64],
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """Give each doubtful row its own pattern; return the calls that are not as patterns say."""
        keep = np.ones(len(gid), bool)
        own_calls: list[tuple[int, Ints, npt.NDArray[np.int32]]] = []
        for r in doubtful:
            low, high = int(bounds[r]), int(bounds[r + 1])
            gids = background.astype(np.int32, copy=True)
            gids[column[low:high]] = gid[low:high]
            own = prevailing(gids, self.texts)
            number = self.patterns.id(own)
            pattern[r] = self.patterns.unsaid(len(gids)) if number is None else number
            at = np.arange(len(gids)) if number is None else np.flatnonzero(gids != own)
            if not np.array_equal(at, column[low:high]):
                keep[low:high] = False
                own_calls.append((r, at, gids[at]))
        if not own_calls:
            return row, column, gid
        rows = [np.full(len(at), r, np.int32) for r, at, _ in own_calls]
        row = np.concatenate([row[keep], *rows])
        column = np.concatenate([column[keep], *(at.astype(np.int32) for _, at, _ in own_calls)])
        gid = np.concatenate([gid[keep], *(gids for *_, gids in own_calls)])
        order = np.argsort(row, kind="stable")
        return row[order], column[order], gid[order]

    def _without_reference(
        self,
        background: npt.NDArray[np.int32],
        row: npt.NDArray[np.int32],
        column: npt.NDArray[np.int32],
        gid: npt.NDArray[np.int32],
        n_rows: int,
        *,
        plain: bool,
    ) -> set[int]:
        """Rows in which a spelling of the background is left without a reference call.

        There the spelling that prevails may be another.
        """
        spellings = np.unique(background)
        missed: set[int] | None = None
        if plain and len(spellings) > 1:
            # The default is the background itself, but for a sample that has no call.
            missed = set(np.unique(row[self.texts.called[gid] == 0]).tolist())
            if not missed:
                return missed
        doubtful: set[int] = set()
        for spelling in spellings.tolist():
            of_it = background == spelling
            taken = np.bincount(row[of_it[column]], minlength=n_rows)
            doubtful |= set(np.flatnonzero(taken == int(of_it.sum())).tolist())
        return doubtful if missed is None else doubtful & missed


def _unlike(
    cells: npt.NDArray[np.uint32], guess: np.uint32
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.uint32]]:
    """The cells that are not `guess`: their places, ascending, and what they are.

    Two cells at a time: gathering the places takes longer than the comparison, and most
    pairs are plain.
    """
    even = len(cells) & ~1
    both = cells[:even].view("<u8")
    pair = _U(guess) | (_U(guess) << _U(32))
    places = np.flatnonzero(both != pair)
    two = look_up(both, places).view("<u4")
    which = np.flatnonzero(two != guess)
    at = 2 * look_up(places.astype(np.int32), which >> 1) + (which & 1).astype(np.int32)
    value = look_up(two, which)
    if even < len(cells) and cells[even] != guess:
        at, value = np.append(at, np.int32(even)), np.append(value, cells[even])
    return at, value


_PLAIN = tuple(np.frombuffer(b"0|0\t0/0\t", "<u4"))


def _plain(cells: npt.NDArray[np.uint32]) -> np.uint32:
    """The plain reference call that the cells of a record are likely to hold."""
    if cells[0] in _PLAIN:
        return np.uint32(cells[0])
    return next((p for p in _PLAIN if (cells == p).any()), _PLAIN[0])


def _renumber(calls: Calls, rows: Ints) -> Calls:
    place = rows.astype(np.int32)
    return Calls(place[calls.row], calls.column, calls.gid, _scatter(calls.pattern, place))


def _scatter(pattern: npt.NDArray[np.int64], place: npt.NDArray[np.int32]) -> npt.NDArray[np.int64]:
    out = np.full(int(place.max()) + 1, -1, np.int64)
    out[place] = pattern
    return out


def _gather(pieces: list[Calls], n_rows: int) -> Calls:
    pattern = np.full(n_rows, -1, np.int64)
    for piece in pieces:
        known = np.flatnonzero(piece.pattern >= 0)
        pattern[known] = piece.pattern[known]
    if not pieces:
        empty = np.zeros(0, np.int32)
        return Calls(empty, empty, empty, pattern)
    if len(pieces) == 1:
        return Calls(pieces[0].row, pieces[0].column, pieces[0].gid, pattern)
    row = np.concatenate([p.row for p in pieces])
    column = np.concatenate([p.column for p in pieces])
    gid = np.concatenate([p.gid for p in pieces])
    if (np.diff(row) < 0).any():
        order = np.argsort(row, kind="stable")
        row, column, gid = row[order], column[order], gid[order]
    return Calls(row, column, gid, pattern)
