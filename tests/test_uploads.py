"""Files sent through the page: their names never become paths, and rubbish is not kept."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest

from medallion import Lake
from medallion.errors import MedallionError, NotVCFError, SampleTableError, SourceError
from pages.shared import uploads
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


def test_a_table_never_takes_the_place_of_a_vcf_or_of_bronze_s_own_file(tmp_path: Path) -> None:
    sent = b"sample\tpop\nA\tX\n"
    vcf = keep_vcf(Sent("mine.vcf", VCF), tmp_path / "lake")
    for name in ("mine.vcf", "layer.json", "Mine.VCF", "files"):
        table = keep_table(Sent(name, sent), tmp_path / "lake")
        assert table.name == f"{name}.txt"
        assert vcf.read_bytes() == VCF
        lake = Lake(tmp_path / "lake", vcf=[vcf], samples=table)
        lake.build("silver")
        assert lake.scan("silver.samples").collect()["population"].to_list() == ["X"]


def test_what_is_sent_is_bounded_by_the_server_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "VCF_MB", 2)
    monkeypatch.setattr(uploads, "TABLE_MB", 1)
    long = b"sample\tpop\n" + b"A\tX\n" * (1 << 18)
    assert len(long) > 1 << 20
    with pytest.raises(SourceError, match=r"who\.tsv has more than 1 MB"):
        keep_table(Sent("who.tsv", long), tmp_path)
    with pytest.raises(SourceError, match="more than 2 MB"):
        keep_vcf(Sent("mine.vcf", VCF + VCF[-20:] * (1 << 17)), tmp_path)
    assert list((tmp_path / "uploads").iterdir()) == []
    assert keep_vcf(Sent("mine.vcf", VCF + VCF[-20:] * (1 << 15)), tmp_path).is_file()


def test_the_server_is_for_this_machine_alone_and_takes_no_more_than_the_page_says() -> None:
    config = Path(__file__).parents[1] / ".streamlit" / "config.toml"
    server = tomllib.loads(config.read_text("utf-8"))["server"]
    assert server["address"] in ("localhost", "127.0.0.1")
    assert server["maxUploadSize"] == max(uploads.VCF_MB, uploads.TABLE_MB)
    assert server.get("enableXsrfProtection", True)
    assert server.get("enableCORS", True)
