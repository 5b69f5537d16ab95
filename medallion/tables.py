"""All tables of a lake by name, and the version of each that readers see."""

from __future__ import annotations

from pathlib import Path

from medallion.bronze import tables as bronze
from medallion.errors import NotBuiltError, UsageError
from medallion.gold import tables as gold
from medallion.silver import tables as silver
from medallion.status import LAYERS
from medallion.storage.schema import Table
from medallion.storage.snapshot import read_snapshot

__all__ = [
    "TABLES",
    "layer_named",
    "needed_version",
    "published_tables",
    "published_version",
    "table_named",
]

TABLES: dict[str, Table] = {t.name: t for t in (*bronze.TABLES, *silver.TABLES, *gold.TABLES)}


def layer_named(name: str) -> str:
    """`name`, where it is a layer. Raises UsageError where it is none."""
    if name not in LAYERS:
        raise UsageError(f"There is no layer {name!r}: expected one of {', '.join(LAYERS)}.")
    return name


def table_named(name: str) -> Table:
    """The table called `name`. Raises UsageError where there is none."""
    if name not in TABLES:
        raise UsageError(f"There is no table {name!r}: expected one of {', '.join(TABLES)}.")
    return TABLES[name]


def published_version(root: Path, table: Table) -> int | None:
    """The version of `table` that readers of the lake at `root` see, or None."""
    snapshot = read_snapshot(root, table.layer)
    state = snapshot.tables.get(table.short) if snapshot else None
    return state.version if state else None


def published_tables(root: Path) -> list[tuple[Table, int]]:
    """All published tables with their versions, those of a layer by one look at its record."""
    states = {name: s.tables for name in LAYERS if (s := read_snapshot(root, name)) is not None}
    return [
        (table, states[table.layer][table.short].version)
        for table in TABLES.values()
        if table.short in states.get(table.layer, ())
    ]


def needed_version(root: Path, table: Table) -> int:
    """The same. Raises NotBuiltError where nothing is published."""
    version = published_version(root, table)
    if version is None:
        raise NotBuiltError(
            f"The {table.layer} layer has not been built, so there is no {table.name}. "
            f"Build it: medallion build {table.layer} --lake {root}"
        )
    return version
