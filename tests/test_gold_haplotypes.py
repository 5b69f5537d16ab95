"""Haplotype counts against plain counting, and against a simulation's own haplotypes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msprime
import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matrices import variants_of, versions

from medallion import Lake
from medallion.gold.matrix import read_haplotypes
from medallion.popgen.haplotypes import haplotype_counts


@given(
    arrays(np.int8, (3, 7, 2), elements=st.integers(-1, 1)),
    arrays(np.bool_, 7),
    arrays(np.bool_, (2, 7)),
)
def test_counts_by_hand(alleles: np.ndarray, haploid: np.ndarray, members: np.ndarray) -> None:
    alleles[:, haploid, 1] = -2
    found = haplotype_counts(alleles, members)
    for group, who in enumerate(members):
        every = [alleles[:, s, h] for s in np.flatnonzero(who) for h in (0, 1)]
        present = [tuple(x.tolist()) for x in every if (x != -2).all()]
        called = Counter(x for x in present if -1 not in x)
        ours = {
            tuple(h): n
            for h, n in zip(found.haplotypes.tolist(), found.counts[:, group].tolist(), strict=True)
            if n
        }
        assert ours == called
        assert found.missing[group] == len(present) - called.total()
        shares = found.frequencies[:, group]
        assert np.isclose(shares.sum(), 1) if called else np.isnan(shares).all()


def test_the_commonest_comes_first() -> None:
    alleles = np.array([[[0, 1], [1, 1], [0, 0]], [[0, 0], [0, 0], [1, 1]]], np.int8)
    found = haplotype_counts(alleles, np.ones((1, 3), bool))
    assert found.haplotypes.tolist() == [[1, 0], [0, 1], [0, 0]]
    assert found.counts.ravel().tolist() == [3, 2, 1]


def test_haplotypes_of_a_simulation(tmp_path: Path) -> None:
    """tskit's own haplotypes, through a VCF and silver, allele by allele."""
    tree = msprime.sim_ancestry(
        40, sequence_length=2e5, recombination_rate=1e-8, population_size=1e4, random_seed=5
    )
    tree = msprime.sim_mutations(tree, rate=1e-8, random_seed=6, discrete_genome=True)
    tree = tree.delete_sites([s.id for s in tree.sites() if len(s.mutations) != 1])
    vcf, table = tmp_path / "s.vcf", tmp_path / "samples.tsv"
    with vcf.open("w", encoding="utf-8") as file:
        tree.write_vcf(file, contig_id="1", position_transform=lambda p: np.asarray(p) + 1)
    names = [f"tsk_{i}" for i in range(40)]
    table.write_text("sample\tpop\n" + "".join(f"{s}\tGBR\n" for s in names), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=table)
    lake.build("silver")
    chosen = variants_of(lake).filter(pl.int_range(pl.len()) % 17 == 3)
    assert 5 <= len(chosen) <= 30
    alleles = read_haplotypes(lake.path, versions(lake), "s.vcf", chosen).alleles
    members = np.zeros((2, 40), bool)
    members[0], members[1, :13] = True, True
    found = haplotype_counts(alleles, members)
    truth = tree.genotype_matrix()[
        np.searchsorted(tree.tables.sites.position, chosen["pos"].to_numpy() - 1)
    ]
    for group, n in enumerate((80, 26)):
        expected = Counter(tuple(h.tolist()) for h in truth[:, :n].T)
        ours = {
            tuple(h): c
            for h, c in zip(found.haplotypes.tolist(), found.counts[:, group].tolist(), strict=True)
            if c
        }
        assert ours == expected
    assert len(found.haplotypes) > 5
