"""Loading modules without looking for garbage among what they make.

A module's functions and classes stay as long as the process does. Python looks at all of
them again and again while they become more, a tenth of the time that loading takes, and
at every full look later on.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["loading"]


@contextmanager
def loading() -> Iterator[None]:
    """For the start of a process: what is made within is never taken for garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
