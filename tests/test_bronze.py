"""Bronze: the bytes that arrive are the bytes that stay, damage is found, any record is at hand."""

from __future__ import annotations

import gzip
import hashlib
import random
import shutil
import struct
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import plain_vcf
import polars as pl
import pytest
from real_data import real, tool

from medallion import Lake, MedallionError, demo
from medallion.bronze.index import index_file
from medallion.bronze.raw import Region, parse_where
from medallion.errors import DamagedFileError, UsageError
from medallion.progress import Reporter
from medallion.storage.work import start_work

HEADER = "##fileformat=VCFv4.2\n##contig=<ID=1>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
bgzf = partial(plain_vcf.bgzf, sizes=[300])  # many blocks of little text


def check(path: Path) -> int:
    """Lines of the VCF, with every block checked."""
    with start_work(path.parent, Reporter(), workers=1) as work:
        return index_file(path, work).lines


def meaningful(data: bytes) -> list[int]:
    """Places that carry meaning: all but each header's time stamp, extra flags and system,

    and the last byte of the deflated data, some bits of which only fill the byte up.
    """
    found, at = [], 0
    while at < len(data):
        size = struct.unpack_from("<H", data, at + 16)[0] + 1
        free = {*range(4, 10), size - 9}
        found += [at + i for i in range(size) if i not in free]
        at += size
    return found


def sites(n: int) -> str:
    """A VCF of `n` records without samples."""
    return HEADER + "".join(f"1\t{10 + 3 * i}\t.\tA\tC\t.\tPASS\tNS={i}\n" for i in range(n))


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    data = bgzf(sites(400).encode())
    places = meaningful(data)
    pick = random.Random(7)
    whole = tmp_path / "whole.vcf.gz"
    whole.write_bytes(data)
    assert check(whole) == 403
    for place in pick.sample(places, 200):
        bad = bytearray(data)
        bad[place] ^= 1 << pick.randrange(8)
        path = tmp_path / "bad.vcf.gz"
        path.write_bytes(bad)
        with pytest.raises(MedallionError) as caught:  # noqa: PT012  # either step may tell
            Lake(tmp_path / "lake", vcf=[path]).build("bronze", workers=1)
            lake = Lake(tmp_path / "lake")
            notes = lake.build("silver") and lake.scan("silver.defects").collect()
            # A spoilt closing block leaves every record whole; it must be remarked on.
            assert "end-of-file-block" in notes["reason"].to_list(), place
            raise MedallionError("noted")
        assert "\n" not in str(caught.value)
        shutil.rmtree(tmp_path / "lake", ignore_errors=True)


def test_damage_names_block_and_offset(tmp_path: Path) -> None:
    data = bytearray(bgzf(sites(400).encode()))
    at = 0
    for _ in range(5):
        at += struct.unpack_from("<H", data, at + 16)[0] + 1
    data[at + 30] ^= 4
    path = tmp_path / "bad.vcf.gz"
    path.write_bytes(data)
    with pytest.raises(DamagedFileError, match=f"block 5 at byte {at:,}"):
        check(path)


def test_every_cut_is_found(tmp_path: Path) -> None:
    data = bgzf(sites(400).encode())
    pick = random.Random(8)
    for place in pick.sample(range(1, len(data)), 200):
        path = tmp_path / "cut.vcf.gz"
        path.write_bytes(data[:place])
        lake = Lake(tmp_path / "lake", vcf=[path])
        try:
            lake.build("silver", workers=1)
        except MedallionError as error:
            words = ("block", "#CHROM", "cut short")
            assert any(word in str(error) for word in words), error  # noqa: PT017  # or no error
        else:
            # A cut between two blocks leaves whole blocks: only the closing one is missing.
            reasons = lake.scan("silver.defects", build=False).collect()["reason"].to_list()
            assert "end-of-file-block" in reasons
        shutil.rmtree(tmp_path / "lake", ignore_errors=True)


@pytest.mark.parametrize("ending", [".vcf", ".vcf.gz", ".bgzf.vcf.gz"])
def test_any_record_in_any_container(tmp_path: Path, ending: str) -> None:
    text = sites(3000).encode()
    path = tmp_path / f"x{ending}"
    packed = {".vcf": text, ".vcf.gz": gzip.compress(text), ".bgzf.vcf.gz": bgzf(text)}[ending]
    path.write_bytes(packed)
    lake = Lake(tmp_path / "lake", vcf=[path])
    lake.build("bronze")
    lines = text.decode().splitlines()
    for n in (1, 2, 1234, 2999, 3000):
        (got,) = lake.raw(f"#{n}")
        assert (got.record, got.line, got.text) == (n, n + 3, lines[n + 2])
    assert [r.record for r in lake.raw("#2990-5000", limit=None)] == list(range(2990, 3001))
    assert lake.raw("#3001") == []
    inside = lake.raw("1:1000-1100", limit=None)
    expected = [line for line in lines[3:] if 1000 <= int(line.split("\t")[1]) <= 1100]
    assert [r.text for r in inside] == expected
    assert [r.text for r in lake.raw("chr1:1000-1100", limit=None)] == expected
    assert lake.raw("2:1000-1100") == []


@pytest.mark.parametrize("blocks", [1, 63, 64, 65, 128])
def test_the_block_that_ends_a_file_may_be_read_apart_from_all_others(
    blocks: int, tmp_path: Path
) -> None:
    """Blocks are read some 64 at a time: of a 65th that is empty no line was said to end."""
    text = sites(300).encode()
    path = tmp_path / "x.vcf.gz"
    path.write_bytes(plain_vcf.bgzf(text, [-(-len(text) // blocks)]))
    assert check(path) == 303
    path.write_bytes(plain_vcf.bgzf(text[:-1], [-(-len(text) // blocks)]))
    assert check(path) == 303


@pytest.mark.parametrize("packed", ["empty blocks", "small blocks", "small members"])
def test_a_line_is_found_that_begins_where_little_is_read_at_once(
    packed: str, tmp_path: Path
) -> None:
    text = sites(60).replace("\n1\t", "\nscaffold_000001\t").encode()
    pieces = [text[i : i + 7] for i in range(0, len(text), 7)]
    empty = plain_vcf.END_OF_FILE * 130
    path = tmp_path / "x.vcf.gz"
    path.write_bytes({
        "empty blocks": empty.join(plain_vcf.bgzf(p, end=False) for p in pieces),
        "small blocks": plain_vcf.bgzf(text, [1, 0, 0, 0, 0]),
        "small members": b"".join(map(gzip.compress, pieces)),
    }[packed])  # fmt: skip
    lake = Lake(tmp_path / "lake", vcf=[path])
    lake.build("bronze")
    for n in range(0, 60, 5):
        assert [r.record for r in lake.raw(f"scaffold_000001:{10 + 3 * n}")] == [n + 1]


def test_region_is_what_bcftools_gives(tmp_path: Path) -> None:
    bcftools = tool("bcftools")
    vcf = real("phase3/chr22-16.05-16.50mb.vcf.gz")
    copy = tmp_path / vcf.name
    shutil.copyfile(vcf, copy)
    subprocess.run([bcftools, "index", copy], check=True)
    lake = Lake(tmp_path / "lake", vcf=[copy])
    lake.build("bronze")
    region = "22:16100000-16110000"
    # --regions-overlap pos: records that start in the region, as here.
    out = subprocess.run(
        [bcftools, "view", "-H", "--regions-overlap", "pos", "-r", region, copy],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    got = [r.text for r in lake.raw(region, limit=None)]
    assert got == out
    assert len(got) == 30


def test_bytes_are_the_sources(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", dataset="demo")
    lake.build("bronze")
    for path in (demo.vcf_path(), demo.samples_path()):
        assert (tmp_path / "lake" / "bronze" / path.name).read_bytes() == path.read_bytes()
    files = lake.scan("bronze.files", build=False).collect()
    assert files["records"].drop_nulls().to_list() == [10_012]


def test_an_edit_of_the_original_does_not_reach_bronze(tmp_path: Path) -> None:
    vcf = tmp_path / "x.vcf"
    vcf.write_text(sites(3), encoding="utf-8", newline="\n")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("bronze")
    kept = (tmp_path / "lake" / "bronze" / "x.vcf").read_bytes()
    with vcf.open("a", encoding="utf-8", newline="\n") as file:
        file.write("1\t900\t.\tA\tC\t.\tPASS\t.\n")
    assert (tmp_path / "lake" / "bronze" / "x.vcf").read_bytes() == kept
    assert lake.status()["bronze"].state == "stale"
    lake.build("bronze")
    assert len(lake.raw("#1-9", limit=None)) == 4


def test_what_lies_there_and_is_wrong_is_put_aside(tmp_path: Path) -> None:
    vcf = tmp_path / "x.vcf"
    vcf.write_text(sites(3), encoding="utf-8", newline="\n")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("bronze")
    inside = tmp_path / "lake" / "bronze" / "x.vcf"
    inside.write_text("not what it was", encoding="utf-8")
    assert any("not as it arrived" in r for r in lake.status()["bronze"].reasons)
    lake.build("bronze")
    assert inside.read_bytes() == vcf.read_bytes()
    (aside,) = inside.parent.glob("x.vcf.aside-*")
    assert aside.read_text(encoding="utf-8") == "not what it was"


def test_a_folder_of_vcfs_is_one_cohort(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "a.vcf").write_text(sites(3), encoding="utf-8", newline="\n")
    (folder / "b.vcf.gz").write_bytes(bgzf(sites(5).replace("1\t", "2\t").encode()))
    (folder / "notes.txt").write_text("no VCF", encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[folder])
    lake.build("silver")
    ledger = lake.status()["silver"].summary["ledger"]
    assert [(e["file"], e["records"]) for e in ledger] == [("a.vcf", 3), ("b.vcf.gz", 5)]
    kept = lake.scan("silver.variants", build=False).group_by("chrom").len().collect()
    assert dict(kept.iter_rows()) == {"1": 3, "2": 5}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("22:16050000-16051000", Region("22", 16050000, 16051000)),
        ("chr22:16,050,000-16,051,000", Region("chr22", 16050000, 16051000)),
        ("22:5", Region("22", 5, 5)),
        ("HLA-A", Region("HLA-A")),
        ("#5000", (5000, 5000)),
        ("#5,000-5,020", (5000, 5020)),
    ],
)
def test_places_as_people_type_them(text: str, expected: object) -> None:
    assert parse_where(text) == expected


@pytest.mark.parametrize("text", ["", "#0", "#5-3", "22:9-3", "22:a-b", "# x"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_where(text)


def test_a_record_that_is_out_of_order_is_found_by_its_region(tmp_path: Path) -> None:
    rows = [f"1\t{10 + 3 * i}\t.\tA\tC\t.\tPASS\tNS={i}" for i in range(2000)]
    rows.insert(1500, "1\t40\tlate\tA\tG\t.\tPASS\t.")
    path = tmp_path / "x.vcf.gz"
    path.write_bytes(bgzf((HEADER + "\n".join(rows) + "\n").encode()))
    lake = Lake(tmp_path / "lake", vcf=[path])
    lake.build("silver")
    assert [r.record for r in lake.raw("1:40")] == [11, 1501]
    noted = lake.scan("silver.defects", build=False).filter(pl.col("reason") == "out-of-order")
    assert noted.collect()["line"].to_list() == [1504]


def test_new_bytes_wait_for_the_index_that_fits_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A build that dies before it publishes leaves the old bytes under the old index."""
    vcf = tmp_path / "x.vcf"
    vcf.write_text(sites(3000), encoding="utf-8", newline="\n")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("bronze")
    before = [r.text for r in lake.raw("#2500-2600", limit=None)]
    vcf.write_text(sites(3000).replace("NS=", "NSAMPLES="), encoding="utf-8", newline="\n")

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("medallion.bronze.build.publish", die)
        patch.setattr("medallion.bronze.places.move", die)
        with pytest.raises(KeyboardInterrupt):
            lake.build("bronze")
    assert [r.text for r in lake.raw("#2500-2600", limit=None)] == before
    lake.build("bronze")
    assert all("NSAMPLES=" in r.text for r in lake.raw("#2500-2600", limit=None))
    assert not (tmp_path / "lake" / "bronze" / ".arriving").exists()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The address of a folder on this machine, and the folder."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    handler = partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}", folder
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("indexed", [True, False])
def test_a_vcf_is_had_by_its_address_with_its_index(
    server: tuple[str, Path], tmp_path: Path, indexed: bool
) -> None:
    address, folder = server
    data = bgzf(sites(50).encode())
    (folder / "x.vcf.gz").write_bytes(data)
    if indexed:
        (folder / "x.vcf.gz.tbi").write_bytes(b"an index")
    lake = Lake(tmp_path / "lake", vcf=[f"{address}/x.vcf.gz"])
    lake.build("bronze")
    bronze = tmp_path / "lake" / "bronze"
    assert (bronze / "x.vcf.gz").read_bytes() == data
    assert (bronze / "x.vcf.gz.tbi").exists() == indexed
    row = lake.scan("bronze.files", build=False).collect().row(0, named=True)
    assert row["url"] == f"{address}/x.vcf.gz"
    assert row["md5"] == hashlib.md5(data).hexdigest()
    assert {s.state for s in [lake.status()["bronze"]]} == {"fresh"}


def test_an_address_that_ends_in_no_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="file's name"):
        Lake(tmp_path / "lake", vcf=["https://127.0.0.1/"]).build("bronze")
