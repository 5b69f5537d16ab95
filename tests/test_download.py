"""The downloader against a server on loopback that misbehaves in every way we know of.

Each test ends with the right bytes in place or a clear error, and `only` looks that
nothing else is in the directory under the file's name.
"""

from __future__ import annotations

import errno
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import misbehaving_server as ms
import pytest

from medallion.bronze import mirrors, parts
from medallion.bronze.download import DownloadProgress, Fetched, fetch, fetch_many
from medallion.bronze.mirrors import ContentRange, MirrorError, check_address, retry_after
from medallion.bronze.policy import Policy
from medallion.catalog import RemoteFile, Version
from medallion.errors import BuildCancelled, DownloadError, UsageError
from medallion.progress import Progress

NAME = "ALL.chr22.vcf.gz"
CONTENT = random.Random(22).randbytes(700_001)
OTHER = random.Random(23).randbytes(700_001)


@dataclass
class World:
    """A server with one good file on it, and a policy whose waits are only noted."""

    server: ms.MisbehavingServer
    site: ms.Site
    directory: Path
    policy: Policy
    waits: list[float]

    def file(self, *urls: str, size: int | None = len(CONTENT), md5: str | None = "") -> RemoteFile:
        right = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
        version = Version("v1", urls or (self.site.url,), size, right if md5 == "" else md5)
        return RemoteFile(NAME, "vcf", "22", (version,))

    def fetch(
        self,
        file: RemoteFile | None = None,
        *,
        progress: Callable[[Progress], None] | None = None,
        cancel: threading.Event | None = None,
    ) -> Fetched:
        return fetch(
            file or self.file(),
            self.directory,
            progress=progress,
            cancel=cancel,
            policy=self.policy,
        )

    def fails(self, file: RemoteFile | None = None) -> str:
        """The error's text; and nothing may stand under the file's name."""
        with pytest.raises(DownloadError) as caught:
            self.fetch(file)
        assert not (self.directory / NAME).exists()
        return str(caught.value)

    def only(self, *names: str) -> None:
        assert sorted(path.name for path in self.directory.iterdir()) == sorted(names)

    def right(self, fetched: Fetched) -> None:
        """The bytes are right, the record says so, and nothing is left beside them."""
        assert fetched.path.read_bytes() == CONTENT
        assert fetched.bytes == len(CONTENT)
        assert fetched.md5 == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
        assert fetched.sha256 == hashlib.sha256(CONTENT).hexdigest()
        self.only(NAME)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    waits: list[float] = []
    policy = Policy(
        connect_timeout=2.0,
        read_timeout=0.4,
        wait=lambda seconds, _cancel: waits.append(seconds),
        jitter=lambda: 0.0,
        free_bytes=lambda _directory: 10**12,
    )
    with ms.serve() as server:
        yield World(server, server.add("/file", CONTENT), tmp_path / "bronze", policy, waits)


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


def test_range_ignored(world: World) -> None:
    world.site.script(ms.cut(300_000), ms.no_ranges(400_000), ms.no_ranges())
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=300000-", "bytes=400000-"]


@pytest.mark.parametrize("honest", [True, False], ids=["200", "continues the other file"])
def test_file_changed_between_tries(world: World, honest: bool) -> None:
    world.site.content = OTHER
    world.site.script(ms.cut(300_000), ms.changed(CONTENT, honest=honest), ms.well)
    world.right(world.fetch())


def test_changed_file_is_noticed_without_md5(world: World) -> None:
    world.site.content = OTHER
    world.site.script(ms.cut(300_000), ms.changed(CONTENT, honest=False), ms.well)
    world.right(world.fetch(world.file(md5=None)))


def test_no_marks_no_continuing(world: World) -> None:
    world.site.etag = world.site.last_modified = None
    world.site.script(ms.cut(300_000), ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, None]


@pytest.mark.parametrize("etag", ['W/"weak"', None], ids=["weak", "none"])
def test_last_modified_where_the_etag_will_not_do(world: World, etag: str | None) -> None:
    world.site.etag = etag
    world.site.script(ms.cut(300_000), ms.well)
    world.right(world.fetch())
    assert world.site.requests[1]["if-range"] == world.site.last_modified
    assert world.site.ranges[1] == "bytes=300000-"


@pytest.mark.parametrize(
    "text",
    [
        "bytes 0-700000/700001",
        "bytes 300001-700000/700001",
        "bytes 300000-700000/800000",
        "bytes 300000-299999/700001",
        "lines 1-2/3",
        "",
    ],
)
def test_wrong_content_range(world: World, text: str) -> None:
    world.site.script(ms.cut(300_000), ms.content_range(text), ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=300000-", None]


def test_a_range_that_nobody_asked_for(world: World) -> None:
    world.site.script(ms.content_range("bytes 0-700000/700001"))
    assert "sent another part of the file than the one asked for" in world.fails()


def test_wrong_md5_goes_to_the_next_mirror(world: World) -> None:
    bad = world.server.add("/bad", OTHER)
    fetched = world.fetch(world.file(bad.url, world.site.url))
    world.right(fetched)
    assert fetched.url == world.site.url
    assert len(bad.requests) == 1


def test_wrong_md5_names_expected_and_got(world: World) -> None:
    world.site.content = OTHER
    text = world.fails()
    for content in (CONTENT, OTHER):
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() in text
    assert "expected" in text
    assert "discarded" in text
    world.only()


@pytest.mark.parametrize("length", [len(CONTENT) - 1, len(CONTENT) + 1, 10**9])
def test_content_length_that_lies(world: World, length: int) -> None:
    world.site.script(ms.lie(length))
    text = world.fails()
    assert f"announces {length} bytes, expected {len(CONTENT)}" in text
    world.only()


def test_content_length_that_lies_where_only_the_md5_is_known(world: World) -> None:
    world.site.script(ms.lie(len(CONTENT) - 1))
    assert "expected" in world.fails(world.file(size=None))
    world.only()


def test_content_length_that_promises_more_where_nothing_is_known(world: World) -> None:
    world.site.script(ms.lie(len(CONTENT) + 1))
    assert "broke the connection" in world.fails(world.file(size=None, md5=None))


def test_stalling_body(world: World) -> None:
    world.site.script(ms.stall(300_000), ms.well)
    world.right(world.fetch())
    assert world.site.ranges == [None, "bytes=300000-"]


def test_always_stalling(world: World) -> None:
    world.policy = replace(world.policy, tries=2)
    world.site.script(ms.stall(0))
    assert "sent nothing for 0.4 seconds, 2 times in a row" in world.fails()


def test_a_body_that_drips_is_given_up(world: World) -> None:
    world.policy = replace(world.policy, tries=1, slow_after=0.3, slowest=1000.0)
    world.site.script(ms.drip)
    assert "sent only" in world.fails()


def test_a_server_that_hangs_up(world: World) -> None:
    world.site.script(ms.hang_up, ms.well)
    world.right(world.fetch())


def test_redirects_are_followed(world: World) -> None:
    first = world.server.add("/first", b"")
    second = world.server.add("/second", b"")
    first.script(ms.redirect("/second"))
    second.script(ms.redirect(world.site.url))
    world.site.script(ms.cut(300_000), ms.well)
    fetched = world.fetch(world.file(first.url))
    world.right(fetched)
    assert fetched.url == first.url
    assert world.site.ranges == [None, "bytes=300000-"]


def test_redirects_in_circles(world: World) -> None:
    world.site.script(ms.redirect("/file"))
    assert "redirects in circles" in world.fails()
    assert world.waits == []


@pytest.mark.parametrize("to", ["http://example.org/x", "ftp://example.org/x"])
def test_redirects_away_from_https_are_refused(world: World, to: str) -> None:
    world.site.script(ms.redirect(to))
    assert f"redirected to an address that is not https:// ({to})" in world.fails()
    assert len(world.site.requests) == 1


@pytest.mark.parametrize(
    "url", ["http://example.org/x", "ftp://example.org/x", "file:///etc/passwd", "x", "http://[::"]
)
def test_only_https(world: World, url: str) -> None:
    assert f"is not an https:// address ({url})" in world.fails(world.file(url))


def test_a_redirect_from_outside_may_not_lead_to_this_machine() -> None:
    check_address("http://127.0.0.1/x")
    check_address("http://localhost/x", came_from="http://[::1]/y")
    with pytest.raises(MirrorError, match="this machine"):
        check_address("https://localhost/x", came_from="https://example.org/y")


def test_no_server_can_be_reached(world: World) -> None:
    with ms.serve() as other:
        down = other.add("/file", CONTENT).url
    text = world.fails(world.file(down))
    assert "no server could be reached; is there a network? 127.0.0.1 (v1) cannot be con" in text


def test_mirror_that_is_down(world: World) -> None:
    with ms.serve() as other:
        down = other.add("/file", CONTENT).url
    world.right(world.fetch(world.file(down, world.site.url)))
    assert world.waits == [1.0]  # a host that is not there gets few tries


@pytest.mark.parametrize(("code", "said"), [(404, "(404)"), (403, "(403)"), (410, "(410)")])
def test_gone_or_forbidden_goes_to_the_next_mirror_at_once(
    world: World, code: int, said: str
) -> None:
    gone = world.server.add("/gone", b"")
    gone.script(ms.status(code))
    world.right(world.fetch(world.file(gone.url, world.site.url)))
    assert (world.waits, len(gone.requests)) == ([], 1)
    (world.directory / NAME).unlink()
    assert said in world.fails(world.file(gone.url))


def test_the_error_lists_every_mirror_and_what_it_said(world: World) -> None:
    urls = []
    for number, behaviour in enumerate([ms.status(404), ms.status(503), ms.hang_up]):
        site = world.server.add(f"/{number}", CONTENT)
        site.script(behaviour)
        urls.append(site.url)
    old = Version("v0", (world.server.add("/old", OTHER).url,), len(CONTENT), "0" * 32)
    file = world.file(*urls)
    text = world.fails(replace(file, versions=(*file.versions, old)))
    for said in ("(404)", "(503), 6 times", "broke the connection, 6 times", "(v0) sent a file"):
        assert said in text
    assert text.startswith(f"{NAME} could not be downloaded: ")
    assert "\n" not in text


def test_a_previous_version_is_a_fallback_that_is_told_by_name(world: World) -> None:
    world.site.script(ms.status(404))
    old = world.server.add("/old", OTHER[:500])
    md5 = hashlib.md5(OTHER[:500], usedforsecurity=False).hexdigest()
    file = world.file()
    file = replace(file, versions=(*file.versions, Version("v0", (old.url,), 500, md5)))
    fetched = world.fetch(file)
    assert (fetched.version, fetched.bytes, fetched.url) == ("v0", 500, old.url)
    assert fetched.path.read_bytes() == OTHER[:500]
    # And it is right when it is met again, although the current one could now be had.
    world.site.script(ms.well)
    assert world.fetch(file).version == "v0"


def test_the_mirror_that_the_part_is_from_goes_first(world: World) -> None:
    other = world.server.add("/other", CONTENT)
    other.script(ms.status(404))
    world.site.script(ms.cut(300_000), ms.status(404))
    file = world.file(other.url, world.site.url)
    world.fails(file)
    world.site.script(ms.well)
    world.right(world.fetch(file))
    assert (len(other.requests), world.site.ranges[-1]) == (1, "bytes=300000-")


def test_chunked_body(world: World) -> None:
    world.site.script(ms.chunked(whole=False), ms.chunked())
    world.right(world.fetch(world.file(size=None, md5=None)))


def test_a_body_of_unknown_length_needs_a_md5_or_a_size(world: World) -> None:
    world.site.script(ms.unmeasured())
    assert "how long the file is" in world.fails(world.file(size=None, md5=None))
    world.right(world.fetch(world.file(size=None)))


def test_a_body_of_unknown_length_that_is_cut(world: World) -> None:
    world.site.script(ms.unmeasured(300_000), ms.well)
    world.right(world.fetch())


def test_a_body_of_unknown_length_that_is_too_long(world: World) -> None:
    world.site.content = CONTENT + b"more"
    world.site.script(ms.unmeasured())
    assert "more than the 700001 bytes" in world.fails()
    world.only()


def test_content_encoding(world: World) -> None:
    world.site.script(ms.sends(Content_Encoding="gzip"))
    # Bytes as they are sent, never decoded; the md5 says whether they are the file's.
    world.right(world.fetch())
    (world.directory / NAME).unlink()
    assert "encoded (gzip)" in world.fails(world.file(md5=None))


def test_a_web_page_is_not_taken_for_a_file_of_unknown_md5(world: World) -> None:
    world.site.script(ms.sends(Content_Type="text/html; charset=utf-8"))
    assert "web page" in world.fails(world.file(size=None, md5=None))


def test_nothing_known_about_the_file(world: World) -> None:
    file = world.file(size=None, md5=None)
    fetched = world.fetch(file)
    world.right(fetched)
    assert not fetched.verified
    again = world.fetch(file)
    assert (again.new, again.verified, again.version) == (False, False, None)
    assert len(world.site.requests) == 1


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


def test_headers_that_make_no_sense() -> None:
    assert ContentRange.parse("bytes 5-9/*") == ContentRange(5, 9, None)
    assert ContentRange.parse("bytes 5-9/9") is None
    assert ContentRange.parse(None) is None
    assert retry_after(None) is None
    assert retry_after("Mon, 23 Nov 2020 08:00:00 GMT") == 0.0
    assert retry_after("-1") is None


def test_certificates_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", "/some/bundle.pem")
    assert mirrors._session().verify == "/some/bundle.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    assert mirrors._session().verify is True


def test_a_proxy_of_the_environment_that_is_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ms.serve() as other:
        down = f"http://127.0.0.1:{other.server_address[1]}"
    for name in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, down)
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert "through the proxy of the environment" in world.fails(
        world.file("https://example.org/x")
    )
