"""The embedded demo is alive: its spectrum, differences and diversity are as in real data."""

from __future__ import annotations

from itertools import combinations

import numpy as np
from shipped_demo import GROUPS, Text, panel, shipped

from medallion.demo.model import PANEL

__all__ = ["panel", "shipped"]  # fixtures


def test_transitions_outnumber_transversions_as_in_the_release(shipped: Text) -> None:
    pairs = [r.ref + a for r in shipped.sound for a in r.alts if len(r.ref) == len(a) == 1]
    transitions = sum(pair in {"AG", "GA", "CT", "TC"} for pair in pairs)
    assert 1.9 < transitions / (len(pairs) - transitions) < 2.3


def test_frequency_spectrum_is_that_of_a_growing_population(shipped: Text) -> None:
    # In 450 kb of the real chromosome 22: 43 %, 15 %, and 111 copies a record on average.
    ac = np.array([r.counts[1:].sum() for r in shipped.sound])
    assert 0.40 < (ac == 1).mean() < 0.47
    assert 0.12 < (ac == 2).mean() < 0.18
    assert 90 < ac.mean() < 140
    assert 0.01 < (ac > 2504).mean() < 0.03


def hudson_fst(a: np.ndarray, b: np.ndarray) -> float:
    """Ratio of averages (Bhatia et al. 2013, eq. 10) of (records, 2) counts of REF and ALT."""
    n, m = a.sum(axis=1), b.sum(axis=1)
    p, q = a[:, 1] / n, b[:, 1] / m
    within = p * (1 - p) / (n - 1) + q * (1 - q) / (m - 1)
    return float(((p - q) ** 2 - within).sum() / (p * (1 - q) + q * (1 - p)).sum())


def test_populations_differ_as_much_as_real_ones(shipped: Text, panel: list[list[str]]) -> None:
    biallelic = np.stack([r.counts for r in shipped.sound if len(r.alts) == 1])

    def counts(code: str) -> np.ndarray:
        members = np.array([code in row[1:3] for row in panel])
        return np.asarray(biallelic[:, :, members].sum(axis=2))

    def fst(pair: str) -> float:
        return hudson_fst(*(counts(code) for code in pair.split()))

    assert 0.10 < fst("AFR EUR") < 0.15
    assert 0.10 < fst("AFR EAS") < 0.17
    assert 0.08 < fst("EUR EAS") < 0.13
    assert 0.02 < fst("EUR SAS") < 0.05
    assert 0.04 < fst("EAS SAS") < 0.09
    assert fst("AMR EUR") < fst("AMR EAS") < fst("EUR EAS")
    for group in ("AFR", "EAS", "EUR", "SAS"):
        members = [p for p, (g, *_) in PANEL.items() if g == group]
        inside = [fst(f"{a} {b}") for a, b in combinations(members, 2)]
        assert -0.001 < min(inside) < max(inside) < 0.025, group
        assert max(inside) > 0.003, group


def test_africans_are_most_diverse(shipped: Text, panel: list[list[str]]) -> None:
    het = np.stack([r.calls[:, 0] != r.calls[:, 1] for r in shipped.sound])
    mean = {g: het[:, [row[2] == g for row in panel]].mean() for g in GROUPS}
    assert mean["AFR"] > 1.15 * max(mean[g] for g in GROUPS if g != "AFR")
    assert all(0.015 < x < 0.03 for x in mean.values())
