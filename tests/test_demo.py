"""The embedded demo data set: honest about itself, sound, alive, and made by its program.

What is checked is read from the shipped files by a plain parser of its own (below), not by
the code that wrote them nor by `medallion.vcf`.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import platform
import re
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from real_data import thorough

from medallion import demo
from medallion.demo import broken, simulate
from medallion.demo.bgzf import END_OF_FILE, TEXT_PER_BLOCK, Compressor
from medallion.demo.model import PANEL, SAMPLES
from medallion.errors import UsageError

# SHA-256 of the shipped VCF, of its text, and of the sample table.
VCF_SHA256 = "434115d89b7321aed6aaa859ccd971d811b238f8b15b50bd95281b3f22316988"
TEXT_SHA256 = "570d438075857266551b268440ea6d5bbcebcb4b8322b0781b6efbb050662f9a"
SAMPLES_SHA256 = "ec3889d803ae9424d48f1688942799ed79d6e50c983d95e5c18cba49f61ab584"
# With which zlib: others may compress the same text to other bytes.
ZLIB = "1.2.13"

GROUPS = ["AFR", "AMR", "EAS", "EUR", "SAS"]
SHARED_PANEL = (
    Path(__file__).resolve().parents[2]
    / "shared/data/phase3/integrated_call_samples_v3.20130502.ALL.panel"
)


@dataclass
class Record:
    """A sound record, split in the plainest way."""

    pos: int
    id: str
    ref: str
    alts: list[str]
    info: dict[str, str]
    calls: np.ndarray = field(repr=False)
    """(samples, 2): allele numbers, -1 where missing."""

    @cached_property
    def counts(self) -> np.ndarray:
        """(alleles, samples): copies of each allele in each sample."""
        return np.stack([(self.calls == k).sum(axis=1) for k in range(len(self.alts) + 1)])


@dataclass
class Text:
    """The shipped VCF as text."""

    whole: bytes
    header: list[str]
    records: list[bytes]

    @cached_property
    def broken_at(self) -> dict[int, str]:
        """Where in `records` the broken lines are: by their ID, or a copy of the line before."""
        found = {}
        for i, line in enumerate(self.records):
            if match := re.search(rb"\tsim_broken_(\w+)\t", line[:100]):
                found[i] = match[1].decode()
            elif i and line == self.records[i - 1]:
                found[i] = "duplicate"
        return found

    @cached_property
    def sound_lines(self) -> list[bytes]:
        return [line for i, line in enumerate(self.records) if i not in self.broken_at]

    @cached_property
    def sound(self) -> list[Record]:
        return [parse(line) for line in self.sound_lines]


def read(path: Path) -> Text:
    whole = gzip.decompress(path.read_bytes())
    assert whole.endswith(b"\n")
    lines = whole[:-1].split(b"\n")
    header = [line.decode() for line in lines if line.startswith(b"#")]
    return Text(whole, header, lines[len(header) :])


def parse(line: bytes) -> Record:
    *site, calls = line.split(b"\t", 9)
    chrom, pos, id_, ref, alt, qual, filter_, info, format_ = (x.decode() for x in site)
    assert (chrom, qual, filter_, format_) == ("22", "100", "PASS", "GT")
    # Every call is 'a|b' and a tab, the last one without.
    cells = np.frombuffer(calls + b"\t", dtype=np.uint8).reshape(-1, 4)
    assert (cells[:, 1] == ord("|")).all()
    assert (cells[:, 3] == ord("\t")).all()
    alleles = cells[:, [0, 2]].astype(int)
    alleles = np.where(alleles == ord("."), -1, alleles - ord("0"))
    alts = alt.split(",")
    assert alleles.min() >= -1
    assert alleles.max() <= len(alts)
    fields = dict(item.partition("=")[::2] for item in info.split(";"))
    return Record(int(pos), id_, ref, alts, fields, alleles)


@pytest.fixture(scope="module")
def shipped() -> Text:
    return read(demo.vcf_path())


@pytest.fixture(scope="module")
def panel() -> list[list[str]]:
    text = demo.samples_path().read_bytes().decode()
    header, *rows = text.removesuffix("\n").split("\n")
    assert header == "sample\tpop\tsuper_pop\tgender"
    return [row.split("\t") for row in rows]


def need(tool: str) -> None:
    if shutil.which(tool) is None:
        message = f"{tool} is not installed: it is the oracle of this test"
        if os.environ.get("MEDALLION_REQUIRE_TOOLS") == "1":
            pytest.fail(message)
        pytest.skip(message)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# What it says about itself


def test_it_says_that_it_is_simulated(shipped: Text) -> None:
    assert "simulated" in demo.TITLE.lower()
    assert "simulated" in demo.NOTE.lower()
    assert shipped.header[0] == "##fileformat=VCFv4.2"
    (source,) = [line for line in shipped.header if line.startswith("##source=")]
    assert "SIMULATED" in source
    (note,) = [line for line in shipped.header if line.startswith("##medallion_simulated=")]
    assert "Not real data" in note


def test_it_is_small_enough_to_ship() -> None:
    size = demo.vcf_path().stat().st_size + demo.samples_path().stat().st_size
    assert 500_000 < size <= 3_000_000


def test_no_sample_can_be_taken_for_a_real_person(panel: list[list[str]]) -> None:
    assert len(panel) == 2504
    for name, population, *_ in panel:
        assert re.fullmatch(rf"SIM_{population}_\d{{3}}", name)


# Samples


def test_samples_have_the_sizes_of_the_release(panel: list[list[str]]) -> None:
    # The totals that the release publishes.
    assert Counter(row[2] for row in panel) == {
        "AFR": 661,
        "AMR": 347,
        "EAS": 504,
        "EUR": 503,
        "SAS": 489,
    }
    assert Counter(row[3] for row in panel) == {"male": 1233, "female": 1271}
    assert len({row[1] for row in panel}) == 26
    assert len({row[0] for row in panel}) == 2504
    assert panel == [list(sample) for sample in SAMPLES]


def test_populations_and_sexes_are_those_of_the_official_panel() -> None:
    if not SHARED_PANEL.exists():
        pytest.skip("the release's panel is not at ../shared/data")
    rows = [line.split("\t") for line in SHARED_PANEL.read_text("utf-8").splitlines()[1:]]
    real = Counter((row[1], row[2], row[3]) for row in rows)
    ours: Counter[tuple[str, str, str]] = Counter()
    for population, (group, males, females) in PANEL.items():
        ours[population, group, "male"] = males
        ours[population, group, "female"] = females
    assert sum(real.values()) == 2504
    assert ours == real


def test_columns_are_the_samples(shipped: Text, panel: list[list[str]]) -> None:
    assert shipped.header[-1].split("\t")[9:] == [row[0] for row in panel]


# The compressed file


def test_it_is_bgzf_block_by_block(shipped: Text) -> None:
    data = demo.vcf_path().read_bytes()
    assert data.endswith(END_OF_FILE)
    offset, text = 0, []
    while offset < len(data):
        magic, extra, kind, length, size = struct.unpack_from("<4s6xH2sHH", data, offset)
        assert (magic, extra, kind, length) == (b"\x1f\x8b\x08\x04", 6, b"BC", 2)
        body, tail = data[offset + 18 : offset + size - 7], data[offset + size - 7 :][:8]
        block = zlib.decompress(body, -15)
        assert struct.unpack("<II", tail) == (zlib.crc32(block), len(block))
        assert len(block) <= 65536
        text.append(block)
        offset += size + 1
    assert text[-1] == b""
    assert len(text) > 1000
    assert b"".join(text) == shipped.whole


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


# The sound records


def test_sound_records_are_in_order_and_named_in_turn(shipped: Text) -> None:
    assert len(shipped.sound) == 10_000
    assert [r.id for r in shipped.sound] == [f"sim{i + 1}" for i in range(10_000)]
    positions = [r.pos for r in shipped.sound]
    assert all(a < b for a, b in pairwise(positions))
    assert positions[0] >= 16_050_000
    assert 4_900_000 < positions[-1] - positions[0] < 5_000_000
    assert all(r.calls.shape == (2504, 2) for r in shipped.sound)


def test_published_counts_are_those_of_the_genotypes(shipped: Text, panel: list[list[str]]) -> None:
    members = {g: np.array([row[2] == g for row in panel]) for g in GROUPS}
    published = 0
    for r in shipped.sound:
        if "AC" not in r.info:
            assert not {"AN", "AF", "NS", "EUR_AF"} & r.info.keys()
            continue
        published += 1
        ac, an = r.counts[1:].sum(axis=1), int(r.counts.sum())
        assert r.info["AC"] == ",".join(map(str, ac))
        assert r.info["AN"] == str(an)
        assert r.info["NS"] == str(int((r.counts.sum(axis=0) > 0).sum()))
        # Six significant digits, and four decimals, as in the release.
        assert r.info["AF"] == ",".join(f"{x / an:.6g}" for x in ac)
        for group, member in members.items():
            inside = r.counts[:, member].sum(axis=1)
            expected = inside[1:] / inside.sum()
            found = [float(x) for x in r.info[f"{group}_AF"].split(",")]
            assert np.abs(found - expected).max() <= 0.00005 + 1e-12
            assert all(len(x) <= 6 for x in r.info[f"{group}_AF"].split(","))
    assert 0.96 < published / len(shipped.sound) < 0.99


def test_every_alt_is_carried_and_differs(shipped: Text) -> None:
    for r in shipped.sound:
        # A call that went missing may have been a singleton's only one.
        assert r.counts[1:].any(axis=1).all() or r.counts.sum() < 5008, r.id
        assert len({r.ref, *r.alts}) == 1 + len(r.alts)
        assert re.fullmatch("[ACGT]+", r.ref)
        assert all(re.fullmatch(r"[ACGT]+|<[A-Z0-9:]+>", alt) for alt in r.alts)


def test_there_is_something_of_every_kind(shipped: Text) -> None:
    snv = {r.id for r in shipped.sound if all(len(a) == len(r.ref) == 1 for a in r.alts)}
    structural = [r for r in shipped.sound if r.alts[0].startswith("<")]
    indels = len(shipped.sound) - len(snv) - len(structural)
    assert 0.03 < indels / len(shipped.sound) < 0.045
    alts = Counter(len(r.alts) for r in shipped.sound)
    assert 0.003 < (alts[2] + alts[3]) / len(shipped.sound) < 0.0075
    assert alts[3] >= 1
    assert any(len(r.alts) == 2 for r in shipped.sound if r.id in snv)
    assert {a for r in structural for a in r.alts} == {
        "<CN0>",
        "<CN2>",
        "<DEL>",
        "<INS:ME:ALU>",
        "<INV>",
    }
    assert len(structural) >= 10
    for r in structural:
        assert r.info["VT"] == "SV"
        assert "SVTYPE" in r.info
        if "<INS:ME:ALU>" in r.alts:
            assert int(r.info["SVLEN"]) > 0
        else:
            assert int(r.info["END"]) > r.pos
    declared = "\n".join(shipped.header)
    for key in {key for r in shipped.sound for key in r.info}:
        assert f"##INFO=<ID={key}," in declared
    for alt in {a for r in structural for a in r.alts}:
        assert f"##ALT=<ID={alt[1:-1]}," in declared


def test_some_calls_are_missing_and_some_half_missing(shipped: Text) -> None:
    missing = [(r.calls == -1).sum(axis=1) for r in shipped.sound]
    assert sum(int((m == 1).sum()) for m in missing) == 2
    assert 500 < sum(int((m == 2).sum()) for m in missing) < 5000
    assert 50 < sum(bool(m.any()) for m in missing) < 300


def test_ancestral_alleles_come_in_each_degree_of_certainty(shipped: Text) -> None:
    snvs = [r for r in shipped.sound if r.info["VT"] == "SNP" and "AA" in r.info]
    bases = [r.info["AA"] for r in snvs]
    assert all(re.fullmatch(r"[ACGTacgtN.-]\|\|\|", x) for x in bases)
    shares = {
        "upper": sum(x[0] in "ACGT" for x in bases) / len(bases),
        "lower": sum(x[0] in "acgt" for x in bases) / len(bases),
        "unknown": sum(x[0] == "." for x in bases) / len(bases),
    }
    assert 0.5 < shares["upper"] < 0.65
    assert 0.15 < shares["lower"] < 0.3
    assert 0.1 < shares["unknown"] < 0.25
    known = [r for r in snvs if r.info["AA"][0].upper() in "ACGT"]
    ancestral = [r.info["AA"][0].upper() for r in known]
    is_ref = sum(a == r.ref for a, r in zip(ancestral, known, strict=True))
    is_alt = sum(a in r.alts for a, r in zip(ancestral, known, strict=True))
    # REF is mostly the ancestral allele, and not always.
    assert is_ref + is_alt > 0.995 * len(known)
    assert 0.02 < is_alt / len(known) < 0.15


def test_reference_bases_agree_where_records_overlap(shipped: Text) -> None:
    base: dict[int, str] = {}
    overlaps = 0
    for r in shipped.sound:
        for i, letter in enumerate(r.ref):
            overlaps += r.pos + i in base
            assert base.setdefault(r.pos + i, letter) == letter
    assert overlaps > 0


# Alive: of the order of the real thing


def test_transitions_outnumber_transversions_as_in_the_release(shipped: Text) -> None:
    pairs = [r.ref + a for r in shipped.sound for a in r.alts if len(r.ref) == len(a) == 1]
    transitions = sum(pair in {"AG", "GA", "CT", "TC"} for pair in pairs)
    assert 1.9 < transitions / (len(pairs) - transitions) < 2.3


def test_frequency_spectrum_is_that_of_a_growing_population(shipped: Text) -> None:
    # In 450 kb of the real chromosome 22: 43 %, 15 %, and 111 copies a record on average.
    ac = np.array([r.counts[1:].sum() for r in shipped.sound])
    assert 0.40 < (ac == 1).mean() < 0.47
    assert 0.12 < (ac == 2).mean() < 0.18
    assert 90 < ac.mean() < 140
    assert 0.01 < (ac > 2504).mean() < 0.03


def hudson_fst(a: np.ndarray, b: np.ndarray) -> float:
    """Ratio of averages (Bhatia et al. 2013, eq. 10) of (records, 2) counts of REF and ALT."""
    n, m = a.sum(axis=1), b.sum(axis=1)
    p, q = a[:, 1] / n, b[:, 1] / m
    within = p * (1 - p) / (n - 1) + q * (1 - q) / (m - 1)
    return float(((p - q) ** 2 - within).sum() / (p * (1 - q) + q * (1 - p)).sum())


def test_populations_differ_as_much_as_real_ones(shipped: Text, panel: list[list[str]]) -> None:
    biallelic = np.stack([r.counts for r in shipped.sound if len(r.alts) == 1])

    def counts(code: str) -> np.ndarray:
        members = np.array([code in row[1:3] for row in panel])
        return np.asarray(biallelic[:, :, members].sum(axis=2))

    def fst(pair: str) -> float:
        return hudson_fst(*(counts(code) for code in pair.split()))

    assert 0.10 < fst("AFR EUR") < 0.15
    assert 0.10 < fst("AFR EAS") < 0.17
    assert 0.08 < fst("EUR EAS") < 0.13
    assert 0.02 < fst("EUR SAS") < 0.05
    assert 0.04 < fst("EAS SAS") < 0.09
    assert fst("AMR EUR") < fst("AMR EAS") < fst("EUR EAS")
    for group in ("AFR", "EAS", "EUR", "SAS"):
        members = [p for p, (g, *_) in PANEL.items() if g == group]
        inside = [fst(f"{a} {b}") for a, b in combinations(members, 2)]
        assert -0.001 < min(inside) < max(inside) < 0.025, group
        assert max(inside) > 0.003, group


def test_africans_are_most_diverse(shipped: Text, panel: list[list[str]]) -> None:
    het = np.stack([r.calls[:, 0] != r.calls[:, 1] for r in shipped.sound])
    mean = {g: het[:, [row[2] == g for row in panel]].mean() for g in GROUPS}
    assert mean["AFR"] > 1.15 * max(mean[g] for g in GROUPS if g != "AFR")
    assert all(0.015 < x < 0.03 for x in mean.values())


# The broken lines


def test_the_header_owns_up_to_the_broken_lines(shipped: Text) -> None:
    (note,) = [line for line in shipped.header if line.startswith("##medallion_broken_lines=")]
    kinds = list(shipped.broken_at.values())
    assert kinds == list(broken.BROKEN)
    assert len(kinds) == 12
    assert note.startswith(f"##medallion_broken_lines={len(kinds)} lines are broken on purpose")
    assert note.endswith(", ".join(kinds))
    assert len(shipped.records) == 10_000 + len(kinds)


def test_each_line_is_broken_in_its_way_and_no_other(shipped: Text) -> None:
    seen = {}
    for at, kind in shipped.broken_at.items():
        line = shipped.records[at].split(b"\t")
        before = shipped.records[at - 1].split(b"\t")
        if kind == "duplicate":
            assert line == before
            continue
        # The sound record before it, one base on, under its own name.
        expected = before.copy()
        expected[1] = str(int(before[1]) + 1).encode()
        expected[2] = f"sim_broken_{kind}".encode()
        changed = [i for i, (x, y) in enumerate(zip(line, expected, strict=False)) if x != y]
        seen[kind] = (len(line) - len(expected), {i: line[i] for i in changed})
        if kind == "out_of_order":
            assert int(line[1]) < int(before[1])
    moved = {kind: (extra, list(fields)) for kind, (extra, fields) in seen.items()}
    assert moved == {
        "too_few_columns": (-500, []),
        "illegal_alt": (0, [4]),
        "allele_out_of_range": (0, [9]),
        "ac_not_a_number": (0, [7]),
        "pos_not_a_number": (0, [1]),
        "unreadable_genotype": (0, [10]),
        "too_many_columns": (1, []),
        "out_of_order": (0, [1]),
        "empty_ref": (0, [3]),
        "qual_not_a_number": (0, [5]),
        "ac_differs": (0, [7]),
    }
    assert seen["illegal_alt"][1][4] == b"A?G"
    assert seen["allele_out_of_range"][1][9] == b"0|7"
    assert seen["unreadable_genotype"][1][10] == b"0|x"
    assert seen["empty_ref"][1][3] == b""
    assert seen["qual_not_a_number"][1][5] == b"high"
    assert seen["ac_not_a_number"][1][7].startswith(b"AC=many;")
    assert seen["ac_differs"][1][7].startswith(b"AC=4999;")
    assert not seen["pos_not_a_number"][1][1].isdigit()


# The program


def run(folder: Path, *arguments: str) -> bytes:
    assert simulate.main(["-o", str(folder), *arguments]) == 0
    return (folder / "demo.chr22.vcf.gz").read_bytes()


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


# Another reader's opinion


def test_bcftools_takes_the_sound_records_without_a_word(tmp_path: Path, shipped: Text) -> None:
    need("bcftools")
    text = "\n".join(shipped.header).encode() + b"\n" + b"\n".join(shipped.sound_lines) + b"\n"
    path = tmp_path / "sound.vcf.gz"
    compressor = Compressor(1)
    path.write_bytes(compressor.feed(text) + compressor.finish() + END_OF_FILE)

    viewed = subprocess.run(["bcftools", "view", "-H", path], capture_output=True, check=True)
    assert viewed.stderr == b""
    assert viewed.stdout.count(b"\n") == 10_000

    filled = tmp_path / "filled.bcf"
    subprocess.run(
        ["bcftools", "+fill-tags", path, "-Ob", "-o", filled, "--", "-t", "AC,AN,NS"],
        capture_output=True,
        check=True,
    )

    def query(file: Path) -> list[str]:
        command = ["bcftools", "query", "-f", "%POS %AC %AN %NS\n", str(file)]
        return subprocess.run(
            command, capture_output=True, check=True, encoding="utf-8"
        ).stdout.splitlines()

    pairs = list(zip(query(path), query(filled), strict=True))
    published = [(ours, theirs) for ours, theirs in pairs if " . " not in ours]
    assert len(pairs) == 10_000
    assert len(published) > 9_600
    assert all(ours == theirs for ours, theirs in published)
