"""The order, place and colour of populations along an axis.

The 26 populations of the 1000 Genomes Project stand in the catalogue's order, beside
the others of their super-population. A data set of someone's own may bring any other
names: those follow, sorted, beside what they share a super-population with, in colours
that the catalogue does not use.

Not here: drawing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from medallion.catalog.colours import SUPER_POPULATION_COLOURS, UNASSIGNED, Theme
from medallion.catalog.populations import ALL, POPULATIONS, SUPER_POPULATIONS
from medallion.figures.style import plain, short

__all__ = [
    "NO_SUPER",
    "GroupAxis",
    "Span",
    "colour_of_all",
    "colour_of_supers",
    "group_axis",
    "heading_of",
    "name_of",
]

NO_SUPER = UNASSIGNED
_GAP = 0.7  # between super-populations, in widths of one population

# Spare colours for super-populations that the catalogue does not know: Paul Tol's
# 'muted' scheme (https://personal.sron.nl/~pault/), safe for the colour-blind, without
# its members that sit close to the catalogue's.
_SPARE = ("#44aa99", "#aa4499", "#999933", "#88ccee", "#882255", "#6699cc", "#997700", "#ee99aa")

_NAMES = {group.code: group.name for group in SUPER_POPULATIONS} | {
    population.code: population.name for population in POPULATIONS
}
_PARENTS = {population.code: population.super_population for population in POPULATIONS}
_ORDER = {population.code: place for place, population in enumerate(POPULATIONS)}
_SUPER_ORDER = {group.code: place for place, group in enumerate(SUPER_POPULATIONS)}


@dataclass(frozen=True)
class Span:
    """One super-population's stretch of the axis: populations from `start` to `end`."""

    code: str
    colour: str
    populations: tuple[str, ...]
    start: float
    end: float


@dataclass(frozen=True)
class GroupAxis:
    """Where each population stands, and the super-populations' stretches in order."""

    positions: dict[str, float]
    spans: tuple[Span, ...]

    @property
    def width(self) -> float:
        """The length of the axis, in widths of one population."""
        return self.spans[-1].end if self.spans else 0.0


def name_of(code: str) -> str:
    """Return the catalogue's name of a group, or the code itself where it has none."""
    return _NAMES.get(code, code)


def heading_of(code: str) -> str:
    """Return a group's code and its name as markup, both escaped, for a hover's first line."""
    full = name_of(code)
    head = short(code, 40) if full == code else f"{short(code, 40)} · {plain(full)}"
    return f"<b>{head}</b>"


def colour_of_all(theme: Theme) -> str:
    """Return the colour of the group of all samples."""
    return SUPER_POPULATION_COLOURS[theme][ALL]


def colour_of_supers(codes: Iterable[str], theme: Theme) -> dict[str, str]:
    """Return a colour for each super-population; the same codes give the same colours."""
    known = SUPER_POPULATION_COLOURS[theme]
    wanted = sorted(set(codes), key=lambda code: (_SUPER_ORDER.get(code, len(_SUPER_ORDER)), code))
    colours: dict[str, str] = {}
    spare = 0
    for code in wanted:
        if code in known:
            colours[code] = known[code]
        else:
            colours[code] = _SPARE[spare % len(_SPARE)]
            spare += 1
    return colours


def _place(code: str) -> tuple[int, list[tuple[int, str]]]:
    """Sort the catalogue's populations first, in its order."""
    return _ORDER.get(code, len(_ORDER)), _natural(code)


def _natural(code: str) -> list[tuple[int, str]]:
    """Sort `group 10` after `group 9`."""
    parts = re.split(r"([0-9]+)", code.lower())
    return [(int(part) if part.isdecimal() else -1, part) for part in parts]


def group_axis(
    populations: Iterable[str],
    parents: Mapping[str, str | None] | None = None,
    theme: Theme = "light",
) -> GroupAxis:
    """Lay populations out along an axis, super-population by super-population.

    `parents` gives the super-population of each population and comes before the
    catalogue's word; a population that neither knows stands last, under `NO_SUPER`. Colours
    are those among all super-populations of `parents`, whichever are laid out.
    """
    own = parents or {}
    members: dict[str, list[str]] = {}
    for code in dict.fromkeys(populations):
        parent = (own[code] if code in own else _PARENTS.get(code)) or NO_SUPER
        members.setdefault(parent, []).append(code)
    colours = colour_of_supers({*members, *(code or NO_SUPER for code in own.values())}, theme)
    last = len(_SUPER_ORDER)

    positions: dict[str, float] = {}
    spans: list[Span] = []
    x = 0.0
    for parent in sorted(
        members, key=lambda code: (code == NO_SUPER, _SUPER_ORDER.get(code, last), code)
    ):
        codes = sorted(
            members[parent], key=lambda code: (_ORDER.get(code, len(_ORDER)), _natural(code))
        )
        for place, code in enumerate(codes):
            positions[code] = x + place
        end = x + len(codes) - 1
        spans.append(Span(parent, colours[parent], tuple(codes), x, end))
        x = end + 1 + _GAP
    return GroupAxis(positions, tuple(spans))
