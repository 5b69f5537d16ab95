"""A file that is on its way into an object store: never whole on this machine.

Its bytes go out in parts of a few megabytes as they arrive, hashed as they pass; the store
shows the file once the last is there and its checksums are right. A break of the connection
to the mirror is gone on from; a process that ends before its file is whole begins again, for
what a store has of an unfinished file cannot be read back.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from medallion.bronze.parts import Digests, Hashes, Mark, Part, put_aside
from medallion.files import ObjectPath, Place

__all__ = ["Upload", "part_of", "upload_file"]

_BLOCK = 1 << 20


class Upload(Part):
    """As `Part`, with the bytes so far in the store; leaving it lets go of them."""

    def __init__(self, target: ObjectPath) -> None:
        self.target = target
        self._store = target
        self.mark = None
        self.size = 0
        self._out = target.writer()
        self._hashes = Hashes()
        self._waiting = []
        self._waiting_bytes = 0
        self._hashed = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._out.abandon()
        self._hashes.__exit__()

    def begin(self, mark: Mark) -> None:
        """Start the file that `mark` names."""
        self.discard()
        self.mark = mark

    def hash_what_is_there(self, seen: Callable[[int], None] | None = None) -> None:
        """Nothing: what is there was hashed as it passed."""

    def flush(self) -> None:
        """Send and hash what has come together."""
        if not self._waiting:
            return
        block = b"".join(self._waiting)
        self._waiting, self._waiting_bytes = [], 0
        self._out.write(block)
        self._hashes.update(block)

    def finish(self) -> None:
        """Have the whole file be in its place; what was there is put aside."""
        self.flush()
        if self.target.is_file():
            put_aside(self.target)
        self._out.close()

    def discard(self) -> None:
        """Let go of what has arrived."""
        self._out.abandon()
        self._out = self._store.writer()
        self._waiting, self._waiting_bytes = [], 0
        self._hashes.restart()
        self.mark, self.size = None, 0


def part_of(target: Place) -> Part:
    """What has arrived of the file that is to be at `target`."""
    return Upload(target) if isinstance(target, ObjectPath) else Part(target)


def upload_file(origin: Path, target: ObjectPath, told: Callable[[int, int], None]) -> Digests:
    """Copy a file of this machine into a store; digests of what was sent."""
    total = origin.stat().st_size
    with origin.open("rb") as file, target.writer() as out, Hashes() as hashes:
        done = 0
        while block := file.read(_BLOCK):
            out.write(block)
            hashes.update(block)
            done += len(block)
            told(done, total)
        return hashes.digests()
