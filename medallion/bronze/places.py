"""Where the files of bronze are while a build changes them.

What a build brings lies aside, arriving, until all is indexed. Then it takes the place of
the file before. Bronze is bytes and an index of them, and no one act changes both: so the
bytes that the published index is of keep a second name until there is another index. A
reader finds the one or the other, also where the build dies in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import Any

from medallion.files import Place, is_stamp_of, move, remove_folder, second_name, stamp
from medallion.storage.fingerprint import digest_file
from medallion.storage.snapshot import Snapshot

__all__ = [
    "arriving",
    "arriving_place",
    "built_place",
    "forget_arriving",
    "forget_published",
    "is_taken",
    "published_place",
    "put_in_place",
]

_ARRIVING = ".arriving"
_BEFORE = ".before"
_TAKEN = frozenset({"layer.json", "layer.json.other", "files", "blocks"})
"""What else lies in the folder: bronze's record, and the folders of its tables."""


def is_taken(name: str) -> bool:
    """Whether bronze has something of its own under `name`, so that no source may have it.

    Names that begin with a dot are what a build has on its way. Some disks take capitals for
    small letters.
    """
    return name.startswith(".") or name.casefold() in _TAKEN


@contextmanager
def arriving(folder: Place) -> Iterator[None]:
    """Run a build of bronze, in `folder`; what it brought and did not put in place goes."""
    forget_arriving(folder)
    try:
        yield
    finally:
        forget_arriving(folder)


def forget_arriving(folder: Place) -> None:
    """Remove what a build brought and did not put in place."""
    remove_folder(folder / _ARRIVING)


def arriving_place(folder: Place, name: str) -> Place:
    """Where to bring the file `name`."""
    place = folder / _ARRIVING / name
    place.parent.mkdir(exist_ok=True)
    return place


def built_place(folder: Place, name: str) -> Place:
    """Where the file is that is being built: among the arriving, else in its place."""
    place = folder / _ARRIVING / name
    return place if place.is_file() else folder / name


def put_in_place(folder: Place, names: Iterable[str], published: Snapshot | None) -> None:
    """Put what arrived in its place; bytes that are published keep a second name."""
    for name in names:
        if (new := built_place(folder, name)) != folder / name:
            _keep(folder, name, published)
            move(new, folder / name)


def published_place(folder: Place, name: str, published: Snapshot | None) -> Place | None:
    """Where the bytes are that bronze, in `folder`, published as `name`; None: nowhere."""
    record = published.summary["files"].get(name) if published else None
    if record is None:
        return None
    return next((p for p in (folder / name, folder / _BEFORE / name) if _is(p, record)), None)


def forget_published(folder: Place, published: Snapshot | None) -> int:
    """Remove what is kept, as far as nobody needs it any more; return how many files."""
    removed = 0
    for kept in (folder / _BEFORE).glob("*"):
        if published_place(folder, kept.name, published) != kept:
            kept.unlink(missing_ok=True)
            removed += 1
    with suppress(OSError):  # still in use, or not there
        (folder / _BEFORE).rmdir()
    return removed


def _keep(folder: Place, name: str, published: Snapshot | None) -> None:
    """Where it cannot be done, readers of raw lines are refused until the build is done."""
    path, kept = folder / name, folder / _BEFORE / name
    if published_place(folder, name, published) != path:
        return
    with suppress(OSError):
        kept.parent.mkdir(exist_ok=True)
        kept.unlink(missing_ok=True)
        second_name(path, kept)


def _is(path: Place, record: Mapping[str, Any]) -> bool:
    try:
        # A copy of a lake has other dates.
        return is_stamp_of(path, record["stat"]) or _digest(path, *stamp(path)) == record["sha256"]
    except OSError:
        return False


@lru_cache(maxsize=64)
def _digest(path: Place, *_stamp: int | str) -> str:
    """SHA-256 of a file, reckoned anew where its size or date changed."""
    return digest_file(path)
