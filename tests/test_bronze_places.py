"""Raw lines are read while a build puts a new file in place, and where it dies as it does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from plain_vcf import bgzf, vcf_text

from medallion import Lake
from medallion.bronze import build as bronze
from medallion.errors import LakeError, UsageError


class Died(BaseException):
    """What ends a process."""


def die(*_: object) -> None:
    raise Died


def dies(lake: Lake, at: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a build of bronze die as it comes to a step."""
    with monkeypatch.context() as patch:
        patch.setattr(bronze, at, die)
        with pytest.raises(Died):
            lake.build("bronze")


def put(folder: Path, version: int) -> None:
    """The source in a version: as many records, and that in each."""
    lines = [f"1 {i} v{version} A C . PASS . GT 0|1" for i in range(1, 10 * version)]
    (folder / "a.vcf.gz").write_bytes(bgzf(vcf_text(lines, ("s1",)).encode(), [300]))
    (folder / "people.tsv").write_text(f"sample\tpop\tv\ns1\tGBR\t{version}\n", encoding="utf-8")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    put(tmp_path, 1)
    made = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf.gz"], samples=tmp_path / "people.tsv")
    made.build("bronze")
    return made


def read(lake: Lake) -> tuple[int, set[str], list[str]]:
    """How many raw records there are, the versions in them, and that of the sample table."""
    records = lake.raw("#1-1000", limit=None)
    versions = {r.text.split("\t")[2] for r in records}
    assert lake.header().samples == ("s1",)
    return len(records), versions, lake.raw_samples()["v"].to_list()


def left_over(lake: Lake) -> list[str]:
    return sorted(p.name for p in (lake.path / "bronze").iterdir() if p.name[0] == ".")


OLD, NEW = (9, {"v1"}, ["1"]), (29, {"v3"}, ["3"])


@pytest.mark.parametrize("links", [True, False])
def test_a_build_that_dies_before_it_publishes_leaves_the_old_lines(
    links: bool, lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("this disk gives a file one name only")

    if not links:
        monkeypatch.setattr(os, "link", no_links)
    for version in (2, 3):
        put(tmp_path, version)
        dies(lake, "publish", monkeypatch)
        assert (lake.path / "bronze" / "a.vcf.gz").stat().st_size > 0
        assert read(lake) == OLD
        assert lake.status()["bronze"].state == "stale"
    lake.build("bronze")
    assert read(lake) == NEW
    assert left_over(lake) == []


def test_a_build_that_dies_after_it_published_leaves_what_clean_removes(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, 3)
    dies(lake, "forget_published", monkeypatch)
    assert read(lake) == NEW
    assert ".before" in left_over(lake)
    assert lake.clean() >= 2
    assert ".before" not in left_over(lake)
    assert read(lake) == NEW


def test_cleaning_up_leaves_bytes_that_are_published(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, 3)
    dies(lake, "publish", monkeypatch)
    lake.clean()
    assert read(lake) == OLD


def test_where_the_published_bytes_are_nowhere_readers_are_told(lake: Lake, tmp_path: Path) -> None:
    put(tmp_path, 3)
    (lake.path / "bronze" / "a.vcf.gz").write_bytes((tmp_path / "a.vcf.gz").read_bytes())
    with pytest.raises(LakeError, match="Mend it: medallion build bronze"):
        lake.raw("#1")
    lake.build("bronze")
    assert read(lake) == NEW


@pytest.mark.parametrize("name", ["layer.json", "Layer.JSON", "files", "blocks", ".building"])
def test_no_source_takes_the_name_of_one_of_bronze_s_own_files(
    name: str, lake: Lake, tmp_path: Path
) -> None:
    before = (lake.path / "bronze" / "layer.json").read_bytes()
    (tmp_path / "own").mkdir()
    named = tmp_path / "own" / name
    named.write_bytes((tmp_path / "people.tsv").read_bytes())
    for source in (
        {"vcf": tmp_path / "a.vcf.gz", "samples": named},
        {"vcf": named},
        {"vcf": f"https://localhost/{name}"},
    ):
        with pytest.raises(UsageError, match=r"Rename it|expected one such as"):
            Lake(lake.path, **source)
    assert (lake.path / "bronze" / "layer.json").read_bytes() == before
    assert read(lake)


def test_a_sample_table_never_takes_the_place_of_a_vcf(tmp_path: Path) -> None:
    put(tmp_path, 1)
    for name in ("a.vcf", "samples-a.vcf"):
        (tmp_path / name).write_text(vcf_text(["1 5 . A C . . . GT 0|1"], ("s1",)), "utf-8")
    (tmp_path / "of").mkdir()
    table = tmp_path / "of" / "a.vcf"
    table.write_bytes((tmp_path / "people.tsv").read_bytes())
    vcfs = [tmp_path / "a.vcf", tmp_path / "samples-a.vcf"]
    names = [
        f.name for f in bronze.wanted_files(Lake(tmp_path / "x", vcf=vcfs, samples=table).source)
    ]
    assert names == ["a.vcf", "samples-a.vcf", "samples-samples-a.vcf"]
