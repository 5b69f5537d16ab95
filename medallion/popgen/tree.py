"""Trees of groups from their distances, and the order in which to list groups.

- `neighbour_joining`: Saitou N, Nei M. Mol Biol Evol 4:406 (1987),
  https://doi.org/10.1093/oxfordjournals.molbev.a040454; the criterion as in Studier JA,
  Keppler KJ. Mol Biol Evol 5:729 (1988),
  https://doi.org/10.1093/oxfordjournals.molbev.a040527. It joins the two nodes i, j of the
  smallest (r - 2) d(i, j) - sum d(i, .) - sum d(j, .), r being the nodes left. It finds
  the tree exactly where the distances are those of a tree (additive); rates may differ
  among its branches. The tree has no root: `midpoint` gives it one.
- `average_linkage` (UPGMA): Sokal RR, Michener CD. Univ Kansas Sci Bull 38:1409 (1958).
  It joins the two clusters with the smallest mean distance, half of which is the
  height of the node: every leaf is as far from the root. Leaves stand in the order that
  puts neighbours nearest: Bar-Joseph Z, Gifford DK, Jaakkola TS. Bioinformatics 17:S22
  (2001), https://doi.org/10.1093/bioinformatics/17.suppl_1.S22
- `fit`: the correlation of distances on the tree with those that it was made from: Sokal
  RR, Rohlf FJ. Taxon 11:33 (1962), https://doi.org/10.2307/1217208

FST is no distance that adds up along branches by right; as long as it is small it nearly
is one, for under drift alone it grows with time. A tree draws splits only: mixture
between groups cannot be told from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import polars as pl

__all__ = [
    "Tree",
    "average_linkage",
    "comparable",
    "fit",
    "layout",
    "leaf_distances",
    "midpoint",
    "neighbour_joining",
    "without_negatives",
]

_MOST_ORDERED = 200  # the best order of more leaves than this takes too long

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree: `children` and `length` (of the branch above) of each node, and its root.

    Nodes 0 to n_leaves - 1 are the leaves, in the order of the distances' rows.
    """

    children: tuple[tuple[int, ...], ...]
    length: tuple[float, ...]
    root: int
    n_leaves: int

    def downward(self) -> list[int]:
        """All nodes, each before its children and those in their order."""
        found, waiting = [], [self.root]
        while waiting:
            node = waiting.pop()
            found.append(node)
            waiting.extend(reversed(self.children[node]))
        return found

    def leaves(self) -> list[int]:
        """The leaves from first to last."""
        return [node for node in self.downward() if node < self.n_leaves]


def comparable(distances: Floats) -> list[int]:
    """The rows to keep so that no distance among them is unknown (NaN).

    The row with the most unknown is taken off until none is left, which need not keep
    as many as possible.
    """
    kept = list(range(len(distances)))
    while kept:
        unknown = np.isnan(distances[np.ix_(kept, kept)]).sum(axis=0)
        worst = int(unknown.argmax())
        if not unknown[worst]:
            break
        # Of equals the last, so that the order of the groups decides, not chance.
        worst = int(np.flatnonzero(unknown == unknown[worst])[-1])
        del kept[worst]
    return kept


def neighbour_joining(distances: Floats) -> Tree:
    """The neighbour-joining tree; its root is only where the joining ended.

    `distances`: square, symmetric, 0 on the diagonal. Branches may come out shorter than
    0 where the distances are not additive (see `without_negatives`). Ties go to the
    first pair in the order of the rows.
    """
    n = _checked(distances)
    if n <= 2:
        return _of_few(distances)
    nodes = list(range(n))
    d = np.array(distances, np.float64)
    children: list[tuple[int, ...]] = [()] * n
    length = [0.0] * n
    while len(nodes) > 3:
        r = len(nodes)
        sums = d.sum(axis=0)
        criterion = (r - 2) * d - sums[:, None] - sums[None, :]
        criterion[np.tril_indices(r)] = np.inf
        i, j = divmod(int(criterion.argmin()), r)
        half = float(d[i, j]) / 2
        lean = float(sums[i] - sums[j]) / (2 * (r - 2))
        length[nodes[i]], length[nodes[j]] = half + lean, half - lean
        children.append((nodes[i], nodes[j]))
        length.append(0.0)
        to_new = (d[i] + d[j] - d[i, j]) / 2
        d[i], d[:, i] = to_new, to_new
        d[i, i] = 0.0
        nodes[i] = len(children) - 1
        keep = np.delete(np.arange(r), j)
        d, nodes = d[np.ix_(keep, keep)], [nodes[k] for k in keep]
    for a, b, c in ((0, 1, 2), (1, 0, 2), (2, 0, 1)):
        length[nodes[a]] = float(d[a, b] + d[a, c] - d[b, c]) / 2
    children.append((nodes[0], nodes[1], nodes[2]))
    length.append(0.0)
    return Tree(tuple(children), tuple(length), len(children) - 1, n)


def average_linkage(distances: Floats) -> Tree:
    """The UPGMA tree, its leaves in the order that puts neighbours nearest.

    `distances`: square, symmetric, 0 on the diagonal, none below 0.
    """
    n = _checked(distances)
    if n < 2:
        return _of_few(distances)
    from scipy.cluster.hierarchy import linkage  # a tenth of a second to import

    pairs = np.asarray(distances, np.float64)[np.triu_indices(n, 1)]
    joined = linkage(pairs, method="average", optimal_ordering=n <= _MOST_ORDERED)
    children: list[tuple[int, ...]] = [()] * n
    height = [0.0] * n
    for first, second, distance, _ in joined.tolist():
        children.append((int(first), int(second)))
        height.append(distance / 2)
    length = [0.0] * len(children)
    for node, below in enumerate(children):
        for child in below:
            length[child] = height[node] - height[child]
    return Tree(tuple(children), tuple(length), len(children) - 1, n)


def without_negatives(tree: Tree) -> tuple[Tree, int]:
    """The tree with branches below 0 drawn as 0, and how many those were."""
    negative = sum(1 for value in tree.length if value < 0)
    shown = tuple(max(0.0, value) for value in tree.length)
    return Tree(tree.children, shown, tree.root, tree.n_leaves), negative


def midpoint(tree: Tree) -> Tree:
    """The tree rooted in the middle between its two leaves that are farthest apart.

    Farris JS. Am Nat 106:645 (1972), https://doi.org/10.1086/282802. That is where the
    root lies if all branches changed equally fast, which nothing here proves. Takes a
    neighbour-joining tree without branches below 0.
    """
    if tree.n_leaves < 3:
        return tree
    near = _neighbours(tree)
    one, _ = _farthest(near, 0, tree.n_leaves)
    _, path = _farthest(near, one, tree.n_leaves)
    ahead = sum(near[a][b] for a, b in pairwise(path)) / 2
    for a, b in pairwise(path):  # from the other end back to `one`
        if ahead <= near[a][b]:
            break
        ahead -= near[a][b]
    whole = near[a].pop(b)
    del near[b][a]
    root = len(near)
    near.append({a: ahead, b: whole - ahead})
    near[a][root], near[b][root] = ahead, whole - ahead
    return _rooted(near, root, tree.n_leaves)


def leaf_distances(tree: Tree) -> Floats:
    """Distances of all leaves along the branches, shape (n_leaves, n_leaves)."""
    near = _neighbours(tree)
    found = np.zeros((tree.n_leaves, tree.n_leaves))
    for leaf in range(tree.n_leaves):
        away, _ = _walk(near, leaf)
        found[leaf] = [away[other] for other in range(tree.n_leaves)]
    return found


def fit(tree: Tree, distances: Floats) -> float | None:
    """How well the tree keeps its distances: their correlation; None where one is all alike."""
    upper = np.triu_indices(tree.n_leaves, 1)
    drawn, given = leaf_distances(tree)[upper], np.asarray(distances)[upper]
    if len(drawn) < 2 or np.ptp(drawn) == 0 or np.ptp(given) == 0:
        return None
    return float(np.corrcoef(drawn, given)[0, 1])


def layout(tree: Tree) -> pl.DataFrame:
    """Where to draw each node: columns node, parent, leaf, x, y; the root's parent is null.

    `leaf` is the row of the distances, null for inner nodes; `x` the distance from the
    root; `y` the place among the leaves from 0, of an inner node the middle of its
    first and last child.
    """
    order = tree.downward()
    parent: dict[int, int] = {child: n for n in order for child in tree.children[n]}
    x = {tree.root: 0.0}
    for node in order[1:]:
        x[node] = x[parent[node]] + tree.length[node]
    y = {leaf: float(place) for place, leaf in enumerate(tree.leaves())}
    for node in reversed(order):
        if below := tree.children[node]:
            y[node] = (y[below[0]] + y[below[-1]]) / 2
    return pl.DataFrame(
        {
            "node": order,
            "parent": [parent.get(node) for node in order],
            "leaf": [node if node < tree.n_leaves else None for node in order],
            "x": [x[node] for node in order],
            "y": [y[node] for node in order],
        },
        schema={"node": pl.Int64, "parent": pl.Int64, "leaf": pl.Int64, "x": pl.Float64,
                "y": pl.Float64},
    )  # fmt: skip


def _checked(distances: Floats) -> int:
    d = np.asarray(distances)
    n = len(d)
    if not n or d.shape != (n, n) or not np.allclose(d, d.T) or np.diag(d).any():
        raise ValueError("distances are a square, symmetric, with zeros on the diagonal")
    return n


def _of_few(distances: Floats) -> Tree:
    """The tree of one leaf, or of two."""
    n = len(distances)
    half = float(distances[0][1]) / 2 if n == 2 else 0.0
    return Tree(((),) * n + (tuple(range(n)),), (half,) * n + (0.0,), n, n)


def _neighbours(tree: Tree) -> list[dict[int, float]]:
    """The lengths of the branches at each node, by the node at the other end."""
    near: list[dict[int, float]] = [{} for _ in tree.children]
    for node, below in enumerate(tree.children):
        for child in below:
            near[node][child] = near[child][node] = tree.length[child]
    return near


def _walk(near: list[dict[int, float]], start: int) -> tuple[dict[int, float], dict[int, int]]:
    """The distance of each node from `start`, and the node before it on the way."""
    away, before, waiting = {start: 0.0}, {}, [start]
    while waiting:
        node = waiting.pop()
        for other, length in near[node].items():
            if other not in away:
                away[other], before[other] = away[node] + length, node
                waiting.append(other)
    return away, before


def _farthest(near: list[dict[int, float]], start: int, n_leaves: int) -> tuple[int, list[int]]:
    """The leaf farthest from `start`, and the way from it back to `start`."""
    away, before = _walk(near, start)
    far = max((leaf for leaf in range(n_leaves) if leaf != start), key=lambda leaf: away[leaf])
    path = [far]
    while path[-1] != start:
        path.append(before[path[-1]])
    return far, path


def _rooted(near: list[dict[int, float]], root: int, n_leaves: int) -> Tree:
    """The tree seen from `root`, smaller branches first."""
    _, before = _walk(near, root)  # each node after the one before it
    below: list[list[int]] = [[] for _ in near]
    length, size = [0.0] * len(near), [1] * len(near)
    for node, parent in before.items():
        below[parent].append(node)
        length[node] = near[node][parent]
    for node in reversed(before):
        size[before[node]] += size[node]
    ordered = tuple(tuple(sorted(b, key=lambda n: (size[n], n))) for b in below)
    return Tree(ordered, tuple(length), root, n_leaves)
