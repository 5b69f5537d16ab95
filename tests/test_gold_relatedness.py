"""Kinship against plink2's KING-robust table, on the same sites."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrices import structured, variants_of, versions, written
from real_data import SLICES, real, tool

from medallion import Lake
from medallion.gold.matrix import read_dosages
from medallion.popgen import relatedness
from medallion.popgen.relatedness import kinship, kinship_sums, related_pairs


def by_plink(arguments: list[str], folder: Path) -> pl.DataFrame:
    """plink2's table of all pairs: HETHET and IBS0 as counts, as NSNP."""
    subprocess.run(
        [tool("plink2"), *arguments, "--make-king-table", "counts", "--out", str(folder / "k")],
        check=True, capture_output=True,
    )  # fmt: skip
    return pl.read_csv(
        folder / "k.kin0", separator="\t", schema_overrides={"#IID1": pl.Utf8, "IID2": pl.Utf8},
        null_values=["nan", "-nan"],
    ).rename({"#IID1": "sample_2", "IID2": "sample_1"})  # fmt: skip


def assert_as_plink(ours: pl.DataFrame, theirs: pl.DataFrame) -> None:
    """Counts are equal; kinship to the 6 digits printed. plink2 names the later sample first."""
    both = ours.join(theirs, on=["sample_1", "sample_2"], how="full", coalesce=True)
    assert len(both) == len(ours) == len(theirs)
    assert both["sites"].equals(both["NSNP"].rename("sites"))
    assert both["het_het"].equals(both["HETHET"].rename("het_het"))
    assert both["ibs0"].equals(both["IBS0"].rename("ibs0"))
    apart = (both["kinship"] - both["KINSHIP"]).abs()
    assert apart.null_count() == 0
    assert (apart <= 5.1e-6 * both["KINSHIP"].abs() + 1e-12).all()


@pytest.mark.slow
def test_all_pairs_of_real_samples_are_those_of_plink2(chr22_lake: Lake, tmp_path: Path) -> None:
    """--make-king-table: biallelic autosomal sites, each pair over sites that both have."""
    variants = variants_of(chr22_lake).filter(
        (pl.col("n_alts") == 1) & ~pl.col("pos").is_duplicated()
    )
    file = variants["file"][0]
    copies = read_dosages(chr22_lake.path, versions(chr22_lake), file, variants).copies[:, ::4]
    names = chr22_lake.scan("silver.columns").sort("column").collect()["sample"].to_list()[::4]
    (tmp_path / "sites").write_text("\n".join(f"22:{p}" for p in variants["pos"]), encoding="utf-8")
    (tmp_path / "people").write_text("\n".join(names), encoding="utf-8")
    theirs = by_plink(
        ["--vcf", str(real(SLICES["chr22"].vcf)), "--set-all-var-ids", "@:#", "--rm-dup",
         "exclude-all", "--max-alleles", "2", "--extract", str(tmp_path / "sites"), "--keep",
         str(tmp_path / "people")],
        tmp_path,
    )  # fmt: skip
    assert len(theirs) == 626 * 625 // 2
    assert_as_plink(related_pairs(copies, names, -np.inf), theirs)


def test_pairs_with_missing_genotypes_are_those_of_plink2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies = structured(11, 700, 50, missing=0.07)
    copies[::2][copies[::2] < 0] = 0  # half the sites have none missing
    theirs = by_plink(
        ["--vcf", str(written(copies, np.arange(1, 701) * 1000, tmp_path / "m.vcf"))], tmp_path
    )
    names = [f"s{i}" for i in range(50)]
    found = related_pairs(copies, names, -1e9)
    assert_as_plink(found, theirs)
    # However many samples are taken at a time.
    monkeypatch.setattr(relatedness, "_ROWS_AT_ONCE", 7)
    assert related_pairs(copies, names, -1e9).equals(found)


def by_the_formula(a: np.ndarray, b: np.ndarray) -> float:
    """Equation 11 of the paper, written out for one pair."""
    both = (a >= 0) & (b >= 0)
    a, b = a[both], b[both]
    n_a, n_b = (a == 1).sum(), (b == 1).sum()
    least = min(n_a, n_b)
    if least == 0:
        return np.nan
    het_het, ibs0 = ((a == 1) & (b == 1)).sum(), (np.abs(a - b) == 2).sum()
    return (het_het - 2 * ibs0) / (2 * least) + 1 / 2 - (n_a + n_b) / (4 * least)


@given(st.integers(0, 30), st.sampled_from([0.0, 0.2]), st.integers(0, 2**31))
def test_kinship_is_the_papers_formula(cut: int, missing: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    copies = rng.integers(0, 3, (30, 6)).astype(np.int8)
    copies[rng.random(copies.shape) < missing] = -1
    sums = kinship_sums(copies[:cut]) + kinship_sums(copies[cut:])
    found = kinship(sums)
    expected = [[by_the_formula(a, b) for b in copies.T] for a in copies.T]
    assert np.allclose(found, expected, equal_nan=True, rtol=1e-12, atol=1e-12)


def test_families_are_found() -> None:
    """Unlinked sites, so that kinship is 1/4 and 1/8 but for chance."""
    rng = np.random.default_rng(2)
    sites = 40_000
    p = rng.uniform(0.1, 0.9, sites)

    def child(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.stack([h[rng.integers(0, 2, sites), np.arange(sites)] for h in (a, b)])

    founders = [(rng.random((2, sites)) < p).astype(np.int8) for _ in range(4)]
    mother, father, stranger, other = founders
    one, two = child(mother, father), child(mother, father)
    half = child(mother, stranger)
    people = [mother, father, stranger, other, one, two, half, one]
    copies = np.stack([h.sum(axis=0) for h in people], axis=1).astype(np.int8)
    names = ["mother", "father", "stranger", "other", "one", "two", "half", "twin"]
    found = related_pairs(copies, names)
    degrees = {(a, b): d for a, b, d in found.select("sample_1", "sample_2", "degree").iter_rows()}
    first = {(p, c) for p in ("mother", "father") for c in ("one", "two", "twin")}
    first |= {("one", "two"), ("two", "twin"), ("mother", "half"), ("stranger", "half")}
    assert degrees == {
        ("one", "twin"): "duplicate",
        **dict.fromkeys(first, "first"),
        **dict.fromkeys([("one", "half"), ("two", "half"), ("half", "twin")], "second"),
    }
    parent = found.filter((pl.col("sample_1") == "mother") & (pl.col("sample_2") == "one"))
    assert parent["ibs0"].item() == 0


def test_no_pair_above_the_bound_gives_an_empty_table() -> None:
    found = related_pairs(structured(4, 500, 8), list("abcdefgh"), at_least=0.49)
    assert found.is_empty()
    assert found.schema["kinship"] == pl.Float64


def test_a_sample_without_heterozygous_sites_has_no_kinship() -> None:
    copies = np.array([[0, 1, 2], [2, 1, 0], [0, 1, 1]], np.int8)
    found = kinship(kinship_sums(copies))
    assert np.isnan(found[0]).all()
    assert found[1, 2] == by_the_formula(copies[:, 1], copies[:, 2])
