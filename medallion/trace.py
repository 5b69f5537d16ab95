"""The way up and the way back: what became of a record, and what a number was made of.

Up: a bronze record's rows in silver and gold, or why it has none. Back: a row of gold, the
rows of silver that it counts, the lines of bronze that these stand in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from medallion.bronze.published import Vcfs
from medallion.bronze.raw import RawRecord, Region, parse_where
from medallion.bronze.raw import records as records_of
from medallion.catalog.populations import ALL
from medallion.errors import NotBuiltError, UsageError
from medallion.export import in_region
from medallion.find import variant_filter
from medallion.storage.schema import Table
from medallion.storage.snapshot import read_snapshot

__all__ = ["KEYS", "CellTrace", "RecordTrace", "Source", "trace_record", "trace_row"]

Scan = Callable[[str], pl.LazyFrame]


@dataclass(frozen=True, slots=True)
class RecordTrace:
    """A record from its line up: rows of silver and gold that stand on it.

    `variants`, `defects` and `frequencies` have the columns of their tables; None where
    the layer has not been built.
    """

    record: RawRecord
    variants: pl.DataFrame | None
    defects: pl.DataFrame | None
    frequencies: pl.DataFrame | None

    @property
    def verdict(self) -> str:
        """kept, quarantined, or unknown where silver has not been built."""
        if self.variants is None:
            return "unknown"
        return "quarantined" if self.variants.is_empty() else "kept"


def trace_record(record: RawRecord, scan: Scan) -> RecordTrace:
    """Follow `record` up. `scan` gives a published table, or raises NotBuiltError."""
    of_record = (pl.col("file") == record.file) & (pl.col("record") == record.record)
    of_line = (pl.col("file") == record.file) & (pl.col("line") == record.line)

    def rows(table: str, which: pl.Expr) -> pl.DataFrame | None:
        try:
            return scan(table).filter(which).collect()
        except NotBuiltError:
            return None

    return RecordTrace(
        record,
        rows("silver.variants", of_record),
        rows("silver.defects", of_line),
        rows("gold.frequencies", of_record),
    )


@dataclass(frozen=True, slots=True)
class Source:
    """Rows of one table that something was made of: how many, and the first of them."""

    table: str
    version: int
    rows: int
    first: pl.DataFrame
    meaning: str


@dataclass(frozen=True, slots=True)
class CellTrace:
    """A row of gold and what it was made of, down to the lines of the source.

    `row` is the row, None where gold has none of that key. `sources` are silver's rows,
    `records` how many lines of bronze they came from, `lines` the first of these, `files`
    the rows of `bronze.files` with their checksums.
    """

    table: str
    version: int
    row: Mapping[str, Any] | None
    sources: tuple[Source, ...]
    records: int
    lines: tuple[RawRecord, ...]
    files: pl.DataFrame


KEYS: Mapping[str, tuple[str, ...]] = {
    "gold.frequencies": ("variant", "group"),
    "gold.variants": ("variant",),
    "gold.populations": ("group",),
    "gold.samples": ("sample",),
    "gold.windows": ("window", "group"),
}
"""The tables whose rows can be traced, and what names a row of each."""

_FIRST = 20


def trace_row(
    table: Table,
    key: Sequence[str],
    version: Callable[[Table], int],
    vcfs: Vcfs,
) -> CellTrace:
    """Follow a row of gold down: to the rows of silver, and to the lines of bronze.

    `key` names the row as KEYS says: a variant as 22-16050075-A-G, a group by its code, a
    window as 22:16050001-16060000. Raises UsageError for another table, or another number
    of names, or a name that means nothing or several things.
    """
    wanted = KEYS.get(table.name)
    if wanted is None or len(key) != len(wanted):
        forms = [f"{name} {' '.join(keys).upper()}" for name, keys in KEYS.items()]
        raise UsageError(
            f"{table.name} {' '.join(key)} is not a row that can be traced. Expected one of: "
            f"{'; '.join(forms)}."
        )
    named, scan = dict(zip(wanted, key, strict=True)), vcfs.scan
    of_row, of_records, of_calls = _conditions(named, scan)
    own = scan(table.name).filter(of_row)
    found = own.collect()
    if found.height > 1:
        raise UsageError(
            f"{' '.join(key)} means {found.height:,} rows of {table.name}: name one in full."
        )
    people = scan("silver.samples").filter("in_vcf")
    if (code := named.get("group")) is not None:
        people = people.filter(_in_group(code))
    if (sample := named.get("sample")) is not None:
        people = people.filter(pl.col("sample") == sample)
    names = people.select("sample").collect().to_series()
    variants = scan("silver.variants").filter(of_records)
    sources = [
        _source(vcfs, "silver.variants", variants, "the ALT alleles that were counted"),
        _source(
            vcfs, "silver.genotypes",
            scan("silver.genotypes").filter(of_calls, pl.col("sample").is_in(names.implode())),
            "the calls that carry them, in these samples",
        ),
        _source(vcfs, "silver.samples", people, "the samples that were counted"),
    ]  # fmt: skip
    records = variants.select("file", "record").unique()
    first = records.sort("file", "record").head(_FIRST).collect()
    lines = vcfs.steadily(
        lambda: [
            line
            for file, number in first.iter_rows()
            for line in records_of(vcfs.indexed(file), number, number)
        ]
    )
    files = scan("bronze.files").filter(
        pl.col("file").is_in(variants.select("file").unique().collect().to_series().implode())
        | (pl.col("kind") == "samples")
    )
    return CellTrace(
        table.name,
        version(table),
        found.row(0, named=True) if found.height else None,
        tuple(sources),
        int(records.select(pl.len()).collect().item()),
        tuple(lines),
        files.collect(),
    )


def _source(vcfs: Vcfs, table: str, rows: pl.LazyFrame, meaning: str) -> Source:
    snapshot = read_snapshot(vcfs.root, "silver")
    version = snapshot.tables[table.removeprefix("silver.")].version if snapshot else 0
    count = int(rows.select(pl.len()).collect().item())
    return Source(table, version, count, rows.head(_FIRST).collect(), meaning)


def _in_group(code: str) -> pl.Expr:
    if code == ALL:
        return pl.lit(value=True)
    return (pl.col("population") == code) | (pl.col("super_population") == code)


def _conditions(named: Mapping[str, str], scan: Scan) -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Which row of gold, which rows of silver.variants, which of silver.genotypes."""
    everything = pl.lit(value=True)
    of_group = pl.col("population") == named.get("group", ALL)
    if "variant" in named:
        allele = _one_allele(named["variant"], scan)
        return (allele & of_group if "group" in named else allele), allele, allele
    if "window" in named:
        place = parse_where(named["window"])
        if not isinstance(place, Region) or place.start is None or place.end is None:
            raise UsageError(
                f"{named['window']!r} is no window: expected one such as 22:16050001-16060000."
            )
        inside = in_region(place)
        window = in_region(Region(place.chrom)) & (pl.col("start") == place.start)
        return window & (pl.col("end") == place.end) & of_group, inside, inside
    if "sample" in named:
        return pl.col("sample") == named["sample"], everything, everything
    return of_group, everything, everything


def _one_allele(text: str, scan: Scan) -> pl.Expr:
    found = scan("silver.variants").filter(variant_filter(text))
    rows = found.select("chrom", "pos", "file", "record", "alt_index").collect()
    if rows.height != 1:
        raise UsageError(
            f"{text!r} means {rows.height:,} alleles of silver: name one in full, such as "
            "22-16050075-A-G."
        )
    key = rows.row(0, named=True)
    return pl.all_horizontal(pl.col(name) == value for name, value in key.items())
