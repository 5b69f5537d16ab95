"""The history of a lake: a line for each build of a layer, done, failed or cancelled.

`history.jsonl` in the lake's folder, one JSON object a line. Lines are added; where the
file grows beyond 4 MB (some thousand builds), its older half goes. A line that a dying
process left half written is passed over. Losing the file loses the history and nothing else.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import polars as pl

from medallion.errors import BuildCancelled, StoreError
from medallion.files import Place, add_line, last_lines
from medallion.storage.snapshot import Snapshot, read_snapshot
from medallion.storage.work import Work

__all__ = [
    "SCHEMA",
    "Outcome",
    "Run",
    "packages",
    "read_history",
    "recorded",
    "write_run",
]

Outcome = Literal["done", "failed", "cancelled"]

_NAME = "history.jsonl"
_MOST_BYTES = 4_000_000
_MOST_ERROR = 4_000
"""Characters of an error: it may quote a line of a file."""
_PACKAGES = (
    "medallion",
    "deltalake",
    "isal",
    "numpy",
    "polars",
    "pyarrow",
    "scikit-allel",
    "scipy",
)

SCHEMA: dict[str, Any] = {
    "started_at": pl.Datetime("us", "UTC"),
    "layer": pl.String,
    "outcome": pl.String,
    "seconds": pl.Float64,
    "rows_in": pl.Int64,
    "bytes_in": pl.Int64,
    "rows": pl.Int64,
    "bytes": pl.Int64,
    "peak_memory": pl.Int64,
    "asked_by": pl.String,
    "reasons": pl.List(pl.String),
    "stages": pl.String,
    "versions": pl.String,
    "code": pl.String,
    "error": pl.String,
}
"""Columns of the history: `stages`, `versions` are JSON objects, `bytes` of the tables.

What goes in: into bronze and silver the bytes of the files, into silver their records, into
gold the rows and bytes of silver's tables. `code` is a digest of the code that makes the layer.
"""


@dataclass(frozen=True, slots=True)
class Run:
    """One build of one layer. `stages` maps what was done to seconds."""

    started_at: datetime
    layer: str
    outcome: Outcome
    seconds: float
    asked_by: str
    reasons: tuple[str, ...] = ()
    rows_in: int | None = None
    bytes_in: int | None = None
    rows: int | None = None
    bytes: int | None = None
    peak_memory: int | None = None
    stages: Mapping[str, float] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    error: str | None = None


@contextmanager
def recorded(
    root: Place, layer: str, reasons: Sequence[str], asked_by: str, work: Work
) -> Iterator[None]:
    """Run a build of `layer` and write how it went, however it ends."""
    started, begun = datetime.now(UTC), time.monotonic()
    work.report.forget(layer)
    outcome: Outcome = "failed"
    error: str | None = None
    try:
        yield
        outcome = "done"
    except (BuildCancelled, KeyboardInterrupt):
        outcome = "cancelled"
        raise
    except Exception as wrong:
        error = str(wrong) or repr(wrong)
        raise
    finally:
        snapshot = read_snapshot(root, layer) if outcome == "done" else None
        tables = [] if snapshot is None else list(snapshot.tables.values())
        rows_in, bytes_in = _taken(root, snapshot)
        write_run(
            root,
            Run(
                started_at=started,
                layer=layer,
                outcome=outcome,
                seconds=round(time.monotonic() - begun, 3),
                asked_by=asked_by,
                reasons=tuple(reasons),
                rows_in=rows_in,
                bytes_in=bytes_in,
                rows=sum(t.rows for t in tables) if tables else None,
                bytes=sum(t.bytes for t in tables) if tables else None,
                peak_memory=work.peak_memory(),
                stages=work.report.stages(layer),
                versions=packages(),
                code="" if snapshot is None else snapshot.fingerprint.code,
                error=error,
            ),
        )


def _taken(root: Place, made: Snapshot | None) -> tuple[int | None, int | None]:
    """Rows and bytes that went into a layer which was made."""
    if made is None:
        return None, None
    if made.layer == "gold":
        silver = read_snapshot(root, "silver")
        tables = [] if silver is None else list(silver.tables.values())
        return sum(t.rows for t in tables), sum(t.bytes for t in tables)
    bronze = read_snapshot(root, "bronze")
    files = [] if bronze is None else [root / "bronze" / name for name in bronze.summary["files"]]
    size = sum(path.stat().st_size for path in files if path.is_file())
    ledger = made.summary.get("ledger")
    return None if ledger is None else sum(entry["records"] for entry in ledger), size


def write_run(root: Place, run: Run) -> None:
    """Add a line. A disk that is full or read-only costs the line, never the build."""
    data = asdict(run)
    data["started_at"] = run.started_at.astimezone(UTC).isoformat()
    data["error"] = run.error and run.error[:_MOST_ERROR]
    text = json.dumps(data, sort_keys=True) + "\n"
    with suppress(OSError, StoreError):
        add_line(root / _NAME, text.encode("utf-8"), _MOST_BYTES)


def read_history(root: Place) -> pl.DataFrame:
    """The builds of the lake at `root`, the oldest first; columns as SCHEMA."""
    try:
        lines = last_lines(root / _NAME, _MOST_BYTES).splitlines()
    except FileNotFoundError:
        lines = []
    rows = []
    for line in lines:
        try:
            data = json.loads(line)
            data["started_at"] = datetime.fromisoformat(data["started_at"])
            for name in ("stages", "versions"):
                data[name] = json.dumps(data[name])
            rows.append({name: data.get(name) for name in SCHEMA})
        except (ValueError, KeyError, TypeError):
            continue  # half a line: the process died as it wrote
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


@cache
def packages() -> Mapping[str, str]:
    """Versions of Python and of the packages that make the tables."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
