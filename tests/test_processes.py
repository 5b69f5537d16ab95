"""Work that is much is done by processes beside this one: the same tables, the same errors."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil
import pytest
from test_cluster import InTheMiddle, kill, same

from medallion import Lake
from medallion.errors import BuildCancelled, LakeError, WorkerError
from medallion.progress import Reporter
from medallion.storage import work
from medallion.storage.memory import peak_memory
from medallion.storage.processes import start_early
from medallion.storage.work import start_work

MUCH = 1 << 40


@pytest.fixture
def _processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "_HEAVY", 0)


def children() -> list[psutil.Process]:
    """The processes that do tasks for this one."""
    found = []
    for process in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):  # it has ended
            if "medallion.storage.worker" in process.cmdline():
                found.append(process)
    return found


def where(seconds: float) -> int:
    """A task: it takes its time, and tells which process did it."""
    time.sleep(seconds)
    return os.getpid()


def ends(builder: int) -> int:
    """A task that ends its process, unless that is the builder's."""
    if os.getpid() != builder:
        os._exit(7)
    time.sleep(0.2)
    return 0


def refuses(number: int) -> int:
    """A task that fails in another process."""
    if number and os.getpid() != number:
        raise LakeError(f"not for {number}")
    time.sleep(0.2)
    return number


def test_much_work_is_shared_with_processes_and_little_is_not(tmp_path: Path) -> None:
    with start_work(tmp_path, Reporter(), workers=3) as some:
        assert set(some.map(where, [0.01] * 6)) == {os.getpid()}
        assert not children()
        did = set(some.map(where, [0.2] * 12, text=MUCH))
        assert len(did) == 3
        assert did - {os.getpid()} == {p.pid for p in children()}
        assert set(some.stream(where, [0.05] * 12, text=MUCH)) <= did, "each is started once"
        most = some.peak_memory()
    assert not children(), "they end with the work"
    if sys.platform != "win32":
        assert most is not None
        assert most > (peak_memory() or 0) + 2 * 50_000_000


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not exchanged for another there")
def test_a_service_without_a_place_for_errors_has_processes_too(tmp_path: Path) -> None:
    script = """
        import os, sys
        if len(sys.argv) == 1:
            os.close(2)
            os.execv(sys.executable, [sys.executable, sys.argv[0], "without"])
        from functools import partial
        from pathlib import Path
        from time import sleep
        from medallion.progress import Reporter
        from medallion.storage.work import start_work
        with start_work(Path(), Reporter(), workers=2) as some:
            some.map(sleep, [0.3] * 6, text=1 << 40)
            some.map(partial(print, "said by", flush=True), range(999), text=1 << 40)
            print("processes:", len(some.processes._peaks))
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(script), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "script.py")], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done
    assert done.stdout.endswith("processes: 1\n"), done


def test_a_process_started_early_is_the_first_to_be_used_and_ends_with_the_work(
    tmp_path: Path,
) -> None:
    start_early("medallion.silver.partition")
    (early,) = children()
    with start_work(tmp_path, Reporter(), workers=2) as some:
        assert set(some.map(where, [0.3] * 6, text=MUCH)) == {os.getpid(), early.pid}
    assert not children()
    start_early()
    with start_work(tmp_path, Reporter(), workers=2) as some:
        some.map(where, [0] * 6)
    assert not children(), "though nothing was much"


def test_a_build_has_a_process_start_before_anything_heavy_is_loaded() -> None:
    script = """
        import sys
        from medallion import __main__ as command
        def early(*modules):
            assert "polars" not in sys.modules
            print(*modules)
        command.start_early = early
        sys.argv = ["medallion", sys.argv[1], "--help"]
        command.main()
    """
    told = {
        name: subprocess.run(
            [sys.executable, "-c", textwrap.dedent(script), name],
            check=True, capture_output=True, text=True,
        ).stdout.splitlines()[0]
        for name in ("build", "status")
    }  # fmt: skip
    assert told["status"].startswith("usage:")
    for module in told["build"].split():
        assert module.startswith("medallion.")
        import_module(module)


def test_one_worker_is_this_process(tmp_path: Path) -> None:
    with start_work(tmp_path, Reporter(), workers=1) as some:
        assert set(some.map(where, [0] * 5, text=MUCH)) == {os.getpid()}


def test_an_error_of_a_process_is_told_as_it_was(tmp_path: Path) -> None:
    with start_work(tmp_path, Reporter(), workers=2) as some:
        with pytest.raises(LakeError, match=f"not for {os.getpid()}") as told:
            some.map(refuses, [os.getpid()] * 8, text=MUCH)
        assert any("in refuses" in note for note in told.value.__notes__), "where it was raised"
        assert some.map(refuses, [0] * 3, text=MUCH) == [0] * 3


def test_a_process_that_dies_is_told_and_the_next_work_has_another(tmp_path: Path) -> None:
    with start_work(tmp_path, Reporter(), workers=2) as some:
        with pytest.raises(WorkerError, match="a process ended by itself, code 7"):
            some.map(ends, [os.getpid()] * 8, text=MUCH)
        assert len(set(some.map(where, [0.2] * 8, text=MUCH))) == 2


def test_processes_end_with_the_one_they_work_for(tmp_path: Path) -> None:
    script = """
        from pathlib import Path
        from time import sleep
        from medallion.progress import Reporter
        from medallion.storage.work import start_work
        print("main", flush=True)  # were it run again by the processes, it would stand twice
        with start_work(Path(), Reporter(), workers=3) as some:
            some.map(sleep, [0.01] * 30, text=1 << 40)
            print("began", flush=True)
            some.map(sleep, [600] * 3, text=1 << 40)
    """
    (tmp_path / "script.py").write_text(textwrap.dedent(script), encoding="utf-8")
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "script.py")], stdout=subprocess.PIPE, text=True
    ) as builder:
        assert builder.stdout is not None
        assert [builder.stdout.readline() for _ in range(2)] == ["main\n", "began\n"]
        busy = psutil.Process(builder.pid).children(recursive=True)
        assert len(busy) >= 2
        kill(builder.pid)
        _, alive = psutil.wait_procs(busy, timeout=20)
        assert not alive


@pytest.mark.usefixtures("_processes")
def test_processes_make_what_threads_make_whatever_happened_before(
    demo_lake: Lake, tmp_path: Path
) -> None:
    lake, stop = Lake(tmp_path / "lake", dataset="demo"), threading.Event()
    with pytest.raises(BuildCancelled):
        lake.build(workers=3, progress=InTheMiddle(stop.set), cancel=stop)
    assert not children()
    victim = InTheMiddle(lambda: [kill(p.pid) for p in children()])
    with pytest.raises(WorkerError, match="What was built before is untouched"):
        lake.build(workers=3, progress=victim)
    assert not children()
    assert not list((lake.path / "silver").rglob("*.parquet"))
    seen: set[int] = set()
    lake.build(workers=3, progress=lambda _: seen.update(p.pid for p in children()))
    assert seen
    same(demo_lake, lake)
