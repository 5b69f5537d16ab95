"""Pages that are drawn at the same instant take turns.

All sessions share one Python, which does one thing at a time: of ten pages drawn side by
side each is done when all are. In turns the first is done at once, and none later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["in_turn"]

_SECONDS = 0.3
"""How long a page has Python to itself. One that takes longer mostly waits, or computes
outside of Python; it goes on beside the next."""

_changed = threading.Condition()
_begun: set[float] = set()  # when each page began that is being drawn


@contextmanager
def in_turn() -> Iterator[None]:
    """Begin when no other page is in its turn, in the order of coming."""
    with _changed:
        while (left := max(_begun, default=0.0) + _SECONDS - time.monotonic()) > 0:
            _changed.wait(left)
        begun = time.monotonic()
        _begun.add(begun)
    try:
        yield
    finally:
        with _changed:
            _begun.discard(begun)
            _changed.notify()
