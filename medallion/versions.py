"""Earlier versions of a table: which are kept, and what became of their rows.

A build keeps the version before its own, or as many as the lake was told to. Versions are
held against each other a stretch of rows at a time, so that memory stays flat however large
they are; parts that both have, or that are the same byte for byte, are not read at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import polars as pl
from deltalake.exceptions import DeltaError

from medallion.bronze.build import LAYER as BRONZE
from medallion.bronze.places import forget_arriving, forget_published
from medallion.errors import LakeError, UsageError
from medallion.files import Place
from medallion.files.parquet import scan_parquet
from medallion.status import LAYERS
from medallion.storage import delta
from medallion.storage.fingerprint import digest_file
from medallion.storage.keeping import kept_number
from medallion.storage.parts import Part, missing, table_path
from medallion.storage.publish import is_tidied, was_cut_short
from medallion.storage.schema import Table
from medallion.storage.snapshot import read_snapshot
from medallion.tables import TABLES, needed_version, published_version

__all__ = ["Comparison", "chosen", "clean", "clean_unfinished", "compare", "kept_versions"]

_LOOKED_AT = 50
_ROWS = 1 << 18
"""Rows of a stretch, of both versions together, as far as bins allow."""
_BYTES = 1 << 25
"""Bytes on disk of a stretch of a table that is not cut by position."""
_BIN = 1 << 12
_MOST_DAYS = 365_000
_PLACE = frozenset({"record", "line", "alt_index"})
"""Where a row stands in its file: one line put in moves all below it, and changes none."""

SCHEMA = {
    "version": pl.Int64(),
    "committed_at": pl.Datetime("us", "UTC"),
    "rows": pl.Int64(),
    "bytes": pl.Int64(),
    "state": pl.String(),
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the rows of version `before` in version `now`.

    A row is known by the table's key; `added`, `removed`, `changed` and `same` count rows.
    `columns` has a row for each column that changed: in how many rows, and the largest
    difference of a number. The `first_` rows are the first few: whole rows, and of those that
    changed each value before and now.
    """

    table: str
    key: tuple[str, ...]
    before: int
    now: int
    rows_before: int
    rows_now: int
    added: int
    removed: int
    changed: int
    columns: pl.DataFrame
    new_columns: tuple[str, ...]
    lost_columns: tuple[str, ...]
    first_added: pl.DataFrame
    first_removed: pl.DataFrame
    first_changed: pl.DataFrame

    @property
    def same(self) -> int:
        """Rows that are the same in both."""
        return self.rows_now - self.added - self.changed


def kept_versions(root: Place, table: Table) -> pl.DataFrame:
    """The versions of `table` that can be read still, the newest first.

    Columns: version, committed_at (UTC), rows, bytes, and state: published (what readers
    see), earlier, or unpublished (of a build that did not end). Of the last 50 commits.
    """
    with delta.reading(root, table.layer):
        return _kept_versions(root, table)


def _kept_versions(root: Place, table: Table) -> pl.DataFrame:
    newest = delta.open_table(root, table)
    published = published_version(root, table)
    rows: list[tuple[int, datetime, int, int, str]] = []
    above: frozenset[str] | None = None
    for entry in newest.history(_LOOKED_AT) if newest is not None else []:
        version = int(entry["version"])
        parts = delta.parts_of(root, table, version)
        paths = frozenset(p.path for p in parts)
        # A commit of properties alone leaves the parts as they were: they are listed once.
        alike, above = paths == above, paths
        if alike and version == published:
            rows.pop()
        elif alike:
            continue
        if missing(root, table, parts):
            continue
        if version == published:
            state = "published"
        else:
            state = "earlier" if published is not None and version < published else "unpublished"
        rows.append(
            (
                version,
                datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
                sum(p.rows for p in parts),
                sum(p.bytes for p in parts),
                state,
            )
        )
    return pl.DataFrame(rows, schema=SCHEMA, orient="row")


def chosen(root: Place, table: Table, version: int | None) -> int:
    """The version to read: the published one for None. UsageError for one that is not kept."""
    if version is None:
        return needed_version(root, table)
    kept = kept_versions(root, table)["version"].to_list()
    if version not in kept:
        listed = ", ".join(map(str, kept)) or "none"
        raise UsageError(
            f"Version {version} of {table.name} is not kept: expected one of {listed}. The "
            f"lake keeps {kept_number(root)} before the published one (medallion build --keep)."
        )
    return version


def clean(root: Place, older_than: float = 0) -> int:
    """Remove the earlier versions made more than `older_than` days ago; return the files removed.

    What a build that died left is removed whatever its age, what is published never. Only
    who holds the lake's lock may call this. Raises UsageError for days below 0.
    """
    if not older_than >= 0:
        raise UsageError(f"{older_than} days cannot be: expected 0 or more.")
    since = datetime.now(UTC) - timedelta(days=min(older_than, _MOST_DAYS))
    removed = forget_published(root / BRONZE, read_snapshot(root, BRONZE))
    for table in TABLES.values():
        if (version := published_version(root, table)) is None:
            continue
        young = (pl.col("state") == "earlier") & (pl.col("committed_at") >= since)
        kept = kept_versions(root, table).filter(young)["version"].to_list() if older_than else []
        removed += delta.clean(root, table, [version, *kept])
    return removed


def clean_unfinished(root: Place) -> None:
    """Remove what builds that died left in the lake; every version that is kept stays.

    Only who holds the lake's lock may call this. What cannot be done now waits for the
    next build.
    """
    for layer in LAYERS:
        if was_cut_short(root, layer):
            with suppress(OSError, DeltaError, LakeError):
                _clean_unfinished(root, layer)


def _clean_unfinished(root: Place, layer: str) -> None:
    published = read_snapshot(root, layer)
    for table in TABLES.values():
        if table.layer == layer:
            version = published_version(root, table)
            earlier = published.earlier.get(table.short, ()) if published else ()
            delta.clean(root, table, earlier if version is None else [version, *earlier])
    if layer == BRONZE:
        forget_arriving(root / layer)
        forget_published(root / layer, published)
    is_tidied(root, layer)


def compare(root: Place, table: Table, before: int, now: int, *, limit: int = 100) -> Comparison:
    """What became of the rows of version `before` of `table` in version `now`.

    At most `limit` rows of each kind are shown; all are counted. Raises UsageError where a
    version is not kept.
    """
    for version in (before, now):
        chosen(root, table, version)
    with delta.reading(root, table.layer):
        return _Comparing(root, table, before, now, limit).result()


@dataclass(frozen=True, slots=True)
class _Side:
    """A version: its columns and their types, its parts, and those that the other lacks."""

    columns: Mapping[str, str]
    parts: Sequence[Part]
    own: Sequence[Part]

    @property
    def rows(self) -> int:
        return sum(p.rows for p in self.parts)


def _sides(root: Place, table: Table, versions: tuple[int, int]) -> tuple[_Side, _Side]:
    """Two versions, parts that are the same in both taken from each."""
    columns, parts = [], []
    for version in versions:
        opened = delta.open_table(root, table, version)
        fields = opened.schema().fields if opened is not None else []
        columns.append({f.name: str(f.type) for f in fields})
        parts.append(delta.parts_of(root, table, version))
    shared = {p.path for p in parts[0]} & {p.path for p in parts[1]}
    own = [[p for p in each if p.path not in shared] for each in parts]
    # Only parts of one size can be the same; the bytes of others need not be read.
    sizes = [{(p.chrom, p.rows, p.bytes) for p in each} for each in own]
    digests = [
        {
            p.path: (p.chrom, digest_file(table_path(root, table) / p.path))
            for p in each
            if (p.chrom, p.rows, p.bytes) in sizes[0] & sizes[1]
        }
        for each in own
    ]
    alike = Counter(digests[0].values()) & Counter(digests[1].values())
    left = []
    for each, of in zip(own, digests, strict=True):
        spare = alike.copy()
        kept = []
        for part in each:
            if spare[of.get(part.path, (None, ""))] > 0:
                spare[of[part.path]] -= 1
            else:
                kept.append(part)
        left.append(kept)
    return _Side(columns[0], parts[0], left[0]), _Side(columns[1], parts[1], left[1])


class _Comparing:
    """A comparison under way: what has been counted so far."""

    def __init__(self, root: Place, table: Table, before: int, now: int, limit: int) -> None:
        self._folder = table_path(root, table)
        self._table = table
        self._versions = (before, now)
        self._limit = limit
        self._before, self._now = _sides(root, table, (before, now))
        types = self._now.columns, self._before.columns
        common = [c for c in types[0] if c in types[1] and c not in _PLACE]
        # A column that has another type now is held against the old one as text.
        self._texts = [c for c in common if types[0][c] != types[1][c]]
        # Rows without a name are told apart by all that they say.
        self._key = [c for c in table.key if c in common] or common
        self._values = [c for c in common if c not in self._key]
        self._counts = dict.fromkeys(("added", "removed", "changed"), 0)
        self._differ = dict.fromkeys(self._values, 0)
        self._largest: dict[str, float] = {}
        self._first: dict[str, list[pl.DataFrame]] = {k: [] for k in self._counts}

    def result(self) -> Comparison:
        for before, now in self._stretches():
            if not before.equals(now):
                self._count(before, now)
        rows = [(c, n, self._largest.get(c)) for c, n in self._differ.items() if n]
        first = {k: self._shown(k) for k in self._first}
        return Comparison(
            self._table.name,
            tuple(self._key),
            *self._versions,
            self._before.rows,
            self._now.rows,
            self._counts["added"],
            self._counts["removed"],
            self._counts["changed"],
            pl.DataFrame(
                rows,
                schema={"column": pl.String, "rows": pl.Int64, "largest_difference": pl.Float64},
                orient="row",
            ).sort("rows", descending=True, maintain_order=True),
            tuple(c for c in self._now.columns if c not in self._before.columns),
            tuple(c for c in self._before.columns if c not in self._now.columns),
            first["added"],
            first["removed"],
            first["changed"],
        )

    def _shown(self, kind: str) -> pl.DataFrame:
        if self._first[kind]:
            return pl.concat(self._first[kind])
        names = [*self._key, *self._values]
        if kind == "changed":
            names = [*self._key, "column", "before", "now"]
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String()))

    # Rows in stretches

    def _stretches(self) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
        """Rows of both versions that can be the same row, some hundred thousand at a time."""
        chroms = {p.chrom for side in (self._before, self._now) for p in side.own}
        for chrom in sorted(chroms, key=str):
            before, now = self._frame(self._before, chrom), self._frame(self._now, chrom)
            for condition in self._conditions(before, now, chrom):
                yield before.filter(condition).collect(), now.filter(condition).collect()

    def _frame(self, side: _Side, chrom: str | None) -> pl.LazyFrame:
        """The common columns of the version's own parts of a contig."""
        names = [*self._key, *self._values]
        paths = [self._folder / p.path for p in side.own if p.chrom == chrom]
        if not paths:
            schema = self._table.polars_schema()
            empty = pl.LazyFrame(schema={c: schema.get(c, pl.String()) for c in names})
            return empty.with_columns(pl.col(self._texts).cast(pl.String))
        frame = scan_parquet(paths)
        if self._table.partitioned:
            frame = frame.with_columns(chrom=pl.lit(chrom))
        return frame.select(names).with_columns(pl.col(self._texts).cast(pl.String))

    def _conditions(
        self, before: pl.LazyFrame, now: pl.LazyFrame, chrom: str | None
    ) -> Iterator[pl.Expr]:
        """Conditions that cut the rows of both versions into stretches, alike."""
        place = next((c for c in ("pos", "start") if c in self._key), None)
        if not self._table.partitioned or place is None:
            parts = [p for s in (self._before, self._now) for p in s.own if p.chrom == chrom]
            n = 1 + max(sum(p.rows for p in parts) // _ROWS, sum(p.bytes for p in parts) // _BYTES)
            for i in range(n):
                yield pl.struct(self._key).hash() % n == i if n > 1 else pl.lit(value=True)
            return
        bins = (
            pl.concat([f.select(bin=pl.col(place) // _BIN) for f in (before, now)])
            .group_by("bin")
            .len()
            .collect(engine="streaming")
            .sort("bin")
        )
        low, rows = None, 0
        for number, count in bins.iter_rows():
            if low is not None and rows + count > _ROWS:
                yield pl.col(place).is_between(low * _BIN, number * _BIN, closed="left")
                low, rows = None, 0
            low, rows = number if low is None else low, rows + count
        if low is not None:
            yield pl.col(place) >= low * _BIN

    # Rows against rows

    def _count(self, before: pl.DataFrame, now: pl.DataFrame) -> None:
        """Join two stretches by the key, and add up what differs."""
        joined = _numbered(before, self._key).join(
            _numbered(now, self._key), on=[*self._key, "_n"], how="full", coalesce=True,
            suffix=" now", nulls_equal=True,
        )  # fmt: skip
        here, there = pl.col("_here").is_not_null(), pl.col("_here now").is_not_null()
        differs = {c: pl.col(c).ne_missing(pl.col(f"{c} now")) for c in self._values}
        changed = joined.filter(here & there).filter(
            pl.any_horizontal(*differs.values()) if differs else pl.lit(value=False)
        )
        added = joined.filter(~here).select(
            *self._key, *(pl.col(f"{c} now").alias(c) for c in self._values)
        )
        removed = joined.filter(~there).select(*self._key, *self._values)
        for name, rows in (("added", added), ("removed", removed), ("changed", changed)):
            self._counts[name] += rows.height
            missing = self._limit - sum(f.height for f in self._first[name])
            if rows.height and missing > 0:
                first = rows.sort(self._key, nulls_last=True).head(missing)
                self._first[name].append(self._cells(first) if name == "changed" else first)
        for name, differ in differs.items():
            rows = changed.filter(differ)
            self._differ[name] += rows.height
            if rows.height and rows.schema[name].is_numeric():
                gap = (pl.col(f"{name} now").cast(pl.Float64) - pl.col(name)).abs().max()
                if (found := rows.select(gap).item()) is not None:
                    self._largest[name] = max(self._largest.get(name, 0.0), found)

    def _cells(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The values of changed rows that differ, one a row: key, column, before, now."""
        cells = [
            rows.filter(pl.col(c).ne_missing(pl.col(f"{c} now"))).select(
                *self._key,
                pl.lit(c).alias("column"),
                pl.col(c).cast(pl.String).alias("before"),
                pl.col(f"{c} now").cast(pl.String).alias("now"),
            )
            for c in self._values
        ]
        return pl.concat(cells).sort(self._key, nulls_last=True, maintain_order=True)


def _numbered(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Rows with their number among those of one key, and a mark that they are there."""
    return rows.with_columns(_n=pl.int_range(pl.len()).over(key), _here=pl.lit(value=True))
