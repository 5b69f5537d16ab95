"""Publishing a layer: commit its tables, pin them together, clear what nobody reads.

In this order, so that a build that dies on the way has changed nothing that is read.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from medallion.errors import LakeError, WorkerError
from medallion.files import Place, delta_options_of, is_seen, remove_folder
from medallion.storage import delta
from medallion.storage.fingerprint import Fingerprint
from medallion.storage.keeping import kept_number
from medallion.storage.lock import confirm
from medallion.storage.parts import Part, missing, table_path
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, TableState, read_snapshot, write_snapshot

__all__ = [
    "arrived",
    "is_tidied",
    "publish",
    "remove_unreadable",
    "removing_unfinished",
    "was_cut_short",
]

_MARK = ".building"


def arrived(root: Place, table: Table, parts: Iterable[Part]) -> list[Part]:
    """`parts` as workers returned them, looked at on this machine's disk.

    Raises WorkerError where one is not there as it was written.
    """
    found = list(parts)
    for part in missing(root, table, found):
        raise WorkerError(
            f"A worker wrote {part.path} of {table.name}, but it is not in {root} as this "
            "machine sees it. Nothing was published. A lake that several machines build "
            "lies where all have it under the same path."
        )
    return found


@contextmanager
def removing_unfinished(root: Place, tables: Sequence[Table]) -> Iterator[None]:
    """Run a build of a layer; where it fails or is cancelled, remove the parts that it wrote.

    A part that a worker out of reach goes on writing is removed by the next build. While it
    runs a mark stands in the layer's folder: one that dies leaves it, and the next build of
    the lake sees it (`was_cut_short`).
    """
    mark = _mark(root, tables[0].layer)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_bytes(b"")
    before = {table: delta.part_names(root, table) for table in tables}
    try:
        yield
    except BaseException:
        # What went wrong may stand in the way of this too; it is what is to be told.
        with suppress(OSError, DeltaError, LakeError):
            confirm(root)
            for table in tables:
                kept = before[table] | delta.newest_names(root, table)
                for name in delta.part_names(root, table) - kept:
                    (table_path(root, table) / name).unlink(missing_ok=True)
            mark.unlink(missing_ok=True)
        raise
    mark.unlink(missing_ok=True)


def was_cut_short(root: Place, layer: str) -> bool:
    """Whether the last build of a layer died: what it left is still there."""
    return _mark(root, layer).is_file()


def is_tidied(root: Place, layer: str) -> None:
    """Take the mark away: what a build that died left is gone."""
    _mark(root, layer).unlink(missing_ok=True)


def _mark(root: Place, layer: str) -> Place:
    return root / layer / _MARK


def remove_unreadable(root: Place, layer: str) -> None:
    """Remove tables of `layer` whose log is damaged: no commit could be put on top of it.

    Only a builder that holds the lake's lock, and makes the layer anew, may call this.
    Raises StoreError where it is the store that cannot be used.
    """
    for folder in (root / layer).glob("*"):
        if not (folder / "_delta_log").is_dir():
            continue
        try:
            DeltaTable(str(folder), storage_options=delta_options_of(root))
        except TableNotFoundError:
            continue
        except (DeltaError, OSError):
            if is_seen(root):
                remove_folder(folder)


def publish(
    root: Place,
    parts: Mapping[Table, Sequence[Part | None]],
    fingerprint: Fingerprint,
    summary: Mapping[str, Any],
    begun: float,
) -> None:
    """Make `parts` the content of a layer's tables, and the layer what readers see.

    `begun` is the build's start by `time.monotonic`. As many versions that were published
    before stay readable as the lake keeps (`keeping`); older ones, and parts of builds that
    died, are removed.
    """
    layer = next(iter(parts)).layer
    confirm(root)
    before = read_snapshot(root, layer)
    kept = kept_number(root)
    states = {}
    earlier = {}
    for table, listed in parts.items():
        own = [p for p in listed if p is not None]
        version = delta.commit(root, table, own, {"layer": layer})
        states[table.short] = TableState(
            version, sum(p.rows for p in own), sum(p.bytes for p in own)
        )
        if before and table.short in before.tables:
            known = (before.tables[table.short].version, *before.earlier.get(table.short, ()))
            earlier[table.short] = [v for v in known if v < version][:kept]
    now, seconds = datetime.now(UTC), time.monotonic() - begun
    write_snapshot(root, Snapshot(layer, states, fingerprint, now, seconds, summary, earlier))
    confirm(root)
    for table, listed in parts.items():
        delta.clean(root, table, earlier.get(table.short, ()), listed)
