"""Publishing a layer: commit its tables, pin them together, clear what nobody reads.

In this order, so that a build that dies on the way has changed nothing that is read.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from deltalake import DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError

from medallion.errors import WorkerError
from medallion.storage import delta
from medallion.storage.fingerprint import Fingerprint
from medallion.storage.keeping import kept_number
from medallion.storage.parts import Part, table_path, whole
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, TableState, read_snapshot, write_snapshot

__all__ = ["arrived", "publish", "remove_unreadable", "removing_unfinished"]


def arrived(root: Path, table: Table, parts: Iterable[Part]) -> list[Part]:
    """`parts` as workers returned them, looked at on this machine's disk.

    Raises WorkerError where one is not there as it was written.
    """
    found = list(parts)
    for part in found:
        if not whole(root, table, part):
            raise WorkerError(
                f"A worker wrote {part.path} of {table.name}, but it is not in {root} as this "
                "machine sees it. Nothing was published. A lake that several machines build "
                "lies where all have it under the same path."
            )
    return found


@contextmanager
def removing_unfinished(root: Path, tables: Sequence[Table]) -> Iterator[None]:
    """Run a build; where it fails or is cancelled, remove the parts that it wrote.

    A part that a worker out of reach goes on writing is removed by the next build.
    """
    before = {table: _files(root, table) for table in tables}
    try:
        yield
    except BaseException:
        # What went wrong may stand in the way of this too; it is what is to be told.
        with suppress(OSError, DeltaError):
            for table in tables:
                named = set(delta.newest_paths(root, table))
                for path in _files(root, table) - before[table] - named:
                    path.unlink(missing_ok=True)
        raise


def remove_unreadable(root: Path, layer: str) -> None:
    """Remove tables of `layer` whose log is damaged: no commit could be put on top of it.

    Only a builder that holds the lake's lock, and makes the layer anew, may call this.
    """
    for log in (root / layer).glob("*/_delta_log"):
        try:
            DeltaTable(str(log.parent))
        except TableNotFoundError:
            continue
        except (DeltaError, OSError):
            shutil.rmtree(log.parent, ignore_errors=True)


def _files(root: Path, table: Table) -> set[Path]:
    folder = table_path(root, table)
    return {p for p in folder.rglob("*.parquet") if "_delta_log" not in p.parts}


def publish(
    root: Path,
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
    for table in parts:
        short = table.short
        delta.clean(root, table, [states[short].version, *earlier.get(short, ())])
