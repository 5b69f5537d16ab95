"""Cached comparisons of groups: their spectra, and two of them allele by allele."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
import streamlit as st

from medallion.cohorts import Cohort
from medallion.figures.scatter_pair import MOST_POINTS, bin_pairs, cells_of
from medallion.ondemand.region import View, here
from medallion.popgen import fst, projection, spectrum
from pages.shared.cache.opened import FEW, SOME, scan

__all__ = [
    "Pair",
    "all_of_pair",
    "counted_alleles",
    "counted_pair",
    "pair",
    "site_spectra",
    "spectrum_sizes",
]

Kind = Literal["folded", "unfolded"]

_KEY = ["file", "record", "alt_index"]
_OF_ALLELE = ["chrom", "pos", "id", "ref", "alt", *_KEY, "variant_type", "n_alts",
              "ancestral_allele"]  # fmt: skip
_MOST_DIFFERENT = 200


@dataclass(frozen=True)
class Pair:
    """Two groups, allele by allele, summed up.

    `varying` alleles vary in one of the two; `only_1` and `only_2` of them are seen in
    one of the two only. `drawn` are those alleles, or counts of them by cells of
    frequency where they are many, `cells` in each group. `most_different` are those whose
    frequency differs most: `difference` is the first less the second, as on all pages.
    `joint` holds the joint spectrum of each kind (count_1,
    count_2, sites), `sizes` the called alleles of the two in it; a kind without a site is
    left out. `stored` says that they were read from gold, not counted now. `hudson` is
    Hudson's FST over the records of one ALT, where it was counted with the rest.
    """

    varying: int
    only_1: int
    only_2: int
    drawn: pl.DataFrame
    cells: tuple[int, int]
    most_different: pl.DataFrame
    joint: dict[str, pl.DataFrame]
    sizes: dict[str, tuple[int, int]]
    stored: bool
    hudson: float | None = None


@st.cache_data(max_entries=SOME, show_spinner=False)
def spectrum_sizes(path: str, version: str, level: str) -> pl.DataFrame:
    """Return the groups of one level with the size of their spectra: population, kind, n, sites.

    `sites` are those that vary in the group.
    """
    del version
    return (
        scan(path, "gold.spectrum")
        .filter(
            pl.col("level").cast(pl.String) == level,
            pl.col("count") > 0,
            pl.col("count") < pl.col("n"),
        )
        .group_by(pl.col("population", "kind").cast(pl.String), "n", maintain_order=True)
        .agg(pl.col("sites").sum())
        .collect()
    )


@st.cache_data(max_entries=SOME, show_spinner=False)
def site_spectra(
    path: str, version: str, level: str, kind: Kind, codes: tuple[str, ...], m: int
) -> pl.DataFrame:
    """Return the spectra of groups projected to `m` alleles: population, count, sites.

    Classes in which a group does not vary are left out.
    """
    del version
    rows = (
        scan(path, "gold.spectrum")
        .filter(
            pl.col("level").cast(pl.String) == level,
            pl.col("kind").cast(pl.String) == kind,
            pl.col("population").cast(pl.String).is_in(codes),
        )
        .collect()
    )
    parts = [pl.DataFrame(schema={"population": pl.String, "count": pl.Int64, "sites": pl.Float64})]
    for code in codes:
        own = rows.filter(pl.col("population") == code)
        if own.is_empty() or own["n"][0] < m:
            continue
        sites = projection.project(spectrum.dense(own, own["n"][0]), m)
        if kind == "folded":
            sites = projection.fold(sites)
            shown = sites[1:]
        else:
            shown = sites[1:m]
        parts.append(
            pl.DataFrame(
                {
                    "population": [code] * len(shown),
                    "count": np.arange(1, len(shown) + 1),
                    "sites": shown,
                },
                schema=parts[0].schema,
            )
        )
    return pl.concat(parts)


@st.cache_data(max_entries=FEW, show_spinner="Comparing allele by allele …")
def pair(path: str, version: str, level: str, one: str, other: str) -> Pair:
    """Return two groups of one level compared."""
    alleles = all_of_pair(path, version, level, one, other)
    joint, sizes, stored = _joint(path, level, one, other, alleles)
    return _summed(alleles, joint, sizes, stored=stored)


@st.cache_data(max_entries=FEW, show_spinner="Comparing allele by allele …")
def counted_pair(
    path: str, versions: tuple[str, str], view: View, who: tuple[str | Cohort, str | Cohort],
    _one: pl.DataFrame, _other: pl.DataFrame,
) -> Pair:  # fmt: skip
    """Return two groups compared over a region, from their counts there.

    `versions` are silver's and gold's, `who` the two, stored groups or cohorts: what `_one`
    and `_other` follow from. See `counted_alleles`.
    """
    del who
    alleles = counted_alleles(path, versions[1], view, _one, _other)
    joint, sizes = _present(_counted(alleles))
    return replace(_summed(alleles, joint, sizes, stored=False), hudson=_hudson(alleles))


def _summed(
    alleles: pl.DataFrame,
    joint: dict[str, pl.DataFrame],
    sizes: dict[str, tuple[int, int]],
    *,
    stored: bool,
) -> Pair:
    varying = alleles.filter(
        pl.col("an_1") > 0,
        pl.col("an_2") > 0,
        (pl.col("ac_1") > 0) | (pl.col("ac_2") > 0),
        (pl.col("ac_1") < pl.col("an_1")) | (pl.col("ac_2") < pl.col("an_2")),
    ).with_columns(difference=pl.col("af_1") - pl.col("af_2"))
    top = varying.top_k(_MOST_DIFFERENT, by=pl.col("difference").abs()).sort(
        pl.col("difference").abs(), *_KEY, descending=[True, False, False, False]
    )
    cells = (cells_of(_most(varying["an_1"])), cells_of(_most(varying["an_2"])))
    return Pair(
        varying=varying.height,
        only_1=varying.filter(pl.col("ac_2") == 0).height,
        only_2=varying.filter(pl.col("ac_1") == 0).height,
        drawn=bin_pairs(varying, cells) if varying.height > MOST_POINTS else varying,
        cells=cells,
        most_different=top,
        joint=joint,
        sizes=sizes,
        stored=stored,
    )


def all_of_pair(path: str, version: str, level: str, one: str, other: str) -> pl.DataFrame:
    """Return every allele with its counts and frequencies in two groups of one level.

    Not cached: it can be large. Columns: chrom, pos, id, ref, alt, file, record,
    alt_index, variant_type, n_alts, ancestral_allele, ac_1, an_1, af_1, ac_2, an_2, af_2.
    """
    del version
    group = pl.col("population").cast(pl.String)
    counted = (
        scan(path, "gold.frequencies")
        .filter(pl.col("level").cast(pl.String) == level, group.is_in([one, other]))
        .select(*_KEY, group.alias("population"), "ac", "an", "af")
        .collect()
    )
    alleles = scan(path, "gold.variants").select(_OF_ALLELE).collect()
    of = pl.col("population")
    return _beside(alleles, counted.filter(of == one), counted.filter(of == other))


def counted_alleles(
    path: str, version: str, view: View, one: pl.DataFrame, other: pl.DataFrame
) -> pl.DataFrame:
    """Return a region's alleles with two groups' counts there, as `all_of_pair` does.

    `version` is gold's; `one` and `other` have file, record, alt_index, ac, an, af.
    """
    del version
    alleles = scan(path, "gold.variants").filter(here(view)).select(_OF_ALLELE).collect()
    return _beside(alleles, one, other)


def _beside(alleles: pl.DataFrame, one: pl.DataFrame, other: pl.DataFrame) -> pl.DataFrame:
    """Return alleles with the counts of two groups of them."""
    keys = alleles.select(_KEY)
    for which, counts in (("1", one), ("2", other)):
        own = counts.select(*_KEY, *(pl.col(c).alias(f"{c}_{which}") for c in ("ac", "an", "af")))
        if own.select(_KEY).equals(keys):  # as gold writes them: no need of a join
            alleles = alleles.hstack(own.drop(_KEY))
        else:
            alleles = alleles.join(own, on=_KEY, how="left", maintain_order="left")
    return alleles


def _most(called: pl.Series) -> int:
    """Return the most alleles that are called at a site; 0 where there is none."""
    return 0 if called.is_empty() else int(called.max())  # type: ignore[arg-type]


def _joint(
    path: str, level: str, one: str, other: str, alleles: pl.DataFrame
) -> tuple[dict[str, pl.DataFrame], dict[str, tuple[int, int]], bool]:
    """Return the joint spectra by kind, their sizes, and whether gold has them stored."""
    stored = level == "super_population"
    return *_present(_stored(path, one, other) if stored else _counted(alleles)), stored


def _present(
    rows: dict[str, pl.DataFrame],
) -> tuple[dict[str, pl.DataFrame], dict[str, tuple[int, int]]]:
    """Return the joint spectra that have a site, and their sizes."""
    found: dict[str, pl.DataFrame] = {}
    sizes: dict[str, tuple[int, int]] = {}
    for kind, frame in rows.items():
        if not frame.is_empty():
            sizes[kind] = (frame["n_1"][0], frame["n_2"][0])
            found[kind] = frame.select("count_1", "count_2", "sites")
    return found, sizes


def _stored(path: str, one: str, other: str) -> dict[str, pl.DataFrame]:
    """Return what `gold.joint_spectrum` holds of two super-populations, in either order."""
    first, second = pl.col("population_1").cast(pl.String), pl.col("population_2").cast(pl.String)
    rows = (
        scan(path, "gold.joint_spectrum")
        .filter(first.is_in([one, other]), second.is_in([one, other]))
        .collect()
    )
    if not rows.is_empty() and rows["population_1"][0] == other:
        turned: dict[str, Any] = {
            f"{name}_{a}": f"{name}_{b}"
            for name in ("population", "n", "count") for a, b in (("1", "2"), ("2", "1"))
        }  # fmt: skip
        rows = rows.rename(turned)
    return {kind: rows.filter(pl.col("kind") == kind) for kind in ("unfolded", "folded")}


def _counted(alleles: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Return the joint spectra of the alleles' counts, as gold counts those that it stores."""
    derived = spectrum.derived(pl.col("ref"), pl.col("alt"), pl.col("ancestral_allele"))
    fit = (
        alleles.filter(spectrum.usable(pl.col("variant_type"), pl.col("n_alts")))
        .drop_nulls(["an_1", "an_2"])
        .with_columns(derived=derived)
    )
    ac, an = (fit.select(f"{c}_1", f"{c}_2").to_numpy().astype(np.int64) for c in ("ac", "an"))
    pairs = [(0, 1)]
    return {
        "unfolded": spectrum.complete(spectrum.joint(ac, an, fit["derived"].to_numpy(), pairs)),
        "folded": spectrum.complete(spectrum.joint_folded(ac, an, pairs)),
    }


def _hudson(alleles: pl.DataFrame) -> float | None:
    """Return Hudson's FST over the records of one ALT, as `gold.fst` has it; None without any."""
    one_alt = alleles.filter(pl.col("n_alts") == 1).drop_nulls(["an_1", "an_2"])
    ac, an = (one_alt.select(f"{c}_1", f"{c}_2").to_numpy().astype(np.int64) for c in ("ac", "an"))
    num, den = fst.hudson_sites(ac, an, [(0, 1)])
    total = float(np.nansum(den))
    return float(np.nansum(num)) / total if total > 0 else None
