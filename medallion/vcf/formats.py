"""What samples hold beside their genotypes, checked against FORMAT and its definitions.

Silver keeps genotypes only, but a record whose other columns contradict the header is
not one to trust. What is left of a cell without its digits, dots and minus signs is its
*shape*: colons, commas, the slash of its genotype, and as many letters as it has bytes
that no plain number has. The samples of a record share a few shapes, and a file has not
many more: each is judged once, and where all of a record's fit, the record is settled.
Else its fields are counted one by one, all at once; so are those of a FORMAT with a key
whose values no shape can count (`medallion.vcf.counts`). A fraction where a whole number
is declared passes, as it does in most programs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

import numpy as np
import numpy.typing as npt

from medallion.vcf.cells import Cells, cut, odd_texts
from medallion.vcf.counts import SampleCounts, suits, suits_ploidy
from medallion.vcf.definitions import ANY, EXPECTED, ITEMS, PER_GENOTYPE, Kind, define
from medallion.vcf.genotypes import Calls, GenotypeReader
from medallion.vcf.info import Broken
from medallion.vcf.patterns import UNSAID
from medallion.vcf.words import strings

__all__ = ["FormatChecker", "FormatKind", "Ploidies", "Ploidy"]

Ints = npt.NDArray[np.int64]
Shorts = npt.NDArray[np.int16]
Ploidy = Callable[[Ints], tuple[Shorts, Shorts]]
"""For m records by their places: ploidy and called alleles of samples, shape (m, n_samples)."""

_TAB, _DOT = b"\t."
_BLANK = 32
_PLAIN = b"0123456789.-"
# Phased or not, and whatever its texts say, a cell has the same shape.
_SHAPE = bytes(b if b < _BLANK or b in b":,/" else b"a/"[b == ord("|")] for b in range(256))
_SHAPES = 64
_KNOWN = 1 << 16
# As the specification has it since 4.3, and with what programs write beside it.
_KEY = re.compile(rb"[0-9A-Za-z_][0-9A-Za-z_.+\-]*")
_AT_ONCE = 1 << 19
_MANY = 32
_SHOWN = 40


class FormatKind(Enum):
    """What a FORMAT says of the genotype: whether and where it has GT, or that it is none."""

    NO_GT = auto()
    GT_ONLY = auto()
    GT_FIRST = auto()
    GT_LATER = auto()
    MALFORMED = auto()

    @classmethod
    def of(cls, keys: bytes) -> FormatKind:
        """The kind of a FORMAT column."""
        names = keys.split(b":")
        # A dot alone is a FORMAT that is missing.
        odd = keys != b"." and not all(map(_KEY.fullmatch, names))
        if odd or len(set(names)) < len(names):
            return cls.MALFORMED
        if names[0] == b"GT":
            return cls.GT_ONLY if len(names) == 1 else cls.GT_FIRST
        return cls.GT_LATER if b"GT" in names else cls.NO_GT


@dataclass(frozen=True, slots=True)
class _Rule:
    """The keys of one FORMAT, with their definitions; arrays of shape (n_keys,).

    `uncounted`: of some key a shape does not tell whether it has the right number of values.
    """

    keys: tuple[str, ...]
    one: Ints
    two: Ints
    kinds: Ints
    uncounted: bool


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
        self._known: dict[tuple[bytes, bytes, int], bool] = {}

    def check(
        self, text: bytes, keys: bytes, cells: Sequence[Cells], ploidy: Ploidy | None
    ) -> list[Broken]:
        """The records of FORMAT `keys` that break a rule, with one reason each.

        Each of `cells` holds a column for each sample. `ploidy` is asked for records by
        their place in `cells`; None where FORMAT has no GT.
        """
        if keys not in self._rules:
            self._rules[keys] = self._rule(keys)
        each = len(self._samples) < _MANY or self._rules[keys].uncounted
        rest = [i for i, cell in enumerate(cells) if each or not self._settled(text, keys, cell)]
        found: list[Broken] = []
        if ploidy is None:
            # Of GT nothing is no genotype, but of a number the shape is that of nothing.
            empty = {i for i, cell in enumerate(cells) if _has_empty(text, cell)}
            rest = [i for i in rest if i not in empty]
            found = [self._empty(text, cells[i]) for i in sorted(empty)]
        low = 0
        while low < len(rest):
            size, high = 0, low
            while high < len(rest) and (size < _AT_ONCE or high == low):
                size += cells[rest[high]].stop - cells[rest[high]].start
                high += 1
            found += self._some(text, keys, cells, np.array(rest[low:high]), ploidy)
            low = high
        return found

    def _empty(self, text: bytes, cell: Cells) -> Broken:
        at = text[cell.start : cell.stop].split(b"\t").index(b"")
        told = f"sample {self._samples[at]}: expected a value or a dot, found nothing"
        return cell.row, "sample-malformed", "FORMAT", told

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
        uncounted = bool((np.minimum(one, two) < PER_GENOTYPE).any())
        return _Rule(names, one, two, kinds, uncounted)

    def _settled(self, text: bytes, keys: bytes, cell: Cells) -> bool:
        """Whether the shapes of a record's cells tell that all are as defined."""
        shapes = text[cell.start : cell.stop].translate(_SHAPE, _PLAIN)
        first = shapes[: shapes.find(b"\t")]
        if not self._fits(keys, first, cell.n_alts):
            return False
        if shapes == ((first + b"\t") * len(self._samples))[:-1]:
            return True
        distinct = set(shapes.split(b"\t"))
        # Texts may be of any length: many shapes are not worth a look each.
        return len(distinct) <= _SHAPES and all(
            self._fits(keys, shape, cell.n_alts) for shape in distinct
        )

    def _fits(self, keys: bytes, shape: bytes, n_alts: int) -> bool:
        """Whether a sample of this shape, and no missing value, is as defined.

        The shape tells the ploidy; a leading phase, as VCF 4.4 has it, counts as one more.
        """
        case = (keys, shape, n_alts)
        if case not in self._known:
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[case] = self._judge(self._rules[keys], shape.split(b":"), n_alts)
        return self._known[case]

    @staticmethod
    def _judge(rule: _Rule, fields: list[bytes], n_alts: int) -> bool:
        texts = [field.replace(b",", b"") for field in fields]
        m = len(fields)
        if m > len(rule.keys) or any(c < _BLANK for text in texts for c in text):
            return False
        if any(text and kind != Kind.ANY for text, kind in zip(texts, rule.kinds[:m], strict=True)):
            return False
        items = np.array([field.count(b",") + 1 for field in fields])
        alts = np.full(m, n_alts)
        if rule.keys[0] != "GT":
            genotypes = suits_ploidy(1, items, alts) | suits_ploidy(2, items, alts)
        elif not texts[0].strip(b"/"):
            genotypes = suits_ploidy(len(texts[0]) + 1, items, alts)
        else:
            genotypes = np.zeros(m, bool)
        one, two = (
            np.where(number == PER_GENOTYPE, genotypes, suits(number, items, alts))
            for number in (rule.one[:m], rule.two[:m])
        )
        return bool((one | two).all())

    def _some(
        self, text: bytes, keys: bytes, cells: Sequence[Cells], which: Ints,
        ploidy: Ploidy | None,
    ) -> list[Broken]:  # fmt: skip
        """Check the records `which` of `cells` field by field."""
        rule, n, k = self._rules[keys], len(self._samples), len(self._rules[keys].keys)
        own = [cells[i] for i in which.tolist()]
        joined = b"\t".join([text[c.start : c.stop] for c in own]) + b"\t"
        array = np.frombuffer(joined, np.uint8)
        fields = cut(array)
        row = fields.cell // n
        found: dict[int, Broken] = {}

        def tell(wrong: npt.NDArray[np.bool_], reason: str, detail: str) -> None:
            at = np.flatnonzero(wrong)
            for f in at[np.unique(row[at], return_index=True)[1]].tolist():
                name = rule.keys[min(int(fields.key[f]), k - 1)]
                value = array[fields.start[f] : fields.stop[f]].tobytes()
                shown = value.decode("utf-8", "replace")
                shown = repr(shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "...")
                told = f"sample {self._samples[int(fields.cell[f]) % n]}: {detail}"
                told = f"{told.format(name=name, keys=k)}: {shown}"
                number = own[int(row[f])].row
                found.setdefault(number, (number, reason, f"FORMAT/{name}", told))

        texts, controls = odd_texts(array, fields)
        tell(controls, "control-character", "found a control character in {name}")
        extra = fields.key >= k
        tell(extra, "sample-malformed", "FORMAT names {keys} fields, found one more")
        slot = np.minimum(fields.key, k - 1)
        one, two, items = rule.one[slot], rule.two[slot], fields.items
        empty = fields.stop - fields.start == 0
        empty |= (fields.stop - fields.start == 1) & (array[fields.start] == _DOT)
        checked = ~extra & ~empty & (one != ANY)
        if checked.any():
            alts = np.array([c.n_alts for c in own])[row]
            ok = suits(one, items, alts) | suits(two, items, alts)
            of_samples = checked & (np.minimum(one, two) <= PER_GENOTYPE)
            if of_samples.any():
                at = np.flatnonzero(of_samples)
                called = None if ploidy is None else ploidy(which)
                counts = SampleCounts(array, fields, alts, rule.keys, own, n, called)
                ok[at] = counts.suit(one[at], at)
                other = at[two[at] != one[at]]
                ok[other] |= counts.suit(two[other], other)
            tell(checked & ~ok, "format-definition", "expected another number of values in {name}")
        texts = texts[~extra[texts]]
        kinds = rule.kinds[slot[texts]]
        for kind in np.unique(kinds[kinds != Kind.ANY]).tolist():
            of_it = texts[kinds == kind]
            item = ITEMS[Kind(kind)]
            values = strings(array, fields.start[of_it], fields.stop[of_it])
            wrong = np.zeros(len(extra), bool)
            wrong[of_it] = ~values.str.contains(rf"^{item}(?:,{item})*$").to_numpy()
            tell(wrong, "format-definition", f"expected {EXPECTED[Kind(kind)]} in {{name}}")
        return list(found.values())


def _has_empty(text: bytes, cell: Cells) -> bool:
    """Whether a sample's column is empty; a tab stands before the first."""
    return text[cell.stop - 1] == _TAB or text.find(b"\t\t", cell.start - 1, cell.stop) >= 0


class Ploidies:
    """The ploidies of the calls that one reader of genotypes has read."""

    def __init__(self, genotypes: GenotypeReader) -> None:
        self._genotypes = genotypes
        self._spelled: dict[int, Shorts] = {}

    def of(self, calls: Calls, places: Ints, which: Ints) -> tuple[Shorts, Shorts]:
        """Ploidy and called alleles, shape (m, n_samples), of records places[which] of `calls`."""
        texts, own = self._genotypes.texts, places[which]
        patterns, of = np.unique(calls.pattern[own], return_inverse=True)
        ploidy = np.stack([self._of_pattern(p) for p in patterns.tolist()])[of]
        called = ploidy.copy()
        low, high = np.searchsorted(calls.row, [own, own + 1])
        many = high - low
        at = np.repeat(low - np.cumsum(many) + many, many) + np.arange(int(many.sum()))
        row, gid = np.repeat(np.arange(len(own)), many), calls.gid[at]
        ploidy[row, calls.column[at]] = texts.ploidy[gid]
        called[row, calls.column[at]] = texts.called[gid]
        return ploidy, called

    def _of_pattern(self, pattern: int) -> Shorts:
        """The ploidy of each sample's reference call in a pattern."""
        if pattern not in self._spelled:
            ploidy = np.zeros(self._genotypes.n_samples, np.int16)
            for low, high, gt in self._genotypes.patterns.patterns[pattern].runs:
                if gt != UNSAID:
                    ploidy[low : high + 1] = len(re.findall(r"[0-9]+|\.", gt))
            self._spelled[pattern] = ploidy
        return self._spelled[pattern]
