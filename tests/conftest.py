"""Fixtures that several test modules share. Lakes in them are built once, and only read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from real_data import SLICES, real

from medallion import Lake


@pytest.fixture(scope="session")
def demo_lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The embedded demo, built up to gold. For reading only."""
    lake = Lake(tmp_path_factory.mktemp("demo") / "lake", dataset="demo")
    lake.build("gold")
    return lake


@pytest.fixture(scope="session")
def real_lake(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Lake]:
    """A function from a name in SLICES to the lake of that slice. For reading only."""
    built: dict[str, Lake] = {}

    def of(name: str) -> Lake:
        if name not in built:
            vcf, samples = real(SLICES[name].vcf), real(SLICES[name].samples)
            if name == "chr20":
                vcf = first_records(vcf, tmp_path_factory.mktemp("cut") / "chr20.vcf", 2000)
            lake = Lake(tmp_path_factory.mktemp(name) / "lake", vcf=[vcf], samples=samples)
            lake.build("gold")
            built[name] = lake
        return built[name]

    return of


@pytest.fixture(scope="session")
def chr22_lake(real_lake: Callable[[str], Lake]) -> Lake:
    """The real slice of chromosome 22, built up to gold. For reading only."""
    return real_lake("chr22")


def first_records(vcf: Path, target: Path, count: int) -> Path:
    """Write the header and the first `count` records of a VCF as text."""
    import gzip

    left = count
    with gzip.open(vcf, "rb") as read, target.open("wb") as write:
        for line in read:
            if not line.startswith(b"#"):
                if not left:
                    break
                left -= 1
            write.write(line)
    return target
