"""What a lake refuses, and how it says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_vcf import bgzf, vcf_text
from small_lake import LAYERS, RECORDS, files, lake, one_line, states

from medallion import Lake
from medallion.errors import (
    DamagedFileError,
    LakeError,
    LayerFormatError,
    NotVCFError,
    QueryError,
    SourceError,
    UsageError,
)

__all__ = ["files", "lake"]  # fixtures


def test_a_folder_without_a_lake_answers_with_the_choices(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as error:
        Lake(tmp_path / "nothing")
    text = one_line(error)
    for choice in ("demo", "phase3", "highcov", "--vcf"):
        assert choice in text
    assert not (tmp_path / "nothing").exists()


def test_a_lake_holds_one_data_set(lake: Lake, files: tuple[Path, Path]) -> None:
    with pytest.raises(UsageError, match="holds one"):
        Lake(lake.path, dataset="demo")
    with pytest.raises(UsageError, match="no data set 'nope'"):
        Lake(lake.path, dataset="nope")
    with pytest.raises(UsageError, match="one or the other"):
        Lake(lake.path, dataset="demo", vcf=[files[0]])
    with pytest.raises(UsageError, match="goes with --vcf"):
        Lake(lake.path, samples=files[1])


@pytest.mark.parametrize(
    ("content", "error"),
    [
        ("", LakeError),
        ("{", LakeError),
        ("[]", LayerFormatError),
        ('{"format": 99}', LayerFormatError),
        ('{"format": 1}', LakeError),
        ('{"format": 1, "dataset": "own", "chroms": 3, "vcf": [], "samples": null}', LakeError),
    ],
)
def test_a_damaged_or_foreign_lake_file(
    content: str, error: type[LakeError], tmp_path: Path
) -> None:
    (tmp_path / "lake.json").write_text(content, encoding="utf-8")
    with pytest.raises(LakeError) as raised:
        Lake(tmp_path)
    assert type(raised.value) is error
    assert "medallion build " in one_line(raised)


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_of_another_format_is_refused(layer: str, lake: Lake) -> None:
    path = lake.path / layer / "layer.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"format": 1', '"format": 7'), "utf-8")
    table = {"bronze": "files", "silver": "samples", "gold": "populations"}[layer]
    with pytest.raises(LayerFormatError, match="format 7"):
        lake.scan(f"{layer}.{table}")
    with pytest.raises(LayerFormatError):
        lake.status()


@pytest.mark.parametrize("gone", ["a part", "the log"])
def test_a_table_that_lost_its_files(gone: str, lake: Lake) -> None:
    table = lake.path / "gold" / "frequencies"
    victims = table.rglob("*.parquet") if gone == "a part" else (table / "_delta_log").iterdir()
    for path in list(victims):
        path.unlink()
    with pytest.raises(LakeError) as error:
        lake.export("gold.frequencies", lake.path / "x.csv")
    assert "medallion build gold --force" in one_line(error)
    with pytest.raises((LakeError, QueryError)):
        lake.query("select count(*) from gold.frequencies where ac > 0")
    assert "gold" in {c.layer for c in lake.verify() if not c.ok and c.severity == "error"}
    lake.build("gold", force=True)
    assert len(lake.scan("gold.frequencies").collect()) > 0


def test_files_that_are_no_vcf(tmp_path: Path) -> None:
    whole = bgzf(vcf_text(RECORDS).encode(), [300])
    middle = len(whole) // 2
    cases: dict[str, tuple[bytes, type[SourceError], str]] = {
        "picture.vcf": (b"\x89PNG\r\n\x1a\n" + bytes(100), NotVCFError, "is not a VCF"),
        "empty.vcf": (b"", NotVCFError, "is empty"),
        "blank.vcf": (b"\n\n", NotVCFError, "is not a VCF"),
        "headless.vcf": (b"##fileformat=VCFv4.2\n", NotVCFError, "no #CHROM line"),
        "short.vcf.gz": (whole[:middle], DamagedFileError, "cut short"),
        "flipped.vcf.gz": (
            whole[:middle] + bytes([whole[middle] ^ 4]) + whole[middle + 1 :],
            DamagedFileError,
            "damaged",
        ),
        "two.vcf": (vcf_text([], ("A", "A")).encode(), NotVCFError, "more than once"),
        "spaces.vcf": (vcf_text([]).replace("\t", " ").encode(), NotVCFError, "parted by tabs"),
    }
    for name, (raw, kind, words) in cases.items():
        (tmp_path / name).write_bytes(raw)
        lake = Lake(tmp_path / f"lake of {name}", vcf=[tmp_path / name])
        with pytest.raises(kind) as error:
            lake.build()
        assert words in one_line(error), name
        assert name in str(error.value)
        assert states(lake) == ["missing"] * 3
    with pytest.raises(UsageError, match="does not exist"):
        Lake(tmp_path / "x", vcf=[tmp_path / "absent.vcf"])
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="holds no"):
        Lake(tmp_path / "x", vcf=[tmp_path / "folder"])


def test_questions_that_have_no_answer(lake: Lake) -> None:
    for call, words in (
        (lambda: lake.build("platinum"), "expected one of bronze, silver, gold"),
        (lambda: lake.scan("gold.nothing"), "expected one of"),
        (lambda: lake.scan("nothing"), "expected one of"),
        (lambda: lake.raw("#0"), "count from #1"),
        (lambda: lake.raw("1:9-2"), "ends before it starts"),
        (lambda: lake.raw("what is this"), "Expected a region"),
        (lambda: lake.raw("#1", file="other.vcf"), "has no VCF 'other.vcf'"),
        (lambda: lake.header("other.vcf"), "has no VCF 'other.vcf'"),
        (lambda: lake.raw_samples("other.tsv"), "no sample table 'other.tsv'"),
        (lambda: lake.variant("  "), "Name a variant"),
    ):
        with pytest.raises(UsageError) as error:
            call()
        assert words in one_line(error)
