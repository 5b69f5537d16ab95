"""Principal components against plink2 and scikit-allel, on the same sites."""

from __future__ import annotations

import subprocess
from pathlib import Path
from unittest.mock import Mock

import allel
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from matrices import structured, variants_of, versions, written
from real_data import SLICES, real, tool
from scipy.sparse.linalg import ArpackNoConvergence

from medallion import Lake
from medallion.gold.counts import PatternPloidy
from medallion.gold.matrix import read_dosages
from medallion.popgen.pca import (
    common_snvs,
    evenly,
    principal_components,
    prune,
    relationship,
    standardised,
    thin,
    turned,
)


def assert_same_up_to_sign(ours: np.ndarray, theirs: np.ndarray, within: float) -> None:
    signs = np.sign((ours * theirs).sum(axis=0))
    assert np.abs(ours - signs * theirs).max() < within


def by_plink(arguments: list[str], folder: Path, names: list[str] | None) -> tuple:
    """plink2's eigenvectors and eigenvalues, as it prints them (6 digits)."""
    subprocess.run(
        [tool("plink2"), *arguments, "--threads", "2", "--out", str(folder / "p")],
        check=True, capture_output=True,
    )  # fmt: skip
    vectors = pl.read_csv(folder / "p.eigenvec", separator="\t", schema_overrides={"#IID": pl.Utf8})
    if names is not None:
        assert vectors["#IID"].to_list() == names
    values = np.loadtxt(folder / "p.eigenval")
    return vectors.drop("#IID").to_numpy(), values


@pytest.fixture(scope="module")
def common(chr22_lake: Lake) -> tuple[pl.DataFrame, np.ndarray, list[str]]:
    """Common snvs of the real slice, their dosages in every fifth sample, and these."""
    variants = variants_of(chr22_lake)
    ploidy = PatternPloidy.of(chr22_lake.scan("silver.patterns").collect())
    ac, an = (variants[c].to_numpy().astype(np.int64) for c in ("ac", "an"))
    some = variants.filter(pl.Series(common_snvs(variants, ac, an, ploidy)))
    # plink2 wants distinct names, and its own are made of positions.
    some = some.filter(~pl.col("pos").is_duplicated())
    copies = read_dosages(chr22_lake.path, versions(chr22_lake), some["file"][0], some).copies
    names = chr22_lake.scan("silver.columns").sort("column").collect()["sample"].to_list()
    return some, copies[:, ::5], names[::5]


@pytest.mark.slow
def test_components_are_those_of_plink2(
    common: tuple[pl.DataFrame, np.ndarray, list[str]], tmp_path: Path
) -> None:
    """plink2 --pca: eigenvectors of the variance-standardised relationship matrix.

    Its relationship is the mean over sites of (x - 2p)(x' - 2p) / 2p(1 - p), p from the
    same samples: ours to the digits that it prints.
    """
    some, copies, names = common
    assert len(some) > 300
    (tmp_path / "sites").write_text("\n".join(f"22:{p}" for p in some["pos"]), encoding="utf-8")
    (tmp_path / "people").write_text("\n".join(names), encoding="utf-8")
    vectors, values = by_plink(
        ["--vcf", str(real(SLICES["chr22"].vcf)), "--set-all-var-ids", "@:#", "--rm-dup",
         "exclude-all", "--extract", str(tmp_path / "sites"), "--keep",
         str(tmp_path / "people"), "--pca", "10"],
        tmp_path, names,
    )  # fmt: skip
    # Common among all, a site may have one allele in the fifth: then neither counts it.
    ours = principal_components(relationship(copies))
    assert np.allclose(ours.eigenvalues, values, rtol=2e-5, atol=0)
    assert_same_up_to_sign(ours.vectors, vectors, within=2e-5)


@pytest.mark.slow
def test_components_of_real_sites_are_those_of_scikit_allel(
    common: tuple[pl.DataFrame, np.ndarray, list[str]],
) -> None:
    """allel.pca(scaler='patterson'): by singular values; (x - 2p) / sqrt(p(1 - p)).

    Its coordinates are vectors times singular values, so sqrt(2 sites) times ours.
    """
    _, copies, _ = common
    copies = copies[(copies != copies[:, :1]).any(axis=1)]
    theirs, model = allel.pca(copies.astype(np.float64), n_components=10, scaler="patterson")
    ours = principal_components(relationship(copies))
    scale = np.sqrt(2 * len(copies))
    assert_same_up_to_sign(ours.coordinates, theirs / scale, within=2e-5)
    assert np.allclose(ours.explained, model.explained_variance_ratio_, rtol=1e-5, atol=0)


def test_missing_genotypes_are_imputed_as_plink2_imputes_them(tmp_path: Path) -> None:
    """plink2 --pca meanimpute puts the mean in the place of what is missing."""
    copies = structured(3, 900, 60, missing=0.04)
    vcf = written(copies, np.arange(1, 901) * 1000, tmp_path / "m.vcf")
    vectors, values = by_plink(
        ["--vcf", str(vcf), "--pca", "4", "meanimpute", "--bad-freqs"], tmp_path, None
    )
    ours = principal_components(relationship(copies), 4)
    assert np.allclose(ours.eigenvalues, values, rtol=1e-5, atol=0)
    assert_same_up_to_sign(ours.vectors, vectors, within=1e-5)


def test_groups_come_apart() -> None:
    """Three groups of samples make two components that tell them apart."""
    found = principal_components(relationship(structured(5, 4000, 90)), 4)
    assert found.eigenvalues[1] > 3 * found.eigenvalues[2]
    middles = found.coordinates[:, :2].reshape(3, 30, 2).mean(axis=1)
    spread = found.coordinates[:, :2].reshape(3, 30, 2).std(axis=1).max()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        assert np.linalg.norm(middles[i] - middles[j]) > 5 * spread


@given(st.integers(0, 40), st.integers(0, 2**31))
def test_relationships_of_parts_add_up(cut: int, seed: int) -> None:
    copies = np.random.default_rng(seed).integers(-1, 3, (40, 7)).astype(np.int8)
    whole = relationship(copies)
    parts = relationship(copies[:cut]) + relationship(copies[cut:])
    assert parts.sites == whole.sites
    assert np.allclose(parts.products, whole.products, atol=1e-4)


@given(arrays(np.int8, (4, 9), elements=st.integers(-1, 2)))
def test_a_standardised_site_has_mean_0_where_it_is_called(copies: np.ndarray) -> None:
    z = standardised(copies)
    assert np.isfinite(z).all()
    assert np.abs(z.sum(axis=1)).max() < 1e-4
    assert (z[copies < 0] == 0).all()
    # The other allele counted instead turns the sign and nothing else.
    other = np.where(copies < 0, copies, 2 - copies).astype(np.int8)
    assert np.allclose(standardised(other), -z, atol=1e-5)


def test_a_sign_does_not_hang_on_the_solver() -> None:
    vectors = np.linalg.qr(np.random.default_rng(1).normal(size=(30, 5)))[0]
    flips = np.array([1, -1, -1, 1, -1])
    assert (turned(vectors) == turned(vectors * flips)).all()
    # One sample far from all others points up.
    assert turned(np.array([[0.1], [0.1], [-0.9], [0.1]]))[2, 0] > 0
    # As many up as down: the cubes cancel out.
    even = np.array([[0.5, -0.5], [-0.5, 0.5], [0.5, 0.5], [-0.5, -0.5]])
    assert (turned(even) == turned(-even)).all()
    assert (turned(even)[0] > 0).all()


def test_no_site_is_refused() -> None:
    with pytest.raises(ValueError, match="no polymorphic site"):
        principal_components(relationship(np.zeros((5, 4), np.int8)))


def test_fewer_samples_than_components() -> None:
    found = principal_components(relationship(structured(1, 200, 6)), 10)
    assert found.vectors.shape == (6, 6)
    assert np.isclose(found.explained.sum(), 1)


@pytest.mark.parametrize("sites", [900, 12, 2])
def test_many_samples_have_the_components_of_all_eigenvalues(
    sites: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against scipy's decomposition of the whole matrix; also where sites are too few."""
    sums = relationship(structured(2, sites, 720))
    found = principal_components(sums)
    again = principal_components(sums)
    assert (found.coordinates == again.coordinates).all()
    monkeypatch.setattr("medallion.popgen.pca._ALL_AT_ONCE", 720)
    whole = principal_components(sums)
    assert not (found.vectors == whole.vectors).all()  # they did not come the same way
    assert np.allclose(found.eigenvalues, whole.eigenvalues, rtol=1e-12, atol=1e-12)
    assert np.abs(found.coordinates - whole.coordinates).max() < 1e-9
    assert np.allclose(found.vectors.T @ found.vectors, np.eye(10), atol=1e-12)


def test_eigenvalues_too_close_together_are_told_apart_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sums = relationship(structured(2, 900, 600))
    usual = principal_components(sums)
    gone = ArpackNoConvergence("not in %d steps", np.zeros(0), np.zeros((600, 0)))
    monkeypatch.setattr("scipy.sparse.linalg.eigsh", Mock(side_effect=gone))
    whole = principal_components(sums)
    assert np.abs(usual.vectors - whole.vectors).max() < 1e-9


def test_pruned_sites_are_not_in_linkage(
    common: tuple[pl.DataFrame, np.ndarray, list[str]],
) -> None:
    """Held against scikit-allel's r of every pair: none kept that is linked, none lost."""
    some, copies, _ = common
    pos = some["pos"].to_numpy()
    keep = prune(copies, pos, r2=0.3, bases=20_000)
    varied = (copies != copies[:, :1]).any(axis=1)
    from scipy.spatial.distance import squareform

    r2 = np.zeros((len(pos), len(pos)))
    r2[np.ix_(varied, varied)] = squareform(allel.rogers_huff_r(copies[varied]) ** 2)
    near = np.abs(pos[:, None] - pos[None, :]) < 20_000
    linked = np.tril((r2 > 0.3) & near, -1)
    assert 30 < keep.sum() < len(keep) / 2
    assert not linked[np.ix_(keep, keep)].any()
    lost = varied & ~keep
    assert linked[np.ix_(lost, keep)].any(axis=1).all()
    assert not keep[~varied].any()


@given(st.lists(st.integers(1, 300), min_size=1).map(sorted), st.integers(1, 50))
def test_thin_keeps_the_first_of_each_stretch(pos: list[int], bases: int) -> None:
    kept = [p for p, k in zip(pos, thin(np.array(pos), bases), strict=True) if k]
    stretches = [(p - 1) // bases for p in kept]
    assert stretches == sorted(set(stretches)) == sorted({(p - 1) // bases for p in pos})
    assert set(kept) <= {min(q for q in pos if (q - 1) // bases == s) for s in stretches}


@given(st.integers(0, 500), st.integers(1, 100))
def test_evenly(n: int, at_most: int) -> None:
    chosen = evenly(n, at_most)
    assert len(chosen) == min(n, at_most)
    assert (np.diff(chosen) > 0).all()
    if n > at_most:
        gaps = np.diff(np.append(chosen, n))
        assert gaps.max() - gaps.min() <= 1


def test_which_sites_are_common() -> None:
    """Bounds are included; whatever is not a biallelic snv that all have two of is not."""
    ploidy = PatternPloidy({1: np.array([2, 2, 2]), 2: np.array([2, 1, 2])})
    rows = [  # n_alts, type, pattern, ac, an, whether it is common
        (1, "snv", 1, 5, 100, True), (1, "snv", 1, 95, 100, True), (1, "snv", 1, 4, 100, False),
        (1, "snv", 1, 96, 100, False), (2, "snv", 1, 50, 100, False), (1, "mnv", 1, 50, 100, False),
        (1, "snv", 2, 50, 100, False), (1, "snv", None, 0, 0, False), (1, "snv", 1, 0, 0, False),
        (1, "snv", 1, 50, 100, True),
    ]  # fmt: skip
    variants = pl.DataFrame(
        [r[:3] for r in rows], schema=["n_alts", "variant_type", "pattern"], orient="row"
    )
    ac, an = (np.array([r[i] for r in rows]) for i in (3, 4))
    assert common_snvs(variants, ac, an, ploidy).tolist() == [r[5] for r in rows]


def test_nothing_to_choose_from() -> None:
    none = np.zeros(0, np.int64)
    assert thin(none).shape == (0,)
    assert prune(np.zeros((0, 4), np.int8), none).shape == (0,)
    assert relationship(np.zeros((0, 4), np.int8)).sites == 0
