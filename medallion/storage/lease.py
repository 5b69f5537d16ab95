"""A lock that an object store keeps: a lease, which its holder renews while it works.

The lease is one small object, written by conditional puts alone, so that the store decides
who gets it. A holder renews it several times before it runs out. Who waits looks whether it
changes, by its own clock: one that has stood still for its whole term belongs to a builder
that died, or is out of reach, and may be taken. So clocks of two machines are never
compared, and a builder that wakes up after its term finds its lease gone.
"""

from __future__ import annotations

import json
import os
import platform
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from medallion.errors import LakeError, StoreError
from medallion.files import ObjectPath

__all__ = ["Lease"]

TERM_SECONDS = 30.0
"""How long a lease that is not renewed keeps others out."""
_RENEWALS = 5
"""Renewals in a term: some may fail."""
_POLL_SECONDS = 0.5


class Lease:
    """The lease kept at `path`, once `take` has returned, until `give_back`."""

    def __init__(self, path: ObjectPath) -> None:
        self._path = path
        self._owner = f"{platform.node()}-{os.getpid()}-{uuid.uuid4().hex}"
        self._term = TERM_SECONDS
        self._mark: str | None = None
        self._renewed = 0
        self._change = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="medallion-lease", daemon=True)

    def take(self, waiting: Callable[[], None]) -> None:
        """Take the lease; `waiting` is called while another holds it, and may raise."""
        seen: str | None = None
        since = time.monotonic()
        term = 0.0
        while not self._write(after=None):
            try:
                text, mark = self._path.read_marked()
            except FileNotFoundError:
                continue  # given back just now
            if mark != seen:
                seen, since, term = mark, time.monotonic(), _term(text)
            elif time.monotonic() - since > term and self._write(after=mark):
                break
            waiting()
            time.sleep(_POLL_SECONDS)
        self._thread.start()

    def confirm(self) -> None:
        """Renew the lease. Raises LakeError where another builder has taken it."""
        with self._change:
            if self._mark is None or not self._write(after=self._mark):
                self._mark = None
                raise LakeError(
                    "This build stood still for so long that another took its place. Nothing of "
                    "it was published since; look at the lake's state, and build again."
                )

    def give_back(self) -> None:
        """Let the next builder have the lease."""
        self._stop.set()
        self._thread.join()
        # Where it is not given back, it runs out.
        with suppress(OSError, StoreError, LakeError):
            self.confirm()
            self._path.unlink(missing_ok=True)

    def _write(self, after: str | None) -> bool:
        self._renewed += 1
        told = {"holder": self._owner, "renewed": self._renewed, "term_seconds": self._term}
        mark = self._path.write_if(json.dumps(told).encode("utf-8"), after)
        if mark is not None:
            self._mark = mark
        return mark is not None

    def _renew(self) -> None:
        """The thread: renew in time. What fails here is found out by `confirm`."""
        while not self._stop.wait(self._term / _RENEWALS):
            with suppress(OSError, StoreError):
                try:
                    self.confirm()
                except StoreError:
                    raise
                except LakeError:
                    return


def _term(text: bytes) -> float:
    """The term that a lease tells; ours where it tells none."""
    try:
        return float(json.loads(text)["term_seconds"])
    except (ValueError, KeyError, TypeError):
        return TERM_SECONDS
