"""What a long piece of work says while it runs, and how it is asked to stop.

Every layer reports through one callback, `Callable[[Progress], None]`; the command
line and the dashboard decide what to draw. Nothing here prints.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from medallion.errors import BuildCancelled

__all__ = ["Progress", "ProgressCallback", "Reporter"]


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a piece of work.

    `done` and `total` count `unit`s (bytes, records, parts); `total` is None where the
    end is not known.
    """

    layer: str
    stage: str
    done: int = 0
    total: int | None = None
    unit: str = "parts"

    @property
    def fraction(self) -> float | None:
        """Share done, 0 to 1, or None where the end is not known."""
        if not self.total:
            return None
        return min(1.0, self.done / self.total)

    def __str__(self) -> str:
        head = f"{self.layer}: {self.stage}"
        if self.total is None and not self.done:
            return head
        if self.unit == "bytes":
            done, total = _megabytes(self.done), _megabytes(self.total)
        else:
            done, total = f"{self.done:,}", None if self.total is None else f"{self.total:,}"
        amount = done if total is None else f"{done} of {total}"
        return f"{head}, {amount}" + ("" if self.unit == "bytes" else f" {self.unit}")


ProgressCallback = Callable[[Progress], None]


@dataclass(slots=True)
class Reporter:
    """Carries progress out of, and a wish to cancel into, work on several threads.

    At most one event per `interval` seconds of each stage gets through, plus the first
    and the last, so that a callback may be slow without slowing the work.
    """

    callback: ProgressCallback | None = None
    cancel: threading.Event | None = None
    interval: float = 0.1
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: float = 0.0
    _stage: tuple[str, str] | None = None
    _clock: dict[tuple[str, str], tuple[float, float]] = field(default_factory=dict)

    def forget(self, layer: str) -> None:
        """Begin anew with the times of a layer's stages."""
        self._clock = {k: v for k, v in self._clock.items() if k[0] != layer}

    def stages(self, layer: str) -> dict[str, float]:
        """Seconds from a stage's first event to the next stage's, for the stages of a layer."""
        ends = sorted(first for first, _ in self._clock.values())
        found = {}
        for (own, stage), (first, last) in self._clock.items():
            if own == layer:
                end = next((t for t in ends if t > first), max(last, time.monotonic()))
                found[stage] = round(end - first, 3)
        return found

    def __call__(
        self, layer: str, stage: str, done: int = 0, total: int | None = None, unit: str = "parts"
    ) -> None:
        """Report, or raise BuildCancelled where the user has asked to stop."""
        self.tell(Progress(layer, stage, done, total, unit))

    def tell(self, event: Progress) -> None:
        """Report an event as it is, or raise BuildCancelled."""
        self.check()
        now = time.monotonic()
        key = (event.layer, event.stage)
        self._clock[key] = (self._clock.get(key, (now, now))[0], now)
        if self.callback is None:
            return
        with self._lock:
            due = (
                (event.layer, event.stage) != self._stage
                or now - self._last >= self.interval
                or (event.total is not None and event.done >= event.total)
            )
            if not due:
                return
            self._last, self._stage = now, (event.layer, event.stage)
        self.callback(event)

    def check(self) -> None:
        """Raise BuildCancelled where the user has asked to stop."""
        if self.cancel is not None and self.cancel.is_set():
            raise BuildCancelled(
                "The build was cancelled. What was built before is untouched; "
                "build again to finish the work."
            )


def _megabytes(n: int | None) -> str | None:
    return None if n is None else f"{n / 1e6:,.1f} MB"
