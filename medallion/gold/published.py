"""What the source states of its alleles, held against what was counted."""

from __future__ import annotations

import numpy as np
import polars as pl

from medallion.gold.counts import GroupCounts
from medallion.gold.sums import Published
from medallion.popgen.geography import Layout
from medallion.silver.tables import SUPER_POPULATION_AFS

__all__ = ["FIELDS", "TOLERANCE", "compare"]

FIELDS = ("AC", "AN", "AF", *(f"{code}_AF" for code in SUPER_POPULATION_AFS))
TOLERANCE = 5.1e-5
"""Frequencies agree where they differ by no more: Phase 3 states four decimals."""


def compare(variants: pl.DataFrame, counts: GroupCounts, layout: Layout) -> Published:
    """Count what is stated in rows of `silver.variants`, and what of it differs.

    `counts` are of the same rows. Frequencies of super-populations that the lake does
    not have are not compared.
    """
    column = {code: i for i, code in enumerate(layout.codes) if i in layout.super_populations}
    stated, differ = np.zeros(len(FIELDS), np.int64), np.zeros(len(FIELDS), np.int64)
    for place, field in enumerate(FIELDS):
        code = field.removesuffix("_AF")
        group = layout.everyone if code in ("AC", "AN", "AF") else column.get(code)
        if group is None:
            continue
        said = variants[f"published_{field.lower()}"]
        here = said.is_not_null().to_numpy()
        if not here.any():
            continue
        value = said.fill_null(0).to_numpy()
        ac, an = counts.ac[:, group], counts.an[:, group]
        if field in ("AC", "AN"):
            odd = value != (ac if field == "AC" else an)
        else:
            with np.errstate(invalid="ignore", divide="ignore"):
                odd = ~(np.abs(value - ac / an) <= TOLERANCE)
            here &= an > 0
        stated[place], differ[place] = here.sum(), (here & odd).sum()
    return Published(stated, differ)
