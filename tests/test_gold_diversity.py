"""Diversity against its definitions, scikit-allel, vcftools and tskit."""

from __future__ import annotations

import subprocess
from itertools import combinations, pairwise
from pathlib import Path

import allel
import numpy as np
import polars as pl
import pytest
from allele_counts import Counted, counted, random_genotypes, real_chr22, simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import SLICES, real, tool

from medallion.popgen.diversity import (
    SiteSums,
    add_windows,
    by_window,
    coarser,
    expected_heterozygosity,
    inbreeding,
    nucleotide_diversity,
    observed_heterozygosity,
    record_starts,
    site_diversity,
    site_sums,
    tajima_d,
    watterson_theta,
    window_bounds,
    window_of,
    window_sums,
)

SOME = settings(max_examples=100, deadline=None, derandomize=True, database=None)
ALL = -1


def sums_of(data: Counted) -> SiteSums:
    return site_sums(data.record, data.ac, data.an, *data.diploids)


def windows_of(data: Counted, size: int) -> tuple[np.ndarray, SiteSums]:
    return window_sums(size, data.pos, data.record, data.ac, data.an, *data.diploids)


@pytest.fixture(scope="module")
def odd() -> Counted:
    """Several ALTs, missing and half-missing calls; two groups and both together."""
    genotypes = random_genotypes(3, 300, 14)
    # Whether or not all of them are seen.
    alts = np.maximum(genotypes.max(axis=(1, 2)), 1 + np.arange(300) % 2)
    members = (np.arange(3), np.arange(3, 14), np.arange(14))
    return counted(
        genotypes, members, np.sort(np.random.default_rng(4).integers(1, 5000, 300)), alts
    )


@pytest.fixture(scope="module")
def whole() -> Counted:
    return counted(
        random_genotypes(5, 400, 20, alleles=2, missing=0.0),
        (np.arange(8), np.arange(20)),
        1 + np.arange(400) * 7,
    )


# By definition ------------------------------------------------------------------------

ALLELES = st.lists(st.integers(-1, 3), min_size=2, max_size=12)


def plainly(called: list[int]) -> tuple[float, bool, bool]:
    """Mean difference of two, segregating, singleton, from the alleles themselves."""
    pairs = list(combinations(called, 2))
    differ = sum(a != b for a, b in pairs)
    pi = differ / len(pairs) if pairs else 0.0
    return pi, differ > 0, differ > 0 and any(called.count(a) == 1 for a in called)


@SOME
@given(st.lists(ALLELES, min_size=1, max_size=6), st.permutations(range(4)))
def test_sites_are_as_their_definitions_say(sites: list[list[int]], names: list[int]) -> None:
    """And whatever the alleles are called: which of them is REF does not matter."""
    size = 2 * max((len(s) + 1) // 2 for s in sites)
    table = np.array([s + [-1] * (size - len(s)) for s in sites], np.int8)
    renamed = np.where(table < 0, -1, np.array(names)[table])
    for alleles in (table, renamed):
        data = counted(
            alleles.reshape(len(sites), -1, 2).astype(np.int8), (np.arange(size // 2),),
            np.arange(1, len(sites) + 1), np.maximum(alleles.max(axis=1), 1),
        )  # fmt: skip
        sums = sums_of(data)
        expected = [plainly([a for a in site if a >= 0]) for site in sites]
        assert sums.pi[:, 0] == pytest.approx([e[0] for e in expected], rel=1e-12)
        assert sums.segregating[:, 0].tolist() == [e[1] for e in expected]
        assert sums.singletons[:, 0].tolist() == [e[2] for e in expected]
        n = [sum(a >= 0 for a in site) for site in sites]
        assert sums.largest_n[:, 0].tolist() == n
        assert sums.sites[:, 0].tolist() == [k > 1 for k in n]
        theta = [e[1] / sum(1 / i for i in range(1, k)) if k > 1 else 0 for e, k in
                 zip(expected, n, strict=True)]  # fmt: skip
        assert sums.inverse_a[:, 0] == pytest.approx(theta, rel=1e-12)


def test_heterozygosity_counts_diploids_of_records_with_one_alt(odd: Counted) -> None:
    sums = sums_of(odd)
    counts = odd.genotypes
    single = np.flatnonzero(np.bincount(odd.record) == 1)
    assert 0 < len(single) < len(counts)
    for column, some in enumerate(odd.members):
        for site in range(len(counts)):
            calls = [tuple(g) for g in counts[site, some].tolist() if min(g) >= 0]
            found = (
                sums.het_sites[site, column],
                sums.het_observed[site, column],
                sums.het_expected[site, column],
            )
            if site not in single or not calls:
                assert found == (0, 0, 0)
                continue
            het = sum(a != b for a, b in calls) / len(calls)
            assert found == pytest.approx((1, het, plainly([a for c in calls for a in c])[0]))


@settings(SOME, max_examples=15)
@given(st.lists(st.integers(1, 299), max_size=6), st.sampled_from([1, 70, 1000, 10_000]))
def test_sums_are_the_same_however_they_are_cut(odd: Counted, cuts: list[int], size: int) -> None:
    bounds = [0, *sorted(set(cuts)), 300]
    parts = [
        windows_of(odd.rows((np.arange(300) >= a) & (np.arange(300) < b)), size)
        for a, b in pairwise(bounds)
    ]
    numbers, sums = add_windows(parts)
    once, expected = windows_of(odd, size)
    total = sums_of(odd).total()
    assert numbers.tolist() == once.tolist() == sorted(set(((odd.pos - 1) // size).tolist()))
    together = sums_of(odd)
    half = by_window(together, np.zeros(300, np.int64))[1]
    for name in SiteSums.__slots__:
        assert getattr(sums, name) == pytest.approx(getattr(expected, name), rel=1e-12)
        assert getattr(sums.total(), name) == pytest.approx(getattr(total, name), rel=1e-12)
        assert getattr(half, name)[0] == pytest.approx(getattr(total, name), rel=1e-12)
        doubled = getattr(total + total, name)
        times = 1 if name == "largest_n" else 2
        assert doubled == pytest.approx(times * getattr(total, name), rel=1e-12)


def test_positions_out_of_order_fall_into_their_windows(odd: Counted) -> None:
    shuffled = np.random.default_rng(1).permutation(300)
    sums = sums_of(odd)
    pos = odd.pos[record_starts(odd.record)]
    numbers, expected = by_window(sums, window_of(pos, 500))
    other, found = by_window(sums.take(shuffled), window_of(pos[shuffled], 500))
    assert other.tolist() == numbers.tolist()
    assert found.pi == pytest.approx(expected.pi, rel=1e-12)
    assert (found.segregating == expected.segregating).all()


def test_windows_are_one_based_and_closed() -> None:
    assert window_of(np.array([1, 10, 11, 20, 21]), 10).tolist() == [0, 0, 1, 1, 2]
    first, last = window_bounds(np.array([0, 1]), 10)
    assert (first.tolist(), last.tolist()) == ([1, 11], [10, 20])
    with pytest.raises(ValueError, match="at least one base"):
        window_of(np.array([1]), 0)


def test_columns_and_rows_of_zeros(odd: Counted) -> None:
    sums = sums_of(odd)
    some = sums.columns([2, 0]).padded(2)
    for name in SiteSums.__slots__:
        before, after = getattr(sums, name), getattr(some, name)
        assert after.dtype == before.dtype
        assert (after[:-2] == before[:, [2, 0]]).all()
        assert after.shape == (302, 2)
        assert not after[-2:].any()
    assert (sums.total().columns([1]).pi == sums.pi.sum(axis=0)[[1]]).all()


def test_coarser_windows_are_sums_of_finer(odd: Counted) -> None:
    numbers, sums = coarser(*windows_of(odd, 50), 10)
    expected_numbers, expected = windows_of(odd, 500)
    assert numbers.tolist() == expected_numbers.tolist()
    for name in SiteSums.__slots__:
        assert getattr(sums, name) == pytest.approx(getattr(expected, name), rel=1e-12)


def test_nothing_gives_nothing() -> None:
    none = np.zeros((0, 3), np.int64)
    empty = np.zeros(0, np.int64)
    numbers, sums = window_sums(10, empty, empty, none, none, none, none, none)
    assert len(numbers) == 0
    assert sums.total().pi.tolist() == [0, 0, 0]
    assert np.isnan(tajima_d(sums.total())).all()
    assert np.isnan(inbreeding(sums.total())).all()
    assert np.isnan(observed_heterozygosity(sums.total())).all()
    with pytest.raises(ValueError, match="at least one part"):
        add_windows([])
    with pytest.raises(ValueError, match="positive"):
        nucleotide_diversity(sums.total(), 0)


@pytest.mark.parametrize("n", [2, 3])
def test_tajima_d_has_no_meaning_below_four_alleles(n: int) -> None:
    """Pi and S / a_n are then the same: D would be rounding by rounding."""
    ones, none = np.ones((7, 1), np.int64), np.zeros((7, 1), np.int64)
    sums = site_sums(np.arange(7), ones, n * ones, none, none, none).total()
    assert sums.pi[0] == pytest.approx(sums.inverse_a[0])
    assert np.isnan(tajima_d(sums)).all()


def test_undefined_where_too_few_are_called() -> None:
    ac, an = np.array([[0, 1, 1]]), np.array([[0, 1, 2]])
    found = site_diversity(ac, an, np.array([0]))
    assert np.isnan(found[0, :2]).all()
    assert found[0, 2] == 1.0


# scikit-allel --------------------------------------------------------------------------


def test_site_diversity_is_that_of_scikit_allel(odd: Counted) -> None:
    """Its mean_pairwise_difference: of all pairs of called alleles the share that differs."""
    start = record_starts(odd.record)
    ours = site_diversity(odd.ac, odd.an, start)
    for group in range(3):
        theirs = allel.mean_pairwise_difference(odd.allele_counts(group))
        assert ours[:, group] == pytest.approx(theirs, rel=1e-12, nan_ok=True)
    assert (np.bincount(odd.record) > 1).sum() > 100


def test_tajima_d_is_that_of_scikit_allel(odd: Counted, whole: Counted) -> None:
    """Its n is the largest of the sites', its pi that of each site's own n: as here."""
    for data in (odd, whole):
        ours = tajima_d(sums_of(data).total())
        for group, value in enumerate(ours):
            assert value == pytest.approx(allel.tajima_d(data.allele_counts(group)), rel=1e-11)


def test_heterozygosity_is_that_of_scikit_allel(whole: Counted) -> None:
    """Its expected is 1 - sum p²; Nei's unbiased is 2N / (2N - 1) times that."""
    sums = sums_of(whole)
    for group, some in enumerate(whole.members):
        genotypes = allel.GenotypeArray(whole.genotypes[:, some])
        observed = allel.heterozygosity_observed(genotypes)
        biased = allel.heterozygosity_expected(genotypes.to_allele_counts().sum(axis=1) / (2 * len(some)), 2)  # fmt: skip  # noqa: E501
        n = 2 * len(some)
        assert sums.het_observed[:, group] == pytest.approx(observed, rel=1e-12)
        assert sums.het_expected[:, group] == pytest.approx(biased * n / (n - 1), abs=1e-12)
        total = sums.total()
        assert observed_heterozygosity(total)[group] == pytest.approx(observed.mean())
        assert expected_heterozygosity(total)[group] == pytest.approx(biased.mean() * n / (n - 1))
        f = 1 - observed.sum() / (biased.sum() * n / (n - 1))
        assert inbreeding(total)[group] == pytest.approx(f, rel=1e-10)


def test_windows_are_those_of_scikit_allel() -> None:
    """Windowed diversity, theta and D of the real slice, all its alleles, in 10 kb."""
    data = real_chr22()
    size, first = 10_000, 16_050_001
    numbers, sums = windows_of(data, size)
    pos = data.pos[record_starts(data.record)]
    for group in (0, ALL):
        ac = data.allele_counts(group)
        span = {"size": size, "start": first, "stop": 16_500_000}
        pi, windows, _, _ = allel.windowed_diversity(pos, ac, **span)
        place = (windows[:, 0] - 1) // size
        at = np.searchsorted(numbers, place)
        assert (numbers[at] == place).all()
        assert len(at) == len(numbers)
        theta = allel.windowed_watterson_theta(pos, ac, **span)[0]
        d = allel.windowed_tajima_d(pos, ac, **span, min_sites=1)[0]
        assert nucleotide_diversity(sums, size)[at, group] == pytest.approx(pi, rel=1e-11)
        assert watterson_theta(sums, size)[at, group] == pytest.approx(theta, rel=1e-11)
        assert tajima_d(sums)[at, group] == pytest.approx(d, rel=1e-10)
    whole = allel.sequence_diversity(pos, ac, start=first, stop=16_500_000)
    assert nucleotide_diversity(sums.total(), 450_000)[ALL] == pytest.approx(whole, rel=1e-11)


# vcftools -------------------------------------------------------------------------------


def vcftools(folder: Path, *options: str) -> pl.DataFrame:
    subprocess.run(
        [tool("vcftools"), "--gzvcf", str(real(SLICES["chr22"].vcf)), *options, "--out",
         str(folder / "out")],
        check=True, capture_output=True,
    )  # fmt: skip
    (made,) = (p for p in folder.iterdir() if p.suffix != ".log")
    return pl.read_csv(made, separator="\t", infer_schema_length=None, null_values=["nan"])


def printed(ours: np.ndarray, theirs: pl.Series) -> None:
    """Equal to the six significant digits that it prints."""
    assert len(theirs) == len(ours)
    assert ours == pytest.approx(theirs.to_numpy(), rel=5.1e-6)


def test_site_pi_is_that_of_vcftools(tmp_path: Path) -> None:
    """Its --site-pi is the share of differing pairs among all alleles, several ALTs too."""
    data = real_chr22()
    theirs = vcftools(tmp_path, "--site-pi")
    printed(site_diversity(data.ac, data.an, record_starts(data.record))[:, ALL], theirs["PI"])


def biallelic(data: Counted) -> Counted:
    return data.rows(np.bincount(data.record) == 1)


def test_window_pi_is_that_of_vcftools(tmp_path: Path) -> None:
    """Its --window-pi: differing pairs of alleles over all pairs, several ALTs too.

    Both are summed over the window, sites without a record counted in full among the
    pairs: with nothing missing, our sum over the window's length. N_VARIANTS are the
    sites that vary.
    """
    data = real_chr22()
    numbers, sums = windows_of(data, 10_000)
    theirs = vcftools(tmp_path, "--window-pi", "10000")
    assert ((theirs["BIN_START"] - 1) // 10_000).to_list() == numbers.tolist()
    printed(nucleotide_diversity(sums, 10_000)[:, ALL], theirs["PI"])
    assert sums.segregating[:, ALL].tolist() == theirs["N_VARIANTS"].to_list()


def test_tajima_d_is_that_of_vcftools(tmp_path: Path) -> None:
    """Its --TajimaD takes sites of two alleles, and its bins begin a base before ours."""
    data = biallelic(real_chr22())
    numbers, sums = by_window(sums_of(data), window_of(data.pos + 1, 10_000))
    theirs = vcftools(tmp_path, "--TajimaD", "10000").filter(pl.col("N_SNPS") > 0)
    assert (theirs["BIN_START"] // 10_000).to_list() == numbers.tolist()
    assert theirs["N_SNPS"].to_list() == sums.segregating[:, ALL].tolist()
    printed(tajima_d(sums)[:, ALL], theirs["TajimaD"])


# tskit ----------------------------------------------------------------------------------


def test_diversity_is_that_of_tskit() -> None:
    """Its site mode, not divided by the span. Its segregating sites count alleles less one,
    which under infinite sites is our count of sites."""
    data = simulated()
    total = sums_of(data.counted).total()
    sets = list(data.chromosomes)
    pi = data.trees.diversity(sets, mode="site", span_normalise=False)
    segregating = data.trees.segregating_sites(sets, mode="site", span_normalise=False)
    assert total.pi[:3] == pytest.approx(pi, rel=1e-11)
    assert total.segregating[:3].tolist() == segregating.tolist()
    assert tajima_d(total)[:3] == pytest.approx(data.trees.Tajimas_D(sets), rel=1e-10)
    assert min(segregating) > 300


def test_diversity_in_windows_is_that_of_tskit() -> None:
    data = simulated()
    numbers, sums = windows_of(data.counted, 20_000)
    edges = np.arange(0, 100_001, 20_000)
    theirs = data.trees.diversity(list(data.chromosomes), windows=edges, mode="site")
    assert numbers.tolist() == [0, 1, 2, 3, 4]
    assert nucleotide_diversity(sums, 20_000)[:, :3] == pytest.approx(theirs, rel=1e-11)
