"""The Wilson score interval of a proportion, such as an allele's frequency.

Wilson EB. Probable inference, the law of succession, and statistical inference. J Am
Stat Assoc 22:209-212 (1927), https://doi.org/10.1080/01621459.1927.10502953

With p = ac / an and z the normal quantile (1.96 for 95 %), the bounds are

    ( p + z² / 2an  ±  z √( p (1 - p) / an + z² / 4an² ) ) / ( 1 + z² / an )

Unlike p ± z √(p (1 - p) / an) it stays within 0 to 1 and has a width at 0 and at 1. It
takes the called alleles for independent draws, which those of one inbred or related
group are not: there the truth is wider.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["Z95", "wilson"]

Floats = npt.NDArray[np.float64]

Z95 = 1.959963984540054
"""The normal quantile of 0.975: two-sided 95 %."""


def wilson(ac: npt.ArrayLike, an: npt.ArrayLike, z: float = Z95) -> tuple[Floats, Floats]:
    """Lower and upper bound of ac / an, shape (n,) as both; NaN where `an` is 0."""
    copies, called = np.asarray(ac, np.float64), np.asarray(an, np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        p = copies / called
        scale = 1 + z * z / called
        middle = (p + z * z / (2 * called)) / scale
        half = z * np.sqrt(p * (1 - p) / called + z * z / (4 * called * called)) / scale
        low = np.where(copies == 0, 0.0, np.maximum(middle - half, 0.0))
        high = np.where(copies == called, 1.0, np.minimum(middle + half, 1.0))
    return np.where(called > 0, low, np.nan), np.where(called > 0, high, np.nan)
