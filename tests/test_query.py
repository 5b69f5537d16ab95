"""SQL in a process of its own: the bounds hold whatever is asked, and the next query works."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from medallion import Lake
from medallion.errors import QueryError
from medallion.query import bounded

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


def test_a_query_leaves_nothing_on_the_disk(
    demo_lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    large = "select a, repeat(chr(65 + (a % 26)::int), 40) s from range(15000000) t(a)"
    with pytest.raises(QueryError, match=r"memory|stopped"):
        demo_lake.query(f"{large} order by hash(a) limit 9 offset 14999980", seconds=LONG)
    assert list(tmp_path.iterdir()) == []
