"""The INFO columns of many records, cut into fields and checked all at once.

The columns are one array of bytes. Fields are found by their separators, keys by their
bytes as whole numbers, values by where they start and stop; a value becomes a string
only where it is asked for or looks odd. So the work is proportional to the bytes, and
no expression is searched for in every record.

`InfoReader.read` cuts; `InfoFields.broken` judges; `InfoFields.values` hands out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.vcf.definitions import (
    ANY,
    EXPECTED,
    ITEMS,
    PER_ALLELE,
    PER_ALT,
    Definition,
    Kind,
    define,
)
from medallion.vcf.words import digits_and_dot, key_codes, strings

__all__ = ["Broken", "Found", "InfoFields", "InfoReader", "shown"]

Ints = npt.NDArray[np.int64]
Broken = tuple[int, str, str, str]
"""A record that breaks a rule: (row, reason, field, detail)."""

_KEY = re.compile(r"[A-Za-z_][0-9A-Za-z_.\-+]*|1000G")
_SEMICOLON, _NEWLINE, _EQUALS, _COMMA, _BAR, _DOT, _BLANK = b";\n=,|. "
_SHOWN = 60
# VCF 4.3, section 1.3: whole numbers have 32 bits, and BCF reserves the eight lowest.
_LEAST, _MOST = -(2**31) + 8, 2**31 - 1
_LOOKED_AT = 1 << 12
# Not the bytes of a name, and of all digests of names just as likely as any.
_NO_KEY = np.uint64(1 << 63)


class InfoReader:
    """Knows the keys of one file's INFO columns, and learns those not met before."""

    def __init__(self, declared: Mapping[str, Mapping[str, str]], version: int) -> None:
        """`declared` are the header's INFO lines by ID; `version` the 2 of VCFv4.2."""
        self._declared = declared
        self.version = version
        self.names: list[str] = []
        self.definitions: list[Definition] = []
        self.valid = np.zeros(0, bool)
        # Codes, ascending, and the key of each; one is of no key, so that there is any.
        self._codes = np.array([_NO_KEY])
        self._ids = np.zeros(1, np.int64)

    def read(self, info: pl.Series) -> InfoFields:
        """Cut the columns of n records, as they stand, into fields."""
        array = (info + "\n").to_arrow().cast(pa.large_string())
        size = pa.compute.sum(pa.compute.binary_length(array)).as_py() or 0
        data = array.buffers()[2]
        text = np.zeros(size + 16, np.uint8)
        if size:
            first = np.frombuffer(array.buffers()[1], np.int64)[array.offset]
            text[:size] = np.frombuffer(data, np.uint8)[first : first + size]
        body = text[:size]
        marks = np.flatnonzero((body == _SEMICOLON) | (body == _NEWLINE) | (body == _EQUALS))
        closes = body[marks] != _EQUALS
        ends = np.flatnonzero(closes)
        stop = marks[ends]
        start = np.zeros(len(stop), np.int64)
        start[1:] = stop[:-1] + 1
        # The mark after the one that closes the field before: the first = or the field's end.
        key_stop = marks[np.concatenate([[0], ends[:-1] + 1])] if len(ends) else stop
        last = body[stop] == _NEWLINE
        row = np.cumsum(last) - last
        first_of_row = np.ones(len(stop), bool)
        first_of_row[1:] = last[:-1]
        # A dot alone is no field; nor is what follows a semicolon at the end.
        dot = first_of_row & last & (stop - start == 1) & (text[start] == _DOT)
        trailing = last & ~first_of_row & (stop == start)
        if (skip := dot | trailing).any():
            use = ~skip
            row, start, key_stop, stop = row[use], start[use], key_stop[use], stop[use]
        key = self._keys(text, start, key_stop)
        commas = np.flatnonzero(body == _COMMA)
        return InfoFields(self, text, commas, len(info), row, key, start, key_stop, stop)

    def number(self, name: str) -> str:
        """The Number that the header gives a key; a dot where it says nothing."""
        return self._declared.get(name, {}).get("Number", ".")

    def _keys(self, text: npt.NDArray[np.uint8], start: Ints, stop: Ints) -> Ints:
        codes = key_codes(text, start, stop)
        at = self._find(codes)
        while len(unknown := np.flatnonzero(self._codes[at] != codes)):
            # A new key is likely to stand many times: some places tell most of them.
            some = unknown[:_LOOKED_AT]
            new, where = np.unique(codes[some], return_index=True)
            for i in some[np.sort(where)].tolist():
                self._learn(bytes(text[start[i] : stop[i]]).decode("utf-8", "replace"))
            ids = len(self.names) - len(new) + np.argsort(where).argsort()
            joined = np.concatenate([self._codes, new])
            sort = np.argsort(joined)
            self._codes = joined[sort]
            self._ids = np.concatenate([self._ids, ids])[sort]
            at = self._find(codes)
        return self._ids[at]

    def _find(self, codes: npt.NDArray[np.uint64]) -> Ints:
        return np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)

    def _learn(self, name: str) -> None:
        self.names.append(name)
        self.definitions.append(define("INFO", name, self._declared, self.version))
        self.valid = np.append(self.valid, _KEY.fullmatch(name) is not None)


@dataclass(frozen=True, slots=True)
class InfoFields:
    """The fields of n records' INFO, in their order. Arrays have shape (n_fields,).

    A field's key is text[start:key_stop], number `key` of the reader's names; its value,
    if it has one, text[key_stop + 1 : stop]. `row` is the record, from 0, ascending.
    `commas`, of any length, are the places of the commas in `text`.
    """

    reader: InfoReader
    text: npt.NDArray[np.uint8]
    commas: Ints
    n: int
    row: Ints
    key: Ints
    start: Ints
    key_stop: Ints
    stop: Ints

    def keep(self, kept: npt.NDArray[np.bool_]) -> InfoFields:
        """The fields of the records that `kept`, of shape (n,), marks; those renumbered."""
        use = kept[self.row]
        row = (np.cumsum(kept) - 1)[self.row[use]]
        return InfoFields(
            self.reader, self.text, self.commas, int(kept.sum()), row, self.key[use],
            self.start[use], self.key_stop[use], self.stop[use],
        )  # fmt: skip

    def arranged(self, place: Ints) -> InfoFields:
        """The fields where record i comes to stand at `place[i]`, shape (n,)."""
        row = place[self.row]
        order = np.argsort(row, kind="stable")
        return InfoFields(
            self.reader, self.text, self.commas, self.n, row[order], self.key[order],
            self.start[order], self.key_stop[order], self.stop[order],
        )  # fmt: skip

    def find(self, name: str) -> Found | None:
        """Where the values of key `name` are; None where no record has it."""
        if name not in self.reader.names:
            return None
        at = np.flatnonzero(self.key == self.reader.names.index(name))
        if not len(at):
            return None
        start, stop = np.zeros(self.n, np.int64), np.zeros(self.n, np.int64)
        present = np.zeros(self.n, bool)
        # Where a key stands twice, its first value counts: so the last are entered first.
        row = self.row[at][::-1]
        begin = np.minimum(self.key_stop[at] + 1, self.stop[at])[::-1]
        start[row], stop[row], present[row] = begin, self.stop[at][::-1], True
        empty = (stop == start) | ((stop - start == 1) & (self.text[start] == _DOT))
        return Found(self.text, self.commas, start, stop, present & ~empty)

    def broken(self, n_alts: Ints) -> list[Broken]:
        """Records whose INFO cannot be read, or is not as its keys are defined.

        `n_alts` has shape (n,). At most one reason is given for a record.
        """
        found: dict[int, Broken] = {}
        for item in (*self._malformed(), *self._repeated(), *self._misfits(n_alts)):
            found.setdefault(item[0], item)
        return list(found.values())

    def _malformed(self) -> list[Broken]:
        found = []
        body = self.text[: self._size]
        # From 4.3 on a value may hold spaces; what a key may be made of is told below.
        lowest = _BLANK if self.reader.version >= 3 else _BLANK + 1
        blank = np.flatnonzero((body < lowest) & (body != _NEWLINE))
        if len(blank):
            ends = np.flatnonzero(body == _NEWLINE)
            for row in np.unique(np.searchsorted(ends, blank)).tolist():
                found.append((row, "info-malformed", "INFO", "white space or a control character"))
        if not self.reader.valid.all():
            for i in np.flatnonzero(~self.reader.valid[self.key]).tolist():
                name = self.reader.names[int(self.key[i])]
                detail = f"expected KEY=VALUE pairs parted by ;, found the key {shown(name)}"
                found.append((int(self.row[i]), "info-malformed", "INFO", detail))
        return found

    @property
    def _size(self) -> int:
        return len(self.text) - 16

    def _repeated(self) -> list[Broken]:
        """Records that state a key twice, with different values."""
        n_keys = len(self.reader.names)
        # Each record has its keys in an order of its own: count them pairwise, not sorted.
        pairs = self.row * n_keys + self.key
        if len(pairs) < 2 or (np.diff(self.key)[np.diff(self.row) == 0] > 0).all():
            return []
        order = np.argsort(pairs, kind="stable")
        twice = np.flatnonzero(np.diff(pairs[order]) == 0)
        found = []
        for t in twice.tolist():
            a, b = int(order[t]), int(order[t + 1])
            one, two = self._value(a), self._value(b)
            if one != two:
                name = self.reader.names[int(self.key[a])]
                detail = f"{name} stands twice: {shown(one)} and {shown(two)}"
                found.append((int(self.row[a]), "info-repeated", f"INFO/{name}", detail))
        return found

    def _value(self, field: int) -> str:
        begin = min(int(self.key_stop[field]) + 1, int(self.stop[field]))
        return bytes(self.text[begin : int(self.stop[field])]).decode("utf-8", "replace")

    def _misfits(self, n_alts: Ints) -> list[Broken]:
        """Values that are not as many, or not of the kind, as their keys' definitions say."""
        definitions = self.reader.definitions
        if not definitions or not len(self.row):
            return []
        kinds = np.array([d.kind for d in definitions], np.int8)
        one = np.array([d.numbers[0] for d in definitions], np.int64)
        two = np.array([d.numbers[1] for d in definitions], np.int64)
        bounded = (kinds != Kind.ANY) | (one != ANY)
        begin = np.minimum(self.key_stop + 1, self.stop)
        width = self.stop - begin
        missing = (width == 0) | ((width == 1) & (self.text[begin] == _DOT))
        at = np.flatnonzero(bounded[self.key] & ~missing)
        if not len(at):
            return []
        key, begin, stop = self.key[at], begin[at], self.stop[at]
        alts = n_alts[self.row[at]]
        count = np.searchsorted(self.commas, stop) - np.searchsorted(self.commas, begin) + 1
        fits = _fits(one[key], count, alts) | _fits(two[key], count, alts)
        found = []
        for i in np.flatnonzero(~fits).tolist():
            found.append(self._told(int(at[i]), "values", int(count[i]), int(alts[i])))
        whole, broken = digits_and_dot(self.text, begin, stop)
        kind = kinds[key]
        plain = whole & (kind <= Kind.SHARE)
        plain |= broken & (stop - begin > 1) & ((kind == Kind.FLOAT) | (kind == Kind.SHARE))
        plain |= (kind == Kind.CHARACTER) & (stop - begin == 1)
        odd = np.flatnonzero(~plain & (kind != Kind.ANY))
        for k in np.unique(kind[odd]).tolist():
            own = odd[kind[odd] == k]
            item = ITEMS[Kind(k)]
            texts = strings(self.text, begin[own], stop[own])
            wrong = ~texts.str.contains(rf"^{item}(?:,{item})*$")
            for i in own[wrong.to_numpy()].tolist():
                found.append(self._told(int(at[i]), EXPECTED[Kind(k)]))
        if self.reader.version >= 3:
            counted = (kind == Kind.INTEGER) | (kind == Kind.COUNT)
            long = np.flatnonzero(counted & (stop - begin >= len(str(_MOST))))
            texts = strings(self.text, begin[long], stop[long])
            for i in texts.str.contains(rf"[0-9]{{{len(str(_MOST))}}}").arg_true():
                if any(map(_beyond, texts[i].split(","))):
                    wanted = f"whole numbers from {_LEAST:,} to {_MOST:,}"
                    found.append(self._told(int(at[long[i]]), wanted))
        return found

    def _told(self, field: int, wanted: str, count: int = 0, alts: int = 0) -> Broken:
        key = int(self.key[field])
        name = self.reader.names[key]
        if count:
            number = self.reader.definitions[key].numbers[0]
            wanted = f"{_expected(number, alts)} value{'s' if _expected(number, alts) != 1 else ''}"
            wanted += f", found {count}"
        detail = f"{name}: expected {wanted}: {shown(self._value(field))}"
        return int(self.row[field]), "info-definition", f"INFO/{name}", detail


@dataclass(frozen=True, slots=True)
class Found:
    """Where each of n records has its value of a key. Arrays of shape (n,).

    `present` is False where the record lacks the key, or has it with nothing or a dot.
    """

    text: npt.NDArray[np.uint8]
    commas: Ints
    start: Ints
    stop: Ints
    present: npt.NDArray[np.bool_]

    def counts(self) -> Ints:
        """How many values each record has, by their commas; 1 where it has none."""
        first = np.searchsorted(self.commas, self.start)
        return np.searchsorted(self.commas, self.stop) - first + 1

    def values(self) -> pl.Series:
        """The values as strings; null where a record has none."""
        return strings(self.text, self.start, self.stop, self.present)

    def text_of(self, row: int) -> str:
        """The whole value of one record."""
        return bytes(self.text[self.start[row] : self.stop[row]]).decode("utf-8", "replace")

    def until_bar(self) -> pl.Series:
        """The values up to their first `|`."""
        bars = np.append(np.flatnonzero(self.text == _BAR), len(self.text))
        stop = np.minimum(self.stop, bars[np.searchsorted(bars, self.start)])
        empty = (stop == self.start) | ((stop - self.start == 1) & (self.text[self.start] == _DOT))
        return strings(self.text, self.start, stop, self.present & ~empty)

    def of_alleles(self, record: Ints, index: Ints, n_alts: Ints) -> pl.Series:
        """For alleles of shape (m,): the value of each, of a key with one for every ALT.

        `record` is the allele's record, `index` its number from 1 (0: no ALT), `n_alts`
        has shape (n,). Null where the record has not as many values as ALT alleles.
        """
        present = self.present & (n_alts > 0)
        start, stop = self.start[record], self.stop[record]
        commas = self.commas
        if len(commas) or (n_alts > 1).any():
            first = np.searchsorted(commas, self.start)
            count = np.searchsorted(commas, self.stop) - first + 1
            present = present & (count == n_alts)
            several = present[record] & (n_alts[record] > 1)
            after = several & (index > 1)
            start[after] = commas[first[record[after]] + index[after] - 2] + 1
            ahead = several & (index < n_alts[record])
            stop[ahead] = commas[first[record[ahead]] + index[ahead] - 1]
        return strings(self.text, start, stop, present[record])


def _beyond(item: str) -> bool:
    """Whether a whole number is too large, or too small, to be one of 32 bits."""
    digits = item.lstrip("+-").lstrip("0")
    if not digits.isdecimal():
        return False
    # Of so many digits Python would not make a number.
    number = int(digits) if len(digits) <= len(str(_MOST)) else _MOST + 1
    return number > (-_LEAST if item.startswith("-") else _MOST)


def _expected(number: int, alts: int) -> int:
    """How many values a Number asks for in a record of so many ALT alleles."""
    if number == PER_ALT:
        return max(alts, 1)
    return max(alts, 1) + 1 if number == PER_ALLELE else number


def _fits(number: Ints, count: Ints, alts: Ints) -> npt.NDArray[np.bool_]:
    """Whether `count` values suit a Number. A record without ALT may count its dot or not."""
    alleles = np.maximum(alts, 1)
    fits: npt.NDArray[np.bool_] = (
        (number == ANY)
        | (number < PER_ALLELE)
        | (number == count)
        | ((number == PER_ALT) & (count == alleles))
        | ((number == PER_ALLELE) & ((count == alleles + 1) | ((alts == 0) & (count == 1))))
    )
    return fits


def shown(value: str) -> str:
    """A value as it is told of: in quotes, and not in all its length."""
    return repr(value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "...")
