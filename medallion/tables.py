"""All tables of a lake by name, and the version of each that readers see."""

from __future__ import annotations

from collections.abc import Iterator

from medallion.bronze import build as bronze_build
from medallion.bronze import tables as bronze
from medallion.errors import LayerFormatError, NotBuiltError, UsageError
from medallion.files import Place, in_command
from medallion.gold import build as gold_build
from medallion.gold import tables as gold
from medallion.silver import build as silver_build
from medallion.silver import tables as silver
from medallion.status import LAYERS
from medallion.storage import delta
from medallion.storage.parts import Part
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, read_snapshot

__all__ = [
    "TABLES",
    "layer_named",
    "needed_snapshot",
    "needed_version",
    "published_parts",
    "published_tables",
    "published_version",
    "table_named",
]

TABLES: dict[str, Table] = {t.name: t for t in (*bronze.TABLES, *silver.TABLES, *gold.TABLES)}


_BUILDS = {"bronze": bronze_build, "silver": silver_build, "gold": gold_build}


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


def published_version(root: Place, table: Table) -> int | None:
    """The version of `table` that readers of the lake at `root` see, or None."""
    snapshot = read_snapshot(root, table.layer)
    state = snapshot.tables.get(table.short) if snapshot else None
    return state.version if state else None


def published_tables(root: Place) -> list[tuple[Table, int]]:
    """All tables that can be read, with their versions, those of a layer by one look at it."""
    states = {
        name: s.tables
        for name in LAYERS
        if (s := read_snapshot(root, name)) is not None and _same_format(s)
    }
    return [
        (table, states[table.layer][table.short].version)
        for table in TABLES.values()
        if table.short in states.get(table.layer, ())
    ]


def published_parts(root: Place, layer: str) -> Iterator[tuple[Table, Part]]:
    """The parts of all tables of a layer that can be read."""
    for table, version in published_tables(root):
        if table.layer == layer:
            yield from ((table, part) for part in delta.parts_of(root, table, version))


def needed_snapshot(root: Place, layer: str) -> Snapshot:
    """The published `layer`, for reading.

    Raises NotBuiltError where there is none, LayerFormatError where another version of the
    program wrote its tables in a format that this one might misread.
    """
    snapshot = read_snapshot(root, layer)
    if snapshot is None:
        raise NotBuiltError(
            f"The {layer} layer has not been built. Build it: medallion build {layer} "
            f"--lake {in_command(root)}"
        )
    if not _same_format(snapshot):
        raise LayerFormatError(
            f"The tables of {layer} in {root} have format {snapshot.fingerprint.format}; this "
            f"version reads format {_BUILDS[layer].FORMAT}. Make them again: medallion build "
            f"{layer} --lake {in_command(root)}"
        )
    return snapshot


def needed_version(root: Place, table: Table) -> int:
    """The version of `table` to read. Raises as `needed_snapshot` does."""
    state = needed_snapshot(root, table.layer).tables.get(table.short)
    if state is None:
        raise NotBuiltError(
            f"There is no {table.name} in {root}: another version of this program built "
            f"{table.layer}. Build it again: medallion build {table.layer} "
            f"--lake {in_command(root)}"
        )
    return state.version


def _same_format(snapshot: Snapshot) -> bool:
    return bool(snapshot.fingerprint.format == _BUILDS[snapshot.layer].FORMAT)
