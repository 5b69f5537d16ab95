"""What samples hold beside their genotypes, checked against FORMAT and its definitions.

Silver keeps genotypes only, but a record whose other columns contradict the header is
not one to trust. The cells of many records are one array of bytes; only tabs, colons
and commas are looked for. Where all samples of a record have the same marks in the same
order, as they mostly do, one look settles the record; else its fields are counted one
by one, all at once. Text in the place of a number is found by its letters: so a
fraction where a whole number is declared passes, as it does in most programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import comb

import numpy as np
import numpy.typing as npt

from medallion.vcf.definitions import (
    ANY,
    EXPECTED,
    ITEMS,
    PER_ALLELE,
    PER_ALT,
    PER_GENOTYPE,
    Kind,
    define,
)
from medallion.vcf.info import Broken
from medallion.vcf.words import strings

__all__ = ["Cells", "FormatChecker", "Ploidy"]

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Ploidy = Callable[[int], tuple[Ints, Ints] | None]
"""Of record i of those given: ploidy and called alleles of each sample; None without GT."""

_TAB, _COLON, _COMMA, _BAR, _DOT = b"\t:,|."
_AT_ONCE = 1 << 19
_MANY = 32
_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Cells:
    """The sample columns of one record: text[start:stop] of the text they are given with.

    `row` is the number that a defect is told with, `n_alts` the record's ALT alleles.
    """

    row: int
    start: int
    stop: int
    n_alts: int


@dataclass(frozen=True, slots=True)
class _Rule:
    """The keys of one FORMAT, with their definitions; arrays of shape (n_keys,)."""

    keys: tuple[str, ...]
    one: Ints
    two: Ints
    kinds: Ints
    genotypes: bool


class FormatChecker:
    """Checks the sample columns of one file's records."""

    def __init__(
        self,
        declared: Mapping[str, Mapping[str, str]],
        version: int,
        samples: Sequence[str],
    ) -> None:
        """`declared` are the header's FORMAT lines by ID; `version` the 2 of VCFv4.2."""
        self._declared = declared
        self._version = version
        self._samples = samples
        self._rules: dict[bytes, _Rule] = {}
        self._settled: dict[tuple[bytes, bytes, int], bool] = {}

    def check(
        self, text: bytes, keys: bytes, cells: Sequence[Cells], ploidy: Ploidy
    ) -> list[Broken]:
        """The records of FORMAT `keys` that break a rule, with one reason each.

        Each of `cells` holds a column for each sample. `ploidy` is asked for records by
        their place in `cells`.
        """
        if keys not in self._rules:
            self._rules[keys] = self._rule(keys)
        found: list[Broken] = []
        low = 0
        while low < len(cells):
            size, high = 0, low
            while high < len(cells) and (size < _AT_ONCE or high == low):
                size += cells[high].stop - cells[high].start
                high += 1
            found += self._some(text, keys, cells[low:high], low, ploidy)
            low = high
        return found

    def _rule(self, keys: bytes) -> _Rule:
        names = tuple(keys.decode("utf-8", "replace").split(":"))
        known = [define("FORMAT", name, self._declared, self._version) for name in names]
        one = np.array([d.numbers[0] for d in known], np.int64)
        two = np.array([d.numbers[1] for d in known], np.int64)
        kinds = np.array([d.kind for d in known], np.int64)
        if names[0] == "GT":
            # Genotypes are read elsewhere.
            one[0] = two[0] = ANY
            kinds[0] = Kind.ANY
        return _Rule(names, one, two, kinds, bool((one == PER_GENOTYPE).any()))

    def _some(
        self, text: bytes, keys: bytes, cells: Sequence[Cells], first: int, ploidy: Ploidy
    ) -> list[Broken]:
        rule, n = self._rules[keys], len(self._samples)
        joined = b"\t".join([text[c.start : c.stop] for c in cells]) + b"\t"
        array = np.frombuffer(joined, np.uint8)
        stops = np.cumsum([c.stop - c.start + 1 for c in cells])
        marks = np.flatnonzero((array == _TAB) | (array == _COLON) | (array == _COMMA))
        types = array[marks]
        bounds = np.zeros(len(cells) + 1, np.int64)
        bounds[1:] = np.searchsorted(marks, stops)
        letters = array > _COLON
        letters &= array != _BAR
        lettered = np.zeros(len(cells), bool)
        at = np.flatnonzero(letters) if letters.any() else np.zeros(0, np.int64)
        lettered[np.searchsorted(stops, at, side="right")] = True
        closely = []
        for i, cell in enumerate(cells):
            own = types[bounds[i] : bounds[i + 1]]
            if lettered[i] or n < _MANY or len(own) % n:
                closely.append(i)
                continue
            table = own.reshape(n, -1)
            if (table != table[0]).any() or not self._fits(keys, table[0], cell.n_alts):
                closely.append(i)
            elif rule.genotypes and (known := ploidy(first + i)) is not None:
                if (known[0] != 2).any():
                    closely.append(i)
        if not closely:
            return []
        look = _Look(array, marks, types, bounds, at)
        return self._closely(rule, look, cells, closely, first, ploidy)

    def _fits(self, keys: bytes, types: Bytes, n_alts: int) -> bool:
        """Whether a diploid sample with these marks, and no missing value, is as defined."""
        case = (keys, types.tobytes(), n_alts)
        if case not in self._settled:
            rule = self._rules[keys]
            ends = np.flatnonzero(types != _COMMA)
            items = np.diff(ends, prepend=-1)
            self._settled[case] = bool(
                types[-1] == _TAB
                and (types[ends[:-1]] == _COLON).all()
                and len(items) <= len(rule.keys)
                and (
                    _suits(rule.one[: len(items)], items, n_alts)
                    | _suits(rule.two[: len(items)], items, n_alts)
                ).all()
            )
        return self._settled[case]

    def _closely(
        self, rule: _Rule, look: _Look, cells: Sequence[Cells], rows: list[int], first: int,
        ploidy: Ploidy,
    ) -> list[Broken]:  # fmt: skip
        """Check records field by field. Fields are in the order of the text."""
        n, k = len(self._samples), len(rule.keys)
        index = np.concatenate([np.arange(look.bounds[i], look.bounds[i + 1]) for i in rows])
        end = index[look.types[index] != _COMMA]
        before = np.empty_like(end)
        before[1:] = end[:-1]
        is_tab = look.types[end] == _TAB
        last = np.flatnonzero(is_tab)
        before[np.concatenate([[0], last[n - 1 : -1 : n] + 1])] = look.bounds[rows] - 1
        items = end - before
        start = np.where(before < 0, 0, look.marks[before] + 1)
        stop = look.marks[end]
        per_cell = np.diff(last, prepend=-1)
        cell = np.repeat(np.arange(len(last)), per_cell)
        key = np.arange(len(end)) - np.repeat(last - per_cell + 1, per_cell)
        found: dict[int, Broken] = {}

        def tell(field: int, reason: str, detail: str) -> None:
            row = cells[rows[int(cell[field]) // n]].row
            name = rule.keys[min(int(key[field]), k - 1)]
            sample = self._samples[int(cell[field]) % n]
            value = look.array[start[field] : stop[field]].tobytes().decode("utf-8", "replace")
            shown = repr(value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "...")
            detail = f"sample {sample}: {detail.format(name=name)}: {shown}"
            found.setdefault(row, (row, reason, f"FORMAT/{name}", detail))

        for c in np.flatnonzero(per_cell > k).tolist():
            tell(int(last[c]), "sample-malformed", f"{per_cell[c]} fields, but FORMAT names {k}")
        use = key < k
        if k > 0 and not rule_is_free(rule):
            alts = np.array([cells[i].n_alts for i in rows])[cell // n]
            slot = np.minimum(key, k - 1)
            one = rule.one[slot]
            empty = (stop == start) | ((stop - start == 1) & (look.array[start] == _DOT))
            wrong = use & ~empty & ~_suits(one, items, alts)
            wrong[wrong] = ~_suits(rule.two[slot[wrong]], items[wrong], alts[wrong])
            of_genotypes = use & ~empty & ((one == PER_GENOTYPE) | (rule.two[slot] == PER_GENOTYPE))
            for place in np.unique(cell[of_genotypes] // n).tolist():
                known = ploidy(first + rows[place])
                own = np.flatnonzero(of_genotypes & (cell // n == place))
                ok = self._suits_ploidy(known, cell[own] % n, items[own], int(alts[own[0]]))
                other = rule.two[slot[own]] != PER_GENOTYPE
                other &= _suits(rule.two[slot[own]], items[own], alts[own])
                wrong[own] = ~(ok | other)
            for f in np.flatnonzero(wrong).tolist():
                tell(f, "format-definition", "expected another number of values in {name}")
            self._texts(rule, look, end, slot, use, start, stop, tell)
        return list(found.values())

    @staticmethod
    def _suits_ploidy(
        known: tuple[Ints, Ints] | None, column: Ints, items: Ints, alts: int
    ) -> npt.NDArray[np.bool_]:
        """Whether so many values are one for each genotype that a sample may have."""
        if known is None:
            # Without a genotype, a sample is diploid by specification; haploid ones exist.
            return _in(items, {c for p in (1, 2) for c in _genotypes(p, alts)})
        ploidy, called = known[0][column], known[1][column]
        ok = called == 0
        for p in np.unique(ploidy).tolist():
            ok = ok | ((ploidy == p) & _in(items, set(_genotypes(p, alts))))
        return ok

    def _texts(
        self, rule: _Rule, look: _Look, end: Ints, key: Ints, use: npt.NDArray[np.bool_],
        start: Ints, stop: Ints, tell: Callable[[int, str, str], None],
    ) -> None:  # fmt: skip
        """Tell of letters where numbers should be, and of words where a character should."""
        if not len(look.letters) or not len(end):
            return
        field = np.searchsorted(stop, look.letters)
        field = np.unique(field[field < len(end)])
        field = field[use[field] & (rule.kinds[key[field]] != Kind.ANY)]
        for kind in np.unique(rule.kinds[key[field]]).tolist():
            own = field[rule.kinds[key[field]] == kind]
            item = ITEMS[Kind(kind)]
            values = strings(look.array, start[own], stop[own])
            wrong = ~values.str.contains(rf"^{item}(?:,{item})*$")
            for f in own[wrong.to_numpy()].tolist():
                tell(f, "format-definition", f"expected {EXPECTED[Kind(kind)]} in {{name}}")


@dataclass(frozen=True, slots=True)
class _Look:
    """Joined cells as bytes: where the marks are, of which type; each record's; letters."""

    array: Bytes
    marks: Ints
    types: Bytes
    bounds: Ints
    letters: Ints


def rule_is_free(rule: _Rule) -> bool:
    """Whether no key of a FORMAT says anything of its values."""
    return bool((rule.one == ANY).all() and (rule.kinds == Kind.ANY).all())


def _suits(number: Ints, items: Ints, alts: Ints | int) -> npt.NDArray[np.bool_]:
    """Whether so many values suit a Number, in a diploid sample."""
    alleles = np.maximum(alts, 1)
    result: npt.NDArray[np.bool_] = (
        (number == ANY)
        | (number < PER_GENOTYPE)
        | (number == items)
        | ((number == PER_ALT) & (items == alleles))
        | ((number == PER_ALLELE) & (items == alleles + 1))
        | ((number == PER_GENOTYPE) & (items == (alleles + 1) * (alleles + 2) // 2))
    )
    return result | ((np.asarray(alts) == 0) & (number <= PER_ALLELE) & (items == 1))


@cache
def _genotypes(ploidy: int, alts: int) -> tuple[int, ...]:
    """How many genotypes a sample may have: (ploidy + ALTs) over ploidy."""
    if alts == 0:
        return 1, ploidy + 1
    return (comb(ploidy + alts, ploidy),)


def _in(items: Ints, allowed: set[int]) -> npt.NDArray[np.bool_]:
    # Counts beyond 64 bits (of many alleles at high ploidy) cannot be met.
    return np.isin(items, [a for a in sorted(allowed) if a < 2**62])
