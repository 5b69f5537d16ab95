"""Bring a file of this machine into bronze: a copy of its bytes, digested.

A copy that shares blocks with the original where the disk can do that (a reflink), else
a plain one; never a hard link, for an edit of the original would then change bronze.
"""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from medallion.bronze.parts import Digests, hash_file
from medallion.bronze.upload import upload_file
from medallion.errors import SourceError
from medallion.files import ObjectPath, Place

__all__ = ["bring"]

_RANGE = 1 << 28


def bring(origin: Path, target: Place, told: Callable[[int, int], None]) -> Digests:
    """Copy `origin` to `target`, which appears whole or not at all; digests of the copy.

    `told(done, total)` is called with bytes, and may raise to stop. Raises SourceError
    where the one cannot be read or the other not written.
    """
    if isinstance(target, ObjectPath):
        return _sent(origin, target, told)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        _copy(origin, temporary)
        total = temporary.stat().st_size
        digests = hash_file(temporary, lambda done: told(done, total))
        os.replace(temporary, target)
    except OSError as error:
        raise SourceError(
            f"{origin} could not be copied into {target.parent}: {error.strerror or error}. "
            "Check that the one can be read, and that there is room for the other."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return digests


def _sent(origin: Path, target: ObjectPath, told: Callable[[int, int], None]) -> Digests:
    try:
        return upload_file(origin, target, told)
    except OSError as error:
        raise SourceError(
            f"{origin} could not be copied into {target.parent}: {error.strerror or error}. "
            "Check that it can be read."
        ) from error


def _copy(origin: Path, target: Path) -> None:
    if hasattr(os, "copy_file_range"):  # Linux: a reflink where the file system has them
        with suppress(OSError):
            _copy_ranges(origin, target)
            return
    target.unlink(missing_ok=True)
    shutil.copyfile(origin, target)


def _copy_ranges(origin: Path, target: Path) -> None:
    size = origin.stat().st_size
    with origin.open("rb") as read, target.open("xb") as write:
        while (left := size - write.tell()) > 0:
            copied = os.copy_file_range(read.fileno(), write.fileno(), min(left, _RANGE))
            if copied == 0:
                break
            write.seek(0, os.SEEK_END)
    if target.stat().st_size != size:
        raise OSError(f"{target.name} is not whole")
