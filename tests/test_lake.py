"""A lake over its life: built, fresh, stale and why, of several files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import vcf_text
from small_lake import (
    LAYERS,
    PEOPLE,
    RECORDS,
    assert_same,
    content,
    files,
    lake,
    states,
    touch,
    versions,
)
from two_populations import two_populations

from medallion import Lake
from medallion.bronze import build as bronze
from medallion.errors import (
    NotBuiltError,
    UsageError,
)
from medallion.progress import Progress
from medallion.storage import fingerprint

__all__ = ["files", "lake"]  # fixtures


def test_a_sample_table_is_remembered_where_the_vcf_is_named_again(
    lake: Lake, files: tuple[Path, Path]
) -> None:
    again = Lake(lake.path, vcf=[files[0]])
    assert again.source == lake.source
    assert [s.state for s in again.status().values()] == ["fresh"] * 3


@pytest.mark.parametrize("name", ["First Last", "Zoë & 100% #1?"])
def test_a_lake_lies_in_a_folder_of_any_name(name: str, tmp_path: Path) -> None:
    if os.name == "nt":
        name = name.rstrip("?")  # no name on Windows
    (tmp_path / name).mkdir()
    lake = two_populations(tmp_path / name, records=60, samples=6)
    assert [s.state for s in lake.status().values()] == ["fresh"] * 3
    assert lake.query("select count(*) as n from gold.variants")["n"].to_list() == [60]
    assert lake.scan("silver.variants", build=False).collect().height == 60
    assert lake.variant("7:1000").height == 1
    assert len(lake.raw("#1-3")) == 3
    lake.build(force=True)
    assert lake.clean() > 0
    assert lake.scan("gold.variants", build=False).collect().height == 60


# Fresh and stale


def test_a_new_lake_is_missing_then_fresh(files: tuple[Path, Path], tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", vcf=[files[0]], samples=files[1])
    assert states(lake) == ["missing"] * 3
    assert lake.tables() == []
    assert [s.layer for s in lake.plan("silver")] == ["bronze", "silver"]
    lake.build("bronze")
    assert states(lake) == ["fresh", "missing", "missing"]
    assert [s.layer for s in lake.plan()] == ["silver", "gold"]
    lake.build()
    assert states(lake) == ["fresh"] * 3
    assert lake.plan() == []
    status = lake.status()["silver"]
    assert status.rows["variants"] == 59
    assert status.bytes > 0
    assert status.built_at is not None
    assert status.seconds is not None


def test_a_second_build_does_nothing(lake: Lake) -> None:
    before = versions(lake), lake.version("gold"), content(lake)
    heard: list[Progress] = []
    begun = time.monotonic()
    lake.build("gold", progress=heard.append)
    assert time.monotonic() - begun < 1
    assert heard == []
    assert (versions(lake), lake.version("gold")) == before[:2]
    assert_same(content(lake), before[2])


def test_scan_builds_what_is_missing_and_only_that(
    files: tuple[Path, Path], tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake", vcf=[files[0]], samples=files[1])
    with pytest.raises(NotBuiltError, match="medallion build gold"):
        lake.scan("gold.frequencies", build=False)
    assert len(lake.scan("silver.variants").collect()) == 59
    assert states(lake) == ["fresh", "fresh", "missing"]


def test_a_lake_remembers_its_source(lake: Lake) -> None:
    again = Lake(lake.path)
    assert again.source == lake.source
    assert states(again) == ["fresh"] * 3


def test_the_same_bytes_with_another_date_are_fresh(lake: Lake, files: tuple[Path, Path]) -> None:
    before = versions(lake)
    for path in (*files, lake.path / "bronze" / files[0].name):
        touch(path, path.read_bytes())
    assert states(lake) == ["fresh"] * 3
    lake.build()
    assert versions(lake) == before


def test_a_file_of_another_date_is_read_once_by_all_who_look(
    lake: Lake, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page asks for the state three times."""
    there = lake.path / "bronze" / files[0].name
    touch(there, there.read_bytes())
    read: list[Path] = []
    digest = bronze.digest_file
    monkeypatch.setattr(bronze, "digest_file", lambda path: read.append(path) or digest(path))
    assert [states(lake) for _ in range(3)] == [["fresh"] * 3] * 3
    assert read == [there.absolute()]
    touch(there, b"something else")
    assert states(lake)[0] == "stale"


def test_a_changed_panel_leaves_the_vcf_of_bronze_alone(
    lake: Lake, files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    from medallion.bronze import build as bronze

    touch(files[1], PEOPLE.replace("FIN", "TSI"))
    status = lake.status()
    for name in ("silver", "gold"):
        assert status[name].state == "stale"
        assert status[name].reasons == ("The sample table people.tsv changed.",)
    blocks = lake.scan("bronze.blocks", build=False).collect()
    vcf = lake.path / "bronze" / files[0].name
    inode = vcf.stat().st_ino, vcf.stat().st_mtime_ns

    def forbidden(*_: object) -> None:
        pytest.fail("the VCF was indexed again")

    monkeypatch.setattr(bronze, "index_file", forbidden)
    lake.build()
    assert states(lake) == ["fresh"] * 3
    assert (vcf.stat().st_ino, vcf.stat().st_mtime_ns) == inode
    assert lake.scan("bronze.blocks").collect().equals(blocks)
    groups = lake.scan("gold.populations").collect()["population"].to_list()
    assert "TSI" in groups
    assert "FIN" not in groups


def test_a_changed_vcf_makes_all_stale(lake: Lake, files: tuple[Path, Path]) -> None:
    touch(files[0], vcf_text(RECORDS[:7]))
    assert states(lake) == ["stale"] * 3
    assert lake.status()["gold"].reasons == ("The VCF some.vcf.gz changed.",)
    lake.build()
    assert len(lake.scan("silver.variants").collect()) == 7
    assert states(lake) == ["fresh"] * 3


def test_other_code_or_another_format_makes_stale_with_that_reason(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    from medallion.gold import build as gold
    from medallion.silver import build as silver

    with monkeypatch.context() as patch:
        patch.setattr(gold, "code_digest", lambda *_, **__: "other")
        assert states(lake) == ["fresh", "fresh", "stale"]
        assert lake.status()["gold"].reasons == ("The code that makes this layer changed.",)
    with monkeypatch.context() as patch:
        patch.setattr(silver, "FORMAT", 99)
        assert states(lake) == ["fresh", "stale", "stale"]
        assert "this version writes 99" in lake.status()["silver"].reasons[0]
    assert states(lake) == ["fresh"] * 3


def test_the_code_that_makes_a_layer_is_all_in_its_digest() -> None:
    """Every module that silver or gold imports for its work is among what is digested."""
    from medallion.bronze import build as bronze
    from medallion.gold import build as gold
    from medallion.silver import build as silver

    for places in (bronze._CODE, silver._CODE, gold._CODE):
        for place in places:
            assert (fingerprint._PACKAGE / place).exists(), place
    assert {"vcf", "silver"} <= set(silver._CODE)
    assert "gold" in gold._CODE


def test_force_builds_again_and_gives_the_same(lake: Lake) -> None:
    before, old = content(lake), versions(lake)
    lake.build("gold", force=True)
    new = versions(lake)
    assert new["bronze"] == old["bronze"]
    assert new["silver"] == old["silver"]
    assert all(new["gold"][k] == old["gold"][k] + 1 for k in old["gold"])
    lake.build("silver", force=True)
    assert_same(content(lake), before)
    assert states(lake) == ["fresh"] * 3


def test_the_token_of_a_layer_changes_with_it(lake: Lake) -> None:
    before = {name: lake.version(name) for name in LAYERS}
    assert all(before.values())
    lake.build("gold", force=True)
    after = {name: lake.version(name) for name in LAYERS}
    assert [before[n] == after[n] for n in LAYERS] == [True, True, False]


def test_old_parts_do_not_pile_up(lake: Lake) -> None:
    """The version before the published one stays readable; nothing older is kept."""

    def parts() -> int:
        return len(list((lake.path / "gold").rglob("*.parquet")))

    lake.build("gold", force=True)
    two = parts()
    for _ in range(3):
        lake.build("gold", force=True)
    assert parts() == two


# Several files


def test_several_files_in_one_lake(tmp_path: Path) -> None:
    for name, chrom in (("a.vcf", "1"), ("b.vcf", "chr2")):
        text = vcf_text([r.replace("1 ", f"{chrom} ", 1) for r in RECORDS], ("A", name))
        shorter = text.replace(" ", "\t")
        (tmp_path / name).write_text(
            "\n".join(
                line if line.startswith("#") else line.rsplit("\t", 1)[0]
                for line in shorter.splitlines()
            )
            + "\n",
            encoding="utf-8",
        )
    lake = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf", tmp_path / "b.vcf"])
    lake.build()
    ledger = lake.status()["silver"].summary["ledger"]
    assert [(e["file"], e["records"], e["kept"]) for e in ledger] == [
        ("a.vcf", 59, 59), ("b.vcf", 59, 59),
    ]  # fmt: skip
    assert lake.scan("silver.samples").collect()["sample"].to_list() == ["A", "a.vcf", "b.vcf"]
    by_file = lake.scan("gold.frequencies").filter(pl.col("level") == "all").collect()
    assert by_file.group_by("file").len().sort("file").rows() == [("a.vcf", 59), ("b.vcf", 59)]
    assert [r.file for r in lake.raw("2:5")] == ["b.vcf"]
    assert [r.file for r in lake.raw("#5", file="b.vcf")] == ["b.vcf"]
    (tmp_path / "b.vcf").unlink()
    with pytest.raises(UsageError, match="does not exist"):
        Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf", tmp_path / "b.vcf"])
    fewer = Lake(tmp_path / "lake", vcf=[tmp_path / "a.vcf"])
    assert "The VCF b.vcf was removed." in fewer.status()["gold"].reasons
    fewer.build()
    assert fewer.scan("silver.variants").collect()["file"].unique().to_list() == ["a.vcf"]


def test_a_file_of_sites_alone_and_a_header_alone(tmp_path: Path) -> None:
    sites, header = tmp_path / "sites.vcf", tmp_path / "header.vcf"
    sites.write_text(vcf_text(["1 1 . A C,G . . AC=1,2"], ()), encoding="utf-8")
    header.write_text(vcf_text([]), encoding="utf-8")
    for vcf, rows in ((sites, 2), (header, 0)):
        lake = Lake(tmp_path / vcf.stem, vcf=[vcf])
        lake.build()
        assert states(lake) == ["fresh"] * 3
        assert len(lake.scan("silver.variants").collect()) == rows
        assert len(lake.scan("gold.frequencies").collect()) == 0
        assert lake.verify()
        assert all(c.ok for c in lake.verify() if c.severity != "info")
    assert lake.scan("gold.populations").collect()["samples"].to_list() == [3, 3, 3]
