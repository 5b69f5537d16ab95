"""Where a lake's bytes lie: a folder of this machine, or a prefix of an object store.

Both are paths and answer to the same words (see `ObjectPath`); what the two do in different
ways is a function here, so that nobody else asks which of them a lake is on.
"""

from __future__ import annotations

import io
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from medallion.errors import LakeError, StoreError, UsageError
from medallion.files.objects import ObjectPath
from medallion.files.stores import delta_options, polars_options

__all__ = [
    "ObjectPath",
    "Place",
    "StoreError",
    "add_line",
    "delta_options",
    "delta_options_of",
    "free_bytes",
    "in_command",
    "is_seen",
    "is_stamp_of",
    "last_lines",
    "move",
    "names",
    "new_file",
    "place",
    "polars_options_of",
    "remove_folder",
    "replacing",
    "second_name",
    "sizes",
    "stamp",
]

Place: TypeAlias = Path | ObjectPath

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def place(where: str | Path | ObjectPath) -> Place:
    """The place that a user's words name: a folder, or `s3://bucket/folder`.

    Raises UsageError for an address of another kind.
    """
    if isinstance(where, str) and where.startswith("s3://"):
        return ObjectPath.of(where)
    if isinstance(where, str) and _ADDRESS.match(where):
        raise UsageError(
            f"A lake cannot be at {where}: expected a folder, or s3://bucket/folder in an "
            "object store."
        )
    return where if isinstance(where, ObjectPath) else Path(where)


def move(source: Place, target: Place) -> None:
    """Give a file another name of the same lake; one that has it is replaced, in one step."""
    if isinstance(source, ObjectPath) and isinstance(target, ObjectPath):
        source.replace(target)
    elif isinstance(source, Path) and isinstance(target, Path):
        os.replace(source, target)
    else:
        raise TypeError(f"{source} and {target} are not of one lake")


def second_name(path: Place, name: Place) -> None:
    """Have the same bytes under another name of the same lake, by a link where there are any."""
    if isinstance(path, ObjectPath) and isinstance(name, ObjectPath):
        path.copy(name)
    elif isinstance(path, Path) and isinstance(name, Path):
        try:
            os.link(path, name)
        except OSError:
            shutil.copy2(path, name)
    else:
        raise TypeError(f"{path} and {name} are not of one lake")


@contextmanager
def new_file(path: Place) -> Iterator[BinaryIO]:
    """A file to write, which is at `path` once it is whole; what was there is replaced."""
    if isinstance(path, ObjectPath):
        buffer = io.BytesIO()
        yield buffer
        path.write_bytes(buffer.getbuffer())
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # One name always: what a process that died left is written over by the next.
    temporary = path.with_name(f".{path.name}.new")
    try:
        with temporary.open("wb") as file:
            yield file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replacing(path: Place) -> Iterator[Callable[[bytes], None]]:
    """A function that puts bytes in the place of those that `path` holds now, in one step.

    On a disk they are on the platter when it returns. In a store it raises LakeError where
    another has written in between: whoever holds a lock by a lease may have lost it.
    """
    if isinstance(path, ObjectPath):
        mark = _marked(path)[1]

        def put(data: bytes) -> None:
            if path.write_if(data, mark) is None:
                raise LakeError(
                    f"Another build wrote {path} while this one was about to. Nothing of this "
                    "one was published; build again."
                )

        yield put
        return

    def write(data: bytes) -> None:
        with new_file(path) as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    yield write


def _marked(path: ObjectPath) -> tuple[bytes, str | None]:
    """What an object holds and its mark; nothing, and None, where there is none."""
    try:
        return path.read_marked()
    except FileNotFoundError:
        return b"", None


def add_line(path: Place, line: bytes, most: int) -> None:
    """Add a line to a file; where it grows beyond `most` bytes, its older half goes.

    A line that another left without its end is ended first.
    """
    if isinstance(path, ObjectPath):
        while True:  # as often as another writer comes first
            before, mark = _marked(path)
            if before and not before.endswith(b"\n"):
                before += b"\n"
            after = before + line
            kept = after if len(after) <= most else _newer(after, most // 2)
            if path.write_if(kept, mark) is not None:
                return
    with path.open("ab") as file:
        if file.tell() and not _ends_a_line(path):
            file.write(b"\n")
        file.write(line)
    if path.stat().st_size > most:
        kept = last_lines(path, most // 2)
        with new_file(path) as file:
            file.write(kept)


def last_lines(path: Place, most: int) -> bytes:
    """The last whole lines of a file, of at most so many bytes."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - most - 1))
        return _newer(file.read(most + 1), most)


def _newer(text: bytes, most: int) -> bytes:
    """The last whole lines of `text`, of at most so many bytes."""
    return text if len(text) <= most else text[-most - 1 :].partition(b"\n")[2]


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def is_seen(root: Place) -> bool:
    """Whether this machine sees the folder of a lake; StoreError where it may not."""
    return root.is_dir() or isinstance(root, ObjectPath)


def remove_folder(folder: Place) -> None:
    """Remove a folder and all in it, as far as that can be done."""
    if isinstance(folder, ObjectPath):
        for name in folder.sizes():
            (folder / name).unlink(missing_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def names(folder: Place, ending: str) -> list[str]:
    """Files at any depth of `folder` whose name ends so, by their names from there."""
    if isinstance(folder, ObjectPath):
        return [name for name in folder.sizes() if name.endswith(ending)]
    return [p.relative_to(folder).as_posix() for p in folder.rglob(f"*{ending}")]


def in_command(place: Place) -> str:
    """A lake's place as a word of a command that is printed, quoted where the shell wants it."""
    return subprocess.list2cmdline([str(place)]) if os.name == "nt" else shlex.quote(str(place))


def sizes(folder: Place, names: Iterable[str]) -> Mapping[str, int]:
    """Bytes of those of the files `names` that are there, by a name relative to `folder`."""
    if isinstance(folder, ObjectPath):
        return folder.sizes()
    found = {}
    for name in names:
        with suppress(FileNotFoundError, NotADirectoryError):
            found[name] = (folder / name).stat().st_size
    return found


def stamp(path: Place) -> list[int | str]:
    """Size and date (in a store: its mark of the content): they change where the bytes do."""
    if isinstance(path, ObjectPath):
        told = path.stat()
        return [told.st_size, told.etag]
    stat = path.stat()
    return [stat.st_size, stat.st_mtime_ns]


def is_stamp_of(path: Place, known: list[Any]) -> bool:
    """Whether a stamp that was kept tells the file at `path` of now.

    A lake that was copied from a disk into a store has stamps of the disk: there the size
    alone is compared, for a look at the bytes would fetch them all.
    """
    now = stamp(path)
    if isinstance(path, ObjectPath) and not isinstance(known[1], str):
        return bool(now[0] == known[0])
    return bool(now == known)


def free_bytes(folder: Place) -> int:
    """Room for more bytes in `folder`; of a store there is no end."""
    return 1 << 62 if isinstance(folder, ObjectPath) else shutil.disk_usage(folder).free


def delta_options_of(root: Place) -> dict[str, str] | None:
    """Options for delta-rs, beside what it reads in the environment."""
    return delta_options() if isinstance(root, ObjectPath) else None


def polars_options_of(root: Place) -> dict[str, Any] | None:
    """Options for polars, beside what it reads in the environment."""
    return polars_options() if isinstance(root, ObjectPath) else None
