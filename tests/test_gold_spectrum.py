"""Site-frequency spectra against their definition, scikit-allel and tskit."""

from __future__ import annotations

from collections import Counter

import allel
import numpy as np
import polars as pl
import pytest
from allele_counts import Counted, real_chr22, simulated
from hypothesis import given, settings
from hypothesis import strategies as st
from real_data import SLICES, real

from medallion.popgen.spectrum import (
    add_spectra,
    complete,
    dense,
    derived,
    folded,
    joint,
    joint_folded,
    unfolded,
    usable,
)

SOME = settings(max_examples=100, deadline=None, derandomize=True, database=None)
PAIRS = [(0, 1), (0, 2), (1, 2)]


@st.composite
def counts(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """ac, an of shape (n, 3), and which allele is derived."""
    n_sites = draw(st.integers(0, 12))
    most = draw(st.sampled_from([3, 8, 10**5, 10**6]))
    an = draw(st.lists(st.tuples(*[st.integers(max(most - 2, 0), most)] * 3), min_size=n_sites,
                       max_size=n_sites))  # fmt: skip
    ac = [tuple(draw(st.sampled_from([0, 1, 2, n // 2, n - 1, n])) for n in row) for row in an]
    ac = [tuple(min(c, n) for c, n in zip(a, b, strict=True)) for a, b in zip(ac, an, strict=True)]
    which = draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=n_sites, max_size=n_sites))
    shape = (n_sites, 3)
    return (
        np.array(ac, np.int64).reshape(shape),
        np.array(an, np.int64).reshape(shape),
        np.array(which, np.int8),
    )


def as_counter(frame: pl.DataFrame) -> Counter[tuple[int, ...]]:
    rows = frame.rows()
    assert len({r[:-1] for r in rows}) == len(rows)
    return Counter({r[:-1]: r[-1] for r in rows})


@SOME
@given(counts())
def test_spectra_are_what_slow_counting_finds(
    made: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    ac, an, which = made
    one, low, two, both = Counter(), Counter(), Counter(), Counter()
    for c, n, w in zip(ac.tolist(), an.tolist(), which.tolist(), strict=True):
        d = [x if w == 1 else m - x for x, m in zip(c, n, strict=True)]
        for g in range(3):
            low[(g, n[g], min(c[g], n[g] - c[g]))] += 1
            if w >= 0:
                one[(g, n[g], d[g])] += 1
        for i, j in PAIRS:
            if w >= 0:
                two[(i, j, n[i], n[j], d[i], d[j])] += 1
            this, other = (c[i], c[j]), (n[i] - c[i], n[j] - c[j])
            minor = min(this, other, key=lambda pair: (sum(pair), pair[0]))
            both[(i, j, n[i], n[j], *minor)] += 1
    assert as_counter(unfolded(ac, an, which)) == one
    assert as_counter(folded(ac, an)) == low
    assert as_counter(joint(ac, an, which, PAIRS)) == two
    assert as_counter(joint_folded(ac, an, PAIRS)) == both


@SOME
@given(counts(), st.integers(0, 12))
def test_sums_of_parts_are_the_whole(
    made: tuple[np.ndarray, np.ndarray, np.ndarray], cut: int
) -> None:
    ac, an, which = made
    first, rest = slice(None, cut), slice(cut, None)
    for of in (
        lambda s: unfolded(ac[s], an[s], which[s]),
        lambda s: folded(ac[s], an[s]),
        lambda s: joint(ac[s], an[s], which[s], PAIRS),
        lambda s: joint_folded(ac[s], an[s], PAIRS),
    ):
        together = add_spectra([of(first), of(rest)])
        assert together.equals(add_spectra([of(slice(None))]))
        assert together.columns[-1] == "sites"


@SOME
@given(counts())
def test_folding_forgets_which_allele_is_which(
    made: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    ac, an, _ = made
    assert folded(ac, an).equals(folded(an - ac, an))
    flipped = joint_folded(an - ac, an, PAIRS)
    assert as_counter(flipped) == as_counter(joint_folded(ac, an, PAIRS))


def test_counts_too_large_for_one_key() -> None:
    """Of four counts that range over a million each there are more combinations than int64s."""
    an = np.array([[0, 0], [10**6, 10**6], [10**6, 10**6]])
    ac = np.array([[0, 0], [10**6, 3], [10**6, 3]])
    found = joint(ac, an, np.ones(3, np.int8), [(0, 1)])
    assert found.rows() == [(0, 1, 0, 0, 0, 0, 1), (0, 1, 10**6, 10**6, 10**6, 3, 2)]


def test_complete_takes_the_n_that_most_sites_have() -> None:
    rows = pl.DataFrame(
        {
            "group": [0, 0, 0, 1, 1],
            "n": [10, 9, 10, 4, 6],
            "count": [1, 1, 2, 1, 1],
            "sites": [5, 7, 3, 2, 2],
        }
    )
    found = complete(rows)
    assert found.rows() == [(0, 10, 1, 5), (0, 10, 2, 3), (1, 6, 1, 2)]
    assert dense(found.filter(pl.col("group") == 0), 10).tolist() == [0, 5, 3] + [0] * 8
    with pytest.raises(ValueError, match="not of one spectrum"):
        dense(rows, 10)
    with pytest.raises(ValueError, match="not of one spectrum"):
        dense(found.head(1), 0)
    with pytest.raises(ValueError, match="at least one"):
        add_spectra([])


def test_complete_of_pairs() -> None:
    ac = np.array([[1, 1], [1, 2], [2, 1]])
    an = np.array([[4, 6], [4, 6], [4, 5]])
    found = complete(joint(ac, an, np.ones(3, np.int8), [(0, 1)]))
    assert found.rows() == [(0, 1, 4, 6, 1, 1, 1), (0, 1, 4, 6, 1, 2, 1)]


@pytest.mark.parametrize(
    ("ref", "alt", "ancestral", "loose", "strict"),
    [
        ("A", "G", "A", 1, 1),
        ("A", "G", "a", 1, -1),
        ("A", "G", "G", 0, 0),
        ("A", "G", "g", 0, -1),
        ("a", "g", "G", 0, 0),
        ("A", "G", "C", -1, -1),
        ("A", "G", ".", -1, -1),
        ("A", "G", "-", -1, -1),
        ("N", "G", "N", -1, -1),
        ("A", "G", "?", -1, -1),
        ("A", ".", ".", -1, -1),
        ("A", "G", "", -1, -1),
        ("A", "G", None, -1, -1),
        ("AT", "A", "AT", 1, 1),
    ],
)
def test_the_derived_allele(
    ref: str, alt: str, ancestral: str | None, loose: int, strict: int
) -> None:
    """Phase 3's README: upper case is high confidence, lower case low."""
    frame = pl.DataFrame(
        {"r": [ref], "a": [alt], "aa": [ancestral]}, schema_overrides={"aa": pl.String}
    )
    of = (pl.col("r"), pl.col("a"), pl.col("aa"))
    found = frame.select(loose=derived(*of), strict=derived(*of, high_confidence_only=True))
    assert found.row(0) == (loose, strict)
    assert found.dtypes == [pl.Int8, pl.Int8]


def test_what_enters_a_spectrum() -> None:
    frame = pl.DataFrame({"t": ["snv", "snv", "deletion"], "n": [1, 2, 1]})
    assert frame.select(x=usable(pl.col("t"), pl.col("n")))["x"].to_list() == [True, False, False]


# scikit-allel ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def snvs() -> tuple[Counted, np.ndarray]:
    """SNVs of two alleles of the real slice, and which of theirs is derived."""
    read = allel.read_vcf(
        str(real(SLICES["chr22"].vcf)),
        fields=["variants/REF", "variants/ALT", "variants/AA"],
        alt_number=8,
    )
    ref, alt = read["variants/REF"], read["variants/ALT"]
    wanted = np.array(
        [len(r) == 1 == len(a[0]) and a[1] == "" for r, a in zip(ref, alt, strict=True)]
    )
    frame = pl.DataFrame(
        {
            "ref": ref[wanted].tolist(),
            "alt": [a[0] for a in alt[wanted]],
            "aa": [str(a).split("|")[0] for a in read["variants/AA"][wanted]],
        }
    )
    which = frame.select(derived(pl.col("ref"), pl.col("alt"), pl.col("aa"))).to_series()
    # As counted in Python, so that what follows cannot pass on a handful of sites.
    slow = [1 if a.upper() == r else 0 if a.upper() == b else -1 for r, b, a in frame.rows()]
    slow = [s if a not in ".-N?" else -1 for s, a in zip(slow, frame["aa"], strict=True)]
    assert which.to_list() == slow
    assert (which == 1).sum() > 3000
    assert (which == 0).sum() > 50
    return real_chr22().rows(wanted), which.to_numpy()


def test_spectra_of_the_real_slice_are_those_of_scikit_allel(
    snvs: tuple[Counted, np.ndarray],
) -> None:
    """Its sfs counts derived alleles from 0; its sfs_folded the less frequent of two."""
    data, which = snvs
    known = which >= 0
    ours, low = unfolded(data.ac, data.an, which), folded(data.ac, data.an)
    for group in range(data.ac.shape[1]):
        n = int(data.an[0, group])
        assert (data.an[:, group] == n).all()
        dac = np.where(which == 1, data.ac[:, group], n - data.ac[:, group])[known]
        mine = dense(ours.filter(pl.col("group") == group), n)
        assert mine.tolist() == allel.sfs(dac, n=n).tolist()
        theirs = allel.sfs_folded(data.allele_counts(group), n=n)
        assert dense(low.filter(pl.col("group") == group), n // 2).tolist() == theirs.tolist()


def test_joint_spectra_are_those_of_scikit_allel(snvs: tuple[Counted, np.ndarray]) -> None:
    """Its joint_sfs: derived counts of the two, from 0. (Its folded one is another.)"""
    data, which = snvs
    known = which >= 0
    dac = np.where(which[:, None] == 1, data.ac, data.an - data.ac)[known]
    pairs = [(0, 1), (2, 4)]
    frame = joint(data.ac, data.an, which, pairs)
    for i, j in pairs:
        n = int(data.an[0, i]), int(data.an[0, j])
        theirs = allel.joint_sfs(dac[:, i], dac[:, j], *n)
        mine = np.zeros_like(theirs)
        rows = frame.filter((pl.col("group_1") == i) & (pl.col("group_2") == j))
        mine[rows["count_1"].to_numpy(), rows["count_2"].to_numpy()] = rows["sites"].to_numpy()
        assert (mine == theirs).all()


# tskit -----------------------------------------------------------------------------------


def test_spectra_are_those_of_tskit() -> None:
    """Its allele_frequency_spectrum in site mode, not divided by the span.

    Polarised it counts derived alleles (its class n takes sites in which a set is fixed
    for the derived one), folded the less frequent one; under infinite sites, one a site.
    What lies in the classes where no set varies is not compared: there it depends on
    samples outside the sets.
    """
    data = simulated()
    c = data.counted
    derived_is_alt = np.ones(len(c.ac), np.int8)
    ours = unfolded(c.ac, c.an, derived_is_alt)
    low = folded(c.ac, c.an)
    for group, chromosomes in enumerate(data.chromosomes):
        n = len(chromosomes)
        theirs = data.trees.allele_frequency_spectrum(
            [chromosomes], mode="site", span_normalise=False, polarised=True
        )
        mine = dense(ours.filter(pl.col("group") == group), n)
        assert mine[1:n].tolist() == theirs[1:n].tolist()
        assert mine.sum() == data.trees.num_sites
        theirs = data.trees.allele_frequency_spectrum(
            [chromosomes], mode="site", span_normalise=False, polarised=False
        )
        mine = dense(low.filter(pl.col("group") == group), n // 2)
        assert mine[1:].tolist() == theirs[1 : n // 2 + 1].tolist()
    rows = joint(c.ac, c.an, derived_is_alt, [(0, 1)])
    sets = list(data.chromosomes[:2])
    theirs = data.trees.allele_frequency_spectrum(
        sets, mode="site", span_normalise=False, polarised=True
    )
    mine = np.zeros_like(theirs)
    mine[rows["count_1"].to_numpy(), rows["count_2"].to_numpy()] = rows["sites"].to_numpy()
    # The corners are sites that vary in neither.
    mine[0, 0] = mine[-1, -1] = theirs[0, 0] = theirs[-1, -1] = 0
    assert (mine == theirs).all()
    assert mine.sum() > 500
