"""Tables on disk, the snapshot of a layer, fingerprints, the lock, and work in parts."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from medallion.errors import BuildCancelled, LakeError, LayerFormatError
from medallion.files.recent import forget
from medallion.progress import Progress, Reporter
from medallion.storage import delta, parts, rows
from medallion.storage.coded import Coded
from medallion.storage.fingerprint import Fingerprint, code_digest, digest_file
from medallion.storage.lock import build_lock
from medallion.storage.schema import Column, Table
from medallion.storage.snapshot import Snapshot, TableState, read_snapshot, write_snapshot
from medallion.storage.work import Work, start_work

TABLE = Table(
    "silver.things",
    "thing",
    (
        Column("chrom", "string", "contig", nullable=False),
        Column("pos", "int32", "position, 1-based", nullable=False),
        Column("file", "string", "file", nullable=False),
        Column("record", "int64", "number", nullable=False),
        Column("note", "string", "a word or none"),
    ),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
)


def frame(low: int, high: int, chrom: str = "1") -> pl.DataFrame:
    n = high - low
    return TABLE.conform(
        pl.DataFrame(
            {
                "chrom": [chrom] * n,
                "pos": range(low, high),
                "file": ["f"] * n,
                "record": range(low, high),
                "note": ["a" if i % 2 else None for i in range(n)],
            }
        )
    )


def part(root: Path, low: int, high: int, chrom: str = "1", name: str = "part-0") -> parts.Part:
    written = parts.write_part(root, TABLE, frame(low, high, chrom), chrom=chrom, name=name)
    assert written is not None
    return written


def read(root: Path, version: int) -> pl.DataFrame:
    return delta.scan(root, TABLE, version).sort("chrom", "record").collect()


# Delta tables


def test_parts_are_seen_only_after_their_commit(tmp_path: Path) -> None:
    first = part(tmp_path, 0, 5)
    assert delta.open_table(tmp_path, TABLE) is None
    version = delta.commit(tmp_path, TABLE, [first], {"layer": "silver"})
    assert read(tmp_path, version).equals(frame(0, 5))
    part(tmp_path, 5, 9, name="part-1")
    assert read(tmp_path, version).equals(frame(0, 5))


def test_a_commit_replaces_all_and_leaves_the_version_before(tmp_path: Path) -> None:
    one = delta.commit(tmp_path, TABLE, [part(tmp_path, 0, 5)], {})
    two = delta.commit(tmp_path, TABLE, [part(tmp_path, 7, 9), None], {"who": "me"})
    assert (one, two) == (0, 1)
    assert read(tmp_path, one).equals(frame(0, 5))
    assert read(tmp_path, two).equals(frame(7, 9))
    history = DeltaTable(str(tmp_path / "silver/things")).history()
    assert history[0]["who"] == "me"


def test_a_look_at_a_table_does_not_read_the_log_of_every_build_there_was(tmp_path: Path) -> None:
    for n in range(24):
        delta.commit(tmp_path, TABLE, [part(tmp_path, n, n + 2, name=f"part-{n}")], {})
    for version in (9, 10, 11, 20, 23):
        assert read(tmp_path, version)["pos"].to_list() == [version, version + 1]
    for commit in sorted((tmp_path / "silver" / "things" / "_delta_log").glob("*.json"))[:20]:
        commit.unlink()
    assert read(tmp_path, 23)["pos"].to_list() == [23, 24]


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    version = delta.commit(tmp_path, TABLE, [], {})
    empty = read(tmp_path, version)
    assert empty.is_empty()
    assert dict(empty.schema) == TABLE.polars_schema()
    again = delta.commit(tmp_path, TABLE, [part(tmp_path, 0, 2)], {})
    assert len(read(tmp_path, again)) == 2
    assert read(tmp_path, delta.commit(tmp_path, TABLE, [], {})).is_empty()


@pytest.mark.parametrize(
    "chrom",
    ["22", "chrX", "<chr1>", "HLA-A*01:01:01:01", "a/b", "a=b", "a b", "%41", "..", "ß" * 80],
)
def test_any_name_of_a_contig_comes_back(chrom: str, tmp_path: Path) -> None:
    parts = [part(tmp_path, 0, 3, chrom), part(tmp_path, 3, 4, "other")]
    version = delta.commit(tmp_path, TABLE, parts, {})
    found = read(tmp_path, version).filter(pl.col("chrom") == chrom)
    assert found.equals(frame(0, 3, chrom))
    groups = rows.row_groups(tmp_path, TABLE, version)
    assert {g.chrom for g in groups} == {chrom, "other"}
    assert delta.clean(tmp_path, TABLE, [version]) == 0
    below = [p for p in (tmp_path / "silver").rglob("*") if p.is_file()]
    assert all(p.is_relative_to(tmp_path / "silver" / "things") for p in below)


def test_coded_rows_are_read_as_others(tmp_path: Path) -> None:
    writer = parts.PartWriter(tmp_path, TABLE, "1", "p")
    for first in (1, 4):
        numbers = Coded.numbers(np.arange(first, first + 3)).repeated(np.array([1, 0, 2]))
        writer.write(
            {
                "note": Coded.of(["b", None, "a"]),
                "record": numbers,
                "file": Coded.of(["f"]).repeated(np.array([3])),
                "pos": numbers,
            }
        )
    written = writer.close()
    version = delta.commit(tmp_path, TABLE, [written], {})
    found = read(tmp_path, version)
    assert found["note"].to_list() == ["b", None, "a"] * 2
    assert found["record"].to_list() == [1, 3, 3, 4, 6, 6]
    assert dict(found.schema) == TABLE.polars_schema()
    assert written is not None
    assert written.stats == {"pos": (1, 6), "file": ("f", "f"), "record": (1, 6)}
    parts.read_through(tmp_path, TABLE, written)
    groups = rows.row_groups(tmp_path, TABLE, version)
    assert [(g.first_record, g.last_record) for g in groups] == [(1, 3), (4, 6)]


def test_filters_reach_the_files(tmp_path: Path) -> None:
    """A part whose bounds rule it out is not even opened."""
    kept, doomed = part(tmp_path, 0, 5), part(tmp_path, 100, 105, name="part-1")
    version = delta.commit(tmp_path, TABLE, [kept, doomed], {})
    (tmp_path / "silver" / "things" / doomed.path).write_bytes(bytes(doomed.bytes))
    found = delta.scan(tmp_path, TABLE, version).filter(pl.col("pos") < 50).collect()
    assert len(found) == 5


def test_all_files_of_a_table_are_looked_at_once_in_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A genome has thousands; a page of the app asks for a table many times over."""
    monkeypatch.setattr("medallion.files.recent._SECONDS_OF_FILES", 1000)
    own = part(tmp_path, 0, 5)
    version = delta.commit(tmp_path, TABLE, [own], {})
    delta.scan(tmp_path, TABLE, version)
    (tmp_path / "silver" / "things" / own.path).unlink()
    delta.scan(tmp_path, TABLE, version)
    forget(tmp_path)  # as a build does
    with pytest.raises(LakeError, match="a file of it is gone"):
        delta.scan(tmp_path, TABLE, version)


def test_row_groups_and_ranges_of_records(tmp_path: Path) -> None:
    writer = parts.PartWriter(tmp_path, TABLE, "1", "p")
    for low in (0, 10, 20):
        writer.write(frame(low, low + 10))
    written = writer.close()
    assert written is not None
    assert written.rows == 30
    version = delta.commit(tmp_path, TABLE, [written], {})
    groups = rows.row_groups(tmp_path, TABLE, version)
    assert [(g.first_record, g.last_record) for g in groups] == [(0, 9), (10, 19), (20, 29)]
    for first, last in ((0, 29), (5, 5), (9, 10), (12, 23), (-5, 3)):
        found = rows.read_records(groups, ["record"], [], "1", "f", first, last)
        assert found is not None
        wanted = [r for r in range(30) if first <= r <= last]
        assert found["record"].to_pylist() == wanted
    assert rows.read_records(groups, ["record"], [], "1", "f", 30, 99) is None
    assert rows.read_records(groups, ["record"], [], "1", "g", 0, 9) is None


def test_cleaning_keeps_what_is_named(tmp_path: Path) -> None:
    one = delta.commit(tmp_path, TABLE, [part(tmp_path, 0, 5)], {})
    two = delta.commit(tmp_path, TABLE, [part(tmp_path, 5, 9)], {})
    three = delta.commit(tmp_path, TABLE, [part(tmp_path, 9, 10)], {})
    orphan = part(tmp_path, 50, 60)
    assert delta.clean(tmp_path, TABLE, [two, three]) == 2
    assert not (tmp_path / "silver" / "things" / orphan.path).exists()
    assert len(read(tmp_path, two)) == 4
    assert len(read(tmp_path, three)) == 1
    with pytest.raises(LakeError, match="a file of it is gone"):
        read(tmp_path, one)


# Snapshots


def snapshot(**changes: object) -> Snapshot:
    plain = Snapshot(
        "silver",
        {"things": TableState(3, 10, 99)},
        Fingerprint({"The VCF a": "00"}, {}, 1, "c0de"),
        datetime.now(UTC),
        1.5,
        {"ledger": []},
    )
    return dataclasses.replace(plain, **changes)


def test_a_snapshot_comes_back(tmp_path: Path) -> None:
    assert read_snapshot(tmp_path, "silver") is None
    written = snapshot()
    write_snapshot(tmp_path, written)
    assert read_snapshot(tmp_path, "silver") == written
    assert [p.name for p in (tmp_path / "silver").iterdir()] == ["layer.json"]


def test_the_token_changes_with_every_build() -> None:
    one = snapshot()
    later = snapshot(built_at=datetime(2030, 1, 1, tzinfo=UTC))
    other = snapshot(tables={"things": TableState(4, 10, 99)})
    assert len({one.token, later.token, other.token}) == 3


@pytest.mark.parametrize(
    ("content", "error", "word"),
    [
        ("", LakeError, "cannot be read"),
        ("{not json", LakeError, "cannot be read"),
        ("[]", LayerFormatError, "format"),
        ('{"format": 99}', LayerFormatError, "99"),
        ('{"tables": {}}', LayerFormatError, "None"),
        ('{"format": 1}', LakeError, "tables"),
        ('{"format": 1, "tables": {"a": {}}}', LakeError, "TableState"),
        ('{"format": 1, "tables": []}', LakeError, "items"),
    ],
)
def test_a_damaged_or_foreign_snapshot_is_refused_in_one_line(
    content: str, error: type[LakeError], word: str, tmp_path: Path
) -> None:
    (tmp_path / "silver").mkdir()
    (tmp_path / "silver" / "layer.json").write_text(content, encoding="utf-8")
    with pytest.raises(LakeError) as raised:
        read_snapshot(tmp_path, "silver")
    assert type(raised.value) is error
    assert word in str(raised.value)
    assert "\n" not in str(raised.value)
    assert str(tmp_path / "silver") in str(raised.value)


def test_a_reader_sees_the_old_snapshot_or_the_new_one(tmp_path: Path) -> None:
    """Written over and over while it is read over and over: never half of one."""
    stop = threading.Event()
    write_snapshot(tmp_path, snapshot())

    def write() -> None:
        while not stop.is_set():
            write_snapshot(tmp_path, snapshot(summary={"x": "y" * 5000}))

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        try:
            for _ in range(200):
                assert read_snapshot(tmp_path, "silver") is not None
        finally:
            stop.set()
        writing.result()


# Fingerprints


def test_a_fingerprint_says_in_words_what_differs() -> None:
    before = Fingerprint({"The VCF a": "1", "The VCF b": "2"}, {"x": 1}, 1, "aa")
    assert before.differences(before) == ()
    now = Fingerprint({"The VCF a": "9", "The table c": "3"}, {"x": 2}, 2, "bb")
    assert before.differences(now) == (
        "The VCF a changed.",
        "The VCF b was removed.",
        "The table c was added.",
        "The parameter x changed from 1 to 2.",
        "The tables have format 1; this version writes 2.",
        "The code that makes this layer changed.",
    )
    assert before.digest != now.digest
    again = Fingerprint.from_json(json.loads(json.dumps(before.to_json())))
    assert again.digest == before.digest


def test_a_flipped_byte_of_a_part_is_never_missed_by_verify(tmp_path: Path) -> None:
    """Each byte of a file once, read as `verify` reads: other readers check no page's checksum."""
    written = part(tmp_path, 1, 300)
    path = parts.table_path(tmp_path, TABLE) / written.path
    data, missed = path.read_bytes(), []
    whole = pl.read_parquet(path)
    parts.read_through(tmp_path, TABLE, written)
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :])
        try:
            parts.read_through(tmp_path, TABLE, written)
        except (OSError, pa.ArrowException):
            continue
        # A byte that Arrow has no use for, but polars has: whoever reads it is told.
        with suppress(pl.exceptions.PolarsError, pl.exceptions.PanicException):
            if not pl.read_parquet(path).equals(whole):
                missed.append(place)
    assert missed == []


def test_the_code_digest_follows_the_code() -> None:
    assert code_digest("silver") != code_digest("gold")
    assert code_digest("silver", "gold") != code_digest("gold")
    assert code_digest("vcf/blocks.py") != code_digest("vcf/lines.py")


def test_the_digest_of_a_file_is_that_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert digest_file(tmp_path / "a") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


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
