"""Fetch the files of a data set: whole, checked, and only when they are not there yet.

`fetch` brings one file, `fetch_many` several. A file stands under its own name only
once every byte of it has arrived and its size and md5 are right; until then it is a part
(`parts`). What one mirror cannot give, the next is asked for (`mirrors`).

What is not here: what the files are (`medallion.catalog`), tables, and files of the
user's own on this disk.
"""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from medallion.bronze.meter import DownloadProgress, Meter
from medallion.bronze.mirrors import Answer, ContentRange, MirrorError, host_of
from medallion.bronze.parts import Digests, Mark, Part, hash_file, put_aside
from medallion.bronze.policy import Policy
from medallion.bronze.upload import part_of
from medallion.catalog.releases import RemoteFile, Version
from medallion.errors import BuildCancelled, DownloadError, UsageError
from medallion.files import Place
from medallion.progress import ProgressCallback

__all__ = ["DownloadProgress", "Fetched", "Policy", "fetch", "fetch_many"]

_MAX_WORKERS = 4  # more would only crowd one server


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file that is in its place, and how it got there.

    `md5` and `sha256` are of the bytes on disk. `verified`: the md5 is the publisher's.
    A file that was there already and right has `new` False, and nothing is known here of
    where and when it came from: `url`, `etag`, `last_modified`, `fetched_at` are None.
    `version` is the name of the version it is, None where that cannot be told.
    """

    file: RemoteFile
    path: Place
    url: str | None
    bytes: int
    md5: str
    sha256: str
    etag: str | None
    last_modified: str | None
    fetched_at: datetime | None
    version: str | None
    verified: bool
    new: bool


@dataclass(frozen=True, slots=True)
class _Job:
    """One file on its way: where to, how patiently, whom to tell, when to stop."""

    file: RemoteFile
    target: Place
    policy: Policy
    meter: Meter
    cancel: threading.Event | None

    def check(self) -> None:
        """Raise BuildCancelled where the user has asked to stop."""
        if self.cancel is not None and self.cancel.is_set():
            raise BuildCancelled(
                f"The download of {self.file.local_name} was cancelled. What has arrived is "
                "kept: start it again to continue."
            )

    def report(self, done: int, total: int | None, arrived: int = 0) -> None:
        self.check()
        self.meter(self.file.local_name, done, total, arrived)

    def room_for(self, more: int) -> None:
        """Raise DownloadError unless `more` bytes fit on the disk with some to spare."""
        _room_for(self.file.local_name, more, self.target.parent, self.policy)


def fetch(
    file: RemoteFile,
    directory: Place,
    *,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
    policy: Policy | None = None,
) -> Fetched:
    """Bring one file into `directory` under its local name, and say how it got there.

    A right file that is there is not fetched again; a wrong one is put aside under
    `NAME.aside-<UTC time>`. Where neither size nor md5 of any version is known, what is
    there is taken as right. An interrupted download goes on where it stopped.

    Raises DownloadError where no mirror delivers the file or the disk refuses it (its
    text names every mirror and what it said), and BuildCancelled soon after `cancel` is
    set. In either case nothing stands under the file's name that is not the file.
    """
    meter = Meter(progress, f"fetching {file.local_name}", 1)
    return _fetch(file, directory, meter, cancel, policy or Policy())


def fetch_many(
    files: Iterable[RemoteFile],
    directory: Place,
    *,
    workers: int = 2,
    progress: ProgressCallback | None = None,
    cancel: threading.Event | None = None,
    policy: Policy | None = None,
) -> list[Fetched]:
    """Bring several files, `workers` (1 to 4) at a time; results in the files' order.

    Progress counts the bytes of all of them together. One file that fails does not stop
    the others. Raises as `fetch` does, once all have ended, for all that failed.
    """
    wanted = list(files)
    if len({file.local_name for file in wanted}) != len(wanted):
        raise UsageError("Two of the files to fetch have the same name; ask for each once.")
    _room_for_all(wanted, directory, policy or Policy())
    stop = cancel or threading.Event()
    stage = (
        f"fetching {wanted[0].local_name}"
        if len(wanted) == 1
        else (f"fetching {len(wanted)} files")
    )
    meter = Meter(progress, stage, len(wanted))
    with ThreadPoolExecutor(
        min(max(workers, 1), _MAX_WORKERS), thread_name_prefix="medallion-fetch"
    ) as pool:
        running = [
            pool.submit(_fetch, file, directory, meter, stop, policy or Policy()) for file in wanted
        ]
        try:
            errors = [error for future in running if (error := future.exception())]
        except BaseException:
            stop.set()  # Ctrl-C reaches this thread only
            raise
    failures = [error for error in errors if isinstance(error, DownloadError)]
    others = [error for error in errors if not isinstance(error, DownloadError)]
    if others or len(failures) == 1:
        raise (others or failures)[0]
    if failures:
        raise DownloadError(" ".join(map(str, failures)))
    return [future.result() for future in running]


def _room_for(what: str, more: int, directory: Place, policy: Policy) -> None:
    free = policy.free_bytes(directory)
    if free < more + policy.reserve_bytes:
        raise DownloadError(
            f"{what} cannot be downloaded for want of room: {_size(more)} are to come, with "
            f"{_size(policy.reserve_bytes)} to be left free, but {directory} has only "
            f"{_size(free)} free. Make room there and start again."
        )


def _room_for_all(files: list[RemoteFile], directory: Place, policy: Policy) -> None:
    """Raise DownloadError unless all files fit together: each alone might."""
    more = 0
    for file in files:
        target = _target(file, directory)
        if not target.exists():
            more += max(0, (file.bytes or 0) - part_of(target).size)
    what = f"{len(files)} files"
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _room_for(what, more, directory, policy)
    except OSError as error:
        raise _disk_said(what, directory, error) from error


def _fetch(
    file: RemoteFile,
    directory: Place,
    meter: Meter,
    cancel: threading.Event | None,
    policy: Policy,
) -> Fetched:
    job = _Job(file, _target(file, directory), policy, meter, cancel)
    job.check()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        return _already_there(job) or _from_mirrors(job)
    except OSError as error:
        raise _disk_said(file.local_name, directory, error) from error


def _target(file: RemoteFile, directory: Place) -> Place:
    """Where the file goes; UsageError for a name that would lead out of the directory."""
    name = file.local_name
    if name in ("", ".", "..") or any(mark in name for mark in "/\\:\0"):
        raise UsageError(f"{name!r} is not a plain file name, so nothing is fetched under it.")
    return directory / name


def _disk_said(what: str, directory: Place, error: OSError) -> DownloadError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    why = "the disk is full" if full else error.strerror or str(error)
    return DownloadError(
        f"{what} could not be written to {directory}: {why}. What has arrived is kept: "
        f"{'make room' if full else 'put that right'} and start again to continue."
    )


def _already_there(job: _Job) -> Fetched | None:
    """The file that stands in its place, where it is right; a wrong one is put aside."""
    target = job.target
    if not target.exists():
        return None
    if target.is_file():
        size = target.stat().st_size
        # Most wrong files give themselves away by their size, without being read.
        fitting = [v for v in job.file.versions if v.bytes in (None, size)]
        if fitting:
            digests = hash_file(target, lambda done: job.report(done, size))
            for version in fitting:
                if version.md5 in (None, digests.md5):
                    part_of(target).discard()
                    known = version.md5 is not None or version.bytes is not None
                    return _fetched(job, digests, version if known else None, None)
    put_aside(target)
    return None


def _from_mirrors(job: _Job) -> Fetched:
    """Ask the mirrors in their order, version by version, until one has delivered."""
    said: list[str] = []
    reached = False
    with part_of(job.target) as part:
        for version in job.file.versions:
            # Bytes that are here already decide between mirrors of one version.
            for url in sorted(version.urls, key=lambda url: not part.can_go_on(url)):
                try:
                    return _from_mirror(job, part, version, url)
                except MirrorError as failure:
                    reached = reached or failure.tries is None
                    said.append(f"{host_of(url) or url} ({version.name}) {failure}")
        kept = f" What has arrived ({_size(part.size)}) is kept." if part.size else ""
    none = "" if reached else "no server could be reached; is there a network? "
    raise DownloadError(
        f"{job.file.local_name} could not be downloaded: {none}{'; '.join(said)}.{kept} "
        "Check the network (and HTTPS_PROXY, where a proxy is needed), then start again."
    )


def _from_mirror(job: _Job, part: Part, version: Version, url: str) -> Fetched:
    """The whole file from one mirror, in as many tries as it deserves.

    Raises MirrorError, with the number of tries, where the mirror is given up.
    """
    failures, furthest = 0, part.size_of(url)
    while True:
        try:
            mark, spliced = _once(job, part, version, url)
            digests = part.digests()
            wrong = _wrong(digests, version)
            if wrong is None:
                part.finish()
                return _fetched(job, digests, version, mark)
            part.discard()
            # Bytes of two times may not fit together; whole from one time, they count.
            raise MirrorError(f"{wrong}; discarded", retry=spliced, wait=0.0 if spliced else None)
        except MirrorError as failure:
            if part.size_of(url) >= furthest + job.policy.worthwhile:
                failures, furthest = 0, part.size_of(url)
            failures += 1
            tries = failure.tries or job.policy.tries
            if not failure.retry:
                raise
            if failures >= tries:
                raise MirrorError(
                    f"{failure}, {failures} times in a row", tries=failure.tries
                ) from failure
            pause = job.policy.delay(failures, failure.wait)
        job.policy.wait(pause, job.cancel)
        job.check()


def _wrong(digests: Digests, version: Version) -> str | None:
    """What is wrong with a file that has arrived, with expected and got; None if nothing."""
    if version.bytes is not None and digests.bytes != version.bytes:
        return f"sent {digests.bytes} bytes, expected {version.bytes}"
    if version.md5 is not None and digests.md5 != version.md5:
        return f"sent a file with md5 {digests.md5}, expected {version.md5}"
    return None


def _once(job: _Job, part: Part, version: Version, url: str) -> tuple[Mark, bool]:
    """One request, its bytes put to the part: the file's mark, and whether it was spliced.

    Raises MirrorError where the file is not complete after it.
    """
    headers: dict[str, str] = {}
    mark = part.mark
    if part.can_go_on(url) and mark is not None and mark.validator is not None:
        part.hash_what_is_there(lambda done: job.report(done, version.bytes))
        if part.size == (mark.bytes if version.bytes is None else version.bytes):
            return mark, True  # an earlier process ended just before it was done
        headers = {"Range": f"bytes={part.size}-", "If-Range": mark.validator}
    job.room_for(0 if version.bytes is None else version.bytes - (part.size if headers else 0))
    with Answer(url, headers, job.policy, job.check) as answer:
        refusal = answer.refusal()
        if refusal is not None:
            raise refusal
        spliced = answer.status == 206
        if spliced or answer.status == 416:
            total = _continues(part, answer, url, asked=bool(headers))
            mark = part.mark or Mark(url)
        else:
            total = answer.length
            mark = Mark(url, answer.header("ETag"), answer.header("Last-Modified"), total)
        _plausible(answer, version, total)
        total = version.bytes if total is None else total
        if not spliced:
            # Everything, from the start: also where a Range was asked for, and the file
            # has changed since or the server knows no ranges.
            part.begin(mark)
        if total is not None:
            job.room_for(total - part.size)
        for chunk in answer:
            part.append(chunk)
            job.report(part.size, total, len(chunk))
            if total is not None and part.size > total:
                part.discard()
                raise MirrorError(f"sent more than the {total} bytes that the file has")
    if total is not None and part.size < total:
        raise MirrorError(f"stopped after {part.size} of {total} bytes", retry=True)
    job.report(part.size, part.size)
    return mark, spliced


def _continues(part: Part, answer: Answer, url: str, *, asked: bool) -> int | None:
    """Total bytes of the file that a 206 continues; discards the part where it does not."""
    got = ContentRange.parse(answer.header("Content-Range"))
    now = Mark(
        url, answer.header("ETag"), answer.header("Last-Modified"), got.total if got else None
    )
    fits = (
        asked
        and answer.status == 206
        and got is not None
        and got.start == part.size
        and part.mark is not None
        and not part.mark.differs(now)
        and answer.length in (None, got.end - got.start + 1)
    )
    if not fits:
        part.discard()
        raise MirrorError(
            "sent another part of the file than the one asked for, or of another file",
            retry=True,
        )
    return now.bytes


def _plausible(answer: Answer, version: Version, total: int | None) -> None:
    """Raise MirrorError where the head alone shows that this cannot be the file."""
    if version.bytes is not None and total is not None and total != version.bytes:
        raise MirrorError(f"announces {total} bytes, expected {version.bytes}")
    encoding = (answer.header("Content-Encoding") or "identity").lower()
    # Some servers call every .gz "encoded"; its md5 tells whether the bytes are the file's.
    if version.md5 is None and encoding != "identity":
        raise MirrorError(f"sends the file encoded ({encoding}), which was not asked for")
    if version.md5 is None and "html" in (answer.header("Content-Type") or ""):
        raise MirrorError("sends a web page instead of the file")
    chunked = "chunked" in (answer.header("Transfer-Encoding") or "").lower()
    if version.md5 is None and version.bytes is None and total is None and not chunked:
        raise MirrorError("does not say how long the file is, so a cut would go unseen")


def _fetched(job: _Job, digests: Digests, version: Version | None, mark: Mark | None) -> Fetched:
    return Fetched(
        file=job.file,
        path=job.target,
        url=mark.url if mark else None,
        bytes=digests.bytes,
        md5=digests.md5,
        sha256=digests.sha256,
        etag=mark.etag if mark else None,
        last_modified=mark.last_modified if mark else None,
        fetched_at=datetime.now(UTC) if mark else None,
        version=version.name if version else None,
        verified=version is not None and version.md5 is not None,
        new=mark is not None,
    )


def _size(n: int) -> str:
    return f"{n / 1e6:,.1f} MB"
