"""Ploidy that changes from record to record: what is stored has a bound, and means the same."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from plain_vcf import assert_lossless, split_file, vcf_text
from polars.testing import assert_frame_equal

from medallion import Lake
from medallion.vcf import patterns
from medallion.vcf.genotype_texts import GenotypeTexts

SAMPLES = tuple(f"S{i}" for i in range(12))
CELLS = (
    "0/0", "0/0", "0|0", "0", "0", "0/0/0", "0/1", "1", "1/1", "0/0/1", ".", "./.", "./0", "./1",
    "1/1/1", "0|1", "1|0",
)  # fmt: skip


def records(seed: int) -> list[str]:
    chosen = random.Random(seed)
    found = []
    for chrom in ("7", "X"):
        for pos in range(1, 41):
            several = pos % 5 == 0
            alt = "C,G" if several else "C"
            cells = chosen.choices(CELLS, k=len(SAMPLES)) if pos % 7 else ["0/0"] * len(SAMPLES)
            if several:
                cells = [c.replace("1", chosen.choice("12")) for c in cells]
            rich = "GT:PL" if pos == 3 else "GT"
            if rich == "GT:PL":
                counts = {1: "0,9", 2: "0,9,9", 3: "0,9,9,9"}
                cells = [f"{c}:{counts[len(c.replace('|', '/').split('/'))]}" for c in cells]
            found.append(f"{chrom} {pos * 2000} . A {alt} . . . {rich} {' '.join(cells)}")
    return found


def built(path: Path, text: str) -> Lake:
    vcf = path / "a.vcf"
    vcf.parent.mkdir()
    vcf.write_text(text, encoding="utf-8")
    people = path / "people.tsv"
    groups = ("GBR", "FIN", "YRI")
    rows = [f"{s}\t{groups[i % 3]}\t{'EUR' if i % 3 < 2 else 'AFR'}" for i, s in enumerate(SAMPLES)]
    people.write_text("\n".join(["sample\tpop\tsuper_pop", *rows, ""]), encoding="utf-8")
    lake = Lake(path / "lake", vcf=[vcf], samples=people)
    lake.build("gold", workers=1)
    return lake


def both(
    seed: int, runs: int, few: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Lake, Lake]:
    """A lake of some records as it is built, and one whose patterns have these bounds."""
    text = vcf_text(records(seed), SAMPLES)
    usual = built(folder / "usual", text)
    monkeypatch.setattr(patterns, "_MOST_RUNS", runs)
    monkeypatch.setattr(patterns, "_FEW", few)
    return usual, built(folder / "bounded", text)


@pytest.mark.parametrize("seed", [1, 2])
def test_records_whose_patterns_imply_nothing_say_the_same(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, bounded = both(seed, 30, 3, tmp_path, monkeypatch)
    of_record = bounded.scan("silver.variants").collect()["pattern"]
    assert of_record.n_unique() < 10
    assert usual.scan("silver.variants").collect()["pattern"].n_unique() > 50
    told = bounded.scan("silver.patterns").filter(pl.col("gt") == ".").collect()
    assert told.select("first_column", "last_column", "ploidy").rows() == [(0, 11, 0)]
    assert (of_record == told["pattern"][0]).sum() > 60
    for lake in (usual, bounded):
        assert assert_lossless(lake, "a.vcf", split_file(lake.path.parent / "a.vcf")[1]) == 80
    for table in usual.tables():
        name = table.name
        if name in ("silver.patterns", "silver.calls", "gold.tables") or name.startswith("bronze"):
            continue
        ours, theirs = (lake.scan(name).collect() for lake in (bounded, usual))
        if "pattern" in ours.columns:
            ours, theirs = ours.drop("pattern"), theirs.drop("pattern")
        # Shares are summed in another order.
        assert_frame_equal(ours, theirs, rel_tol=1e-12, abs_tol=1e-15)
    assert all(check.ok for check in bounded.verify() if check.severity == "error")


def test_linkage_and_cohorts_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, bounded = both(3, 0, 0, tmp_path, monkeypatch)
    assert bounded.scan("silver.patterns").collect()["gt"].to_list() == ["."]
    for ask in (
        lambda lake: lake.cohort("7:1-70000", samples=["S1", "S2", "S5"]),
        lambda lake: lake.linked("7-8000-A-C", distance=60_000),
    ):
        ours, theirs = ask(bounded), ask(usual)
        assert ours.height > 5
        assert_frame_equal(ours, theirs, rel_tol=1e-12)


def test_patterns_that_change_at_random_come_to_an_end() -> None:
    """And the first ones, as those of a chromosome, are known all the while."""
    texts = GenotypeTexts()
    spelled = np.array([texts.gid(t) for t in (b"0/0", b"0", b"0/0/0")], np.int32)
    known = patterns.Patterns(texts)
    columns = np.random.default_rng(1).integers(0, 3, (1500, 300))
    ids = [known.id(spelled[row]) for row in columns]
    runs = sum(len(p.runs) for p in known.patterns.values())
    assert patterns._MOST_RUNS <= runs <= patterns._MOST_RUNS + 300
    assert ids[-1] is None
    assert ids.index(None) > 50
    assert [known.id(spelled[row]) for row in columns] == ids
    assert known.unsaid(300) == known.unsaid(300) != known.unsaid(299)


def test_long_patterns_of_many_samples_may_be_some() -> None:
    """Of 200,000 samples in turn female and male, one pattern has more runs than the bound."""
    texts = GenotypeTexts()
    one, two = texts.gid(b"0"), texts.gid(b"0|0")
    known = patterns.Patterns(texts)
    row = np.tile(np.array([one, two], np.int32), 100_000)
    assert len(row) > patterns._MOST_RUNS
    assert None not in {known.id(row), known.id(row[::-1].copy()), known.id(np.full_like(row, two))}
