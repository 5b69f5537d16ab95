"""Building silver: every record of bronze, either in the tables or in the quarantine.

Conservation is asserted at every build, file by file: records in the file = records in
`silver.variants` + records quarantined; and ALT alleles out = rows of `silver.variants`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from medallion.bronze.build import LAYER as BRONZE
from medallion.bronze.index import as_blocks
from medallion.bronze.tables import BLOCKS, FILES
from medallion.errors import ConservationError, NotBuiltError
from medallion.files import Place
from medallion.silver.genotypes import pattern_rows
from medallion.silver.identifiers import list_identifiers, listings
from medallion.silver.kept import BIG, FileTables, file_key, kept_files
from medallion.silver.limit import Allowance, Limit
from medallion.silver.partition import (
    MEMORY,
    Partition,
    Summary,
    cut,
    read_partition,
    text_per_batch,
)
from medallion.silver.quarantine import check_room, defect_rows, written
from medallion.silver.samples import join_samples, read_metadata
from medallion.silver.tables import (
    COLUMNS,
    DEFECTS,
    IDENTIFIERS,
    PATTERNS,
    SAMPLES,
    TABLES,
    VARIANTS,
)
from medallion.storage import delta
from medallion.storage.coded import Coded
from medallion.storage.fingerprint import Fingerprint, code_digest
from medallion.storage.parts import Part, write_part
from medallion.storage.publish import arrived, publish, removing_unfinished
from medallion.storage.schema import Table
from medallion.storage.snapshot import Snapshot, read_snapshot
from medallion.storage.work import Work
from medallion.vcf.blocks import Blocks, ends_whole
from medallion.vcf.declared import remarks as undeclared
from medallion.vcf.defects import Defect
from medallion.vcf.header import Header, read_header
from medallion.vcf.patterns import Pattern

__all__ = ["LAYER", "build", "check_limit", "current"]

LAYER = "silver"
FORMAT = 2
_CODE = (
    "vcf", "silver", "storage/parts.py", "storage/coded.py", "storage/pages.py",
    "storage/thrift.py", "catalog/populations.py",
)  # fmt: skip


def _code() -> str:
    return code_digest(*_CODE, used_by="silver/build.py")


def current(bronze: Fingerprint) -> Fingerprint:
    """What silver would be made of, given what bronze is made of now."""
    return Fingerprint(dict(bronze.inputs), {}, FORMAT, _code())


@dataclass(frozen=True, slots=True)
class _File:
    """A VCF in bronze, opened."""

    name: str
    row: Mapping[str, Any]
    blocks: Blocks
    table: pl.DataFrame
    header: Header


def build(
    root: Place, work: Work, *, force: bool = False, max_quarantined: Limit | None = None
) -> None:
    """Make silver from the published bronze, and publish it.

    Files whose bytes and samples are as they were keep their tables, unless `force`.
    Raises ConservationError where records are lost or gained on the way, and
    QuarantineError where more records are quarantined than `max_quarantined` allows.
    """
    begun = time.monotonic()
    bronze = read_snapshot(root, BRONZE)
    if bronze is None:
        raise NotBuiltError("Bronze has not been built: build it first (medallion build bronze).")
    rows = delta.scan(root, FILES, bronze.tables[FILES.short].version).collect()
    files = _open(root, bronze, rows)
    samples, people, sample_defects = _people(root, rows, files)
    now = current(bronze.fingerprint)
    keys = {f.name: file_key(f.row["sha256"], people[f.name], now.code) for f in files}
    tables = {} if force else kept_files(root, read_snapshot(root, LAYER), keys)
    new = [f for f in files if f.name not in tables]
    allowance = Allowance(max_quarantined, sum(int(f.row["records"]) for f in files))
    for kept in tables.values():
        allowance.take(kept.entry["reasons"])
    with removing_unfinished(root, TABLES):
        tables |= _read(root, new, people, work, allowance)
        work.report(LAYER, "publishing")
        publish(root, *_gathered(root, files, tables, samples, sample_defects, bronze, keys), begun)


def check_limit(root: Place, limit: Limit) -> None:
    """Raise QuarantineError where published silver set apart more records than `limit` allows."""
    snapshot = read_snapshot(root, LAYER)
    if snapshot is not None:
        ledger = snapshot.summary["ledger"]
        reasons = sum((Counter(entry["reasons"]) for entry in ledger), Counter[str]())
        Allowance(limit, sum(entry["records"] for entry in ledger)).take(reasons)


def _gathered(
    root: Place, files: Sequence[_File], tables: Mapping[str, FileTables], samples: pl.DataFrame,
    about_samples: Sequence[tuple[str, Defect]], bronze: Snapshot, keys: Mapping[str, str],
) -> tuple[dict[Table, list[Part | None]], Fingerprint, dict[str, Any]]:  # fmt: skip
    """All parts of the layer, written where they are not yet, and what is to be published."""
    own = [tables[f.name] for f in files]
    columns = [
        pl.DataFrame({"file": f.name, "sample": list(f.header.samples)})
        .with_row_index("column")
        .select("file", "column", "sample")
        for f in files
    ]
    patterns = [t.patterns for t in own]
    about_files = _overlapping(files)
    defects = pl.concat([*(t.defects for t in own), defect_rows([*about_files, *about_samples])])
    parts: dict[Table, list[Part | None]] = {
        t: [p for found in own for p in found.parts.get(t.short, ())] for t in BIG
    }
    for table, frames in (
        (SAMPLES, [samples]),
        (COLUMNS, columns),
        (PATTERNS, [pl.concat(patterns).unique().sort("pattern", "first_column")] if own else []),
        (DEFECTS, [defects]),
    ):
        frame = pl.concat(frames) if frames else pl.DataFrame(schema=table.polars_schema())
        whole = table.conform(frame)
        parts[table] = [write_part(root, table, whole, chrom=None, name="part-00000")]
    parts[DEFECTS] += [p for found in own for p in found.parts.get(DEFECTS.short, ())]
    ledger = [t.entry for t in own]
    _check(root, ledger, parts)
    facts = {
        "ledger": ledger,
        "keys": dict(keys),
        "bronze": {k: v.version for k, v in bronze.tables.items()},
    }
    return {t: parts[t] for t in TABLES}, current(bronze.fingerprint), facts


def _read(
    root: Place, files: Sequence[_File], people: Mapping[str, dict[str, Coded]], work: Work,
    allowance: Allowance,
) -> dict[str, FileTables]:  # fmt: skip
    """Read `files`, all their partitions as one queue of work."""
    tasks, of_task = _partition(root, files, people, text_per_batch(work.memory))
    total = sum(int(f.row["records"]) for f in files)
    done = 0

    def told(_count: int, summary: Summary) -> None:
        nonlocal done
        done += summary.records
        allowance.take(summary.reasons)
        work.report(LAYER, "reading records", done, total, "records")

    work.report(LAYER, "reading records", 0, total, "records")
    text = sum(f.blocks.text_size for f in files)
    summaries = work.map(read_partition, tasks, text=text, told=told)
    tables = {
        file.name: _file_tables(
            root, file, [s for i, s in zip(of_task, summaries, strict=True) if i == index]
        )
        for index, file in enumerate(files)
    }
    return _with_identifiers(root, tables, work)


def _with_identifiers(
    root: Place, tables: Mapping[str, FileTables], work: Work
) -> dict[str, FileTables]:
    """The tables of each file, with the parts of `silver.identifiers`."""
    tasks = [
        task
        for name, own in tables.items()
        for task in listings(root, name, own.parts[VARIANTS.short])
    ]
    work.report(LAYER, "sorting identifiers", 0, len(tasks), "parts")
    made = work.map(
        list_identifiers,
        tasks,
        told=lambda n, _: work.report(LAYER, "sorting identifiers", n, len(tasks), "parts"),
    )
    found = {}
    for name, own in tables.items():
        parts = [p for t, p in zip(tasks, made, strict=True) if t.file == name and p is not None]
        listed = {IDENTIFIERS.short: arrived(root, IDENTIFIERS, parts)}
        found[name] = replace(own, parts={**own.parts, **listed})
    return found


def _file_tables(root: Place, file: _File, summaries: Sequence[Summary]) -> FileTables:
    patterns: dict[int, Pattern] = {}
    for summary in summaries:
        patterns |= summary.patterns
    read = sum(s.records for s in summaries)
    entry = {
        "file": file.name,
        "records": int(file.row["records"]),
        "kept": sum(s.kept for s in summaries),
        "quarantined": sum(s.reasons.total() for s in summaries),
        "reasons": dict(sum((s.reasons for s in summaries), Counter[str]())),
        "apart": [p.path for s in summaries for p in s.parts.get(DEFECTS.short, ())],
        "alleles": sum(s.alleles for s in summaries),
        "variant_rows": sum(s.variant_rows for s in summaries),
        "patterns": sorted(patterns),
    }
    if read != entry["records"]:
        raise ConservationError(
            f"{file.name}: {entry['records']:,} records went in, but {read:,} were read. "
            "Nothing was published. This is a bug: please report it."
        )
    parts = {
        t.short: arrived(root, t, (p for s in summaries for p in s.parts.get(t.short, ())))
        for t in (*BIG, DEFECTS)
    }
    check_room(file.name, sum(p.bytes for p in parts[DEFECTS.short]), int(file.row["bytes"]))
    return FileTables(parts, entry, _defects(file, summaries), pattern_rows(patterns))


def _open(root: Place, bronze: Snapshot, rows: pl.DataFrame) -> list[_File]:
    blocks = delta.scan(root, BLOCKS, bronze.tables[BLOCKS.short].version)
    files = []
    for row in rows.filter(pl.col("kind") == "vcf").iter_rows(named=True):
        table = blocks.filter(pl.col("file") == row["file"]).sort("block").collect()
        opened = as_blocks(root / BRONZE / row["file"], row["container"], table)
        files.append(_File(row["file"], row, opened, table, read_header(opened)))
    return files


def _people(
    root: Place, rows: pl.DataFrame, files: Sequence[_File]
) -> tuple[pl.DataFrame, dict[str, dict[str, Coded]], list[tuple[str, Defect]]]:
    """`silver.samples`; for each file its columns' strings, encoded; what is odd."""
    tables = rows.filter(pl.col("kind") == "samples")["file"].to_list()
    defects: list[tuple[str, Defect]] = []
    metadata = None
    for name in tables:
        table, odd = read_metadata(root / BRONZE / name)
        defects += [(name, d) for d in odd]
        metadata = table if metadata is None else pl.concat([metadata, table])
    if metadata is not None:
        metadata = metadata.unique("sample", keep="first", maintain_order=True)
    columns = {f.name: f.header.samples for f in files}
    label = " and ".join(tables) or None
    samples, mismatches = join_samples(columns, metadata, label)
    people = {}
    for file in files:
        order = pl.DataFrame({"sample": pl.Series(file.header.samples, dtype=pl.String)})
        known = order.join(samples, on="sample", how="left", maintain_order="left")
        people[file.name] = {
            name: Coded.of(known[name].to_list())
            for name in ("sample", "population", "super_population", "sex")
        }
    return samples, people, defects + mismatches


def _partition(
    root: Place, files: Sequence[_File], people: Mapping[str, dict[str, Coded]], batch: int
) -> tuple[list[Partition], list[int]]:
    """The tasks of all files, and for each task the index of its file."""
    tasks: list[Partition] = []
    of_task: list[int] = []
    for index, file in enumerate(files):
        for own in cut(file.table, file.blocks, file.header):
            # Where blocks are not in order, an allele may stand twice at any distance.
            memory = MEMORY if own.in_order else None
            tasks.append(
                Partition(
                    root, file.name, len(tasks), file.blocks, file.header, own.first, own.last,
                    own.record, memory, people[file.name], batch,
                )
            )  # fmt: skip
            of_task.append(index)
    return tasks, of_task


def _overlapping(files: Sequence[_File]) -> list[tuple[str, Defect]]:
    """Remarks on files that share a stretch of a contig, and samples or the lack of any."""
    seen: dict[str, list[tuple[int, int, _File]]] = {}
    found = []
    for file in files:
        told = file.table.filter(pl.col("chrom").is_not_null()).group_by("chrom").agg(
            pl.col("pos_min").min(), pl.col("pos_max").max()
        )  # fmt: skip
        for chrom, low, high in told.sort("chrom").iter_rows():
            contig = chrom.strip("<>")
            for first, last, other in seen.get(contig, []):
                shared = set(file.header.samples) & set(other.header.samples)
                apart = file.header.samples and other.header.samples and not shared
                if other is not file and low <= last and first <= high and not apart:
                    span = f"{contig}:{max(low, first):,}-{min(high, last):,}"
                    detail = f"{other.name} has records of {span} too"
                    if shared:
                        detail += f", and {len(shared):,} of the samples"
                    found.append((file.name, Defect("files-overlap", 0, "file", detail=detail)))
            seen.setdefault(contig, []).append((low, high, file))
    return found


def _check(
    root: Place,
    ledger: Sequence[Mapping[str, Any]],
    parts: Mapping[Table, Sequence[Part | None]],
) -> None:
    """Assert conservation on what was written, not on what was meant to be."""
    found = written(root, (p for p in parts[DEFECTS] if p is not None))
    for entry in ledger:
        out = found[entry["file"]]
        if entry["records"] != entry["kept"] + out:
            raise ConservationError(
                f"{entry['file']}: {entry['records']:,} records went in, but {entry['kept']:,} "
                f"were kept and {out:,} quarantined. Nothing was published. "
                "This is a bug: please report it."
            )
    rows = sum(p.rows for p in parts[VARIANTS] if p is not None)
    expected = sum(entry["variant_rows"] for entry in ledger)
    if rows != expected:
        raise ConservationError(
            f"{expected:,} ALT alleles were read, but {rows:,} rows of silver.variants written. "
            "Nothing was published. This is a bug: please report it."
        )


def _defects(file: _File, summaries: Sequence[Summary]) -> pl.DataFrame:
    """What is odd about a file, from its header to its last record."""
    found = list(file.header.defects)
    if file.blocks.container == "bgzf" and not ends_whole(file.blocks.path):
        detail = "the last 28 bytes are not the empty block"
        found.append(Defect("end-of-file-block", 0, "file", detail=detail))
    found += undeclared(s.undeclared for s in summaries)
    found += [defect for summary in summaries for defect in summary.defects]
    return defect_rows((file.name, d) for d in found)
