"""The program that makes the embedded demo: the same bytes again, and what it refuses."""

from __future__ import annotations

import gzip
import platform
import zlib
from pathlib import Path

import numpy as np
import pytest
from real_data import thorough
from shipped_demo import SAMPLES_SHA256, TEXT_SHA256, VCF_SHA256, ZLIB, Text, read, sha256, shipped

from medallion import demo
from medallion.demo import simulate
from medallion.demo.bgzf import TEXT_PER_BLOCK, Compressor
from medallion.errors import UsageError

__all__ = ["shipped"]  # fixture


@pytest.mark.parametrize("pieces", [1, 7, 100_000])
def test_compressor_does_not_care_how_the_text_comes(pieces: int) -> None:
    text = np.random.default_rng(1).integers(0, 8, 3 * TEXT_PER_BLOCK + 5, np.uint8).tobytes()
    whole = Compressor(6)
    expected = whole.feed(text) + whole.finish()
    compressor = Compressor(6)
    step = -(-len(text) // pieces)
    parts = [compressor.feed(text[i : i + step]) for i in range(0, len(text), step)]
    assert b"".join(parts) + compressor.finish() == expected
    assert compressor.finish() == b""
    assert gzip.decompress(expected) == text


def run(folder: Path, *arguments: str) -> bytes:
    assert simulate.main(["-o", str(folder), *arguments]) == 0
    return (folder / "demo.chr22.vcf.gz").read_bytes()


@thorough
def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("msprime", reason="the simulation needs msprime, a development tool")
    small = ["--records", "300", "--megabases", "2"]
    first = run(tmp_path / "first", *small)
    assert run(tmp_path / "again", *small, "--workers", "2") == first
    text = read(tmp_path / "first" / "demo.chr22.vcf.gz")
    assert (len(text.sound), len(text.broken_at)) == (300, 12)

    run(tmp_path / "other", *small, "--seed", "23")
    other = read(tmp_path / "other" / "demo.chr22.vcf.gz")
    assert len(other.sound) == 300
    assert not {r.pos for r in other.sound} >= {r.pos for r in text.sound}

    run(tmp_path / "clean", *small, "--no-broken", "--level", "1")
    clean = read(tmp_path / "clean" / "demo.chr22.vcf.gz")
    assert clean.records == text.sound_lines
    assert not clean.broken_at
    assert not any("broken" in line for line in clean.header)


def test_shipped_files_are_those_that_are_pinned(shipped: Text) -> None:
    assert sha256(demo.vcf_path().read_bytes()) == VCF_SHA256
    assert sha256(shipped.whole) == TEXT_SHA256
    assert sha256(demo.samples_path().read_bytes()) == SAMPLES_SHA256


@thorough
def test_the_program_reproduces_the_shipped_files(tmp_path: Path, shipped: Text) -> None:
    msprime = pytest.importorskip("msprime", reason="the simulation needs msprime")
    (source,) = [line for line in shipped.header if line.startswith("##source=")]
    if f"msprime {msprime.__version__} " not in source:
        pytest.skip(
            f"another msprime draws other genealogies: {source} (here {msprime.__version__})"
        )
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        pytest.skip("another platform's mathematical library may round another way")
    data = run(tmp_path)
    assert sha256(gzip.decompress(data)) == TEXT_SHA256
    assert sha256((tmp_path / "demo.samples.txt").read_bytes()) == SAMPLES_SHA256
    if zlib.ZLIB_RUNTIME_VERSION == ZLIB:
        assert sha256(data) == VCF_SHA256


def test_asking_for_too_much_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("msprime", reason="the simulation needs msprime, a development tool")
    request = simulate.Request(records=100_000, megabases=1)
    with pytest.raises(UsageError, match="100000 records wanted of a megabase that has"):
        simulate.simulate(request, tmp_path)
    arguments = ["-o", str(tmp_path), "--records", "100000", "--megabases", "1"]
    assert simulate.main(arguments) == 2
    assert "ask for fewer --records" in capsys.readouterr().err
    for wrong in (["--records", "5"], ["--megabases", "36"], ["--workers", "0"]):
        with pytest.raises(SystemExit) as stop:
            simulate.main(["-o", str(tmp_path), *wrong])
        assert stop.value.code == 2


def test_segments_share_out_the_records() -> None:
    for records in (24, 10_000, 99_999, 1_000_000):
        request = simulate.Request(records=records)
        numbers = [n for segment in range(request.segments) for n in request.numbers(segment)]
        assert numbers == list(range(1, records + 1))
    assert simulate.Request(records=10_000).segments == 5
    # No further than chromosome 22 goes.
    assert simulate.Request(records=1_000_000).segments == 35
