"""Where an ALT allele is found: its frequency over groups, put in words and in a code.

The geographic code has a letter per super-population, in the order of the catalog, that
says how often the *globally minor* allele is called there: U unobserved, R rare (below
5 %), C common (5 % or more). Biddanda A, Rice DP, Novembre J. eLife 9:e60107 (2020),
https://doi.org/10.7554/eLife.60107. A dot stands for a super-population without a call.
The globally minor allele is the ALT up to a frequency of 1/2 over all samples, beyond it
all else (the REF, where the record has one ALT).

Comparisons are of whole numbers: 5 % is one in twenty exactly. Ties go to the group that
comes first in the catalog's order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.catalog.populations import UNASSIGNED
from medallion.popgen.groups import Groups

__all__ = [
    "MOST_COMPARED", "RARITIES", "SCHEMA", "Layout", "code_in_words", "codes_in_words", "geography",
    "where_found",
]  # fmt: skip

RARITIES = ("unobserved", "rare everywhere", "common somewhere", "common everywhere")
"""`rarity`: no super-population has both alleles' minor one; it is common (5 % or more)
in none; in some; in all of those with calls."""

SCHEMA: dict[str, pl.DataType] = {
    "af": pl.Float64(),
    "highest_population": pl.String(),
    "highest_af": pl.Float64(),
    "lowest_population": pl.String(),
    "lowest_af": pl.Float64(),
    "n_populations": pl.Int32(),
    "n_super_populations": pl.Int32(),
    "private_population": pl.String(),
    "private_super_population": pl.String(),
    "singleton": pl.Boolean(),
    "minor_is_ref": pl.Boolean(),
    "geographic_code": pl.String(),
    "rarity": pl.String(),
    "derived_af": pl.Float64(),
}

MOST_COMPARED = 8
"""The most populations that stand for super-populations along the chromosome: more lines
cannot be told apart, and pairs grow with the square."""

_ONE_IN = 20
"""Common is one in twenty, 5 %, and more."""
_LETTERS = np.frombuffer(b".URC", np.uint8)
_SAID = {"C": "common", "R": "rare", "U": "unobserved", ".": "not called"}

Ints = npt.NDArray[np.int64]
Int8s = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Layout:
    """Which columns of the counts are what.

    `codes`: of all columns; `populations`, `super_populations`: columns of that level, in
    the catalog's order; `everyone`: the column of all samples, None where there is none.

    Samples that no table assigns to a population count for everyone, but are none of their
    own, unless no sample is assigned.
    """

    codes: tuple[str, ...]
    populations: tuple[int, ...]
    super_populations: tuple[int, ...]
    everyone: int | None

    @property
    def compared(self) -> tuple[int, ...]:
        """Columns of the groups that are compared along the chromosome.

        Super-populations; where there is no second one, populations, if they are few.
        """
        few = 2 <= len(self.populations) <= MOST_COMPARED
        if few and len(self.super_populations) < 2:
            return self.populations
        return self.super_populations

    @property
    def along(self) -> tuple[int, ...]:
        """Columns of all groups that statistics along the chromosome are kept of."""
        own = dict.fromkeys((*self.compared, *self.super_populations))
        return (*own, *(() if self.everyone is None else (self.everyone,)))

    @property
    def linkage(self) -> tuple[int, ...]:
        """Columns of the groups in which the fall of linkage with distance is told.

        Those that are compared; everyone, where there are none.
        """
        return self.compared or (() if self.everyone is None else (self.everyone,))

    @classmethod
    def of(cls, groups: Groups) -> Layout:
        """The layout of the counts of a lake's groups."""
        at: dict[str, list[int]] = {"population": [], "super_population": [], "all": []}
        for column, group in enumerate(groups.groups):
            at[group.level].append(column)
        codes = tuple(g.code for g in groups.groups)
        known = {level: [c for c in at[level] if codes[c] != UNASSIGNED] for level in at}
        return cls(
            codes,
            tuple(known["population"] or at["population"]),
            tuple(known["super_population"] or at["super_population"]),
            at["all"][0] if at["all"] else None,
        )


def geography(
    ac: Ints, an: Ints, layout: Layout, derived_is_alt: Int8s | None = None
) -> pl.DataFrame:
    """A row per ALT allele, columns as in SCHEMA.

    `ac`, `an`: copies of the ALT and called alleles, shape (n_alleles, n_groups);
    `derived_is_alt`, shape (n_alleles,): see `medallion.popgen.spectrum.derived`.

    - af: over all samples; null where nothing is called.
    - highest_population, lowest_population: where it is most and least frequent, of the
      populations with calls; null where no population has it. highest_af, lowest_af: the
      frequencies there.
    - n_populations, n_super_populations: of those, how many have it.
    - private_population: the one population that has all copies, where the lake has two
      or more; private_super_population likewise.
    - singleton: called once among all samples.
    - minor_is_ref: whether the code is of all else but the ALT (see the module).
    - geographic_code, rarity (RARITIES): null where nothing is called, or without
      super-populations.
    - derived_af: frequency of the derived allele, null where unknown.
    """
    if layout.everyone is None:
        return pl.DataFrame({n: pl.Series([None] * len(ac), dtype=t) for n, t in SCHEMA.items()})
    all_ac, all_an = ac[:, layout.everyone], an[:, layout.everyone]
    called = all_an > 0
    with np.errstate(invalid="ignore", divide="ignore"):
        af = np.where(called, all_ac / all_an, np.nan)
    columns = {"af": af, "singleton": all_ac == 1, "minor_is_ref": 2 * all_ac > all_an}
    frame = pl.DataFrame(
        {
            **columns,
            **_extremes(ac, an, layout),
            **_seen("population", layout.populations, ac, all_ac, layout.codes),
            **_seen("super_population", layout.super_populations, ac, all_ac, layout.codes),
            **_code(ac, an, layout, called, columns["minor_is_ref"]),
            "derived_af": _derived_frequency(af, derived_is_alt),
        }
    )
    return frame.select(pl.col(n).cast(t) for n, t in SCHEMA.items()).with_columns(
        pl.col("af", "highest_af", "lowest_af", "derived_af").fill_nan(None)
    )


def code_in_words(code: str, names: Sequence[str]) -> str:
    """A geographic code in plain words, such as "common in AFR (African), rare in the others".

    `names`: of the super-populations, in the order of the code's letters; these are
    ancestries, not places, and the words are. Raises ValueError where they are not as many.
    """
    if len(code) != len(names):
        raise ValueError(f"{len(names)} names for a code of {len(code)} letters: {code}")
    where = {
        said: [n for n, c in zip(names, code, strict=True) if c == letter]
        for letter, said in _SAID.items()
    }
    found = {said: places for said, places in where.items() if places}
    if len(found) == 1:
        return f"{next(iter(found))} in all"
    # "in the others" spares the longest list, of equals the last.
    longest = max(reversed(found), key=lambda said: len(found[said]))
    parts = [f"{said} in {_listed(found[said])}" for said in found if said != longest]
    rest = found[longest]
    return ", ".join([*parts, f"{longest} in {'the others' if len(rest) > 1 else rest[0]}"])


def where_found(code: str, names: Sequence[str], *, minor_is_ref: bool, n_alts: int) -> str:
    """A sentence that says of what allele a geographic code is, and where that is found.

    `minor_is_ref` is that of `geography`, `n_alts` the number of ALT alleles of the record:
    beside another ALT, all else is not the REF alone. Raises as `code_in_words`.
    """
    if not minor_is_ref:
        head, verb = "It", "is"
    elif n_alts == 1:
        head, verb = "The reference allele, here the rarer one,", "is"
    else:
        head, verb = "It is the commonest allele; all others here, taken together,", "are"
    words = code_in_words(code, names)
    if not set(code) - {"U", "."}:
        words = "seen in no super-population"
    return f"{head} {verb} {words}."


def codes_in_words(codes: pl.Series, names: Sequence[str]) -> pl.Series:
    """`code_in_words` of a column of codes; null where a code is."""
    distinct = codes.drop_nulls().unique().to_list()
    said = [code_in_words(code, names) for code in distinct]
    return codes.replace_strict(distinct, said, default=None, return_dtype=pl.String)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _some(counts: Ints, columns: Sequence[int]) -> Ints:
    """Some columns; without a copy where they are neighbours, as they are as a rule."""
    if columns and list(columns) == list(range(columns[0], columns[0] + len(columns))):
        return counts[:, columns[0] : columns[0] + len(columns)]
    return counts[:, list(columns)]


def _named(
    codes: Sequence[str], columns: Sequence[int], place: npt.NDArray[np.intp], known: npt.ArrayLike
) -> pl.Series:
    """The code of the column at each place; null where it is not known."""
    names = pl.Series([*(codes[c] for c in columns), None], dtype=pl.String)
    return names.gather(np.where(known, place, len(columns)))


def _extremes(ac: Ints, an: Ints, layout: Layout) -> dict[str, pl.Series | npt.NDArray[np.float64]]:
    columns = layout.populations
    if not columns:
        return {
            f"{end}_{what}": pl.repeat(None, len(ac), eager=True)
            for end in ("highest", "lowest")
            for what in ("population", "af")
        }
    copies, n = _some(ac, columns), _some(an, columns)
    with np.errstate(invalid="ignore", divide="ignore"):
        af = copies / n
    not_called = n == 0
    any_called = ~not_called.all(axis=1)
    seen = copies.any(axis=1)
    found: dict[str, pl.Series | npt.NDArray[np.float64]] = {}
    rows = np.arange(len(ac))
    for end, worst in (("highest", -1.0), ("lowest", 2.0)):
        af[not_called] = worst
        place = af.argmax(axis=1) if end == "highest" else af.argmin(axis=1)
        found[f"{end}_population"] = _named(layout.codes, columns, place, seen)
        found[f"{end}_af"] = np.where(any_called, af[rows, place], np.nan)
    return found


def _seen(
    level: str, columns: Sequence[int], ac: Ints, all_ac: Ints, codes: Sequence[str]
) -> dict[str, pl.Series | Ints]:
    if not columns:
        nothing = pl.repeat(None, len(ac), eager=True)
        return {f"n_{level}s": nothing, f"private_{level}": nothing}
    copies = _some(ac, columns)
    seen = copies > 0
    first = seen.argmax(axis=1)
    count = np.count_nonzero(seen, axis=1)
    # Samples outside every group of the level may carry it, too.
    alone = (count == 1) & (copies[np.arange(len(ac)), first] == all_ac) & (len(columns) > 1)
    return {f"n_{level}s": count, f"private_{level}": _named(codes, columns, first, alone)}


def _code(
    ac: Ints,
    an: Ints,
    layout: Layout,
    called: npt.NDArray[np.bool_],
    flipped: npt.NDArray[np.bool_],
) -> dict[str, pl.Series]:
    columns = layout.super_populations
    if not columns:
        nothing = pl.repeat(None, len(ac), eager=True)
        return {"geographic_code": nothing, "rarity": nothing}
    n = _some(an, columns)
    minor = _some(ac, columns)
    minor = np.where(flipped[:, None], n - minor, minor)
    # 0 not called, 1 unobserved, 2 rare, 3 common: an index of _LETTERS.
    state = (n > 0).astype(np.uint8)
    state += minor > 0
    state += (minor > 0) & (_ONE_IN * minor >= n)
    letters = np.ascontiguousarray(_LETTERS[state]).view(f"S{len(columns)}").ravel()
    code = pl.Series(letters, dtype=pl.Binary).cast(pl.String)
    common = np.count_nonzero(state == 3, axis=1)
    with_calls = np.count_nonzero(state, axis=1)
    observed = (state > 1).any(axis=1)
    rarity = np.where(common == 0, observed.astype(int), np.where(common < with_calls, 2, 3))
    named = _named(RARITIES, range(len(RARITIES)), rarity, with_calls > 0)
    blank = pl.Series(called)
    return {"geographic_code": code.set(~blank, None), "rarity": named}


def _derived_frequency(
    af: npt.NDArray[np.float64], derived_is_alt: Int8s | None
) -> npt.NDArray[np.float64]:
    if derived_is_alt is None:
        return np.full(len(af), np.nan)
    return np.where(derived_is_alt == 1, af, np.where(derived_is_alt == 0, 1 - af, np.nan))
