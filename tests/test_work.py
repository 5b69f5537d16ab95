"""The lock of a build, and work in parts."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from medallion.errors import BuildCancelled, LakeError
from medallion.progress import Progress, Reporter
from medallion.storage.lock import build_lock
from medallion.storage.work import Work, start_work

# The lock


def test_builders_take_turns(tmp_path: Path) -> None:
    inside: list[str] = []
    waited = threading.Event()
    release = threading.Event()

    def second() -> None:
        with build_lock(tmp_path, waited.set):
            inside.append("second")

    with ThreadPoolExecutor(1) as pool:
        with build_lock(tmp_path, lambda: None):
            future = pool.submit(second)
            assert waited.wait(5), "the second builder was never told that it waits"
            inside.append("first")
            release.set()
        future.result(timeout=5)
    assert inside == ["first", "second"]


def test_a_builder_that_waits_may_give_up(tmp_path: Path) -> None:
    def give_up() -> None:
        raise BuildCancelled("enough")

    def wait() -> None:
        with build_lock(tmp_path, give_up):
            pytest.fail("the lock was held by another")

    with (
        build_lock(tmp_path, lambda: None),
        ThreadPoolExecutor(1) as pool,
        pytest.raises(BuildCancelled),
    ):
        pool.submit(wait).result(timeout=5)
    with build_lock(tmp_path, give_up):
        pass


def test_the_lock_is_released_by_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), build_lock(tmp_path, lambda: None):
        raise RuntimeError
    with build_lock(tmp_path, lambda: pytest.fail("still locked")):
        pass


def test_a_lake_that_cannot_be_a_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    lock = build_lock(tmp_path / "file", lambda: None)
    with pytest.raises(LakeError, match="cannot be written"), lock:
        pass


# Work


def work_of(pool: ThreadPoolExecutor, *, workers: int = 2, **kwargs: object) -> Work:
    return Work(Path(), pool, workers, Reporter(**kwargs))


def test_results_are_in_the_order_of_the_tasks() -> None:
    told: list[int] = []

    def slow(n: int) -> int:
        time.sleep(0.02 if n % 3 == 0 else 0)
        return n * n

    with ThreadPoolExecutor(2) as pool:
        found = work_of(pool).map(slow, range(10), told=lambda n, _: told.append(n))
    assert found == [n * n for n in range(10)]
    assert told == list(range(1, 11))


def test_the_first_error_ends_the_work_soon() -> None:
    begun: list[int] = []

    def fail(n: int) -> None:
        begun.append(n)
        raise LakeError(f"task {n}")

    with ThreadPoolExecutor(2) as pool, pytest.raises(LakeError, match="task"):
        work_of(pool).map(fail, range(100))
    assert len(begun) <= 6


def test_cancelling_ends_the_work_soon() -> None:
    cancel = threading.Event()
    begun: list[int] = []

    def step(n: int) -> None:
        begun.append(n)
        if n == 3:
            cancel.set()

    with ThreadPoolExecutor(2) as pool, pytest.raises(BuildCancelled):
        work_of(pool, cancel=cancel).map(step, range(1000))
    assert len(begun) < 20


def test_an_executor_of_your_own_is_used_and_not_shut_down() -> None:
    with ThreadPoolExecutor(1) as pool:
        with start_work(Path(), Reporter(), workers=3, executor=pool) as work:
            assert work.executor is pool
            assert work.workers == 3
        assert pool.submit(int).result() == 0


# Progress


def test_progress_reads_as_a_line() -> None:
    assert str(Progress("gold", "publishing")) == "gold: publishing"
    assert str(Progress("silver", "reading records", 1000, 2000, "records")) == (
        "silver: reading records, 1,000 of 2,000 records"
    )
    assert str(Progress("bronze", "copying a", 1_500_000, 3_000_000, "bytes")) == (
        "bronze: copying a, 1.5 MB of 3.0 MB"
    )
    assert Progress("bronze", "x", 5, None).fraction is None
    assert Progress("bronze", "x", 5, 4).fraction == 1.0


def test_a_slow_callback_is_spared_but_not_the_first_and_last_event() -> None:
    heard: list[int] = []
    report = Reporter(lambda event: heard.append(event.done), interval=60)
    for i in range(101):
        report("silver", "reading", i, 100)
    assert heard == [0, 100]
