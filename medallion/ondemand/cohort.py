"""Frequencies in any set of samples, over a region, counted from silver when asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import polars as pl

from medallion.bronze.raw import Region, parse_where
from medallion.errors import BuildCancelled, UsageError
from medallion.export import in_region
from medallion.files import Place
from medallion.gold.cohort import read_cohort
from medallion.ondemand.named import listed
from medallion.ondemand.silver import Silver
from medallion.progress import Progress, ProgressCallback

__all__ = ["cohort"]

_RECORDS_AT_ONCE = 20_000


def cohort(
    root: Place,
    region: str,
    *,
    populations: Sequence[str] | None = None,
    super_populations: Sequence[str] | None = None,
    sex: str | None = None,
    samples: Sequence[str] | None = None,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
) -> pl.DataFrame:
    """Counts and frequencies, in any set of samples, of the ALT alleles of a region.

    The cohort are the samples that fulfil all conditions that are given: of one of
    `populations`, of one of `super_populations`, of this `sex` (female, male or
    unknown), named in `samples`. Without any, it is everyone. The result has the columns
    of `gold.frequencies` but population and level: see `gold.cohort.cohort_rows`.
    `region` is such as 22:16050000-16051000, or a whole contig, 22. `progress` is told
    how many alleles are counted; where `cancel` is set, BuildCancelled is raised at the
    next piece of them.

    Raises UsageError where the region cannot be read or its contig is not in the lake,
    where a name is unknown, or where no sample fits.
    """
    place = parse_where(region)
    if not isinstance(place, Region):
        raise UsageError(f"{region!r} is no region: expected one such as 22:16050000-16051000.")
    silver = Silver.of(root)
    people = silver.samples()
    conditions = {
        "population": populations, "super_population": super_populations,
        "sex": None if sex is None else [sex], "sample": samples,
    }  # fmt: skip
    members = people
    for column, wanted in conditions.items():
        if wanted is not None:
            names = [wanted] if isinstance(wanted, str) else list(wanted)
            _known(people[column].drop_nulls(), names, column)
            members = members.filter(pl.col(column).is_in(names))
    if members.is_empty():
        told = "; ".join(
            f"{column.replace('_', '-')} {listed(wanted)}"
            for column, wanted in conditions.items() if wanted is not None
        )  # fmt: skip
        raise UsageError(
            f"No sample with genotypes fits all conditions ({told}): a sample must fulfil each "
            "of them. Leave one out."
        )
    variants = silver.variants(in_region(place))
    if variants.is_empty():
        contigs = silver.contigs()
        if place.chrom.removeprefix("chr") not in {c.removeprefix("chr") for c in contigs}:
            raise UsageError(f"The lake has no contig {place.chrom!r}; it has {listed(contigs)}.")
    cohort_of = frozenset(members["sample"].to_list())
    found = [read_cohort(root, silver.versions, "", variants.head(0), cohort_of)]
    done = 0
    for file, some in _pieces(variants):
        if cancel is not None and cancel.is_set():
            raise BuildCancelled("The count was cancelled.")
        if progress is not None:
            progress(Progress("cohort", "counting", done, variants.height, "alleles"))
        found.append(read_cohort(root, silver.versions, file, some, cohort_of))
        done += some.height
    return pl.concat(found)


def _pieces(variants: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    """Whole records of one contig of one file, not too many at once."""
    for (file, _), some in variants.group_by("file", "chrom", maintain_order=True):
        piece = (some["record"].rle_id() // _RECORDS_AT_ONCE).alias("piece")
        for part in some.with_columns(piece).partition_by("piece", include_key=False):
            yield str(file), part


def _known(column: pl.Series, names: Sequence[str], what: str) -> None:
    """Raise UsageError for the names that the column has not."""
    there = set(column.to_list())
    unknown = [n for n in names if n not in there]
    if not unknown:
        return
    has, most = sorted(there), 3 if what == "sample" else 40
    raise UsageError(
        f"No sample with genotypes has the {what.replace('_', '-')} {listed(unknown)}: expected "
        f"one of silver.samples, which has {listed(has, most)}."
    )
