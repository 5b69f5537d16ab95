"""The tables of gold that are about the whole lake, made of the sums of all its contigs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.bronze import tables as bronze
from medallion.files import Place
from medallion.gold.catalog import CATALOG, catalog_rows
from medallion.gold.checks import CHECKS, Facts, check_rows, refuse
from medallion.gold.ld_decay import LD_DECAY, decay_rows
from medallion.gold.pairs import FST, fst_rows
from medallion.gold.populations import POPULATIONS, PopulationSums, population_rows
from medallion.gold.samples import SAMPLES, sample_rows
from medallion.gold.spectra import JOINT_SPECTRUM, SPECTRUM, joint_spectrum_rows, spectrum_rows
from medallion.gold.structure import (
    COMPONENTS,
    PCA,
    PCA_SITES,
    RELATEDNESS,
    pca_rows,
    related_rows,
)
from medallion.gold.sums import MOST_SITES, Spectra, Sums, Windows
from medallion.gold.units import BY_UNIT, Unit, read_sums
from medallion.gold.windows import SIZES, WINDOWS, WINDOWS_FST, window_fst_rows, window_rows
from medallion.popgen.diversity import site_sums
from medallion.popgen.geography import Layout
from medallion.popgen.jackknife import PairSums, add_blocks
from medallion.popgen.pca import evenly
from medallion.popgen.samples import SampleSums
from medallion.silver import tables as silver
from medallion.storage.schema import Table
from medallion.storage.work import Work

__all__ = ["TABLES", "whole_tables"]

TABLES = (
    POPULATIONS, WINDOWS, WINDOWS_FST, SPECTRUM, JOINT_SPECTRUM, SAMPLES, FST, PCA, COMPONENTS,
    PCA_SITES, RELATEDNESS, LD_DECAY, CHECKS, CATALOG,
)  # fmt: skip

Rows = list[tuple[str | None, pl.DataFrame]]


def whole_tables(root: Place, units: Sequence[Unit], facts: Facts, work: Work) -> dict[Table, Rows]:
    """Rows of each of TABLES, by contig where the table is cut by contigs, else under None.

    Raises CheckError where a check of severity error fails.
    """
    tables: dict[Table, Rows] = {t: [] for t in TABLES}
    found = [(u, s) for u in units if (s := read_sums(root, u)) is not None]
    for table, chrom, rows in _tables(found, facts, work) if found else _nothing(facts):
        tables[table].append((chrom, table.conform(rows) if chrom is None else rows))
    checks = check_rows(facts, [(u.file, u.chrom, s) for u, s in found])
    refuse(checks)
    tables[CHECKS] = [(None, checks)]
    every = (*bronze.TABLES, *silver.TABLES, *BY_UNIT, *TABLES)
    tables[CATALOG] = [(None, catalog_rows(every))]
    return tables


def _nothing(facts: Facts) -> Iterator[tuple[Table, str | None, pl.DataFrame]]:
    """Groups whose samples have no record."""
    n = len(facts.groups.groups)
    if not n:
        return
    none = (np.zeros(0, np.int64), *(np.zeros((0, n), np.int64) for _ in range(5)))
    yield (
        POPULATIONS,
        None,
        population_rows(PopulationSums.zeros(n), site_sums(*none).total(), 1, facts.groups),
    )
    people = facts.samples.filter("in_vcf")
    names = people["sample"].to_list()
    yield SAMPLES, None, sample_rows(people, names, SampleSums.zeros(len(names)))


def _tables(
    units: Sequence[tuple[Unit, Sums]], facts: Facts, work: Work
) -> Iterator[tuple[Table, str | None, pl.DataFrame]]:
    groups, people = facts.groups, facts.samples.filter("in_vcf")
    layout = Layout.of(groups)
    codes = [g.code for g in groups.groups]
    populations = [codes[g] for g in layout.populations]
    by_super = [codes[g] for g in layout.super_populations]
    compared = [codes[g] for g in layout.compared]
    sums = [s for _, s in units]
    counted, sites, decay = sums[0].populations, sums[0].sites, sums[0].decay
    for more in sums[1:]:
        counted, sites, decay = counted + more.populations, sites + more.sites, decay + more.decay
    yield POPULATIONS, None, population_rows(counted, sites, _length(units), groups)
    yield LD_DECAY, None, decay_rows(decay, [codes[g] for g in layout.linkage])
    for chrom in sorted({u.chrom for u, _ in units}):
        windows = Windows.added([s.windows for u, s in units if u.chrom == chrom])
        for size in SIZES:
            yield WINDOWS, chrom, window_rows(windows, groups, size)
            yield WINDOWS_FST, chrom, window_fst_rows(windows, compared, size)
    spectra = Spectra.added([s.spectra for s in sums])
    yield SPECTRUM, None, spectrum_rows(spectra, groups)
    yield JOINT_SPECTRUM, None, joint_spectrum_rows(spectra, codes)
    for level, names, suffix in (
        ("population", populations, ""), ("super_population", by_super, "_super"),
    ):  # fmt: skip
        for method in ("hudson", "weir_cockerham"):
            pairs = _apart(units, [getattr(s, method + suffix) for s in sums])
            yield FST, None, fst_rows(pairs, names, level, method)
    names = people["sample"].to_list()
    yield SAMPLES, None, sample_rows(people, names, _samples(units, facts, names))
    work.report("gold", "finding who resembles whom")
    chosen, copies, own = _structure(units, facts)
    scores, components = pca_rows(copies, own, people)
    yield PCA, None, scores
    yield COMPONENTS, None, components
    yield PCA_SITES, None, chosen
    yield RELATEDNESS, None, related_rows(copies, own, chosen)


def _length(units: Sequence[tuple[Unit, Sums]]) -> int:
    """Bases from the first to the last record of each contig, added up."""
    bounds: dict[str, tuple[int, int]] = {}
    for unit, sums in units:
        low, high = bounds.get(unit.chrom, (sums.first_pos, sums.last_pos))
        bounds[unit.chrom] = (min(low, sums.first_pos), max(high, sums.last_pos))
    return sum(high - low + 1 for low, high in bounds.values())


def _apart(units: Sequence[tuple[Unit, Sums]], parts: Sequence[PairSums]) -> PairSums:
    """Sums of all units; blocks of different contigs stay apart."""
    rank = {chrom: i for i, chrom in enumerate(dict.fromkeys(u.chrom for u, _ in units))}
    return add_blocks(
        [
            PairSums(p.block + (rank[u.chrom] << 32), p.num, p.den, p.ratios, p.sites)
            for (u, _), p in zip(units, parts, strict=True)
        ]
    )


def _samples(units: Sequence[tuple[Unit, Sums]], facts: Facts, names: Sequence[str]) -> SampleSums:
    place = {name: i for i, name in enumerate(names)}
    total = SampleSums.zeros(len(names))
    for unit, sums in units:
        own = np.array([place[s] for s in facts.columns[unit.file]], np.int64)
        total += sums.samples.placed(own, len(names))
    return total


def _structure(
    units: Sequence[tuple[Unit, Sums]], facts: Facts
) -> tuple[pl.DataFrame, npt.NDArray[np.int8], list[str]]:
    """Sites evenly chosen over the lake, the samples' copies there, and the samples' names.

    Samples that some of the files do not have are left out.
    """
    own = [(u, s.structure) for u, s in units if len(s.structure.pos)]
    names = list(facts.columns[own[0][0].file]) if own else []
    for unit, _ in own[1:]:
        others = set(facts.columns[unit.file])
        names = [n for n in names if n in others]
    pick = evenly(sum(len(s.pos) for _, s in own), MOST_SITES)
    frames = [pl.DataFrame(schema=PCA_SITES.polars_schema())]
    copies = [np.zeros((0, len(names)), np.int8)]
    begin = 0
    for unit, sites in own:
        rows = pick[(pick >= begin) & (pick < begin + len(sites.pos))] - begin
        begin += len(sites.pos)
        columns = {s: i for i, s in enumerate(facts.columns[unit.file])}
        copies.append(sites.copies[rows][:, [columns[n] for n in names]])
        frames.append(
            PCA_SITES.conform(
                pl.DataFrame(
                    {"chrom": unit.chrom, "pos": sites.pos[rows], "file": unit.file,
                     "record": sites.record[rows]}
                )
            )
        )  # fmt: skip
    return pl.concat(frames), np.concatenate(copies), names
