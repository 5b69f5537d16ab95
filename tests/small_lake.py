"""A small lake to ill-treat, and what there is to say of any: its states, tables and versions."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import bgzf, vcf_text

from medallion import Lake

LAYERS = ("bronze", "silver", "gold")
RECORDS = [f"1 {i} rs{i} A C . . AC=1 GT 0|{i % 2} ./. {i % 2}|1" for i in range(1, 60)]
PEOPLE = "sample\tpop\nA\tGBR\nB\tFIN\nC\tYRI\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small VCF and its sample table."""
    vcf, table = tmp_path / "some.vcf.gz", tmp_path / "people.tsv"
    vcf.write_bytes(bgzf(vcf_text(RECORDS).encode(), [300]))
    table.write_text(PEOPLE, encoding="utf-8")
    return vcf, table


@pytest.fixture
def lake(files: tuple[Path, Path], tmp_path: Path) -> Lake:
    """A small lake, built up to gold, for a test to ill-treat."""
    made = Lake(tmp_path / "lake", vcf=[files[0]], samples=files[1])
    made.build("gold")
    return made


def states(lake: Lake) -> list[str]:
    return [lake.status()[name].state for name in LAYERS]


def content(lake: Lake) -> dict[str, pl.DataFrame]:
    """Every published table, in an order of its own, without the times of day."""
    found = {}
    for table in lake.tables():
        frame = lake.scan(table.name, build=False).collect()
        if "fetched_at" in frame.columns:
            frame = frame.drop("fetched_at", "url")
        found[table.name] = frame.sort(frame.columns)
    return found


def assert_same(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> None:
    assert one.keys() == other.keys()
    for name, frame in one.items():
        assert frame.equals(other[name]), name


def versions(lake: Lake) -> dict[str, dict[str, int]]:
    return {name: dict(status.versions) for name, status in lake.status().items()}


def touch(path: Path, text: str | bytes) -> None:
    """Write, with a date that differs however coarse the file system's clock is."""
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    later = path.stat().st_mtime + 10
    os.utime(path, (later, later))


# What a lake refuses


def one_line(error: pytest.ExceptionInfo[BaseException]) -> str:
    text = str(error.value)
    assert text
    assert "\n" not in text
    return text


def wrong(lake: Lake) -> set[str]:
    """The checks that fail and are no mere warnings: INFO of these records is made up."""
    return {c.id for c in lake.verify() if not c.ok and c.severity == "error"}
