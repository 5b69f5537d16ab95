"""Finding variants by what people type: a position, an allele, an identifier."""

from __future__ import annotations

import re

import polars as pl

from medallion.bronze.raw import Region
from medallion.errors import UsageError
from medallion.export import in_region

__all__ = ["variant_filter"]

# A contig's name may hold what parts it from the position (HLA-A*01:01): the last counts.
_ALLELE = re.compile(r"(\S+)[-:_]([0-9][0-9,]*)[-:_]([A-Za-z.]+)[-:_>](\S+)")
_POSITION = re.compile(r"(\S+)[-:_]([0-9][0-9,]*)")


def variant_filter(text: str) -> pl.Expr:
    """The rows of a table with chrom, pos, id, ref, alt that `text` means.

    `22-16050075-A-G`, `22:16050075`, with `chr` or without, or an identifier such as
    `rs587697622` (one of several in the source's ID counts too). Raises UsageError for
    an empty text.
    """
    stripped = text.strip()
    if not stripped:
        raise UsageError(
            "Name a variant: 22-16050075-A-G, 22:16050075, or an identifier such as rs587697622."
        )
    if match := _ALLELE.fullmatch(stripped):
        pos = int(match[2].replace(",", ""))
        return (
            in_region(Region(match[1], pos, pos))
            & (pl.col("ref").str.to_uppercase() == match[3].upper())
            & (pl.col("alt").str.to_uppercase() == match[4].upper())
        )
    named = (pl.col("id") == stripped) | pl.col("id").str.split(";").list.contains(stripped)
    if match := _POSITION.fullmatch(stripped):
        pos = int(match[2].replace(",", ""))
        return in_region(Region(match[1], pos, pos)) | named  # an identifier may look like one
    return named
