"""What commands cannot do is said in one line; and the program as a program."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from commands import RECORDS, Command, built, new, run
from plain_vcf import bgzf, vcf_text

from medallion import Lake, __version__
from medallion.cli import main

__all__ = ["built", "new", "run"]  # fixtures


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of files that cannot be built."""
    folder = tmp_path_factory.mktemp("bad")
    whole = bgzf(vcf_text(RECORDS * 20).encode(), [300])
    middle = len(whole) // 2
    flipped = bytearray(whole)
    flipped[middle] ^= 16
    for name, content in {
        "good.vcf": vcf_text(RECORDS).encode(),
        "picture.vcf": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)),
        "empty.vcf": b"",
        "short.vcf.gz": whole[:middle],
        "flipped.vcf.gz": bytes(flipped),
        "header-gone.vcf": vcf_text(RECORDS).encode().split(b"\n", 2)[2],
        "nopop.tsv": b"sample\theight\nA\t1\n",
        "nosample.tsv": b"height\tpop\n1\tGBR\n",
        "empty.tsv": b"",
        "binary.tsv": bytes(range(128, 256)),
    }.items():
        (folder / name).write_bytes(content)
    (folder / "folder").mkdir()
    return folder


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--vcf", "absent.vcf"], 2, "does not exist"),
        (["--vcf", "folder"], 2, "holds no"),
        (["--vcf", "picture.vcf"], 1, "is not a VCF"),
        (["--vcf", "empty.vcf"], 1, "is empty"),
        (["--vcf", "short.vcf.gz"], 1, "cut short"),
        (["--vcf", "flipped.vcf.gz"], 1, "damaged"),
        (["--vcf", "header-gone.vcf"], 1, "is not a VCF"),
        (["--vcf", "good.vcf", "--samples", "absent.tsv"], 2, "does not exist"),
        (["--vcf", "good.vcf", "--samples", "folder"], 2, "is not a file"),
        (["--vcf", "good.vcf", "--samples", "nopop.tsv"], 1, "population"),
        (["--vcf", "good.vcf", "--samples", "nosample.tsv"], 1, "sample"),
        (["--vcf", "good.vcf", "--samples", "empty.tsv"], 1, "is empty"),
        (["--vcf", "good.vcf", "--samples", "binary.tsv"], 1, "UTF-8"),
        (["--vcf", "good.vcf", "--dataset", "demo"], 2, "one or the other"),
        (["--samples", "nopop.tsv"], 2, "goes with --vcf"),
        (["--dataset", "nope"], 2, "no data set"),
        (["--dataset", "phase3", "--chrom", "23"], 2, "no chromosome 23"),
        (["--chrom", "22"], 2, "goes with --dataset"),
        (["--vcf", "good.vcf", "--workers", "0"], 2, "at least 1"),
        ([], 2, "--dataset demo"),
    ],
)
def test_what_cannot_be_built_is_said_in_one_line(
    words: list[str], code: int, said: str, new: Command, bad: Path
) -> None:
    given = [str(bad / w) if "." in w or w == "folder" else w for w in words]
    assert said in new("build", *given, code=code)


def test_chromosomes_are_not_picked_in_a_lake_of_own_files(built: Path, run: Command) -> None:
    said = run("build", "--chrom", "7", code=2)
    for part in ("published release", str(built), "some.vcf.gz", "--vcf"):
        assert part in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["status"], "--dataset demo"),
        (["raw", "22:1"], "--dataset demo"),
        (["variant", "rs1"], "--dataset demo"),
        (["query", "select 1"], "--dataset demo"),
        (["export", "gold.frequencies", "-o", "x.csv"], "--dataset demo"),
        (["verify"], "--dataset demo"),
    ],
)
def test_commands_on_a_folder_without_a_lake(words: list[str], said: str, new: Command) -> None:
    assert said in new(*words, code=2)


def test_commands_on_layers_that_are_not_built(new: Command, bad: Path, tmp_path: Path) -> None:
    new("build", "bronze", "--vcf", str(bad / "good.vcf"))
    new("raw", "22:100")
    assert "medallion build silver" in new("variant", "22:100", code=1)
    target = str(tmp_path / "x.csv")
    assert "medallion build gold" in new("export", "gold.frequencies", "-o", target, code=1)
    assert "frequencies" in new("query", "select * from gold.frequencies", code=1)
    new("build", "silver")
    assert "medallion build gold" in new("variant", "22:100", code=1)
    new("verify")


@pytest.mark.parametrize(
    "words", [[], ["unknown"], ["build", "platinum"], ["raw"], ["build", "--workers", "two"]]
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2
    assert "usage: medallion" in capsys.readouterr().err


def test_as_a_module_and_as_a_program(built: Path) -> None:
    def python(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "medallion", *words],
            check=False, capture_output=True, text=True, encoding="utf-8", timeout=60,
        )  # fmt: skip

    assert python("--version").stdout == f"medallion {__version__}\n"
    done = python("query", "--lake", str(built), "select count(*) as n from silver.variants")
    assert (done.returncode, done.stdout, done.stderr) == (0, "n\n5\n", "")
    refused = python("status", "--lake", str(built / "none"))
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes of a shell of POSIX")
def test_a_reader_that_has_seen_enough(demo_lake: Lake) -> None:
    """`medallion raw ... | head -1` ends without a word of complaint."""
    with subprocess.Popen(
        [sys.executable, "-m", "medallion", "raw", "--lake", str(demo_lake.path), "22"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as program:  # fmt: skip
        assert program.stdout is not None
        assert program.stderr is not None
        assert program.stdout.readline().startswith(b"22\t")
        program.stdout.close()
        errors = program.stderr.read()
        assert program.wait(timeout=30) == 0
    assert errors == b""
