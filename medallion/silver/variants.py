"""`silver.variants`: one row per ALT allele, with what its record says and what is counted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.silver.tables import SUPER_POPULATION_AFS
from medallion.vcf.defects import Defect

__all__ = ["alleles", "odd_values", "variant_type"]


def variant_type(ref: str, alt: str) -> str:
    """The kind of change that turns `ref` into `alt`.

    Shared bases at the end, then at the start, are trimmed first; what is left tells:
    one base for one is an snv, several for as many an mnv, nothing for some an
    insertion, some for nothing a deletion, and anything else an indel. Symbols and
    breakends are sv, `*` is a spanning_deletion, `.` is none.
    """
    if alt == ".":
        return "none"
    if alt == "*":
        return "spanning_deletion"
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
    one_base = pl.col("ref").str.len_bytes().eq(1) & pl.col("alt").str.contains("^[A-Za-z]$")
    types = alleles.select(pl.when(one_base).then(pl.lit("snv")).alias("t"))["t"]
    rest = alleles.filter(types.is_null()).select("ref", "alt")
    if rest.is_empty():
        return types
    found = pl.Series([variant_type(r, a) for r, a in rest.iter_rows()], dtype=pl.String)
    result = types.to_numpy(writable=True).astype(object)
    result[types.is_null().to_numpy()] = found.to_list()
    return pl.Series(result.tolist(), dtype=pl.String)


def alleles(sites: pl.DataFrame) -> pl.DataFrame:
    """Sites of shape (n_records,) as one row per ALT allele, with what INFO states.

    Counts (`ac`, `an`, `n_missing`) are not filled in here. A record without an ALT
    keeps one row, with alt `.` and alt_index 0.
    """
    n_alts = sites["n_alts"].to_numpy()
    rows_per_record = np.maximum(n_alts, 1)
    split = sites.with_columns(pl.col("alt").str.split(",")) if (n_alts > 1).any() else sites
    long = split.explode("alt") if split is not sites else sites
    alt_index = _running(rows_per_record)
    long = long.with_columns(
        alt_index=pl.when(pl.col("n_alts") == 0).then(0).otherwise(pl.Series(alt_index))
    )
    types = _types(long)
    simple = ~types.is_in(["sv", "spanning_deletion", "none"])
    long = long.with_columns(
        variant_type=types,
        length_change=pl.when(simple).then(
            pl.col("alt").str.len_bytes().cast(pl.Int32)
            - pl.col("ref").str.len_bytes().cast(pl.Int32)
        ),
        transition=_transitions(long, types),
        ancestral_allele=_info("AA").str.extract(r"^([^|]*)").replace(["", "."], None),
        sv_end=_info("END").cast(pl.Int32, strict=False),
        sv_length=_of_allele("SVLEN").cast(pl.Int32, strict=False),
        published_ac=_of_allele("AC").cast(pl.Int32, strict=False),
        published_an=_info("AN").cast(pl.Int32, strict=False),
        published_af=_of_allele("AF").cast(pl.Float64, strict=False),
        **{
            f"published_{code.lower()}_af": pl.coalesce(
                _of_allele(f"{code}_AF"), _of_allele(f"AF_{code}")
            ).cast(pl.Float64, strict=False)
            for code in SUPER_POPULATION_AFS
        },
    )
    return long.with_columns(
        pattern=pl.when(pl.col("pattern") >= 0).then("pattern"),
    )


_READ = (
    ("AC", "published_ac", True),
    ("AN", "published_an", False),
    ("AF", "published_af", True),
    ("END", "sv_end", False),
    ("SVLEN", "sv_length", True),
)


def odd_values(long: pl.DataFrame) -> list[Defect]:
    """Remarks on values of INFO that could not be read as what they should be.

    `long` is what `alleles` returned. The record is kept; the value's column is null.
    """
    found: list[Defect] = []
    for key, column, per_allele in _READ:
        stated = pl.col("info").str.extract(rf"(?:^|;){key}=([^;]*)")
        odd = long.filter(
            pl.col(column).is_null() & stated.is_not_null() & ~stated.is_in([".", ""])
        ).unique("line", keep="first", maintain_order=True)
        for row in odd.with_columns(stated=stated).iter_rows(named=True):
            listed = row["stated"].split(",")
            if "." in listed and len(listed) == row["n_alts"]:
                continue
            wanted = f"{row['n_alts']} numbers" if per_allele and row["n_alts"] > 1 else "a number"
            detail = f"{key}: expected {wanted}, found {row['stated'][:60]!r}"
            found.append(
                Defect(
                    "info-value", row["line"], "record", row["chrom"], row["pos"], "INFO", detail
                )
            )
    return found


def _running(lengths: npt.NDArray[np.int64] | npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """1, 2, ..., n for each n of `lengths`, one after the other."""
    ends = np.cumsum(lengths, dtype=np.int64)
    running = np.arange(1, int(lengths.sum()) + 1, dtype=np.int64)
    running -= np.repeat(ends - lengths, lengths)
    return running.astype(np.int32)


def _info(key: str) -> pl.Expr:
    return pl.col("info").str.extract(rf"(?:^|;){key}=([^;]*)")


def _of_allele(key: str) -> pl.Expr:
    """The value of a key that has one for each ALT allele: this allele's, if they fit."""
    values = _info(key)
    listed = values.str.split(",")
    fits = listed.list.len().cast(pl.Int32) == pl.col("n_alts")
    chosen = listed.list.get(pl.col("alt_index") - 1, null_on_oob=True)
    return (
        pl.when(pl.col("n_alts") == 1)
        .then(pl.when(~values.str.contains(",", literal=True)).then(values))
        .when(fits)
        .then(chosen)
    )


def _transitions(long: pl.DataFrame, types: pl.Series) -> pl.Series:
    """Of each snv, whether both bases are purines or both pyrimidines; else null."""
    ref, alt = long["ref"].str.to_uppercase(), long["alt"].str.to_uppercase()
    one = (ref.str.len_bytes() == 1) & (types == "snv")
    # An snv that is written with shared bases around it shows its change after trimming.
    odd = (types == "snv") & (ref.str.len_bytes() > 1)
    if odd.any():
        refs, alts = ref.to_list(), alt.to_list()
        for i in odd.arg_true().to_list():
            at = next(k for k, (x, y) in enumerate(zip(refs[i], alts[i], strict=True)) if x != y)
            refs[i], alts[i] = refs[i][at], alts[i][at]
        ref, alt, one = pl.Series(refs), pl.Series(alts), types == "snv"
    pair = ref + alt
    known = one & pair.str.contains("^[ACGT]{2}$")
    return pl.DataFrame({"pair": pair, "known": known}).select(
        pl.when("known").then(pl.col("pair").is_in(["AG", "GA", "CT", "TC"]))
    ).to_series()  # fmt: skip
