"""Trees of groups: what neighbour joining and average linkage promise, on trees made up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medallion.popgen import tree
from medallion.popgen.tree import Tree


@st.composite
def additive(draw: st.DrawFn) -> tuple[Tree, np.ndarray]:
    """A random unrooted tree whose inner nodes have three branches, and its distances."""
    n = draw(st.integers(3, 14))
    lengths = st.floats(0.01, 3.0)
    near: list[dict[int, float]] = [{} for _ in range(2 * n - 2)]

    def join(a: int, b: int, length: float) -> None:
        near[a][b] = near[b][a] = length

    for leaf in range(3):
        join(leaf, n, draw(lengths))
    for leaf in range(3, n):
        edges = [(a, b) for a in range(len(near)) for b in near[a] if a < b]
        a, b = draw(st.sampled_from(edges))
        middle = n + leaf - 2
        del near[a][b], near[b][a]
        join(a, middle, draw(lengths))
        join(b, middle, draw(lengths))
        join(leaf, middle, draw(lengths))
    made = tree._rooted(near, n, n)
    return made, tree.leaf_distances(made)


def splits(found: Tree) -> set[frozenset[int]]:
    """How each branch parts the leaves, the side without leaf 0."""
    everyone = frozenset(range(found.n_leaves))
    below: dict[int, frozenset[int]] = {}
    for node in reversed(found.downward()):
        own = frozenset([node]) if node < found.n_leaves else frozenset()
        below[node] = own.union(*(below[c] for c in found.children[node]))
    sides = {everyone - s if 0 in s else s for s in below.values()}
    return {s for s in sides if 0 < len(s) < found.n_leaves}


@settings(deadline=None, max_examples=150)
@given(additive())
def test_neighbour_joining_finds_an_additive_tree_exactly(made: tuple[Tree, np.ndarray]) -> None:
    true, distances = made
    found = tree.neighbour_joining(distances)
    assert splits(found) == splits(true)
    np.testing.assert_allclose(tree.leaf_distances(found), distances, rtol=1e-9, atol=1e-9)
    rooted = tree.midpoint(tree.without_negatives(found)[0])
    np.testing.assert_allclose(tree.leaf_distances(rooted), distances, rtol=1e-9, atol=1e-9)
    away = tree.layout(rooted).drop_nulls("leaf")["x"].to_numpy()
    # The root is in the middle of the longest way between two leaves.
    assert away.max() == pytest.approx(distances.max() / 2)
    assert (np.sort(away)[-2:] == pytest.approx(distances.max() / 2)) or len(away) == 2
    assert tree.fit(found, distances) in (None, pytest.approx(1.0))


@settings(deadline=None, max_examples=100)
@given(additive(), st.randoms(use_true_random=False))
def test_the_order_of_the_groups_does_not_change_the_tree(
    made: tuple[Tree, np.ndarray], random: object
) -> None:
    _, distances = made
    order = list(range(len(distances)))
    random.shuffle(order)  # type: ignore[attr-defined]
    moved = tree.leaf_distances(tree.neighbour_joining(distances[np.ix_(order, order)]))
    np.testing.assert_allclose(moved, distances[np.ix_(order, order)], rtol=1e-9, atol=1e-9)


def test_the_example_of_four_that_mean_distance_gets_wrong() -> None:
    """Two neighbours of very different rates: UPGMA joins the two short branches."""
    # ((0:1, 1:10):1, (2:1, 3:10))
    d = np.array([[0, 11, 3, 12], [11, 0, 12, 21], [3, 12, 0, 11], [12, 21, 11, 0]], float)
    assert frozenset({2, 3}) in splits(tree.neighbour_joining(d))
    upgma = tree.average_linkage(d)
    assert any(set(c) == {0, 2} for c in upgma.children)


def plain_upgma(distances: np.ndarray) -> np.ndarray:
    """Cophenetic distances by the definition: means over all pairs of members."""
    n = len(distances)
    clusters = [[i] for i in range(n)]
    out = np.zeros((n, n))
    while len(clusters) > 1:
        means = {
            (i, j): np.mean([distances[a, b] for a in clusters[i] for b in clusters[j]])
            for i in range(len(clusters))
            for j in range(i)
        }
        (i, j), mean = min(means.items(), key=lambda item: item[1])
        for a in clusters[i]:
            for b in clusters[j]:
                out[a, b] = out[b, a] = mean
        clusters[j] += clusters.pop(i)
    return out


@settings(deadline=None, max_examples=80)
@given(st.integers(2, 9), st.integers(0, 2**32 - 1))
def test_average_linkage_is_upgma_and_ultrametric(n: int, seed: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, 3))
    distances = np.sqrt(((points[:, None] - points[None]) ** 2).sum(axis=2))
    found = tree.average_linkage(distances)
    np.testing.assert_allclose(tree.leaf_distances(found), plain_upgma(distances), atol=1e-9)
    leaves = tree.layout(found).drop_nulls("leaf")
    assert np.ptp(leaves["x"].to_numpy()) < 1e-9
    assert sorted(leaves["leaf"]) == list(range(n))
    assert leaves.sort("y")["leaf"].to_list() == found.leaves()


def test_the_best_order_puts_neighbours_side_by_side() -> None:
    line = np.array([3.0, 0.0, 2.0, 1.0, 4.0])
    order = tree.average_linkage(np.abs(line[:, None] - line[None])).leaves()
    assert line[order].tolist() in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0])


@pytest.mark.parametrize("build", [tree.neighbour_joining, tree.average_linkage])
def test_one_group_and_two(build: object) -> None:
    one = build(np.zeros((1, 1)))  # type: ignore[operator]
    assert one.leaves() == [0]
    two = build(np.array([[0, 0.3], [0.3, 0]]))  # type: ignore[operator]
    assert sorted(two.leaves()) == [0, 1]
    np.testing.assert_allclose(tree.leaf_distances(two), [[0, 0.3], [0.3, 0]])
    assert tree.fit(two, np.array([[0, 0.3], [0.3, 0]])) is None
    assert tree.midpoint(two) is two


def test_all_alike_and_nonsense() -> None:
    for build in (tree.neighbour_joining, tree.average_linkage):
        flat = build(np.zeros((6, 6)))
        assert not tree.leaf_distances(flat).any()
        for wrong in (np.zeros((2, 3)), np.ones((2, 2)), np.array([[0, 1], [2, 0]]),
                      np.zeros((0, 0))):  # fmt: skip
            with pytest.raises(ValueError, match="square"):
                build(wrong)
    assert tree.midpoint(tree.neighbour_joining(np.zeros((6, 6)))).n_leaves == 6


def test_branches_below_zero_are_counted_and_drawn_as_none() -> None:
    d = np.array([[0, 1, 9], [1, 0, 1], [9, 1, 0]], float)
    found = tree.neighbour_joining(d)
    assert min(found.length) < 0
    shown, negative = tree.without_negatives(found)
    assert negative == 1
    assert min(shown.length) == 0


def test_groups_of_unknown_distance_are_left_out() -> None:
    d = np.zeros((4, 4))
    assert tree.comparable(d) == [0, 1, 2, 3]
    d[1, 3] = d[3, 1] = np.nan
    assert tree.comparable(d) == [0, 1, 2]
    d[1, 0] = d[0, 1] = np.nan
    assert tree.comparable(d) == [0, 2, 3]
    assert tree.comparable(np.full((2, 2), np.nan)) == []


def test_many_groups_do_not_run_out_of_stack() -> None:
    n = 1500
    line = np.arange(n, dtype=float) ** 1.5
    found = tree.average_linkage(np.abs(line[:, None] - line[None]))
    assert len(tree.layout(found).drop_nulls("leaf")) == n
