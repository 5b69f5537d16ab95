"""Haplotypes of a few chosen variants, counted in every group (as LDhap does)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from medallion.files import Place
from medallion.ondemand.named import find_records, label, several, unphased
from medallion.ondemand.silver import Silver
from medallion.popgen.haplotypes import haplotype_counts

__all__ = ["MOST_IN_HAPLOTYPES", "haplotypes"]

MOST_IN_HAPLOTYPES = 10


def haplotypes(
    root: Place, variants: Sequence[str], *, population: str | None = None
) -> pl.DataFrame:
    """Haplotypes of up to MOST_IN_HAPLOTYPES variants, with counts and frequencies by group.

    A variant is a record with all its alleles here, so that 22:16050075 is enough where
    the position has one record. Columns: haplotype (alleles in the order of the file,
    joined by `_`), alleles (the same as a list), population and level (as in
    `gold.frequencies`), count (copies), n (copies in the group that are called at all
    variants), frequency (count / n; null where n is 0), n_missing (copies that are not).
    A haploid sample has one copy. Commonest haplotype first; within it everyone, then
    super-populations, then populations, groups that lack the haplotype too.
    `population`, a code as in `linked`, leaves that group alone, and the haplotypes that
    it has, its commonest first.

    Raises UsageError as `ld_matrix` does, and where the phase is not known.
    """
    silver = Silver.of(root)
    named = find_records(silver, several(variants, MOST_IN_HAPLOTYPES))
    file = named["file"][0]
    read = silver.haplotypes(file, named)
    if not read.phased.all():
        raise unphased([label(r) for r in named.filter(~read.phased).iter_rows(named=True)])
    record = named["record"].to_numpy()
    first = np.unique(record, return_index=True)[1]
    # The number of the allele that a copy carries: at most one of a record's rows is 1.
    number = named["alt_index"].to_numpy()[:, None, None]
    carried = np.add.reduceat(np.where(read.alleles == 1, number, 0), first)
    alleles = np.where(read.alleles[first] < 0, read.alleles[first], carried).astype(np.int8)
    texts = [
        {**dict(some.select("alt_index", "alt").rows()), 0: some["ref"][0]}
        for some in named.partition_by("record", maintain_order=True)
    ]
    groups = silver.groups(file) if population is None else [silver.group(file, population)]
    counted = haplotype_counts(alleles, np.stack([who for _, who in groups]))
    n = counted.counts.sum(axis=0)
    spelled = [[texts[i][a] for i, a in enumerate(h)] for h in counted.haplotypes.tolist()]
    cells = [
        ("_".join(h), h, g.code, g.level, int(c), int(of), int(c) / int(of) if of else None, int(m))
        for h, counts in zip(spelled, counted.counts, strict=True)
        for (g, _), c, of, m in zip(groups, counts, n, counted.missing, strict=True)
    ]
    frame = pl.DataFrame(
        cells,
        schema={
            "haplotype": pl.String, "alleles": pl.List(pl.String), "population": pl.String,
            "level": pl.String, "count": pl.Int32, "n": pl.Int32, "frequency": pl.Float64,
            "n_missing": pl.Int32,
        },
        orient="row",
    )  # fmt: skip
    if population is None:
        return frame
    return frame.filter(pl.col("count") > 0).sort("count", descending=True, maintain_order=True)
