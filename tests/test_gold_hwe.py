"""The exact Hardy-Weinberg test, against its formula in whole numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_vcf import exact_hwe

from medallion.popgen.hwe import exact_test

SOME = settings(max_examples=200, deadline=None, derandomize=True, database=None)
COUNT = st.integers(0, 60)


@SOME
@given(st.lists(st.tuples(COUNT, COUNT, COUNT), min_size=1, max_size=20))
def test_it_is_the_formula(counts: list[tuple[int, int, int]]) -> None:
    found = exact_test(*zip(*counts, strict=True))
    for p, triple in zip(found, counts, strict=True):
        expected = exact_hwe(*triple)
        if expected is None:
            assert np.isnan(p)
        else:
            assert p == pytest.approx(expected, rel=1e-9)
            assert 0 < p <= 1


def test_every_outcome_of_a_small_sample() -> None:
    triples = [(a, b, 12 - a - b) for a in range(13) for b in range(13 - a)]
    found = exact_test(*zip(*triples, strict=True))
    assert found == pytest.approx([exact_hwe(*t) for t in triples], rel=1e-12)


def test_the_two_alleles_are_alike() -> None:
    one = exact_test([100, 3, 0], [20, 4, 9], [5, 60, 1])
    other = exact_test([5, 60, 1], [20, 4, 9], [100, 3, 0])
    assert np.array_equal(one, other)


def test_a_large_sample_neither_overflows_nor_takes_long() -> None:
    p = exact_test([250_000, 90_000], [500_000, 500_000], [250_000, 0])
    assert p[0] == pytest.approx(1.0, abs=0.01)
    assert 0 <= p[1] < 1e-300


@pytest.mark.parametrize("triple", [(5, 0, 0), (0, 0, 5), (4, 1, 0)])
def test_without_variation_nothing_departs(triple: tuple[int, int, int]) -> None:
    assert exact_test(*([n] for n in triple)).item() == pytest.approx(1.0)


def test_negative_counts_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        exact_test([1], [-1], [1])


def test_no_rows() -> None:
    assert exact_test([], [], []).shape == (0,)


def test_a_p_is_the_same_whatever_else_is_asked() -> None:
    """What is worked out beside it does not matter; a stored p equals one on demand."""
    rng = np.random.default_rng(3)
    hom_alt = rng.integers(0, 30, 400)
    het = rng.integers(0, 40, 400)
    hom_ref = 90 - het - hom_alt
    together = exact_test(hom_ref, het, hom_alt)
    alone = [exact_test([a], [b], [c])[0] for a, b, c in zip(hom_ref, het, hom_alt, strict=True)]
    assert np.array_equal(together, alone)
