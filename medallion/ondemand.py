"""Answers worked out from silver when they are asked for: linkage, haplotypes, cohorts.

Nothing here is stored. Each function takes a lake's folder, reads the published silver
layer, and of its genotypes only the row groups that hold what is asked for. Sources:
linkage `medallion.popgen.linkage`, haplotypes `medallion.popgen.haplotypes`, cohorts
`medallion.gold.cohort`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.bronze.raw import Region, parse_where
from medallion.catalog.populations import ALL
from medallion.errors import NotBuiltError, UsageError
from medallion.export import in_region
from medallion.find import variant_filter
from medallion.gold.cohort import read_cohort
from medallion.gold.matrix import MISSING, Haplotypes, read_dosages, read_haplotypes
from medallion.popgen.groups import Group, Groups
from medallion.popgen.haplotypes import haplotype_counts
from medallion.popgen.linkage import dosage_r, haplotype_ld
from medallion.silver.tables import COLUMNS, SAMPLES, VARIANTS
from medallion.storage import delta
from medallion.storage.snapshot import read_snapshot

__all__ = ["MOST_IN_HAPLOTYPES", "MOST_IN_MATRIX", "cohort", "haplotypes", "ld_matrix", "linked"]

MOST_IN_MATRIX = 500
MOST_IN_HAPLOTYPES = 10

Measure = Literal["r2", "d_prime"]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

_ALLELES_AT_ONCE = 2048
_RECORDS_AT_ONCE = 20_000
_LISTED = 8
# What the answers need of silver.variants; the rest of it (INFO) is most of its bytes.
_COLUMNS = (
    "chrom", "pos", "id", "ref", "alt", "alt_index", "n_alts", "ac", "an", "n_missing",
    "has_gt", "pattern", "file", "record",
)  # fmt: skip
_LINKED = {
    "pos": pl.Int32, "id": pl.String, "ref": pl.String, "alt": pl.String, "distance": pl.Int32,
    "af": pl.Float64, "r2": pl.Float64, "d_prime": pl.Float64, "n": pl.Int32,
    "phased": pl.Boolean,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Silver:
    """The published silver layer of the lake at `root`: its tables' versions."""

    root: Path
    versions: Mapping[str, int]

    @classmethod
    def of(cls, root: Path) -> _Silver:
        snapshot = read_snapshot(root, "silver")
        if snapshot is None:
            raise NotBuiltError(
                "The silver layer has not been built, so there are no genotypes to read. "
                f"Build it: medallion build silver --lake {root}"
            )
        return cls(root, {name: state.version for name, state in snapshot.tables.items()})

    def variants(self, where: pl.Expr) -> pl.DataFrame:
        frame = delta.scan(self.root, VARIANTS, self.versions["variants"])
        with delta.reading(self.root, "silver"):
            return (
                frame.filter(where).select(_COLUMNS).collect().sort("file", "record", "alt_index")
            )

    def contigs(self) -> list[str]:
        frame = delta.scan(self.root, VARIANTS, self.versions["variants"])
        with delta.reading(self.root, "silver"):
            return frame.select("chrom").unique().collect()["chrom"].sort().to_list()

    def samples(self) -> pl.DataFrame:
        """Rows of `silver.samples` that are in a VCF."""
        frame = delta.scan(self.root, SAMPLES, self.versions["samples"])
        with delta.reading(self.root, "silver"):
            return frame.filter("in_vcf").collect()

    def columns(self, file: str) -> list[str]:
        """The samples of a file, in the order of its columns."""
        frame = delta.scan(self.root, COLUMNS, self.versions["columns"])
        with delta.reading(self.root, "silver"):
            return frame.filter(pl.col("file") == file).sort("column").collect()["sample"].to_list()

    def haplotypes(self, file: str, variants: pl.DataFrame) -> Haplotypes:
        return read_haplotypes(self.root, self.versions, file, variants)

    def groups(self, file: str) -> list[tuple[Group, Mask]]:
        """The groups that have samples in a file, and its columns that belong to each.

        Everyone first, then super-populations, then populations. A mask has shape
        (n_columns,).
        """
        groups = Groups.of(self.samples())
        strata = np.array([groups.stratum[name] for name in self.columns(file)], np.int64)
        found = [
            (group, np.isin(strata, members))
            for group, members in zip(groups.groups, groups.members, strict=True)
        ]
        levels = ("all", "super_population", "population")
        return sorted(
            ((g, who) for g, who in found if who.any()), key=lambda f: levels.index(f[0].level)
        )

    def group(self, file: str, code: str | None) -> tuple[Group, Mask]:
        """The group with this code (None: everyone) in a file, and its columns."""
        groups = self.groups(file)
        wanted = ALL if code is None else code.strip()
        for group, who in groups:
            if group.code == wanted:
                return group, who
        raise UsageError(
            f"No sample of {file} is in a group {wanted!r}: expected the code of one of "
            f"{', '.join(g.code for g, _ in groups)}."
        )


def linked(
    root: Path,
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
    of genotypes (Rogers & Huff 2009) and d_prime null. Rows are by falling r2, then by
    distance; at most `limit`.

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
    silver = _Silver.of(root)
    index = _alleles(silver, [variant])
    row = index.row(0, named=True)
    file, pos = row["file"], row["pos"]
    group, who = silver.group(file, population)
    own = silver.haplotypes(file, index)
    mine = own.alleles[:, who]
    if not _varies(mine)[0]:
        raise UsageError(
            f"{_name(row)} does not vary in {group.code}, so it is linked with nothing there. "
            "Choose another group, such as ALL, or another variant."
        )
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
    least = pl.max_horizontal(minimum_af * (int(who.sum()) - pl.col("n_missing")), 1)
    around = around.filter(pl.min_horizontal("ac", pl.col("an") - pl.col("ac")) >= least)
    copies = None
    found = [pl.DataFrame(schema=_LINKED)]
    for some in around.iter_slices(_ALLELES_AT_ONCE):
        read = silver.haplotypes(file, some)
        theirs = read.alleles[:, who]
        af = _af(theirs)
        ld = haplotype_ld(mine, theirs)
        r2, n, d_prime = ld.r2[0].copy(), ld.n[0].copy(), ld.d_prime[0].copy()
        phased = read.phased & own.phased[0]
        loose = np.flatnonzero(~phased)
        if len(loose):
            if copies is None:
                copies = read_dosages(root, silver.versions, file, index).copies[:, who]
            others = read_dosages(root, silver.versions, file, some[loose]).copies[:, who]
            r2[loose] = dosage_r(copies, others)[0] ** 2
            n[loose] = ((copies >= 0) & (others >= 0)).sum(axis=1)
            d_prime[loose] = np.nan
        found.append(
            some.with_columns(
                distance=pl.col("pos") - pos, af=pl.Series(af), r2=pl.Series(r2),
                d_prime=pl.Series(d_prime).fill_nan(None), n=pl.Series(n).cast(pl.Int32),
                phased=pl.Series(phased),
            )
            .filter(np.isfinite(r2) & (np.minimum(af, 1 - af) >= minimum_af))
            .select(pl.col(name).cast(kind) for name, kind in _LINKED.items())
        )  # fmt: skip
    sorted_ = pl.concat(found).sort(
        "r2", pl.col("distance").abs(), "pos", "ref", "alt",
        descending=[True, False, False, False, False], maintain_order=True,
    )  # fmt: skip
    return sorted_ if limit is None else sorted_.head(limit)


def ld_matrix(
    root: Path, variants: Sequence[str], *, population: str | None = None, measure: Measure = "r2"
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
    if measure not in get_args(Measure):
        raise UsageError(f"measure is {measure!r}: expected one of {', '.join(get_args(Measure))}.")
    silver = _Silver.of(root)
    chosen = _alleles(silver, _several(variants, MOST_IN_MATRIX))
    file = chosen["file"][0]
    names = [_name(row) for row in chosen.iter_rows(named=True)]
    _, who = silver.group(file, population)
    read = silver.haplotypes(file, chosen)
    found: Floats
    if read.phased.all():
        alleles = read.alleles[:, who]
        ld = haplotype_ld(alleles, alleles)
        found = ld.r2 if measure == "r2" else ld.d_prime
    elif measure == "r2":
        copies = read_dosages(root, silver.versions, file, chosen).copies[:, who]
        found = dosage_r(copies, copies) ** 2
    else:
        raise _unphased([n for n, phased in zip(names, read.phased, strict=True) if not phased])
    values = pl.DataFrame(found, schema=dict.fromkeys(names, pl.Float64), orient="row")
    return values.fill_nan(None).insert_column(0, pl.Series("variant", names))


def haplotypes(
    root: Path, variants: Sequence[str], *, population: str | None = None
) -> pl.DataFrame:
    """Haplotypes of up to MOST_IN_HAPLOTYPES variants, with counts and frequencies by group.

    A variant is a record with all its alleles here, so that 22:16050075 is enough where
    the position has one record. Columns: haplotype (alleles in the order of the file,
    joined by `_`), alleles (the same as a list), population and level (as in
    `gold.frequencies`), count (copies), n (copies in the group that are called at all
    variants), frequency (count / n; null where n is 0), n_missing (copies that are not).
    A haploid sample has one copy. Commonest haplotype first; within it everyone, then
    super-populations, then populations, groups that lack the haplotype too.
    `population`, a code as in `linked`, leaves that group alone, and the haplotypes that
    it has, its commonest first.

    Raises UsageError as `ld_matrix` does, and where the phase is not known.
    """
    silver = _Silver.of(root)
    named = _records(silver, _several(variants, MOST_IN_HAPLOTYPES))
    file = named["file"][0]
    read = silver.haplotypes(file, named)
    if not read.phased.all():
        raise _unphased([_name(r) for r in named.filter(~read.phased).iter_rows(named=True)])
    record = named["record"].to_numpy()
    first = np.unique(record, return_index=True)[1]
    # The number of the allele that a copy carries: at most one of a record's rows is 1.
    number = named["alt_index"].to_numpy()[:, None, None]
    carried = np.add.reduceat(np.where(read.alleles == 1, number, 0), first)
    alleles = np.where(read.alleles[first] < 0, read.alleles[first], carried).astype(np.int8)
    texts = [
        {**dict(some.select("alt_index", "alt").rows()), 0: some["ref"][0]}
        for some in named.partition_by("record", maintain_order=True)
    ]
    groups = silver.groups(file) if population is None else [silver.group(file, population)]
    counted = haplotype_counts(alleles, np.stack([who for _, who in groups]))
    n = counted.counts.sum(axis=0)
    spelled = [[texts[i][a] for i, a in enumerate(h)] for h in counted.haplotypes.tolist()]
    cells = [
        ("_".join(h), h, g.code, g.level, int(c), int(of), int(c) / int(of) if of else None, int(m))
        for h, counts in zip(spelled, counted.counts, strict=True)
        for (g, _), c, of, m in zip(groups, counts, n, counted.missing, strict=True)
    ]
    frame = pl.DataFrame(
        cells,
        schema={
            "haplotype": pl.String, "alleles": pl.List(pl.String), "population": pl.String,
            "level": pl.String, "count": pl.Int32, "n": pl.Int32, "frequency": pl.Float64,
            "n_missing": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
    if population is None:
        return frame
    return frame.filter(pl.col("count") > 0).sort("count", descending=True, maintain_order=True)


def cohort(
    root: Path,
    region: str,
    *,
    populations: Sequence[str] | None = None,
    super_populations: Sequence[str] | None = None,
    sex: str | None = None,
    samples: Sequence[str] | None = None,
) -> pl.DataFrame:
    """Counts and frequencies, in any set of samples, of the ALT alleles of a region.

    The cohort are the samples that fulfil all conditions that are given: of one of
    `populations`, of one of `super_populations`, of this `sex` (female, male or
    unknown), named in `samples`. Without any, it is everyone. The result has the columns
    of `gold.frequencies` but population and level: see `gold.cohort.cohort_rows`.
    `region` is such as 22:16050000-16051000, or a whole contig, 22.

    Raises UsageError where the region cannot be read or its contig is not in the lake,
    where a name is unknown, or where no sample fits.
    """
    place = parse_where(region)
    if not isinstance(place, Region):
        raise UsageError(f"{region!r} is no region: expected one such as 22:16050000-16051000.")
    silver = _Silver.of(root)
    people = silver.samples()
    conditions = {
        "population": populations, "super_population": super_populations,
        "sex": None if sex is None else [sex], "sample": samples,
    }  # fmt: skip
    members = people
    for column, wanted in conditions.items():
        if wanted is not None:
            names = [wanted] if isinstance(wanted, str) else list(wanted)
            _known(people[column].drop_nulls(), names, column)
            members = members.filter(pl.col(column).is_in(names))
    if members.is_empty():
        told = "; ".join(
            f"{column.replace('_', '-')} {_listed(wanted)}"
            for column, wanted in conditions.items() if wanted is not None
        )  # fmt: skip
        raise UsageError(
            f"No sample with genotypes fits all conditions ({told}): a sample must fulfil each "
            "of them. Leave one out."
        )
    variants = silver.variants(in_region(place))
    if variants.is_empty():
        contigs = silver.contigs()
        if place.chrom.removeprefix("chr") not in {c.removeprefix("chr") for c in contigs}:
            raise UsageError(f"The lake has no contig {place.chrom!r}; it has {_listed(contigs)}.")
    cohort_of = frozenset(members["sample"].to_list())
    found = [read_cohort(root, silver.versions, "", variants.head(0), cohort_of)]
    for file, some in _pieces(variants):
        found.append(read_cohort(root, silver.versions, file, some, cohort_of))
    return pl.concat(found)


def _pieces(variants: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Whole records of one contig of one file, not too many at once."""
    for (file, _), some in variants.group_by("file", "chrom", maintain_order=True):
        piece = (some["record"].rle_id() // _RECORDS_AT_ONCE).alias("piece")
        for part in some.with_columns(piece).partition_by("piece", include_key=False):
            yield str(file), part


def _known(column: pl.Series, names: Sequence[str], what: str) -> None:
    """Raise UsageError for the names that the column has not."""
    there = set(column.to_list())
    unknown = [n for n in names if n not in there]
    if not unknown:
        return
    has, most = sorted(there), 3 if what == "sample" else 40
    raise UsageError(
        f"No sample with genotypes has the {what.replace('_', '-')} {_listed(unknown)}: expected "
        f"one of silver.samples, which has {_listed(has, most)}."
    )


def _listed(names: Sequence[str], most: int = _LISTED) -> str:
    some = [names] if isinstance(names, str) else list(names)
    more = f" and {len(some) - most:,} more" if len(some) > most else ""
    return (", ".join(some[:most]) or "none") + more


def _several(variants: Sequence[str], most: int) -> list[str]:
    texts = [variants] if isinstance(variants, str) else list(variants)
    if not 1 <= len(texts) <= most:
        raise UsageError(
            f"{len(texts):,} variants are named: expected 1 to {most}, each such as "
            "22-16050075-A-G."
        )
    return texts


def _name(row: Mapping[str, object]) -> str:
    return f"{row['chrom']}-{row['pos']}-{row['ref']}-{row['alt']}"


def _unphased(names: Sequence[str]) -> UsageError:
    return UsageError(
        f"Which haplotype carries what is not known at {_listed(names)}: the file has genotypes "
        "such as 0/1 there, and this needs 0|1. Leave them out, or ask for r2."
    )


def _alleles(silver: _Silver, texts: Sequence[str]) -> pl.DataFrame:
    """The one ALT allele that each text means, in the order of the file."""
    return _one_contig(pl.concat(_found(silver, texts, ("file", "record", "alt_index"))))


def _records(silver: _Silver, texts: Sequence[str]) -> pl.DataFrame:
    """All alleles of the one record that each text means, in the order of the file."""
    named = _one_contig(
        pl.concat(
            rows.unique(["file", "record"], keep="first", maintain_order=True)
            for rows in _found(silver, texts, ("file", "record"))
        )
    )
    return silver.variants(
        (pl.col("chrom") == named["chrom"][0])
        & pl.col("pos").is_in(named["pos"].unique().implode())
        & (pl.col("file") == named["file"][0])
        & pl.col("record").is_in(named["record"].implode())
    )


def _found(silver: _Silver, texts: Sequence[str], key: Sequence[str]) -> list[pl.DataFrame]:
    """Rows of `silver.variants` that each text means: of one `key`, or UsageError."""
    filters = [variant_filter(text) for text in texts]
    where = filters[0]
    if len(texts) > 1:
        # One pass for what any of them can mean, instead of hundreds of conditions a row.
        numbers = {int(n.replace(",", "")) for t in texts for n in re.findall("[0-9][0-9,]*", t)}
        here = pl.Series(sorted(n for n in numbers if n < 1 << 31), dtype=pl.Int32)
        names = pl.Series([t.strip() for t in texts])
        where = pl.col("pos").is_in(here.implode()) | pl.col("id").str.contains_any(names)
    every = silver.variants(where)
    found = []
    for text, means in zip(texts, filters, strict=True):
        rows = every.filter(means)
        if rows.is_empty():
            raise UsageError(
                f"There is no variant {text.strip()!r} in silver: expected one such as "
                "22-16050075-A-G, 22:16050075 or rs587697622. See silver.defects for what was "
                "kept out."
            )
        if rows.n_unique(key) > 1:
            choices = [f"{_name(r)} ({r['file']} #{r['record']:,})" for r in rows.to_dicts()]
            raise UsageError(
                f"{text.strip()!r} may mean any of {len(rows)} alleles: {_listed(choices)}. "
                "Name one of them in full."
            )
        if not rows["has_gt"].all():
            raise UsageError(
                f"{text.strip()!r} has no genotypes (no GT in its record), so nothing can be said "
                "of who carries it. Choose another variant."
            )
        found.append(rows)
    return found


def _one_contig(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows in order, if they are of one contig of one file, each named once."""
    places = rows.select("file", "chrom").unique(maintain_order=True)
    if len(places) > 1:
        told = [f"{chrom} of {file}" for file, chrom in places.iter_rows()]
        raise UsageError(
            f"The variants are of several contigs or files: {_listed(told)}. Phase is known "
            "within one alone: ask for each by itself."
        )
    names = pl.Series([_name(row) for row in rows.iter_rows(named=True)])
    if names.is_duplicated().any():
        twice = names.filter(names.is_duplicated()).unique(maintain_order=True).to_list()
        raise UsageError(f"Named more than once: {_listed(twice)}. Name each variant once.")
    return rows.sort("record", "alt_index")


def _af(alleles: npt.NDArray[np.int8]) -> Floats:
    """Frequency of each ALT among called copies; NaN without any. Any ploidy up to 2."""
    with np.errstate(invalid="ignore", divide="ignore"):
        af: Floats = (alleles == 1).sum(axis=(1, 2)) / (alleles > MISSING).sum(axis=(1, 2))
    return af


def _varies(alleles: npt.NDArray[np.int8]) -> Mask:
    af = _af(alleles)
    return (af > 0) & (af < 1)
