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
Shorts = npt.NDArray[np.int16]
Ploidy = Callable[[Ints], tuple[Shorts, Shorts]]
"""For m records by their places: ploidy and called alleles of samples, shape (m, n_samples)."""

_TAB, _COLON, _COMMA, _BAR, _DOT = b"\t:,|."
_PLAIN = b"0123456789.+-/|"
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
        self, text: bytes, keys: bytes, cells: Sequence[Cells], ploidy: Ploidy | None
    ) -> list[Broken]:
        """The records of FORMAT `keys` that break a rule, with one reason each.

        Each of `cells` holds a column for each sample. `ploidy` is asked for records by
        their place in `cells`; None where FORMAT has no GT.
        """
        if keys not in self._rules:
            self._rules[keys] = self._rule(keys)
        rule, n = self._rules[keys], len(self._samples)
        settled, rest = [], []
        for i, cell in enumerate(cells):
            if n >= _MANY:
                marks = text[cell.start : cell.stop].translate(None, _PLAIN) + b"\t"
                first = marks[: marks.find(b"\t") + 1]
                alike = len(marks) == n * len(first) and marks == first * n
                if alike and self._fits(keys, first, cell.n_alts):
                    settled.append(i)
                    continue
            rest.append(i)
        if settled and rule.genotypes and ploidy is not None:
            odd = (ploidy(np.array(settled))[0] != 2).any(axis=1)
            rest = sorted(rest + [i for i, o in zip(settled, odd, strict=True) if o])
        found: list[Broken] = []
        low = 0
        while low < len(rest):
            size, high = 0, low
            while high < len(rest) and (size < _AT_ONCE or high == low):
                size += cells[rest[high]].stop - cells[rest[high]].start
                high += 1
            found += self._some(text, keys, cells, np.array(rest[low:high]), ploidy)
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
        self, text: bytes, keys: bytes, cells: Sequence[Cells], which: Ints,
        ploidy: Ploidy | None,
    ) -> list[Broken]:  # fmt: skip
        """Check the records `which` of `cells`, by the places of all their marks."""
        rule, n = self._rules[keys], len(self._samples)
        own = [cells[i] for i in which.tolist()]
        look = _look(b"\t".join([text[c.start : c.stop] for c in own]) + b"\t", own)
        settled = np.zeros(len(own), bool)
        if n >= _MANY:
            settled[:] = [self._alike(keys, look, i, c.n_alts) for i, c in enumerate(own)]
            if rule.genotypes and ploidy is not None and settled.any():
                settled[settled] = (ploidy(which[settled])[0] == 2).all(axis=1)
        rows = np.flatnonzero(~settled)
        return self._closely(rule, look, own, rows, which, ploidy) if len(rows) else []

    def _alike(self, keys: bytes, look: _Look, i: int, n_alts: int) -> bool:
        """Whether all samples of record i have the same marks, and are as defined."""
        rule, n = self._rules[keys], len(self._samples)
        low, high = look.bounds[i], look.bounds[i + 1]
        types = look.types[low:high]
        if len(types) % n:
            return False
        table = types.reshape(n, -1)
        if (table != table[0]).any() or not self._fits(keys, table[0].tobytes(), n_alts):
            return False
        a, b = np.searchsorted(
            look.letters, [look.marks[low - 1] if low else -1, look.marks[high - 1]]
        )
        # All cells have the same marks: the mark after a letter tells its key.
        mark = np.searchsorted(look.marks[low:high], look.letters[a:b]) % table.shape[1]
        is_end = table[0] != _COMMA
        key = np.cumsum(is_end) - is_end
        return bool((rule.kinds[key[np.unique(mark)]] == Kind.ANY).all())

    def _fits(self, keys: bytes, marks: bytes, n_alts: int) -> bool:
        """Whether a diploid sample with these marks, and no missing value, is as defined."""
        case = (keys, marks, n_alts)
        if case not in self._settled:
            rule = self._rules[keys]
            fields = marks[:-1].split(b":")
            items = np.array([len(f) + 1 for f in fields])
            one, two = rule.one[: len(items)], rule.two[: len(items)]
            self._settled[case] = (
                len(items) <= len(rule.keys)
                and not set(marks) - set(b":,\t")
                and bool((_suits(one, items, n_alts) | _suits(two, items, n_alts)).all())
            )
        return self._settled[case]

    def _closely(
        self, rule: _Rule, look: _Look, cells: Sequence[Cells], rows: Ints, which: Ints,
        ploidy: Ploidy | None,
    ) -> list[Broken]:  # fmt: skip
        """Check the records `rows` of `cells` field by field."""
        n, k = len(self._samples), len(rule.keys)
        fields = _cut(look, rows, n)
        row = fields.cell // n
        found: dict[int, Broken] = {}

        def tell(wrong: npt.NDArray[np.bool_], reason: str, detail: str) -> None:
            at = np.flatnonzero(wrong)
            for f in at[np.unique(row[at], return_index=True)[1]].tolist():
                name = rule.keys[min(int(fields.key[f]), k - 1)]
                value = look.array[fields.start[f] : fields.stop[f]].tobytes()
                shown = value.decode("utf-8", "replace")
                shown = repr(shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "...")
                told = f"sample {self._samples[int(fields.cell[f]) % n]}: {detail}"
                told = f"{told.format(name=name, keys=k)}: {shown}"
                own = cells[int(rows[row[f]])].row
                found.setdefault(own, (own, reason, f"FORMAT/{name}", told))

        extra = fields.key >= k
        tell(extra, "sample-malformed", "FORMAT names {keys} fields, found one more")
        slot = np.minimum(fields.key, k - 1)
        one, two, items = rule.one[slot], rule.two[slot], fields.items
        empty = fields.stop - fields.start == 0
        empty |= (fields.stop - fields.start == 1) & (look.array[fields.start] == _DOT)
        checked = ~extra & ~empty & (one != ANY)
        if checked.any():
            alts = np.array([cells[i].n_alts for i in rows.tolist()])[row]
            suits = _suits(one, items, alts) | _suits(two, items, alts)
            per_genotype = checked & ((one == PER_GENOTYPE) | (two == PER_GENOTYPE))
            if per_genotype.any():
                at = np.flatnonzero(per_genotype)
                ok = _suits_ploidy(
                    None if ploidy is None else ploidy(which[rows]), fields.cell[at],
                    items[at], alts[at],
                )  # fmt: skip
                for number in (one[at], two[at]):
                    ok |= (number != PER_GENOTYPE) & _suits(number, items[at], alts[at])
                suits[at] = ok
            tell(
                checked & ~suits, "format-definition", "expected another number of values in {name}"
            )
        self._tell_texts(rule, look, fields, ~extra, slot, tell)
        return list(found.values())

    @staticmethod
    def _tell_texts(
        rule: _Rule, look: _Look, fields: _Fields, use: npt.NDArray[np.bool_], slot: Ints,
        tell: Callable[[npt.NDArray[np.bool_], str, str], None],
    ) -> None:  # fmt: skip
        """Tell of letters where numbers should be, and of words where a character should."""
        field = np.searchsorted(fields.stop, look.letters)
        inside = field < len(fields.stop)
        inside[inside] = fields.start[field[inside]] <= look.letters[inside]
        field = np.unique(field[inside])
        kinds = rule.kinds[slot[field]]
        for kind in np.unique(kinds[use[field] & (kinds != Kind.ANY)]).tolist():
            own = field[use[field] & (kinds == kind)]
            item = ITEMS[Kind(kind)]
            values = strings(look.array, fields.start[own], fields.stop[own])
            wrong = np.zeros(len(use), bool)
            wrong[own] = ~values.str.contains(rf"^{item}(?:,{item})*$").to_numpy()
            tell(wrong, "format-definition", f"expected {EXPECTED[Kind(kind)]} in {{name}}")


@dataclass(frozen=True, slots=True)
class _Look:
    """Joined cells as bytes: where the marks are, of which type; each record's; letters."""

    array: Bytes
    marks: Ints
    types: Bytes
    bounds: Ints
    letters: Ints


@dataclass(frozen=True, slots=True)
class _Fields:
    """The fields of some records' cells, in the order of the text; arrays of shape (m,).

    `cell` counts the samples of all those records, `key` the fields of a cell, both from
    0; `items` are the field's values; it is array[start:stop].
    """

    cell: Ints
    key: Ints
    items: Ints
    start: Ints
    stop: Ints


def _look(joined: bytes, cells: Sequence[Cells]) -> _Look:
    """Find the marks in the joined cells of some records."""
    array = np.frombuffer(joined, np.uint8)
    stops = np.cumsum([c.stop - c.start + 1 for c in cells])
    marks = np.flatnonzero((array == _TAB) | (array == _COLON) | (array == _COMMA))
    bounds = np.zeros(len(cells) + 1, np.int64)
    bounds[1:] = np.searchsorted(marks, stops)
    letters = array > _COLON
    letters &= array != _BAR
    return _Look(array, marks, array[marks], bounds, np.flatnonzero(letters))


def _cut(look: _Look, rows: Ints, n: int) -> _Fields:
    """Cut the records `rows`, each of n cells, into fields."""
    index = np.concatenate([np.arange(look.bounds[i], look.bounds[i + 1]) for i in rows.tolist()])
    end = index[look.types[index] != _COMMA]
    last = np.flatnonzero(look.types[end] == _TAB)
    # The mark before a field's first: the end of the field before, in this record or above.
    before = np.empty_like(end)
    before[1:] = end[:-1]
    before[np.concatenate([[0], last[n - 1 : -1 : n] + 1])] = look.bounds[rows] - 1
    per_cell = np.diff(last, prepend=-1)
    return _Fields(
        cell=np.repeat(np.arange(len(last)), per_cell),
        key=np.arange(len(end)) - np.repeat(last - per_cell + 1, per_cell),
        items=end - before,
        start=np.where(before < 0, 0, look.marks[before] + 1),
        stop=look.marks[end],
    )


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
    result |= (np.asarray(alts) == 0) & (number <= PER_ALLELE) & (items == 1)
    return result


def _suits_ploidy(
    known: tuple[Shorts, Shorts] | None, cell: Ints, items: Ints, alts: Ints
) -> npt.NDArray[np.bool_]:
    """Whether so many values are one for each genotype that a sample may have.

    A sample without a genotype is diploid by specification, but haploid ones exist; of a
    missing genotype the ploidy says nothing.
    """
    if known is None:
        return _genotypes(1, items, alts) | _genotypes(2, items, alts)
    ploidy, called = known[0].ravel()[cell], known[1].ravel()[cell]
    ok: npt.NDArray[np.bool_] = called == 0
    for p in np.unique(ploidy).tolist():
        ok |= (ploidy == p) & _genotypes(p, items, alts)
    return ok


def _genotypes(ploidy: int, items: Ints, alts: Ints) -> npt.NDArray[np.bool_]:
    """Whether `items` is (ploidy + ALTs) over ploidy; without ALT, that of one ALT will do."""
    # Counts beyond 62 bits, of many alleles at a high ploidy, cannot be met.
    most = int(alts.max(initial=0)) + 1
    table = np.array([min(comb(ploidy + a, ploidy), 1 << 62) for a in range(most + 1)])
    met: npt.NDArray[np.bool_] = items == table[alts]
    met |= (alts == 0) & (items == table[1])
    return met
