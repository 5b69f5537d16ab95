"""Finding variants by what people type: an allele, a position, an identifier."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from medallion.bronze.raw import Region
from medallion.errors import UsageError
from medallion.export import in_region

__all__ = ["Name", "places", "read_name", "read_position", "variant_filter"]

_LAST = (1 << 31) - 1
_FEW = 8
_LOWER = (pl.col("id"), pl.col("folded"))  # one of them is the identifier in lower case
# A contig's name may hold what parts it from the position (HLA-A*01:01): the last counts.
_ALLELE = re.compile(r"(\S+)[-:_]([0-9][0-9,]{0,30})[-:_]([A-Za-z.]+)[-:_>](\S+)")
_POSITION = re.compile(r"(\S+)[-:_]([0-9][0-9,]{0,30})")
# With fewer digits it may be a chromosome's name.
_ALONE = re.compile(r"[0-9]{3,10}|[0-9]{1,3}(?:,[0-9]{3}){1,3}")
# As HGVS writes a substitution: 22:g.16050075A>G.
_CHANGE = re.compile(
    r"(\S+)[-:_](?:[gm]\.)?([0-9][0-9,]{0,30})([A-Za-z]+)>([A-Za-z*.]+|<\S+>)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Name:
    """A position (1-based) of a contig, or one allele there; bases in upper case."""

    chrom: str
    pos: int
    ref: str | None = None
    alt: str | None = None


def read_name(text: str) -> Name | None:
    """Read `22-16050075-A-G`, `22:16050075A>G` or `22:16050075`; None where `text` is none."""
    stripped = text.strip()
    if match := _ALLELE.fullmatch(stripped) or _CHANGE.fullmatch(stripped):
        return Name(match[1], _position(match[2]), match[3].upper(), match[4].upper())
    if match := _POSITION.fullmatch(stripped):
        return Name(match[1], _position(match[2]))
    return None


def read_position(text: str) -> int | None:
    """Read a position that stands alone, `16050075` or `16,050,075`; None where it is none."""
    stripped = text.strip()
    pos = _position(stripped) if _ALONE.fullmatch(stripped) else _LAST + 1
    return pos if pos <= _LAST else None


def places(texts: Sequence[str], identifiers: pl.LazyFrame) -> pl.Expr:
    """Where the rows that any of `texts` means can stand: a condition on chrom and pos.

    `identifiers` are the rows of `silver.identifiers`, which is looked at now: a table of
    variants can pass over all its parts that have no such position, but none for want of
    an identifier. What each text means is told by `variant_filter`; identifiers in another
    case are among them.
    """
    names = [text.strip() for text in texts]
    # Where a name has several identifiers, as the source writes them, one of them will do.
    firsts = pl.Series([name.split(";")[0] for name in names], dtype=pl.String)
    wanted = firsts.str.to_lowercase().unique(maintain_order=True)
    # Parts and row groups are passed over by their statistics where it is a comparison, which
    # for a list it is not; of many names it would take longer than to read them all.
    known = identifiers.filter(
        reduce(or_, (column == name for name in wanted for column in _LOWER))
        if len(wanted) <= _FEW
        else reduce(or_, (column.is_in(wanted.implode()) for column in _LOWER))
    )
    found: dict[str, set[int]] = {}
    for chrom, pos in known.select("chrom", "pos").unique().collect().iter_rows():
        found.setdefault(chrom, set()).add(pos)
    for name in map(read_name, names):
        if name is not None and name.pos <= _LAST:
            bare = name.chrom.removeprefix("chr")
            for spelled in (name.chrom, bare, f"chr{bare}"):
                found.setdefault(spelled, set()).add(name.pos)
    alike: dict[frozenset[int], list[str]] = {}
    for chrom, at in found.items():
        alike.setdefault(frozenset(at), []).append(chrom)
    here = [pl.col("chrom").is_in(chroms) & _at(at) for at, chroms in alike.items()]
    if alone := {pos for pos in map(read_position, names) if pos is not None}:
        here.append(_at(alone))
    return pl.any_horizontal(pl.lit(value=False), *here)


def _at(positions: Iterable[int]) -> pl.Expr:
    at = sorted(positions)
    here = pl.col("pos").is_between(at[0], at[-1])
    if len(at) > 1:
        here &= pl.col("pos").is_in(pl.Series(at, dtype=pl.Int32).implode())
    return here


def variant_filter(text: str) -> pl.Expr:
    """The rows of a table with chrom, pos, id, ref, alt that `text` means.

    `22-16050075-A-G`, `22:16050075`, with `chr` or without, a position on any contig,
    `16050075`, or an identifier such as `rs587697622` (one of several in the source's ID
    counts too), in any case: those in another count where none of the rows has it as it is
    written. So it is to be asked of the rows that `places` leaves, in a filter of its own.
    Raises UsageError for an empty text.
    """
    stripped = text.strip()
    if not stripped:
        raise UsageError(
            "Name a variant: 22-16050075-A-G, 22:16050075, or an identifier such as rs587697622."
        )
    named = _has(pl.col("id"), stripped)
    name = read_name(stripped)
    here = pl.lit(value=False)
    if name is not None:
        here = in_region(Region(name.chrom, name.pos, name.pos))
    elif (pos := read_position(stripped)) is not None:
        here = (pl.col("pos") == pos) & ~named.any()  # an identifier that is a number is meant
    if name is None or name.ref is None:  # an identifier may look like a position
        lower = pl.Series([stripped]).str.to_lowercase().item()
        alike = _has(pl.col("id").cast(pl.String).str.to_lowercase(), lower)
        return here | named | (alike & ~(here | named).any())
    return (
        here
        & (pl.col("ref").str.to_uppercase() == name.ref)
        & (pl.col("alt").str.to_uppercase() == name.alt)
    )


def _has(ids: pl.Expr, name: str) -> pl.Expr:
    """Which of `ids`, as the source writes them, are `name` or hold it among others."""
    return (ids == name) | ids.str.split(";").list.contains(name)


def _position(digits: str) -> int:
    return int(digits.replace(",", ""))
