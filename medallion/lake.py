"""`Lake`: the one object that a user holds.

It knows where a lake is and what it is made of, and passes every question on to the
module that answers it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Literal

import polars as pl

from medallion import export as exports
from medallion import ondemand
from medallion.bronze import raw as bronze_raw
from medallion.bronze import source as bronze_source
from medallion.bronze.places import published_place
from medallion.bronze.published import Vcfs
from medallion.bronze.raw import RawRecord, Region, parse_where
from medallion.bronze.source import Source
from medallion.checks import Check, run_checks
from medallion.errors import NotBuiltError, UsageError
from medallion.files import Place, in_command, place
from medallion.files.recent import forget, recently
from medallion.find import places, variant_filter
from medallion.forward import RecordTrace, trace_record
from medallion.making import make_layers
from medallion.progress import ProgressCallback, Reporter
from medallion.query.bounded import run_bounded
from medallion.silver.limit import Limit
from medallion.silver.samples import read_sample_table
from medallion.status import LAYERS, LayerStatus, Step, layer_states, plan
from medallion.storage import delta
from medallion.storage.history import read_history
from medallion.storage.keeping import kept_number, set_kept_number
from medallion.storage.lock import build_lock
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, put_aside_unreadable, read_snapshot
from medallion.storage.work import start_work
from medallion.tables import (
    TABLES,
    layer_named,
    published_parts,
    published_tables,
    table_named,
)
from medallion.trace import CellTrace, trace_row
from medallion.vcf.header import Header
from medallion.versions import Comparison, chosen, clean, clean_unfinished, compare, kept_versions

__all__ = ["Lake"]


class Lake:
    """A folder with `bronze/`, `silver/` and `gold/`, holding one data set.

    `path` is a folder of this machine, or `s3://bucket/folder` in an object store.

    `dataset` is demo, phase3 or highcov, with `chroms` such as ["22"] or ["all"];
    `vcf` and `samples` name your own files instead. A lake that has been built
    remembers them, so `Lake(path)` opens it.

    Raises UsageError where the source cannot be told or contradicts what the lake holds.
    """

    def __init__(
        self,
        path: str | Place = "data",
        *,
        dataset: str | None = None,
        chroms: Sequence[str] | None = None,
        vcf: Iterable[str | Path] | str | Path | None = None,
        samples: str | Path | None = None,
    ) -> None:
        self.path = place(path)
        given = bronze_source.named(dataset, chroms, vcf, samples)
        known = recently(self.path, "source", lambda: bronze_source.read_source(self.path))
        self.source: Source = bronze_source.combine(known, given, self.path)
        self.last_built: tuple[str, ...] = ()
        """The layers that the last `build` of this object made, bottom up."""

    def __repr__(self) -> str:
        return f"Lake({str(self.path)!r}, {self.source.title!r})"

    # What it is like

    def status(self) -> dict[str, LayerStatus]:
        """Each layer, bottom up: fresh, stale and why, or missing; rows, bytes, when."""
        ask = partial(layer_states, self.path, self.source)
        return recently(self.path, ("status", self.source), ask)

    def plan(self, layer: str = "gold", *, force: bool = False) -> list[Step]:
        """What `build` would do, and why."""
        return plan(self.path, self.source, layer_named(layer), force=force)

    def tables(self) -> list[Table]:
        """The tables of the published layers, with their columns and meanings."""
        known = {layer: s.tables for layer in LAYERS if (s := self._snapshot(layer))}
        return [t for t in TABLES.values() if t.short in known.get(t.layer, ())]

    def version(self, layer: str) -> str:
        """A word that changes whenever the published layer does; "" where there is none."""
        snapshot = recently(self.path, layer, partial(read_snapshot, self.path, layer_named(layer)))
        return snapshot.token if snapshot else ""

    # Making it

    def build(
        self,
        layer: str = "gold",
        *,
        force: bool = False,
        workers: int | None = None,
        progress: ProgressCallback | None = None,
        cancel: threading.Event | None = None,
        executor: Executor | None = None,
        max_quarantined: int | str | None = None,
        keep: int | None = None,
        asked_by: str = "Python",
    ) -> dict[str, LayerStatus]:
        """Make what is missing or stale up to `layer`, from the bottom up; nothing else.

        `force` makes `layer` itself again though it is fresh. `progress` is called with
        Progress events; setting `cancel` stops the work soon, with BuildCancelled. `executor`
        does the work in place of this machine; its workers see the lake under the same path.
        Two builders of one lake take turns. `max_quarantined`, such as 100 or "0.5%" of all
        records, stops a build of silver in which more cannot be trusted. `keep`: have the lake
        keep so many earlier versions of each table, from now on (1 to 40; else 1). `asked_by`
        is kept in the history. Raises a MedallionError; what was built before stays as it was.
        """
        layer_named(layer)
        limit = None if max_quarantined is None else Limit.parse(max_quarantined)
        report = Reporter(progress, cancel)

        def waiting() -> None:
            report(layer, "waiting for another build of this lake")

        with build_lock(self.path, waiting), delta.writing(self.path):
            known = bronze_source.read_source(self.path)
            self.source = bronze_source.combine(known, self.source, self.path)
            if keep is not None:
                set_kept_number(self.path, keep)
            kept_number(self.path)  # one that cannot be read is told before the work
            for below in LAYERS[: LAYERS.index(layer) + 1] if force else ():
                put_aside_unreadable(self.path, below)
            clean_unfinished(self.path)
            with start_work(self.path, report, workers=workers, executor=executor) as work:
                self.last_built = ()
                for made in make_layers(
                    self.path, self.source, layer, work,
                    force=force, limit=limit, asked_by=asked_by,
                ):  # fmt: skip
                    self.last_built = tuple(dict.fromkeys((*self.last_built, made)))
            if "bronze" not in self.last_built and not bronze_source.is_written(self.path):
                bronze_source.write_source(self.path, self.source)  # its record alone was lost
            forget(self.path)
            return self.status()

    def history(self) -> pl.DataFrame:
        """Every build of a layer, the oldest first; see `storage.history`."""
        return read_history(self.path)

    @property
    def keeps(self) -> int:
        """How many earlier versions of each table a build leaves; `build(keep=)` sets it."""
        return kept_number(self.path)

    def versions(self, table: str) -> pl.DataFrame:
        """The versions of a table that can be read still; see `versions.kept_versions`."""
        return kept_versions(self.path, table_named(table))

    def compare(self, table: str, version: int, *, limit: int = 100) -> Comparison:
        """What became of the rows of an earlier version of a table; see `versions.compare`."""
        found = table_named(table)
        return compare(self.path, found, version, self._published(found), limit=limit)

    def clean(self, older_than: float = 0, *, waiting: Callable[[], None] = lambda: None) -> int:
        """Remove earlier versions of tables and what dead builds left; return the files removed.

        A build does this by itself, but for as many versions as the lake keeps. Versions made
        less than `older_than` days ago stay. `waiting` is called while another build is at work.
        """
        with build_lock(self.path, waiting), delta.writing(self.path):
            return clean(self.path, older_than)

    # Looking at it

    def scan(self, table: str, *, build: bool = True, version: int | None = None) -> pl.LazyFrame:
        """A table as a LazyFrame. `build` first makes what is missing or stale.

        With `build=False` the published version is read, stale or not; raises NotBuiltError
        where there is none. `version` is one that is kept (`versions`): nothing is built then.
        """
        found = table_named(table)
        if build and version is None and any(s.reasons for s in self.plan(found.layer)):
            self.build(found.layer)
        return delta.scan(self.path, found, self._published(found, version))

    def header(self, file: str | None = None) -> Header:
        """The parsed header of a VCF in bronze (the first one, or `file`)."""
        return self._vcfs().header(file)

    def raw(
        self, where: str = "#1", *, limit: int | None = 50, file: str | None = None
    ) -> list[RawRecord]:
        """Bronze lines exactly as they stand.

        `where` is a region (`22:16050000-16051000`), a position, or records by number
        (`#5000`, `#5000-5020`; of `file`, else of the first VCF). At most `limit` lines.
        """
        wanted = parse_where(where)

        def read() -> list[RawRecord]:
            if not isinstance(wanted, Region):
                return list(islice(bronze_raw.records(vcfs.indexed(file), *wanted), limit))
            names = [file] if file else [r["file"] for r in vcfs.rows()]
            found = (r for name in names for r in bronze_raw.region(vcfs.indexed(name), wanted))
            return list(islice(found, limit))

        vcfs = self._vcfs()
        return vcfs.steadily(read)

    def trace(self, table: str, *key: str, file: str | None = None) -> CellTrace:
        """What a row of gold was made of: silver's rows, bronze's lines; see `trace.trace_row`.

        For example `trace("gold.frequencies", "22-16051249-T-C", "GBR")`.
        """
        return trace_row(table_named(table), key, self._published, self._vcfs(), file=file)

    def trace_record(self, number: int, *, file: str | None = None) -> RecordTrace:
        """What became of a bronze record: its rows in silver and gold, or its defects.

        `number` counts from 1 in `file` (else the first VCF); UsageError for no such record.
        """
        found = self.raw(f"#{number}", file=file)
        if not found:
            raise UsageError(f"There is no record #{number:,} in {file or 'the first VCF'}.")
        return trace_record(self.path, found[0], partial(self.scan, build=False))

    def raw_samples(self, file: str | None = None) -> pl.DataFrame:
        """The sample table as it stands, every column a string."""
        tables = self.scan("bronze.files", build=False).filter(pl.col("kind") == "samples")
        names = tables.collect()["file"].to_list()
        if file is not None and file not in names:
            raise UsageError(
                f"Bronze has no sample table {file!r}; it has {', '.join(names) or 'none'}."
            )
        if not names:
            raise NotBuiltError("This lake has no sample table: none was given with --samples.")
        folder, name = self.path / "bronze", file or names[0]
        place = published_place(folder, name, self._snapshot("bronze"))
        return read_sample_table(place or folder / name)

    def variant(self, text: str) -> pl.DataFrame:
        """Rows of `silver.variants` that `text` means, in the order of the file.

        `text` is 22-16050075-A-G, 22:16050075, NC_000022.10:16050075, 16050075 or rs587697622.
        """
        names, scan = ondemand.as_in_lake(self.path, [text]), partial(self.scan, build=False)
        with delta.reading(self.path, "silver"):
            here = places(names, scan("silver.identifiers"))
            return scan("silver.variants").filter(here).filter(variant_filter(*names)).collect()

    def search(self, text: str) -> ondemand.Found:
        """A place, samples, populations or variants that `text` means; see `ondemand.search`."""
        return ondemand.search(self.path, text)

    def linked(
        self, variant: str, *, distance: int = 500_000,
        population: str | None = None, minimum_af: float = 0.01, limit: int | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        """Alleles within `distance` bases of a variant, by falling r²; see `ondemand.linked`."""
        return ondemand.linked(
            self.path, variant, distance=distance, population=population,
            minimum_af=minimum_af, limit=limit,
        )  # fmt: skip

    def ld_matrix(
        self,
        variants: Sequence[str],
        population: str | None = None,
        measure: Literal["r2", "d_prime"] = "r2",
    ) -> pl.DataFrame:
        """r² or D' of all pairs of some variants; see `ondemand.ld_matrix`."""
        return ondemand.ld_matrix(self.path, variants, population=population, measure=measure)

    def haplotypes(self, variants: Sequence[str], population: str | None = None) -> pl.DataFrame:
        """Haplotypes of a few variants, counted in each group; see `ondemand.haplotypes`."""
        return ondemand.haplotypes(self.path, variants, population=population)

    def cohort(
        self,
        region: str,
        *,
        populations: Sequence[str] | None = None,
        super_populations: Sequence[str] | None = None,
        sex: str | None = None,
        samples: Sequence[str] | None = None,
        progress: ProgressCallback | None = None,
        cancel: threading.Event | None = None,
    ) -> pl.DataFrame:
        """Frequencies in any set of samples, over a region; see `ondemand.cohort`."""
        return ondemand.cohort(
            self.path, region, populations=populations, super_populations=super_populations,
            sex=sex, samples=samples, progress=progress, cancel=cancel,
        )  # fmt: skip

    def query(
        self, sql: str, *, limit: int | None = None, seconds: float | None = None,
        meanwhile: Callable[[], object] = lambda: None,
        remark: Callable[[str], object] = lambda _: None,
    ) -> pl.DataFrame:  # fmt: skip
        """The result of one SELECT over every table (`bronze.files`, ...), or QueryError.

        With `seconds` it runs in a process of its own, bounded (see `query.bounded`); without,
        in this one, for SQL you trust. `remark` is told how columns of one name are told apart.
        """
        if not published_tables(self.path):
            raise NotBuiltError(f"Nothing has been built in {self.path}. Build it first.")
        if seconds is not None:
            how = partial(run_bounded, seconds=seconds, meanwhile=meanwhile)
            return how(self.path, sql, limit=limit, remark=remark)
        from medallion.query.run import run_query  # DuckDB takes a tenth of a second to import

        look = partial(published_tables, self.path)
        return run_query(self.path, look, sql, limit=limit, remark=remark)

    def export(
        self,
        table: str,
        path: str | Path,
        *,
        region: str | None = None,
        populations: Sequence[str] | None = None,
        where: str | None = None,
        form: str | None = None,
        version: int | None = None,
    ) -> exports.Exported:
        """Write a table, a layer (`gold`) or silver's sites with gold's counts (`vcf`).

        A table goes to a .parquet, .csv, .tsv, .xlsx or .duckdb file; a layer to a folder
        of files, Parquet or as `form` says, or to an .xlsx or .duckdb file; `vcf` to a .vcf
        or .vcf.gz file. `version`: an earlier one of a table. No row cap. Says what was written.
        """
        target = place(path)
        if not isinstance(target, Path):
            raise UsageError(f"An export is a file of this machine: expected a path, not {path}.")
        exports.check_target(target, self.path, (*self.source.vcf, self.source.samples))
        exports.check_options(table, region=region, populations=populations, where=where, form=form)
        if version is not None and table in ("vcf", *LAYERS):
            raise UsageError("--version is of one table: expected one such as gold.frequencies.")
        if table == "vcf":
            return self._export_vcf(target, region)
        if table in LAYERS:
            # One look at the layer's record, for its versions belong together.
            states = snapshot.tables if (snapshot := self._snapshot(table)) else {}
            own = [t for t in TABLES.values() if t.layer == table]
            published = [(t, states[t.short].version) for t in own if t.short in states]
            self._published(own[0])
            folder = str(path).endswith("/")
            return exports.export_layer(self.path, published, target, form=form, folder=folder)
        found = table_named(table)
        take = partial(exports.filtered, region=region, populations=populations, where=where)
        return exports.export_table(self.path, found, self._published(found, version), target, take)

    def _export_vcf(self, target: Path, region: str | None) -> exports.Exported:
        names = ("silver.variants", "gold.frequencies", "gold.populations")
        versions = {name: self._published(TABLES[name]) for name in names}
        if reasons := self.status()["gold"].reasons:
            # Counts of another silver would stand beside sites that they are not of.
            raise NotBuiltError(
                f"Gold is stale, so its counts may not be of silver's sites: {' '.join(reasons)} "
                f"Build it: medallion build gold --lake {in_command(self.path)}"
            )
        headers = [self.header(row["file"]) for row in self._vcfs().rows()]
        return exports.export_vcf(self.path, versions, headers, target, region=region)

    def verify(self, progress: ProgressCallback | None = None) -> list[Check]:
        """Hash bronze again, and run every check of the published layers."""
        summaries = {name: s.summary for name in LAYERS if (s := self._snapshot(name))}
        with start_work(self.path, Reporter(progress)) as work:
            scan = partial(self.scan, build=False)
            return run_checks(self.path, scan, partial(published_parts, self.path), summaries, work)

    # How it looks things up

    def _vcfs(self) -> Vcfs:
        return Vcfs(self.path, partial(self.scan, build=False))

    def _snapshot(self, layer: str) -> Snapshot | None:
        return read_snapshot(self.path, layer)

    def _published(self, table: Table, version: int | None = None) -> int:
        return chosen(self.path, table, version)
