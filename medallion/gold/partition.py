"""One partition of gold: a stretch of silver's records in, parts of tables and sums out.

A pure function of its task, as silver's; the samples' calls are read once, and all that
gold tells is counted while they are at hand.

What is counted together depends on the file alone, not on how silver cut it: sums are made
of each *stretch*, the records of a megabase, and within it of some thousand records at a
time, counted from the first of the file. So floats are added in the same order always.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.catalog.genomes import bare_chrom
from medallion.files import Place
from medallion.gold.counts import GroupCounts, PatternPloidy, count_groups, told_calls
from medallion.gold.different import Different
from medallion.gold.frequencies import FREQUENCIES, frequency_rows
from medallion.gold.matrix import dosage_matrix
from medallion.gold.populations import sum_populations
from medallion.gold.published import compare
from medallion.gold.sample_counts import expected_heterozygosity, sum_samples
from medallion.gold.sums import Adder, Sites, Spectra, Sums, Windows
from medallion.gold.variants import READ, VARIANTS, derived_is_alt, variant_rows
from medallion.popgen import diversity, fst, spectrum
from medallion.popgen.geography import Layout
from medallion.popgen.groups import Groups
from medallion.popgen.jackknife import PairSums
from medallion.popgen.linkage import DecaySums, ld_decay
from medallion.popgen.pca import common_snvs, prune, thin
from medallion.storage.parts import Part, PartWriter
from medallion.storage.rows import RowGroup, RowReader

__all__ = [
    "BLOCK_BASES",
    "MOST_SAMPLES",
    "WINDOW_BASES",
    "Partition",
    "SilverRows",
    "Stretch",
    "Summary",
    "count_partition",
    "cut",
]

WINDOW_BASES = 10_000
BLOCK_BASES = 1_000_000
"""Bases of a block of the jackknife: far more than linkage reaches."""
MOST_SAMPLES = 10_000
"""Above so many samples no structure is told: its matrices have an entry for each pair."""
OUTLIER = 1e-6
"""A p of the Hardy-Weinberg test below this is counted as an outlier."""
# Cells counted at a time: with 2,504 samples, some 4,000 records.
_CELLS_AT_ONCE = 10_000_000
_FEWEST_RECORDS = 16
_BYTES_PER_CALL = 4
_UNSORTED = 1 << 14

_GENOTYPE_COLUMNS = ("sample", "gt", "dosage", "alt_index")
_CALL_COLUMNS = ("first_column", "last_column", "gt", "called")


Stretch = tuple[int, int]
"""The first and the last number of a run of records of one contig of one file."""


@dataclass(frozen=True, slots=True)
class Partition:
    """The task: some stretches of a contig of a file, and who the samples are.

    `variants`, `genotypes` and `calls` are row groups of silver's tables that hold them;
    `strata` and `column_of` are those of the file's columns.
    """

    root: Place
    number: int
    file: str
    chrom: str
    stretches: tuple[Stretch, ...]
    variants: tuple[RowGroup, ...]
    genotypes: tuple[RowGroup, ...]
    calls: tuple[RowGroup, ...]
    ploidy: PatternPloidy
    strata: npt.NDArray[np.int64]
    column_of: Mapping[str, int]
    groups: Groups

    @property
    def text(self) -> int:
        """About how many bytes its genotypes take as text."""
        records = sum(last - first + 1 for first, last in self.stretches)
        return records * len(self.strata) * _BYTES_PER_CALL


@dataclass(frozen=True, slots=True)
class Summary:
    """What a partition gave: a part of each big table, and its stretches' sums.

    `different` are its rows of `gold.most_different`; `sums` is None where no record has
    genotypes.
    """

    variants: Part | None
    frequencies: Part | None
    different: pl.DataFrame
    sums: Sums | None
    alleles: int


def cut(pos: npt.NDArray[np.integer], record: npt.NDArray[np.integer]) -> list[Stretch]:
    """The stretches of a contig of a file: its records by megabase.

    `pos` and `record` are of its alleles in the order of the file. Where the file is not
    sorted, a stretch is some thousand records.
    """
    if not len(pos):
        return []
    rising = bool((pos[1:] >= pos[:-1]).all())
    block = diversity.window_of(pos, BLOCK_BASES) if rising else record // _UNSORTED
    start = diversity.record_starts(block)
    last = [*record[start[1:] - 1].tolist(), int(record[-1])]
    return list(zip(record[start].tolist(), last, strict=True))


def count_partition(task: Partition) -> Summary:
    """Count the stretches of a task."""
    name = f"part-{task.number:05d}"
    frequencies = PartWriter(task.root, FREQUENCIES, task.chrom, name)
    variants = PartWriter(task.root, VARIANTS, task.chrom, name)
    rows = SilverRows(task)
    layout = Layout.of(task.groups)
    sums = Adder()
    different = Different(layout)
    alleles = 0
    for stretch in task.stretches:
        chosen = _Chosen(task, rows.variants(*stretch))
        own = Adder()
        for some, carried, missed in rows.pieces(stretch):
            alleles += len(some)
            with_gt = some.filter("has_gt")
            if with_gt.is_empty():
                variants.write(variant_rows(some, None, layout))
                continue
            counts = count_groups(
                with_gt, carried, missed, task.ploidy, task.strata, task.column_of, task.groups
            )
            table, p = frequency_rows(with_gt, counts, task.groups)
            frequencies.write(table)
            variants.write(_all_variants(some, with_gt, counts, layout))
            own.add(_sums(task, layout, with_gt, carried, missed, counts, p))
            chosen.look(some, carried, missed)
            different.look(with_gt, counts)
        if (total := own.total()) is not None:
            sums.add(chosen.told(total, layout))
    return Summary(variants.close(), frequencies.close(), different.first(), sums.total(), alleles)


def _all_variants(
    some: pl.DataFrame, with_gt: pl.DataFrame, counts: GroupCounts, layout: Layout
) -> pl.DataFrame:
    table = variant_rows(with_gt, counts, layout)
    if len(with_gt) == len(some):
        return table
    bare = variant_rows(some.filter(~pl.col("has_gt")), None, layout)
    return pl.concat([table, bare]).sort("record", "alt_index")


class SilverRows:
    """The rows of silver that a task counts, read as they are asked for, in order."""

    def __init__(self, task: Partition) -> None:
        # `record` is read with any columns.
        columns = tuple(c for c in READ if c != "record")
        self._variants = RowReader(task.variants, columns)
        self._genotypes = RowReader(task.genotypes, _GENOTYPE_COLUMNS, ("sample", "gt"))
        self._calls = RowReader(task.calls, _CALL_COLUMNS)
        self._ploidy = task.ploidy
        self._at_once = max(_FEWEST_RECORDS, _CELLS_AT_ONCE // max(1, len(task.strata)))

    def variants(self, first: int, last: int) -> pl.DataFrame:
        """Rows of `silver.variants` of records `first` to `last`."""
        rows = self._variants.between(first, last)
        return pl.DataFrame(rows) if rows is not None else pl.DataFrame()

    def pieces(
        self, stretch: Stretch
    ) -> Iterator[tuple[pl.DataFrame, pa.Table | None, pl.DataFrame]]:
        """Some records of a stretch at a time: their variants, carried and missed calls."""
        first, end = stretch
        while first <= end:
            last = min(end, first - first % self._at_once + self._at_once - 1)
            some = self.variants(first, last)
            if len(some):
                carried = self._genotypes.between(first, last)
                calls = self._calls.between(first, last)
                yield some, carried, _frame(calls, some, self._ploidy)
            first = last + 1


class _Chosen:
    """The sites of a stretch that tell linkage and structure, and everybody's copies there."""

    def __init__(self, task: Partition, variants: pl.DataFrame) -> None:
        self._task = task
        self._sites = variants.clear()
        self._copies = [np.zeros((0, len(task.strata)), np.int8)]
        if is_autosome(task.chrom) and 0 < len(task.strata) <= MOST_SAMPLES and len(variants):
            ac, an = (variants[c].fill_null(0).to_numpy().astype(np.int64) for c in ("ac", "an"))
            common = variants.filter(pl.Series(common_snvs(variants, ac, an, task.ploidy)))
            common = common.sort("pos", maintain_order=True)
            self._sites = common.filter(pl.Series(thin(common["pos"].to_numpy())))
        self._sites = self._sites.sort("record")

    def look(self, some: pl.DataFrame, carried: pa.Table | None, missed: pl.DataFrame) -> None:
        """Take the genotypes of those sites that are among `some` records."""
        first, last = int(some["record"][0]), int(some["record"][-1])
        own = self._sites.filter(pl.col("record").is_between(first, last))
        if len(own):
            task = self._task
            found = dosage_matrix(own, carried, missed, task.ploidy, task.column_of)
            self._copies.append(found.copies)

    def told(self, sums: Sums, layout: Layout) -> Sums:
        """`sums` with linkage by distance, and the sites that are in little of it."""
        task = self._task
        order = np.argsort(self._sites["pos"].to_numpy(), kind="stable")
        copies = np.concatenate(self._copies)[order]
        pos, record = (self._sites[c].to_numpy().astype(np.int64)[order] for c in ("pos", "record"))
        members = np.array(
            [np.isin(task.strata, task.groups.members[g]) for g in layout.linkage], bool
        ).reshape(len(layout.linkage), len(task.strata))
        keep = prune(copies, pos)
        structure = Sites(pos[keep], record[keep], copies[keep])
        return replace(sums, structure=structure, decay=ld_decay(copies, pos, members))


def is_autosome(chrom: str) -> bool:
    """Whether a contig counts for what is told of diploids: not X, Y or the mitochondrion."""
    return bare_chrom(chrom) not in ("X", "Y", "MT")


def _sums(
    task: Partition, layout: Layout, variants: pl.DataFrame, carried: pa.Table | None,
    missed: pl.DataFrame, counts: GroupCounts, p: npt.NDArray[np.float64],
) -> Sums:  # fmt: skip
    """The sums of some records that have genotypes; `p` of Hardy-Weinberg as the counts."""
    pos, record = (variants[c].to_numpy().astype(np.int64) for c in ("pos", "record"))
    by_super = list(layout.super_populations)
    populations = list(layout.populations)
    one_alt = (variants["n_alts"] == 1).to_numpy()
    ac, an = counts.ac[one_alt], counts.an[one_alt]
    diploid = tuple(
        x[one_alt]
        for x in (counts.diploid_hom_ref, counts.diploid_het, counts.diploid_hom_alt)
    )  # fmt: skip
    block = diversity.window_of(pos[one_alt], BLOCK_BASES)
    autosome = is_autosome(task.chrom)
    everyone = layout.everyone if layout.everyone is not None else 0
    expected = (
        expected_heterozygosity(record, counts.ac[:, everyone], counts.an[:, everyone])
        if autosome
        else None
    )

    def weir_cockerham(columns: list[int]) -> PairSums:
        hom_ref, het, hom_alt = (x[:, columns] for x in diploid)
        return fst.weir_cockerham_sums(hom_ref, het, hom_alt, block)

    sites, windows = _diversity(layout, variants, counts, pos, record, ac, an, pos[one_alt])
    return Sums(
        first_pos=int(pos.min()),
        last_pos=int(pos.max()),
        populations=sum_populations(variants, counts),
        sites=sites,
        windows=windows,
        spectra=_spectra(layout, variants, counts),
        hudson=fst.hudson_sums(ac[:, populations], an[:, populations], block),
        hudson_super=fst.hudson_sums(ac[:, by_super], an[:, by_super], block),
        weir_cockerham=weir_cockerham(populations),
        weir_cockerham_super=weir_cockerham(by_super),
        samples=sum_samples(variants, carried, missed, task.ploidy, task.column_of, expected),
        structure=Sites.none(len(task.strata)),
        decay=DecaySums.zeros(len(layout.linkage)),
        published=compare(variants, counts, layout),
        hwe=np.stack([(~np.isnan(p)).sum(axis=0), (p < OUTLIER).sum(axis=0)]),
        x_patterns=_x_patterns(task.chrom, variants),
    )


def _diversity(
    layout: Layout, variants: pl.DataFrame, counts: GroupCounts, pos: npt.NDArray[np.int64],
    record: npt.NDArray[np.int64], ac: npt.NDArray[np.int64], an: npt.NDArray[np.int64],
    pos_one_alt: npt.NDArray[np.int64],
) -> tuple[diversity.SiteSums, Windows]:  # fmt: skip
    """Sums over records all of whose alleles are snvs: of each group, and by window."""
    snv = (variants["variant_type"] == "snv").to_numpy()
    start = diversity.record_starts(record)
    length = np.diff(np.append(start, len(record)))
    snv = np.repeat(np.minimum.reduceat(snv, start), length)
    number, sums = diversity.window_sums(
        WINDOW_BASES, pos[snv], record[snv],
        *(
            x[snv]
            for x in (counts.ac, counts.an, counts.diploid_hom_ref, counts.diploid_het,
                      counts.diploid_hom_alt)
        ),
    )  # fmt: skip
    own = list(layout.along)
    any_type, records = np.unique(diversity.window_of(pos[start], WINDOW_BASES), return_counts=True)
    nothing = sums.columns(own).take(np.zeros(0, np.intp)).padded(len(any_type))
    all_numbers, all_sums = diversity.add_windows(
        [(number, sums.columns(own)), (any_type, nothing)]
    )
    compared = list(layout.compared)
    window = diversity.window_of(pos_one_alt, WINDOW_BASES)
    windows = Windows(
        all_numbers, all_sums, records, fst.hudson_sums(ac[:, compared], an[:, compared], window)
    )
    return sums.total(), windows


def _spectra(layout: Layout, variants: pl.DataFrame, counts: GroupCounts) -> Spectra:
    use = variants.select(spectrum.usable(pl.col("variant_type"), pl.col("n_alts")))
    rows = use.to_series().to_numpy()
    ac, an = counts.ac[rows], counts.an[rows]
    which = derived_is_alt(variants)[rows]
    by_super = layout.super_populations
    pairs = [(by_super[i], by_super[j]) for i, j in fst.all_pairs(len(by_super))]
    return Spectra(
        spectrum.unfolded(ac, an, which),
        spectrum.folded(ac, an),
        spectrum.joint(ac, an, which, pairs),
        spectrum.joint_folded(ac, an, pairs),
    )


def _x_patterns(chrom: str, variants: pl.DataFrame) -> npt.NDArray[np.int64]:
    if bare_chrom(chrom) != "X":
        return np.zeros((0, 2), np.int64)
    found = variants.unique("record").group_by("pattern").len().sort("pattern")
    return found.select(pl.all().cast(pl.Int64)).to_numpy()


def _frame(rows: pa.Table | None, variants: pl.DataFrame, ploidy: PatternPloidy) -> pl.DataFrame:
    """What rows of `silver.calls` tell of the records of `variants`."""
    if rows is None:
        columns: dict[str, type[pl.DataType]] = dict.fromkeys(("record", *_CALL_COLUMNS), pl.Int64)
        return pl.DataFrame(schema={**columns, "gt": pl.String})
    return told_calls(pl.DataFrame(rows), variants, ploidy)
