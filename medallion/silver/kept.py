"""What an earlier build of silver made of a file, for a build that need not make it again.

A file's tables depend on its bytes, on who its samples are and on the code alone. So a
chromosome that is added leaves the others' parts where they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from medallion.files import Place
from medallion.files.parquet import scan_parquet
from medallion.silver.tables import CALLS, DEFECTS, GENOTYPES, IDENTIFIERS, PATTERNS, VARIANTS
from medallion.storage import delta
from medallion.storage.coded import Coded
from medallion.storage.parts import Part, missing, table_path
from medallion.storage.snapshot import Snapshot

__all__ = ["BIG", "FileTables", "file_key", "kept_files"]

BIG = (VARIANTS, GENOTYPES, CALLS, IDENTIFIERS)
"""The tables that are written a part at a time, each part of one file."""


@dataclass(frozen=True, slots=True)
class FileTables:
    """What silver holds of one file.

    `parts` by the tables' short names, `silver.defects` among them where its broken lines are
    many; `entry` is its line in the ledger; `defects` are the other rows of `silver.defects`
    about its lines; `patterns` are rows of `silver.patterns`.
    """

    parts: Mapping[str, Sequence[Part]]
    entry: Mapping[str, Any]
    defects: pl.DataFrame
    patterns: pl.DataFrame


def file_key(sha256: str, people: Mapping[str, Coded], code: str) -> str:
    """A digest of all that a file's tables are made from."""
    who = {k: [e.codes.tolist(), [str(v) for v in e.values]] for k, e in people.items()}
    return hashlib.sha256(json.dumps([sha256, who, code]).encode()).hexdigest()


def kept_files(
    root: Place, snapshot: Snapshot | None, keys: Mapping[str, str]
) -> dict[str, FileTables]:
    """The files whose key in `keys` is that of the published layer, and whose parts are there."""
    known = snapshot.summary.get("keys", {}) if snapshot else {}
    same = [name for name, key in keys.items() if known.get(name) == key]
    if snapshot is None or not same:
        return {}
    version = {k: v.version for k, v in snapshot.tables.items()}
    tables = (*BIG, DEFECTS)
    parts = {t.short: delta.parts_of(root, t, version[t.short]) for t in tables}
    if any(missing(root, t, parts[t.short]) for t in tables):
        return {}
    ledger = {entry["file"]: entry for entry in snapshot.summary["ledger"]}
    apart = {path for entry in ledger.values() for path in entry["apart"]}
    few = [p for p in parts[DEFECTS.short] if p.path not in apart]
    parts[DEFECTS.short] = [p for p in parts[DEFECTS.short] if p.path in apart]
    defects = pl.DataFrame(schema=DEFECTS.polars_schema())
    if few:
        own = scan_parquet([table_path(root, DEFECTS) / p.path for p in few])
        # Of samples and of files beside others a build tells anew, for all files.
        of_all = (pl.col("scope") == "sample") | (pl.col("reason") == "files-overlap")
        defects = own.filter(~of_all).collect()
    patterns = delta.scan(root, PATTERNS, version[PATTERNS.short]).collect()
    return {
        name: FileTables(
            {k: [p for p in v if p.stats["file"][0] == name] for k, v in parts.items()},
            ledger[name],
            defects.filter(pl.col("file") == name),
            patterns.filter(pl.col("pattern").is_in(ledger[name]["patterns"])),
        )
        for name in same
    }
