"""Spectra made comparable: what a smaller sample of the same alleles would show.

Groups of different sizes have spectra of different lengths. The expected spectrum of m
alleles drawn without putting back from the n called ones (a projection) is

    sites(j) = sum over i of sites(i) C(i, j) C(n - i, m - j) / C(n, m)

Marth GT, Czabarka E, Murvai J, Sherry ST. Genetics 166:351 (2004),
https://doi.org/10.1534/genetics.166.1.351 (their "reduced" spectra); also Gutenkunst RN et
al. PLoS Genet 5:e1000695 (2009), https://doi.org/10.1371/journal.pgen.1000695. A site may
be projected out of variation, into class 0 or m, so sums over all classes are kept and
those over classes 1 to m - 1 are not.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["fold", "neutral", "project"]

Floats = npt.NDArray[np.float64]


def project(sites: npt.ArrayLike, m: int) -> Floats:
    """The expected spectrum of m alleles, shape (m + 1,).

    `sites`, shape (n + 1,), are the sites with 0 to n copies, m being at most n. A folded
    spectrum may be given with zeros above n / 2; fold what comes out.
    """
    from scipy.special import gammaln  # a tenth of a second to import

    given = np.asarray(sites, np.float64)
    n = len(given) - 1
    if not 1 <= m <= n:
        raise ValueError(f"{n} alleles cannot be projected to {m}")
    i, j = np.arange(n + 1)[:, None], np.arange(m + 1)[None, :]

    def choose(a: npt.NDArray[np.int64], b: npt.NDArray[np.int64]) -> Floats:
        with np.errstate(invalid="ignore"):
            whole = gammaln(a + 1.0) - gammaln(b + 1.0) - gammaln(a - b + 1.0)
        return np.where((b >= 0) & (b <= a), whole, -np.inf)

    total = choose(np.array(n), np.array(m))
    chance = np.exp(choose(i, j) + choose(n - i, m - j) - total)
    found: Floats = given @ chance
    return found


def fold(sites: npt.ArrayLike) -> Floats:
    """Sites by copies of the rarer allele, shape (m // 2 + 1,), of a spectrum of m alleles."""
    given = np.asarray(sites, np.float64)
    m = len(given) - 1
    folded: Floats = given[: m // 2 + 1].copy()
    for j in range(m // 2 + 1, m + 1):
        folded[m - j] += given[j]
    return folded


def neutral(m: int, *, folded: bool) -> Floats:
    """The shares of sites with 1, 2, ... copies of m under constant size and no selection.

    Proportional to 1 / i: Fu YX. Theor Popul Biol 48:172 (1995),
    https://doi.org/10.1006/tpbi.1995.1025. Shape (m - 1,), folded (m // 2,); sums to 1.
    """
    spectrum = np.zeros(m + 1)
    spectrum[1:m] = 1 / np.arange(1, m)
    shape = fold(spectrum)[1:] if folded else spectrum[1:m]
    total = shape.sum()
    shares: Floats = shape / total if total else shape
    return shares
