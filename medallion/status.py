"""The state of a lake's layers: fresh, stale and why, or missing; and what a build would do.

Pure of any writing: a look at the small records of the layers and the dates of files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from medallion.bronze import build as bronze
from medallion.bronze.source import Source, exchanged, read_source
from medallion.files import Place
from medallion.gold import build as gold
from medallion.silver import build as silver
from medallion.storage import delta
from medallion.storage.fingerprint import Fingerprint
from medallion.storage.lost import lost_files
from medallion.storage.snapshot import Snapshot, read_snapshot

__all__ = ["LAYERS", "LayerStatus", "State", "Step", "layer_states", "plan"]

LAYERS = ("bronze", "silver", "gold")

State = Literal["fresh", "stale", "missing"]


@dataclass(frozen=True, slots=True)
class LayerStatus:
    """One layer. `bytes` are on disk; `built_at` is UTC; `seconds` its last build took."""

    layer: str
    state: State
    reasons: tuple[str, ...] = ()
    built_at: datetime | None = None
    seconds: float | None = None
    bytes: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, dates as ISO 8601."""
        data = asdict(self)
        data["built_at"] = self.built_at.isoformat() if self.built_at else None
        data["reasons"] = list(self.reasons)
        return data


@dataclass(frozen=True, slots=True)
class Step:
    """What a build would do to one layer, why, and what it costs as far as is known.

    `anew`: nothing of what is there is taken over.
    """

    layer: str
    reasons: tuple[str, ...]
    download_bytes: int = 0
    last_seconds: float | None = None
    anew: bool = False


def layer_states(root: Place, source: Source) -> dict[str, LayerStatus]:
    """The state of each layer of the lake at `root`, bottom up.

    A layer above a stale one is stale for the same reasons.
    """
    below, wrong = bronze.current(root, source)
    states = {"bronze": _state(root, "bronze", below, wrong)}
    now = silver.current(below)
    states["silver"] = _state(root, "silver", now)
    top = _state(root, "gold", gold.current(now))
    if top.state == "stale" and states["silver"].state == "stale":
        # The reasons of the layer below are the reason; "silver changed" says less.
        reasons = tuple(dict.fromkeys((*states["silver"].reasons, *_own(top.reasons))))
        top = LayerStatus(**{**_fields(top), "reasons": reasons})
    states["gold"] = top
    return states


def _own(reasons: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(r for r in reasons if not r.startswith("The silver layer"))


def _fields(status: LayerStatus) -> dict[str, Any]:
    return {name: getattr(status, name) for name in LayerStatus.__slots__}


def _state(root: Place, layer: str, now: Fingerprint, wrong: tuple[str, ...] = ()) -> LayerStatus:
    snapshot = read_snapshot(root, layer)
    if snapshot is None:
        return LayerStatus(layer, "missing", (f"The {layer} layer has not been built.",))
    lost = (f"A file of {table} is gone or damaged." for table in lost_files(root, snapshot))
    reasons = (*snapshot.fingerprint.differences(now), *wrong, *lost)
    return LayerStatus(
        layer=layer,
        state="stale" if reasons else "fresh",
        reasons=reasons,
        built_at=snapshot.built_at,
        seconds=snapshot.seconds,
        bytes=_bytes(snapshot),
        rows={k: v.rows for k, v in snapshot.tables.items()},
        versions={k: v.version for k, v in snapshot.tables.items()},
        summary=snapshot.summary,
    )


def _bytes(snapshot: Snapshot) -> int:
    files = snapshot.summary.get("files", {})
    return sum(t.bytes for t in snapshot.tables.values()) + sum(
        int(f["stat"][0]) for f in files.values()
    )


def plan(root: Place, source: Source, layer: str, *, force: bool = False) -> list[Step]:
    """The steps that a build of `layer` would take, bottom up.

    What is missing or stale, and what lost a file: of a lake in a store that is looked for
    here alone, for it takes a request for each table.
    """
    steps = []
    states = layer_states(root, source)
    for name in LAYERS[: LAYERS.index(layer) + 1]:
        status = states[name]
        asked = force and name == layer
        lost = delta.damaged(root, name, status.versions)
        told = (f"A file of {table} is gone or damaged." for table in lost)
        reasons = (
            *dict.fromkeys((*status.reasons, *told)),
            *(("You asked for it to be built again.",) if asked and not status.reasons else ()),
        )
        if reasons and name == "bronze" and (other := exchanged(read_source(root), source)):
            reasons = (other, *reasons)
        if reasons:
            size = bronze.download_bytes(root, source) if name == "bronze" else 0
            steps.append(Step(name, reasons, size, status.seconds, asked or bool(lost)))
    return steps
