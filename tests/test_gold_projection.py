"""Spectra brought down to fewer alleles: against draws counted one by one."""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion.popgen import projection

spectra = st.lists(st.integers(0, 50), min_size=3, max_size=13)


@settings(deadline=None, max_examples=60)
@given(spectra, st.data())
def test_a_projection_is_the_mean_over_all_draws(sites: list[int], data: st.DataObject) -> None:
    n = len(sites) - 1
    m = data.draw(st.integers(1, n))
    expected = np.zeros(m + 1)
    for copies, number in enumerate(sites):
        carried = [1] * copies + [0] * (n - copies)
        for drawn in combinations(range(n), m):
            expected[sum(carried[i] for i in drawn)] += number / comb(n, m)
    found = projection.project(sites, m)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    assert found.sum() == pytest.approx(sum(sites))


@settings(deadline=None, max_examples=60)
@given(spectra, st.data())
def test_folding_before_or_after_gives_the_same(sites: list[int], data: st.DataObject) -> None:
    n = len(sites) - 1
    m = data.draw(st.integers(1, n))
    folded = np.zeros(n + 1)
    folded[: n // 2 + 1] = projection.fold(sites)
    np.testing.assert_allclose(
        projection.fold(projection.project(folded, m)),
        projection.fold(projection.project(sites, m)),
        atol=1e-9,
    )


def test_neutral_spectra_stay_neutral() -> None:
    """1 / i of 400 alleles is 1 / i of 40: theta does not depend on the sample."""
    whole = np.zeros(401)
    whole[1:400] = 1 / np.arange(1, 400)
    drawn = projection.project(whole, 40)
    np.testing.assert_allclose(drawn[1:40], 1 / np.arange(1, 40), rtol=1e-9)
    np.testing.assert_allclose(
        drawn[1:40] / drawn[1:40].sum(), projection.neutral(40, folded=False), rtol=1e-9
    )


@pytest.mark.parametrize("m", [2, 3, 4, 9])
def test_neutral_shares_sum_to_one(m: int) -> None:
    for folded, length in ((False, m - 1), (True, m // 2)):
        shares = projection.neutral(m, folded=folded)
        assert len(shares) == length
        assert shares.sum() == pytest.approx(1)
    theta = 1 / np.arange(1, m) + 1 / np.arange(m - 1, 0, -1)
    halves = theta[: m // 2] / (1 + (np.arange(1, m // 2 + 1) == m / 2))
    np.testing.assert_allclose(projection.neutral(m, folded=True), halves / halves.sum())


def test_many_alleles_do_not_overflow() -> None:
    whole = np.zeros(6405)
    whole[3202] = 10.0
    found = projection.project(whole, 160)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(10)
    assert found.argmax() == 80


@pytest.mark.parametrize("m", [0, 5])
def test_more_alleles_than_there_are_cannot_be_drawn(m: int) -> None:
    with pytest.raises(ValueError, match="4 alleles cannot be projected"):
        projection.project(np.ones(5), m)
