"""Ends and lengths of structural variants that INFO leaves unsaid, as the specification has them.

VCF 4.4, section 3 (https://samtools.github.io/hts-specs/): the last position of <DEL>,
<DUP>, <INV> and <CNV> is POS + SVLEN, that of <INS> POS + length of REF - 1; where SVLEN is
missing it is inferred from END, if the record has a single symbolic allele. Up to 4.3 SVLEN
is the difference in length between ALT and REF: it tells the stretch of a deletion
(negative) or a duplication, as in that section's examples, but of no inversion and of no
copy number other than none (<CN0>) and two (<CN2>), the names of the 1000 Genomes Project.

What a record states is never changed; what none of this tells stays null.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.vcf.info import InfoFields

__all__ = ["with_derived"]

_SUBTYPE = "(?::[^>]*)?"
_INSERTED = rf"^<INS{_SUBTYPE}>$"
_DELETED = rf"^<(?:DEL{_SUBTYPE}|CN0)>$"
# Of these SVLEN tells the stretch of the reference: up to 4.3, and since.
_CHANGES = rf"^<(?:(?:DEL|DUP){_SUBTYPE}|CN[02])>$"
_STRETCHES = rf"^<(?:(?:DEL|DUP|INV|CNV){_SUBTYPE}|CN[0-9]+)>$"


def with_derived(
    alleles: pl.DataFrame, info: InfoFields, record: npt.NDArray[np.int64]
) -> pl.DataFrame:
    """`alleles` of shape (m,) with `sv_end` and `sv_length` where they follow from each other.

    `alleles` has pos (1-based), ref, alt, n_alts, variant_type, sv_end and sv_length as INFO
    states them; `info` is that of n records, `record`, of shape (m,), each allele's among them.
    """
    at = (alleles["variant_type"] == "sv").arg_true()
    if at.is_empty():
        return alleles
    own = record[at.to_numpy()]
    since_44 = info.reader.version >= 4
    end, length, pos = (pl.col(c).cast(pl.Int64) for c in ("sv_end", "sv_length", "pos"))
    alt, no_end, no_length = pl.col("alt"), ~pl.col("has_end"), ~pl.col("has_length")
    stretch = alt.str.contains(_STRETCHES if since_44 else _CHANGES)
    one = pl.col("n_alts") == 1
    negative = pl.lit(value=False) if since_44 else alt.str.contains(_DELETED)
    some = alleles[at].with_columns(
        has_end=_stated(info, "END", own), has_length=_stated(info, "SVLEN", own)
    )
    derived = some.select(
        sv_end=pl.when(no_end & stretch)
        .then(pos + length.abs())
        .when(no_end & alt.str.contains(_INSERTED))
        .then(pos + pl.col("ref").str.len_bytes().cast(pl.Int64) - 1)
        .otherwise(end)
        .cast(pl.Int32, strict=False),
        sv_length=pl.when(no_length & one & stretch & (end > pos))
        .then(pl.when(negative).then(pos - end).otherwise(end - pos))
        .otherwise(length)
        .cast(pl.Int32, strict=False),
    )
    return alleles.with_columns(
        alleles[name].scatter(at, derived[name]) for name in ("sv_end", "sv_length")
    )


def _stated(info: InfoFields, key: str, record: npt.NDArray[np.int64]) -> pl.Series:
    """Whether each of some alleles has a record that states `key`, be it readable or not."""
    found = info.find(key)
    return pl.Series(np.zeros(len(record), bool) if found is None else found.present[record])
