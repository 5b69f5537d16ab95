"""FST against its formulas, scikit-allel, plink2 and tskit."""

from __future__ import annotations

import subprocess
from itertools import pairwise
from pathlib import Path

import allel
import numpy as np
import polars as pl
import pytest
from allele_counts import SUPER, Counted, counted, random_genotypes, real_chr22, simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import PANEL, SLICES, metadata, real, tool

from medallion.popgen.fst import (
    all_pairs,
    hudson_sites,
    hudson_sums,
    weir_cockerham,
    weir_cockerham_sites,
    weir_cockerham_sums,
)
from medallion.popgen.jackknife import (
    PairSums,
    add_blocks,
    block_jackknife,
    mean_ratio,
    ratio,
)

SOME = settings(max_examples=60, deadline=None, derandomize=True, database=None)
GROUPS = (np.arange(6), np.arange(6, 9), np.arange(9, 24), np.arange(24, 30))
PAIRS = all_pairs(4)


def sums_of(data: Counted, block: np.ndarray, columns: slice = slice(None)) -> dict[str, PairSums]:
    return {
        "hudson": hudson_sums(data.ac[:, columns], data.an[:, columns], block),
        "wc": weir_cockerham_sums(*(d[:, columns] for d in data.diploids), block),
    }


def sites_of(data: Counted, pairs: list[tuple[int, int]]) -> dict[str, tuple]:
    return {
        "hudson": hudson_sites(data.ac, data.an, pairs),
        "wc": weir_cockerham_sites(*data.diploids, pairs),
    }


def varies(data: Counted, pairs: list[tuple[int, int]], method: str) -> np.ndarray:
    """Where a pair has both alleles, of what the method counts."""
    copies, n = data.ac, data.an
    if method == "wc":
        copies, n = data.het + 2 * data.hom_alt, 2 * sum(data.diploids)
    both = [(copies[:, i] + copies[:, j], n[:, i] + n[:, j]) for i, j in pairs]
    return np.stack([(c > 0) & (c < m) for c, m in both], axis=1)


def with_missing(seed: int, sites: int, missing: float) -> Counted:
    genotypes = random_genotypes(seed, sites, 30, alleles=2, missing=missing)
    return counted(genotypes, GROUPS, 1 + np.arange(sites))


# All pairs at once against site by site ---------------------------------------------------


@SOME
@given(
    st.integers(0, 10**6),
    st.sampled_from([0.0, 0.02, 0.3, 0.8]),
    st.lists(st.integers(1, 199), max_size=3),
)
def test_sums_are_those_of_the_sites(seed: int, missing: float, cuts: list[int]) -> None:
    data = with_missing(seed, 200, missing)
    bounds = [0, *sorted(set(cuts)), 200]
    block = np.searchsorted(bounds, np.arange(200), side="right") - 1
    found = sums_of(data, block)
    for method, (num, den) in sites_of(data, PAIRS).items():
        sums = found[method]
        assert sums.block.tolist() == list(range(len(bounds) - 1))
        used = varies(data, PAIRS, method) & ~np.isnan(den)
        for k, (first, last) in enumerate(pairwise(bounds)):
            for ours, theirs in ((sums.num, num), (sums.den, den)):
                some = np.where(used[first:last], theirs[first:last], 0).sum(axis=0)
                assert ours[k] == pytest.approx(some, rel=1e-9, abs=1e-10)
            own = np.where(used[first:last], ratio(num, den)[first:last], 0).sum(axis=0)
            assert sums.ratios[k] == pytest.approx(own, rel=1e-9, abs=1e-10)
            assert (sums.sites[k] == used[first:last].sum(axis=0)).all()


@SOME
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.3, 0.8]), st.permutations(range(4)))
def test_it_does_not_matter_who_comes_first(seed: int, missing: float, order: list[int]) -> None:
    """Of a pair, of all groups, and of the two alleles; and it is never above 1."""
    data = with_missing(seed, 50, missing)
    back = [(j, i) for i, j in PAIRS]
    for method, (num, den) in sites_of(data, PAIRS).items():
        other = sites_of(data, back)[method]
        assert num == pytest.approx(other[0], rel=1e-9, abs=1e-12, nan_ok=True)
        assert den == pytest.approx(other[1], rel=1e-9, abs=1e-12, nan_ok=True)
        assert np.nanmax(ratio(num, den), initial=0) <= 1 + 1e-9
    block = np.zeros(50, np.int64)
    flipped = {
        "hudson": hudson_sums(data.an - data.ac, data.an, block),
        "wc": weir_cockerham_sums(*data.diploids[::-1], block),
    }
    for method, sums in sums_of(data, block).items():
        assert block_jackknife(sums).fst == pytest.approx(
            block_jackknife(flipped[method]).fst, rel=1e-9, abs=1e-12, nan_ok=True
        )
        place = {pair: k for k, pair in enumerate(PAIRS)}
        moved = [place[tuple(sorted((order[i], order[j])))] for i, j in PAIRS]
        assert block_jackknife(
            sums_of(counted(data.genotypes, tuple(GROUPS[k] for k in order), data.pos), block)[
                method
            ]
        ).fst == pytest.approx(block_jackknife(sums).fst[moved], rel=1e-9, abs=1e-12, nan_ok=True)


@pytest.mark.parametrize("rare", [1, 40, 100])
def test_equal_sample_sizes_are_found_wherever_they_are(rare: int) -> None:
    """Several sets of sites of equal n, large and small, in any order."""
    data = with_missing(1, 900, 0.0)
    genotypes = data.genotypes.copy()
    made = np.random.default_rng(2)
    kind = made.permutation(np.repeat([0, 1, 2], [500, 400 - rare, rare]))
    genotypes[kind == 1, 3] = -1
    genotypes[kind == 2, 4:9] = -1
    data = counted(genotypes, GROUPS, data.pos)
    sums = weir_cockerham_sums(*data.diploids, np.zeros(900, np.int64))
    num, den = weir_cockerham_sites(*data.diploids, PAIRS)
    assert sums.num[0] == pytest.approx(np.nansum(num, axis=0), rel=1e-10)
    assert sums.den[0] == pytest.approx(np.nansum(den, axis=0), rel=1e-10)
    own = np.nanmean(ratio(num, den), axis=0)
    assert mean_ratio(sums) == pytest.approx(own, rel=1e-10)
    assert np.isnan(num).any(axis=1).sum() == rare


def test_blocks_that_two_parts_share_are_added() -> None:
    data = with_missing(3, 300, 0.05)
    block = np.arange(300) // 70
    for method in ("hudson", "wc"):
        parts = []
        for first, last in ((0, 100), (100, 101), (101, 300)):
            which = (np.arange(300) >= first) & (np.arange(300) < last)
            parts.append(sums_of(data.rows(which), block[which])[method])
        together, once = add_blocks(parts), sums_of(data, block)[method]
        assert together.block.tolist() == once.block.tolist() == [0, 1, 2, 3, 4]
        assert (together.sites == once.sites).all()
        assert together.num == pytest.approx(once.num, rel=1e-10)
        assert together.den == pytest.approx(once.den, rel=1e-10)
    with pytest.raises(ValueError, match="at least one"):
        add_blocks([])


@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_which_allele_is_the_alt_does_not_matter(missing: float) -> None:
    data = with_missing(4, 300, missing)
    flipped = counted(np.where(data.genotypes < 0, -1, 1 - data.genotypes), GROUPS, data.pos)
    block = np.zeros(300, np.int64)
    for method, sums in sums_of(data, block).items():
        other = sums_of(flipped, block)[method]
        assert sums.num == pytest.approx(other.num, rel=1e-9)
        assert sums.den == pytest.approx(other.den, rel=1e-9)
    for one, other in zip(
        weir_cockerham(*data.diploids), weir_cockerham(*flipped.diploids), strict=True
    ):
        assert one == pytest.approx(other, rel=1e-9, abs=1e-14, nan_ok=True)


def test_haploid_calls_count_for_hudson_alone() -> None:
    """Males on chrX: two haploid carriers beside diploids; and MT, which has no diploid."""
    ac, an = np.array([[3, 1], [2, 1]]), np.array([[8, 6], [4, 5]])
    diploids = (np.array([[2, 2], [0, 0]]), np.array([[1, 1], [0, 0]]), np.zeros((2, 2), int))
    num, den = hudson_sites(ac, an, [(0, 1)])
    p, q = np.array([3 / 8, 2 / 4]), np.array([1 / 6, 1 / 5])
    within = p * (1 - p) / (an[:, 0] - 1) + q * (1 - q) / (an[:, 1] - 1)
    assert num[:, 0] == pytest.approx((p - q) ** 2 - within)
    assert den[:, 0] == pytest.approx(p * (1 - q) + q * (1 - p))
    a, whole = weir_cockerham_sites(*diploids, [(0, 1)])
    assert a[0, 0] < 0 < whole[0, 0]
    assert np.isnan([a[1, 0], whole[1, 0]]).all()
    sums = weir_cockerham_sums(*diploids, np.zeros(2, int))
    assert (sums.num[0], sums.den[0], sums.sites[0]) == (a[0], whole[0], 1)
    none = weir_cockerham_sums(*(d[1:] for d in diploids), np.zeros(1, int))
    assert np.isnan(ratio(none.num[0], none.den[0])).all()


def test_no_sites_and_no_pairs() -> None:
    nothing = np.zeros((0, 3), np.int64)
    for sums in (
        hudson_sums(nothing, nothing, nothing[:, 0]),
        weir_cockerham_sums(nothing, nothing, nothing, nothing[:, 0]),
    ):
        assert sums.num.shape == (0, 3)
        assert np.isnan(block_jackknife(sums).fst).all()
    alone = np.ones((5, 1), np.int64)
    assert hudson_sums(alone, alone, alone[:, 0]).num.shape == (1, 0)
    assert hudson_sites(alone, alone, [])[0].shape == (5, 0)
    a, whole = weir_cockerham(alone, alone, alone)
    assert np.isnan(a).all()
    assert np.isnan(whole).all()


# scikit-allel ----------------------------------------------------------------------------


def test_hudson_is_that_of_scikit_allel() -> None:
    """Its num is the diversity between less that within, its den that between.

    With two alleles that is the formula of Bhatia et al. exactly, missing calls or not.
    """
    data = with_missing(5, 400, 0.2)
    num, den = hudson_sites(data.ac, data.an, PAIRS)
    for k, (i, j) in enumerate(PAIRS):
        theirs = allel.hudson_fst(data.allele_counts(i), data.allele_counts(j))
        defined = ~np.isnan(theirs[0])
        assert (defined == ~np.isnan(num[:, k])).all()
        assert num[:, k] == pytest.approx(theirs[0], rel=1e-10, abs=1e-14, nan_ok=True)
        assert den[defined, k] == pytest.approx(theirs[1][defined], rel=1e-12, abs=1e-15)


@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_weir_cockerham_is_that_of_scikit_allel(missing: float) -> None:
    """Its a, b, c of the ALT, for pairs and for all four groups together.

    It takes half of the called alleles for the number of diploids, so half-missing
    calls are made whole-missing first. A group without calls makes its result NaN; here
    such a group is left out (only pairs, then, are compared: there it is NaN, too).
    """
    genotypes = with_missing(6, 400, missing).genotypes.copy()
    genotypes[(genotypes < 0).any(axis=2)] = -1
    data = counted(genotypes, GROUPS, 1 + np.arange(400))
    pairs = [*PAIRS, tuple(range(4))]
    num, den = weir_cockerham_sites(*data.diploids, PAIRS)
    every, every_whole = weir_cockerham(*data.diploids)
    full = (sum(data.diploids) > 0).all(axis=1)
    assert full.sum() > 300
    for k, members in enumerate(pairs):
        with np.errstate(all="ignore"):
            a, b, c = allel.weir_cockerham_fst(
                allel.GenotypeArray(genotypes), [GROUPS[i].tolist() for i in members], max_allele=1
            )
        ours, whole = (num[:, k], den[:, k]) if k < len(PAIRS) else (every, every_whole)
        sound = full if k == len(PAIRS) else ~np.isnan(ours)
        assert sound.sum() > 300
        assert ours[sound] == pytest.approx(a[sound, 1], rel=1e-9, abs=1e-13)
        assert whole[sound] == pytest.approx((a + b + c)[sound, 1], rel=1e-9, abs=1e-13)


def test_groups_without_calls_are_left_out_of_the_many() -> None:
    data = with_missing(7, 60, 0.0)
    counts = [d.copy() for d in data.diploids]
    for d in counts:
        d[:, 2] = 0
    three = weir_cockerham(*(d[:, [0, 1, 3]] for d in counts))
    for found, expected in zip(weir_cockerham(*counts), three, strict=True):
        assert found == pytest.approx(expected, rel=1e-12)


def test_one_diploid_in_each_group_cannot_be_compared() -> None:
    hom_ref, het = np.array([[1, 0], [1, 1]]), np.array([[0, 1], [0, 1]])
    none = np.zeros((2, 2), np.int64)
    for found in (
        *weir_cockerham(hom_ref, het, none),
        *(x[:, 0] for x in weir_cockerham_sites(hom_ref, het, none, [(0, 1)])),
    ):
        assert np.isnan(found).tolist() == [True, False]
    assert weir_cockerham_sums(hom_ref, het, none, np.zeros(2, np.int64)).sites.tolist() == [[1]]


def test_averages_and_errors_are_those_of_scikit_allel() -> None:
    """average_hudson_fst and average_weir_cockerham_fst in blocks of 100 sites.

    Its jackknife is the ordinary one: the same where all blocks have as many sites, so
    here every site varies in the pair.
    """
    made = random_genotypes(8, 2000, 30, alleles=2, missing=0.0)
    members = GROUPS[1:3]
    both = made[:, np.concatenate(members)]
    made = made[(both.min(axis=(1, 2)) == 0) & (both.max(axis=(1, 2)) == 1)][:1200]
    assert len(made) == 1200
    data = counted(made, members, np.arange(1200))
    sums = sums_of(data, np.arange(1200) // 100)
    theirs = {
        "hudson": allel.average_hudson_fst(data.allele_counts(0), data.allele_counts(1), 100),
        "wc": allel.average_weir_cockerham_fst(
            allel.GenotypeArray(made), [m.tolist() for m in members], 100
        ),
    }
    for method, (fst, se, blocks, _) in theirs.items():
        found = block_jackknife(sums[method])
        assert found.fst[0] == pytest.approx(fst, rel=1e-10)
        assert found.se[0] == pytest.approx(se, rel=1e-8)
        assert found.blocks.tolist() == [12] == [len(blocks)]
        blockwise = ratio(sums[method].num, sums[method].den)[:, 0]
        assert blockwise == pytest.approx(blocks, rel=1e-9)


def test_the_jackknife_of_unequal_blocks() -> None:
    """Of a mean, Busing's m_j jackknife is known in closed form.

    With num the sum of a block and den = m its size, theta is the mean, unbiased, and
    se² = 1/g sum m_j (mean_j - mean)² / (M - m_j).
    """
    made = np.random.default_rng(9)
    m = np.array([3, 10, 1, 25, 7])
    values = [made.normal(size=k) for k in m]
    num = np.array([v.sum() for v in values])
    no_ratios = np.zeros((5, 1))
    sums = PairSums(np.arange(5), num[:, None], m[:, None].astype(float), no_ratios, m[:, None])
    found = block_jackknife(sums)
    mean = np.concatenate(values).mean()
    means = np.array([v.mean() for v in values])
    se = np.sqrt(np.sum(m * (means - mean) ** 2 / (m.sum() - m)) / 5)
    assert found.fst[0] == pytest.approx(mean, rel=1e-12)
    assert found.corrected[0] == pytest.approx(mean, rel=1e-12)
    assert found.se[0] == pytest.approx(se, rel=1e-12)
    padded = PairSums(
        np.arange(6), *(np.vstack([x, [[0]]]) for x in (sums.num, sums.den, no_ratios, sums.sites))
    )
    assert block_jackknife(padded).se[0] == pytest.approx(se, rel=1e-12)
    one = PairSums(np.arange(1), sums.num[:1], sums.den[:1], no_ratios[:1], sums.sites[:1])
    assert np.isnan(block_jackknife(one).se).all()


# plink2 ----------------------------------------------------------------------------------


def plink2(folder: Path, method: str) -> tuple[pl.DataFrame, dict[tuple[str, str], pl.DataFrame]]:
    """The summary, and per pair the variants, of the records of one ALT of the real slice."""
    groups = folder / "groups.txt"
    rows = [f"{s}\t{a}" for s, (_, a) in metadata(PANEL).items()]
    groups.write_text("\n".join(["#IID\tSUPER", *rows]) + "\n", encoding="utf-8")
    subprocess.run(
        [tool("plink2"), "--vcf", str(real(SLICES["chr22"].vcf)), "--max-alleles", "2", "--pheno",
         str(groups), "--fst", "SUPER", f"method={method}", "blocksize=200", "cols=nobs",
         "report-variants", "vcols=chrom,pos,nobs,nallele,fstfrac,fst", "--threads", "1", "--out",
         str(folder / "out")],
        check=True, capture_output=True,
    )  # fmt: skip
    summary = pl.read_csv(folder / "out.fst.summary", separator="\t")
    pairs = {
        (SUPER[i], SUPER[j]): pl.read_csv(
            folder / f"out.{SUPER[i]}.{SUPER[j]}.fst.var", separator="\t", null_values="nan",
            infer_schema_length=None,
        )
        for i, j in all_pairs(5)
    }  # fmt: skip
    return summary, pairs


SIX_DIGITS = 5.1e-6


@pytest.mark.parametrize("method", ["hudson", "wc"])
def test_fst_is_that_of_plink2(method: str, tmp_path: Path) -> None:
    """Its --fst of the five super-populations, site by site and over all, to all digits.

    What PLINK 1.9 calls the weighted FST is this summary, its mean that of the sites' own.

    method=hudson cites Bhatia et al. (2013), method=wc Weir & Cockerham (1984); its
    summary is the ratio of sums over the variants that vary in the pair (OBS_CT), with
    blocksize= the standard error of the weighted jackknife over runs of so many of
    these, the last one shorter. It sums num and den over all alleles of a site of several
    ALTs; those are left out of both here.
    """
    summary, variants = plink2(tmp_path, method)
    data = real_chr22()
    data = data.rows(np.bincount(data.record) == 1)
    pairs = all_pairs(5)
    num, den = sites_of(data, pairs)[method]
    used = varies(data, pairs, method)
    value = ratio(num, den)
    means = []
    for k, (i, j) in enumerate(pairs):
        theirs = variants[(SUPER[i], SUPER[j])]
        assert theirs["POS"].to_list() == data.pos.tolist()
        assert num[:, k] == pytest.approx(theirs["FST_NUMER"].to_numpy(), rel=SIX_DIGITS, abs=1e-15)
        assert den[:, k] == pytest.approx(theirs["FST_DENOM"].to_numpy(), rel=SIX_DIGITS)
        column = theirs[f"{method.upper()}_FST"]
        assert value[:, k] == pytest.approx(
            column.fill_null(np.nan).to_numpy(), rel=SIX_DIGITS, abs=1e-12, nan_ok=True
        )
        means.append(column.mean())
        # Runs of 200 sites that vary in this pair; the others go along with those before.
        runs = np.maximum(np.cumsum(used[:, k]) - 1, 0) // 200
        some = sums_of(data, runs, slice(0, 5))[method]
        assert block_jackknife(some).se[k] == pytest.approx(summary["SE"][k], rel=SIX_DIGITS)
    sums = sums_of(data, data.pos // 100_000, slice(0, 5))[method]
    found = block_jackknife(sums)
    assert [tuple(r) for r in summary.select("#POP1", "POP2").rows()] == [
        (SUPER[i], SUPER[j]) for i, j in pairs
    ]
    assert summary["OBS_CT"].to_list() == sums.sites.sum(axis=0).tolist()
    assert (sums.sites.sum(axis=0) == used.sum(axis=0)).all()
    assert found.fst == pytest.approx(summary[f"{method.upper()}_FST"].to_numpy(), rel=SIX_DIGITS)
    assert found.blocks.tolist() == [5] * 10
    # Six digits each; the sites' rounding evens out.
    assert mean_ratio(sums) == pytest.approx(means, rel=SIX_DIGITS)


# tskit -----------------------------------------------------------------------------------


def test_hudson_follows_from_tskit() -> None:
    """Its Fst is 1 - 2 w / (w + b), of diversity within (mean of the two) and between.

    Hudson's H = 1 - w / b makes that H / (2 - H). Its sums over sites are the same.
    """
    data = simulated()
    sums = hudson_sums(data.counted.ac[:, :3], data.counted.an[:, :3], data.counted.pos * 0)
    h = block_jackknife(sums).fst
    theirs = data.trees.Fst(list(data.chromosomes), indexes=all_pairs(3), mode="site")
    assert h / (2 - h) == pytest.approx(theirs, rel=1e-10)
    between = data.trees.divergence(
        list(data.chromosomes), indexes=all_pairs(3), mode="site", span_normalise=False
    )
    assert sums.den[0] == pytest.approx(between, rel=1e-11)
    assert (h > 0.02).all()
