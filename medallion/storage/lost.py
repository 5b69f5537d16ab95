"""Tables that lost a file, or a part of one: cheap enough to be asked whenever a lake is looked at.

Which files a version has never changes, so its log is read once; then a look takes the size
of each file, some microseconds a file, and is taken once in two seconds at the most.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from medallion.files import ObjectPath, Place, sizes
from medallion.files.recent import recently
from medallion.storage import delta
from medallion.storage.snapshot import Snapshot

__all__ = ["lost_files", "lost_now"]


def lost_files(root: Place, snapshot: Snapshot) -> list[str]:
    """Tables of a published layer of which a file is gone, or has not the bytes it had.

    Of a lake in a store none: there every look is a request, and only a plan takes it.
    """
    if isinstance(root, ObjectPath):
        return []
    asked = ("lost", snapshot.layer, snapshot.token)
    return recently(root, asked, lambda: lost_now(root, snapshot), many_files=True)


def lost_now(root: Place, snapshot: Snapshot) -> list[str]:
    """`lost_files`, looked for now, whenever that was done last."""
    if isinstance(root, ObjectPath):
        return []
    found = []
    for short, state in snapshot.tables.items():
        folder = root / snapshot.layer / short
        try:
            files = _files(folder, state.version, snapshot.token)
            sound = (folder / "_delta_log").is_dir() and sizes(folder, files) == files
        except LookupError:
            sound = False
        if not sound:
            found.append(f"{snapshot.layer}.{short}")
    return found


@lru_cache(maxsize=512)
def _files(folder: Place, version: int, token: str) -> Mapping[str, int]:
    """Bytes of each file of a table by its path; LookupError where its log is damaged."""
    del token  # part of the key: a layer that is made anew counts its versions from 0 again
    files = delta.files_of(folder, version)
    if files is None:
        raise LookupError(folder)
    return files
