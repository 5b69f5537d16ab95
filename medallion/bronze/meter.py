"""What a download says while it runs: bytes, rate, time left, over all its files.

Nothing here prints or fetches.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass

from medallion.progress import Progress, ProgressCallback

__all__ = ["DownloadProgress", "Meter"]

_INTERVAL = 0.2  # seconds between two reports
_RATE_OVER = 10.0  # seconds that the rate looks back


@dataclass(frozen=True, slots=True)
class DownloadProgress(Progress):
    """Progress in bytes, with `rate` in bytes per second over the last seconds."""

    rate: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end at this rate, or None where it cannot be told."""
        if not self.rate or self.total is None:
            return None
        return max(0, self.total - self.done) / self.rate

    def __str__(self) -> str:
        text = Progress.__str__(self)
        if self.rate:
            text += f", {self.rate / 1e6:.1f} MB/s"
        left = self.seconds_left
        if left is not None and self.done:
            text += f", {left // 60:.0f} min {left % 60:.0f} s left"
        return text


class Meter:
    """Sums what several files report into one progress, at most a few times a second."""

    def __init__(self, callback: ProgressCallback | None, stage: str, files: int) -> None:
        self._callback = callback
        self._stage = stage
        self._files = files
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._totals: dict[str, int | None] = {}
        self._arrived = 0
        self._seen: deque[tuple[float, int]] = deque([(time.monotonic(), 0)])
        self._last = 0.0

    def __call__(self, name: str, done: int, total: int | None, arrived: int = 0) -> None:
        """`done` of `total` bytes of file `name` are there, `arrived` of them just now."""
        if self._callback is None:
            return
        with self._lock:
            self._done[name], self._totals[name] = done, total
            self._arrived += arrived
            now = time.monotonic()
            if now - self._last < _INTERVAL and done != total:
                return
            self._last = now
            self._seen.append((now, self._arrived))
            while len(self._seen) > 2 and now - self._seen[0][0] > _RATE_OVER:
                self._seen.popleft()
            since, before = self._seen[0]
            rate = (self._arrived - before) / (now - since) if now > since else None
            totals = list(self._totals.values())
            known = [size for size in totals if size is not None]
            whole = len(known) == self._files
            # Within the lock: the callback is never run by two threads at once.
            self._callback(
                DownloadProgress(
                    "bronze",
                    self._stage,
                    sum(self._done.values()),
                    sum(known) if whole else None,
                    "bytes",
                    rate or None,
                )
            )
