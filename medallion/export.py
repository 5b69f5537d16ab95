"""Tables as files for other tools: Parquet, CSV or TSV, whole or filtered."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from medallion.bronze.raw import Region, parse_where
from medallion.errors import SourceError, UsageError

__all__ = ["filtered", "write_file"]

_ENDINGS = (".parquet", ".csv", ".tsv")


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
        place = parse_where(region)
        if not isinstance(place, Region):
            raise UsageError(f"{region!r} is no region: expected one such as 22:16050000-16051000.")
        frame = frame.filter(in_region(place))
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


def write_file(frame: pl.LazyFrame, path: Path) -> int:
    """Write `frame` by the ending of `path`, without holding it in memory; count its rows.

    The file appears whole or not at all. Raises UsageError for another ending,
    SourceError where the path cannot be written.
    """
    if path.suffix not in _ENDINGS:
        raise UsageError(
            f"{path.name} has no ending that says its format: expected one of "
            f"{', '.join(_ENDINGS)}."
        )
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")
    try:
        rows = int(frame.select(pl.len()).collect().item())
    except (pl.exceptions.InvalidOperationError, pl.exceptions.ComputeError) as error:
        # polars raises ComputeError for a damaged file, too; only this tells them apart.
        if "in the following expression" not in str(error):
            raise
        reason = str(error).splitlines()[0]
        raise UsageError(f"--where cannot be worked out for every row: {reason}.") from error
    try:
        if path.suffix == ".parquet":
            frame.sink_parquet(temporary, compression="zstd")
        else:
            frame.sink_csv(temporary, separator="," if path.suffix == ".csv" else "\t")
        os.replace(temporary, path)
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)
    return rows
