"""The file or folder that an export makes: it appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from medallion.errors import SourceError, UsageError
from medallion.files import Place

__all__ = ["check_target", "new_file", "new_folder"]


def check_target(path: Path, root: Place, sources: Iterable[str | None]) -> None:
    """Raise UsageError where `path` is the lake's at `root`, or one of its source files."""
    place = path.resolve()
    layers = [(root / layer).resolve() for layer in ("bronze", "silver", "gold")]
    own = [Path(s).resolve() for s in sources if s]
    if place in own or any(place == d or d in place.parents for d in layers):
        raise UsageError(
            f"{path} belongs to the lake {root}; an export would overwrite it. Choose another name."
        )


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


@contextmanager
def new_file(path: Path) -> Iterator[Path]:
    """Give a name beside `path` to write to; then put that file where `path` is.

    A file that was there is replaced, at the end and at once. Raises SourceError where
    it cannot be written; then it is as it was.
    """
    if path.is_dir():
        raise SourceError(f"{path} cannot be written: it is a folder. Name a file in it.")
    temporary = _temporary(path)
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def new_folder(path: Path, own: Collection[set[str]]) -> Iterator[Path]:
    """Give a folder beside `path` to fill; then put it where `path` is.

    A folder whose files are just those of one set in `own`, an export before, is replaced
    whole. Raises UsageError where it holds anything else, SourceError where it cannot be
    written; then it is as it was.
    """
    if path.name in ("", ".."):
        path = path.resolve()
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path} is a file; expected the name of a folder, new or empty.")
    there = {p.name for p in path.glob("*")}
    if there and there not in own:
        # Perhaps samples.csv alone, which is somebody's own: only a whole export goes.
        shown = ", ".join(sorted(there)[:3]) + (", ..." if len(there) > 3 else "")
        raise UsageError(
            f"{path} holds {shown}, which is no whole export of these tables; nothing was "
            "changed. Name a new or empty folder."
        )
    temporary, old = _temporary(path), _temporary(path)
    try:
        temporary.mkdir()
        yield temporary
        if path.exists():
            # A full folder cannot be replaced in one act: it steps aside first.
            os.replace(path, old)
        try:
            os.replace(temporary, path)
        except OSError:
            if old.exists():
                os.replace(old, path)
            raise
    except OSError as error:
        raise SourceError(f"{path} cannot be written: {error.strerror or error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
