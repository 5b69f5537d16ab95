"""The lock of a lake: builders take turns, readers never wait.

On a disk the operating system holds the lock for the process, so that one left by a
process that died does not block anybody. In an object store it is a lease (see `lease`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from medallion.errors import LakeError
from medallion.files import ObjectPath, Place
from medallion.storage.lease import Lease

__all__ = ["build_lock", "confirm"]

_NAME = ".build.lock"
_POLL_SECONDS = 0.2
_LEASES: dict[Place, Lease] = {}


@contextmanager
def build_lock(root: Place, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lake at `root` for a build.

    `waiting` is called a few times a second while another builder holds it, and may
    raise to give up. Raises LakeError where the lake cannot be written.
    """
    if isinstance(root, ObjectPath):
        with _leased(root, waiting):
            yield
        return
    with _locked(root, waiting):
        yield


def confirm(root: Place) -> None:
    """Make sure that the lake at `root` is still this build's, before what counts is written.

    Raises LakeError where a lease ran out in a build that stood still, and another took it.
    """
    if root in _LEASES:
        _LEASES[root].confirm()


@contextmanager
def _leased(root: ObjectPath, waiting: Callable[[], None]) -> Iterator[None]:
    lease = Lease(root / _NAME)
    lease.take(waiting)
    _LEASES[root] = lease
    try:
        yield
    finally:
        del _LEASES[root]
        lease.give_back()


@contextmanager
def _locked(root: Path, waiting: Callable[[], None]) -> Iterator[None]:
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
