"""What the command line shows: a progress bar on a terminal, lines elsewhere, sizes."""

from __future__ import annotations

import shutil
import sys
import time
from types import TracebackType
from typing import Self, TextIO

from medallion.progress import Progress

__all__ = ["ProgressBar", "cell", "size"]

_LINE_SECONDS = 5.0


def size(n: int) -> str:
    """Bytes in the unit a person would use: 205.6 MB."""
    value, unit = float(n), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:  # the step between decimal units
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} B" if unit == "B" else f"{value:,.1f} {unit}"


def cell(value: object) -> str:
    """A value on one line: null as nothing, no tab or line break."""
    if value is None:
        return ""
    return str(value).replace("\t", " ").replace("\n", " ")


class ProgressBar:
    """A progress callback: one line that is redrawn on a terminal, else a line now and then."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._last_stage: tuple[str, str] | None = None
        self._last_time = 0.0
        self._drawn = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        if self._drawn:
            print("\r\x1b[K", end="", file=self._stream, flush=True)

    def __call__(self, event: Progress) -> None:
        """Show `event`."""
        if self._live:
            width = max(20, shutil.get_terminal_size().columns - 1)
            print(f"\r\x1b[K{self._bar(event)[:width]}", end="", file=self._stream, flush=True)
            self._drawn = True
            return
        now = time.monotonic()
        stage = (event.layer, event.stage)
        if stage != self._last_stage or now - self._last_time >= _LINE_SECONDS:
            self._last_stage, self._last_time = stage, now
            print(event, file=self._stream, flush=True)

    @staticmethod
    def _bar(event: Progress) -> str:
        share = event.fraction
        if share is None:
            return str(event)
        full = round(share * 20)
        return f"[{'#' * full}{'.' * (20 - full)}] {share:4.0%} {event}"
