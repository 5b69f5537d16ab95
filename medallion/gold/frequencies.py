"""`gold.frequencies`: counts and frequency of each ALT allele in each group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

from medallion.gold.counts import GroupCounts
from medallion.gold.groups import Groups
from medallion.gold.hwe import exact_test
from medallion.gold.tables import FREQUENCIES
from medallion.storage.arrow import dictionary, encode, numbers

__all__ = ["frequency_rows"]


def frequency_rows(variants: pl.DataFrame, counts: GroupCounts, groups: Groups) -> pa.Table:
    """`gold.frequencies` of some alleles, allele by allele and within it group by group.

    `variants` are rows of `silver.variants`, the counts' rows in the same order.
    Strings go to disk as dictionaries, so that nothing is repeated in memory.
    """
    n, k = len(variants), len(groups.groups)
    row = np.repeat(np.arange(n, dtype=np.int32), k)
    group = np.tile(np.arange(k, dtype=np.int32), n)
    ac, an = counts.ac.ravel(), counts.an.ravel()
    with np.errstate(invalid="ignore", divide="ignore"):
        af = ac / an
    p = exact_test(counts.diploid_hom_ref, counts.diploid_het, counts.diploid_hom_alt)
    columns = {
        "pos": numbers(variants["pos"].to_numpy()[row]),
        **{name: _strings(variants[name], row) for name in ("id", "ref", "alt", "file")},
        "population": _strings([g.code for g in groups.groups], group),
        "level": _strings([g.level for g in groups.groups], group),
        "af": numbers(af, an == 0),
        "hwe_p": numbers(p, np.isnan(p)),
        "alt_index": numbers(variants["alt_index"].to_numpy()[row]),
        "record": numbers(variants["record"].to_numpy()[row]),
    }
    for name in ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing"):
        columns[name] = numbers(getattr(counts, name).ravel().astype(np.int32))
    names = FREQUENCIES.arrow_schema(stored=True).names
    return pa.Table.from_arrays([columns[n] for n in names], names=names)


def _strings(values: pl.Series | list[str], index: npt.NDArray[np.int32]) -> pa.DictionaryArray:
    codes, distinct = encode(values)
    return dictionary(codes[index], distinct)
