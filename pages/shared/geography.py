"""The geographic code on a page: in words, and what its letters mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from medallion.catalog.populations import ALL, SUPER_POPULATIONS_BY_CODE, UNASSIGNED
from medallion.popgen.geography import MOST_COMPARED, where_found

__all__ = ["admixed", "compared", "meaning", "missing", "where"]


def where(groups: pl.DataFrame, row: Mapping[str, Any], n_alts: int) -> str:
    """Return an allele's code in words; `groups`: gold.populations, `row`: of gold.variants."""
    code = row["geographic_code"]
    known = SUPER_POPULATIONS_BY_CODE
    names = [f"{c} ({known[c].name})" if c in known else c for c in _letters_of(groups)]
    if len(names) != len(code):
        return f"Geographic code {code}."
    said = where_found(code, names, minor_is_ref=row["minor_is_ref"], n_alts=n_alts)
    return f"{said} (By ancestry, not by place. Common: 5 % or more. Code {code}.)"


def meaning(groups: pl.DataFrame) -> str:
    """Return what the letters of a code mean, as a plain text."""
    return (
        "How often the allele that is rarer over all samples is found: the ALT, or all else where "
        "ALT has more than half. A letter for each super-population, here "
        f"{', '.join(_letters_of(groups))}: U unobserved, R rare (below 5 %), C common (5 % or "
        "more), a dot not called (Biddanda et al. 2020)."
    )


def compared(groups: pl.DataFrame) -> str:
    """Return which groups are compared, in words: super-populations if there are two or more."""
    return "populations" if _known(groups, "super_population") < 2 else "super-populations"


def missing(groups: pl.DataFrame) -> str | None:
    """Return why nothing compares super-populations here; None where there are two or more."""
    populations, supers = _known(groups, "population"), _known(groups, "super_population")
    if supers > 1 or populations < 2:
        return None
    here = f"super-populations, of which this lake has {supers or 'none'}"
    if populations <= MOST_COMPARED:
        return (
            f"The geographic code compares {here}. FST and statistics along the chromosome are of "
            f"its {populations} populations."
        )
    return (
        f"The geographic code and statistics along the chromosome compare {here}, or up to "
        f"{MOST_COMPARED} populations. FST of its {populations} populations with each other is on "
        "the Structure page, their diversity on Populations."
    )


def admixed(
    groups: pl.DataFrame, code: str, step: str = "Choose one group to see linkage alone."
) -> str | None:
    """Return what linkage over everyone means; None for another group, or one ancestry alone.

    `step` says where linkage alone is seen.
    """
    supers, populations = _known(groups, "super_population"), _known(groups, "population")
    mixed, word = (supers, "super-populations") if supers else (populations, "populations")
    if code != ALL or mixed < 2:
        return None
    return (
        f"ALL mixes {mixed} {word}: alleles whose frequency differs between them go "
        f"together even where they are not linked. {step}"
    )


def _known(groups: pl.DataFrame, level: str) -> int:
    """Return how many groups of a level there are; those of unassigned samples are none."""
    known = groups.filter(pl.col("population").cast(pl.String) != UNASSIGNED)
    return known.filter(pl.col("level").cast(pl.String) == level).height


def _letters_of(groups: pl.DataFrame) -> list[str]:
    """Return the codes of the super-populations, in the order of the letters."""
    supers = groups.filter(pl.col("level").cast(pl.String) == "super_population")
    return [c for c in supers["population"].to_list() if c != UNASSIGNED] or [UNASSIGNED]
