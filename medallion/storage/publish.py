"""Publishing a layer: commit its tables, pin them together, clear what nobody reads.

In this order, so that a build that dies on the way has changed nothing that is read.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from medallion.storage import delta
from medallion.storage.fingerprint import Fingerprint
from medallion.storage.parts import Part
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, TableState, read_snapshot, write_snapshot

__all__ = ["publish"]


def publish(
    root: Path,
    parts: Mapping[Table, Sequence[Part | None]],
    fingerprint: Fingerprint,
    summary: Mapping[str, Any],
    begun: float,
) -> None:
    """Make `parts` the content of a layer's tables, and the layer what readers see.

    `begun` is the build's start by `time.monotonic`. The version that was published
    before stays readable; older ones, and parts of builds that died, are removed.
    """
    layer = next(iter(parts)).layer
    before = read_snapshot(root, layer)
    states = {}
    for table, listed in parts.items():
        own = [p for p in listed if p is not None]
        version = delta.commit(root, table, own, {"layer": layer})
        states[table.short] = TableState(
            version, sum(p.rows for p in own), sum(p.bytes for p in own)
        )
    seconds = time.monotonic() - begun
    write_snapshot(root, Snapshot(layer, states, fingerprint, datetime.now(UTC), seconds, summary))
    for table in parts:
        keep = [states[table.short].version]
        if before and table.short in before.tables:
            keep.append(before.tables[table.short].version)
        delta.clean(root, table, keep)
