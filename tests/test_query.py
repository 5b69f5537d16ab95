"""SQL in a process of its own: the bounds hold whatever is asked, and the next query works."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from medallion import Lake
from medallion.errors import QueryError
from medallion.query import bounded, run
from medallion.query.run import run_query
from medallion.tables import published_tables

FOR_EVER = "select count(*) from range(100000000000000)"
LONG = 60.0
VALUES = (
    "select 1::hugeint a, '1'::json j, [1, 2] l, {'a': 1} s, map {'k': 1} m, 1.5::decimal(38,3) d, "
    "date '2020-01-01' n, time '10:00' t, 'a'::enum('a', 'b') e, 'x'::blob b, null z, '' w"
)


@pytest.fixture(autouse=True, scope="module")
def processes() -> Iterator[None]:
    """Processes of these tests' own, which may have 700 MiB."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded, "_MOST_MEMORY", 700 << 20)
        patch.setattr(bounded, "_WORKERS", bounded._Workers())
        yield
        bounded._WORKERS.end()


def free() -> list[psutil.Process]:
    return [psutil.Process(w.process.pid) for w in bounded._WORKERS._free]


def test_the_answer_is_the_same_as_in_this_process(demo_lake: Lake) -> None:
    for sql in (VALUES, "select * from silver.samples", "select * from gold.fst where false"):
        here, there = demo_lake.query(sql), demo_lake.query(sql, seconds=LONG)
        assert there.equals(here)
        assert there.schema == here.schema
    first = free()
    assert len(demo_lake.query("select * from silver.samples", limit=7, seconds=LONG)) == 7
    with pytest.raises(QueryError, match="Expected one SELECT"):
        demo_lake.query("drop table gold.fst", seconds=LONG)
    for sql in ("select interval 1 day", "select union_value(k := 1)"):
        for limit in (None, 5):
            with pytest.raises(QueryError, match="VARCHAR"):
                demo_lake.query(sql, limit=limit, seconds=LONG)
    assert free() == first, "one process has answered them all"


@pytest.mark.parametrize(
    "sql",
    [
        "select repeat('x', 2000000000)",
        "select repeat('x', 1000000) from range(3000)",
    ],
)
def test_what_duckdb_does_not_count_ends_at_the_bound_of_memory(sql: str, demo_lake: Lake) -> None:
    most, started = 0, time.monotonic()

    def look() -> None:
        nonlocal most
        for child in psutil.Process().children():
            most = max(most, child.memory_info().rss)

    with pytest.raises(QueryError, match="memory") as refused:
        demo_lake.query(sql, limit=1000000, seconds=LONG, meanwhile=look)
    assert "\n" not in str(refused.value)
    assert most < 1400 << 20
    assert time.monotonic() - started < LONG
    assert demo_lake.query("select 1 as one", seconds=LONG).rows() == [(1,)]


def test_a_query_ends_when_its_time_is_over_or_nobody_waits(demo_lake: Lake) -> None:
    demo_lake.query("select 1", seconds=LONG)
    (before,) = free()
    begun = time.monotonic()
    with pytest.raises(QueryError, match=r"stopped after 0.5 seconds"):
        demo_lake.query(FOR_EVER, seconds=0.5)
    assert time.monotonic() - begun < 20, "a busy machine's slack, not another bound"
    assert not before.is_running()
    demo_lake.query("select 1", seconds=LONG)
    (before,) = free()
    calls = iter([None, None, KeyboardInterrupt()])

    def stop() -> None:
        if error := next(calls):
            raise error

    with pytest.raises(KeyboardInterrupt):
        demo_lake.query(FOR_EVER, seconds=LONG, meanwhile=stop)
    assert not before.is_running()

    def kill() -> None:
        for child in psutil.Process().children():
            child.kill()

    with pytest.raises(QueryError, match="ended by itself"):
        demo_lake.query(FOR_EVER, seconds=LONG, meanwhile=kill)
    assert demo_lake.query("select 1 as one", seconds=LONG).rows() == [(1,)]


def test_an_answer_larger_than_a_page_may_keep_is_refused(demo_lake: Lake) -> None:
    with pytest.raises(QueryError, match="larger than 116 MB"):
        demo_lake.query("select repeat('x', 1000) from range(150000)", seconds=LONG)
    assert len(free()) == 1


def test_the_process_ends_with_the_program_that_asks(demo_lake: Lake) -> None:
    """Killed, so that it has no chance to tell."""
    program = f"""
import psutil
from medallion import Lake
told = []
def tell():
    if not told:
        told.append(print(psutil.Process().children()[0].pid, flush=True))
Lake({str(demo_lake.path)!r}).query({FOR_EVER!r}, seconds=600, meanwhile=tell)
"""
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        worker = psutil.Process(int(asking.stdout.readline()))
        asking.kill()
    psutil.wait_procs([worker], timeout=LONG)
    assert not worker.is_running()


LARGE = "select a, repeat(chr(65 + (a % 26)::int), 40) s from range(12000000) t(a)"
SORTED = f"{LARGE} order by hash(a) limit 9 offset 11999980"
GROUPED = f"select count(*) n, max(s) s from (select s || hash(a) s from ({LARGE}) group by 1)"


@pytest.fixture
def spilled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where processes spill to, empty; one that is started anew has its folder in it."""
    bounded._WORKERS.end()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    bounded._WORKERS.end()


def largest(folder: Path, most: list[int]) -> Callable[[], None]:
    """What looks, as often as it is called, how much lies in a folder."""

    def look() -> None:
        with suppress(OSError):  # removed as we look
            most[0] = max(most[0], sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()))

    return look


@pytest.mark.parametrize("sql", [SORTED, GROUPED])
def test_what_does_not_fit_in_memory_is_spilled_and_goes(
    sql: str, demo_lake: Lake, spilled: Path
) -> None:
    most = [0]
    rows = demo_lake.query(sql, seconds=300, meanwhile=largest(spilled, most))
    assert most[0] > 100 << 20
    if sql == GROUPED:
        assert rows["n"].to_list() == [12_000_000]
    else:
        assert rows.height == 9
    (folder,) = spilled.iterdir()
    assert list(folder.iterdir()) == []
    bounded._WORKERS.end()
    assert list(spilled.iterdir()) == []


@pytest.mark.parametrize("end", ["time", "killed"])
def test_a_query_that_is_ended_leaves_nothing_on_the_disk(
    end: str, demo_lake: Lake, spilled: Path
) -> None:
    most = [0]
    look = largest(spilled, most)

    def stop() -> None:
        look()
        if most[0] > 10 << 20:
            if end == "time":
                raise KeyboardInterrupt
            for child in psutil.Process().children():
                child.kill()

    with pytest.raises(KeyboardInterrupt if end == "time" else QueryError):
        demo_lake.query(SORTED, seconds=300, meanwhile=stop)
    assert most[0] > 10 << 20
    assert list(spilled.iterdir()) == []


def test_a_program_that_is_killed_leaves_nothing_on_the_disk(
    demo_lake: Lake, tmp_path: Path
) -> None:
    program = f"""
import psutil
from medallion import Lake
from pathlib import Path
told = []
def tell():
    if not told and sum(p.stat().st_size for p in Path({str(tmp_path)!r}).rglob("*_temp_*.tmp")):
        told.append(print(psutil.Process().children()[0].pid, flush=True))
from medallion.query import bounded
bounded._MOST_MEMORY = 700 << 20
Lake({str(demo_lake.path)!r}).query({SORTED!r}, seconds=600, meanwhile=tell)
"""
    env = {**os.environ, "TMPDIR": str(tmp_path), "TEMP": str(tmp_path), "TMP": str(tmp_path)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as asking:
        assert asking.stdout is not None
        worker = psutil.Process(int(asking.stdout.readline()))
        assert list(tmp_path.iterdir()) != []
        asking.kill()
    psutil.wait_procs([worker], timeout=LONG)
    if sys.platform != "win32":  # where a file that is open cannot be removed
        assert list(tmp_path.iterdir()) == []


def test_what_is_spilled_is_bounded_and_says_what_to_do(
    demo_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(run, "_MOST_SPILLED", 20 << 20)
    look = partial(published_tables, demo_lake.path)
    with pytest.raises(
        QueryError, match=r"20.0 MiB used\)\. Ask for less: filter by chrom"
    ) as told:
        run_query(demo_lake.path, look, GROUPED, memory="100MB")
    assert "Possible solutions" not in str(told.value)
    assert list(tmp_path.iterdir()) == []


def test_sql_reaches_no_file_but_what_it_spilled(demo_lake: Lake, spilled: Path) -> None:
    (spilled / "secret.csv").write_text("a\n1\n", encoding="utf-8")
    settings = "select value from duckdb_settings() where name = 'temp_directory'"
    folder = Path(str(demo_lake.query(settings, seconds=LONG).item()))
    assert folder.parent == spilled
    for path in (spilled / "secret.csv", folder / ".." / "secret.csv", spilled / "*"):
        for how in ("read_csv", "read_text", "read_blob", "glob"):
            with pytest.raises(QueryError, match="Permission Error"):
                demo_lake.query(f"select * from {how}('{path}')", seconds=LONG)
    with pytest.raises(QueryError, match="Expected one SELECT"):
        demo_lake.query(f"copy (select 1) to '{folder / 'more.csv'}'", seconds=LONG)
    assert list(folder.iterdir()) == []
