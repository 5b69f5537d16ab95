"""Modules without looking for garbage among what they make.

A module's functions and classes stay as long as the process does. Python looks at all of
them again and again while they become more, a tenth of the time that loading takes, and
at every full look later on.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["loading", "pass_over_modules"]

_passed_over = 0


@contextmanager
def loading() -> Iterator[None]:
    """For the start of a process: what is made within is never taken for garbage."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def pass_over_modules() -> None:
    """For a server whose pages load modules as they want them: look at those no more.

    Streamlit looks for garbage through all there is after every answer, and lets nobody
    else have Python meanwhile: a tenth of a second where modules are looked through too.
    What is alive now is passed over with them, so this does it only when there are new ones.
    """
    global _passed_over  # noqa: PLW0603  # of the process, as the modules are
    if len(sys.modules) > _passed_over:
        _passed_over = len(sys.modules)
        gc.collect()
        gc.freeze()
