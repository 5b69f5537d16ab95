"""The downloader: whole, continued, cut, for want of room, cancelled, several files at a time.

Each test ends with the right bytes in place or a clear error, and `only` looks that
nothing else is in the directory under the file's name.
"""

from __future__ import annotations

import errno
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import misbehaving_server as ms
import pytest
from downloading import CONTENT, NAME, OTHER, World, world

from medallion.bronze import parts
from medallion.bronze.download import DownloadProgress, fetch_many
from medallion.bronze.policy import Policy
from medallion.errors import BuildCancelled, DownloadError, UsageError
from medallion.progress import Progress

__all__ = ["world"]  # fixture


def test_whole_file_and_its_record(world: World) -> None:
    fetched = world.fetch()
    world.right(fetched)
    assert (fetched.url, fetched.version, fetched.etag) == (world.site.url, "v1", '"first"')
    assert fetched.last_modified == world.site.last_modified
    assert fetched.verified
    assert fetched.new
    assert fetched.fetched_at is not None
    assert datetime.now(UTC) - fetched.fetched_at < timedelta(minutes=1)
    assert world.site.requests[0]["accept-encoding"] == "identity"


def test_a_right_file_is_not_fetched_again(world: World) -> None:
    world.fetch()
    again = world.fetch()
    world.right(again)
    assert not again.new
    assert again.verified
    assert again.version == "v1"
    assert (again.url, again.fetched_at) == (None, None)
    assert len(world.site.requests) == 1


@pytest.mark.parametrize("wrong", [b"short", OTHER], ids=["size", "md5"])
def test_a_wrong_file_is_put_aside(world: World, wrong: bytes) -> None:
    world.directory.mkdir()
    (world.directory / NAME).write_bytes(wrong)
    assert world.fetch().path.read_bytes() == CONTENT
    (aside,) = world.directory.glob(f"{NAME}.aside-*Z")
    assert aside.read_bytes() == wrong
    world.only(NAME, aside.name)


def test_files_put_aside_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        (tmp_path / NAME).write_text(text, encoding="utf-8")
        parts.put_aside(tmp_path / NAME)
    assert {path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {
        "one",
        "two",
        "three",
    }


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
def test_cut_at_every_tenth(world: World, reset: bool) -> None:
    tenth = len(CONTENT) // 10
    world.site.script(*[ms.cut(tenth, reset=reset)] * 9, ms.well)
    world.right(world.fetch())
    # A reset may take bytes with it that were under way, so only the direction is sure.
    starts = [int(r[6:-1]) if r else 0 for r in world.site.ranges]
    assert starts == sorted(starts)
    if not reset:
        assert starts == [tenth * n for n in range(10)]
        assert all(r.get("if-range") == '"first"' for r in world.site.requests[1:])


@pytest.mark.parametrize("tenth", range(10))
def test_cut_once_in_each_tenth_and_continued_by_another_process(world: World, tenth: int) -> None:
    sent = tenth * len(CONTENT) // 10 + 7
    world.site.script(ms.cut(sent), ms.status(404))
    assert "does not have the file (404)" in world.fails()
    world.only(f"{NAME}.part", f"{NAME}.part.json")
    world.site.script(ms.well)
    world.right(world.fetch())
    assert world.site.ranges[-1] == f"bytes={sent}-"


def test_a_part_that_was_damaged_on_disk_is_fetched_anew(world: World) -> None:
    world.site.script(ms.cut(300_000), ms.status(404))
    world.fails()
    part = world.directory / f"{NAME}.part"
    part.write_bytes(b"\0" * 300_000)
    world.site.script(ms.well)
    world.right(world.fetch())
    assert world.site.ranges[-2:] == ["bytes=300000-", None]


def test_a_part_that_was_whole_needs_no_request(world: World) -> None:
    world.site.script(ms.cut(300_000), ms.status(404))
    world.fails()
    (world.directory / f"{NAME}.part").write_bytes(CONTENT)
    asked = len(world.site.requests)
    fetched = world.fetch()
    world.right(fetched)
    assert fetched.url == world.site.url
    assert len(world.site.requests) == asked


def test_a_part_that_is_too_long_is_fetched_anew(world: World) -> None:
    world.site.script(ms.cut(300_000), ms.status(404))
    world.fails()
    (world.directory / f"{NAME}.part").write_bytes(CONTENT + b"more")
    world.site.script(ms.well)
    world.right(world.fetch())


@pytest.mark.parametrize("note", ["", "[]", '{"url": 1}', None], ids=str)
def test_a_part_without_a_note_that_makes_sense_is_not_continued(
    world: World, note: str | None
) -> None:
    world.site.script(ms.cut(300_000), ms.status(404))
    world.fails()
    path = world.directory / f"{NAME}.part.json"
    path.unlink()
    if note is not None:
        path.write_text(note, encoding="utf-8")
    world.site.script(ms.well)
    world.right(world.fetch())
    assert world.site.ranges[-1] is None


@pytest.mark.parametrize("code", [500, 502, 503, 408])
def test_busy_then_fine(world: World, code: int) -> None:
    world.site.script(ms.status(code), ms.status(code), ms.well)
    world.right(world.fetch())
    assert world.waits == [1.0, 2.0]  # jitter is 0 here: the back-off itself


def test_always_busy(world: World) -> None:
    world.site.script(ms.status(503))
    text = world.fails()
    assert "127.0.0.1 (v1) is not available for the moment (503), 6 times in a row" in text
    assert len(world.site.requests) == 6


def test_retry_after_is_honoured_and_bounded(world: World) -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    world.site.script(
        ms.status(429, Retry_After="7"),
        ms.status(429, Retry_After="86400"),
        ms.status(503, Retry_After=soon),
        ms.status(429, Retry_After="soon"),
        ms.well,
    )
    world.right(world.fetch())
    assert world.waits[:2] == [7.0, 120.0]
    assert 20 < world.waits[2] <= 30
    assert world.waits[3] == 8.0


def test_back_off_grows_to_a_bound_with_jitter() -> None:
    policy = Policy(backoff=1.0, backoff_max=5.0, jitter=lambda: 1.0)
    assert [policy.delay(n, None) for n in range(1, 6)] == [0.5, 1.0, 2.0, 2.5, 2.5]


def test_no_room(world: World) -> None:
    world.policy = replace(world.policy, free_bytes=lambda _directory: 500_000)
    text = world.fails()
    assert "0.7 MB are to come" in text
    assert "0.5 MB free" in text
    assert world.site.requests == []
    # Where the catalog does not know the size, the server's word counts.
    world.policy = replace(world.policy, reserve_bytes=0)
    assert "for want of room" in world.fails(world.file(size=None))


def test_no_room_for_all_though_for_each(world: World) -> None:
    files = [replace(world.file(), local_name=name) for name in ("a", "b")]
    policy = replace(world.policy, reserve_bytes=0, free_bytes=lambda _directory: 1_000_000)
    with pytest.raises(DownloadError, match=r"2 files .*1.4 MB are to come"):
        fetch_many(files, world.directory, policy=policy)
    world.only()


def test_the_disk_fills_up_in_the_middle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    flush = parts.Part.flush

    def full(part: parts.Part) -> None:
        if part.size > 300_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(part)

    monkeypatch.setattr(parts, "_BLOCK", 100_000)
    monkeypatch.setattr(parts.Part, "flush", full)
    assert "the disk is full" in world.fails()
    monkeypatch.undo()
    world.right(world.fetch())
    assert world.site.ranges[-1] is not None


def test_a_directory_that_cannot_be_made(world: World) -> None:
    world.directory.write_text("a file is in the way", encoding="utf-8")
    with pytest.raises(DownloadError, match="could not be written"):
        world.fetch()
    with pytest.raises(DownloadError, match="could not be written"):
        fetch_many([world.file()], world.directory, policy=world.policy)


def test_cancel_and_continue(world: World) -> None:
    world.site.script(ms.stall(400_000))
    world.policy = replace(world.policy, read_timeout=20.0)
    cancel = threading.Event()
    timer = threading.Timer(0.3, cancel.set)
    timer.start()
    before = time.monotonic()
    with pytest.raises(BuildCancelled, match="is kept"):
        world.fetch(cancel=cancel)
    assert time.monotonic() - before < 3
    timer.join()
    world.only(f"{NAME}.part", f"{NAME}.part.json")
    world.site.script(ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=400000-"]


def test_cancelled_before_and_while_waiting(world: World) -> None:
    cancel = threading.Event()
    world.site.script(ms.status(503))
    world.policy = replace(
        world.policy, wait=lambda _seconds, event: event.set() if event else None
    )
    with pytest.raises(BuildCancelled):
        world.fetch(cancel=cancel)
    with pytest.raises(BuildCancelled):
        world.fetch(cancel=cancel)
    assert len(world.site.requests) == 1


def test_the_real_wait_ends_when_cancelled() -> None:
    cancel = threading.Event()
    cancel.set()
    before = time.monotonic()
    Policy().wait(30, cancel)
    Policy().wait(0, None)
    assert time.monotonic() - before < 1


def test_progress(world: World) -> None:
    seen: list[Progress] = []
    world.site.script(ms.cut(300_000), ms.well)
    world.fetch(progress=seen.append)
    assert {event.stage for event in seen} == {f"fetching {NAME}"}
    assert {(event.layer, event.unit) for event in seen} == {("bronze", "bytes")}
    assert seen[-1].done == seen[-1].total == len(CONTENT)
    assert [event.done for event in seen] == sorted(event.done for event in seen)
    event = DownloadProgress("bronze", "fetching x", 50_000_000, 200_000_000, "bytes", 2e6)
    assert event.seconds_left == 75
    assert str(event).endswith("2.0 MB/s, 1 min 15 s left")


def test_several_files(world: World) -> None:
    files = []
    for number in range(5):
        site = world.server.add(f"/{number}", CONTENT)
        files.append(replace(world.file(site.url), local_name=f"{number}.gz"))
    seen: list[Progress] = []
    fetched = fetch_many(
        files, world.directory, workers=3, progress=seen.append, policy=world.policy
    )
    assert [one.path.name for one in fetched] == [f"{number}.gz" for number in range(5)]
    assert all(one.path.read_bytes() == CONTENT for one in fetched)
    assert {event.stage for event in seen} == {"fetching 5 files"}
    assert seen[-1].done == seen[-1].total == 5 * len(CONTENT)


def test_several_files_of_which_one_fails(world: World) -> None:
    gone = replace(world.file(world.site.url + "/gone"), local_name="gone")
    with pytest.raises(DownloadError, match=r"^gone could not be downloaded.*404"):
        fetch_many([gone, world.file()], world.directory, policy=world.policy)
    world.only(NAME)
    both = [gone, replace(gone, local_name="gone too")]
    with pytest.raises(DownloadError, match=r"gone could.*gone too could"):
        fetch_many(both, world.directory, policy=world.policy)


def test_several_files_cancelled(world: World) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(BuildCancelled):
        fetch_many([world.file()], world.directory, cancel=cancel, policy=world.policy)


@pytest.mark.parametrize("name", ["../x", "a/b", "a\\b", "C:x", "", ".."])
def test_names_are_not_paths(world: World, name: str) -> None:
    with pytest.raises(UsageError):
        world.fetch(replace(world.file(), local_name=name))
    assert not world.directory.exists()


def test_the_same_name_twice(world: World) -> None:
    with pytest.raises(UsageError):
        fetch_many([world.file(), world.file()], world.directory)
