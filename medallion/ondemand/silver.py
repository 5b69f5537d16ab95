"""The published silver layer, as the answers on demand read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.catalog.populations import ALL
from medallion.errors import UsageError
from medallion.files import Place
from medallion.find import places
from medallion.gold.matrix import Haplotypes, read_haplotypes
from medallion.popgen.groups import Group, Groups
from medallion.silver.quarantine import is_quarantined
from medallion.silver.tables import COLUMNS, DEFECTS, IDENTIFIERS, SAMPLES, VARIANTS
from medallion.storage import delta
from medallion.tables import needed_snapshot, needed_version

__all__ = ["Mask", "Silver", "contig_bounds"]

Mask = npt.NDArray[np.bool_]

# What the answers need of silver.variants; the rest of it (INFO) is most of its bytes.
_COLUMNS = (
    "chrom", "pos", "id", "ref", "alt", "alt_index", "n_alts", "ac", "an", "n_missing",
    "has_gt", "pattern", "file", "record",
)  # fmt: skip
_SHORT = 10  # characters of REF and ALT of an example


def contig_bounds(root: Place) -> pl.DataFrame:
    """Contigs that have variants, sorted: chrom, alleles, first and last position (1-based).

    The log of `silver.variants` tells them: no file of it is opened. Raises as
    `tables.needed_version`.
    """
    return _bounds(root, needed_version(root, VARIANTS))


def _bounds(root: Place, version: int) -> pl.DataFrame:
    with delta.reading(root, "silver"):
        parts = delta.parts_of(root, VARIANTS, version)
    rows = [(p.chrom, p.rows, *p.stats["pos"]) for p in parts]
    told = pl.DataFrame(
        rows,
        schema={"chrom": pl.String, "alleles": pl.Int64, "first": pl.Int64, "last": pl.Int64},
        orient="row",
    )
    sums = pl.col("alleles").sum(), pl.col("first").min(), pl.col("last").max()
    return told.group_by("chrom").agg(*sums).sort("chrom")


@dataclass(frozen=True, slots=True)
class Silver:
    """The published silver layer of the lake at `root`: its tables' versions."""

    root: Place
    versions: Mapping[str, int]

    @classmethod
    def of(cls, root: Place) -> Silver:
        """What is published now; raises as `tables.needed_snapshot` where that cannot be read."""
        snapshot = needed_snapshot(root, "silver")
        return cls(root, {name: state.version for name, state in snapshot.tables.items()})

    def variants(self, where: pl.Expr) -> pl.DataFrame:
        """Rows of `silver.variants` in the order of their files, without INFO."""
        frame = delta.scan(self.root, VARIANTS, self.versions["variants"])
        with delta.reading(self.root, "silver"):
            return (
                frame.filter(where).select(_COLUMNS).collect().sort("file", "record", "alt_index")
            )

    def at(self, texts: Sequence[str]) -> pl.DataFrame:
        """Rows of `silver.variants`, as `variants`, where any of `texts` can mean one."""
        if not texts:
            return self.variants(pl.lit(value=False))
        with delta.reading(self.root, "silver"):
            where = places(texts, self._identifiers())
        return self.variants(where)

    def _identifiers(self) -> pl.LazyFrame:
        version = self.versions.get(IDENTIFIERS.short)
        if version is None:  # an error that says what to do
            version = needed_version(self.root, IDENTIFIERS)
        return delta.scan(self.root, IDENTIFIERS, version)

    def bounds(self) -> pl.DataFrame:
        """As `contig_bounds`."""
        return _bounds(self.root, self.versions["variants"])

    def contigs(self) -> list[str]:
        """The contigs that have variants, sorted; from the log alone."""
        return self.bounds()["chrom"].to_list()

    def example(self) -> dict[str, Any] | None:
        """A short variant of bases: its chrom, pos, id, ref and alt; None: there is none."""
        frame = delta.scan(self.root, VARIANTS, self.versions["variants"])
        short = pl.sum_horizontal(pl.col("ref", "alt").str.len_chars()) <= _SHORT
        short &= pl.col("alt").cast(pl.String).str.contains("^[ACGT]+$")
        with delta.reading(self.root, "silver"):
            rows = frame.filter(short).head(1).select("chrom", "pos", "id", "ref", "alt")
            return next(iter(rows.collect().to_dicts()), None)

    def set_apart(self, positions: Sequence[int]) -> pl.DataFrame:
        """Rows of `silver.defects` of records in quarantine at any of these positions."""
        columns = ("file", "line", "chrom", "pos", "reason", "detail")
        if not positions:
            return pl.DataFrame(schema=DEFECTS.polars_schema()).select(columns)
        frame = delta.scan(self.root, DEFECTS, self.versions["defects"])
        here = pl.col("pos").is_in(pl.Series(positions, dtype=pl.Int32).implode())
        with delta.reading(self.root, "silver"):
            rows = frame.filter(is_quarantined() & here).select(columns)
            return rows.collect().sort("file", "line")

    def has_ids(self) -> bool:
        """Whether any variant has an identifier."""
        with delta.reading(self.root, "silver"):
            return not self._identifiers().head(1).collect().is_empty()

    def samples(self) -> pl.DataFrame:
        """Rows of `silver.samples` that are in a VCF."""
        frame = delta.scan(self.root, SAMPLES, self.versions["samples"])
        with delta.reading(self.root, "silver"):
            return frame.filter("in_vcf").collect()

    def columns(self, file: str) -> list[str]:
        """The samples of a file, in the order of its columns."""
        frame = delta.scan(self.root, COLUMNS, self.versions["columns"])
        with delta.reading(self.root, "silver"):
            return frame.filter(pl.col("file") == file).sort("column").collect()["sample"].to_list()

    def haplotypes(self, file: str, variants: pl.DataFrame) -> Haplotypes:
        """Copies at rows of `variants`; see `gold.matrix.read_haplotypes`."""
        return read_haplotypes(self.root, self.versions, file, variants)

    def groups(self, file: str) -> list[tuple[Group, Mask]]:
        """The groups that have samples in a file, and its columns that belong to each.

        Everyone first, then super-populations, then populations. A mask has shape
        (n_columns,).
        """
        groups = Groups.of(self.samples())
        strata = np.array([groups.stratum[name] for name in self.columns(file)], np.int64)
        found = [
            (group, np.isin(strata, members))
            for group, members in zip(groups.groups, groups.members, strict=True)
        ]
        levels = ("all", "super_population", "population")
        return sorted(
            ((g, who) for g, who in found if who.any()), key=lambda f: levels.index(f[0].level)
        )

    def group(self, file: str, code: str | None) -> tuple[Group, Mask]:
        """The group with this code (None: everyone) in a file, and its columns."""
        groups = self.groups(file)
        wanted = ALL if code is None else code.strip()
        for group, who in groups:
            if group.code == wanted:
                return group, who
        raise UsageError(
            f"No sample of {file} is in a group {wanted!r}: expected the code of one of "
            f"{', '.join(g.code for g, _ in groups)}."
        )
