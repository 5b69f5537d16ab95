"""Tasks done by this process and by others beside it: in one, Python computes on one core.

numpy, polars and isal let go of the interpreter's lock, but a task wants it back some
thousand times: two threads on two cores spend a quarter of a large build on waiting for it.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

from medallion.child import start

__all__ = ["Processes", "start_early"]

P = ParamSpec("P")
R = TypeVar("R")


class Processes(ThreadPoolExecutor):
    """An executor of `count` tasks at a time: one is done here, each other in its own process.

    A process is started for the first task that finds none free, and ends with the
    executor, or with this process, however that ends.
    """

    def __init__(self, count: int) -> None:
        super().__init__(count, thread_name_prefix="medallion")
        self._here = threading.Lock()
        self._free: list[_Process] = []
        self._peaks: dict[int, int] = {}

    @property
    def peak_memory(self) -> int:
        """The most memory, in bytes, that the processes held, if each did at the same time."""
        return sum(self._peaks.values())

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Have a function of an importable module called, by whoever is free first."""
        return super().submit(self._do, partial(fn, *args, **kwargs))

    def _do(self, task: Callable[[], R]) -> R:
        if self._here.acquire(blocking=False):
            try:
                return task()
            finally:
                self._here.release()
        process = _one_of(self._free) or _one_of(_EARLY) or _Process()
        outcome = process.do(task)
        self._peaks[process.process.pid] = process.peak_memory
        self._free.append(process)
        return outcome()

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT001, FBT002  # theirs
        """End the processes, once what they do is done."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        while process := _one_of(self._free) or _one_of(_EARLY):
            process.end()


def start_early(*modules: str) -> None:
    """Have a process started now, and load `modules`, for work that is expected soon."""
    if (os.cpu_count() or 1) > 1:
        with suppress(OSError):  # told when it is needed
            _EARLY.append(_Process(*modules))


def _one_of(free: list[_Process]) -> _Process | None:
    try:
        return free.pop()
    except IndexError:
        return None


class _Process:
    """A process that runs `medallion.storage.worker`, with `modules` loaded."""

    def __init__(self, *modules: str) -> None:
        self.process = start("medallion.storage.worker", *modules)
        self._tasks = cast("BinaryIO", self.process.stdin)
        self._results = cast("BinaryIO", self.process.stdout)
        self.peak_memory = 0

    def do(self, task: Callable[[], R]) -> Callable[[], R]:
        """Returns or raises what a task did. BrokenExecutor where the process ends before that."""
        try:
            with suppress(OSError):  # it has died: told by what follows
                pickle.dump(task, self._tasks)
                self._tasks.flush()
            result, self.peak_memory = pickle.load(self._results)  # noqa: S301  # of our own
        except BaseException as error:
            self.end()
            if isinstance(error, EOFError | pickle.UnpicklingError):
                raise BrokenExecutor(
                    f"a process ended by itself, code {self.process.returncode}"
                ) from error
            raise
        return partial(_outcome, result)

    def end(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.wait()
        for pipe in (self._tasks, self._results):
            with suppress(OSError):  # a task that was not taken
                pipe.close()


def _outcome(result: Any) -> Any:  # noqa: ANN401  # of any task
    if isinstance(result, Exception):
        raise result
    return result


_EARLY: list[_Process] = []
