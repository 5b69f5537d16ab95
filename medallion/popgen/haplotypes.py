"""Haplotypes of a few chosen ALT alleles, with their counts and frequencies by group.

As LDhap does it: Machiela MJ, Chanock SJ. LDlink: a web-based application for exploring
population-specific haplotype structure and linking correlated alleles of possible
functional variants. Bioinformatics 31:3555-3557 (2015),
https://doi.org/10.1093/bioinformatics/btv402
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["HaplotypeCounts", "haplotype_counts"]

# As `medallion.gold.matrix` writes it.
_MISSING = -1

Ints = npt.NDArray[np.int64]
Int8s = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class HaplotypeCounts:
    """Distinct haplotypes, the commonest over all samples first.

    `haplotypes` has shape (n_haplotypes, n_alleles), int8: whether it carries each
    allele. `counts` has shape (n_haplotypes, n_groups): copies of it in each group.
    `missing` has shape (n_groups,): haplotypes that samples of the group have, but not
    called at all alleles; they are in no count. A copy that a sample does not have
    (chrX of males) is in neither.
    """

    haplotypes: Int8s
    counts: Ints
    missing: Ints

    @property
    def frequencies(self) -> npt.NDArray[np.float64]:
        """Share of each haplotype among the group's called ones; NaN where it has none."""
        total = self.counts.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            found: npt.NDArray[np.float64] = self.counts / total
        return found


def haplotype_counts(alleles: Int8s, members: npt.NDArray[np.bool_]) -> HaplotypeCounts:
    """Count the haplotypes of chosen alleles.

    `alleles` has shape (n_alleles, n_samples, 2), as `matrix.Haplotypes` has it: 1, 0,
    -1 for missing or -2 for a copy that the sample does not have. `members`, shape
    (n_groups, n_samples), tells who is in a group; a sample may be in several. Order is by
    copies over all samples, then by the alleles, references first. Phase must
    be known: see `Haplotypes.phased`.
    """
    n_alleles, n_samples, _ = alleles.shape
    flat = np.ascontiguousarray(alleles.reshape(n_alleles, -1).T)
    sample = np.repeat(np.arange(n_samples), 2)
    called = (flat >= 0).all(axis=1)
    # A haploid sample has its one copy called or missing; the other is absent throughout.
    missing = (flat == _MISSING).any(axis=1)
    haplotypes, code = np.unique(flat[called], axis=0, return_inverse=True)
    code = code.reshape(-1)
    counts = np.empty((len(haplotypes), len(members)), np.int64)
    lost = np.empty(len(members), np.int64)
    for group, who in enumerate(members):
        counts[:, group] = np.bincount(code[who[sample[called]]], minlength=len(haplotypes))
        lost[group] = int(missing[who[sample]].sum())
    copies = np.bincount(code, minlength=len(haplotypes))
    order = np.argsort(-copies, kind="stable")  # np.unique gives references first
    return HaplotypeCounts(haplotypes[order], counts[order], lost)
