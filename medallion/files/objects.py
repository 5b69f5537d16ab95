"""A path in an object store: S3, or what speaks its language.

An `ObjectPath` does what the rest of the library asks of a `pathlib.Path`, in the same
words: an object is a file, a prefix that objects share is a folder. Where and as whom a
store is reached is told by the environment, in the words of delta-rs and the AWS tools
(AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID, AWS_REGION, ...). Answers such as 503 are asked
again. A file that is not there is FileNotFoundError, as on a disk; whatever keeps the
store itself from being used is StoreError, which says so in one line.
"""

from __future__ import annotations

import fnmatch
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal

from medallion.errors import LakeError, UsageError
from medallion.files.stores import obstore, store_of, told

if TYPE_CHECKING:
    from obstore.store import S3Store

__all__ = ["ObjectPath", "ObjectStat", "ObjectWriter"]

_SCHEME = "s3://"
# Read at once: little where a place is looked up, more and more where reading goes on.
_FIRST_READ = 1 << 18
_BUFFER = 1 << 12
_MOST_READ = 1 << 22
_WRITTEN_AT_ONCE = 1 << 23
"""Bytes of a part of a multipart upload; S3 takes 10,000 parts, so files up to 80 GB."""
_MOST_COPIED = 5 << 30
"""The largest object that S3 copies by itself."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a store says of an object, in the words of `os.stat`; `etag` marks its content."""

    st_size: int
    modified: datetime
    etag: str

    @property
    def st_mtime(self) -> float:
        """When it was written, in seconds."""
        return self.modified.timestamp()


@dataclass(frozen=True, slots=True)
class ObjectPath:
    """The object or prefix `key` of `bucket`, as `s3://bucket/key`."""

    bucket: str
    key: str = ""

    @classmethod
    def of(cls, address: str) -> ObjectPath:
        """The place that `s3://bucket/key` names. Raises UsageError where it names none."""
        bucket, _, key = address.removeprefix(_SCHEME).partition("/")
        names = [n for n in key.split("/") if n]
        if not address.startswith(_SCHEME) or not bucket or {".", ".."} & set(names):
            raise UsageError(
                f"{address!r} is no place in an object store: expected s3://bucket/folder."
            )
        return cls(bucket, "/".join(names))

    # Names

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}" if self.key else f"{_SCHEME}{self.bucket}"

    def __truediv__(self, name: str) -> ObjectPath:
        return ObjectPath(self.bucket, f"{self.key}/{name}" if self.key else name)

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.key.rpartition("/")[2] or self.bucket

    @property
    def parent(self) -> ObjectPath:
        """The folder that it is in; a bucket is its own."""
        return ObjectPath(self.bucket, self.key.rpartition("/")[0])

    @property
    def parents(self) -> tuple[ObjectPath, ...]:
        """The folders that it is in, the nearest first."""
        return (self.parent, *self.parent.parents) if self.key else ()

    def with_name(self, name: str) -> ObjectPath:
        """Another name in the same folder."""
        return self.parent / name

    def absolute(self) -> ObjectPath:
        """Itself: an address has no working folder."""
        return self

    def resolve(self) -> ObjectPath:
        """Itself: a store has no links."""
        return self

    def expanduser(self) -> ObjectPath:
        """Itself: a store has no homes."""
        return self

    # Looking

    def stat(self) -> ObjectStat:
        """Size, date and mark. Raises FileNotFoundError where there is no such object."""
        with self._asking() as (api, store):
            meta = api.head(store, self.key)
        return ObjectStat(meta["size"], meta["last_modified"], meta["e_tag"] or "")

    def is_file(self) -> bool:
        """Whether there is an object of this very name."""
        try:
            self.stat()
        except FileNotFoundError:
            return False
        return True

    def is_dir(self) -> bool:
        """Whether there is an object below it."""
        with self._asking() as (api, store):
            found = api.list_with_delimiter(store, prefix=self.key or None)
        return bool(found["objects"] or found["common_prefixes"])

    def exists(self) -> bool:
        """Whether it is a file or a folder."""
        return self.is_file() or self.is_dir()

    def sizes(self) -> dict[str, int]:
        """Bytes of every object below it, by its name from here."""
        skipped = len(self.key) + 1 if self.key else 0
        with self._asking() as (api, store):
            pages = api.list(store, prefix=self.key or None)
            return {meta["path"][skipped:]: meta["size"] for page in pages for meta in page}

    def iterdir(self) -> Iterator[ObjectPath]:
        """Files and folders in it."""
        with self._asking() as (api, store):
            found = api.list_with_delimiter(store, prefix=self.key or None)
        keys = [*found["common_prefixes"], *(meta["path"] for meta in found["objects"])]
        return (ObjectPath(self.bucket, key) for key in sorted(keys))

    def glob(self, pattern: str) -> Iterator[ObjectPath]:
        """What in it has a name of this pattern."""
        return (path for path in self.iterdir() if fnmatch.fnmatchcase(path.name, pattern))

    # Reading

    def read_bytes(self) -> bytes:
        """The whole object."""
        return self.read_marked()[0]

    def read_marked(self) -> tuple[bytes, str]:
        """The whole object and the mark (ETag) of what was read."""
        with self._asking() as (api, store):
            got = api.get(store, self.key)
            return bytes(got.bytes()), got.meta["e_tag"] or ""

    def read_text(self, encoding: str) -> str:
        """The whole object as text."""
        return self.read_bytes().decode(encoding)

    def read_range(self, start: int, stop: int) -> bytes:
        """Bytes `start` to before `stop`, which is not beyond the end."""
        if stop <= start:
            return b""
        with self._asking() as (api, store):
            return bytes(api.get_range(store, self.key, start=start, end=stop))

    def open(self, mode: Literal["rb"], *, ahead: bool = True) -> io.BufferedReader:  # noqa: ARG002
        """The object, to be read in ranges.

        What is read in sequence is fetched `ahead`, in larger and larger pieces; else just
        what is asked for, as soon as that is more than a few kilobytes.
        """
        size = self.stat().st_size
        return io.BufferedReader(_Reader(self, size, ahead=ahead), _BUFFER)

    # Writing

    def writer(self) -> ObjectWriter:
        """The object, to be written in sequence; it is there once that is closed, whole."""
        with self._asking() as (api, store):
            out = api.open_writer(store, self.key, buffer_size=_WRITTEN_AT_ONCE)
        return ObjectWriter(self, out)

    def mkdir(self, *, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: folders are there when there is something in them."""

    def write_bytes(self, data: bytes | memoryview) -> None:
        """Make `data` the whole object, in one step."""
        with self._asking() as (api, store):
            api.put(store, self.key, data)

    def write_if(self, data: bytes, mark: str | None) -> str | None:
        """Write where the object still has this mark (None: where there is none yet).

        The mark of what was written; None where another writer came first. The store
        decides between writers, so that of two just one succeeds.
        """
        with self._asking() as (api, store):
            condition = "create" if mark is None else {"e_tag": mark}
            lost = (api.exceptions.AlreadyExistsError, api.exceptions.PreconditionError)
            try:
                return api.put(store, self.key, data, mode=condition)["e_tag"] or ""
            except lost:
                pass
        # An answer that was lost on the way is asked for again, and then refused.
        try:
            there, now = self.read_marked()
        except FileNotFoundError:
            return None
        return now if there == data else None

    def unlink(self, *, missing_ok: bool = False) -> None:
        """Remove the object."""
        if not missing_ok:
            self.stat()
        with self._asking() as (api, store):
            try:
                api.delete(store, self.key)
            except FileNotFoundError:
                return

    def rmdir(self) -> None:
        """Nothing: as `mkdir`."""

    def replace(self, target: ObjectPath) -> ObjectPath:
        """Move the object to `target`, which has the old bytes or the new ones, whole."""
        self.copy(target)
        self.unlink(missing_ok=True)
        return target

    def copy(self, target: ObjectPath) -> None:
        """Have the same bytes at `target`; the store itself copies what is not huge."""
        if self.stat().st_size > _MOST_COPIED:
            with self.open("rb") as source, target.writer() as copy:
                while block := source.read(_WRITTEN_AT_ONCE):
                    copy.write(block)
        else:
            with self._asking() as (api, store):
                api.copy(store, self.key, target.key, overwrite=True)

    @contextmanager
    def _asking(self) -> Iterator[tuple[ModuleType, S3Store]]:
        """The library and the store, what they raise told as this module's docstring says."""
        api = obstore()
        store = store_of(self.bucket, self.key)
        try:
            yield api, store
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise told(error, self.bucket, self.key) from error
            raise FileNotFoundError(2, "No such object", str(self)) from error
        except (PermissionError, api.exceptions.BaseError) as error:
            raise told(error, self.bucket, self.key) from error


class _Reader(io.RawIOBase):
    """An object's bytes by ranges."""

    def __init__(self, path: ObjectPath, size: int, *, ahead: bool) -> None:
        self._path = path
        self._size = size
        self._ahead = _FIRST_READ if ahead else 0
        self._at = 0
        self._start = 0
        self._held = b""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401  # any writable buffer
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        end = self._start + len(self._held)
        if not self._start <= self._at < end:
            if self._ahead and self._held:
                goes_on = self._at == end
                self._ahead = min(2 * self._ahead, _MOST_READ) if goes_on else _FIRST_READ
            stop = min(self._size, self._at + max(wanted, self._ahead))
            self._start, self._held = self._at, self._path.read_range(self._at, stop)
            if len(self._held) != stop - self._start:
                raise LakeError(f"{self._path} changed while it was read. Try again.")
        skipped = self._at - self._start
        piece = self._held[skipped : skipped + wanted]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


class ObjectWriter(io.RawIOBase):
    """An object that is being written; leaving its context by an error leaves nothing.

    Large ones go out in parts while they are written.
    """

    def __init__(self, path: ObjectPath, writer: Any) -> None:  # noqa: ANN401  # obstore's own
        self._path = path
        self._writer = writer
        self._written = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """Bytes written so far."""
        return self._written

    def write(self, data: Any) -> int:  # noqa: ANN401  # any buffer
        """Add bytes; all of them are taken."""
        size = memoryview(data).nbytes
        with self._path._asking():  # noqa: SLF001  # its own
            self._writer.write(data)
        self._written += size
        return size

    def close(self) -> None:
        """Have the object be there, whole."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            with self._path._asking():  # noqa: SLF001  # its own
                writer.close()
        super().close()

    def abandon(self) -> None:
        """Let go of what was written."""
        self._writer = None
        super().close()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def __del__(self) -> None:
        # What nobody closed is not finished.
        self.abandon()
