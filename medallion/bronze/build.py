"""Building bronze: bring the source's bytes into the lake, check them, index them.

Bytes are never changed. A file that is there and right is not brought again; one that
is there and is not what is recorded is put aside under another name, not overwritten.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from medallion import demo
from medallion.bronze.ahead import Ahead
from medallion.bronze.index import Indexed, index_file
from medallion.bronze.local import bring
from medallion.bronze.parts import hash_file, put_aside
from medallion.bronze.places import (
    arriving,
    arriving_place,
    built_place,
    forget_published,
    put_in_place,
)
from medallion.bronze.source import OWN, Source, file_name, is_address
from medallion.bronze.tables import BLOCKS, FILES
from medallion.catalog.releases import DATASETS, RemoteFile, Version
from medallion.errors import DownloadError, LakeError, SourceError
from medallion.files import Place, is_stamp_of, stamp
from medallion.progress import Reporter
from medallion.storage import delta
from medallion.storage.fingerprint import Fingerprint, code_digest, digest_file
from medallion.storage.lock import confirm
from medallion.storage.parts import write_part
from medallion.storage.publish import publish, removing_unfinished
from medallion.storage.snapshot import Snapshot, read_snapshot
from medallion.storage.work import Work

__all__ = [
    "LAYER",
    "Wanted",
    "build",
    "current",
    "download_bytes",
    "downloads",
    "stages",
    "wanted_files",
]

LAYER = "bronze"
FORMAT = 1
_CODE = (
    "vcf/blocks.py",
    "vcf/lines.py",
    "vcf/line_index.py",
    "vcf/header.py",
    "bronze/index.py",
    "bronze/tables.py",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that the source asks for: its name in bronze, and where its bytes are."""

    name: str
    kind: str
    chrom: str | None
    origin: Path | RemoteFile

    @property
    def label(self) -> str:
        """What the file is called in a sentence."""
        return f"The {'VCF' if self.kind == 'vcf' else 'sample table'} {self.name}"


def wanted_files(source: Source) -> tuple[Wanted, ...]:
    """The files of bronze that `source` asks for."""
    if source.dataset == OWN:
        files = [Wanted(file_name(v), "vcf", None, _origin(v)) for v in source.vcf]
        if source.samples is not None:
            path = Path(source.samples)
            taken = {f.name for f in files}
            name = path.name
            while name in taken:
                name = f"samples-{name}"
            files.append(Wanted(name, "samples", None, path))
        return tuple(files)
    dataset = DATASETS[source.dataset]
    if not dataset.downloads:
        vcf, table = demo.vcf_path(), demo.samples_path()
        return (
            Wanted(vcf.name, "vcf", "22", vcf),
            Wanted(table.name, "samples", None, table),
        )
    return tuple(Wanted(f.local_name, f.kind, f.chrom, f) for f in dataset.files(source.chroms))


def downloads(source: Source) -> list[RemoteFile]:
    """Those of the files that `source` asks for that are fetched."""
    return [f.origin for f in wanted_files(source) if isinstance(f.origin, RemoteFile)]


def stages(root: Place, source: Source) -> list[Source]:
    """The source with the chromosomes that bronze holds, then with one more each time."""
    if source.dataset == OWN or not DATASETS[source.dataset].downloads:
        return [source]
    snapshot = read_snapshot(root, LAYER)
    known = snapshot.summary["files"] if snapshot else {}
    vcf = DATASETS[source.dataset].vcf
    there = {c for c in source.chroms if vcf(c).local_name in known}
    found = [there] if there else []
    for chrom in source.chroms:
        if chrom not in there:
            there = {*there, chrom}
            found.append(there)
    return [replace(source, chroms=tuple(c for c in source.chroms if c in own)) for own in found]


def _origin(place: str) -> Path | RemoteFile:
    """Where a user's own VCF is: on this machine, or at an address."""
    if not is_address(place):
        return Path(place)
    return RemoteFile(file_name(place), "vcf", None, (Version("", (place,)),))


def current(root: Place, source: Source) -> tuple[Fingerprint, tuple[str, ...]]:
    """What bronze would be made of now, and what is wrong with the files that lie there.

    A file's digest is what its origin holds now, where that can be told by a look at
    the disk; "" stands for bytes that have yet to come. Files whose size and date are
    as recorded are not read again.
    """
    snapshot = read_snapshot(root, LAYER)
    known: Mapping[str, Any] = snapshot.summary["files"] if snapshot else {}
    inputs: dict[str, str] = {}
    wrong: list[str] = []
    for file in wanted_files(source):
        record = known.get(file.name)
        inputs[file.label] = _digest_now(file, record)
        if record is None:
            continue
        path = root / LAYER / file.name
        if not path.is_file():
            wrong.append(f"{file.label} is missing from the bronze folder.")
        elif not is_stamp_of(path, record["stat"]) and _digest(path) != record["sha256"]:
            wrong.append(f"{file.label} in the bronze folder is not as it arrived.")
    return _fingerprint(inputs, source), tuple(wrong)


def _digest_now(file: Wanted, record: Mapping[str, Any] | None) -> str:
    recorded = str(record["sha256"]) if record else ""
    if isinstance(file.origin, RemoteFile) or not file.origin.is_file():
        return recorded
    if (
        record
        and record["origin"] == str(file.origin)
        and stamp(file.origin) == record["origin_stat"]
    ):
        return recorded
    return _digest(file.origin)


def _digest(path: Place) -> str:
    """A file's digest, for those who look and may look often: read again when its stamp changes."""
    return _digest_as_stamped(path.absolute(), tuple(stamp(path)))


@lru_cache(maxsize=256)
def _digest_as_stamped(path: Place, _stamp: tuple[int | str, ...]) -> str:
    return digest_file(path)


def download_bytes(root: Place, source: Source) -> int:
    """Bytes that a build would download; files of unknown size count nothing."""
    snapshot = read_snapshot(root, LAYER)
    known = snapshot.summary["files"] if snapshot else {}
    return sum(
        file.origin.bytes or 0
        for file in wanted_files(source)
        if isinstance(file.origin, RemoteFile)
        and not (file.name in known and (root / LAYER / file.name).is_file())
    )


def build(root: Place, source: Source, work: Work, ahead: Ahead, *, force: bool = False) -> None:
    """Bring, check and index what is missing or stale, and publish bronze.

    Of the files to download, `ahead` may have begun with some.
    """
    folder = root / LAYER
    folder.mkdir(parents=True, exist_ok=True)
    with removing_unfinished(root, (FILES, BLOCKS)), arriving(folder):
        _build(root, source, work, ahead, force=force)


def _build(root: Place, source: Source, work: Work, ahead: Ahead, *, force: bool) -> None:
    begun = time.monotonic()
    folder = root / LAYER
    snapshot = read_snapshot(root, LAYER)
    before = _rows(root, snapshot, force=force)
    wanted = wanted_files(source)
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    tables: list[pl.DataFrame] = []
    stats = {} if snapshot is None or force else snapshot.summary["files"]
    arrived = _fetch_remote(wanted, folder, before, stats, ahead, work.report)
    same_code = snapshot is not None and snapshot.fingerprint.code == code_digest(*_CODE)
    for file in wanted:
        row = arrived.get(file.name) or _bring_local(file, folder, before, work.report)
        path = built_place(folder, file.name)
        old = before.get(file.name)
        if file.kind == "vcf":
            if old and old["sha256"] == row["sha256"] and same_code and not force:
                row = {**old, **{k: v for k, v in row.items() if v is not None}}
                tables.append(_old_blocks(root, snapshot, file.name))
            else:
                indexed = index_file(path, work)
                row |= _facts(indexed)
                tables.append(indexed.table)
        row["dataset"] = source.dataset
        rows.append(row)
        summary[file.name] = {
            "kind": file.kind,
            "sha256": row["sha256"],
            "origin": row["url"],
            "origin_stat": stamp(file.origin)
            if isinstance(file.origin, Path) and file.origin.is_file()
            else None,
        }
    work.report.check()
    files = FILES.conform(pl.DataFrame(rows, schema=FILES.polars_schema(), strict=False))
    blocks = pl.concat(tables) if tables else pl.DataFrame(schema=BLOCKS.polars_schema())
    parts = {
        table: [write_part(root, table, frame, chrom=None, name="part-00000")]
        for table, frame in ((FILES, files), (BLOCKS, blocks))
    }
    inputs = {f.label: str(summary[f.name]["sha256"]) for f in wanted}
    # What was brought takes the old file's place last, so that a build that dies has not
    # put new bytes under the old index; those of that index stay until there is another.
    confirm(root)
    put_in_place(folder, (f.name for f in wanted), snapshot)
    for file in wanted:
        summary[file.name]["stat"] = stamp(folder / file.name)
    publish(root, parts, _fingerprint(inputs, source), {"files": summary}, begun)
    forget_published(folder, read_snapshot(root, LAYER))
    for name in set(before) - {f.name for f in wanted}:
        if source.dataset == OWN:
            (folder / name).unlink(missing_ok=True)


def _fingerprint(inputs: Mapping[str, str], source: Source) -> Fingerprint:
    return Fingerprint(inputs, {"dataset": source.dataset}, FORMAT, code_digest(*_CODE))


def _rows(root: Place, snapshot: Snapshot | None, *, force: bool) -> dict[str, dict[str, Any]]:
    """The published rows of `bronze.files` by file; by `force` none where they cannot be read."""
    if snapshot is None:
        return {}
    try:
        with delta.reading(root, LAYER):
            frame = delta.scan(root, FILES, snapshot.tables[FILES.short].version).collect()
    except LakeError:
        if not force:
            raise
        return {}
    return {row["file"]: row for row in frame.iter_rows(named=True)}


def _old_blocks(root: Place, snapshot: Snapshot | None, name: str) -> pl.DataFrame:
    if snapshot is None:
        raise AssertionError(name)
    version = snapshot.tables[BLOCKS.short].version
    return delta.scan(root, BLOCKS, version).filter(pl.col("file") == name).collect()


def _facts(indexed: Indexed) -> dict[str, Any]:
    return {
        "container": indexed.blocks.container,
        "blocks": len(indexed.blocks),
        "text_bytes": indexed.blocks.text_size,
        "lines": indexed.lines,
        "records": indexed.records,
        "samples": len(indexed.header.samples),
    }


def _fetch_remote(
    wanted: tuple[Wanted, ...],
    folder: Place,
    before: Mapping[str, Mapping[str, Any]],
    stats: Mapping[str, Mapping[str, Any]],
    ahead: Ahead,
    report: Reporter,
) -> dict[str, dict[str, Any]]:
    """Rows of `bronze.files` for the files that are downloaded, fetching what is not there.

    Files whose size and date are as in `stats` are not read again.
    """
    missing: list[tuple[Wanted, RemoteFile]] = []
    found: dict[str, dict[str, Any]] = {}
    for file in wanted:
        if not isinstance(file.origin, RemoteFile):
            continue
        old = before.get(file.name)
        path = folder / file.name
        if old and path.is_file() and _as_it_arrived(path, old, stats.get(file.name)):
            found[file.name] = dict(old)
        else:
            missing.append((file, file.origin))
    if not missing:
        return found
    from medallion.bronze.download import fetch_many  # requests takes a while to import

    begun = {origin: ahead.take(origin, report) for _, origin in missing}
    others = [origin for origin, got in begun.items() if got is None]
    fetched = fetch_many(others, folder, progress=report.tell, cancel=report.cancel)
    here = dict(zip(others, fetched, strict=True))
    for file, origin in missing:
        got = begun[origin] or here[origin]
        found[file.name] = {
            "file": file.name, "kind": file.kind, "chrom": file.chrom,
            "url": got.url or origin.versions[0].urls[0],
            "bytes": got.bytes, "md5": got.md5, "sha256": got.sha256,
            "fetched_at": got.fetched_at or _modified(folder / file.name),
            "version": got.version, "etag": got.etag,
        }  # fmt: skip
        if file.kind == "vcf" and got.new and got.url:
            _fetch_index(origin.index(got.url), folder, report)
    return found


def _as_it_arrived(path: Place, row: Mapping[str, Any], record: Mapping[str, Any] | None) -> bool:
    """Whether a file that is there is the one of a row of `bronze.files`."""
    known = record if record is not None and record["sha256"] == row["sha256"] else None
    if known is not None and is_stamp_of(path, known["stat"]):
        return True
    return digest_file(path) == str(row["sha256"])


def _fetch_index(index: RemoteFile, folder: Place, report: Reporter) -> None:
    """The publisher's own index, for other tools; a publisher need not have one."""
    from medallion.bronze.download import fetch  # as above

    (folder / index.local_name).unlink(missing_ok=True)
    with suppress(DownloadError):
        fetch(index, folder, progress=report.tell, cancel=report.cancel)


def _modified(path: Place) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _bring_local(
    file: Wanted, folder: Place, before: Mapping[str, Mapping[str, Any]], report: Reporter
) -> dict[str, Any]:
    """The row of a file of this machine, copied unless the same bytes are there already."""
    if not isinstance(file.origin, Path):
        raise TypeError(file.name)
    target = folder / file.name
    old = before.get(file.name)
    there = digest_file(target) if target.is_file() else None
    if not file.origin.is_file():
        if old and there == old["sha256"]:
            return dict(old)
        raise SourceError(
            f"{file.origin} is gone, and bronze holds no whole copy of it: expected the file "
            "that the lake was made from. Put it back, or name another with --vcf and --samples."
        )
    if there is not None and there == digest_file(file.origin):
        if old and there == old["sha256"]:
            return dict(old)
        # A build that died had brought it already.
        got = hash_file(target)
    else:
        if there is not None and not (old and there == old["sha256"]):
            put_aside(target)
        got = bring(
            file.origin,
            arriving_place(folder, file.name),
            lambda done, total: report(LAYER, f"copying {file.name}", done, total, "bytes"),
        )
    return {
        "file": file.name, "kind": file.kind, "chrom": file.chrom, "url": str(file.origin),
        "bytes": got.bytes, "md5": got.md5, "sha256": got.sha256,
        "fetched_at": datetime.now(UTC),
    }  # fmt: skip
