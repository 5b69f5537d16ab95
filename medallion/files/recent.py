"""What was told of a place a moment ago.

In a store each look at a record is a request, and a page of the app takes some dozens of
them. So who only looks may be told what another was told within a second. On a disk
everything is asked anew, but for what means a look at each of thousands of files.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from medallion.files import ObjectPath, Place

__all__ = ["forget", "recently"]

T = TypeVar("T")
_SECONDS = 1.0
_SECONDS_OF_FILES = 2.0
_TOLD: dict[tuple[Place, Hashable], tuple[float, Any]] = {}


def recently(root: Place, what: Hashable, ask: Callable[[], T], *, many_files: bool = False) -> T:
    """What `ask` gives, or gave a moment ago for `what` of the lake at `root`.

    `many_files`: asking takes a look at each file of a table, so on a disk, too, that is
    done once in two seconds.
    """
    seconds = _SECONDS
    if not isinstance(root, ObjectPath):
        if not many_files:
            return ask()
        seconds = _SECONDS_OF_FILES
    told = _TOLD.get((root, what))
    if told is None or time.monotonic() - told[0] >= seconds:
        told = _TOLD[root, what] = (time.monotonic(), ask())
    found: T = told[1]
    return found


def forget(root: Place) -> None:
    """Have everything about the lake at `root` be asked anew: it was changed."""
    for key in [key for key in list(_TOLD) if key[0] == root]:
        _TOLD.pop(key, None)
