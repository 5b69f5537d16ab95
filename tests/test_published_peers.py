"""Gold's published tables of samples, populations and pairs against plink2, vcftools, bcftools.

The way of a user: a VCF and a sample table, `medallion build`, and the tables read as they
stand.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from itertools import combinations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from other_programs import plink_het, psc
from real_data import PANEL, SLICES, metadata, real, tool

from medallion import Lake
from medallion.cli import main

SIX_DIGITS = 5.1e-6  # as vcftools and plink2 print
THREE = ("YRI", "CHB", "FIN")  # in the catalog's order


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)


def table(lake: Lake, name: str) -> pl.DataFrame:
    return lake.scan(f"gold.{name}", build=False).collect()


def written(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


# Three populations of one region, as in tutorials of PLINK


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lake, Path]:
    """The lake of three populations of the real slice, built by the command, and its VCF."""
    folder = tmp_path_factory.mktemp("three")
    people = {s: p for s, (p, _) in metadata(PANEL).items() if p in THREE}
    for code in THREE:
        written(folder / code, [s for s, p in people.items() if p == code])
    written(folder / "samples.tsv", ["sample\tpop", *(f"{s}\t{p}" for s, p in people.items())])
    vcf = folder / "three.vcf.gz"
    run(tool("bcftools"), "view", "-S", written(folder / "all", list(people)), "-Oz", "-o", vcf,
        real(SLICES["chr22"].vcf))  # fmt: skip
    words = ["--lake", str(folder / "lake"), "--vcf", str(vcf)]
    assert main(["build", *words, "--samples", str(folder / "samples.tsv")]) == 0
    return Lake(folder / "lake"), vcf


@pytest.mark.parametrize(("one", "two"), list(combinations(THREE, 2)))
def test_mean_and_weighted_fst_are_those_of_vcftools(
    three: tuple[Lake, Path], one: str, two: str, tmp_path: Path
) -> None:
    """PLINK 1.9's mean and weighted, too: of Weir & Cockerham's, over records of one ALT."""
    lake, vcf = three
    said = run(
        tool("vcftools"), "--gzvcf", vcf, "--max-alleles", "2", "--weir-fst-pop", vcf.parent / one,
        "--weir-fst-pop", vcf.parent / two, "--out", tmp_path / "out",
    ).stderr  # fmt: skip
    theirs = {
        kind: float(value)
        for kind, value in re.findall(r"Cockerham (mean|weighted) Fst estimate: (\S+)", said)
    }
    sites = pl.read_csv(tmp_path / "out.weir.fst", separator="\t", null_values="-nan")
    # vcftools prints the summary with five digits, each site with six.
    column = sites["WEIR_AND_COCKERHAM_FST"].cast(pl.Float64).drop_nulls().drop_nans()
    ours = table(lake, "fst").row(
        by_predicate=(pl.col("population_1") == one)
        & (pl.col("population_2") == two)
        & (pl.col("method").cast(pl.String) == "weir_cockerham"),
        named=True,
    )
    assert ours["level"] == "population"
    assert ours["sites"] == len(column) > 1000
    assert ours["fst"] == pytest.approx(theirs["weighted"], rel=5.1e-5)
    assert ours["mean_fst"] == pytest.approx(theirs["mean"], rel=5.1e-5)
    assert ours["mean_fst"] == pytest.approx(column.mean(), rel=SIX_DIGITS)
    # Rare alleles make the two differ, as in the published numbers.
    assert ours["mean_fst"] < 0.7 * ours["fst"]


@pytest.mark.parametrize(("method", "name"), [("hudson", "hudson"), ("wc", "weir_cockerham")])
def test_fst_of_populations_is_that_of_plink2(
    three: tuple[Lake, Path], method: str, name: str, tmp_path: Path
) -> None:
    """Both, and the mean of what it reports of each variant."""
    lake, vcf = three
    rows = [f"{s}\t{p}" for s, (p, _) in metadata(PANEL).items() if p in THREE]
    groups = written(tmp_path / "groups", ["#IID\tPOP", *rows])
    run(tool("plink2"), "--vcf", vcf, "--max-alleles", "2", "--pheno", groups, "--fst", "POP",
        f"method={method}", "cols=nobs", "report-variants", "vcols=chrom,pos,fst", "--out",
        tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(tmp_path / "out.fst.summary", separator="\t")
    ours = table(lake, "fst").filter(pl.col("method").cast(pl.String) == name)
    pair = pl.concat_list(pl.col("population_1", "population_2").cast(pl.String)).list.sort()
    # The super-populations have one population each here.
    ours = ours.filter(pl.col("level").cast(pl.String) == "population").with_columns(
        **{"#POP1": pair.list.first(), "POP2": pair.list.last()}
    )
    both = theirs.join(ours, on=["#POP1", "POP2"])
    assert both.height == 3
    column = f"{method.upper()}_FST"
    assert both["fst"].to_list() == pytest.approx(both[column].to_list(), rel=SIX_DIGITS)
    assert both["sites"].to_list() == both["OBS_CT"].to_list()
    for row in both.iter_rows(named=True):
        report = tmp_path / f"out.{row['#POP1']}.{row['POP2']}.fst.var"
        each = pl.read_csv(report, separator="\t", null_values="nan", infer_schema_length=None)
        assert row["mean_fst"] == pytest.approx(each[column].mean(), rel=SIX_DIGITS)


# Samples


def test_samples_are_those_of_bcftools_plink2_and_vcftools(
    chr22_lake: Lake, tmp_path: Path
) -> None:
    """Transitions and transversions of PSC; F of --het; the S lines of --singletons.

    vcftools lists the only copy of any allele, REF too: those of REF are left out.
    """
    vcf = real(SLICES["chr22"].vcf)
    names = run(tool("bcftools"), "query", "-l", vcf).stdout.split()
    ours = pl.DataFrame({"sample": names}).join(
        table(chr22_lake, "samples"), on="sample", maintain_order="left"
    )
    counted = psc(vcf)
    for own, other in (("transitions", "nTransitions"), ("transversions", "nTransversions")):
        assert ours[own].to_list() == counted[other].to_list()
    ratio = (counted["nTransitions"] / counted["nTransversions"]).to_list()
    assert ours["ti_tv"].to_list() == pytest.approx(ratio, rel=1e-12)
    het = plink_het(vcf, tmp_path)
    assert ours["f"].to_numpy() == pytest.approx(het["F"].to_numpy(), rel=6e-6, abs=1e-6)
    run(tool("vcftools"), "--gzvcf", vcf, "--singletons", "--out", tmp_path / "out")
    listed = pl.read_csv(
        tmp_path / "out.singletons", separator="\t", infer_schema_length=None,
        schema_overrides={"ALLELE": pl.String},
    )  # fmt: skip
    alleles = table(chr22_lake, "variants").select("pos", ALLELE="alt")
    once = listed.filter(pl.col("SINGLETON/DOUBLETON") == "S").join(
        alleles, left_on=["POS", "ALLELE"], right_on=["pos", "ALLELE"], how="semi"
    )
    expected = Counter(once["INDV"].to_list())
    assert ours["singletons"].to_list() == [expected[s] for s in names]
    assert expected.total() > 1000


# Populations


def test_alleles_of_populations_are_those_that_bcftools_counts(
    chr22_lake: Lake, tmp_path: Path
) -> None:
    """+fill-tags counts AC and AN in each group; what is private follows from them."""
    vcf = real(SLICES["chr22"].vcf)
    people = metadata(PANEL)
    groups = sorted({g for both in people.values() for g in both})
    written(tmp_path / "groups", [f"{s}\t{p},{a}" for s, (p, a) in people.items()])
    run(tool("bcftools"), "+fill-tags", vcf, "-Ob", "-o", tmp_path / "x.bcf", "--", "-S",
        tmp_path / "groups", "-t", "AC,AN")  # fmt: skip
    tags = "".join(f"\t%AC_{g}\t%AN_{g}" for g in groups)
    text = run(
        tool("bcftools"), "query", "-f", f"%REF\t%ALT\t%AC{tags}\n", tmp_path / "x.bcf"
    ).stdout
    expected = {g: Counter[str]() for g in groups}
    for line in text.splitlines():
        ref, alts, all_ac, *own = line.split("\t")
        for i, alt in enumerate(alts.split(",")):
            snv = {ref, alt} <= set("ACGT")
            kind = "transitions" if {ref, alt} in ({"A", "G"}, {"C", "T"}) else "transversions"
            for group, acs, an in zip(groups, own[::2], own[1::2], strict=True):
                ac = int(acs.split(",")[i])
                found = expected[group]
                found["singletons"] += ac == 1
                found["private_alleles"] += ac > 0 and ac == int(all_ac.split(",")[i])
                found["polymorphic_alleles"] += 0 < ac < int(an)
                found[kind] += snv and 0 < ac < int(an)
    rows = {r["population"]: r for r in table(chr22_lake, "populations").iter_rows(named=True)}
    assert rows.keys() == {*groups, "ALL"}
    for group, found in expected.items():
        ours = rows[group]
        assert {k: ours[k] for k in found} == found, group
        assert ours["ti_tv"] == pytest.approx(found["transitions"] / found["transversions"])
    assert min(found["private_alleles"] for found in expected.values()) > 10
    assert rows["ALL"]["private_alleles"] is None


# Any set of samples


def test_a_cohort_has_the_frequencies_of_plink2(chr22_lake: Lake, tmp_path: Path) -> None:
    """--keep, --freq: by ALT allele, of records of several as well."""
    names = sorted(metadata(PANEL))[3::7]
    keep = written(tmp_path / "keep", ["#IID", *names])
    run(tool("plink2"), "--vcf", real(SLICES["chr22"].vcf), "--keep", keep, "--freq",
        "cols=chrom,pos,ref,alt,altfreq,nobs", "--out", tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(
        tmp_path / "out.afreq", separator="\t", schema_overrides={"ALT_FREQS": pl.String}
    )
    expected = [
        (pos, alt, float(af), n)
        for pos, alts, afs, n in theirs.select("POS", "ALT", "ALT_FREQS", "OBS_CT").iter_rows()
        for alt, af in zip(alts.split(","), afs.split(","), strict=True)
    ]
    ours = chr22_lake.cohort("22", samples=names)
    assert ours.select("pos", "alt", "an").rows() == [(p, a, n) for p, a, _, n in expected]
    assert ours["af"].to_list() == pytest.approx([af for _, _, af, _ in expected], rel=SIX_DIGITS)
    assert np.count_nonzero(ours["af"]) > 2000
