"""`silver.genotypes`, `silver.calls` and `silver.patterns`: calls as tables, and counted.

Rows are built from small integers that are already known (column of the sample, number
of the genotype's text); as Arrow dictionaries they go to disk without a string being
touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.silver.tables import CALLS, GENOTYPES, PATTERNS
from medallion.storage.arrow import dictionary, encode, look_up, numbers
from medallion.vcf.genotype_texts import MISSING, GenotypeTexts
from medallion.vcf.patterns import Pattern
from medallion.vcf.records import Batch

__all__ = ["Carriers", "Counts", "Encoded", "calls_rows", "carriers", "count", "genotype_rows",
           "pattern_rows"]  # fmt: skip

Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Encoded:
    """A string for each of n things, as codes of shape (n,) into a few distinct values."""

    codes: Ints
    values: pa.Array

    @classmethod
    def of(cls, strings: Sequence[str | None] | pl.Series) -> Encoded:
        """Encode `strings`; null keeps being null."""
        return cls(*encode(strings))

    def take(self, index: Ints) -> pa.DictionaryArray:
        """The strings at `index`, as a dictionary array."""
        return dictionary(look_up(self.codes, index), self.values)


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


def carriers(batch: Batch, texts: GenotypeTexts) -> Carriers:
    """Spell out the batch's calls allele by allele."""
    rows_per_record = np.maximum(batch.sites["n_alts"].to_numpy(), 1)
    first_allele = (np.cumsum(rows_per_record) - rows_per_record).astype(np.int32)
    row, column, gid = batch.row, batch.column, batch.gid
    again = np.zeros(0, np.int64)
    if not (texts.emitted[batch.texts] == 1).all():
        # A call that carries no ALT is left out; one that carries two stands twice.
        times = look_up(texts.emitted, gid)
        pick = np.repeat(np.arange(len(gid), dtype=np.int32), times)
        row, column, gid = look_up(row, pick), look_up(column, pick), look_up(gid, pick)
        again = np.flatnonzero(pick[1:] == pick[:-1]) + 1
    # One look-up by text tells which ALT a call carries, and how often.
    first = [t.dosages[0] if t.dosages else (0, 0) for t in texts.texts]
    which = np.array([a for a, _ in first], np.int32)
    dosage = look_up(np.array([c for _, c in first], np.int8), gid)
    allele = look_up(first_allele, row)
    if int(which[batch.texts].max(initial=0)) > 1 or len(again):
        own = look_up(which, gid)
        nth = 0
        for at, gap in zip(again.tolist(), np.diff(again, prepend=-1).tolist(), strict=True):
            nth = nth + 1 if gap == 1 else 1
            own[at], dosage[at] = texts.texts[int(gid[at])].dosages[nth]
        allele = allele + own - 1
        # Only within a record of several ALTs are the calls to be put in order.
        several = np.flatnonzero(look_up(rows_per_record > 1, row))
        order = several[np.argsort(allele[several], kind="stable")]
        column, gid = column.copy(), gid.copy()
        for values in (allele, column, gid, dosage):
            values[several] = values[order]
    return Carriers(allele, column, gid, dosage)


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
    ac = np.bincount(carried.allele, minlength=n_alleles)
    for copies in range(2, int(carried.dosage.max(initial=0)) + 1):
        more = carried.allele[carried.dosage == copies]
        ac += (copies - 1) * np.bincount(more, minlength=n_alleles)
    pattern = batch.sites["pattern"].to_numpy()
    ploidies = {k: column_ploidy(patterns[k]) for k in np.unique(pattern).tolist() if k >= 0}
    an = np.zeros(n, np.int64)
    for number, ploidy in ploidies.items():
        an[pattern == number] = int(ploidy.sum())
    odd = _not_as_implied(ploidies, batch, texts)
    row, column = batch.row[odd], batch.column[odd]
    called = texts.called[batch.gid[odd]].astype(np.int64)
    of_row = pattern[row]
    for number, ploidy in ploidies.items():
        here = of_row == number
        change = called[here] - ploidy[column[here]]
        an += np.bincount(row[here], weights=change, minlength=n).astype(np.int64)
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
    return sum(part != "" for part in text.replace("/", "|").split("|"))


def genotype_rows(
    carried: Carriers,
    alleles: pl.DataFrame,
    texts: GenotypeTexts,
    people: dict[str, Encoded],
    file: str,
) -> pa.Table:
    """`silver.genotypes` of a batch. `people` has sample, population, super_population, sex."""
    # The distinct texts are distinct strings, so their numbers are their codes.
    gt = Encoded.of([t.text.decode("utf-8", "backslashreplace") for t in texts.texts])
    ref, alt = (Encoded.of(alleles[name]) for name in ("ref", "alt"))
    # Carriers stand in the order of alleles: what an allele says is repeated, not looked up.
    times = np.bincount(carried.allele, minlength=len(alleles))

    def repeated(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.repeat(values, times)

    columns = {
        "pos": numbers(repeated(alleles["pos"].to_numpy())),
        "ref": dictionary(repeated(ref.codes), ref.values),
        "alt": dictionary(repeated(alt.codes), alt.values),
        **{name: people[name].take(carried.column) for name in people},
        "gt": gt.take(carried.gid),
        "dosage": numbers(carried.dosage),
        "alt_index": numbers(repeated(alleles["alt_index"].to_numpy())),
        "file": dictionary(np.zeros(len(carried.allele), np.int32), encode([file])[1]),
        "record": numbers(repeated(alleles["record"].to_numpy())),
    }
    names = GENOTYPES.arrow_schema(stored=True).names
    return pa.Table.from_arrays([columns[n] for n in names], names=names)


def calls_rows(batch: Batch, texts: GenotypeTexts, file: str) -> pl.DataFrame:
    """`silver.calls` of a batch: runs of missed calls along the columns of a record."""
    missing = batch.where(texts.kind == MISSING)
    if not len(missing):
        return pl.DataFrame(schema=CALLS.polars_schema())
    row, column, gid = batch.row[missing], batch.column[missing], batch.gid[missing]
    new = np.ones(len(row), bool)
    new[1:] = (np.diff(row) != 0) | (np.diff(column) != 1) | (np.diff(gid) != 0)
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], len(row)) - 1
    at = row[starts]
    spelled = [t.text.decode("utf-8", "backslashreplace") for t in texts.texts]
    return CALLS.conform(
        batch.sites.select("chrom", "pos", "record")[at].with_columns(
            file=pl.lit(file),
            first_column=pl.Series(column[starts]),
            last_column=pl.Series(column[ends]),
            gt=pl.Series([spelled[g] for g in gid[starts].tolist()], dtype=pl.String),
            called=pl.Series(texts.called[gid[starts]]),
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
