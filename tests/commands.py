"""The command line on a small lake, within this process."""

from __future__ import annotations

from pathlib import Path

import pytest
from plain_vcf import bgzf, vcf_text

from medallion import Lake
from medallion.cli import main

RECORDS = [
    "22 100 rs1 A G . PASS AC=3 GT 0|1 1|1 0|0",
    "22 200 . C T,G . . . GT 0/2 ./. 1/0",
    "22 300 rs3;rs33 A <DEL> . . END=400 GT 0 1 0",
    "22 400 . A . . . . GT 0|0 0|0 0|0",
]
PEOPLE = "sample\tpop\tsex\nA\tGBR\tmale\nB\tFIN\tfemale\nC\tYRI\t\n"


class Command:
    """`medallion` with a lake, in this process: its exit code and what it printed."""

    def __init__(self, lake: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.lake, self._capsys = lake, capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        """Run; return what went to standard output, or on failure to standard error."""
        found = main([words[0], "--lake", str(self.lake), *words[1:]])
        out, errors = self._capsys.readouterr()
        assert found == code, (out, errors)
        assert "Traceback" not in errors
        if code:
            last = errors.rstrip("\n").split("\n")[-1]
            assert last.startswith("medallion: ")
            return last
        return out


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small lake of own files, up to gold. For reading only."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "some.vcf.gz").write_bytes(bgzf(vcf_text(RECORDS).encode(), [100]))
    (folder / "people.tsv").write_text(PEOPLE, encoding="utf-8")
    Lake(folder / "lake", vcf=[folder / "some.vcf.gz"], samples=folder / "people.tsv").build()
    return folder / "lake"


@pytest.fixture
def run(built: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(built, capsys)


@pytest.fixture
def new(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """`medallion` on a lake that is not there yet."""
    return Command(tmp_path / "new", capsys)
