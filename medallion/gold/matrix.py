"""Genotypes of chosen ALT alleles as matrices, from silver's sparse tables.

A matrix is filled with what the records' patterns imply (the reference), then corrected
by the rows of `silver.calls` and `silver.genotypes`: the work grows with those alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.files import Place
from medallion.gold.counts import PatternPloidy, missing, told_calls
from medallion.lookup import look_up
from medallion.silver.tables import CALLS, COLUMNS, GENOTYPES, PATTERNS
from medallion.storage import delta
from medallion.storage.arrow import codes, encode, numbers, values
from medallion.storage.parts import holding
from medallion.storage.rows import RowGroup, read_records, row_groups
from medallion.vcf.genotype_texts import parse

__all__ = ["ABSENT", "MISSING", "Dosages", "Haplotypes", "allele_runs", "dosage_matrix",
           "haplotype_matrix", "read_dosages", "read_haplotypes"]  # fmt: skip

MISSING = -1
"""In a matrix: not called, or (a dosage) not called in full: `./1` is missing."""
ABSENT = -2
"""In a haplotype matrix: a copy that the sample does not have, as of chrX in a male."""

Ints = npt.NDArray[np.int64]
Int8s = npt.NDArray[np.int8]

_GENOTYPE_COLUMNS = ("alt_index", "dosage", "sample", "gt")
_ROWS_AT_ONCE = 1 << 17
_CALL_COLUMNS = ("first_column", "last_column", "gt")


@dataclass(frozen=True, slots=True)
class Dosages:
    """Copies of each chosen ALT allele in each sample.

    `copies` has shape (n_alleles, n_samples), int8, MISSING (-1) where the genotype is
    missing or half missing. `ploidy` has the same shape: alleles of the genotype, called
    or not, 0 where the record has no genotypes. It is a read-only view of one number
    where all are diploid, so it costs nothing then. Columns are as in the file.
    """

    copies: Int8s
    ploidy: Int8s


@dataclass(frozen=True, slots=True)
class Haplotypes:
    """Whether each haplotype of each sample carries each chosen ALT allele.

    `alleles` has shape (n_alleles, n_samples, 2), int8: 1 carries it, 0 another allele,
    MISSING (-1), or ABSENT (-2). `phased` has shape (n_alleles,): no heterozygous
    genotype of the allele's record is written with `/`, so which haplotype is which is
    known. More than two copies do not fit, and are MISSING. Phase sets (PS) are not read.
    """

    alleles: Int8s
    phased: npt.NDArray[np.bool_]


def allele_runs(
    record: Ints, alt_index: npt.NDArray[Any], rows_record: Ints, rows_alt_index: npt.NDArray[Any]
) -> tuple[Ints, Ints]:
    """Where the rows of each allele stand in rows of `silver.genotypes`.

    `record` and `alt_index`, shape (n_alleles,), are alleles in order of both;
    `rows_*`, shape (n_rows,), are the table's, in its order, which is the same. The
    result is (start, stop), each of shape (n_alleles,). Costs nothing per row but for
    records with several ALT alleles.
    """
    start = np.searchsorted(rows_record, record, side="left")
    stop = np.searchsorted(rows_record, record, side="right")
    # A run of a record is that of its one allele, unless the rows name another.
    length = stop - start
    # Rows of a record rise with alt_index: the last one tells whether there are others.
    ends = rows_alt_index[np.maximum(stop - 1, 0)] if len(rows_alt_index) else alt_index
    several = np.flatnonzero((length > 0) & ((ends > 1) | (alt_index > 1)))
    pick = ranges(start[several], stop[several])
    owner = np.repeat(several, length[several])
    row_alt, wanted = rows_alt_index[pick], alt_index[owner]
    before = np.bincount(owner, weights=row_alt < wanted, minlength=len(record)).astype(np.int64)
    same = np.bincount(owner, weights=row_alt == wanted, minlength=len(record)).astype(np.int64)
    start = start + before
    stop = np.where(np.isin(np.arange(len(record)), several), start + same, stop)
    return start, stop


def ranges(start: Ints, stop: Ints) -> Ints:
    """The integers of all half-open ranges [start, stop), one range after the other."""
    length = np.maximum(stop - start, 0)
    begins = np.cumsum(length) - length
    shift: Ints = np.repeat(start - begins, length)
    shift += np.arange(len(shift))
    return shift


def dosage_matrix(
    variants: pl.DataFrame,
    genotypes: pa.Table | None,
    calls: pa.Table | pl.DataFrame | None,
    ploidy: PatternPloidy,
    column_of: Mapping[str, int],
) -> Dosages:
    """Copies of the chosen alleles `variants` in all samples of a file.

    `variants` are rows of `silver.variants` (record, alt_index, pattern), `genotypes` of
    `silver.genotypes` (record, alt_index, dosage, sample, gt) as `read_records` gives them,
    `calls` of `silver.calls` (record, first_column, last_column, gt): all in order of
    record and alt_index; the latter two may be of more records than these.
    `column_of` maps each sample of the file to its column, from 0.
    """
    work = _Chosen.of(variants, ploidy, len(column_of))
    copies = np.zeros(work.shape, np.int8)
    copies[work.bare] = MISSING
    size = work.implied()
    flat, n = copies.ravel(), work.shape[1]
    for some in (*_missed(work, calls), *_carried(work, genotypes, column_of)):
        place = some.row * n + some.column
        if some.dosage is None:
            flat[place] = MISSING
        else:
            flat[place[some.own]] = some.dosage[some.own]
            if some.texts.partial.any():
                flat[place[some.texts.partial[some.text]]] = MISSING
        odd = some.texts.ploidy != 2
        if not size.flags.writeable and odd.any() and odd[some.text].any():
            size = size.copy()
        if size.flags.writeable:
            size.ravel()[place] = some.texts.ploidy[some.text]
    return Dosages(copies, size)


def haplotype_matrix(
    variants: pl.DataFrame,
    genotypes: pa.Table | None,
    calls: pa.Table | pl.DataFrame | None,
    ploidy: PatternPloidy,
    column_of: Mapping[str, int],
) -> Haplotypes:
    """Which haplotypes of a file's samples carry the chosen alleles; arguments as `dosage_matrix`.

    A half-missing genotype keeps the half that is called.
    """
    work = _Chosen.of(variants, ploidy, len(column_of))
    size = work.implied()
    alleles = np.zeros((*work.shape, 2), np.int8)
    if size.flags.writeable:
        alleles[size == 1, 1] = ABSENT
        alleles[size == 0] = ABSENT
        alleles[size > 2] = MISSING
    alleles[work.bare] = MISSING
    phased = np.ones(work.shape[0], bool)
    # The two alleles of a genotype are written at once.
    pairs, n = alleles.view(np.int16).ravel(), work.shape[1]
    alts, alt = np.unique(work.alt_index, return_inverse=True)
    for some in (*_missed(work, calls), *_carried(work, genotypes, column_of)):
        # What each text says of each ALT; MISSING and ABSENT stay as they are.
        halves = np.array([_halves(t) for t in some.texts.texts], np.int64).reshape(-1, 2)
        own = np.where(halves < 0, halves, halves == alts[:, None, None]).astype(np.int8)
        said = alt[some.row] * len(halves) + some.text
        pairs[some.row * n + some.column] = look_up(own.view(np.int16).ravel(), said)
        loose = np.array([_unphased(t) for t in some.texts.texts], bool)
        if loose.any():
            phased[some.row[loose[some.text]]] = False
    return Haplotypes(alleles, phased)


def _halves(text: str) -> tuple[int, int]:
    alleles = text.lstrip("/|").replace("/", "|").split("|")
    # No row has a text that is no genotype, but a dictionary may: a quarantined record's.
    parts = [int(a) if a.isdecimal() and len(a) < 10 else MISSING for a in alleles]
    if len(parts) == 1:
        return parts[0], ABSENT
    return (parts[0], parts[1]) if len(parts) == 2 else (MISSING, MISSING)


def _unphased(text: str) -> bool:
    """Whether the text leaves open which haplotype carries what."""
    # Since VCF 4.4 a mark stands before each allele, and the first may be left out.
    return "/" in text and len(set(text.lstrip("/|").replace("|", "/").split("/"))) > 1


@dataclass(frozen=True, slots=True)
class _Texts:
    """Distinct genotypes: arrays of shape (n_texts,); `partial`: some allele is missing."""

    texts: list[str]
    ploidy: Int8s
    partial: npt.NDArray[np.bool_]

    @classmethod
    def of(cls, texts: list[str]) -> _Texts:
        meanings = [parse(t.encode("utf-8", "backslashreplace")) for t in texts]
        return cls(
            texts,
            np.array([m.ploidy for m in meanings], np.int8),
            np.array([m.called < m.ploidy for m in meanings], bool),
        )


@dataclass(frozen=True, slots=True)
class _Calls:
    """Calls that concern chosen alleles, one item per call and allele; arrays of shape (n,).

    `row` is the allele's row of the matrix, `text` indexes `texts`, `own` says whether
    the call carries this very allele, `dosage` how often; None for missed calls.
    """

    row: Ints
    column: Ints
    text: npt.NDArray[Any]
    texts: _Texts
    own: npt.NDArray[np.bool_]
    dosage: Int8s | None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The chosen alleles: their distinct records, and the rows of each."""

    shape: tuple[int, int]
    records: Ints
    first: Ints
    rows: Ints
    alt_index: Ints
    pattern: Ints
    bare: npt.NDArray[np.bool_]
    ploidy: PatternPloidy

    @classmethod
    def of(cls, variants: pl.DataFrame, ploidy: PatternPloidy, n_samples: int) -> _Chosen:
        records, first, rows = np.unique(
            variants["record"].to_numpy(), return_index=True, return_counts=True
        )
        pattern = variants["pattern"]
        records, first, rows = (a.astype(np.int64) for a in (records, first, rows))
        return cls(
            (len(variants), n_samples),
            records,
            first,
            rows,
            np.maximum(variants["alt_index"].to_numpy(), 1).astype(np.int64),
            pattern.fill_null(0).to_numpy(),
            pattern.is_null().to_numpy(),
            ploidy,
        )

    def implied(self) -> Int8s:
        """Ploidy as the patterns imply it; a view of one number where it is 2 everywhere."""
        used = {
            k: self.ploidy.by_id[k].astype(np.int8)
            for k in np.unique(self.pattern[~self.bare]).tolist()
        }
        if not self.bare.any() and all((p == 2).all() for p in used.values()):
            return np.broadcast_to(np.int8(2), self.shape)
        size = np.zeros(self.shape, np.int8)
        for number, ploidy in used.items():
            size[(self.pattern == number) & ~self.bare] = ploidy
        return size


def _missed(work: _Chosen, calls: pa.Table | pl.DataFrame | None) -> Iterator[_Calls]:
    """What `silver.calls` tells, by column, for each row of its record."""
    if calls is None or not len(calls):
        return
    frame = pl.DataFrame(calls).filter(pl.col("record").is_in(pl.Series(work.records).implode()))
    of = pl.DataFrame({"record": work.records, "pattern": work.pattern[work.first]})
    frame = told_calls(frame, of, work.ploidy)
    for missed in (True, False):
        some = frame.filter(missing() if missed else ~missing())
        if some.is_empty():
            continue
        code, texts = encode(some["gt"].cast(pl.String))
        start = some["first_column"].to_numpy().astype(np.int64)
        at = np.searchsorted(work.records, some["record"].to_numpy())
        run = np.repeat(np.arange(len(some)), work.rows[at])  # once for each row of its record
        length = (some["last_column"].to_numpy() + 1 - start)[run]
        row = np.repeat(ranges(work.first[at], work.first[at] + work.rows[at]), length)
        own = np.zeros(0 if missed else int(length.sum()), bool)
        yield _Calls(
            row, ranges(start[run], start[run] + length), np.repeat(code[run], length),
            _Texts.of(texts.to_pylist()), own, None if missed else own.astype(np.int8),
        )  # fmt: skip


def _carried(
    work: _Chosen, genotypes: pa.Table | None, column_of: Mapping[str, int]
) -> Iterator[_Calls]:
    """The rows of `silver.genotypes` of the chosen records, for each row of their record.

    Some records at a time, so that what is worked on stays in cache.
    """
    if genotypes is None or not genotypes.num_rows or not len(work.records):
        return
    record, alts = values(genotypes["record"]), values(genotypes["alt_index"])
    dosages = values(genotypes["dosage"])
    start = np.searchsorted(record, work.records, side="left")
    stop = np.searchsorted(record, work.records, side="right")
    sample, gt = (genotypes[name].chunk(0) for name in ("sample", "gt"))
    to_column = np.array([column_of[s] for s in sample.dictionary.to_pylist()], np.int64)
    people, spelled = codes(sample), codes(gt)
    texts = _Texts.of(gt.dictionary.to_pylist())
    piece = np.cumsum(stop - start) // _ROWS_AT_ONCE
    for some in np.split(np.arange(len(piece)), np.flatnonzero(np.diff(piece)) + 1):
        pick = ranges(start[some], stop[some])
        column, text = look_up(to_column, people[pick]), spelled[pick]
        alt, dosage = np.maximum(alts[pick], 1), dosages[pick]
        at = np.repeat(some, (stop - start)[some])
        row = work.first[at]
        if (work.rows[some] > 1).any():
            # A call speaks of all alleles of its record: that it carries one or not.
            times = work.rows[at]
            row = ranges(row, row + times)
            column, text, alt, dosage = (np.repeat(a, times) for a in (column, text, alt, dosage))
        yield _Calls(row, column, text, texts, alt == work.alt_index[row], dosage)


def read_dosages(
    root: Place, versions: Mapping[str, int], file: str, variants: pl.DataFrame
) -> Dosages:
    """`dosage_matrix` of alleles of one file, reading only the row groups that hold them.

    `versions` are those of silver's tables, as its snapshot pins them (patterns, columns,
    genotypes, calls); `variants` rows of `silver.variants` of `file` (chrom, record,
    alt_index, pattern), in order of record and alt_index. Raises LakeError where silver
    is damaged.
    """
    return dosage_matrix(*_inputs(root, versions, file, variants))


def read_haplotypes(
    root: Place, versions: Mapping[str, int], file: str, variants: pl.DataFrame
) -> Haplotypes:
    """`haplotype_matrix` of alleles of one file; arguments as of `read_dosages`."""
    return haplotype_matrix(*_inputs(root, versions, file, variants))


def _inputs(
    root: Place, versions: Mapping[str, int], file: str, variants: pl.DataFrame
) -> tuple[pl.DataFrame, pa.Table | None, pa.Table | None, PatternPloidy, dict[str, int]]:
    with delta.reading(root, "silver"):
        columns = delta.scan(root, COLUMNS, versions["columns"]).filter(pl.col("file") == file)
        names = columns.sort("column").collect()["sample"].to_list()
        wanted = pl.col("pattern").is_in(variants["pattern"].drop_nulls().unique().implode())
        patterns = delta.scan(root, PATTERNS, versions["patterns"]).filter(wanted)
        ploidy = PatternPloidy.of(patterns.collect())
        near = holding(file, variants)
        genotypes = row_groups(root, GENOTYPES, versions["genotypes"], near)
        carried = _rows(genotypes, _GENOTYPE_COLUMNS, ("sample", "gt"), file, variants)
        calls = row_groups(root, CALLS, versions["calls"], near)
        missed = _rows(calls, _CALL_COLUMNS, (), file, variants)
    return variants, carried, missed, ploidy, {s: i for i, s in enumerate(names)}


def _rows(
    groups: Sequence[RowGroup], columns: Sequence[str], dictionaries: Sequence[str],
    file: str, variants: pl.DataFrame,
) -> pa.Table | None:  # fmt: skip
    """The chosen records' rows, a row group at a time so that no other is kept in memory."""
    pieces = list(_pieces(groups, columns, dictionaries, file, variants))
    if len(pieces) < 2:
        return pieces[0] if pieces else None
    return pa.concat_tables(pieces).unify_dictionaries().combine_chunks()


def _pieces(
    groups: Sequence[RowGroup], columns: Sequence[str], dictionaries: Sequence[str],
    file: str, variants: pl.DataFrame,
) -> Iterator[pa.Table]:  # fmt: skip
    for (chrom,), some in variants.group_by("chrom", maintain_order=True):
        records = np.unique(some["record"].to_numpy())
        for group in groups:
            if (group.file, group.chrom) != (file, chrom):
                continue
            low, high = records.searchsorted([group.first_record, group.last_record + 1])
            here = records[low:high]
            if not len(here):
                continue
            piece = read_records(
                [group], columns, dictionaries, group.chrom, file, int(here[0]), int(here[-1])
            )
            if piece is None:
                continue
            of_row = values(piece["record"])
            start = of_row.searchsorted(here, side="left")
            stop = of_row.searchsorted(here, side="right")
            if int((stop - start).sum()) < piece.num_rows // 2:
                piece = piece.take(numbers(ranges(start, stop))).combine_chunks()
            yield piece
