"""Part of a table: a region, some populations, an SQL condition."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from medallion.bronze.raw import Region, parse_where
from medallion.errors import UsageError

__all__ = ["count_rows", "filtered", "in_region", "parse_region"]


def filtered(
    frame: pl.LazyFrame,
    *,
    region: str | None = None,
    populations: Sequence[str] | None = None,
    where: str | None = None,
) -> pl.LazyFrame:
    """`frame` with the rows of a region, of some populations, of an SQL condition.

    Raises UsageError where the table has no such column or the condition cannot be read.
    """
    columns = frame.collect_schema().names()
    if region is not None:
        if not {"chrom", "pos"} <= set(columns):
            raise UsageError("--region needs a table with chrom and pos; this one has neither.")
        frame = frame.filter(in_region(parse_region(region)))
    if populations:
        if "population" not in columns:
            raise UsageError("--population needs a table with a column population.")
        frame = frame.filter(pl.col("population").is_in(list(populations)))
    if where is not None:
        try:
            frame = frame.filter(pl.sql_expr(where))
            frame.collect_schema()
        except (pl.exceptions.PolarsError, TypeError) as error:
            reason = str(error).splitlines()[0]
            raise UsageError(
                f"--where {where!r} cannot be read ({reason}): expected an SQL condition such as "
                "\"af > 0.05 AND population = 'GBR'\"."
            ) from error
    return frame


def in_region(place: Region) -> pl.Expr:
    """The rows in `place`, with its contig's name given with `chr` or without."""
    bare = place.chrom.removeprefix("chr")
    expression = pl.col("chrom").is_in([place.chrom, bare, f"chr{bare}"])
    if place.start is not None:
        expression &= pl.col("pos") >= place.start
    if place.end is not None:
        expression &= pl.col("pos") <= place.end
    return expression


def parse_region(text: str) -> Region:
    """Read `22:16050000-16051000`, a position or a contig. Raises UsageError for all else."""
    place = parse_where(text)
    if not isinstance(place, Region):
        raise UsageError(f"{text!r} is no region: expected one such as 22:16050000-16051000.")
    return place


def count_rows(frame: pl.LazyFrame) -> int:
    """The rows of `frame`. Raises UsageError where a condition cannot be worked out."""
    try:
        return int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError) as error:
        # polars raises ComputeError for a damaged file, too; only this tells them apart.
        if "in the following expression" not in str(error):
            raise
        reason = str(error).splitlines()[0]
        raise UsageError(f"--where cannot be worked out for every row: {reason}.") from error
