"""Delta tables on disk: parts gathered by one commit, and read back.

Parts (`medallion.storage.parts`) are committed by delta-rs as add actions:
`write_deltalake` would spell every dictionary out and take about ten times as long.
"""

from __future__ import annotations

import json
import time
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, TypeVar, cast
from urllib.parse import unquote

import polars as pl
import pyarrow as pa
from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import DeltaError, TableNotFoundError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from medallion.errors import LakeError, LayerFormatError
from medallion.files import (
    ObjectPath,
    Place,
    delta_options,
    delta_options_of,
    in_command,
    names,
    polars_options_of,
    sizes,
)
from medallion.files.recent import recently
from medallion.storage.parts import Part, folder_name, table_path
from medallion.storage.schema import Table

__all__ = [
    "TROUBLE",
    "check_columns",
    "clean",
    "commit",
    "damaged",
    "files_of",
    "newest_names",
    "open_table",
    "part_names",
    "parts_of",
    "reading",
    "scan",
    "writing",
]

Opened = TypeVar("Opened", bound=DeltaTable)
# As Delta's own writers do: else a look at a table reads the log of every build there ever was.
_CHECKPOINT_EVERY = 10


def _action(part: Part, table: Table, when: int) -> AddAction:
    stats: dict[str, Any] = {"numRecords": part.rows}
    if part.stats:
        stats["minValues"] = {k: v[0] for k, v in part.stats.items()}
        stats["maxValues"] = {k: v[1] for k, v in part.stats.items()}
    return AddAction(
        path=part.path,
        size=part.bytes,
        partition_values={"chrom": part.chrom} if table.partitioned else {},
        modification_time=when,
        data_change=True,
        stats=json.dumps(stats),
    )


def _properties(table: Table) -> dict[str, str]:
    """Which columns have bounds in the log, in Delta's own words.

    Without this, delta-rs hands pyarrow a null as the bound of every other column, and a
    filter on such a column finds nothing.
    """
    if not table.pruned_by:
        return {}
    return {"delta.dataSkippingStatsColumns": ",".join(table.pruned_by)}


def commit(
    root: Place, table: Table, parts: Iterable[Part | None], facts: Mapping[str, str]
) -> int:
    """Make `parts` the whole content of `table`; return the version that holds them.

    Parts that the newest version holds already are left where they are: only what comes
    and what goes is written to the log. `facts` go into the commit's own history.
    Earlier versions stay readable until `clean` removes them.
    """
    when = int(time.time() * 1000)
    wanted = {p.path: p for p in parts if p is not None}
    properties = CommitProperties(custom_metadata=dict(facts))
    path = table_path(root, table)
    path.mkdir(parents=True, exist_ok=True)
    options = delta_options_of(root)
    by = ["chrom"] if table.partitioned else None
    current = open_table(root, table)
    if current is None:
        create_table_with_add_actions(
            str(path),
            schema=table.delta_schema(),
            add_actions=[_action(p, table, when) for p in wanted.values()],
            mode="overwrite",
            partition_by=by,
            name=table.name,
            description=f"One row per {table.row}.",
            configuration=_properties(table),
            commit_properties=properties,
            storage_options=options,
        )
        return 0  # its first; to open the table only to be told so costs a store four requests
    if missing := _properties(table).items() - current.metadata().configuration.items():
        current.alter.set_table_properties(dict(missing))
    there = {p.path: p for p in _parts(current)}
    if wanted.keys() & there.keys():
        gone = [_removal(p, table, when) for p in there.values() if p.path not in wanted]
        new = [_action(p, table, when) for p in wanted.values() if p.path not in there]
        if not gone and not new:
            return current.version()
        current.create_write_transaction(
            [*new, *gone], mode="append", schema=table.delta_schema(), partition_by=by,
            commit_properties=properties,
        )  # fmt: skip
    else:
        current.create_write_transaction(
            [_action(p, table, when) for p in wanted.values()], mode="overwrite",
            schema=table.delta_schema(), partition_by=by, commit_properties=properties,
        )  # fmt: skip
    current.update_incremental()
    if current.version() % _CHECKPOINT_EVERY == 0:
        current.create_checkpoint()
    return current.version()


def _removal(part: Part, table: Table, when: int) -> RemoveAction:
    chrom = {"chrom": part.chrom} if table.partitioned else {}
    return RemoveAction(part.path, True, when, part.bytes, chrom)  # noqa: FBT003  # its order


def parts_of(root: Place, table: Table, version: int) -> list[Part]:
    """The parts that `table` has at `version`, in the order of their paths."""
    opened = open_table(root, table, version)
    return sorted(_parts(opened), key=lambda p: p.path) if opened is not None else []


def _parts(opened: DeltaTable) -> Iterator[Part]:
    for row in pl.DataFrame(opened.get_add_actions(flatten=True)).iter_rows(named=True):
        low = {k.removeprefix("min."): v for k, v in row.items() if k.startswith("min.")}
        stats = {k: (v, row[f"max.{k}"]) for k, v in low.items() if v is not None}
        yield Part(
            unquote(row["path"]), row["size_bytes"], row["num_records"],
            row.get("partition.chrom"), stats,
        )  # fmt: skip


def open_table(root: Place, table: Table, version: int | None = None) -> DeltaTable | None:
    """The Delta table at `version` (None: the newest), or None where there is none."""
    try:
        return _opened(DeltaTable, table_path(root, table), version)
    except TableNotFoundError:
        return None


def _opened(kind: type[Opened], folder: Place, version: int | None) -> Opened:
    options = delta_options_of(folder)
    if options is None or version is None:
        return kind(str(folder), version=version, storage_options=options)
    return cast("Opened", _of_store(cast("Hashable", kind), str(folder), version))


@lru_cache(maxsize=256)
def _of_store(kind: type[DeltaTable], folder: str, version: int) -> DeltaTable:
    """A version never changes, so its log is fetched from a store once."""
    return kind(folder, version=version, storage_options=delta_options())


def exists(root: Place, table: Table) -> bool:
    """Whether `table` has ever been committed."""
    return open_table(root, table) is not None


# What files that are gone or damaged raise: polars panics where one is shorter than its log says.
TROUBLE = (
    OSError,
    DeltaError,
    pa.ArrowException,
    pl.exceptions.ComputeError,
    pl.exceptions.PanicException,
)

# What Python, Rust and the system say where none is left, be it for the stack of a thread.
_NO_MEMORY = ("start new thread", "spawn worker thread", "allocate memory", "bad_alloc")


def _wants_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(text in str(error) for text in _NO_MEMORY)


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", maxsplit=1)[0]


@contextmanager
def writing(root: Place) -> Iterator[None]:
    """Turn what a full disk, a lost file or want of memory raises in a build into LakeError."""
    try:
        yield
    except (MemoryError, RuntimeError, *TROUBLE) as error:
        what = _first_line(error)
        if _wants_memory(error):
            raise LakeError(
                f"The build of {root} stopped for want of memory ({what or 'no memory'}). What was "
                "built before is untouched. Build with fewer --workers, or on a machine with more "
                "memory."
            ) from error
        if not isinstance(error, TROUBLE):
            raise
        raise LakeError(
            f"The build of {root} stopped: {what}. What was built before is untouched. Check that "
            "the disk has room and may be written; a layer that lost a file is made with --force."
        ) from error


@contextmanager
def reading(root: Place, layer: str) -> Iterator[None]:
    """Turn what files that are gone or damaged raise, of whichever library, into LakeError."""
    try:
        yield
    except TROUBLE as error:
        _of_store.cache_clear()
        what = _first_line(error)
        if _wants_memory(error):
            raise LakeError(
                f"The {layer} layer in {root} cannot be read for want of memory ({what}). Nothing "
                "is lost. Close other programs, or go on where there is more memory."
            ) from error
        raise LakeError(
            f"The {layer} layer in {root} cannot be read: a file of it is gone or damaged ({what})."
            f" Make it again: medallion build {layer} --force --lake {in_command(root)}"
        ) from error


class _Plain(DeltaTable):
    """A table whose files have their names on the disk: delta-rs gives a blank as %20."""

    def file_uris(self, *args: Any, **kwargs: Any) -> list[str]:  # noqa: ANN401  # passed on
        """Paths of the Parquet files."""
        folder = self.table_uri.removeprefix("file://")
        found = super().file_uris(*args, **kwargs)
        if not all(path.startswith(folder) for path in found):
            folder = folder.removeprefix("/")  # on Windows, before the drive's letter
        return [unquote(folder) + path.removeprefix(folder) for path in found]


def scan(root: Place, table: Table, version: int) -> pl.LazyFrame:
    """`table` at `version` as a LazyFrame with the contract's columns in order.

    Raises LakeError where the table's log is gone or damaged, or a file is gone or cut (in a
    store that is met when the frame is read), LayerFormatError where the table has not the
    columns that it has now.
    """
    with reading(root, table.layer):
        opened = _opened(_Plain, table_path(root, table), version)
        if not isinstance(root, ObjectPath):
            recently(
                root, ("files", table.name, version),
                lambda: _see_files(table_path(root, table), opened), many_files=True,
            )  # fmt: skip
    check_columns(root, table, opened)
    frame = pl.scan_delta(opened, storage_options=polars_options_of(root)).select(
        table.column_names
    )
    if not table.partitioned:
        return frame
    # A name too long for a folder is known from the log alone.
    names = {p["chrom"] for p in opened.partitions()}
    if long := {f: n for n in names if (f := folder_name(n)) != n and unquote(f) != n}:
        frame = frame.with_columns(pl.col("chrom").replace(long))
    return frame


def _see_files(folder: Place, opened: DeltaTable) -> None:
    """Raise OSError where a file is gone or cut: polars panics, and prints that, as it reads it."""
    files = {p.path: p.bytes for p in _parts(opened)}
    there = sizes(folder, files)
    for name, size in files.items():
        if there.get(name) != size:
            found = f"{there[name]:,} of its" if name in there else "none of its"
            raise OSError(f"{folder.name}/{name} has {found} {size:,} bytes")


def check_columns(root: Place, table: Table, opened: DeltaTable) -> None:
    """Raise LayerFormatError where a column is not there, or of another type."""
    there = {f.name: str(f.type) for f in opened.schema().fields}
    wanted = {f.name: str(f.type) for f in table.delta_schema().fields}
    if odd := [name for name, kind in wanted.items() if there.get(name) != kind]:
        raise LayerFormatError(
            f"{table.name} in {root} was written by another version of this program: its columns "
            f"{', '.join(odd)} are missing or of another type. Make it again: medallion build "
            f"{table.layer} --force --lake {in_command(root)}"
        )


def part_paths(root: Place, table: Table, version: int) -> list[Place]:
    """The Parquet files of `table` at `version`, in the order of their names."""
    return [table_path(root, table) / p.path for p in parts_of(root, table, version)]


def part_names(root: Place, table: Table) -> set[str]:
    """Paths of the Parquet files in the folder of `table`, in a version or in none."""
    found = names(table_path(root, table), ".parquet")
    return {name for name in found if not name.startswith("_delta_log/")}


def newest_names(root: Place, table: Table) -> set[str]:
    """Paths of the parts of the newest version of `table`, published or not."""
    opened = open_table(root, table)
    return {p.path for p in _parts(opened)} if opened else set()


def damaged(root: Place, layer: str, versions: Mapping[str, int]) -> list[str]:
    """Of tables of `layer`, by short name and version, those that lost a file or part of one."""
    found = []
    for short, version in versions.items():
        folder = root / layer / short
        files = files_of(folder, version)
        there = {} if files is None else sizes(folder, files)
        if files is None or any(there.get(name) != size for name, size in files.items()):
            found.append(f"{layer}.{short}")
    return found


def files_of(folder: Place, version: int) -> dict[str, int] | None:
    """Bytes of each file of the table in `folder`, by path; None where its log is damaged."""
    try:
        return {p.path: p.bytes for p in _parts(_opened(DeltaTable, folder, version))}
    except TROUBLE:
        return None


def clean(root: Place, table: Table, keep: Sequence[int], named: Iterable[Part | None] = ()) -> int:
    """Remove parts that no version in `keep` names; return how many.

    These are parts of cancelled or killed builds and of versions that are no longer
    kept; those in `named` stay as well. Only a builder that holds the lake's lock may call
    this.
    """
    wanted = {p.path for p in named if p is not None}
    for version in keep:
        wanted.update(p.path for p in parts_of(root, table, version))
    gone = part_names(root, table) - wanted
    for name in gone:
        (table_path(root, table) / name).unlink(missing_ok=True)
    return len(gone)
