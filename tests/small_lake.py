"""A small lake to ill-treat, and what there is to say of any: its states, tables and versions."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import bgzf, vcf_text

from medallion import Lake

LAYERS = ("bronze", "silver", "gold")
RECORDS = [f"1 {i} rs{i} A C . . AC=1 GT 0|{i % 2} ./. {i % 2}|1" for i in range(1, 60)]
PEOPLE = "sample\tpop\nA\tGBR\nB\tFIN\nC\tYRI\n"


def write_files(folder: Path) -> tuple[Path, Path]:
    vcf, table = folder / "some.vcf.gz", folder / "people.tsv"
    vcf.write_bytes(bgzf(vcf_text(RECORDS).encode(), [300]))
    table.write_text(PEOPLE, encoding="utf-8")
    return vcf, table


def make(folder: Path) -> Lake:
    vcf, table = write_files(folder)
    made = Lake(folder / "lake", vcf=[vcf], samples=table)
    made.build("gold")
    return made


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A small VCF and its sample table."""
    return write_files(tmp_path)


@pytest.fixture
def lake(files: tuple[Path, Path], tmp_path: Path, copy_of: Callable[..., Lake]) -> Lake:
    """The small lake of these files, built up to gold, for a test to ill-treat."""
    return copy_of("small", make, tmp_path)


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
