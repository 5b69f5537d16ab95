"""The way up: what became of a record of bronze, in silver and in gold, or why it has no rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import polars as pl

from medallion.bronze.raw import RawRecord
from medallion.errors import NotBuiltError
from medallion.files import Place
from medallion.tables import TABLES, published_version
from medallion.together import apart, unchanged

__all__ = ["RecordTrace", "trace_record"]

Scan = Callable[[str], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class RecordTrace:
    """A record from its line up: what stands on it in silver and gold.

    `variants`, `defects`, `alleles` (gold.variants), `frequencies` and `windows` (gold.windows,
    those that it lies in) have the rows and columns of their tables; `genotypes` and `calls`
    count rows. None where the layer has not been built, or was made of other data than the
    layer below it: `apart` says so, a sentence for each such layer. `versions` are of the
    tables that were read.
    """

    record: RawRecord
    variants: pl.DataFrame | None
    defects: pl.DataFrame | None
    genotypes: int | None
    calls: int | None
    alleles: pl.DataFrame | None
    frequencies: pl.DataFrame | None
    windows: pl.DataFrame | None
    apart: tuple[str, ...]
    versions: Mapping[str, int]

    @property
    def verdict(self) -> str:
        """kept, quarantined, or unknown where silver has not been built of this line."""
        if self.variants is None:
            return "unknown"
        return "quarantined" if self.variants.is_empty() else "kept"


def trace_record(root: Place, record: RawRecord, scan: Scan) -> RecordTrace:
    """Follow `record` up. `scan` gives a published table, or raises NotBuiltError."""
    return unchanged(root, partial(_traced, root, record, scan))


def _traced(root: Place, record: RawRecord, scan: Scan) -> RecordTrace:
    of_file = pl.col("file") == record.file
    here = of_file & (pl.col("record") == record.record)
    silver = apart(root, "silver", record.file)
    # What gold holds is known by silver's rows.
    wrong = {"silver": silver, "gold": silver or apart(root, "gold")}

    def rows(table: str, which: pl.Expr) -> pl.LazyFrame | None:
        if wrong[table.partition(".")[0]]:
            return None
        try:
            return scan(table).filter(which)
        except NotBuiltError:
            return None

    variants = _collected(rows("silver.variants", here))
    if variants is not None and not variants.is_empty():
        # Tables are cut by contig and position, so that the rest of them is not read.
        chrom, pos = variants.select("chrom", "pos").row(0)
        here &= (pl.col("chrom") == chrom) & (pl.col("pos") == pos)
        window = (pl.col("chrom") == chrom) & pl.lit(pos).is_between("start", "end")
    else:
        window = pl.lit(value=False)
    names = ("silver.variants", "silver.defects", "silver.genotypes", "silver.calls",
             "gold.variants", "gold.frequencies", "gold.windows")  # fmt: skip
    versions = {name: published_version(root, TABLES[name]) for name in names}
    return RecordTrace(
        record,
        variants,
        _collected(rows("silver.defects", of_file & (pl.col("line") == record.line))),
        _counted(rows("silver.genotypes", here)),
        _counted(rows("silver.calls", here)),
        _collected(rows("gold.variants", here)),
        _collected(rows("gold.frequencies", here)),
        _collected(rows("gold.windows", window)),
        tuple(dict.fromkeys(reason for reason in wrong.values() if reason)),
        {name: version for name, version in versions.items() if version is not None},
    )


def _collected(rows: pl.LazyFrame | None) -> pl.DataFrame | None:
    return None if rows is None else rows.collect()


def _counted(rows: pl.LazyFrame | None) -> int | None:
    return None if rows is None else int(rows.select(pl.len()).collect().item())
