"""The groups that gold counts in: each population, each super-population, everyone.

Samples fall into *strata*: distinct pairs of population and super-population. Counts
are made once per stratum; a group is the sum of its strata.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.catalog.populations import ALL, POPULATIONS_BY_CODE, SUPER_POPULATIONS_BY_CODE

__all__ = ["Group", "Groups"]

_ORDER = {code: i for i, code in enumerate((*SUPER_POPULATIONS_BY_CODE, *POPULATIONS_BY_CODE))}


@dataclass(frozen=True, slots=True)
class Group:
    """A group: its code, its level, its name, and the super-population it is part of."""

    code: str
    level: str
    name: str | None
    super_population: str | None
    samples: int


@dataclass(frozen=True, slots=True)
class Groups:
    """All groups of a lake.

    `stratum` maps a sample's name to its stratum; `members` are the strata of each group.
    """

    groups: tuple[Group, ...]
    stratum: Mapping[str, int]
    members: tuple[tuple[int, ...], ...]
    n_strata: int

    def sum(self, counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Counts of shape (n_strata, n) summed into groups: shape (n, n_groups)."""
        total = np.empty((len(self.members), counts.shape[1]), np.int64)
        for group, strata in enumerate(self.members):
            total[group] = counts[strata[0]]
            for stratum in strata[1:]:
                total[group] += counts[stratum]
        return np.ascontiguousarray(total.T)

    @classmethod
    def of(cls, samples: pl.DataFrame) -> Groups:
        """The groups of the rows of `silver.samples` that are in a VCF."""
        people = samples.filter("in_vcf")
        strata = people.select("population", "super_population").unique(maintain_order=True)
        keys = {pair: i for i, pair in enumerate(strata.iter_rows())}
        stratum = {
            name: keys[(population, above)]
            for name, population, above in people.select(
                "sample", "population", "super_population"
            ).iter_rows()
        }
        size = np.bincount(list(stratum.values()), minlength=len(keys)).tolist() if stratum else []
        names = _names(people)
        groups: list[Group] = []
        members: list[tuple[int, ...]] = []
        for level, place in (("population", 0), ("super_population", 1)):
            codes = {pair[place] for pair in keys if pair[place] is not None}
            for code in sorted(codes, key=lambda c: (_ORDER.get(c, len(_ORDER)), c)):
                strata_of = tuple(i for pair, i in keys.items() if pair[place] == code)
                above = {pair[1] for pair in keys if pair[0] == code} if place == 0 else set()
                groups.append(
                    Group(
                        code,
                        level,
                        names.get((level, code)),
                        above.pop() if len(above) == 1 else None,
                        sum(size[i] for i in strata_of),
                    )
                )
                members.append(strata_of)
        if keys:
            groups.append(Group(ALL, "all", "All samples", None, len(stratum)))
            members.append(tuple(keys.values()))
        return cls(tuple(groups), stratum, tuple(members), len(keys))


def _names(people: pl.DataFrame) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for level in ("population", "super_population"):
        for code, name in people.select(level, f"{level}_name").unique().iter_rows():
            if code is not None and name is not None:
                found[(level, code)] = name
    return found
