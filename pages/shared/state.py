"""Which lake is looked at, and what of it: the choices that every page shares.

A lake is known by a name, which the URL may carry: its folder below data/, or the last
part of its path. Where it lies on the disk is never in the URL.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.catalog.colours import Theme
from medallion.files import Place, place
from pages.shared import cache

__all__ = [
    "DATA",
    "ROOT",
    "current",
    "current_path",
    "in_this_lake",
    "known_lakes",
    "make_lake",
    "not_open",
    "open_folder",
    "parents",
    "start_path",
    "theme",
]

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "data"
DEMO = DATA / "demo"

# Folders opened by hand, for every tab of this server: a reload of a page whose URL
# names one of them finds it again.
_OPENED: dict[str, Place] = {}

# What a folder without a lake is to be made into, until it is built and remembers it.
_SOURCES: dict[str, dict[str, object]] = {str(DEMO): {"dataset": "demo"}}


def start_path() -> Place:
    """Return the lake that the app was started on.

    `--lake DIR` (or s3://bucket/folder) after `streamlit run app.py --`, else MEDALLION_LAKE,
    else data/ where it holds a lake, else the demo's.
    """
    given = _argument(sys.argv[1:]) or os.environ.get("MEDALLION_LAKE")
    if given:
        return place(given).expanduser().resolve()
    return DATA if (DATA / "lake.json").is_file() else DEMO


def _argument(arguments: list[str]) -> str | None:
    for number, argument in enumerate(arguments):
        if argument == "--lake" and number + 1 < len(arguments):
            return arguments[number + 1]
        if argument.startswith("--lake="):
            return argument.removeprefix("--lake=")
    return None


def known_lakes() -> dict[str, Place]:
    """Return the lakes to choose from by name; the one the app was started on comes first."""
    found: list[Place] = [start_path()]
    if (DATA / "lake.json").is_file():
        found.append(DATA)
    found.append(DEMO)
    if DATA.is_dir():
        found.extend(sorted(record.parent for record in DATA.glob("*/lake.json")))
    lakes: dict[str, Place] = {}
    for path in (*found, *_OPENED.values()):
        if path in lakes.values():
            continue
        name, number = path.name or "lake", 2
        while name in lakes:
            name, number = f"{path.name} ({number})", number + 1
        lakes[name] = path
    return lakes


def open_folder(folder: Place) -> str:
    """Add a folder to the lakes to choose from and return its name among them."""
    path = folder.expanduser().resolve()
    _OPENED[str(path)] = path
    return next(name for name, known in known_lakes().items() if known == path)


def not_open() -> str | None:
    """Return the lake that the URL names where it is none of `known_lakes`."""
    linked = st.query_params.get("lake")
    return linked if linked and linked not in known_lakes() else None


def make_lake(path: Place, **source: object) -> None:
    """Have the folder become a lake of `source`, the arguments of `Lake`, when it is built.

    Raises a MedallionError where no lake can be made of them.
    """
    cache.open_lake(str(path), source)
    _SOURCES[str(path)] = source


def current_path() -> Place:
    """Return the folder of the chosen lake."""
    lakes = known_lakes()
    return lakes.get(st.session_state.get("lake", ""), next(iter(lakes.values())))


def current() -> Lake:
    """Return the chosen lake. UsageError where its folder holds none."""
    path = str(current_path())
    return cache.open_lake(path, _SOURCES.get(path))


def in_this_lake(query: Mapping[str, str]) -> dict[str, str]:
    """Return the query of a link that stays in the chosen lake."""
    lake = st.query_params.get("lake")
    return {**query, "lake": lake} if lake else dict(query)


def theme() -> Theme:
    """Return "light" or "dark", as the reader's page is now."""
    return "dark" if st.context.theme.type == "dark" else "light"


def parents(populations: pl.DataFrame) -> dict[str, str | None]:
    """Return the super-population of each population, from `gold.populations`."""
    rows = populations.filter(pl.col("level").cast(pl.String) == "population")
    return dict(rows.select("population", "super_population").rows())
