"""How work that is cut into partitions is run: any executor, a bounded number at a time.

A partition is a pure function of its task, which writes parts and returns a summary. So
it may run in a thread, in another process or on another machine that sees the lake under
the same path; and a second time, where a worker died: parts have names of their own, and
only those that a summary names are ever committed.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeVar

import psutil
from threadpoolctl import threadpool_limits

from medallion.errors import MedallionError, WorkerError
from medallion.files import Place
from medallion.progress import Reporter
from medallion.storage import cluster
from medallion.storage.memory import keep_memory, keeping_memory, peak_memory
from medallion.storage.processes import Processes

__all__ = ["Work", "start_work"]

T = TypeVar("T")
R = TypeVar("R")
_POLL_SECONDS = 0.25
_SHARE_OF_FREE = 0.75
_HEAVY = 1 << 29  # bytes of text
_PROCESS = uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Work:
    """Where a build happens (`root`), who does it (`executor`), and whom to tell (`report`).

    At most about `workers` tasks run at a time; each may take `memory` bytes, if that is known.
    `processes` do what is heavy, where `executor` is threads.
    """

    root: Place
    executor: Executor
    workers: int
    report: Reporter
    memory: int | None = None
    processes: Processes | None = None

    def peak_memory(self) -> int | None:
        """The most memory, in bytes, that this process has held, and its own beside it.

        None on Windows. What a cluster's workers held, their scheduler knows.
        """
        here = peak_memory()
        return here and here + (self.processes.peak_memory if self.processes else 0)

    def map(
        self,
        function: Callable[[T], R],
        tasks: Sequence[T],
        *,
        text: int = 0,
        told: Callable[[int, R], None] | None = None,
    ) -> list[R]:
        """`function` of each task, in the order of the tasks.

        `text` is about how many bytes of a VCF they stand for: where it is much, processes
        do them, which take half a second to start.

        `told(n_done, result)` is called in this thread as results come in. At most a
        few tasks more than there are workers are under way, so that a wish to cancel,
        or the first error, ends the work soon.

        A task has one thread for its matrices: others run beside it, and how many threads
        share a sum decides the last digits of it.
        """
        results: dict[int, R] = {}
        with closing(self._as_done(function, tasks, text, len(tasks))) as done:
            for number, result in done:
                results[number] = result
                if told is not None:
                    told(len(results), result)
        return [results[i] for i in range(len(results))]

    def stream(
        self, function: Callable[[T], R], tasks: Sequence[T], *, text: int = 0
    ) -> Generator[R]:
        """As `map`, a result at a time: for what is too large to be kept of all tasks.

        At most twice as many tasks as there are workers are begun behind one that is not done.
        """
        waiting: dict[int, R] = {}
        first = 0
        with closing(self._as_done(function, tasks, text, 2 * (self.workers + 1))) as done:
            for number, result in done:
                waiting[number] = result
                del result  # or it would be kept while the caller has it
                while first in waiting:
                    first += 1
                    yield waiting.pop(first - 1)

    def _as_done(
        self, function: Callable[[T], R], tasks: Sequence[T], text: int, ahead: int
    ) -> Generator[tuple[int, R]]:
        """Numbers of tasks and results, as they come.

        A task is begun where no more than `ahead` of them lie between it and the first one
        that is not done.
        """
        run = partial(_with_one_thread, function, _PROCESS)
        executor = self.processes if self.processes and text >= _HEAVY else self.executor
        begun = first = 0
        under_way: dict[Future[R], int] = {}
        with threadpool_limits(1, "blas"):
            try:
                while True:
                    end = min(first + ahead, len(tasks))
                    while len(under_way) < self.workers + 1 and begun < end:
                        under_way[_submit(executor, run, tasks[begun])] = begun
                        begun += 1
                    if not under_way:
                        return
                    done, _ = wait(under_way, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                    self.report.check()
                    while done:
                        future = done.pop()
                        number, result = under_way.pop(future), _result(future)
                        del future
                        first = min(under_way.values(), default=begun)
                        yield number, result
                        del result
            finally:
                for future in under_way:
                    future.cancel()
                wait([f for f in under_way if not f.cancelled()])


def _submit(executor: Executor, function: Callable[[T], R], task: T) -> Future[R]:
    try:
        return executor.submit(function, task, **cluster.submit_options(executor))
    except Exception as error:
        if lost := _lost(error):
            raise lost from error
        raise


def _with_one_thread(function: Callable[[T], R], builder: str, task: T) -> R:
    """Run a task, in the process that builds or in another, which does nothing else."""
    if builder != _PROCESS:
        _prepare_worker()
    return function(task)


@cache
def _prepare_worker() -> None:
    threadpool_limits(1, "blas")
    keep_memory()


def _result(future: Future[R]) -> R:
    try:
        return future.result()
    except (Exception, CancelledError) as error:
        if lost := _lost(error):
            raise lost from error
        raise


def _lost(error: BaseException) -> WorkerError | None:
    """The error to raise where `error` is about those who do the work, not about the work."""
    if isinstance(error, MedallionError):
        return None
    theirs = isinstance(error, BrokenExecutor | CancelledError | ImportError)
    if not theirs and not cluster.raised(error):
        return None
    what = str(error).split("\n", maxsplit=1)[0] or type(error).__name__
    return WorkerError(
        f"The build stopped, for its workers died or are out of reach ({what}). What was built "
        "before is untouched. Look whether they ran out of memory and whether the scheduler "
        "runs; then build again."
    )


@contextmanager
def start_work(
    root: Place, report: Reporter, *, workers: int | None = None, executor: Executor | None = None
) -> Iterator[Work]:
    """Work on `executor`, or on `workers` cores of this machine (None: on all of them).

    Threads do what is soon done, processes what is much. With an executor of your own
    `workers` is how many tasks it can do at a time.
    """
    if executor is not None:
        # Its workers may have another working directory.
        count = workers or _width(executor)
        yield Work(root.absolute(), executor, count, report, cluster.memory(executor))
        return
    count = workers or _cores()
    with (
        keeping_memory(),
        ThreadPoolExecutor(count, thread_name_prefix="medallion") as threads,
        Processes(count) as processes,
    ):
        free = int(psutil.virtual_memory().available * _SHARE_OF_FREE)
        yield Work(root, threads, count, report, free // count, processes)


def _width(executor: Executor) -> int:
    """Tasks that `executor` can do at a time, as far as it tells."""
    told = cluster.width(executor) or getattr(executor, "_max_workers", None)
    return told if isinstance(told, int) and told > 0 else _cores()


def _cores() -> int:
    # Python 3.13 has os.process_cpu_count; before it only some platforms tell the affinity.
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
