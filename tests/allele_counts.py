"""Genotypes counted in the plainest way, for tests of gold's statistics.

Nothing here imports `medallion`: genotypes are read by scikit-allel or simulated by
msprime, and counted by comparing arrays.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cache

import allel
import msprime
import numpy as np
import numpy.typing as npt
import tskit
from real_data import PANEL, SLICES, metadata, real

Ints = npt.NDArray[np.int64]
SUPER = ("AFR", "AMR", "EAS", "EUR", "SAS")


@dataclass(frozen=True)
class Counted:
    """Rows per ALT allele, columns per group; `genotypes` (n_sites, n_samples, 2), -1 missing."""

    genotypes: npt.NDArray[np.int8]
    members: tuple[npt.NDArray[np.intp], ...]
    record: Ints
    pos: Ints
    n_alts: Ints
    ac: Ints
    an: Ints
    hom_ref: Ints
    het: Ints
    hom_alt: Ints

    @property
    def diploids(self) -> tuple[Ints, Ints, Ints]:
        return self.hom_ref, self.het, self.hom_alt

    def allele_counts(self, group: int) -> npt.NDArray[np.int32]:
        """Of each site, REF first: as scikit-allel counts them."""
        most = int(max(self.genotypes.max(), 1))
        return np.asarray(
            allel.GenotypeArray(self.genotypes).count_alleles(
                max_allele=most, subpop=self.members[group]
            )
        )

    def rows(self, which: npt.NDArray[np.bool_]) -> Counted:
        """Some records; `which` is by record."""
        number = np.flatnonzero(which)
        keep = np.isin(self.record, number)
        names = ("pos", "n_alts", "ac", "an", "hom_ref", "het", "hom_alt")
        return Counted(
            self.genotypes[which],
            self.members,
            np.searchsorted(number, self.record[keep]),
            **{n: getattr(self, n)[keep] for n in names},
        )


def counted(
    genotypes: npt.NDArray[np.int8],
    members: tuple[npt.NDArray[np.intp], ...],
    pos: npt.ArrayLike,
    n_alts: npt.ArrayLike | None = None,
) -> Counted:
    """Count each ALT of each site in each group of samples."""
    alts = np.ones(len(genotypes), int) if n_alts is None else np.asarray(n_alts, int)
    record = np.repeat(np.arange(len(genotypes)), alts)
    alt = np.concatenate([np.arange(1, n + 1) for n in alts]) if len(alts) else alts
    shape = (len(record), len(members))
    found = {n: np.zeros(shape, np.int64) for n in ("ac", "an", "hom_ref", "het", "hom_alt")}
    for column, some in enumerate(members):
        mine = genotypes[:, some]
        called = mine >= 0
        an, both = called.sum(axis=(1, 2)), called.all(axis=2)
        found["an"][:, column] = an[record]
        for number in np.unique(alt):
            rows = alt == number
            of = record[rows]
            carried = mine[of] == number
            copies = carried[..., 0].astype(np.int8) + carried[..., 1]
            found["ac"][rows, column] = copies.sum(axis=1)
            for copy, name in enumerate(("hom_ref", "het", "hom_alt")):
                found[name][rows, column] = (both[of] & (copies == copy)).sum(axis=1)
    return Counted(
        genotypes, members, record, np.asarray(pos, np.int64)[record], alts[record], **found
    )


@cache
def real_chr22() -> Counted:
    """The real chr22 slice; groups: the five super-populations, all samples."""
    read = allel.read_vcf(
        str(real(SLICES["chr22"].vcf)),
        fields=["samples", "variants/POS", "variants/ALT", "calldata/GT"],
        alt_number=8,
    )
    of = np.array([metadata(PANEL)[s][1] for s in read["samples"]])
    members = tuple(np.flatnonzero(of == code) for code in SUPER)
    return counted(
        read["calldata/GT"],
        (*members, np.arange(len(of))),
        read["variants/POS"],
        (read["variants/ALT"] != "").sum(axis=1),
    )


@dataclass(frozen=True)
class Simulated:
    """A simulated data set; `chromosomes` are tskit's samples of each group."""

    trees: tskit.TreeSequence
    counted: Counted
    chromosomes: tuple[Ints, ...]


@cache
def simulated() -> Simulated:
    """Three groups of 12, 20 and 9 diploids that split 400 generations ago; infinite sites."""
    history = msprime.Demography()
    for name in ("A", "B", "C"):
        history.add_population(name=name, initial_size=2000)
    history.add_population(name="all", initial_size=5000)
    history.add_population_split(time=400, derived=["A", "B", "C"], ancestral="all")
    trees = msprime.sim_mutations(
        msprime.sim_ancestry(
            {"A": 12, "B": 20, "C": 9}, demography=history, sequence_length=100_000,
            recombination_rate=1e-8, random_seed=7,
        ),
        rate=1e-7, discrete_genome=False, random_seed=8,
    )  # fmt: skip
    genotypes = trees.genotype_matrix().reshape(trees.num_sites, -1, 2).astype(np.int8)
    bounds = np.cumsum([0, 12, 20, 9])
    members = tuple(np.arange(a, b) for a, b in itertools.pairwise(bounds))
    pos = np.floor([s.position for s in trees.sites()]).astype(int) + 1
    return Simulated(
        trees,
        counted(genotypes, (*members, np.arange(41)), pos),
        tuple(np.arange(2 * a, 2 * b) for a, b in itertools.pairwise(bounds)),
    )


def random_genotypes(
    seed: int, sites: int, samples: int, alleles: int = 4, missing: float = 0.1
) -> npt.NDArray[np.int8]:
    """Random diploid genotypes of up to `alleles` alleles, whole and half calls missing."""
    made = np.random.default_rng(seed)
    share = made.dirichlet(np.full(alleles, 0.4), sites)
    levels = np.cumsum(share, axis=1)[:, None, None, :]
    genotypes = (made.random((sites, samples, 2, 1)) > levels[..., :-1]).sum(axis=3)
    genotypes[made.random((sites, samples)) < missing] = -1
    genotypes[made.random((sites, samples, 2)) < missing / 3] = -1
    return genotypes.astype(np.int8)
