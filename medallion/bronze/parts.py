"""A file that is on its way: its bytes so far, their hashes, and what they are part of.

Beside `NAME` stand, while it is fetched, `NAME.part` (the bytes so far) and
`NAME.part.json` (the address they are from and the server's mark of that very file:
ETag, Last-Modified), so that a later process can go on where this one stopped. Nothing
here talks to a network.

The part is not flushed to the platter before it is moved into place: a power cut may
leave a wrong file, and whoever fetches or verifies finds that out by its md5.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from medallion.files import Place, move

__all__ = ["Digests", "Hashes", "Mark", "Part", "hash_file", "put_aside"]

_BLOCK = 1 << 20  # bytes written and hashed at once


@dataclass(frozen=True, slots=True)
class Digests:
    """Size in bytes and checksums (lower-case hex) of a whole file."""

    bytes: int
    md5: str
    sha256: str


class Hashes:
    """md5 and sha256 of a growing stream, each in a thread of its own.

    hashlib lets go of the interpreter while it works, so both run beside each other and
    beside the caller, who waits only where it is a whole block ahead. A context manager.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="medallion-hash")
        self._running: list[Future[None]] = []
        self.restart()

    def restart(self) -> None:
        """Forget everything seen."""
        self._wait()
        self._bytes = 0
        # md5 is what the publishers state; it guards against accidents, not attackers.
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._sha256 = hashlib.sha256()

    def update(self, block: bytes) -> None:
        """Add bytes; they must not change afterwards."""
        self._wait()
        self._bytes += len(block)
        self._running = [
            self._pool.submit(self._md5.update, block),
            self._pool.submit(self._sha256.update, block),
        ]

    def digests(self) -> Digests:
        """Of all bytes so far."""
        self._wait()
        return Digests(self._bytes, self._md5.hexdigest(), self._sha256.hexdigest())

    def _wait(self) -> None:
        for future in self._running:
            future.result()
        self._running = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()


def _blocks(path: Place) -> Iterator[bytes]:
    with path.open("rb") as source:
        while block := source.read(_BLOCK):
            yield block


def hash_file(path: Place, seen: Callable[[int], None] | None = None) -> Digests:
    """Size and checksums of a file; `seen(bytes)` is told how far it is and may raise."""
    with Hashes() as hashes:
        _hash_into(hashes, path, seen)
        return hashes.digests()


def _hash_into(hashes: Hashes, path: Place, seen: Callable[[int], None] | None) -> int:
    done = 0
    for block in _blocks(path):
        hashes.update(block)
        done += len(block)
        if seen is not None:
            seen(done)
    return done


def put_aside(path: Place) -> Place:
    """Rename `path` to `NAME.aside-<UTC time>`, under a name that is free; return that."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    aside = path.with_name(f"{path.name}.aside-{stamp}")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.aside-{stamp}-{number}")
    move(path, aside)
    return aside


@dataclass(frozen=True, slots=True)
class Mark:
    """What the bytes of a part belong to: the address, and the server's mark of the file.

    `bytes` is the whole file's size as the server announced it, None where it did not.
    """

    url: str
    etag: str | None = None
    last_modified: str | None = None
    bytes: int | None = None

    @property
    def validator(self) -> str | None:
        """What If-Range may carry (RFC 9110, 13.1.5): a strong ETag, else the date."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified

    def differs(self, other: Mark) -> bool:
        """Whether the two are surely not the same file; what one lacks is not held against it."""
        pairs = (
            (self.etag, other.etag),
            (self.last_modified, other.last_modified),
            (self.bytes, other.bytes),
        )
        return any(a is not None and b is not None and a != b for a, b in pairs)


class Part:
    """The bytes of `target` so far. A context manager; leaving it keeps what has arrived.

    Errors of the disk come as OSError.
    """

    def __init__(self, target: Path) -> None:
        self.target: Place = target
        self.path = target.with_name(f"{target.name}.part")
        self._note = target.with_name(f"{target.name}.part.json")
        self._hashes = Hashes()
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._hashed = False
        self.mark: Mark | None = self._read_note()
        self.size = 0
        if self.mark is not None and self.path.is_file():
            self.size = self.path.stat().st_size

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            # What made the disk fail would fail here again, and hide the first error.
            with suppress(OSError):
                self.flush()
        finally:
            self._hashes.__exit__()

    def can_go_on(self, url: str) -> bool:
        """Whether there are bytes of `url` that a server can be asked to continue."""
        mark = self.mark
        return bool(self.size and mark and mark.url == url and mark.validator)

    def size_of(self, url: str) -> int:
        """Bytes here that are from `url`."""
        return self.size if self.mark is not None and self.mark.url == url else 0

    def begin(self, mark: Mark) -> None:
        """Throw away what is there and start the file that `mark` names."""
        self.discard()
        self._note.write_text(json.dumps(asdict(mark)) + "\n", encoding="utf-8", newline="\n")
        self.path.write_bytes(b"")
        self.mark = mark
        self._hashed = True

    def hash_what_is_there(self, seen: Callable[[int], None] | None = None) -> None:
        """Hash bytes that an earlier process left, once, before more are added."""
        if not self._hashed:
            self._hashes.restart()
            self.size = _hash_into(self._hashes, self.path, seen) if self.size else 0
            self._hashed = True

    def append(self, chunk: bytes) -> None:
        """Add bytes at the end; written and hashed once enough have come together."""
        self._waiting.append(chunk)
        self._waiting_bytes += len(chunk)
        self.size += len(chunk)
        if self._waiting_bytes >= _BLOCK:
            self.flush()

    def flush(self) -> None:
        """Write and hash what has come together.

        Where the disk fails in the middle, the size is what the disk holds.
        """
        if not self._waiting:
            return
        block = b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        try:
            with self.path.open("ab") as out:
                out.write(block)
        except OSError:
            self._hashed = False
            self.size = self.path.stat().st_size if self.path.exists() else 0
            raise
        self._hashes.update(block)

    def digests(self) -> Digests:
        """Size and checksums of all that has arrived."""
        self.flush()
        self.hash_what_is_there()
        return self._hashes.digests()

    def finish(self) -> None:
        """Move the whole file into place, in one step; what was there is put aside."""
        self.flush()
        if self.target.exists():
            put_aside(self.target)
        move(self.path, self.target)
        self.discard()

    def discard(self) -> None:
        """Remove the part and its note."""
        self._waiting, self._waiting_bytes = [], 0
        self._hashes.restart()
        self._hashed = False
        # The note first: bytes without a note are never continued.
        self._note.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)
        self.mark, self.size = None, 0

    def _read_note(self) -> Mark | None:
        """The note as it stands, or None where there is none that makes sense."""
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            mark = Mark(**{field.name: note[field.name] for field in fields(Mark)})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        texts = (mark.etag, mark.last_modified)
        plain = all(text is None or isinstance(text, str) for text in texts)
        counted = mark.bytes is None or isinstance(mark.bytes, int)
        return mark if plain and counted and isinstance(mark.url, str) else None
