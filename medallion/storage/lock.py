"""The lock of a lake: builders take turns, readers never wait.

The operating system holds the lock for the process, so that one left by a process
that died does not block anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from medallion.errors import LakeError

__all__ = ["build_lock"]

_NAME = ".build.lock"
_POLL_SECONDS = 0.2


@contextmanager
def build_lock(root: Path, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lake at `root` for a build.

    `waiting` is called a few times a second while another builder holds it, and may
    raise to give up. Raises LakeError where the lake cannot be written.
    """
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(root / _NAME, thread_local=False)
        while True:
            try:
                lock.acquire(timeout=_POLL_SECONDS)
                break
            except Timeout:
                waiting()
    except OSError as error:
        raise LakeError(
            f"The lake {root} cannot be written: {error.strerror or error}. "
            "A build needs a folder it may write to; name another with --lake."
        ) from error
    try:
        yield
    finally:
        lock.release()
