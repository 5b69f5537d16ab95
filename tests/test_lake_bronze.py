"""Bronze as it lies on the disk: kept, brought again, looked at line by line, verified."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import split_file, vcf_text
from small_lake import RECORDS, files, lake, states, touch, wrong

from medallion import Lake, demo
from medallion.cli import main
from medallion.errors import (
    SourceError,
)

__all__ = ["files", "lake"]  # fixtures

# Bronze on disk


def test_a_deleted_bronze_file_is_brought_again(lake: Lake, files: tuple[Path, Path]) -> None:
    there = lake.path / "bronze" / files[0].name
    before = there.read_bytes()
    there.unlink()
    assert lake.status()["bronze"].state == "stale"
    assert lake.status()["bronze"].reasons == (
        "The VCF some.vcf.gz is missing from the bronze folder.",
    )
    lake.build()
    assert there.read_bytes() == before
    assert states(lake) == ["fresh"] * 3


def test_a_changed_bronze_file_is_put_aside_not_overwritten(
    lake: Lake, files: tuple[Path, Path]
) -> None:
    there = lake.path / "bronze" / files[0].name
    before = there.read_bytes()
    touch(there, before[:-10] + b"0123456789")
    assert lake.status()["bronze"].reasons == (
        "The VCF some.vcf.gz in the bronze folder is not as it arrived.",
    )
    lake.build()
    assert there.read_bytes() == before
    aside = [p for p in there.parent.iterdir() if ".aside-" in p.name]
    assert [p.read_bytes() for p in aside] == [before[:-10] + b"0123456789"]


def test_a_lake_outlives_the_files_it_was_made_from(lake: Lake, files: tuple[Path, Path]) -> None:
    for path in files:
        path.unlink()
    assert states(Lake(lake.path)) == ["fresh"] * 3
    Lake(lake.path).build("gold", force=True)
    (lake.path / "bronze" / files[0].name).unlink()
    with pytest.raises(SourceError, match="is gone"):
        Lake(lake.path).build()
    assert len(lake.scan("gold.frequencies", build=False).collect()) > 0


def test_bronze_holds_the_bytes_unchanged(lake: Lake, files: tuple[Path, Path]) -> None:
    import hashlib

    rows = {r["file"]: r for r in lake.scan("bronze.files").collect().iter_rows(named=True)}
    for path in files:
        raw = path.read_bytes()
        assert (lake.path / "bronze" / path.name).read_bytes() == raw
        row = rows[path.name]
        assert row["sha256"] == hashlib.sha256(raw).hexdigest()
        assert row["md5"] == hashlib.md5(raw, usedforsecurity=False).hexdigest()
        assert row["bytes"] == len(raw)
    assert rows["some.vcf.gz"]["records"] == len(RECORDS)


# Looking at bronze


def test_raw_records_by_number_and_by_position(lake: Lake, files: tuple[Path, Path]) -> None:
    header, lines = split_file(files[0])
    for first, last in ((1, 1), (1, 59), (17, 23), (59, 59), (58, 99)):
        found = lake.raw(f"#{first}-{last}", limit=None)
        assert [r.text for r in found] == lines[first - 1 : last]
        assert [r.record for r in found] == list(range(first, min(last, 59) + 1))
        assert [r.line - len(header) for r in found] == [r.record for r in found]
    assert lake.raw("#60") == []
    assert [r.record for r in lake.raw("1:20-30")] == list(range(20, 31))
    assert [r.record for r in lake.raw("chr1:20")] == [20]
    assert [r.record for r in lake.raw("1", limit=3)] == [1, 2, 3]
    assert lake.raw("2:20") == []
    assert lake.raw("1:99999999999999999999") == []


def test_every_silver_row_leads_back_to_its_line(demo_lake: Lake) -> None:
    header, lines = split_file(demo.vcf_path())
    some = demo_lake.scan("silver.variants").collect().sample(8, seed=1)
    for row in some.iter_rows(named=True):
        (raw,) = demo_lake.raw(f"#{row['record']}")
        assert raw.line == row["line"] == row["record"] + len(header)
        assert raw.text == lines[row["record"] - 1]
        assert raw.text.split("\t")[1] == str(row["pos"])
        assert raw in demo_lake.raw(f"{row['chrom']}:{row['pos']}")


def test_the_header_and_the_sample_table_as_they_stand(lake: Lake) -> None:
    assert lake.header().samples == ("A", "B", "C")
    assert lake.header().fileformat == "VCFv4.3"
    raw = lake.raw_samples()
    assert raw.columns == ["sample", "pop"]
    assert raw.rows() == [("A", "GBR"), ("B", "FIN"), ("C", "YRI")]


def test_verify_finds_a_flipped_bit(lake: Lake, files: tuple[Path, Path]) -> None:
    assert wrong(lake) == set()
    there = lake.path / "bronze" / files[0].name
    raw = bytearray(there.read_bytes())
    raw[len(raw) // 2] ^= 1
    there.write_bytes(raw)
    assert wrong(lake) == {"bronze.sha256", "bronze.blocks"}


@pytest.mark.parametrize("lost", ["bronze.files", "silver.variants"])
def test_verify_names_the_table_that_is_lost_and_what_mends_it(lost: str, tmp_path: Path) -> None:
    vcf = tmp_path / "a.vcf"
    vcf.write_text(vcf_text(["1 1 . A C . . . GT 0/1 0/0 1/1"]), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("gold")
    below, table = lost.split(".")
    shutil.rmtree(lake.path / below / table)
    told = {c.id: c for c in lake.verify() if not c.ok and c.severity == "error"}
    assert set(told) == {f"{below}.readable", "gold.readable"}
    assert told[f"{below}.readable"].found.startswith(f"{lost}: ")
    gold = told["gold.readable"]
    assert lost in gold.expected
    start = f"every table of gold is whole, but {lost} of {below} is gone or damaged"
    assert gold.found.startswith(start)
    command = gold.found.split(": medallion ")[1].split()
    assert main(command) == 0
    lake.build("gold")
    assert all(check.ok for check in lake.verify() if check.severity == "error")


def test_verify_finds_tables_that_do_not_agree(lake: Lake) -> None:
    """A gold table from other counts is caught by silver's."""
    from medallion.gold.tables import FREQUENCIES
    from medallion.storage import delta, parts

    frame = lake.scan("gold.frequencies").collect()
    other = frame.with_columns(pl.col("ac") + (pl.col("level") == "all").cast(pl.Int32))
    part = parts.write_part(
        lake.path, FREQUENCIES, other.drop("chrom"), chrom="1", name="part-00000"
    )
    assert delta.commit(lake.path, FREQUENCIES, [part], {}) == 1
    record = lake.path / "gold" / "layer.json"
    published = json.loads(record.read_text(encoding="utf-8"))
    published["tables"]["frequencies"]["version"] = 1
    record.write_text(json.dumps(published), encoding="utf-8")
    assert wrong(lake) == {"gold.all_equals_silver", "gold.sum_ac"}
