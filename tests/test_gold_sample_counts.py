"""Counts per sample against bcftools stats, plink2, and plain reading of the VCF."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from matrices import structured, variants_of, versions, written
from other_programs import plink_het, psc
from plain_vcf import genotype_texts, split_file, vcf_text
from real_data import SLICES, real, rest

from medallion import Lake
from medallion.gold.counts import PatternPloidy, told_calls
from medallion.gold.sample_counts import (
    ALLELE_TYPES,
    SampleSums,
    expected_heterozygosity,
    sum_samples,
)
from medallion.silver.tables import CALLS, GENOTYPES
from medallion.storage.rows import read_records, row_groups


def summed(lake: Lake, file: str, *, inbreeding: bool, at_once: int = 10**9) -> SampleSums:
    """All records of a file, so many records at a time."""
    pinned = versions(lake)
    variants = variants_of(lake).filter(pl.col("file") == file, "has_gt")
    columns = lake.scan("silver.columns").filter(pl.col("file") == file).sort("column").collect()
    column_of = {s: i for i, s in enumerate(columns["sample"].to_list())}
    ploidy = PatternPloidy.of(lake.scan("silver.patterns").collect())
    total = SampleSums.zeros(len(column_of))
    chrom = variants["chrom"][0]
    last = variants["record"].max()
    for first in range(1, last + 1, at_once):
        some = variants.filter(pl.col("record").is_between(first, first + at_once - 1))
        if some.is_empty():
            continue

        def rows(table, names, dictionaries, first=first):
            groups = row_groups(lake.path, table, pinned[table.short])
            return read_records(
                groups, names, dictionaries, chrom, file, first, first + at_once - 1
            )

        calls = rows(CALLS, ("first_column", "last_column", "gt", "called"), ())
        schema = dict.fromkeys(("record", "first_column", "last_column", "called"), pl.Int64)
        none = pl.DataFrame(schema={**schema, "gt": pl.String})
        ac, an = (some[c].to_numpy().astype(np.int64) for c in ("ac", "an"))
        total += sum_samples(
            some,
            rows(GENOTYPES, ("alt_index", "dosage", "sample", "gt"), ("sample", "gt")),
            none if calls is None else told_calls(pl.DataFrame(calls), some, ploidy),
            ploidy,
            column_of,
            expected_heterozygosity(some["record"].to_numpy(), ac, an) if inbreeding else None,
        )
    return total


def as_psc(sums: SampleSums) -> pl.DataFrame:
    """Ours, put together as bcftools defines them.

    Of vcfstats.c, 1.16: nRefHom counts records of any type; nHets and nNonRefHom those
    where the call has an snv; nTransitions and nTransversions go by the call's ALT of the
    lower number; haploid calls are in nHapRef and nHapAlt only; nSingletons counts
    records with one diploid call that is not reference, homozygous ones too.
    """
    diploid = sums.carried[:2].sum(axis=0)
    return pl.DataFrame(
        {
            "nRefHom": sums.hom_ref,
            "nNonRefHom": sums.hom_alt_snv,
            "nHets": sums.het_snv,
            "nTransitions": diploid[0],
            "nTransversions": diploid[1],
            "nIndels": diploid[3:5].sum(axis=0) + sums.other_indel,
            "nSingletons": sums.sole_records,
            "nHapRef": sums.haploid_ref,
            "nHapAlt": sums.haploid_alt,
            "nMissing": sums.missing,
        }
    ).cast(pl.Float64)


def assert_whole(sums: SampleSums) -> None:
    kinds = (sums.het, sums.hom_ref, sums.hom_alt, sums.haploid_ref, sums.haploid_alt, sums.missing)
    assert (sum(kinds) == sums.records).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chrX", "chr12", *rest("chr22", "chrMT", "chr1", "chr20")])
def test_counts_are_those_of_bcftools(name: str, real_lake: Callable[[str], Lake]) -> None:
    lake = real_lake(name)
    vcf = Path(lake.source.vcf[0])
    sums = summed(lake, vcf.name, inbreeding=False)
    assert_whole(sums)
    ours, theirs = as_psc(sums), psc(vcf)
    assert len(ours) == len(theirs) > 1000
    for column in theirs.columns:
        assert ours[column].equals(theirs[column]), column
    assert theirs.sum().row(0) != (0.0,) * len(theirs.columns)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chrX", "chr12", *rest("chr22")])
def test_sums_of_parts_add_up(name: str, real_lake: Callable[[str], Lake]) -> None:
    lake = real_lake(name)
    file = Path(lake.source.vcf[0]).name
    whole = summed(lake, file, inbreeding=True)
    parts = summed(lake, file, inbreeding=True, at_once=117)
    for field in fields(SampleSums):
        one, other = getattr(whole, field.name), getattr(parts, field.name)
        assert np.allclose(one, other, rtol=1e-12, atol=0), field.name
        assert (one == other).all() or field.name == "expected_het", field.name


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chr22", "chr12"])
def test_inbreeding_is_that_of_plink2(
    name: str, real_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    """plink2 --het cols=het,nobs,f: autosomal records that vary, those of several ALTs too.

    Its expectation is 1 less the sum of squared frequencies, without n / (n - 1).
    """
    lake = real_lake(name)
    vcf = Path(lake.source.vcf[0])
    sums = summed(lake, vcf.name, inbreeding=True)
    theirs = plink_het(vcf, tmp_path)
    assert (sums.observed_het == theirs["O(HET)"].to_numpy()).all()
    assert (sums.autosomal == theirs["OBS_CT"].to_numpy()).all()
    assert np.allclose(sums.expected_het, theirs["E(HET)"], rtol=6e-6, atol=0)
    assert np.allclose(sums.inbreeding, theirs["F"], rtol=6e-6, atol=1e-6)


def test_inbreeding_with_missing_calls_is_that_of_plink2(tmp_path: Path) -> None:
    copies = structured(12, 400, 60, missing=0.08)
    vcf = written(copies, np.arange(1, 401) * 10, tmp_path / "m.vcf")
    table = tmp_path / "samples.tsv"
    table.write_text("sample\tpop\n" + "".join(f"s{i}\tGBR\n" for i in range(60)), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=table)
    lake.build("silver")
    sums = summed(lake, "m.vcf", inbreeding=True, at_once=77)
    theirs = plink_het(vcf, tmp_path)
    assert (sums.observed_het == theirs["O(HET)"].to_numpy()).all()
    assert (sums.autosomal == theirs["OBS_CT"].to_numpy()).all()
    assert np.allclose(sums.expected_het, theirs["E(HET)"], rtol=6e-6, atol=0)
    assert np.allclose(sums.inbreeding, theirs["F"], rtol=1e-4, atol=1e-6)
    assert np.allclose(sums.call_rate, (copies >= 0).mean(axis=0))


ODD = vcf_text(
    [
        "1 100 . A C,G . . . GT 0|1 1|2 ./1",
        "1 200 . A C . . . GT ./. 0/. .",
        "1 300 . A C . . . GT 0 1 .",
        "1 350 . A C . . . DP 3 4 5",
        "1 500 . A C,G,T,AA,AC,AG,AT,CA,CC,CG . . . GT 10|9 4/1 0/1",
        "1 550 . A AC,AG . . . GT 1|2 2/2 ./2",
        "1 600 . A <DEL>,* . . . GT:DP 0/1:3 2/2 ./.:.",
        "1 650 . AC A,TC . . . GT 2/1 1 2",
        "1 700 . A . . . . GT 0/0 ./0 0|0",
        "1 800 . A G . . . GT 1|1 0 ./1",
        "1 900 . A AG . . . GT 0 1 1/0",
    ],
    # bcftools cannot read a sample's name of one letter.
    ("one", "two", "three"),
    extra=[
        "##contig=<ID=1>",
        '##ALT=<ID=DEL,Description="Deletion">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    ],
)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("odd")
    vcf, table = folder / "odd.vcf", folder / "samples.tsv"
    vcf.write_text(ODD, encoding="utf-8")
    table.write_text("sample\tpop\none\tGBR\ntwo\tFIN\nthree\tYRI\n", encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[vcf], samples=table)
    lake.build("silver")
    return lake


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_odd_calls_are_counted_as_bcftools_counts_them(odd: Lake, at_once: int) -> None:
    """Half-missing, haploid beside diploid, calls of two ALTs of different types."""
    sums = summed(odd, "odd.vcf", inbreeding=False, at_once=at_once)
    assert_whole(sums)
    assert sums.records.tolist() == [10, 10, 10]
    ours, theirs = as_psc(sums), psc(Path(odd.source.vcf[0]))
    for column in theirs.columns:
        assert ours[column].to_list() == theirs[column].to_list(), column


def test_singletons_are_the_only_copies(chr22_lake: Lake) -> None:
    """By a plain reading: alleles of which all samples together have one copy."""
    vcf = real(SLICES["chr22"].vcf)
    header, lines = split_file(vcf)
    expected: Counter[int] = Counter()
    for line in lines:
        cells = genotype_texts(line)
        carriers = [(i, a) for i, c in enumerate(cells) if c != "0|0" for a in c.split("|")]
        alleles = Counter(a for _, a in carriers if a != "0")
        expected.update(i for i, a in carriers if alleles[a] == 1)
    sums = summed(chr22_lake, vcf.name, inbreeding=False)
    n = len(header[-1].split("\t")) - 9
    assert sums.singletons.tolist() == [expected[i] for i in range(n)]
    assert sums.singletons.sum() > 1000


def test_types_are_those_of_silver(chr22_lake: Lake) -> None:
    """Calls by type, against a join of silver's rows."""
    sums = summed(chr22_lake, Path(chr22_lake.source.vcf[0]).name, inbreeding=False)
    variants = variants_of(chr22_lake).select(
        "record", "alt_index",
        type=pl.when(pl.col("transition")).then(pl.lit("transition"))
        .when(pl.col("transition").not_()).then(pl.lit("transversion"))
        .otherwise("variant_type"),
    )  # fmt: skip
    rows = chr22_lake.scan("silver.genotypes").select("record", "alt_index", "gt").collect()
    # Calls of two different ALTs count once, by the lower one.
    halves = pl.col("gt").str.split("|").cast(pl.List(pl.Int32))
    lower = halves.list.eval(pl.element().filter(pl.element() > 0)).list.min()
    calls = rows.filter(pl.col("alt_index") == lower).join(variants, on=["record", "alt_index"])
    expected = dict(calls.group_by("type").len().iter_rows())
    for name in ("transition", "transversion", "insertion", "deletion"):
        assert int(sums.of_type(name).sum()) == expected[name] > 0
    others = sum(n for t, n in expected.items() if t not in ALLELE_TYPES)
    assert int(sums.of_type("other").sum()) == others > 0


def test_samples_of_files_in_another_order_add_up(chr22_lake: Lake) -> None:
    sums = summed(chr22_lake, Path(chr22_lake.source.vcf[0]).name, inbreeding=True)
    n = len(sums.records)
    back = np.arange(n)[::-1] + 3
    moved = sums.placed(back, n + 3)
    assert (moved.het[3:][::-1] == sums.het).all()
    assert moved.records[:3].tolist() == [0, 0, 0]
    both = moved + sums.placed(np.arange(n), n + 3)
    assert (both.records[3:n] == 2 * sums.records[3:n]).all()
    assert np.isnan(moved.inbreeding[0])
    assert np.isnan(moved.call_rate[0])
