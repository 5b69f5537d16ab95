"""Lineage across layers of different builds, in several files, and up from a line of bronze."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from app_pages import Open, texts
from plain_vcf import vcf_text

from medallion import Lake
from medallion.cli import main
from medallion.errors import NotBuiltError, UsageError

FIRST = ((100, "0|1", "0|0"), (200, "1|1", "1|1"))
THEN = ((50, "0|0", "1|0"), (100, "1|1", "0|1"), (200, "1|1", "1|1"))


def write(path: Path, records: Sequence[tuple[int, str, str]]) -> Path:
    lines = [f"7 {pos} . A G . PASS . GT {one} {two}" for pos, one, two in records]
    path.write_text(vcf_text(lines, ("S1", "S2")), encoding="utf-8")
    return path


def made(tmp_path: Path, *then: str) -> Lake:
    """A lake whose VCF then got another record before the others, of which `then` is built."""
    vcf = write(tmp_path / "a.vcf", FIRST)
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build()
    write(vcf, THEN)
    for layer in then:
        lake.build(layer)
    return lake


def test_a_row_is_followed_down_where_layers_are_of_one_build(tmp_path: Path) -> None:
    lake = made(tmp_path)  # the source alone is newer
    found = lake.trace("gold.frequencies", "7-100-A-G", "ALL")
    assert found.row is not None
    assert (found.row["ac"], [line.text.split()[1] for line in found.lines]) == (1, ["100"])
    assert found.bronze == {"bronze.files": 0, "bronze.blocks": 0}
    lake.build()
    found = lake.trace("gold.frequencies", "7-100-A-G", "ALL")
    assert found.row is not None
    assert (found.row["ac"], found.lines[0].record) == (3, 2)
    assert found.bronze == {"bronze.files": 1, "bronze.blocks": 1}


@pytest.mark.parametrize("layer", ["bronze", "silver"])
def test_a_row_is_not_followed_into_a_layer_of_another_build(tmp_path: Path, layer: str) -> None:
    lake = made(tmp_path, layer)
    above = "silver" if layer == "bronze" else "gold"
    for key in (("gold.frequencies", "7-100-A-G", "ALL"), ("gold.populations", "ALL")):
        with pytest.raises(NotBuiltError, match=f"medallion build {above}"):
            lake.trace(*key)
    assert main(["trace", "gold.frequencies", "7-100-A-G", "ALL", "--lake", str(lake.path)]) == 1


def test_a_line_is_not_followed_up_into_a_layer_of_another_build(tmp_path: Path) -> None:
    lake = made(tmp_path, "bronze")
    found = lake.trace_record(1)
    assert (found.record.text.split()[1], found.verdict) == ("50", "unknown")
    assert found.variants is None
    assert found.frequencies is None
    assert ["medallion build silver" in reason for reason in found.apart] == [True]
    lake.build("silver")
    found = lake.trace_record(1)
    assert found.variants is not None
    assert (found.verdict, found.variants["pos"].to_list()) == ("kept", [50])
    assert (found.alleles, found.frequencies, found.windows) == (None, None, None)
    assert ["medallion build gold" in reason for reason in found.apart] == [True]
    lake.build("gold")
    found = lake.trace_record(1)
    assert found.frequencies is not None
    assert set(found.frequencies["pos"]) == {50}
    assert found.apart == ()


def test_the_pages_follow_nothing_into_a_layer_of_another_build(
    tmp_path: Path, open_page: Open
) -> None:
    lake = made(tmp_path, "bronze")
    line = "7\t50\t"
    app = open_page(lake, "layers/bronze", bronze="Records", file="a.vcf", at="#1", record="1")
    assert "medallion build silver" in texts(app)
    assert "Kept" not in texts(app)
    app = open_page(lake, "explore/variant", variant="7-100-A-G", explore="Way back")
    assert "medallion build silver" in texts(app)
    assert line not in texts(app)
    lake.build("silver")
    app = open_page(lake, "explore/variant", variant="7-100-A-G", explore="Way back")
    assert "medallion build gold" in texts(app)
    assert "7\t100\t" in texts(app)


def test_an_allele_of_two_files_is_named_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = [write(tmp_path / name, FIRST[:1]) for name in ("a.vcf", "b.vcf")]
    lake = Lake(tmp_path / "lake", vcf=own)
    lake.build()
    with pytest.raises(UsageError, match=r"means 2 alleles.*--file.*a\.vcf, b\.vcf"):
        lake.trace("gold.frequencies", "7-100-A-G", "ALL")
    found = lake.trace("gold.frequencies", "7-100-A-G", "ALL", file="b.vcf")
    assert [line.file for line in found.lines] == ["b.vcf"]
    words = ["trace", "gold.variants", "7-100-A-G", "--file", "b.vcf", "--lake", str(lake.path)]
    assert main(words) == 0
    out = capsys.readouterr().out
    assert "b.vcf #1, line" in out
    assert "bronze.files version 0" in out
    with pytest.raises(UsageError, match="means 0 alleles"):
        lake.trace("gold.variants", "7-100-A-G", file="c.vcf")


def test_a_line_is_followed_up_to_all_that_it_became(
    demo_lake: Lake, capsys: pytest.CaptureFixture[str]
) -> None:
    at = ["--lake", str(demo_lake.path)]
    row = demo_lake.scan("silver.calls").head(1).collect().row(0, named=True)
    here = f"file = '{row['file']}' and record = {row['record']}"
    assert main(["trace", "bronze", f"#{row['record']}", *at]) == 0
    out = capsys.readouterr().out
    assert ": kept" in out
    for table in ("silver.variants", "silver.genotypes", "silver.calls", "gold.variants",
                  "gold.frequencies"):  # fmt: skip
        count = demo_lake.query(f"select count(*) from {table} where {here}").item()
        version = demo_lake.status()[table.partition(".")[0]].versions[table.partition(".")[2]]
        assert f"{table}, version {version}: {count:,} row" in out
        assert count > 0
    inside = f"chrom = '{row['chrom']}' and {row['pos']} between start and \"end\""
    windows = demo_lake.query(f"select count(*) from gold.windows where {inside}").item()
    assert f"gold.windows, version 0: {windows:,} rows" in out
    quarantined = demo_lake.scan("silver.defects").filter(verdict="quarantined").collect()
    line = quarantined.row(0, named=True)
    first = demo_lake.raw("#1")[0]
    assert main(["trace", "bronze", f"#{line['line'] - first.line + 1}", *at]) == 0
    out = capsys.readouterr().out
    assert ": quarantined" in out
    assert line["reason"] in out
    assert main(["trace", "bronze", "#1", "#2", *at]) == 2
    assert main(["trace", "bronze", "22:1", *at]) == 2
