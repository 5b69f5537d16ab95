"""Counts of alleles and genotypes per ALT allele and group: what all of gold stands on.

They come from silver alone: carriers are counted from `silver.genotypes`; what the rest
of the samples are follows from the record's pattern (ploidy) and `silver.calls`
(missed calls). So the work is proportional to carriers and missed calls, not to cells.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.lookup import look_up
from medallion.popgen.groups import Groups
from medallion.storage.arrow import codes, values
from medallion.vcf.genotype_texts import GenotypeText, parse

__all__ = ["GroupCounts", "PatternPloidy", "count_groups", "missing", "told_calls"]

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupCounts:
    """Counts of shape (n_alleles, n_groups), int64.

    `n_*` count samples. `diploid_*` count only samples with two called alleles, for
    what is defined on diploid genotypes.
    """

    ac: Ints
    an: Ints
    n_het: Ints
    n_hom_alt: Ints
    n_hom_ref: Ints
    n_missing: Ints
    diploid_hom_ref: Ints
    diploid_het: Ints
    diploid_hom_alt: Ints


@dataclass(frozen=True, slots=True)
class PatternPloidy:
    """Ploidy that each pattern gives each column: pattern id to shape (n_columns,)."""

    by_id: Mapping[int, Ints]

    @classmethod
    def of(cls, patterns: pl.DataFrame) -> PatternPloidy:
        """From the rows of `silver.patterns`."""
        found = {}
        for (number,), runs in patterns.sort("pattern", "first_column").group_by(
            "pattern", maintain_order=True
        ):
            lengths = (runs["last_column"] - runs["first_column"] + 1).to_numpy()
            found[int(number)] = np.repeat(runs["ploidy"].to_numpy(), lengths).astype(np.int64)
        return cls(found)


def told_calls(calls: pl.DataFrame, variants: pl.DataFrame, ploidy: PatternPloidy) -> pl.DataFrame:
    """Rows of `silver.calls` that say more than their records' patterns imply.

    Those that miss an allele, and of records whose pattern implies nothing all. `variants`
    has record and pattern of all records of the rows.
    """
    told = missing()
    if unsaid := [k for k, columns in ploidy.by_id.items() if not columns.any()]:
        bare = variants.filter(pl.col("pattern").is_in(unsaid))["record"].unique()
        told |= pl.col("record").is_in(bare.implode())
    return calls.filter(told)


def missing() -> pl.Expr:
    """Of rows of `silver.calls`: whether an allele is missing; else they are the reference."""
    return pl.col("gt").cast(pl.String).str.contains(".", literal=True)


def count_groups(
    variants: pl.DataFrame,
    genotypes: pa.Table | None,
    calls: pl.DataFrame,
    ploidy: PatternPloidy,
    strata: Ints,
    column_of: Mapping[str, int],
    groups: Groups,
) -> GroupCounts:
    """Count the alleles of `variants` (rows in order of record and alt_index) in all groups.

    `genotypes` and `calls` (`told_calls`) are of the same records; `strata` is the stratum of
    each column, shape (n_columns,); `column_of` maps a sample's name to its column.
    """
    records = variants["record"].to_numpy()
    row_record, start = np.unique(records, return_index=True)
    record_of_row = np.searchsorted(row_record, records)
    work = _Tally(variants, row_record, start, ploidy, strata, groups.n_strata)
    if genotypes is not None:
        work.carriers(genotypes, column_of)
    work.missed(calls)
    return work.counts(record_of_row, groups)


class _Tally:
    """Adds up counts per stratum: by allele (rows) what is carried, by record the rest."""

    def __init__(
        self,
        variants: pl.DataFrame,
        records: Ints,
        start: Ints,
        ploidy: PatternPloidy,
        strata: Ints,
        n_strata: int,
    ) -> None:
        self._start = start
        # Records of a stretch of a file are numbered almost without gaps.
        self._first = int(records[0])
        self._places = np.zeros(int(records[-1]) - self._first + 1, np.int64)
        self._places[records - self._first] = np.arange(len(records))
        self._ploidy, self._strata, self._n_strata = ploidy, strata, n_strata
        self._n_rows = len(variants)
        self._pattern = variants["pattern"].fill_null(-1).to_numpy()[start]
        shape = (n_strata, len(records))
        self._an = np.zeros(shape, np.int64)
        self._diploid = np.zeros(shape, np.int64)
        self._missing = np.zeros(shape, np.int64)
        self._samples = np.bincount(strata, minlength=n_strata)[:, None].repeat(shape[1], axis=1)
        for number in np.unique(self._pattern).tolist():
            here = self._pattern == number
            if number < 0:
                continue
            columns = ploidy.by_id[number]
            called = np.bincount(strata, weights=columns, minlength=n_strata).astype(np.int64)
            self._an[:, here] = called[:, None]
            self._diploid[:, here] = np.bincount(strata[columns == 2], minlength=n_strata)[:, None]
        self._carried: list[tuple[_Class, Ints]] = []

    def carriers(self, rows: pa.Table, column_of: Mapping[str, int]) -> None:
        """Count the rows of `silver.genotypes`."""
        gt = rows["gt"].chunk(0)
        meanings = [parse(str(t).encode()) for t in gt.dictionary.to_pylist()]
        sample = rows["sample"].chunk(0)
        to_column = np.array([column_of[s] for s in sample.dictionary.to_pylist()], np.int64)
        code = codes(sample)
        g = codes(gt)
        record, alt, dosage = (values(rows[name]) for name in ("record", "alt_index", "dosage"))
        # Rows stand in the order of alleles: what is told of an allele is repeated.
        allele, times = _runs(record, alt)
        place = self._place(record[allele])
        n, k = self._n_strata, self._n_rows
        classes, lookup = _classes(meanings)
        kind = look_up(lookup.ravel() * (n * k), g * np.int32(lookup.shape[1]) + dosage)
        kind += look_up(self._strata[to_column] * k, code)
        kind += np.repeat(self._start[place] + np.maximum(alt[allele], 1) - 1, times)
        table = np.bincount(kind, minlength=len(classes) * n * k).reshape(len(classes), n, k)
        self._carried = list(zip(classes, table, strict=True))
        self._correct(meanings, g, record, alt, code, to_column)

    def _correct(
        self,
        meanings: list[GenotypeText],
        g: npt.NDArray[np.int32],
        record: Ints,
        alt: npt.NDArray[np.int32],
        code: npt.NDArray[np.int32],
        to_column: Ints,
    ) -> None:
        """Where a carrier's called alleles are not what its record's pattern implies.

        `record` is as in the file; `code` is the sample's, and `to_column` its column.
        """
        called = np.array([m.called for m in meanings], np.int64)
        full = np.array([m.called == 2 and m.ploidy == 2 for m in meanings])
        plain = all(
            (self._ploidy.by_id[p] == 2).all() for p in np.unique(self._pattern).tolist() if p >= 0
        )
        if plain:
            if full.all():
                return
            # Every sample is diploid: only a call with an allele missing is not as implied.
            odd = np.flatnonzero(~look_up(full, g))
            g, alt, record, code = g[odd], alt[odd], record[odd], code[odd]
        # A call that carries two ALT alleles stands in two rows, but is one call.
        first = np.array([m.dosages[0][0] if m.dosages else 0 for m in meanings])
        once = np.maximum(alt, 1) == first[g]
        g, place, column = g[once], self._place(record[once]), to_column[code[once]]
        stratum = self._strata[column]
        expected = self._expected(place, column)
        self._add(self._an, place, stratum, called[g] - expected)
        self._add(self._diploid, place, stratum, full[g].astype(np.int64) - (expected == 2))

    def missed(self, calls: pl.DataFrame) -> None:
        """Count the runs of `silver.calls`."""
        if calls.is_empty():
            return
        first, last = calls["first_column"].to_numpy(), calls["last_column"].to_numpy()
        lengths = last - first + 1
        pick = np.repeat(np.arange(len(lengths)), lengths)
        within = np.arange(len(pick)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
        column = (first[pick] + within).astype(np.int64)
        record = self._place(calls["record"].to_numpy())[pick]
        called = calls["called"].to_numpy()[pick].astype(np.int64)
        stratum = self._strata[column]
        expected = self._expected(record, column)
        self._add(self._an, record, stratum, called - expected)
        full = (~calls.select(missing()).to_series()).to_numpy()[pick] & (called == 2)
        self._add(self._diploid, record, stratum, full.astype(np.int64) - (expected == 2))
        self._add(self._missing, record, stratum, (called == 0).astype(np.int64))

    def _place(self, record: Ints) -> Ints:
        return self._places[record - self._first]

    def _expected(self, record: Ints, column: Ints) -> Ints:
        """Ploidy that the pattern of each call's record gives its column."""
        pattern = self._pattern[record]
        expected = np.zeros(len(record), np.int64)
        for number in np.unique(pattern).tolist():
            here = pattern == number
            expected[here] = self._ploidy.by_id[number][column[here]]
        return expected

    def _add(self, to: Ints, record: Ints, stratum: Ints, change: Ints) -> None:
        some = np.flatnonzero(change)
        np.add.at(to, (stratum[some], record[some]), change[some])

    def counts(self, record_of_row: Ints, groups: Groups) -> GroupCounts:
        """Sum strata into groups, and records into their alleles' rows."""

        def of_record(tally: Ints) -> Ints:
            if (tally == tally[:, :1]).all():  # as most often: the same for every record
                return np.broadcast_to(groups.sum(tally[:, :1]), shape)
            return groups.sum(tally)[record_of_row]

        shape = (self._n_rows, len(groups.groups))
        known: dict[tuple[int, ...], Ints] = {}

        def of_class(weight: Callable[[_Class], int]) -> Ints:
            weights = tuple(int(weight(c)) for c, _ in self._carried)
            if weights not in known:
                total = np.zeros((self._n_strata, self._n_rows), np.int64)
                for times, (_, table) in zip(weights, self._carried, strict=True):
                    if times:
                        total += table if times == 1 else times * table
                known[weights] = groups.sum(total)
            return known[weights]

        het = of_class(lambda c: c.dosage < c.ploidy)
        hom = of_class(lambda c: c.dosage == c.ploidy)
        dip_het = of_class(lambda c: c.diploid and c.dosage == 1)
        dip_hom = of_class(lambda c: c.diploid and c.dosage == 2)
        missing = of_record(self._missing)
        return GroupCounts(
            ac=of_class(lambda c: c.dosage),
            an=of_record(self._an),
            n_het=het,
            n_hom_alt=hom,
            n_hom_ref=of_record(self._samples) - missing - het - hom,
            n_missing=missing,
            diploid_hom_ref=of_record(self._diploid) - dip_het - dip_hom,
            diploid_het=dip_het,
            diploid_hom_alt=dip_hom,
        )


def _runs(record: Ints, alt: npt.NDArray[np.int32]) -> tuple[Ints, Ints]:
    """Where runs of rows of one allele begin, and how long they are."""
    if not len(record):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    other = (record[1:] != record[:-1]) | (alt[1:] != alt[:-1])
    begin = np.concatenate([[0], np.flatnonzero(other) + 1])
    return begin, np.diff(begin, append=len(record))


@dataclass(frozen=True, slots=True)
class _Class:
    """A kind of carrying call: copies of the ALT, ploidy, and whether two alleles are called."""

    dosage: int
    ploidy: int
    diploid: bool


def _classes(meanings: list[GenotypeText]) -> tuple[list[_Class], npt.NDArray[np.int64]]:
    """The kinds that occur, and the kind of each (text, dosage)."""
    most = max((d for m in meanings for _, d in m.dosages), default=0)
    lookup = np.full((len(meanings), most + 1), -1, np.int64)
    kinds: dict[_Class, int] = {}
    for i, meaning in enumerate(meanings):
        for _, dosage in meaning.dosages:
            kind = _Class(dosage, meaning.ploidy, meaning.ploidy == 2 == meaning.called)
            lookup[i, dosage] = kinds.setdefault(kind, len(kinds))
    return list(kinds), lookup
