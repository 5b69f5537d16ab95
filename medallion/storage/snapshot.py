"""The snapshot of a layer: the one small file that says which table versions belong together.

A build commits its tables first and replaces the snapshot last, atomically, so a
reader sees the old layer or the new one, never half of each, and a build that dies on
the way has changed nothing that anybody reads.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from medallion.errors import LakeError, LayerFormatError, StoreError
from medallion.files import Place, in_command, move, replacing
from medallion.storage.fingerprint import Fingerprint
from medallion.storage.lock import confirm

__all__ = [
    "Snapshot",
    "TableState",
    "put_aside_unreadable",
    "read_snapshot",
    "replace_json",
    "write_snapshot",
]

FORMAT = 1
_NAME = "layer.json"


@dataclass(frozen=True, slots=True)
class TableState:
    """A table as published: its Delta version, rows, and bytes on disk."""

    version: int
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A published layer; `earlier` are the versions of each table before, the newest first."""

    layer: str
    tables: Mapping[str, TableState]
    fingerprint: Fingerprint
    built_at: datetime
    seconds: float
    summary: Mapping[str, Any] = field(default_factory=dict)
    earlier: Mapping[str, Sequence[int]] = field(default_factory=dict)

    @property
    def token(self) -> str:
        """A word that changes whenever the published layer does: a key for caches."""
        versions = "-".join(f"{k}{v.version}" for k, v in sorted(self.tables.items()))
        return f"{versions}@{self.built_at.timestamp():.6f}"


def _path(root: Place, layer: str) -> Place:
    return root / layer / _NAME


def read_snapshot(root: Place, layer: str) -> Snapshot | None:
    """The published `layer` of the lake at `root`, or None where there is none.

    Raises LayerFormatError where another version of the program wrote it, LakeError
    where the file is damaged.
    """
    path = _path(root, layer)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValueError, OSError) as error:
        raise LakeError(
            f"{path} cannot be read ({error}). Make the layer again: medallion build {layer} "
            f"--force --lake {in_command(root)}"
        ) from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else "no format"
        raise LayerFormatError(
            f"The {layer} layer in {path.parent} was written in format {found} by another version "
            f"of this program; this version reads format {FORMAT}. Use that version, or make the "
            f"layer again: medallion build {layer} --force --lake {in_command(root)}"
        )
    try:
        return Snapshot(
            layer=layer,
            tables={k: TableState(**v) for k, v in data["tables"].items()},
            fingerprint=Fingerprint.from_json(data["fingerprint"]),
            built_at=datetime.fromisoformat(data["built_at"]),
            seconds=data["seconds"],
            summary=data["summary"],
            earlier={k: tuple(map(int, v)) for k, v in data.get("earlier", {}).items()},
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise LakeError(
            f"{path} is not a layer's record ({error!r}). Make the layer again: medallion build "
            f"{layer} --force --lake {in_command(root)}"
        ) from error


def put_aside_unreadable(root: Place, layer: str) -> None:
    """Take the record of a layer out of the way where it is damaged or of another version.

    What it names is then neither read nor kept. Only a builder that holds the lake's lock,
    and was asked to build again, may call this.
    """
    try:
        read_snapshot(root, layer)
    except StoreError:
        raise
    except LakeError:
        path = _path(root, layer)
        move(path, path.with_name(f"{path.name}.other"))


def write_snapshot(root: Place, snapshot: Snapshot) -> None:
    """Publish `snapshot`: the last act of a build."""
    replace_json(
        root,
        f"{snapshot.layer}/{_NAME}",
        {
            "format": FORMAT,
            "layer": snapshot.layer,
            "tables": {
                k: {"version": v.version, "rows": v.rows, "bytes": v.bytes}
                for k, v in snapshot.tables.items()
            },
            "fingerprint": snapshot.fingerprint.to_json(),
            "built_at": snapshot.built_at.astimezone(UTC).isoformat(),
            "seconds": round(snapshot.seconds, 3),
            "summary": dict(snapshot.summary),
            "earlier": {k: list(v) for k, v in snapshot.earlier.items()},
        },
    )


def replace_json(root: Place, name: str, data: Mapping[str, Any]) -> None:
    """Write `data` to `name` in a lake; a reader sees the old file or the new one, whole.

    Only a builder that holds the lake's lock may call this.
    """
    text = json.dumps(data, indent=1, sort_keys=True)
    with replacing(root / name) as write:
        confirm(root)
        write(text.encode("utf-8"))
