"""An outline of the land, to put places on: bundled, so that a map needs no network.

Natural Earth, 1:110m physical vectors, land, version 4.1 (https://www.naturalearthdata.com),
in the public domain; rounded to a tenth of a degree, without Antarctica. It says where on
Earth a mark is, and nothing about borders.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files

__all__ = ["Ring", "land"]

Ring = tuple[tuple[float, float], ...]
"""A closed ring of (degrees east, degrees north); a lake's is drawn the other way round."""


@cache
def land() -> tuple[Ring, ...]:
    """Return the coasts of continents and islands, and of the Caspian Sea."""
    text = files("medallion.catalog").joinpath("land.json").read_text(encoding="utf-8")
    return tuple(tuple((lon, lat) for lon, lat in ring) for ring in json.loads(text)["rings"])
