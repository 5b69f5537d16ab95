"""`silver.genotypes`, `silver.calls` and `silver.patterns`: calls as tables, and counted.

Rows are built from small integers that are already known (column of the sample, number
of the genotype's text), and go to disk without a string being touched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.lookup import look_up
from medallion.silver.tables import CALLS, PATTERNS
from medallion.storage.coded import Coded
from medallion.storage.pages import Rows
from medallion.vcf.genotype_texts import MISSING, REFERENCE, GenotypeTexts
from medallion.vcf.patterns import UNSAID, Pattern
from medallion.vcf.records import Batch

__all__ = [
    "Carriers", "Counts", "calls_rows", "carriers", "count", "genotype_rows", "pattern_rows",
]  # fmt: skip

_RUNS_AT_ONCE = 1 << 20

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Carriers:
    """Calls that carry an ALT, one for each allele carried; ordered by allele, then column.

    Arrays of shape (n,): `allele` indexes the rows of the batch's alleles, `column` is
    the 0-based sample, `gid` the text, `dosage` the copies of that allele.
    """

    allele: Ints
    column: Ints
    gid: Ints
    dosage: npt.NDArray[np.int8]

    def of(self, start: int, stop: int) -> Carriers:
        """Those of alleles `start` to `stop` - 1, which are numbered from 0 then."""
        low, high = np.searchsorted(self.allele, [start, stop]).tolist()
        if high - low == len(self.allele) and not start:
            return self
        return Carriers(
            self.allele[low:high] - np.int32(start), self.column[low:high], self.gid[low:high],
            self.dosage[low:high],
        )  # fmt: skip


def carriers(batch: Batch, texts: GenotypeTexts) -> Carriers:
    """Spell out the batch's calls allele by allele."""
    rows_per_record = np.maximum(batch.sites["n_alts"].to_numpy(), 1)
    first_allele = (np.cumsum(rows_per_record) - rows_per_record).astype(np.int32)
    row, column, gid = batch.row, batch.column, batch.gid
    again = np.zeros(0, np.int64)
    odd = batch.where(texts.emitted != 1)
    if len(odd):
        # A call that carries no ALT is left out; one that carries two stands twice.
        times = texts.emitted[gid[odd]]
        row, column, gid = (_as_often(x, odd, times) for x in (row, column, gid))
        place = odd + np.cumsum(times - 1) - (times - 1)
        again = _counted_up(place + 1, times - 1)
    # One look-up by text tells which ALT a call carries, and how often.
    first = [t.dosages[0] if t.dosages else (0, 0) for t in texts.texts]
    dosage = look_up(np.array([c for _, c in first], np.int8), gid)
    allele = np.repeat(first_allele, _lengths(row, len(first_allele)))
    # Only in a record of several ALTs may a call carry another than the first.
    several = np.flatnonzero(np.repeat(rows_per_record > 1, _lengths(row, len(first_allele))))
    if len(several):
        which = np.array([a for a, _ in first], np.int32)
        allele[several] += which[gid[several]] - 1
        nth = 0
        for at, gap in zip(again.tolist(), np.diff(again, prepend=-1).tolist(), strict=True):
            nth = nth + 1 if gap == 1 else 1
            number, dosage[at] = texts.texts[int(gid[at])].dosages[nth]
            allele[at] = first_allele[row[at]] + number - 1
        order = several[np.argsort(allele[several], kind="stable")]
        column, gid = column.copy(), gid.copy()
        for values in (allele, column, gid, dosage):
            values[several] = values[order]
    return Carriers(allele, column, gid, dosage)


def _as_often(values: Ints, at: npt.NDArray[np.int64], times: Ints) -> Ints:
    """`values` with each of those at `at`, ascending, as often as `times` says."""
    more = times > 1
    extra = np.repeat(at[more], times[more] - 1)
    if len(extra):
        values = np.insert(values, extra, values[extra])
        at = at + np.searchsorted(extra, at)
    gone = at[times == 0]
    return np.delete(values, gone) if len(gone) else values


def _counted_up(first: npt.NDArray[np.int64], lengths: Ints) -> npt.NDArray[np.int64]:
    """first[i], first[i] + 1, ... (lengths[i] of them), one after the other."""
    lengths = np.maximum(lengths, 0)
    ends = np.cumsum(lengths)
    return np.arange(int(ends[-1]) if len(ends) else 0) + np.repeat(first - ends + lengths, lengths)


def _lengths(ascending: Ints, n: int) -> npt.NDArray[np.int64]:
    """How often each of 0 to n - 1 is in `ascending`, whose values are such."""
    return np.diff(np.searchsorted(ascending, np.arange(n + 1, dtype=ascending.dtype)))


@dataclass(frozen=True, slots=True)
class Counts:
    """`ac` per allele of the batch, `an` and `n_missing` per record; int64."""

    ac: npt.NDArray[np.int64]
    an: npt.NDArray[np.int64]
    n_missing: npt.NDArray[np.int64]


def count(
    batch: Batch,
    carried: Carriers,
    texts: GenotypeTexts,
    patterns: dict[int, Pattern],
    n_alleles: int,
) -> Counts:
    """Count alleles: what the pattern implies, corrected by the calls that differ."""
    n = len(batch.sites)
    times = _lengths(carried.allele, n_alleles)
    ac = np.zeros(n_alleles, np.int64)
    if len(carried.allele):
        some = np.flatnonzero(times)
        starts = (np.cumsum(times) - times)[some]
        ac[some] = np.add.reduceat(carried.dosage, starts, dtype=np.int64)
    pattern = batch.sites["pattern"].to_numpy()
    ids, which = np.unique(pattern, return_inverse=True)
    ploidies = {k: column_ploidy(patterns[k]) for k in ids.tolist() if k >= 0}
    odd = _not_as_implied(ploidies, batch, texts)
    row, column = batch.row[odd], batch.column[odd]
    called = texts.called[batch.gid[odd]].astype(np.int64)
    an = np.zeros(n, np.int64)
    if ploidies:
        some = next(iter(ploidies.values()))
        table = np.stack([ploidies.get(k, np.zeros_like(some)) for k in ids.tolist()])
        an += table.sum(axis=1)[which]
        change = called - table[which[row], column]
        an += np.bincount(row, weights=change, minlength=n).astype(np.int64)
    n_missing = np.bincount(row[called == 0], minlength=n)
    return Counts(ac, an, n_missing.astype(np.int64))


def _not_as_implied(
    ploidies: dict[int, npt.NDArray[np.int64]], batch: Batch, texts: GenotypeTexts
) -> npt.NDArray[np.int64]:
    """Indices of the calls that may not have as many called alleles as their pattern says."""
    distinct = {int(p) for ploidy in ploidies.values() for p in np.unique(ploidy)}
    if len(distinct) != 1:
        return np.arange(len(batch.gid))
    strange = texts.called != distinct.pop()
    strange |= texts.called == 0
    return batch.where(strange)


def column_ploidy(pattern: Pattern) -> npt.NDArray[np.int64]:
    """Ploidy that a pattern gives each column, shape (n_samples,)."""
    runs = [(high - low + 1, _ploidy(text)) for low, high, text in pattern.runs]
    if not runs:
        return np.zeros(0, np.int64)
    lengths, ploidies = zip(*runs, strict=True)
    return np.repeat(np.array(ploidies, np.int64), lengths)


def _ploidy(text: str) -> int:
    if text == UNSAID:
        return 0
    return sum(part != "" for part in text.replace("/", "|").split("|"))


def genotype_rows(
    carried: Carriers,
    alleles: pl.DataFrame,
    texts: GenotypeTexts,
    people: Mapping[str, Coded],
    file: str,
) -> Rows:
    """`silver.genotypes` of a batch. `people` has sample, population, super_population, sex."""
    # The distinct texts are distinct strings, so their numbers are their codes.
    gt = Coded.of([t.text.decode("utf-8", "backslashreplace") for t in texts.texts])
    # Carriers stand in the order of alleles: what an allele says holds for a run of them.
    times = _lengths(carried.allele, len(alleles))
    dosages = np.arange(int(carried.dosage.max(initial=0)) + 1)
    column = carried.column.astype(np.intp)  # once: numpy would for each look-up
    return {
        **{n: Coded.numbers(alleles[n].to_numpy()).repeated(times)
           for n in ("pos", "alt_index", "record")},
        **{n: Coded.of(alleles[n]).repeated(times) for n in ("ref", "alt")},
        **{name: who.take(column) for name, who in people.items()},
        "gt": gt.take(carried.gid),
        "dosage": Coded.numbers(dosages).take(carried.dosage),
        "file": Coded.of([file]).repeated(np.array([len(carried.allele)])),
    }  # fmt: skip


def calls_rows(batch: Batch, texts: GenotypeTexts, file: str) -> Iterator[pl.DataFrame]:
    """`silver.calls` of a batch, some at a time: runs of calls without an ALT along a record."""
    others = batch.where((texts.kind == MISSING) | (texts.kind == REFERENCE))
    if not len(others):
        return
    row, column, gid = batch.row[others], batch.column[others], batch.gid[others]
    new = np.ones(len(row), bool)
    new[1:] = (np.diff(row) != 0) | (np.diff(column) != 1) | (np.diff(gid) != 0)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(row)) - 1
    spelled = pl.Series([t.text.decode("utf-8", "backslashreplace") for t in texts.texts])
    sites = batch.sites.select("chrom", "pos", "record")
    for low in range(0, len(starts), _RUNS_AT_ONCE):
        first, last = (x[low : low + _RUNS_AT_ONCE] for x in (starts, ends))
        yield CALLS.conform(
            sites[row[first]].with_columns(
                file=pl.lit(file),
                first_column=pl.Series(column[first]),
                last_column=pl.Series(column[last]),
                gt=spelled.gather(gid[first]),
                called=pl.Series(texts.called[gid[first]]),
            )
        )


def pattern_rows(patterns: dict[int, Pattern]) -> pl.DataFrame:
    """`silver.patterns` of distinct patterns, in the order of their ids."""
    rows = [
        (number, low, high, text, _ploidy(text))
        for number in sorted(patterns)
        for low, high, text in patterns[number].runs
    ]
    return pl.DataFrame(rows, schema=PATTERNS.polars_schema(), orient="row")
