"""The way back: a row of gold, the rows of silver that it counts, the lines that these stand in.

The way up, from a line, is in `medallion.forward`.
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
from medallion.find import places, variant_filter
from medallion.storage.schema import Table
from medallion.storage.snapshot import read_snapshot
from medallion.together import apart, unchanged

__all__ = ["KEYS", "CellTrace", "Source", "trace_row"]

Scan = Callable[[str], pl.LazyFrame]


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
    the rows of `bronze.files` with their checksums, `bronze` the versions of bronze's tables.
    """

    table: str
    version: int
    row: Mapping[str, Any] | None
    sources: tuple[Source, ...]
    records: int
    lines: tuple[RawRecord, ...]
    files: pl.DataFrame
    bronze: Mapping[str, int]


KEYS: Mapping[str, tuple[str, ...]] = {
    "gold.frequencies": ("variant", "group"),
    "gold.variants": ("variant",),
    "gold.most_different": ("variant", "level"),
    "gold.populations": ("group",),
    "gold.samples": ("sample",),
    "gold.windows": ("window", "group"),
    "gold.windows_fst": ("window", "group", "other_group"),
    "gold.fst": ("group", "other_group", "method"),
    "gold.spectrum": ("group", "kind", "count"),
    "gold.joint_spectrum": ("group", "other_group", "kind", "count_1", "count_2"),
    "gold.pca": ("sample",),
    "gold.pca_components": ("component",),
    "gold.pca_sites": ("site",),
    "gold.relatedness": ("sample", "other_sample"),
    "gold.ld_decay": ("group", "distance_from"),
}
"""The tables whose rows can be traced, and what names a row of each."""

_NUMBERS = ("count", "count_1", "count_2", "component", "distance_from")
_OF_ALL = ("gold.pca", "gold.pca_components", "gold.pca_sites")
"""Each row of these is of all samples, whatever names it."""
_FIRST = 20

Narrow = Callable[[pl.LazyFrame], pl.LazyFrame]


def trace_row(
    table: Table,
    key: Sequence[str],
    version: Callable[[Table], int],
    vcfs: Vcfs,
    *,
    file: str | None = None,
) -> CellTrace:
    """Follow a row of gold down: to the rows of silver, and to the lines of bronze.

    `key` names the row as KEYS says: a variant as 22-16050075-A-G, a group by its code, a
    window as 22:16050001-16060000, a site as 22:16050075; of alleles and sites that stand in
    several VCFs, `file` says which is meant. Raises UsageError for another table, or another
    number of names, or a name that means nothing or several things; NotBuiltError where a
    layer was made of other data than the layer below it.
    """
    wanted = KEYS.get(table.name)
    if wanted is None or len(key) != len(wanted):
        forms = [f"{name} {' '.join(keys).upper()}" for name, keys in KEYS.items()]
        raise UsageError(
            f"{table.name} {' '.join(key)} is not a row that can be traced. Expected one of: "
            f"{'; '.join(forms)}."
        )
    named = dict(zip(wanted, key, strict=True)) | ({} if file is None else {"file": file})
    return unchanged(vcfs.root, lambda: _traced(table, key, named, version, vcfs))


def _traced(
    table: Table,
    key: Sequence[str],
    named: Mapping[str, str],
    version: Callable[[Table], int],
    vcfs: Vcfs,
) -> CellTrace:
    for layer in ("gold", "silver"):
        if reason := apart(vcfs.root, layer):
            raise NotBuiltError(reason)
    scan = vcfs.scan
    narrow = _records(table, named, scan)
    found = scan(table.name).filter(_row(table, named, scan)).collect()
    if found.height > 1:
        raise UsageError(
            f"{' '.join(key)} means {found.height:,} rows of {table.name}: name one in full"
            f"{_or_its_file(found)}."
        )
    people = scan("silver.samples").filter("in_vcf", _people(table, named))
    names = people.select("sample").collect().to_series()
    variants = narrow(scan("silver.variants"))
    sources = [
        _source(vcfs, "silver.variants", variants, "the ALT alleles that were counted"),
        _source(
            vcfs, "silver.genotypes",
            narrow(scan("silver.genotypes")).filter(pl.col("sample").is_in(names.implode())),
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
        _versions(vcfs, "bronze"),
    )


def _source(vcfs: Vcfs, table: str, rows: pl.LazyFrame, meaning: str) -> Source:
    version = _versions(vcfs, "silver")[table]
    count = int(rows.select(pl.len()).collect().item())
    return Source(table, version, count, rows.head(_FIRST).collect(), meaning)


def _versions(vcfs: Vcfs, layer: str) -> dict[str, int]:
    """The published version of each table of a layer."""
    snapshot = read_snapshot(vcfs.root, layer)
    tables = snapshot.tables if snapshot else {}
    return {f"{layer}.{short}": state.version for short, state in tables.items()}


def _or_its_file(rows: pl.DataFrame) -> str:
    """What is said where rows stand in several files."""
    names = sorted(set(rows["file"])) if "file" in rows.columns else []
    return f", or its file (--file), one of {', '.join(names)}" if len(names) > 1 else ""


def _in_group(code: str) -> pl.Expr:
    if code == ALL:
        return pl.lit(value=True)
    return (pl.col("population") == code) | (pl.col("super_population") == code)


def _people(table: Table, named: Mapping[str, str]) -> pl.Expr:
    """Which samples a row is of."""
    codes = [named[k] for k in ("group", "other_group") if k in named]
    samples = [named[k] for k in ("sample", "other_sample") if k in named]
    if codes:
        return pl.any_horizontal(_in_group(code) for code in codes)
    if samples and table.name not in _OF_ALL:
        return pl.col("sample").is_in(samples)
    return pl.lit(value=True)


def _row(table: Table, named: Mapping[str, str], scan: Scan) -> pl.Expr:
    """Which row of the table is named."""
    conditions: list[pl.Expr] = []
    if "variant" in named:
        conditions.append(_one_allele(named, scan))
    if "window" in named:
        place = _window(named["window"])
        conditions += [
            in_region(Region(place.chrom)),
            pl.col("start") == place.start,
            pl.col("end") == place.end,
        ]
    if "site" in named:
        conditions.append(_site(named))
    for word in ("group", "sample"):
        if word not in named:
            continue
        one, other = named[word], named.get(f"other_{word}")
        column = "population" if word == "group" else "sample"
        if other is None:
            column = column if column in table.column_names else f"super_{column}"
            conditions.append(pl.col(column) == one)
            continue
        pair = [(pl.col(f"{column}_1") == a) & (pl.col(f"{column}_2") == b)
                for a, b in ((one, other), (other, one))]  # fmt: skip
        # Where the row counts in each of the two, their order is part of its name.
        conditions.append(pair[0] if "count_1" in named else pair[0] | pair[1])
    conditions += [pl.col(k) == named[k] for k in ("method", "kind", "level") if k in named]
    conditions += [pl.col(k) == _number(k, named[k]) for k in _NUMBERS if k in named]
    return pl.all_horizontal(conditions)


def _records(table: Table, named: Mapping[str, str], scan: Scan) -> Narrow:
    """What narrows rows of silver down to the records that the row is made of."""
    if "variant" in named:
        allele = _one_allele(named, scan)
        return lambda rows: rows.filter(allele)
    if "window" in named:
        inside = in_region(_window(named["window"]))
        return lambda rows: rows.filter(inside)
    if table.name in _OF_ALL or "other_sample" in named:
        chosen = _site(named) if "site" in named else pl.lit(value=True)
        sites = scan("gold.pca_sites").filter(chosen).select("file", "record")
        return lambda rows: rows.join(sites, on=["file", "record"], how="semi")
    return lambda rows: rows


def _window(text: str) -> Region:
    place = parse_where(text)
    if not isinstance(place, Region) or place.start is None or place.end is None:
        raise UsageError(f"{text!r} is no window: expected one such as 22:16050001-16060000.")
    return place


def _site(named: Mapping[str, str]) -> pl.Expr:
    text, file = named["site"], named.get("file")
    place = parse_where(text)
    if not isinstance(place, Region) or place.start is None or place.start != place.end:
        raise UsageError(f"{text!r} is no site: expected one such as 22:16050075.")
    return in_region(place) if file is None else in_region(place) & (pl.col("file") == file)


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise UsageError(f"{text!r} is no {name}: expected a whole number.")
    return int(text)


def _one_allele(named: Mapping[str, str], scan: Scan) -> pl.Expr:
    text, file = named["variant"], named.get("file")
    here = places([text], scan("silver.identifiers"))
    found = scan("silver.variants").filter(here).filter(variant_filter(text))
    if file is not None:
        found = found.filter(pl.col("file") == file)
    rows = found.select("chrom", "pos", "file", "record", "alt_index").collect()
    if rows.height != 1:
        where = "silver" if file is None else f"{file} in silver"
        raise UsageError(
            f"{text!r} means {rows.height:,} alleles of {where}: name one in full, such as "
            f"22-16050075-A-G{_or_its_file(rows)}."
        )
    key = rows.row(0, named=True)
    return pl.all_horizontal(pl.col(name) == value for name, value in key.items())
