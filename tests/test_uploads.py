"""Files sent through the page: their names never become paths, and rubbish is not kept."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from medallion import Lake
from medallion.errors import MedallionError, NotVCFError, SampleTableError
from pages.shared.uploads import keep_table, keep_vcf, safe_name

VCF = b"""##fileformat=VCFv4.2
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA
1\t5\t.\tA\tC\t.\t.\t.\tGT\t0|1
"""
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


class Sent(io.BytesIO):
    """What the browser sends: bytes and a name that may be anything."""

    def __init__(self, name: str, data: bytes) -> None:
        super().__init__(data)
        self.name = name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cohort.vcf.gz", "cohort.vcf.gz"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\system.ini", "system.ini"),
        ("/", "x"),
        ("..", "x"),
        (".hidden", "hidden"),
        ("a b<script>.vcf", "a_b_script_.vcf"),
        ("nul\0.vcf", "nul_.vcf"),
        ("é" * 300 + ".vcf", "vcf"),
    ],
)
def test_a_name_is_only_a_name(name: str, expected: str) -> None:
    assert safe_name(name, "x") == expected


def test_a_long_name_keeps_its_ending() -> None:
    assert safe_name("a" * 300 + ".vcf.gz", "x").endswith("aaa.vcf.gz")


def test_what_was_sent_becomes_a_lake(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    vcf = keep_vcf(Sent("../../mine.vcf", VCF), lake)
    table = keep_table(Sent("who?.tsv", b"sample\tpop\nA\tX\n"), lake)
    assert vcf.parent == table.parent == lake / "uploads"
    built = Lake(lake, vcf=[vcf], samples=table)
    built.build()
    assert built.scan("silver.genotypes").collect()["population"].to_list() == ["X"]
    assert not (tmp_path / "mine.vcf").exists()


def test_what_is_no_vcf_is_refused_and_not_kept(tmp_path: Path) -> None:
    with pytest.raises(NotVCFError, match="not a VCF"):
        keep_vcf(Sent("picture.vcf", PNG), tmp_path)
    with pytest.raises(MedallionError):
        keep_vcf(Sent("cut.vcf.gz", b"\x1f\x8b\x08\x00cut"), tmp_path)
    with pytest.raises(SampleTableError):
        keep_table(Sent("empty.tsv", b""), tmp_path)
    assert list((tmp_path / "uploads").iterdir()) == []
