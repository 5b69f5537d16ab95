"""A query in a process of its own, which is ended when it takes too long or too much memory.

The process is kept for the next query: to start one costs about a second, to ask it some
milliseconds. It is the operating system's word for its memory that counts, looked at many
times a second, so that no way to make DuckDB ask for memory gets around the bound.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import polars as pl
import psutil

from medallion import errors
from medallion.child import start
from medallion.errors import QueryError
from medallion.files import Place
from medallion.query import LESS, SPILLS

__all__ = ["run_bounded", "start_early"]

_MOST_MEMORY = 3 << 30  # of the process as a whole
_LEAST_MEMORY = 1 << 29
_OWN_MEMORY = 1 << 28  # of Python and its libraries
_SHARE_OF_FREE = 0.75
_START_SECONDS = 120.0  # a slow disk, a busy machine
_LOOK_SECONDS = 0.02
_MOST_KEPT = 1 << 29  # of a process that waits for the next query
_AT_ONCE = 2  # queries of this process; others wait for their turn


def run_bounded(
    root: Place,
    sql: str,
    *,
    limit: int | None = None,
    seconds: float,
    meanwhile: Callable[[], object] = lambda: None,
    remark: Callable[[str], object] = lambda _: None,
) -> pl.DataFrame:
    """The result of one SELECT over the tables of a lake, or QueryError at the bounds.

    The bounds are `seconds`, 3 GiB of memory (less where less is free) and a sixth of that
    for the answer; what does not fit in memory is spilled to a folder of the process.
    `meanwhile` is called some times a second; what it raises ends the query. `remark` is
    told what is to be said of the answer; see `run.run_query`.
    """
    memory = _bound_of_memory()
    question = {
        "lake": str(root),
        "sql": sql,
        "limit": limit,
        "memory": f"{(memory - _OWN_MEMORY) * 3 // 4 >> 20}MiB",
        "most_bytes": memory // 6,
    }
    with _WORKERS.one(meanwhile) as worker:
        return worker.ask(question, seconds, memory, meanwhile, remark)


def start_early() -> None:
    """Have a process started by now, for a query that is expected soon."""
    _WORKERS.start_early()


def _bound_of_memory() -> int:
    free = int(psutil.virtual_memory().available * _SHARE_OF_FREE)
    return max(_LEAST_MEMORY, min(_MOST_MEMORY, free))


class _Worker:
    """A process that runs `medallion.query.worker`, and what it has said."""

    def __init__(self) -> None:
        self.world = _world()
        self._spill: tempfile.TemporaryDirectory[str] | None = None
        with suppress(OSError):  # without one it has its memory alone
            self._spill = tempfile.TemporaryDirectory(prefix=SPILLS, ignore_cleanup_errors=True)
        folder = self._spill.name if self._spill else ""
        try:
            self.process = start("medallion.query.worker", folder, stderr=subprocess.DEVNULL)
        except OSError as error:
            raise QueryError(
                f"No process could be started for the query: {error}. Close other programs, "
                "and ask again."
            ) from error
        self._stdin = cast("BinaryIO", self.process.stdin)
        self._stdout = cast("BinaryIO", self.process.stdout)
        self._said: queue.SimpleQueue[tuple[dict[str, Any], bytes] | None] = queue.SimpleQueue()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        self._ready = False

    @property
    def usable(self) -> bool:
        """True while it runs, and knows the folder and the store's settings of this process."""
        return self.process.poll() is None and self.world == _world()

    def ask(
        self,
        question: dict[str, Any],
        seconds: float,
        memory: int,
        meanwhile: Callable[[], object],
        remark: Callable[[str], object],
    ) -> pl.DataFrame:
        """The rows that answer a question."""
        try:
            if not self._ready:
                late = f"The query's process did not start within {_START_SECONDS:g} seconds."
                self._wait(f"{late} Ask again.", _START_SECONDS, _MOST_MEMORY, meanwhile)
                self._ready = True
            with suppress(OSError):  # it has died: told by what follows
                self._stdin.write(json.dumps(question).encode() + b"\n")
                self._stdin.flush()
            late = f"The query was stopped after {seconds:g} seconds."
            told, rows = self._wait(f"{late} {LESS}", seconds, memory, meanwhile)
        except BaseException:
            self.end()  # whatever it does: nobody waits for it now
            raise
        if "error" not in told:
            for each in told["remarks"]:
                remark(each)
            return pl.read_ipc_stream(rows)
        known = getattr(errors, told["error"], None)
        raise known(told["message"]) if known else RuntimeError(told["message"])

    def _wait(
        self, late: str, seconds: float, memory: int, meanwhile: Callable[[], object]
    ) -> tuple[dict[str, Any], bytes]:
        end = time.monotonic() + seconds
        while True:
            with suppress(queue.Empty):
                if said := self._said.get(timeout=_LOOK_SECONDS):
                    return said
                raise QueryError(
                    f"The query's process ended by itself (code {self.process.wait()}): most "
                    f"often there was no memory for it. {LESS}"
                )
            meanwhile()
            if time.monotonic() > end:
                raise QueryError(late)
            if self.memory() > memory:
                raise QueryError(
                    f"The query was stopped: it took more than {memory >> 20:,} MB of memory. "
                    f"{LESS}"
                )

    def memory(self) -> int:
        """Bytes of memory that the process has now; 0 where it has ended."""
        with suppress(psutil.Error):
            return int(psutil.Process(self.process.pid).memory_info().rss)
        return 0

    def _listen(self) -> None:
        with suppress(ValueError, OSError):  # it was ended as it spoke
            for line in self._stdout:
                told = json.loads(line)
                rows = self._stdout.read(told.get("bytes", 0))
                if len(rows) < told.get("bytes", 0):
                    break
                self._said.put((told, rows))
        self._said.put(None)

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self._stdin, self._stdout):
            with suppress(OSError):  # a question that was not taken
                pipe.close()
        if self._spill is not None:
            self._spill.cleanup()


def _world() -> tuple[str, tuple[tuple[str, str], ...]]:
    """What a process takes over as it starts, and an answer may hang on."""
    of_stores = (v for v in os.environ.items() if v[0].startswith("AWS_"))
    folder = ""
    with suppress(OSError):  # it was removed
        folder = str(Path.cwd())
    return folder, tuple(sorted(of_stores))


class _Workers:
    """Processes that are free, for a few queries at once; one is kept."""

    def __init__(self) -> None:
        self._free: list[_Worker] = []
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)

    @contextmanager
    def one(self, meanwhile: Callable[[], object]) -> Iterator[_Worker]:
        """A process for one query. One that the query went wrong with is not used again."""
        while not self._turns.acquire(timeout=5 * _LOOK_SECONDS):
            meanwhile()
        try:
            worker = self._take()
            try:
                yield worker
            finally:
                self._give_back(worker)
        finally:
            self._turns.release()

    def start_early(self) -> None:
        """Have one that is free, or starting."""
        with self._lock, suppress(QueryError):  # told when it is needed
            if not self._tidied():
                self._free.append(_Worker())

    def end(self) -> None:
        """End all that are free."""
        with self._lock:
            while self._free:
                self._free.pop().end()

    def _take(self) -> _Worker:
        with self._lock:
            return self._free.pop() if self._tidied() else _Worker()

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if self._tidied() or not worker.usable or worker.memory() > _MOST_KEPT:
                worker.end()
            else:
                self._free.append(worker)

    def _tidied(self) -> list[_Worker]:
        """Those that are free, without what has ended or is of another world."""
        for worker in [w for w in self._free if not w.usable]:
            self._free.remove(worker)
            worker.end()
        return self._free


_WORKERS = _Workers()
atexit.register(_WORKERS.end)
