"""Linkage against vcftools, plink2 and scikit-allel, and by the formula in whole numbers."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from pathlib import Path

import allel
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matrices import structured, variants_of, versions
from real_data import SLICES, real, tool
from scipy.spatial.distance import squareform

from medallion import Lake
from medallion.gold.matrix import read_dosages, read_haplotypes
from medallion.popgen.linkage import DECAY_EDGES, dosage_r, haplotype_ld, ld_decay


@pytest.fixture(scope="module")
def common(chr22_lake: Lake) -> pl.DataFrame:
    """Common biallelic alleles of the real slice, each alone at its position."""
    variants = variants_of(chr22_lake)
    af = pl.col("ac") / pl.col("an")
    return variants.filter(
        (pl.col("n_alts") == 1) & af.is_between(0.05, 0.95) & ~pl.col("pos").is_duplicated()
    )


def by_vcftools(what: str, sites: pl.DataFrame, folder: Path) -> pl.DataFrame:
    (folder / "sites").write_text("\n".join(f"22\t{p}" for p in sites["pos"]), encoding="utf-8")
    subprocess.run(
        [tool("vcftools"), "--gzvcf", str(real(SLICES["chr22"].vcf)), what, "--positions",
         str(folder / "sites"), "--out", str(folder / "v")],
        check=True, capture_output=True,
    )  # fmt: skip
    (found,) = folder.glob("v.*.ld")
    return pl.read_csv(found, separator="\t", null_values=["nan", "-nan"])


def places(table: pl.DataFrame, sites: pl.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    of = {p: i for i, p in enumerate(sites["pos"].to_list())}
    return tuple(np.array([of[p] for p in table[c].to_list()]) for c in ("POS1", "POS2"))


def assert_to_six_digits(ours: np.ndarray, theirs: np.ndarray) -> None:
    """As %g prints, and no NaN that is not theirs as well."""
    assert np.allclose(ours, theirs, rtol=6e-6, atol=1e-12, equal_nan=True)


@pytest.mark.slow
def test_haplotype_linkage_is_that_of_vcftools(
    chr22_lake: Lake, common: pl.DataFrame, tmp_path: Path
) -> None:
    """vcftools --hap-r2: r², D and D' of phased haplotypes, D' with D's sign, as ours."""
    sites = common.head(120)
    theirs = by_vcftools("--hap-r2", sites, tmp_path)
    assert len(theirs) == 120 * 119 // 2
    alleles = read_haplotypes(chr22_lake.path, versions(chr22_lake), sites["file"][0], sites)
    assert alleles.phased.all()
    ours = haplotype_ld(alleles.alleles, alleles.alleles)
    at = places(theirs, sites)
    assert (ours.n[at] == theirs["N_CHR"].to_numpy()).all()
    assert_to_six_digits(ours.r2[at], theirs["R^2"].to_numpy())
    assert_to_six_digits(ours.d_prime[at], theirs["Dprime"].to_numpy())
    # D is a difference: six digits of pAB, of which vcftools loses some itself.
    assert np.abs(ours.d[at] - theirs["D"].to_numpy()).max() < 1e-6
    assert (theirs["Dprime"].to_numpy() < 0).sum() > 100


@pytest.mark.slow
def test_genotype_linkage_is_that_of_vcftools(
    chr22_lake: Lake, common: pl.DataFrame, tmp_path: Path
) -> None:
    """vcftools --geno-r2: squared correlation of 0, 1, 2 copies, as ours."""
    sites = common.head(120)
    theirs = by_vcftools("--geno-r2", sites, tmp_path)
    copies = read_dosages(chr22_lake.path, versions(chr22_lake), sites["file"][0], sites).copies
    assert len(theirs) == 120 * 119 // 2
    assert_to_six_digits(
        dosage_r(copies, copies)[places(theirs, sites)] ** 2, theirs["R^2"].to_numpy()
    )


def test_haplotype_linkage_is_that_of_plink2(
    chr22_lake: Lake, common: pl.DataFrame, tmp_path: Path
) -> None:
    """plink2 --ld prints r² and |D'| of phased haplotypes, and says which go together."""
    for i, j in ((0, 1), (5, 9), (20, 90), (100, 103)):
        sites = common[[i, j]]
        names = [f"22:{p}" for p in sites["pos"]]
        text = subprocess.run(
            [tool("plink2"), "--vcf", str(real(SLICES["chr22"].vcf)), "--set-all-var-ids", "@:#",
             "--rm-dup", "exclude-all", "--ld", *names, "--out", str(tmp_path / "p")],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        found = re.search(r"r\^2 = (\S+)\s+D' = (\S+)", text)
        assert found is not None
        alleles = read_haplotypes(chr22_lake.path, versions(chr22_lake), sites["file"][0], sites)
        ours = haplotype_ld(alleles.alleles[:1], alleles.alleles[1:])
        assert_to_six_digits(ours.r2.ravel(), np.array([float(found[1])]))
        assert_to_six_digits(np.abs(ours.d_prime.ravel()), np.array([float(found[2])]))


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_genotype_linkage_is_that_of_scikit_allel(missing: float) -> None:
    """allel.rogers_huff_r: correlation over the samples where both are called, in float32."""
    copies = structured(8, 60, 80, missing)
    theirs = squareform(allel.rogers_huff_r(copies))
    ours = dosage_r(copies, copies)
    others = ~np.eye(60, dtype=bool)
    assert np.allclose(ours[others], theirs[others], atol=2e-6, equal_nan=True)
    assert np.allclose(np.diag(ours), 1)


def exactly(a: np.ndarray, b: np.ndarray) -> tuple | None:
    """n, D, D', r² of two rows of haplotypes, in fractions; None where one does not vary."""
    both = [(int(x), int(y)) for x, y in zip(a, b, strict=True) if x >= 0 and y >= 0]
    n = len(both)
    if n == 0:
        return None
    p, q = Fraction(sum(x for x, _ in both), n), Fraction(sum(y for _, y in both), n)
    if p in (0, 1) or q in (0, 1):
        return None
    d = Fraction(both.count((1, 1)), n) - p * q
    most = min(p * (1 - q), (1 - p) * q) if d > 0 else min(p * q, (1 - p) * (1 - q))
    return n, d, d / most, d**2 / (p * (1 - p) * q * (1 - q))


@given(arrays(np.int8, (4, 6, 2), elements=st.integers(-2, 1)))
def test_haplotype_linkage_by_the_formula(alleles: np.ndarray) -> None:
    found = haplotype_ld(alleles[:1], alleles)
    for j in range(4):
        expected = exactly(alleles[0].ravel(), alleles[j].ravel())
        ours = [x[0, j] for x in (found.n, found.d, found.d_prime, found.r2)]
        if expected is None:
            assert np.isnan(ours[1:]).all()
        else:
            assert np.allclose(ours, [float(x) for x in expected], rtol=1e-12, atol=1e-15)


@given(arrays(np.int8, (3, 8), elements=st.integers(-1, 2)))
def test_r_does_not_change_but_for_its_sign_when_alleles_change_names(copies: np.ndarray) -> None:
    other = np.where(copies < 0, copies, 2 - copies).astype(np.int8)
    r = dosage_r(copies, copies)
    assert np.allclose(dosage_r(copies, other), -r, equal_nan=True)
    assert np.allclose(r, r.T, equal_nan=True)
    assert (np.abs(r[np.isfinite(r)]) <= 1).all()


def by_hand(copies: np.ndarray, pos: np.ndarray, who: np.ndarray, edges: np.ndarray) -> tuple:
    """Pairs and sums of r² by distance, one pair after the other."""
    some = copies[:, who]
    af = some.sum(axis=1) / (2 * who.sum())
    pairs, r2 = np.zeros(len(edges) - 1, int), np.zeros(len(edges) - 1)
    kept = [i for i in range(len(pos)) if 0.05 <= af[i] <= 0.95 and some[i].std() > 0]
    r = np.corrcoef(some[kept])
    for a, i in enumerate(kept):
        for b, j in enumerate(kept):
            distance = pos[j] - pos[i]
            if edges[0] < distance <= edges[-1]:
                place = int(np.searchsorted(edges, distance)) - 1
                pairs[place] += 1
                r2[place] += r[a, b] ** 2
    return pairs, r2


def test_decay_is_the_mean_of_all_pairs() -> None:
    """More sites than are taken at once; two overlapping groups, and one of nobody."""
    rng = np.random.default_rng(4)
    pos = np.sort(rng.integers(1, 60_000, 700))
    copies = structured(6, 700, 60)
    members = np.zeros((3, 60), bool)
    members[0, :25], members[1, 10:] = True, True
    edges = np.array([0, 100, 1000, 5000, 20_000])
    found = ld_decay(copies, pos, members, edges)
    for group in (0, 1):
        pairs, r2 = by_hand(copies, pos, members[group], edges)
        assert found.pairs[group].tolist() == pairs.tolist()
        assert np.allclose(found.r2[group], r2, rtol=1e-5)
    assert found.pairs[2].sum() == 0
    assert np.isnan(found.mean[2]).all()
    twice = found + found
    assert np.allclose(twice.mean[:2], found.mean[:2])
    assert twice.pairs.sum() == 2 * found.pairs.sum()


def test_linkage_decays_in_real_data(chr22_lake: Lake, common: pl.DataFrame) -> None:
    """Out of Africa linkage reaches further (Reich et al. 2001, doi:10.1038/35075590)."""
    copies = read_dosages(chr22_lake.path, versions(chr22_lake), common["file"][0], common).copies
    names = chr22_lake.scan("silver.columns").sort("column").collect()
    of = names.join(chr22_lake.scan("silver.samples").collect(), on="sample", maintain_order="left")
    members = np.stack([(of["super_population"] == g).to_numpy() for g in ("AFR", "EUR", "EAS")])
    found = ld_decay(copies, common["pos"].to_numpy(), members)
    assert found.mean.shape == (3, len(DECAY_EDGES) - 1)
    near, far = found.mean[:, 0], found.mean[:, 30:100]
    assert (near > 3 * np.nanmean(far, axis=1)).all()
    middle = np.nanmean(found.mean[:, 2:20], axis=1)
    assert middle[0] < middle[1:].min()


def test_missing_genotypes_are_imputed_in_decay() -> None:
    copies = structured(9, 40, 50, missing=0.1)
    pos = np.arange(1, 41) * 10
    who = np.ones((1, 50), bool)
    edges = np.array([0, 1000])
    filled = copies.astype(float)
    filled[copies < 0] = np.nan
    mean = np.nanmean(filled, axis=1, keepdims=True)
    common = (mean / 2 >= 0.05).ravel() & (mean / 2 <= 0.95).ravel()
    r2 = np.corrcoef(np.where(np.isnan(filled), mean, filled)[common]) ** 2
    found = ld_decay(copies, pos, who, edges)
    assert np.isclose(found.r2.item(), np.triu(r2, 1).sum(), rtol=1e-5)


def test_no_site_gives_no_pair() -> None:
    found = ld_decay(np.zeros((0, 5), np.int8), np.zeros(0, np.int64), np.ones((2, 5), bool))
    assert found.pairs.shape == (2, len(DECAY_EDGES) - 1)
    assert found.pairs.sum() == 0
    assert dosage_r(np.ones((2, 5), np.int8), np.zeros((0, 5), np.int8)).shape == (2, 0)
