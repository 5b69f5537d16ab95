"""Names that mean nothing in a lake: why, what was set apart there, what stands next to it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property

import polars as pl

from medallion.bronze.raw import Region
from medallion.find import Name
from medallion.ondemand.named import label, listed
from medallion.ondemand.silver import Silver
from medallion.ondemand.terms import contig_of, like_a_contig, turned
from medallion.vcf.defects import REASONS

__all__ = ["Missing"]

_LAST = (1 << 31) - 1
_NEAR = 100_000  # bases on either side in which the nearest variant is looked for
_NEAREST_OF = 5  # names
_LONG = 200  # characters of a name that is better told by its place
_WIDE = 10_000  # bases of a region that is an example
_HGVS = re.compile(r"\S+:[cgmnpr]\.\S+")


class Missing:
    """Names that mean nothing in the lake of `silver`, whose contigs are in `bounds`.

    places: the position, allele or region that each is by its form; alone: the position that
    a number is, of no contig; refused: why a name was not looked up.
    """

    def __init__(
        self,
        silver: Silver,
        bounds: pl.DataFrame,
        names: Sequence[str],
        places: Mapping[str, Region | Name | None],
        alone: Mapping[str, int],
        refused: Mapping[str, str],
    ) -> None:
        self._silver, self._bounds, self.names = silver, bounds, names
        self._places, self._alone, self._refused = places, alone, refused
        self._contigs: list[str] = bounds["chrom"].to_list()

    @cached_property
    def has_ids(self) -> bool:
        """Whether any variant of the lake has an identifier."""
        return not self.names or self._silver.has_ids()

    @cached_property
    def set_apart(self) -> pl.DataFrame:
        """Records in quarantine where a name has its place.

        Columns: asked, then file, line, chrom, pos, reason and detail of `silver.defects`.
        Rows are in the order of the names, then of file and line.
        """
        wanted = pl.DataFrame(
            [(i, n, *at) for i, n in enumerate(self.names) if (at := self._position(n))],
            schema={"row": pl.Int64, "asked": pl.String, "bare": pl.String, "pos": pl.Int32},
            orient="row",
        )
        bare = pl.col("chrom").str.strip_prefix("chr")
        found = wanted.join(self._silver.set_apart(wanted["pos"].unique().to_list()), on="pos")
        return (
            found.filter(pl.col("bare").is_null() | (pl.col("bare") == bare))
            .sort("row", "file", "line")
            .select("asked", "file", "line", "chrom", "pos", "reason", "detail")
        )

    def _position(self, name: str) -> tuple[str | None, int] | None:
        """The contig without `chr` (None: any) and position of a name that has one."""
        if name in self._alone:
            return None, self._alone[name]
        place = self._places[name]
        if not isinstance(place, Name) or place.pos > _LAST:
            return None
        contig = contig_of(place.chrom, self._contigs) or place.chrom
        return contig.removeprefix("chr"), place.pos

    def reasons(self) -> tuple[str, ...]:
        """Why each name means nothing, a sentence or two."""
        apart: dict[str, str] = {}
        for row in self.set_apart.iter_rows(named=True):
            detail = f" In the line: {row['detail']}." if row["detail"] else ""
            apart.setdefault(
                row["asked"],
                f"Line {row['line']:,} of {row['file']}, at this position, was set apart: "
                f"{REASONS[row['reason']].meaning}{detail}",
            )
        return tuple(
            self._refused.get(n) or apart.get(n) or self._reason(n, self._places[n])
            for n in self.names
        )

    def _reason(self, name: str, place: Region | Name | None) -> str:
        """Why a name means nothing, by its form."""
        chrom = name if place is None else place.chrom
        here = contig_of(chrom, self._contigs) is not None
        if not here and (isinstance(place, Region) or like_a_contig(chrom)):
            return f"This lake has no chromosome {chrom}: it has {listed(self._contigs)}."
        if turned(name):
            return "The region ends before it starts: name its first position first."
        if name in self._alone or (here and isinstance(place, Name)):
            what = "position"
            if isinstance(place, Name) and place.ref is not None:
                what = "position with these alleles"
            return (
                f"No variant stands at this {what}. Positions are 1-based and of the lake's "
                "genome build, REF and ALT as in the VCF."
            )
        if _HGVS.fullmatch(name):
            return (
                "Of this notation, substitutions at a genomic position alone are known, such as "
                "22:g.16050075A>G: name another change by its position."
            )
        if not self.has_ids:
            return (
                "It is no sample or population, and no variant of this lake has an identifier, so "
                "looking for an rsID finds nothing: search by position. (The project's Phase 3 "
                "files have none.)"
            )
        return (
            "No sample, population or identifier of this lake has this name. Genes are not known: "
            f"name the region of one{self._example()}."
        )

    def _example(self) -> str:
        for chrom, _, first, last in self._bounds.head(1).iter_rows():
            return f", such as {chrom}:{first:,}-{min(first + _WIDE, last):,}"
        return ""

    def nearest(self) -> dict[str, str]:
        """The variant next to each of the first names that are a place of this lake."""
        found: dict[str, str] = {}
        for name in self.names:
            if len(found) == _NEAREST_OF:
                break
            place = self._places[name]
            contig = contig_of(place.chrom, self._contigs) if isinstance(place, Name) else None
            if contig is None or not isinstance(place, Name) or place.pos > _LAST:
                continue
            here = pl.col("pos").is_between(place.pos - _NEAR, place.pos + _NEAR)
            rows = self._silver.variants((pl.col("chrom") == contig) & here)
            if not rows.is_empty():
                away = (pl.col("pos").cast(pl.Int64) - place.pos).abs()
                row = rows.sort(away, "file", "record", "alt_index").row(0, named=True)
                text = label(row)
                found[name] = text if len(text) <= _LONG else f"{row['chrom']}:{row['pos']}"
        return found
