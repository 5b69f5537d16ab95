"""`silver.identifiers`: where each identifier stands, in parts that are sorted by it.

A table of variants is sorted by position, so an identifier would be found in it only by
reading all of it. Here each part, and each of its row groups, has bounds on the
identifiers that it holds, and a look-up reads one row group of each part.

People type an identifier in any case, so what is not written in lower case has it so
beside it, and comes after what is, sorted by that. Most are written in lower case, as rsIDs:
to have it beside them too would make the table half as large again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from medallion.files import Place
from medallion.files.parquet import scan_parquet
from medallion.silver.tables import IDENTIFIERS, VARIANTS
from medallion.storage.parts import Part, PartWriter, table_path

__all__ = ["Listing", "list_identifiers", "listings"]

# Of so many a part is sorted in some 400 MB of memory; 85 million variants have 25 parts.
_ROWS_PER_PART = 1 << 22
_ROWS_PER_GROUP = 1 << 14


@dataclass(frozen=True, slots=True)
class Listing:
    """The task: parts of `silver.variants` of one contig of one file, and the new part's name."""

    root: Place
    name: str
    file: str
    chrom: str
    variants: tuple[str, ...]


def listings(root: Place, file: str, variants: Sequence[Part]) -> list[Listing]:
    """The tasks for the parts of a file, which are in its order."""
    found: list[Listing] = []
    for chrom in dict.fromkeys(p.chrom or "" for p in variants):
        for paths in _grouped([p for p in variants if p.chrom == chrom]):
            found.append(Listing(root, f"part-{len(found):05d}", file, chrom, paths))
    return found


def _grouped(parts: Sequence[Part]) -> Iterator[tuple[str, ...]]:
    """Paths of neighbouring parts, up to some million rows together."""
    paths: list[str] = []
    rows = 0
    for part in parts:
        if paths and rows + part.rows > _ROWS_PER_PART:
            yield tuple(paths)
            paths, rows = [], 0
        paths.append(part.path)
        rows += part.rows
    if paths:
        yield tuple(paths)


def list_identifiers(task: Listing) -> Part | None:
    """Write the task's part; None where no record has an identifier."""
    folder = table_path(task.root, VARIANTS)
    rows = pl.concat(
        # Without its folders: their names are escaped, and polars would read a column there.
        scan_parquet([folder / path]).select("id", "pos", "alt_index").collect()
        for path in task.variants
    )
    rows = rows.filter(pl.col("id").is_not_null() & (pl.col("alt_index") <= 1)).drop("alt_index")
    if rows.is_empty():
        return None
    if rows["id"].str.contains(";", literal=True).any():
        rows = rows.with_columns(pl.col("id").str.split(";")).explode("id")
    lower = pl.col("id").str.to_lowercase()
    rows = rows.with_columns(
        folded=pl.when(lower != pl.col("id")).then(lower), file=pl.lit(task.file)
    )
    by = ["id", "pos"]
    if rows["folded"].null_count() < len(rows):  # else the order is the same, found faster
        by = ["folded", *by]
    # Records that share both, as an allele each of one site, have one row.
    rows = rows.sort(by).filter(_new("id") | _new("pos"))
    writer = PartWriter(task.root, IDENTIFIERS, task.chrom, task.name)
    for some in rows.iter_slices(_ROWS_PER_GROUP):
        writer.write(some)
    return writer.close()


def _new(column: str) -> pl.Expr:
    """Which rows differ from the one before."""
    return pl.col(column).ne_missing(pl.col(column).shift())
