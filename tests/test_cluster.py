"""Builds whose work is done elsewhere: on a cluster of processes, which may die on the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import psutil
import pytest
from real_data import thorough

from medallion import Lake, cli
from medallion.errors import BuildCancelled, UsageError, WorkerError
from medallion.progress import Progress, Reporter
from medallion.silver import partition
from medallion.storage import cluster, delta, work
from medallion.storage.fingerprint import code_digest
from medallion.storage.parts import table_path
from medallion.storage.publish import arrived
from medallion.storage.work import start_work

distributed = pytest.importorskip("distributed")
dask_config = pytest.importorskip("dask.config")
# Dask's own: sockets and loops that it leaves to the collector.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """Two worker processes on this machine, and a client of theirs."""
    with (
        distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
            silence_logs=50,
        ) as machines,
        distributed.Client(machines, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def pooled(cohort_lake: Lake) -> Lake:
    """What threads of a process make."""
    return cohort_lake


def like(pooled: Lake, folder: Path) -> Lake:
    """A lake of the same files, not built."""
    return Lake(folder / "lake", vcf=pooled.source.vcf, samples=pooled.source.samples)


def same(one: Lake, other: Lake) -> None:
    """Every table of silver and gold has the same rows in the same order."""
    tables = [t.name for t in one.tables() if t.layer != "bronze"]
    assert len(tables) > 15
    for name in tables:
        assert other.scan(name, build=False).collect().equals(one.scan(name, build=False).collect())


def parts(lake: Lake) -> set[Path]:
    """Every Parquet file of silver and gold, committed or not."""
    return {
        path
        for table in lake.tables()
        for path in table_path(lake.path, table).rglob("*.parquet")
        if table.layer != "bronze" and "_delta_log" not in path.parts
    }


def test_a_cluster_makes_what_threads_make(dask: Any, pooled: Lake, tmp_path: Path) -> None:
    lake = like(pooled, tmp_path)
    lake.build(executor=dask.get_executor())
    same(pooled, lake)


@thorough
def test_the_command_line_has_a_cluster_do_the_work(
    dask: Any, pooled: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the work is done by this process")

    monkeypatch.setattr(work, "ThreadPoolExecutor", refuse)
    address, (vcf,) = dask.scheduler.address, pooled.source.vcf
    code = cli.main(
        ["build", "--lake", str(tmp_path / "lake"), "--vcf", str(vcf),
         "--samples", str(pooled.source.samples), "--cluster", address]
    )  # fmt: skip
    assert code == 0, capsys.readouterr().err
    same(pooled, Lake(tmp_path / "lake"))


def kill(pid: int) -> None:
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))


class InTheMiddle:
    """Does something once, when some of the records are read and others are being read."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act: Callable[[], object] | None = act

    def __call__(self, event: Progress) -> None:
        if event.stage == "reading records" and event.done and self.act:
            act, self.act = self.act, None
            act()


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def kill_a_busy_worker(client: Any) -> None:
    """Kill a process that has a task of a build in its hands."""
    pids, held = client.run(os.getpid), client.processing()
    kill(pids[max(held, key=lambda worker: len(held[worker]))])


def test_cancelled_and_with_a_worker_killed_it_comes_out_the_same(
    dask: Any, demo_lake: Lake, tmp_path: Path
) -> None:
    lake, stop = Lake(tmp_path / "lake", dataset="demo"), threading.Event()
    with pytest.raises(BuildCancelled):
        lake.build(executor=dask.get_executor(), progress=InTheMiddle(stop.set), cancel=stop)
    assert lake.status()["silver"].state == "missing"
    wait_until(lambda: not any(dask.processing().values()))
    victim = InTheMiddle(lambda: kill_a_busy_worker(dask))
    lake.build(executor=dask.get_executor(), progress=victim)
    assert victim.act is None
    same(demo_lake, lake)
    # What a worker wrote after the build was cancelled, or before it was killed, is gone.
    committed = {
        table_path(lake.path, t) / p
        for t in lake.tables()
        for p in delta.newest_names(lake.path, t)
    }
    assert parts(lake) <= committed


@thorough
def test_a_pool_that_dies_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", dataset="demo")
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        victim = InTheMiddle(lambda: [kill(pid) for pid in list(pool._processes)])
        with pytest.raises(WorkerError, match=r"its workers died .* ran out of memory"):
            lake.build(executor=pool, progress=victim)
    assert victim.act is None
    assert lake.status()["silver"].state == "missing"
    assert not list((lake.path / "silver").rglob("*.parquet"))


@thorough
def test_a_cluster_that_is_gone_is_told(pooled: Lake, tmp_path: Path) -> None:
    lake = like(pooled, tmp_path)
    with (
        distributed.LocalCluster(
            n_workers=0, processes=False, dashboard_address=None, silence_logs=50
        ) as machines,
        distributed.Client(machines, set_as_default=False) as client,
    ):
        executor = client.get_executor()
    with pytest.raises(WorkerError, match="out of reach"):
        lake.build(executor=executor)


@thorough
def test_a_scheduler_that_goes_in_the_middle_is_told_and_another_begins_anew(
    dask: Any, demo_lake: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake", dataset="demo")
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None,
            silence_logs=50,
        ) as machines,
        distributed.Client(machines, set_as_default=False) as client,
    ):  # fmt: skip
        victim = InTheMiddle(machines.close)
        with pytest.raises(WorkerError, match="died or are out of reach"):
            lake.build(executor=client.get_executor(), progress=victim)
    assert victim.act is None
    assert lake.status()["silver"].state == "missing"
    lake.build(executor=dask.get_executor())
    same(demo_lake, lake)
    newest = {
        table_path(lake.path, table) / name
        for table in lake.tables()
        for name in delta.newest_names(lake.path, table)
    }
    assert parts(lake) <= newest


@thorough
def test_two_builders_take_turns(dask: Any, pooled: Lake, tmp_path: Path) -> None:
    """One has a cluster do the work, the other threads: the second finds all of it done."""
    lake = like(pooled, tmp_path)
    lake.build("bronze")
    with ThreadPoolExecutor(2) as both:
        asked = [
            both.submit(Lake(lake.path).build, executor=executor)
            for executor in (dask.get_executor(), None)
        ]
        for build in asked:
            assert build.result()["gold"].state == "fresh"
    same(pooled, lake)
    runs = lake.history().filter(pl.col("layer") != "bronze")
    assert sorted(runs["layer"]) == ["gold", "silver"]


def test_a_batch_is_as_large_as_the_smallest_worker_can_hold(dask: Any, tmp_path: Path) -> None:
    limits = [w["memory_limit"] for w in dask.scheduler_info()["workers"].values()]
    with start_work(tmp_path, Reporter(None), executor=dask.get_executor()) as by_cluster:
        assert by_cluster.memory == min(limits) > 0
    with start_work(tmp_path, Reporter(None), workers=3) as by_threads:
        assert by_threads.memory is not None
        assert 0 < 3 * by_threads.memory < psutil.virtual_memory().total
    sizes = [partition.text_per_batch(n << 20) for n in (100, 400, 512, 1024, 1 << 20)]
    assert sizes == sorted(sizes)
    assert sizes[0] >= 1 << 20
    assert 4 * sizes[2] < 512 << 20
    assert sizes[-1] == partition.text_per_batch(None)


_FAULTS = """
import numpy as np, resource
from medallion.storage.memory import keep_memory

def faults():
    # Too many for holes that compiling left; of 4 MB, numpy would ask for huge pages.
    some = lambda: [np.ones(3 << 17) for _ in range(4)]
    some()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(5):
        some()
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

as_dask_starts_it = faults()
keep_memory()
print(as_dask_starts_it, faults())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="of glibc")
def test_a_worker_keeps_memory_that_it_will_want_again() -> None:
    """Without, the 768 pages of an array of 3 MB are asked for anew each time."""
    # `distributed.config` is a module or a dict, by what was imported before.
    environment = dask_config.get("distributed.nanny.pre-spawn-environ")
    given = {k: str(v) for k, v in environment.items()}
    assert "MALLOC_TRIM_THRESHOLD_" in given
    told = subprocess.run(
        [sys.executable, "-c", _FAULTS], env={**os.environ, **given}, check=True,
        capture_output=True, text=True,
    ).stdout.split()  # fmt: skip
    before, kept = map(int, told)
    assert before > 4000
    assert kept < 500


def test_no_scheduler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.5)
    with (
        pytest.raises(WorkerError, match=r"No scheduler answers at tcp://127.0.0.1:9 .*\(dask sch"),
        cluster.connected("tcp://127.0.0.1:9", tmp_path),
    ):
        pass


def test_an_address_that_is_none(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="'nonsense://x' is no address of a scheduler"),
        cluster.connected("nonsense://x", tmp_path),
    ):
        pass


def test_no_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_WORKERS_SECONDS", 0.3)
    with (
        distributed.LocalCluster(
            n_workers=0,
            processes=False,
            dashboard_address=None,
            host="127.0.0.1",
            protocol="tcp://",
            silence_logs=50,
        ) as machines,
        pytest.raises(WorkerError, match=r"has no worker after 0.3 s\. Start some: dask worker"),
        cluster.connected(machines.scheduler_address, tmp_path),
    ):
        pass  # fmt: skip


def test_a_worker_with_other_code(
    dask: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster, "code_digest", lambda _: "another")
    with (
        pytest.raises(WorkerError, match="another version of this package: expected code another"),
        cluster.connected(dask.scheduler.address, tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((code_digest("."), False), "does not see the folder .* under the same path"),
        (ModuleNotFoundError("No module named 'medallion'"), "cannot run this package"),
    ],
)
def test_a_worker_that_cannot_do_the_work(answer: object, told: str, tmp_path: Path) -> None:
    client = SimpleNamespace(
        wait_for_workers=lambda *_, **__: None, run=lambda *_, **__: {"tcp://far:1": answer}
    )
    with pytest.raises(WorkerError, match=f"The worker tcp://far:1 {told}"):
        cluster._check_workers(client, "tcp://here:1", tmp_path)


def test_parts_that_are_not_here_are_told(pooled: Lake, tmp_path: Path) -> None:
    table = pooled.tables()[-1]
    here = next(iter(delta.parts_of(pooled.path, table, 0)))
    assert arrived(pooled.path, table, [here]) == [here]
    with pytest.raises(WorkerError, match=r"it is not in .* as this machine sees it"):
        arrived(tmp_path, table, [here])


def test_a_cluster_is_given_more_tasks_than_threads(dask: Any, tmp_path: Path) -> None:
    with start_work(tmp_path, Reporter(), executor=dask.get_executor()) as some:
        assert some.workers >= 4
    with start_work(tmp_path, Reporter(), executor=ThreadPoolExecutor(3)) as some:
        assert some.workers == 3


def test_results_come_in_the_order_of_the_tasks_and_few_wait(tmp_path: Path) -> None:
    """The first is the last to be done of those that may be begun before it is."""
    begun: list[int] = []
    enough = threading.Event()

    def act(task: int) -> int:
        begun.append(task)
        if len(begun) == 6:
            enough.set()
        if task == 0:
            assert enough.wait(30)
            time.sleep(0.3)
            assert len(begun) == 6  # twice as many as two workers and the one that is queued
        return task * task

    with start_work(tmp_path, Reporter(), workers=2) as some:
        assert list(some.stream(act, range(40))) == [n * n for n in range(40)]
        begun.clear()
        assert some.map(lambda n: n, range(40)) == list(range(40))


def test_work_that_is_not_wanted_any_more_is_let_go(tmp_path: Path) -> None:
    done: list[int] = []
    with start_work(tmp_path, Reporter(), workers=2) as some:
        results = some.stream(done.append, range(100))
        next(results)
        results.close()
        n = len(done)
        assert n <= 4
    assert len(done) == n


@pytest.mark.parametrize(
    ("records", "samples", "parts"), [(1_103_547, 2504, 42), (1_000_000, 500_000, 245), (9, 3, 1)]
)
def test_partitions_are_of_so_much_text_and_of_so_many_records(
    records: int, samples: int, parts: int
) -> None:
    text = records * samples * 4
    size = partition._partition_size(text, samples)
    assert -(-text // size) == parts
    assert size <= 1 << 28 or size // (4 * samples) <= 4096
