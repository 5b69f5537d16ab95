"""Linkage around a variant, and among chosen ones, read from silver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.errors import UsageError
from medallion.files import Place
from medallion.gold.matrix import MISSING, read_dosages
from medallion.ondemand.named import find_alleles, label, listed, several, unphased
from medallion.ondemand.silver import Mask, Silver
from medallion.popgen import bits
from medallion.popgen.linkage import dosage_r, haplotype_ld

__all__ = ["MOST_IN_MATRIX", "Measure", "ld_matrix", "ld_pairs", "linked"]

MOST_IN_MATRIX = 500

Measure = Literal["r2", "d_prime"]
Floats = npt.NDArray[np.float64]

_ALLELES_AT_ONCE = 2048
_LINKED = {
    "pos": pl.Int32, "id": pl.String, "ref": pl.String, "alt": pl.String, "distance": pl.Int32,
    "af": pl.Float64, "r2": pl.Float64, "d_prime": pl.Float64, "n": pl.Int32,
    "phased": pl.Boolean,
}  # fmt: skip


def linked(
    root: Place,
    variant: str,
    *,
    distance: int = 500_000,
    population: str | None = None,
    minimum_af: float = 0.01,
    limit: int | None = None,
) -> pl.DataFrame:
    """Proxies of an ALT allele: the alleles around it, by how closely they go with it.

    `variant` names one ALT allele, as `find.variant_filter` reads it. Its partners are
    the other alleles on the same contig of the same file, at most `distance` bases from
    it, whose rarer side (this ALT, or all else) has a frequency of at least
    `minimum_af` in the group; those that do not vary there have no linkage and no row.
    `population` is the code of a population or super-population, or ALL (None means ALL).

    Columns: pos, id, ref, alt; distance (bases, below 0 before the variant); af (of this
    ALT in the group); r2; d_prime (-1 to 1, above 0: the two ALTs go together); n
    (haplotypes where both are called; samples where `phased` is false); phased. Where
    either record has a heterozygous genotype of unknown phase, `phased` is false, r2 that
    of genotypes (Rogers & Huff 2009; a haploid call weighs as a homozygous one) and d_prime
    null. Rows are by falling r2, then by distance; at most `limit`.

    Raises UsageError where the variant is not found, ambiguous, has no genotypes or does
    not vary in the group, where there is no such group, or for a bound out of range.
    """
    if distance < 0:
        raise UsageError(f"distance is {distance}: expected 0 or more bases, such as 500000.")
    if not 0 <= minimum_af <= 0.5:
        raise UsageError(
            f"minimum_af is {minimum_af}: expected the frequency of a minor allele, from 0 to "
            "0.5, such as 0.01."
        )
    if limit is not None and limit < 1:
        raise UsageError(f"limit is {limit}: expected 1 or more rows, or None for all.")
    silver = Silver.of(root)
    index = find_alleles(silver, [variant])
    row = index.row(0, named=True)
    file, pos = row["file"], row["pos"]
    group, who = silver.group(file, population)
    own = silver.haplotypes(file, index)
    if not _frequencies(own.alleles, who)[1][0] > 0:
        raise UsageError(
            f"{label(row)} does not vary in {group.code}, so it is linked with nothing there. "
            "Choose another group, such as ALL, or another variant."
        )
    # Of the others nothing is known, so that no pair counts them.
    mine = np.where(who[:, None], own.alleles, MISSING)
    around = silver.variants(
        (pl.col("chrom") == row["chrom"])
        & pl.col("pos").is_between(pos - distance, pos + distance)
        & (pl.col("file") == file)
        & pl.col("has_gt")
        & (pl.col("alt_index") > 0)
        & ((pl.col("record") != row["record"]) | (pl.col("alt_index") != row["alt_index"]))
    )
    # No group has more copies of either side than everyone has, nor fewer called alleles
    # than samples that are called: what is too rare even so need not be read.
    # A hair less, for 0.07 * 100 is more than 7 in floating point.
    bound = (1 - 1e-9) * minimum_af
    least = pl.max_horizontal(bound * (int(who.sum()) - pl.col("n_missing")), 1)
    around = around.filter(pl.min_horizontal("ac", pl.col("an") - pl.col("ac")) >= least)
    copies = None
    found = [pl.DataFrame(schema=_LINKED)]
    for some in around.iter_slices(_ALLELES_AT_ONCE):
        read = silver.haplotypes(file, some)
        af, rarer = _frequencies(read.alleles, who)
        ld = haplotype_ld(mine, read.alleles)
        r2, n, d_prime = ld.r2[0].copy(), ld.n[0].copy(), ld.d_prime[0].copy()
        phased = read.phased & own.phased[0]
        loose = np.flatnonzero(~phased)
        if len(loose):
            if copies is None:
                copies = _genotypes(silver, file, index, who)
            others = _genotypes(silver, file, some[loose], who)
            r2[loose] = dosage_r(copies, others)[0] ** 2
            n[loose] = ((copies >= 0) & (others >= 0)).sum(axis=1)
            d_prime[loose] = np.nan
        found.append(
            some.with_columns(
                distance=pl.col("pos") - pos, af=pl.Series(af), r2=pl.Series(r2),
                d_prime=pl.Series(d_prime).fill_nan(None), n=pl.Series(n).cast(pl.Int32),
                phased=pl.Series(phased),
            )
            .filter(np.isfinite(r2) & (rarer >= minimum_af))
            .select(pl.col(name).cast(kind) for name, kind in _LINKED.items())
        )  # fmt: skip
    sorted_ = pl.concat(found).sort(
        "r2", pl.col("distance").abs(), "pos", "ref", "alt",
        descending=[True, False, False, False, False], maintain_order=True,
    )  # fmt: skip
    return sorted_ if limit is None else sorted_.head(limit)


def ld_matrix(
    root: Place, variants: Sequence[str], *, population: str | None = None, measure: Measure = "r2"
) -> pl.DataFrame:
    """Linkage of all pairs of up to MOST_IN_MATRIX ALT alleles of one contig of one file.

    One row and one column an allele, in the order of the file: the column `variant` holds
    names such as 22-16050075-A-G, and so are the others named. `measure` is r2 (0 to 1),
    or d_prime (-1 to 1, above 0: the two ALTs go together). From haplotypes; where a
    genotype of any of the records has no phase, all r2 are those of genotypes (Rogers &
    Huff 2009). Null where one of the two does not vary in the group. `population` as in
    `linked`.

    Raises UsageError where a variant is not found, ambiguous, named twice, without
    genotypes or on another contig or file than the first; for too many; for another
    measure; for d_prime without phase; where there is no such group.
    """
    _check(measure)
    silver = Silver.of(root)
    chosen = find_alleles(silver, several(variants, MOST_IN_MATRIX))
    names = [label(row) for row in chosen.iter_rows(named=True)]
    found = _all_pairs(silver, chosen, population, measure)
    values = pl.DataFrame(found, schema=dict.fromkeys(names, pl.Float64), orient="row")
    return values.fill_nan(None).insert_column(0, pl.Series("variant", names))


def ld_pairs(
    root: Place, alleles: pl.DataFrame, *, population: str | None = None, measure: Measure = "r2"
) -> pl.DataFrame:
    """Linkage of all pairs of alleles that are known by their rows, the strongest first.

    `alleles` has chrom, pos, file, record, alt_index of up to MOST_IN_MATRIX ALT alleles of
    one contig of one file, in the order of the file: rows of a table of this lake, so that
    alleles that share a name are told apart. Columns: one, other (their rows, counted from
    0, `one` the first), value. Pairs of which one does not vary in the group are left out.
    `population` and `measure` as in `ld_matrix`.

    Raises UsageError as `ld_matrix` does.
    """
    _check(measure)
    several(alleles["pos"].cast(pl.String).to_list(), MOST_IN_MATRIX)
    key = ["file", "record", "alt_index"]
    if len(places := alleles.select("file", "chrom").unique()) > 1:
        told = listed([f"{chrom} of {file}" for file, chrom in sorted(places.iter_rows())])
        raise UsageError(f"The alleles are of several contigs or files, {told}: choose one.")
    silver = Silver.of(root)
    chosen = silver.variants(
        (pl.col("chrom") == alleles["chrom"][0])
        & pl.col("pos").is_in(alleles["pos"].unique().implode())
        & (pl.col("file") == alleles["file"][0])
        & pl.col("has_gt")
    ).join(alleles.select(key), on=key, how="semi", maintain_order="left")
    if chosen.height != alleles.height:
        raise UsageError(
            f"Silver has genotypes of {chosen.height:,} of {alleles.height:,} alleles: gold may "
            "be of another silver. Build gold anew."
        )
    found = _all_pairs(silver, chosen, population, measure)
    one, other = np.triu_indices(len(found), 1)
    pairs = pl.DataFrame(
        {"one": one.astype(np.int32), "other": other.astype(np.int32), "value": found[one, other]}
    )
    return pairs.filter(pl.col("value").is_not_nan()).sort(
        pl.col("value").abs(), "one", "other", descending=[True, False, False]
    )


def _check(measure: str) -> None:
    if measure not in get_args(Measure):
        raise UsageError(f"measure is {measure!r}: expected one of {', '.join(get_args(Measure))}.")


def _all_pairs(
    silver: Silver, chosen: pl.DataFrame, population: str | None, measure: Measure
) -> Floats:
    """The measure of each of `chosen` with each, NaN where one of the two does not vary."""
    file = chosen["file"][0]
    _, who = silver.group(file, population)
    read = silver.haplotypes(file, chosen)
    if read.phased.all():
        alleles = read.alleles[:, who]
        ld = haplotype_ld(alleles, alleles)
        return ld.r2 if measure == "r2" else ld.d_prime
    if measure == "r2":
        copies = _genotypes(silver, file, chosen, who)
        found: Floats = dosage_r(copies, copies) ** 2
        return found
    names = [label(row) for row in chosen.filter(~read.phased).iter_rows(named=True)]
    raise unphased(names)


def _genotypes(silver: Silver, file: str, alleles: pl.DataFrame, who: Mask) -> npt.NDArray[np.int8]:
    """Copies of each allele in the samples `who`: 0, 1 or 2, below 0 where missing.

    A haploid sample counts twice, as if homozygous (as plink codes males' chrX): with one
    copy for two, whatever is common would go with whoever has two copies, linked or not.
    """
    read = read_dosages(silver.root, silver.versions, file, alleles)
    copies = read.copies[:, who]
    return np.where((read.ploidy[:, who] == 1) & (copies > 0), 2, copies).astype(np.int8)


def _frequencies(alleles: npt.NDArray[np.int8], who: Mask) -> tuple[Floats, Floats]:
    """Frequencies in the samples `who` of each ALT and of the rarer of it and all else.

    Among called copies; NaN without any. Any ploidy up to 2.
    """
    group = bits.packed(np.repeat(who, 2)[None])
    ac, an = (bits.shared(group, bits.packed(x))[0] for x in (alleles == 1, alleles > MISSING))
    with np.errstate(invalid="ignore", divide="ignore"):
        # From counts both: 1 - 0.9 is less than 0.1 in floating point.
        return ac / an, np.minimum(ac, an - ac) / an
