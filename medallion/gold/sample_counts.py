"""Counting `gold.samples` from silver: see `medallion.popgen.samples` for what is counted.

All is proportional to the rows of `silver.genotypes`, at some six nanoseconds a row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.gold.counts import PatternPloidy, missing
from medallion.gold.matrix import allele_runs, ranges
from medallion.popgen.samples import ALLELE_TYPES, SampleSums
from medallion.storage.arrow import codes, numbers, values
from medallion.vcf.genotype_texts import GenotypeText, parse

__all__ = ["ALLELE_TYPES", "SampleSums", "expected_heterozygosity", "sum_samples"]

_SNV, _INDEL = slice(0, 3), slice(3, 5)
_N_TYPES = len(ALLELE_TYPES)

# Kinds of carrying call. Of the first three a call has one row; a call of two different
# ALT alleles has a row for each, and a half-missing one may have.
_HET, _HOM_ALT, _HAPLOID, _TWO_ALTS, _PARTIAL = range(5)
# So many rows at once that their keys stay in cache.
_ROWS_AT_ONCE = 1 << 18

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def expected_heterozygosity(record: Ints, ac: Ints, an: Ints) -> Floats:
    """1 less the sum of squared allele frequencies, of each record.

    `record`, `ac` and `an`, shape (n_alleles,), are of ALT alleles in order of record,
    counted over all samples. Shape (n_records,), records in order; 0 where nothing is
    called. (As plink2 --het: without the factor n / (n - 1).)
    """
    _, start = np.unique(record, return_index=True)
    if not len(start):
        return np.zeros(0)
    of_record = an[start].astype(np.float64)
    squares = np.add.reduceat(ac.astype(np.float64) ** 2, start)
    squares += (of_record - np.add.reduceat(ac, start)) ** 2
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(of_record > 0, 1 - squares / of_record**2, 0.0)
    return found


def sum_samples(
    variants: pl.DataFrame,
    genotypes: pa.Table | None,
    calls: pl.DataFrame,
    ploidy: PatternPloidy,
    column_of: Mapping[str, int],
    expected_het: Floats | None,
) -> SampleSums:
    """Count the calls of some records of a file, for each of its columns.

    `variants` are all rows of `silver.variants` of these records that have genotypes
    (record, alt_index, variant_type, transition, pattern), in order; `genotypes` and
    `calls` (`told_calls`) the rows of the same records; `column_of` maps
    a sample's name to its column. `expected_het`, shape (n_records,), is that of
    `expected_heterozygosity` where the records count for inbreeding (autosomes), else None.
    """
    total = SampleSums.zeros(len(column_of))
    patterns = variants["pattern"]
    distinct = patterns.unique(maintain_order=True).to_list()
    shared = all((ploidy.by_id[k] == ploidy.by_id[distinct[0]]).all() for k in distinct)
    if shared and distinct:
        return _count(
            variants, genotypes, calls, ploidy.by_id[distinct[0]], column_of, expected_het
        )
    for number in distinct:
        # Few stretches have records of several ploidies, as where chrX leaves a PAR.
        of_records = variants.unique("record", maintain_order=True)["pattern"] == number
        some = variants.filter(patterns == number)
        records = np.unique(some["record"].to_numpy())
        total += _count(
            some,
            _rows_of(genotypes, records),
            calls.filter(pl.col("record").is_in(pl.Series(records).implode())),
            ploidy.by_id[number],
            column_of,
            None if expected_het is None else expected_het[of_records.to_numpy()],
        )
    return total


def _rows_of(rows: pa.Table | None, records: Ints) -> pa.Table | None:
    if rows is None:
        return None
    record = values(rows["record"])
    pick = ranges(record.searchsorted(records, "left"), record.searchsorted(records, "right"))
    return rows.take(numbers(pick)).unify_dictionaries().combine_chunks() if len(pick) else None


def _types(variants: pl.DataFrame) -> Ints:
    """Places in ALLELE_TYPES, shape (n_alleles,)."""
    kind, transition = pl.col("variant_type"), pl.col("transition")
    snv = pl.when(transition).then(0).when(transition.not_()).then(1).otherwise(2)
    length = {name: place for place, name in enumerate(ALLELE_TYPES) if 3 <= place < 6}
    code = pl.when(kind == "snv").then(snv).otherwise(
        kind.replace_strict(length, default=6, return_dtype=pl.Int32)
    )  # fmt: skip
    found: Ints = variants.select(code.cast(pl.Int64)).to_series().to_numpy()
    return found


def _kind(text: GenotypeText) -> int:
    if text.called < text.ploidy:
        return _PARTIAL
    if text.ploidy == 1:
        return _HAPLOID
    if len(text.dosages) > 1:
        return _TWO_ALTS
    return _HOM_ALT if text.dosages and text.dosages[0][1] == text.ploidy else _HET


def _count(
    variants: pl.DataFrame,
    genotypes: pa.Table | None,
    calls: pl.DataFrame,
    ploidy: Ints,
    column_of: Mapping[str, int],
    expected_het: Floats | None,
) -> SampleSums:
    """`sum_samples` of records whose patterns have one ploidy, shape (n_samples,)."""
    total = SampleSums.zeros(len(column_of))
    records = np.unique(variants["record"].to_numpy())
    total.records[:] = len(records)
    every = np.ones(len(records))
    told, calls = calls.filter(~missing()), calls.filter(missing())
    total.missing[:] = _summed(records, calls, every, len(ploidy))
    named = total.missing.copy()
    rows = None
    if genotypes is not None and genotypes.num_rows:
        rows = _Rows.of(variants, genotypes, column_of, records)
        rows.add_to(total)
        # A half-missing carrier was added to the missing.
        named = total.missing + total.carried.sum(axis=(0, 1))
    # Reference calls that are told are of records whose pattern implies none.
    implied = len(records) - named
    one, two = (told.filter(called) for called in (pl.col("called") == 1, pl.col("called") == 2))
    alone = _summed(records, one, every, len(ploidy))
    total.hom_ref[:] = np.where(ploidy >= 2, implied, 0)
    total.hom_ref[:] += (_summed(records, told, every, len(ploidy)) - alone).astype(np.int64)
    total.haploid_ref[:] = np.where(ploidy == 1, implied, 0) + alone
    if expected_het is not None:
        total.observed_het[:] = total.het
        if rows is not None:
            total.observed_het[:] -= rows.het_of_many()
        varies = (expected_het > 0).astype(np.float64)
        for weight, to in ((expected_het, total.expected_het), (varies, total.autosomal)):
            called = weight.sum() - _summed(records, calls, weight, len(ploidy))
            called = np.where(ploidy == 2, called, 0.0)
            called += _summed(records, two, weight, len(ploidy))
            to[:] = called if rows is None else called + rows.otherwise(ploidy, weight)
    return total


def _summed(records: Ints, calls: pl.DataFrame, weight: Floats, n_samples: int) -> Floats:
    """The records' weights summed over the calls of each column, from their runs' ends."""
    if calls.is_empty():
        return np.zeros(n_samples)
    of = weight[np.searchsorted(records, calls["record"].to_numpy())]
    size = n_samples + 1
    begun = np.bincount(calls["first_column"].to_numpy(), of, minlength=size)
    ended = np.bincount(calls["last_column"].to_numpy() + 1, of, minlength=size)
    found: Floats = np.cumsum(begun - ended, dtype=np.float64)[:-1]
    return found


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows of `silver.genotypes` as numbers, and where those of each allele stand."""

    records: Ints
    record_of_allele: Ints
    types: Ints
    start: Ints
    stop: Ints
    sample: npt.NDArray[np.int32]
    text: npt.NDArray[np.int32]
    alt: npt.NDArray[np.int32]
    dosage: npt.NDArray[np.int8]
    meanings: list[GenotypeText]
    kinds: Ints
    column: Ints

    @classmethod
    def of(
        cls, variants: pl.DataFrame, rows: pa.Table, column_of: Mapping[str, int], records: Ints
    ) -> _Rows:
        record, alt = variants["record"].to_numpy(), variants["alt_index"].to_numpy()
        alts = values(rows["alt_index"])
        start, stop = allele_runs(record, alt, values(rows["record"]), alts)
        sample, text = rows["sample"].chunk(0), rows["gt"].chunk(0)
        spelled = text.dictionary.to_pylist()
        meanings = [parse(str(t).encode("utf-8", "backslashreplace")) for t in spelled]
        return cls(
            records, np.searchsorted(records, record), _types(variants), start, stop,
            codes(sample), codes(text), alts, values(rows["dosage"]),
            meanings, np.array([_kind(m) for m in meanings], np.int64),
            np.array([column_of[s] for s in sample.dictionary.to_pylist()], np.int64),
        )  # fmt: skip

    def add_to(self, total: SampleSums) -> None:
        """Count these rows."""
        n = len(self.column)
        table = self._table()
        for kind, of_kind in enumerate(table[:3]):
            # A row at a time: of 500,000 samples each takes 4 MB, and all at once 84.
            for kind_of_allele in np.flatnonzero(of_kind.any(axis=1)).tolist():
                total.carried[kind, kind_of_allele, self.column] += of_kind[kind_of_allele]
        special = np.zeros(0, np.int64)
        if table[_TWO_ALTS:].any():
            special = self._where_special(half_missing=bool(table[_PARTIAL:].any()))
            self._special(special, total)
        length = self.stop - self.start
        # The only copy: the allele has one row, and that one copy.
        alone = self.start[length == 1]
        alone = alone[self.dosage[alone] == 1]
        total.singletons[self.column] += np.bincount(self.sample[alone], minlength=n)
        rows = np.bincount(self.record_of_allele, length, len(self.records)).astype(np.int64)
        not_one = special[~self._calls(special)]
        if table[_HAPLOID : _HAPLOID + 1].any():
            not_one = np.concatenate([not_one, np.flatnonzero(self._is(_HAPLOID))])
        rows -= np.bincount(self._record(not_one), minlength=len(rows))
        sole = np.flatnonzero((rows == 1)[self.record_of_allele])
        pick = ranges(self.start[sole], self.stop[sole])
        pick = pick[self._calls(pick) & ~self._is(_HAPLOID, pick)]
        total.sole_records[self.column] += np.bincount(self.sample[pick], minlength=n)

    def _table(self) -> Ints:
        """Rows by kind of call, as far as kinds occur, type of allele and sample, in this order."""
        n = len(self.column)
        # Small keys, and `take` for an index: half the time of what reads more plainly.
        by_text = (self.kinds * (_N_TYPES * n)).astype(np.int32)
        offset = np.repeat((self.types * n).astype(np.int32), self.stop - self.start)
        # Most stretches have the first kinds only, and their table fits a nearer cache.
        kinds = int(self.kinds.max(initial=0)) + 1
        size = kinds * _N_TYPES * n
        table = np.zeros(size, np.int64)
        # No fewer than the table has entries, for it is gone through each time.
        at_once = max(_ROWS_AT_ONCE, size)
        for first in range(0, len(self.text), at_once):
            some = slice(first, first + at_once)
            key = by_text.take(self.text[some])
            key += self.sample[some]
            key += offset[some]
            table += np.bincount(key, minlength=size)
        return table.reshape(kinds, _N_TYPES, n)

    def _is(self, kind: int, rows: Ints | slice = slice(None)) -> npt.NDArray[np.bool_]:
        found: npt.NDArray[np.bool_] = (self.kinds == kind)[self.text[rows]]
        return found

    def _lowest(self) -> Ints:
        """The lowest ALT number of each text."""
        return np.array([m.dosages[0][0] if m.dosages else 0 for m in self.meanings], np.int64)

    def _allele(self, rows: Ints) -> Ints:
        found: Ints = np.searchsorted(self.stop, rows, side="right")
        return found

    def _record(self, rows: Ints) -> Ints:
        return self.record_of_allele[self._allele(rows)]

    def _calls(self, rows: Ints) -> npt.NDArray[np.bool_]:
        """Which rows stand for a call with nothing missing: of those of a call, the first."""
        text, lowest = self.text[rows], self._lowest()
        found: npt.NDArray[np.bool_] = (self.kinds[text] != _PARTIAL) & (
            self.alt[rows] == lowest[text]
        )
        return found

    def _where_special(self, *, half_missing: bool) -> Ints:
        """Rows of calls of two different ALTs, and of half-missing ones where there are such."""
        special = self.kinds >= _TWO_ALTS
        if half_missing:
            return np.flatnonzero(special.take(self.text))
        several = np.bincount(self.record_of_allele)[self.record_of_allele] > 1
        rows = ranges(self.start[several], self.stop[several])
        return rows[special[self.text[rows]]]

    def _special(self, rows: Ints, total: SampleSums) -> None:
        """Count calls of two different ALT alleles, and half-missing ones, once each."""
        n = len(total.records)
        lowest = self._lowest()
        rows = rows[self.alt[rows] == lowest[self.text[rows]]]
        partial = self._is(_PARTIAL, rows)
        column = self.column[self.sample[rows]]
        total.missing[:] += np.bincount(column[partial], minlength=n)
        rows, column = rows[~partial], column[~partial]
        allele, text = self._allele(rows), self.text[rows]
        own = self.types[allele]
        place = own * n + column
        total.carried[_HET] += np.bincount(place, minlength=_N_TYPES * n).reshape(_N_TYPES, n)
        most = max(len(m.dosages) for m in self.meanings)
        for types, of in ((_SNV, total.other_snv), (_INDEL, total.other_indel)):
            wanted = np.isin(np.arange(_N_TYPES), np.arange(_N_TYPES)[types])
            found = np.zeros(len(rows), bool)
            for place_in_call in range(1, most):
                other = np.array(
                    [m.dosages[place_in_call][0] if len(m.dosages) > place_in_call else -1
                     for m in self.meanings]
                )[text]  # fmt: skip
                # Rows of a record's alleles follow each other.
                there = allele + other - lowest[text]
                found |= (other > 0) & wanted[self.types[np.where(other > 0, there, 0)]]
            of[:] += np.bincount(column[found & ~wanted[own]], minlength=n)

    def het_of_many(self) -> Ints:
        """Heterozygous calls of more than two copies, per column."""
        many = np.array([m.ploidy > 2 for m in self.meanings]) & np.isin(
            self.kinds, (_HET, _TWO_ALTS)
        )
        rows = np.flatnonzero(many[self.text]) if many.any() else np.zeros(0, np.int64)
        column = self.column[self.sample[rows[self._calls(rows)]]]
        return np.bincount(column, minlength=len(self.column))

    def otherwise(self, ploidy: Ints, weight: Floats) -> Floats:
        """What carrying calls change in the weight of calls of two called copies, per column.

        Those that have them where their record's pattern does not imply it add the weight
        of their record; those that lack them take it away.
        """
        two = np.array([m.ploidy == 2 for m in self.meanings])
        full = np.isin(self.kinds, (_HET, _HOM_ALT, _TWO_ALTS)) & two
        if (ploidy == 2).all():
            odd = np.flatnonzero(~full[self.text]) if not full.all() else np.zeros(0, np.int64)
        else:
            odd = np.flatnonzero(full[self.text] != (ploidy == 2)[self.column[self.sample]])
        odd = odd[self.alt[odd] == self._lowest()[self.text[odd]]]
        change = np.where(full[self.text[odd]], 1.0, -1.0) * weight[self._record(odd)]
        column = self.column[self.sample[odd]]
        return np.bincount(column, change, minlength=len(ploidy)).astype(np.float64)
