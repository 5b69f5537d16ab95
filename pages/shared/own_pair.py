"""A cohort of the reader's own against another group: which, where, and what is counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.populations import ALL
from medallion.errors import MedallionError
from medallion.ondemand.region import View
from pages.shared import cache, cohorts, counting, place, say
from pages.shared.cache import Pair

__all__ = ["Counted", "choose"]

_ALLELES = 20_000
"""About how many alleles are counted before the reader names a region: a second's work."""


@dataclass(frozen=True)
class Counted:
    """Two groups over a region: their names, what they come to, and all alleles when asked.

    `everything`: the region is all of the lake.
    """

    names: tuple[str, str]
    view: View
    everything: bool
    found: Pair
    alleles: Callable[[], pl.DataFrame]


def choose(lake: Lake, version: str) -> Counted | None:
    """Draw the choice of the two and of a region, and return them counted.

    `version` is gold's. None, having said why, or having drawn what it takes, where they
    are not.
    """
    path, silver = str(lake.path), lake.version("silver")
    kept, unsaved = cohorts.apart(lake)
    own = {f"★ {name}": cohort for name, cohort in kept.items()} | unsaved
    stored = cache.populations(path, version)["population"].cast(pl.String).unique(
        maintain_order=True
    )  # fmt: skip
    known = place.contigs(lake, silver)
    left, middle, right = st.columns([1, 1, 1])
    one = left.selectbox(
        "Your cohort", list(own), key="own_cohort", bind="query-params",
        help="Those saved in the lake (★), and the one that was made on the Cohort page last, if "
        "it is not saved.",
    )  # fmt: skip
    other = middle.selectbox(
        "Against", [*sorted(stored, key=lambda code: code != ALL), *own], key="own_against",
        bind="query-params", help="A stored group or another cohort (★). ALL is everyone.",
    )  # fmt: skip
    with right:
        view = place.choose(known, place.some(next(iter(known.values())), _ALLELES))
    if view is None or one is None or other is None:
        return None
    if one == other:
        say.text_note("These are the same cohort.", ["Choose another one on either side."])
        return None
    who = own[one], own.get(other, other)
    try:
        counts = []
        for each in who:
            frame = counting.in_view(lake, view, each)
            if frame is None:
                return None
            counts.append(frame)
    except MedallionError as error:
        say.failure("The cohort cannot be counted.", str(error), "Choose another one.")
        return None
    found = cache.counted_pair(path, (silver, version), view, who, *counts)
    return Counted(
        (one, other),
        view,
        all(view == place.whole(contig) for contig in known.values()),
        found,
        partial(cache.counted_alleles, path, version, view, *counts),
    )
