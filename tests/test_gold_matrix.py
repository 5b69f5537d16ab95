"""Genotype matrices against the VCF's own text, read by the plainest means."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matrices import variants_of, versions
from plain_vcf import genotype_texts, split_file, vcf_text

from medallion import Lake
from medallion.gold.matrix import (
    ABSENT,
    MISSING,
    allele_runs,
    ranges,
    read_dosages,
    read_haplotypes,
)


@cache
def plain(text: str, allele: int) -> tuple[int, int, list[int], bool]:
    """Copies, ploidy, carried by each haplotype, phase known: of one genotype, by hand."""
    parts = text.replace("/", "|").split("|")
    copies = -1 if "." in parts else sum(p == str(allele) for p in parts)
    halves = [-1 if p == "." else int(p == str(allele)) for p in parts]
    if len(halves) > 2:
        halves = [-1, -1]
    if len(halves) == 1:
        halves.append(-2)
    return copies, len(parts), halves, "/" not in text or len(set(parts)) == 1


def assert_as_in_the_file(lake: Lake, vcf: Path, variants: pl.DataFrame) -> None:
    _, lines = split_file(vcf)
    file = variants["file"][0]
    dosages = read_dosages(lake.path, versions(lake), file, variants)
    haplotypes = read_haplotypes(lake.path, versions(lake), file, variants)
    for row, (record, allele) in enumerate(variants.select("record", "alt_index").iter_rows()):
        cells = genotype_texts(lines[record - 1])
        if cells is None:
            assert (dosages.copies[row] == MISSING).all()
            assert (dosages.ploidy[row] == 0).all()
            assert (haplotypes.alleles[row] == MISSING).all()
            continue
        # An allele numbered 0 stands for none: nobody carries it.
        expected = [plain(c, allele or -1) for c in cells]
        assert dosages.copies[row].tolist() == [e[0] for e in expected], record
        assert dosages.ploidy[row].tolist() == [e[1] for e in expected], record
        assert haplotypes.alleles[row].tolist() == [e[2] for e in expected], record
        assert haplotypes.phased[row] == all(e[3] for e in expected), record


@pytest.mark.parametrize("name", ["chr22", "chrX", "chrMT", "chr1", "chr12"])
def test_matrices_are_what_the_file_says(name: str, real_lake: Callable[[str], Lake]) -> None:
    """Some alleles, so that some records give one of their ALTs, some several."""
    lake = real_lake(name)
    variants = variants_of(lake)
    step = max(1, len(variants) // 100)
    chosen = variants.filter(
        (pl.int_range(pl.len()) % step == 0) | ((pl.col("n_alts") > 1) & (pl.col("record") % 7 > 4))
    )
    assert len(chosen) > 90
    assert chosen["n_alts"].max() > 1 or name == "chr1"
    assert_as_in_the_file(lake, Path(lake.source.vcf[0]), chosen)


ODD = vcf_text(
    [
        "1 100 . A C,G . . . GT 0|1 1|2 ./1",
        "1 200 . A C . . . GT ./. 0/. .",
        "1 300 . A C . . . GT 0 1 .",
        "1 350 . A C . . . DP 3 4 5",
        "1 400 . A C,G . . . GT 0/1/1/2 0|0|0 1/1",
        "1 500 . A C,G,T,AA,AC,AG,AT,CA,CC,CG . . . GT 10|9 10/10 0/1",
        "1 600 . A <DEL>,* . . . GT:DP 0/1:3 2/2 ./.:.",
        "1 700 . A . . . . GT 0/0 ./0 0|0",
    ]
)


@pytest.mark.parametrize("which", ["all", "second", "last"])
def test_matrices_of_odd_calls(which: str, tmp_path: Path) -> None:
    """Half-missing, haploid beside diploid, tetraploid, two-digit alleles, no genotypes."""
    vcf, table = tmp_path / "odd.vcf", tmp_path / "samples.tsv"
    vcf.write_text(ODD, encoding="utf-8")
    table.write_text("sample\tpop\nA\tGBR\nB\tFIN\nC\tYRI\n", encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=table)
    lake.build("silver")
    variants = variants_of(lake)
    assert len(variants) == 20
    if which == "second":
        variants = variants.filter(pl.col("alt_index") == 2)
    elif which == "last":
        variants = variants.filter(pl.col("alt_index") == pl.col("n_alts"))
    assert_as_in_the_file(lake, vcf, variants)


def test_no_allele_gives_an_empty_matrix(demo_lake: Lake) -> None:
    variants = variants_of(demo_lake)
    file = variants["file"][0]
    found = read_dosages(demo_lake.path, versions(demo_lake), file, variants.head(0))
    people = demo_lake.scan("silver.columns").filter(pl.col("file") == file).collect()
    assert found.copies.shape == (0, len(people))


def test_diploid_ploidy_takes_no_memory(demo_lake: Lake) -> None:
    variants = variants_of(demo_lake).filter(pl.col("has_gt")).head(500)
    found = read_dosages(demo_lake.path, versions(demo_lake), variants["file"][0], variants)
    assert (found.ploidy == 2).all()
    assert found.ploidy.strides == (0, 0)


def test_reading_takes_only_the_row_groups_needed(
    demo_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A chosen record asks for the rows of its own row group, and no other's."""
    from medallion.gold import matrix

    asked: list[tuple[int, int]] = []
    whole = matrix.read_records

    def spy(groups, columns, dictionaries, chrom, file, first, last):
        asked.extend((g.first_record, g.last_record) for g in groups)
        return whole(groups, columns, dictionaries, chrom, file, first, last)

    monkeypatch.setattr(matrix, "read_records", spy)
    variants = variants_of(demo_lake).filter(pl.col("ac") > 0)
    one = variants.slice(len(variants) // 2, 1)
    record = one["record"].item()
    found = read_dosages(demo_lake.path, versions(demo_lake), one["file"][0], one)
    assert found.copies[found.copies > 0].sum() == one["ac"].item()
    assert asked
    assert all(low <= record <= high for low, high in asked)


@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.integers(1, 4), st.integers(0, 3)), max_size=15
    ),
    st.sets(st.integers(0, 14)),
)  # fmt: skip
def test_runs_of_alleles(made: list[tuple[int, int, int]], kept: set[int]) -> None:
    """Rows of any alleles, of which any may be asked for."""
    every = sorted({(r, a): n for r, a, n in made}.items())
    rows = [key for key, n in every for _ in range(n)]
    chosen = [key for i, (key, _) in enumerate(every) if i in kept]
    columns = [np.array([k[i] for k in keys], np.int64) for keys in (chosen, rows) for i in (0, 1)]
    start, stop = allele_runs(*columns)
    assert len(start) == len(stop) == len(chosen)
    for key, low, high in zip(chosen, start, stop, strict=True):
        assert rows[low:high] == [key] * dict(every)[key]


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 6))))
def test_ranges(pairs: list[tuple[int, int]]) -> None:
    start = np.array([a for a, _ in pairs], np.int64)
    stop = np.array([a + n for a, n in pairs], np.int64)
    assert ranges(start, stop).tolist() == [i for a, n in pairs for i in range(a, a + n)]


def test_absent_is_not_missing() -> None:
    assert len({ABSENT, MISSING, 0, 1}) == 4


def test_a_broken_genotype_nearby_does_no_harm(demo_lake: Lake) -> None:
    """Record 5391 has 0|x: quarantined, but its text is in the neighbours' dictionary."""
    near = demo_lake.scan("silver.variants", build=False).filter(
        pl.col("record").is_between(5380, 5400), pl.col("n_alts") == 1
    )
    rows = near.sort("record").collect().head(3).iter_rows(named=True)
    names = [f"{r['chrom']}-{r['pos']}-{r['ref']}-{r['alt']}" for r in rows]
    assert demo_lake.haplotypes(names, "ALL")["count"].sum() == 2 * 2504
