"""The embedded demo data set: honest about itself, sound, and broken where it says so."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import zlib
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from shipped_demo import GROUPS, Text, panel, shipped

from medallion import demo
from medallion.demo import broken
from medallion.demo.bgzf import END_OF_FILE, Compressor
from medallion.demo.model import PANEL, SAMPLES

__all__ = ["panel", "shipped"]  # fixtures

SHARED_PANEL = (
    Path(__file__).resolve().parents[2]
    / "shared/data/phase3/integrated_call_samples_v3.20130502.ALL.panel"
)


def need(tool: str) -> None:
    if shutil.which(tool) is None:
        message = f"{tool} is not installed: it is the oracle of this test"
        if os.environ.get("MEDALLION_REQUIRE_TOOLS") == "1":
            pytest.fail(message)
        pytest.skip(message)


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
