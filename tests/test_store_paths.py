"""Object storage as a place of files: paths, ranges, writers, parts, downloads."""

from __future__ import annotations

import hashlib
import io
import random
import sys
from pathlib import Path

import misbehaving_server as ms
import polars as pl
import pytest
import s3_server
from in_store import folder, store

from medallion import Lake
from medallion.bronze.download import Policy, fetch
from medallion.catalog.releases import RemoteFile, Version
from medallion.errors import DownloadError, LakeError, UsageError
from medallion.files import ObjectPath, names, place, replacing
from medallion.files.objects import ObjectWriter
from medallion.storage import delta, rows
from medallion.storage.parts import write_part
from medallion.storage.schema import Column, Table

__all__ = ["folder", "store"]  # fixtures


def test_an_address_is_a_place_and_other_addresses_are_not() -> None:
    assert place("s3://bucket/a//b/") == ObjectPath("bucket", "a/b")
    assert str(ObjectPath("bucket", "a") / "b") == "s3://bucket/a/b"
    assert place("data/x") == Path("data/x")
    for odd in ("s3://", "s3:///a", "s3://bucket/../a", "gs://bucket/a", "https://host/a"):
        with pytest.raises(UsageError, match="s3://bucket/folder"):
            place(odd)


def test_an_object_does_what_a_file_does(folder: ObjectPath, tmp_path: Path) -> None:
    """The same acts on a folder of the disk and of the store leave and tell the same."""
    told = []
    for root in (tmp_path / "root", folder / "root"):
        (root / "a").mkdir(parents=True, exist_ok=True)
        (root / "a" / "one.json").write_bytes(b"{}")
        (root / "a" / "two words %41 \xe9.txt").write_bytes(b"\xef\xbb\xbfabc")
        (root / "a" / "old").write_bytes(b"old")
        (root / "a" / "new").write_bytes(b"newer")
        (root / "a" / "new").replace(root / "a" / "old")
        (root / "a" / "gone").write_bytes(b"")
        (root / "a" / "gone").unlink()
        (root / "a" / "gone").unlink(missing_ok=True)
        missing = []
        for act in (Path.stat, Path.read_bytes, Path.unlink):
            with pytest.raises(FileNotFoundError):
                getattr(root / "none", act.__name__)()
            missing.append(act.__name__)
        told.append((
            sorted(p.name for p in (root / "a").iterdir()),
            sorted(names(root, ".json")),
            sorted(p.name for p in (root / "a").glob("*o*")),
            (root / "a" / "old").read_bytes(),
            (root / "a" / "old").stat().st_size,
            (root / "a" / "two words %41 \xe9.txt").read_text(encoding="utf-8-sig"),
            (root / "a").is_dir(), (root / "a").is_file(), (root / "a").exists(),
            (root / "none").is_dir(), (root / "none").exists(),
            [p.name for p in (root / "a" / "b").parents][:2],
            missing,
        ))  # fmt: skip
    assert told[0] == told[1]


def test_ranges_are_those_of_the_bytes(folder: ObjectPath, store: s3_server.Server) -> None:
    chance = random.Random(1)
    data = chance.randbytes(3_000_000)
    path = folder / "bytes"
    path.write_bytes(data)
    for ahead in (True, False):
        store.sent()
        with path.open("rb", ahead=ahead) as file:
            for _ in range(40):
                at, size = chance.randrange(len(data) + 10), chance.randrange(40_000)
                file.seek(at)
                assert file.read(size) == data[at : at + size]
            file.seek(-5, io.SEEK_END)
            assert file.read() == data[-5:]
    few = sum(n for *_, n in store.sent())
    assert few < 40 * 60_000  # without reading ahead no more than was asked for
    with path.open("rb") as file:
        assert file.read() == data
    # What is read to its end comes in larger and larger pieces.
    assert len(store.sent()) < 8


def test_what_is_not_closed_is_not_there(folder: ObjectPath) -> None:
    def stop(out: ObjectWriter) -> None:
        with out:
            out.write(b"x" * (9 << 20))  # more than one part of an upload
            raise ValueError("on the way")

    with pytest.raises(ValueError, match="on the way"):
        stop((folder / "part").writer())
    left: ObjectWriter | None = (folder / "left").writer()
    assert left is not None
    left.write(b"x")
    del left
    assert folder.sizes() == {}
    with (folder / "whole").writer() as out:
        out.write(b"y" * (9 << 20))
        out.write(memoryview(b"z"))
    assert folder.sizes() == {"whole": (9 << 20) + 1}


def test_of_two_writers_the_store_takes_one(folder: ObjectPath) -> None:
    path = folder / "record"
    with replacing(path) as first, replacing(path) as second:
        first(b"1")
        with pytest.raises(LakeError, match="Another build wrote"):
            second(b"2")
    assert path.read_bytes() == b"1"
    with replacing(path) as third, replacing(path) as fourth:
        third(b"3")
        with pytest.raises(LakeError, match="Another build wrote"):
            fourth(b"4")
    assert path.read_bytes() == b"3"


TABLE = Table(
    "silver.numbers",
    "number",
    (Column("chrom", "string", "contig"), Column("pos", "int32", "position"),
     Column("file", "string", "file"), Column("record", "int64", "record")),
    partitioned=True,
    pruned_by=("pos", "file", "record"),
)  # fmt: skip


@pytest.mark.parametrize(
    "chrom", ["22", "<chr1>", "HLA-A*01:01:01:01", "a/b", "a=b", "a b", "%41", "..", "ß" * 80]
)
def test_any_name_of_a_contig_comes_back(chrom: str, folder: ObjectPath) -> None:
    def frame(name: str) -> pl.DataFrame:
        return pl.DataFrame({"chrom": name, "pos": [1, 2], "file": "f", "record": [1, 2]}).cast(
            {"pos": pl.Int32}
        )

    written = [
        write_part(folder, TABLE, frame(name), chrom=name, name=f"part-{i}")
        for i, name in enumerate((chrom, "other"))
    ]
    version = delta.commit(folder, TABLE, written, {})
    found = delta.scan(folder, TABLE, version).filter(pl.col("chrom") == chrom).collect()
    assert found.equals(frame(chrom))
    groups = rows.row_groups(folder, TABLE, version)
    assert {g.chrom for g in groups} == {chrom, "other"}
    assert delta.clean(folder, TABLE, [version]) == 0
    assert delta.damaged(folder, "silver", {"numbers": version}) == []
    (folder / "silver" / "numbers" / written[0].path).unlink()
    assert delta.damaged(folder, "silver", {"numbers": version}) == ["silver.numbers"]


CONTENT = random.Random(2).randbytes(20_000_000)


def remote(url: str, content: bytes = CONTENT) -> RemoteFile:
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return RemoteFile("file.vcf.gz", "vcf", None, (Version("v1", (url,), len(content), md5),))


@pytest.fixture
def policy() -> Policy:
    return Policy(connect_timeout=2.0, read_timeout=2.0, wait=lambda _s, _c: None)


def test_a_download_streams_into_the_store(
    folder: ObjectPath, policy: Policy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off twice, it goes on where it stopped, and nothing of it touches the disk."""
    monkeypatch.chdir(tmp_path)
    with ms.serve() as server:
        site = server.add("/file", CONTENT)
        site.behaviours = [ms.cut(7_000_000), ms.cut(5_000_000), ms.well]
        seen: list[dict[str, int]] = []
        got = fetch(
            remote(site.url), folder, policy=policy,
            progress=lambda _event: seen.append(folder.sizes()) if len(seen) < 20 else None,
        )  # fmt: skip
    assert got.verified
    assert got.sha256 == hashlib.sha256(CONTENT).hexdigest()
    assert (folder / "file.vcf.gz").read_bytes() == CONTENT
    assert folder.sizes() == {"file.vcf.gz": len(CONTENT)}
    assert [r.get("range") for r in site.requests] == [None, "bytes=7000000-", "bytes=12000000-"]
    assert not any(seen)  # until it is whole it is not there
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_the_file_is_never_there(folder: ObjectPath, policy: Policy) -> None:
    with ms.serve() as server:
        site = server.add("/file", CONTENT[:-1] + b"?")
        with pytest.raises(DownloadError, match="md5"):
            fetch(remote(site.url), folder, policy=policy)
    assert folder.sizes() == {}


def test_without_the_extra_it_says_which_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    from medallion.files import stores

    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    stores.obstore.cache_clear()
    try:
        with pytest.raises(UsageError, match=r"medallion\[s3\]"):
            Lake("s3://bucket/lake")
    finally:
        stores.obstore.cache_clear()
