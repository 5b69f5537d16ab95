"""Whether layers belong together: whether one was made of what is published below it now.

A build that stopped between two layers, or that was asked for a lower one alone, leaves a
layer that is whole and of other data than what lies below it. Records are known by their
number in a file, so to follow one across such layers would end at another record.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from medallion.errors import LakeError
from medallion.files import Place, in_command
from medallion.status import LAYERS
from medallion.storage.snapshot import Snapshot, read_snapshot

__all__ = ["apart", "unchanged"]

T = TypeVar("T")
_TRIES = 5
_PAUSE_SECONDS = 0.2


def apart(root: Place, layer: str, file: str | None = None) -> str | None:
    """Why rows of silver or gold are not of what is published below it, or None where they are.

    With `file`, a VCF of bronze, silver's rows of it alone are meant. None too where one of
    the two is not built. What code made a layer does not matter here.
    """
    below = LAYERS[LAYERS.index(layer) - 1]
    upper, lower = read_snapshot(root, layer), read_snapshot(root, below)
    if upper is None or lower is None or _is_of(upper, lower, file):
        return None
    return (
        f"The {layer} layer in {root} was not made of the {below} that is there now, so its rows "
        f"cannot be followed there. Build it: medallion build {layer} --lake {in_command(root)}"
    )


def _is_of(upper: Snapshot, lower: Snapshot, file: str | None) -> bool:
    """By the bytes of bronze's files, and the digest of silver: what fingerprints hold."""
    made_of = upper.fingerprint.inputs
    if upper.layer == "gold":
        return lower.fingerprint.digest in made_of.values()
    names = made_of if file is None else [f"The VCF {file}"]
    return all(
        name in made_of and made_of[name] == lower.fingerprint.inputs.get(name) for name in names
    )


def unchanged(root: Place, read: Callable[[], T]) -> T:
    """What `read()` gives, all of it read of the same published layers.

    Where a build publishes meanwhile, it is read again. Raises LakeError where builds do so
    time and again.
    """
    for _ in range(_TRIES):
        before = _published(root)
        try:
            found = read()
        except LakeError:
            if before == _published(root):
                raise
        else:
            if before == _published(root):
                return found
        time.sleep(_PAUSE_SECONDS)
    raise LakeError(f"The lake in {root} is being built. Ask again when that is done.")


def _published(root: Place) -> list[str | None]:
    snapshots = [read_snapshot(root, layer) for layer in LAYERS]
    return [None if s is None else s.token for s in snapshots]
