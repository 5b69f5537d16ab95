"""How patient a download is: time-outs, tries, waits, room on the disk."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from medallion.files import Place, free_bytes

__all__ = ["Policy"]


def _wait(seconds: float, cancel: threading.Event | None) -> None:
    """Sleep, but wake at once where the user cancels."""
    if cancel is None:
        time.sleep(seconds)
    else:
        cancel.wait(seconds)


@dataclass(frozen=True, slots=True)
class Policy:
    """How patient a download is. Times are seconds.

    `tries` counts failures in a row that brought less than `worthwhile` new bytes, so a
    connection that breaks often but gets on is never given up. `unreachable_tries` is
    for hosts that cannot even be connected to. `wait`, `jitter` (0 to 1) and
    `free_bytes` are the doors through which tests take the place of the world.
    """

    connect_timeout: float = 15.0
    read_timeout: float = 30.0
    tries: int = 6
    unreachable_tries: int = 2
    backoff: float = 1.0
    backoff_max: float = 30.0
    retry_after_max: float = 120.0
    worthwhile: int = 1 << 14
    slowest: float = 512.0  # bytes a second, over `slow_after` seconds
    slow_after: float = 60.0
    reserve_bytes: int = 100_000_000  # left free on the disk
    wait: Callable[[float, threading.Event | None], None] = _wait
    jitter: Callable[[], float] = random.random
    free_bytes: Callable[[Place], int] = free_bytes

    def delay(self, failures: int, asked: float | None) -> float:
        """Seconds to wait after `failures` (from 1) in a row.

        What a server asked for (Retry-After) is honoured up to `retry_after_max`; else
        the wait doubles each time up to `backoff_max`, less up to half of it at random,
        so that many clients of one server do not come back all at once.
        """
        if asked is not None:
            return min(max(asked, 0.0), self.retry_after_max)
        longest = min(self.backoff_max, self.backoff * 2.0 ** (failures - 1))
        return longest * (1.0 - self.jitter() / 2.0)
