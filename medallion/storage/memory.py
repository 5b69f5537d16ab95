"""Memory of a build: how much it took, and what it lets go of and wants again at once.

Each batch of a build fills some hundred megabytes of arrays and lets them go. glibc gives
much of that back to the system at once, and the pages are faulted in anew for the next
batch: some 5 to 10 % of a build. So it is kept meanwhile. Other C libraries are left alone.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["keep_memory", "keeping_memory", "peak_memory"]

# Of glibc's malloc.h, and DEFAULT_MMAP_THRESHOLD_MAX of its malloc.c on 64 bits.
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_THRESHOLD = -1, -2, -3
_LARGEST_KEPT = 32 << 20
_MOST_KEPT = 1 << 29
_AT_ONCE = 1 << 26
_USUAL_PAD = 1 << 17


def keep_memory() -> None:
    """Have this process hold on to freed memory from now on: for a worker, which only builds.

    Dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536: there each array is asked
    for anew.
    """
    if libc := _glibc():
        libc.mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        libc.mallopt(_M_TRIM_THRESHOLD, _MOST_KEPT)
        libc.mallopt(_M_TOP_PAD, _AT_ONCE)


@contextmanager
def keeping_memory() -> Iterator[None]:
    """`keep_memory` while something is done; then what is free is given back."""
    keep_memory()
    try:
        yield
    finally:
        if libc := _glibc():
            libc.mallopt(_M_TRIM_THRESHOLD, 2 * _LARGEST_KEPT)
            libc.mallopt(_M_TOP_PAD, _USUAL_PAD)
            libc.malloc_trim(0)


def peak_memory() -> int | None:
    """The most memory that this process has held so far, in bytes; None on Windows."""
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak) if sys.platform == "darwin" else int(peak) * 1024


def _glibc() -> ctypes.CDLL | None:
    """The C library of this process, where it is glibc."""
    if sys.platform != "linux":
        return None
    try:
        libc = ctypes.CDLL(None)
        return libc if libc.mallopt and libc.malloc_trim else None
    except (OSError, AttributeError):
        return None  # musl has none of them
