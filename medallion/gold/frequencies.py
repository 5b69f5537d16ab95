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
        "pos": _numbers(variants, "pos", row),
        **{name: _strings(variants[name], row) for name in ("id", "ref", "alt", "file")},
        "population": _labels([g.code for g in groups.groups], group),
        "level": _labels([g.level for g in groups.groups], group),
        "af": pa.array(af, mask=an == 0),
        "hwe_p": pa.array(p, mask=np.isnan(p)),
        "alt_index": _numbers(variants, "alt_index", row),
        "record": _numbers(variants, "record", row),
    }
    for name in ("ac", "an", "n_hom_ref", "n_het", "n_hom_alt", "n_missing"):
        columns[name] = pa.array(getattr(counts, name).ravel().astype(np.int32))
    return pa.table({f.name: columns[f.name] for f in FREQUENCIES.arrow_schema(stored=True)})


def _numbers(variants: pl.DataFrame, name: str, row: npt.NDArray[np.int32]) -> pa.Array:
    return pa.array(variants[name].to_numpy()[row])


def _strings(column: pl.Series, row: npt.NDArray[np.int32]) -> pa.DictionaryArray:
    encoded = pa.array(column.to_list(), pa.string()).dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int32)[row]
    mask = codes < 0 if encoded.null_count else None
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=mask), encoded.dictionary)


def _labels(values: list[str], group: npt.NDArray[np.int32]) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(group), pa.array(values, pa.string())
    ) if len(set(values)) == len(values) else _strings(pl.Series(values), group)  # fmt: skip
