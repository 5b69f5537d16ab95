"""`silver.variants`: one row per ALT allele, with what its record says and what is counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.silver.structural import with_derived
from medallion.silver.tables import SUPER_POPULATION_AFS
from medallion.vcf.defects import Defect
from medallion.vcf.info import InfoFields

__all__ = ["alleles", "variant_type"]

Ints = npt.NDArray[np.int64]
_SHOWN = 60
# Any other allele, as in a gVCF's blocks of reference (VCF 4.3, section 5.5) and as callers
# wrote it before: bcftools <X>, GATK <NON_REF>.
_UNSPECIFIED = ("<*>", "<NON_REF>", "<X>")


def variant_type(ref: str, alt: str) -> str:
    """The kind of change that turns `ref` into `alt`.

    Shared bases at the end, then at the start, are trimmed first; what is left tells:
    one base for one is an snv, several for as many an mnv, nothing for some an
    insertion, some for nothing a deletion, and anything else an indel. Symbols and
    breakends are sv; `*` is a spanning_deletion, `<*>` and its like unspecified, `.` none.
    """
    if alt == ".":
        return "none"
    if alt == "*":
        return "spanning_deletion"
    if alt in _UNSPECIFIED:
        return "unspecified"
    if not alt.isalpha():
        return "sv"
    a, b = ref.upper(), alt.upper()
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    if len(a) == len(b):
        return "snv" if len(a) == 1 else "mnv"
    if not a:
        return "insertion"
    return "indel" if b else "deletion"


def _types(alleles: pl.DataFrame) -> pl.Series:
    """Variant types; the common case of one base for another is settled all at once."""
    ref, alt = pl.col("ref").str.len_bytes(), pl.col("alt").str.len_bytes()
    one_base = (ref == 1) & (alt == 1) & ~pl.col("alt").is_in([".", "*"])
    types = alleles.select(pl.when(one_base).then(pl.lit("snv")).alias("t"))["t"]
    rest = types.is_null().arg_true()
    if rest.is_empty():
        return types
    found = [variant_type(r, a) for r, a in alleles.select("ref", "alt")[rest].iter_rows()]
    return types.scatter(rest, found)


def alleles(sites: pl.DataFrame, info: InfoFields) -> tuple[pl.DataFrame, list[Defect]]:
    """Sites of shape (n_records,) as one row per ALT allele, with what INFO states.

    `info` holds the same records' INFO. Counts (`ac`, `an`, `n_missing`) are not filled in
    here. A record without an ALT keeps one row, with alt `.` and alt_index 0. Also returns
    remarks on values that the header allows but that are no numbers: their columns are null.
    """
    n_alts = sites["n_alts"].to_numpy().astype(np.int64)
    rows_per_record = np.maximum(n_alts, 1)
    split = sites.with_columns(pl.col("alt").str.split(",")) if (n_alts > 1).any() else sites
    long = split.explode("alt") if split is not sites else sites
    record = np.repeat(np.arange(len(sites)), rows_per_record)
    alt_index = np.where(n_alts[record] == 0, 0, _running(rows_per_record))
    types = _types(long)
    simple = ~types.is_in(["sv", "spanning_deletion", "unspecified", "none"])
    stated = _Stated(info, record, alt_index, n_alts)
    ancestral = info.find("AA")
    frequencies = {
        f"published_{code.lower()}_af": stated.first((f"{code}_AF", f"AF_{code}"))
        for code in SUPER_POPULATION_AFS
    }
    long = long.with_columns(
        alt_index=pl.Series(alt_index.astype(np.int32)),
        variant_type=types,
        length_change=pl.when(simple).then(
            pl.col("alt").str.len_bytes().cast(pl.Int32)
            - pl.col("ref").str.len_bytes().cast(pl.Int32)
        ),
        transition=_transitions(long, types),
        ancestral_allele=pl.lit(None, pl.String)
        if ancestral is None
        else ancestral.until_bar().gather(record),
        sv_end=stated.number("END", pl.Int32, per_allele=False),
        sv_length=stated.number("SVLEN", pl.Int32),
        published_ac=stated.number("AC", pl.Int32),
        published_an=stated.number("AN", pl.Int32, per_allele=False),
        published_af=stated.number("AF", pl.Float64),
        **frequencies,
        pattern=pl.when(pl.col("pattern") >= 0).then("pattern"),
    )
    return with_derived(long, info, record), stated.remarks(sites)


class _Stated:
    """The numbers that INFO states, for alleles of shape (m,), and which of them are odd."""

    def __init__(self, info: InfoFields, record: Ints, alt_index: Ints, n_alts: Ints) -> None:
        self._info = info
        self._record, self._alt_index, self._n_alts = record, alt_index, n_alts
        self._odd: list[tuple[int, str, bool, str]] = []

    def number(
        self, key: str, kind: type[pl.Int32 | pl.Float64], *, per_allele: bool = True,
        as_many: bool = True,
    ) -> pl.Series | pl.Expr:  # fmt: skip
        """The value of `key` of each allele, or of its record; null where there is none.

        `as_many`: it is odd that a record has not as many values as ALT alleles.
        """
        found = self._info.find(key)
        if found is None:
            return pl.lit(None, kind)
        if per_allele:
            texts = found.of_alleles(self._record, self._alt_index, self._n_alts)
            numbers = texts.cast(kind, strict=False)
            stated = (
                found.present[self._record] & (self._n_alts[self._record] > 0)
                if as_many
                else texts.is_not_null().to_numpy()
            )
        else:
            texts = found.values()
            numbers = texts.cast(kind, strict=False)
            stated = found.present
        null = numbers.is_null().to_numpy()
        if (null & stated).any():
            odd = np.flatnonzero(null & stated & (texts != ".").fill_null(value=True).to_numpy())
            rows = np.unique(self._record[odd] if per_allele else odd)
            self._odd += [(r, key, per_allele, found.text_of(r)) for r in rows.tolist()]
        return numbers if per_allele else numbers.gather(self._record)

    def first(self, keys: tuple[str, ...]) -> pl.Series | pl.Expr:
        """The frequency of each allele under the first of `keys` that states one."""
        # Phase 1 has one value for all ALT alleles of a record, and its header says so.
        numbers = (self.number(key, pl.Float64, as_many=False) for key in keys)
        stated = [own for own in numbers if isinstance(own, pl.Series)]
        if not stated:
            return pl.lit(None, pl.Float64)
        result = stated[0]
        for own in stated[1:]:
            result = result.zip_with(result.is_not_null(), own)
        return result

    def remarks(self, sites: pl.DataFrame) -> list[Defect]:
        """What is odd, a remark for each value; the record is kept."""
        found = []
        for row, key, per_allele, value in self._odd:
            line, chrom, pos, n = sites.select("line", "chrom", "pos", "n_alts").row(row)
            wanted = f"{n} whole numbers" if per_allele and n > 1 else "a number"
            wanted = wanted.replace("whole ", "") if "AF" in key else wanted
            shown = repr(value if len(value) <= _SHOWN else value[: _SHOWN - 3] + "...")
            detail = f"{key}: expected {wanted}, found {shown}"
            found.append(Defect("info-value", line, "record", chrom, pos, f"INFO/{key}", detail))
        return found


def _running(lengths: Ints) -> Ints:
    """1, 2, ..., n for each n of `lengths`, one after the other."""
    ends = np.cumsum(lengths, dtype=np.int64)
    running = np.arange(1, int(lengths.sum()) + 1, dtype=np.int64)
    running -= np.repeat(ends - lengths, lengths)
    return running.astype(np.int32)


def _transitions(long: pl.DataFrame, types: pl.Series) -> pl.Series:
    """Of each snv, whether both bases are purines or both pyrimidines; else null."""
    bases = long.select("ref", "alt")
    # An snv that is written with shared bases around it shows its change after trimming.
    odd = ((types == "snv") & (bases["ref"].str.len_bytes() > 1)).arg_true()
    if len(odd):
        changed = [
            next(p for p in zip(r.upper(), a.upper(), strict=True) if p[0] != p[1])
            for r, a in bases[odd].iter_rows()
        ]
        refs, alts = zip(*changed, strict=True)
        bases = bases.with_columns(
            ref=bases["ref"].scatter(odd, refs), alt=bases["alt"].scatter(odd, alts)
        )
    pair = (pl.col("ref") + pl.col("alt")).str.to_uppercase()
    known = (types == "snv") & pair.str.contains("^[ACGT]{2}$")
    return bases.select(
        pl.when(known).then(pair.is_in(["AG", "GA", "CT", "TC"])).alias("transition")
    ).to_series()
