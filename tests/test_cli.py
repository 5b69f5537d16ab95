"""The command line: build, status, raw, verify, datasets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import PEOPLE, RECORDS, Command, built, new, run
from plain_vcf import bgzf, split_file, vcf_text

from medallion import Lake, demo
from medallion.cli import main

__all__ = ["built", "new", "run"]  # fixtures

# build and status


def test_build_says_what_came_out_and_then_that_nothing_is_to_do(
    new: Command, tmp_path: Path
) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text([*RECORDS, "22 x . A C . . . GT 0 0 0"]), encoding="utf-8")
    out = new("build", "--vcf", str(vcf))
    assert "some.vcf: 5 records in = 4 kept + 1 quarantined; 4 ALT alleles out" in out
    for layer in ("bronze", "silver", "gold"):
        assert any(line.startswith(layer) and "fresh" in line for line in out.splitlines())
    assert "Nothing to do" in new("build")
    assert "Nothing to do" in new("build", "bronze")
    forced = new("build", "gold", "--force").splitlines()
    assert [line.split()[0] for line in forced] == ["gold"]
    forced = new("build", "--force", "--workers", "1").splitlines()
    assert [line.split()[0] for line in forced[:3]] == ["bronze", "silver", "gold"]


def test_build_one_layer_at_a_time(new: Command, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(RECORDS), encoding="utf-8")
    for layer in ("bronze", "silver", "gold"):
        out = new("build", layer, "--vcf", str(vcf))
        assert next(x for x in out.splitlines() if not x.startswith(" ")).startswith(layer)
        fresh = [
            name
            for name, status in json.loads(new("status", "--json"))["layers"].items()
            if status["state"] == "fresh"
        ]
        assert fresh[-1] == layer


def test_build_the_demo(new: Command) -> None:
    out = new("build", "bronze", "--dataset", "demo")
    assert out.startswith("bronze fresh")
    status = json.loads(new("status", "--json"))
    assert status["dataset"] == "demo"
    assert status["simulated"] is True
    assert "imulated" in status["title"]
    assert "imulated" in new("status")


def test_status(run: Command) -> None:
    text = run("status")
    assert "Own data: some.vcf.gz" in text
    status = json.loads(run("status", "--json"))
    assert status["lake"] == str(run.lake)
    assert list(status["layers"]) == ["bronze", "silver", "gold"]
    silver = status["layers"]["silver"]
    assert silver["state"] == "fresh"
    assert silver["rows"]["variants"] == 5
    assert silver["reasons"] == []
    assert silver["bytes"] > 0
    assert silver["built_at"].endswith("+00:00")
    assert status["simulated"] is False


def test_status_says_why_something_is_stale(new: Command, tmp_path: Path) -> None:
    vcf, table = tmp_path / "some.vcf", tmp_path / "people.tsv"
    vcf.write_text(vcf_text(RECORDS), encoding="utf-8")
    table.write_text(PEOPLE, encoding="utf-8")
    new("build", "silver", "--vcf", str(vcf), "--samples", str(table))
    table.write_text(PEOPLE.replace("YRI", "LWK!"), encoding="utf-8")
    text = new("status")
    assert "The sample table people.tsv changed." in text
    assert "The gold layer has not been built." in text


# raw


def test_raw_prints_the_lines_as_they_stand(run: Command) -> None:
    lines = [r.replace(" ", "\t") for r in RECORDS]
    assert run("raw", "22:100-300").splitlines() == lines[:3]
    assert run("raw", "chr22:200").splitlines() == [lines[1]]
    assert run("raw", "#2").splitlines() == [lines[1]]
    assert run("raw", "#2-99").splitlines() == lines[1:]
    assert run("raw", "22", "--limit", "2").splitlines() == lines[:2]
    assert run("raw", "22:1-9") == ""
    assert run("raw", "#1", "--file", "some.vcf.gz").splitlines() == lines[:1]


def test_raw_of_the_demo_is_the_file(demo_lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    _, lines = split_file(demo.vcf_path())
    out = Command(demo_lake.path, capsys)("raw", "#5000-5003")
    assert out.splitlines() == lines[4999:5003]


@pytest.mark.parametrize("where", ["22-16050075-A-G", "22:1-9"])
def test_raw_says_so_where_nothing_is(
    demo_lake: Lake, capsys: pytest.CaptureFixture[str], where: str
) -> None:
    assert main(["raw", where, "--lake", str(demo_lake.path)]) == 0
    told = capsys.readouterr()
    assert not told.out
    assert "no line of" in told.err
    assert "22:16050075" in told.err


# verify, and the rest


def test_another_source_is_told_and_so_is_a_file_that_was_cut_between_blocks(
    new: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = tmp_path / "first.vcf.gz", tmp_path / "second.vcf.gz"
    text = vcf_text(RECORDS).encode()
    first.write_bytes(bgzf(text, [40]))
    second.write_bytes(bgzf(text[: len(text) // 40 * 40], [40], end=False))
    where = ["--lake", str(new.lake)]
    assert main(["build", "--vcf", str(first), *where]) == 0
    assert main(["build", "--vcf", str(first), *where]) == 0
    assert capsys.readouterr().err.count("medallion:") == 0
    assert main(["build", "--vcf", str(second), *where]) == 0
    told = [e for e in capsys.readouterr().err.splitlines() if e.startswith("medallion:")]
    change = f"The source changes from {first} to {second}."
    assert len(told) == 2
    assert change in told[0]
    assert "another folder with --lake" in told[0]
    assert "second.vcf.gz lacks the block that ends BGZF" in told[1]
    reasons = Lake(new.lake).history()["reasons"].to_list()
    assert [change in r for r in reasons] == [False] * 3 + [True, False, False]
    assert "warning bronze.end_block" in new("verify")
    # One more beside it takes nobody's place.
    assert main(["build", "--vcf", str(first), "--vcf", str(second), *where]) == 0
    assert "changes from" not in capsys.readouterr().err


def test_verify(run: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run("verify")
    assert "0 failed" in out
    assert "some.vcf.gz" in out
    assert "warning" not in out


def test_verify_exits_with_1_where_a_check_fails(new: Command, tmp_path: Path) -> None:
    vcf = tmp_path / "some.vcf"
    vcf.write_text(vcf_text(RECORDS), encoding="utf-8")
    new("build", "--vcf", str(vcf))
    held = new.lake / "bronze" / "some.vcf"
    held.write_text(vcf_text([*RECORDS, RECORDS[0]]), encoding="utf-8")
    assert main(["verify", "--lake", str(new.lake)]) == 1


def test_datasets(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    out = capsys.readouterr().out
    for name in ("demo", "phase3", "highcov"):
        assert any(line.startswith(name) for line in out.splitlines())
    assert "205.6 MB" in out
