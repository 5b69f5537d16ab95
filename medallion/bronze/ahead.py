"""Fetching what comes next while something else is built.

A data set of many chromosomes is built one chromosome after another, so that the network
and the cores are busy at the same time.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import TYPE_CHECKING, Self

from medallion.catalog.releases import RemoteFile
from medallion.errors import MedallionError
from medallion.files import Place
from medallion.progress import Progress, Reporter

if TYPE_CHECKING:
    from medallion.bronze.download import Fetched

__all__ = ["Ahead"]

_POLL_SECONDS = 0.25


class Ahead:
    """Files on their way into `folder`, one at a time, in a thread of its own.

    Leaving the context stops what is under way; what has arrived of it is kept.
    """

    def __init__(self, folder: Place) -> None:
        self._folder = folder
        self._stop = threading.Event()
        self._latest: Progress | None = None
        self._begun: dict[RemoteFile, Future[Fetched]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="medallion-ahead")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.shutdown(cancel_futures=True)

    def begin(self, files: Iterable[RemoteFile]) -> None:
        """Have `files` fetched."""
        for file in files:
            if file not in self._begun:
                self._begun[file] = self._thread.submit(self._fetch, file)

    def take(self, file: RemoteFile, report: Reporter) -> Fetched | None:
        """A file that was begun, once it is there; None where it was not, or did not come.

        What went wrong is not told: whoever asks tries again, and is told then.
        """
        future = self._begun.pop(file, None)
        if future is None:
            return None
        while not wait([future], _POLL_SECONDS).done:
            report.check()
            if self._latest is not None:
                report.tell(self._latest)
        try:
            return future.result()
        except MedallionError:
            return None

    def _fetch(self, file: RemoteFile) -> Fetched:
        from medallion.bronze.download import fetch  # requests takes a while to import

        def note(event: Progress) -> None:
            self._latest = event

        return fetch(file, self._folder, progress=note, cancel=self._stop)
