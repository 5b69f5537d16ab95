"""What is told to whoever reads a lake that lost a file: which table, and what mends it.

Frames are read far from where they were opened, and polars, pyarrow and Delta each raise what
is their own, at times no `Exception` at all. So it is caught where all reading ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa
from deltalake.exceptions import DeltaError

from medallion.errors import LakeError, MedallionError
from medallion.files import Place, in_command
from medallion.status import LAYERS
from medallion.storage import delta
from medallion.storage.snapshot import read_snapshot

__all__ = ["telling"]

# Signs of a damaged file, though each has its size; an OSError is not, of itself.
_DAMAGED = (
    DeltaError,
    pa.ArrowInvalid,
    pl.exceptions.ComputeError,
    pl.exceptions.PanicException,
)


@contextmanager
def telling(root: Place) -> Iterator[None]:
    """Turn what a reader of the lake meets, where a file is gone or damaged, into LakeError.

    What has another cause is raised as it is.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except delta.TROUBLE as error:
        for layer in LAYERS:
            if lost := _lost(root, layer):
                raise LakeError(
                    f"The {layer} layer in {root} cannot be read: a file of {', '.join(lost)} is "
                    f"gone or damaged. Make it again: medallion build {layer} "
                    f"--lake {in_command(root)}"
                ) from error
        if not isinstance(error, _DAMAGED):
            raise
        what = str(error).split("\n", maxsplit=1)[0]
        raise LakeError(
            f"A table of {root} cannot be read ({what}). Where a file of it is damaged, this says "
            f"which: medallion verify --lake {in_command(root)}"
        ) from error


def _lost(root: Place, layer: str) -> list[str]:
    try:
        snapshot = read_snapshot(root, layer)
    except MedallionError:
        return []
    versions = (
        {short: state.version for short, state in snapshot.tables.items()} if snapshot else {}
    )
    return delta.damaged(root, layer, versions)
