"""Ratios of sums over blocks of sites, with standard errors by the jackknife.

FST is such a ratio (`medallion.popgen.fst`): num over den, each summed over sites. The
standard error is that of the delete-m_j jackknife over blocks of unequal size, with m_j
the number of sites at which the pair varies. Busing FMTA, Meijer E, van der Leeden R.
Stat Comput 9:3 (1999), https://doi.org/10.1023/A:1008800423698. Equal blocks make it the
ordinary one (scikit-allel's). plink2's blocks are runs of so many sites that vary in the
pair; else its standard error is this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["Jackknife", "PairSums", "add_blocks", "block_jackknife", "mean_ratio", "ratio"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PairSums:
    """Sums over sites for pairs of groups, by block.

    `block`, shape (n_blocks,), ascending; the others have shape (n_blocks, n_pairs):
    `num` and `den` of the ratio; `ratios`, the sites' own num / den; `sites` at which the
    pair varies (int64), which are those whose den is positive.
    """

    block: Ints
    num: Floats
    den: Floats
    ratios: Floats
    sites: Ints


@dataclass(frozen=True, slots=True)
class Jackknife:
    """Per pair, shape (n_pairs,): FST over all blocks, its standard error, the blocks used.

    `fst` is the plain ratio of sums; `corrected` has the jackknife's estimate of bias
    taken off. `se` and `corrected` are NaN with fewer than two blocks.
    """

    fst: Floats
    corrected: Floats
    se: Floats
    blocks: Ints


def add_blocks(parts: Sequence[PairSums]) -> PairSums:
    """Put parts together that may share blocks; sums are added in the parts' order.

    Raises ValueError where there is no part.
    """
    if not parts:
        raise ValueError("there must be at least one part")
    block, place = np.unique(np.concatenate([p.block for p in parts]), return_inverse=True)
    shape = (len(block), parts[0].num.shape[1])
    num, den, ratios = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    sites = np.zeros(shape, np.int64)
    for total, name in ((num, "num"), (den, "den"), (ratios, "ratios"), (sites, "sites")):
        np.add.at(total, place, np.concatenate([getattr(p, name) for p in parts]))
    return PairSums(block, num, den, ratios, sites)


def ratio(num: Floats, den: Floats) -> Floats:
    """FST of sums, or of sites: num / den, NaN where den is not positive."""
    with np.errstate(invalid="ignore", divide="ignore"):
        found: Floats = np.where(den > 0, num / den, np.nan)
    return found


def mean_ratio(sums: PairSums) -> Floats:
    """Mean of the sites' own ratios of each pair, shape (n_pairs,); NaN where none varies.

    PLINK 1.9's "Mean Fst estimate" and vcftools' mean, of Weir & Cockerham's; their
    "weighted" one is `ratio` of the sums.
    """
    with np.errstate(invalid="ignore"):
        found: Floats = sums.ratios.sum(axis=0) / sums.sites.sum(axis=0)
    return found


def block_jackknife(sums: PairSums) -> Jackknife:
    """FST of each pair, with the delete-m_j jackknife over its blocks (Busing et al. 1999).

    Blocks without a site at which the pair varies are left out. Of blocks j = 1..g with
    m_j sites, M = sum m_j, h_j = M / m_j, and theta_-j the ratio without block j:

        corrected = g theta - sum (1 - m_j / M) theta_-j
        se² = 1/g sum (h_j theta - (h_j - 1) theta_-j - corrected)² / (h_j - 1)
    """
    num, den, m = sums.num, sums.den, sums.sites.astype(np.float64)
    used = m > 0
    g = used.sum(axis=0)
    all_num, all_den, all_m = (x.sum(axis=0) for x in (num, den, m))
    theta = ratio(all_num, all_den)
    with np.errstate(invalid="ignore", divide="ignore"):
        without = (all_num - num) / (all_den - den)
        h = all_m / m
        corrected = g * theta - np.where(used, (1 - m / all_m) * without, 0.0).sum(axis=0)
        spread = (h * theta - (h - 1) * without - corrected) ** 2 / (h - 1)
        se = np.sqrt(np.where(used, spread, 0.0).sum(axis=0) / g)
    enough = g > 1
    return Jackknife(
        theta, np.where(enough, corrected, np.nan), np.where(enough, se, np.nan), g.astype(np.int64)
    )
