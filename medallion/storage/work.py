"""How work that is cut into partitions is run: any executor, a bounded number at a time.

A partition is a pure function of its task, which writes parts and returns a summary.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from medallion.progress import Reporter

__all__ = ["Work", "start_work"]

T = TypeVar("T")
R = TypeVar("R")
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Work:
    """Where a build happens (`root`), who does it (`executor`), and whom to tell (`report`)."""

    root: Path
    executor: Executor
    workers: int
    report: Reporter

    def map(
        self,
        function: Callable[[T], R],
        tasks: Sequence[T],
        *,
        told: Callable[[int, R], None] | None = None,
    ) -> list[R]:
        """`function` of each task, in the order of the tasks.

        `told(n_done, result)` is called in this thread as results come in. At most a
        few tasks more than there are workers are under way, so that a wish to cancel,
        or the first error, ends the work soon.
        """
        results: dict[int, R] = {}
        queue = iter(enumerate(tasks))
        under_way: dict[Future[R], int] = {}
        try:
            while True:
                while len(under_way) < self.workers + 1:
                    item = next(queue, None)
                    if item is None:
                        break
                    under_way[self.executor.submit(function, item[1])] = item[0]
                if not under_way:
                    return [results[i] for i in range(len(results))]
                done, _ = wait(under_way, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
                self.report.check()
                for future in done:
                    number = under_way.pop(future)
                    results[number] = future.result()
                    if told is not None:
                        told(len(results), results[number])
        finally:
            for future in under_way:
                future.cancel()
            wait([f for f in under_way if not f.cancelled()])


@contextmanager
def start_work(
    root: Path, report: Reporter, *, workers: int | None = None, executor: Executor | None = None
) -> Iterator[Work]:
    """Work on `executor`, or on a thread pool of `workers` (None: one for each core).

    Threads, because the heavy steps (inflating, numpy, Parquet) release the GIL.
    """
    count = workers or _cores()
    if executor is not None:
        yield Work(root, executor, count, report)
        return
    with ThreadPoolExecutor(count, thread_name_prefix="medallion") as pool:
        yield Work(root, pool, count, report)


def _cores() -> int:
    # Python 3.13 has os.process_cpu_count; before it only some platforms tell the affinity.
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
