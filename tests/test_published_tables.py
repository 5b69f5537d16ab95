"""Gold's published tables against tools nobody here wrote, from the file to the table.

The functions that they stand on have tests of their own; here it is the whole way: real
VCF, build, table.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import allel
import numpy as np
import polars as pl
import pytest
from other_programs import psc
from real_data import PANEL, SLICES, metadata, real, rest, tool

from medallion import Lake

SUPER = ("AFR", "AMR", "EAS", "EUR", "SAS")
SIX_DIGITS = 5.1e-6  # as vcftools and plink2 print


def table(lake: Lake, name: str) -> pl.DataFrame:
    return lake.scan(f"gold.{name}", build=False).collect()


def run(*command: str | Path) -> str:
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
    return done.stdout


def members(folder: Path, code: str) -> Path:
    """A file with the samples of a super-population."""
    path = folder / f"{code}.txt"
    names = [s for s, (_, above) in metadata(PANEL).items() if above == code]
    path.write_text("\n".join(names) + "\n", encoding="utf-8")
    return path


# Samples


@pytest.mark.parametrize("name", ["chrX", *rest("chr22", "chrMT")])
def test_samples_are_those_of_bcftools_stats(name: str, real_lake: Callable[[str], Lake]) -> None:
    """PSC. Its nHets and nNonRefHom are of snvs alone, ours of every type: see there."""
    lake = real_lake(name)
    vcf = real(SLICES[name].vcf)
    columns = run(tool("bcftools"), "query", "-l", vcf).split()
    theirs = psc(vcf).select(pl.Series("sample", columns), pl.all())
    ours = pl.DataFrame({"sample": columns}).join(
        table(lake, "samples"), on="sample", maintain_order="left"
    )
    assert len(columns) > 1000
    for own, other in (
        ("hom_ref", "nRefHom"),
        ("haploid_ref", "nHapRef"),
        ("haploid_alt", "nHapAlt"),
        ("missing", "nMissing"),
    ):
        assert ours[own].to_list() == theirs[other].cast(pl.Int64).to_list(), own
    kinds = ("hom_ref", "het", "hom_alt", "haploid_ref", "haploid_alt", "missing")
    assert (ours.select(kinds).sum_horizontal() == ours["records"]).all()
    # An snv that is carried at all is a het or a hom; other types come on top.
    assert (ours["het"] >= theirs["nHets"]).all()
    assert (ours["hom_alt"] >= theirs["nNonRefHom"]).all()


@pytest.mark.parametrize("name", ["chrX", *rest("chr22", "chrMT")])
def test_hets_and_homs_are_those_of_the_calls(name: str, real_lake: Callable[[str], Lake]) -> None:
    """Counted by scikit-allel from the genotypes; a haploid call has one copy below 0."""
    lake, vcf = real_lake(name), str(real(SLICES[name].vcf))
    read = allel.read_vcf(vcf, fields=["samples", "calldata/GT"], alt_number=9)
    genotypes = allel.GenotypeArray(read["calldata/GT"])
    whole = (genotypes.values >= 0).all(axis=2)
    het = (genotypes.is_het() & whole).sum(axis=0)
    hom_alt = (genotypes.is_hom_alt() & whole).sum(axis=0)
    ours = pl.DataFrame({"sample": read["samples"]}).join(
        table(lake, "samples"), on="sample", maintain_order="left"
    )
    assert ours["het"].to_list() == het.tolist()
    assert ours["hom_alt"].to_list() == hom_alt.tolist()
    assert name == "chrMT" or het.sum() > 0


# Windows


@pytest.fixture(scope="module")
def snvs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The records of the real slice all of whose alleles are snvs: those that windows take."""
    path = tmp_path_factory.mktemp("snvs") / "snvs.vcf.gz"
    run(tool("bcftools"), "view", "-V", "indels,mnps,bnd,other", "-Oz", "-o", path,
        real(SLICES["chr22"].vcf))  # fmt: skip
    return path


@pytest.mark.parametrize("size", [10_000, 100_000])
@pytest.mark.parametrize("code", ["AFR", "EUR"])
def test_window_pi_is_that_of_vcftools(
    chr22_lake: Lake, snvs: Path, tmp_path: Path, code: str, size: int
) -> None:
    run(tool("vcftools"), "--gzvcf", snvs, "--keep", members(tmp_path, code), "--window-pi",
        str(size), "--out", tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(tmp_path / "out.windowed.pi", separator="\t", infer_schema_length=None)
    ours = table(chr22_lake, "windows").filter(population=code, size=size)
    both = theirs.join(ours, left_on="BIN_START", right_on="start")
    assert both.height == theirs.height >= 4
    assert both["pi"].to_numpy() == pytest.approx(both["PI"].to_numpy(), rel=SIX_DIGITS)
    assert both["segregating_sites"].to_list() == both["N_VARIANTS"].to_list()


# FST


@pytest.mark.parametrize(("method", "ours_"), [("hudson", "hudson"), ("wc", "weir_cockerham")])
def test_fst_is_that_of_plink2(chr22_lake: Lake, tmp_path: Path, method: str, ours_: str) -> None:
    """Its weighted FST of records of one ALT, a ratio of averages as ours."""
    groups = tmp_path / "groups.txt"
    rows = [f"{s}\t{a}" for s, (_, a) in metadata(PANEL).items()]
    groups.write_text("\n".join(["#IID\tSUPER", *rows]) + "\n", encoding="utf-8")
    run(tool("plink2"), "--vcf", real(SLICES["chr22"].vcf), "--max-alleles", "2", "--pheno", groups,
        "--fst", "SUPER", f"method={method}", "cols=nobs", "--out", tmp_path / "out")  # fmt: skip
    theirs = pl.read_csv(tmp_path / "out.fst.summary", separator="\t")
    ours = table(chr22_lake, "fst").filter(
        pl.col("level").cast(pl.String) == "super_population",
        pl.col("method").cast(pl.String) == ours_,
    )
    both = theirs.join(ours, left_on=["#POP1", "POP2"], right_on=["population_1", "population_2"])
    assert both.height == 10
    column = both[f"{method.upper()}_FST"].to_numpy()
    assert both["fst"].to_numpy() == pytest.approx(column, rel=SIX_DIGITS)
    assert both["sites"].to_list() == both["OBS_CT"].to_list()


# Structure


@pytest.fixture(scope="module")
def chosen(chr22_lake: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """plink2's files of the sites that gold.pca and gold.relatedness use."""
    folder = tmp_path_factory.mktemp("chosen")
    sites = table(chr22_lake, "pca_sites")
    text = "\n".join(f"{c}\t{p}" for c, p in sites.select("chrom", "pos").rows())
    (folder / "sites.txt").write_text(text + "\n", encoding="utf-8")
    run(tool("bcftools"), "view", "-T", folder / "sites.txt", "-m2", "-M2", "-v", "snps", "-Oz",
        "-o", folder / "sites.vcf.gz", real(SLICES["chr22"].vcf))  # fmt: skip
    found = run(tool("bcftools"), "query", "-f", "%POS\n", folder / "sites.vcf.gz").split()
    assert [int(p) for p in found] == sites["pos"].to_list()
    run(tool("plink2"), "--vcf", folder / "sites.vcf.gz", "--make-pgen", "--out", folder / "p")
    return folder / "p"


def test_components_are_those_of_plink2(chr22_lake: Lake, chosen: Path, tmp_path: Path) -> None:
    """Up to sign and scale, on the same sites; its variances are known up to a factor."""
    run(tool("plink2"), "--pfile", chosen, "--pca", "10", "--out", tmp_path / "out")
    theirs = pl.read_csv(tmp_path / "out.eigenvec", separator="\t")
    ours = table(chr22_lake, "pca")
    both = theirs.join(ours, left_on="#IID", right_on="sample")
    assert both.height == 2504
    for i in range(1, 5):
        agreed = np.corrcoef(both[f"PC{i}"], both[f"pc{i}"])[0, 1]
        assert abs(agreed) > 0.9999, i


def test_so_few_sites_tell_no_kinship(chr22_lake: Lake) -> None:
    """The slice has too few of them; `test_gold_relatedness` holds kinship against plink2."""
    assert 50 < table(chr22_lake, "pca_sites").height < 1000
    assert table(chr22_lake, "relatedness").is_empty()
    check = table(chr22_lake, "checks").filter(id="structure_sites").row(0, named=True)
    assert check["verdict"] == "failed"
    assert check["severity"] == "info"


# Spectra and populations


@pytest.fixture(scope="module")
def counted() -> dict[str, allel.AlleleCountsArray]:
    """Allele counts of the slice's snvs with one ALT, by super-population, by scikit-allel."""
    read = allel.read_vcf(
        str(real(SLICES["chr22"].vcf)),
        fields=["samples", "calldata/GT", "variants/REF", "variants/ALT"],
        alt_number=9,
    )
    alts = read["variants/ALT"]
    bases = np.array(["A", "C", "G", "T"])
    one = (alts[:, 1] == "") & np.isin(alts[:, 0], bases) & np.isin(read["variants/REF"], bases)
    genotypes = allel.GenotypeArray(read["calldata/GT"][one])
    of = {s: a for s, (_, a) in metadata(PANEL).items()}
    groups = {code: [i for i, s in enumerate(read["samples"]) if of[s] == code] for code in SUPER}
    return genotypes.count_alleles_subpops(groups, max_allele=1)


@pytest.mark.parametrize("code", SUPER)
def test_folded_spectra_are_those_of_scikit_allel(
    chr22_lake: Lake, counted: dict[str, allel.AlleleCountsArray], code: str
) -> None:
    theirs = allel.sfs_folded(counted[code])
    ours = table(chr22_lake, "spectrum").filter(
        pl.col("population") == code, pl.col("kind").cast(pl.String) == "folded"
    )
    found = dict(ours.select("count", "sites").rows())
    assert sum(found.values()) > 1000
    for k, sites in enumerate(theirs.tolist()):
        if k:  # count 0 is of all that do not vary
            assert found.get(k, 0) == sites, k


@pytest.mark.parametrize("code", SUPER)
def test_singletons_and_heterozygosity_of_populations(
    chr22_lake: Lake, counted: dict[str, allel.AlleleCountsArray], code: str
) -> None:
    row = table(chr22_lake, "populations").filter(population=code).row(0, named=True)
    assert row["samples"] * 2 == int(counted[code].sum(axis=1).max())
    snv = chr22_lake.scan("gold.frequencies", build=False).filter(population=code)
    kinds = chr22_lake.scan("silver.variants", build=False).select(
        "file", "record", "alt_index", "variant_type", "n_alts"
    )
    own = snv.join(kinds, on=["file", "record", "alt_index"]).collect()
    assert own.filter(pl.col("ac") == 1).height == row["singletons"]
    one = own.filter(pl.col("variant_type").cast(pl.String) == "snv", pl.col("n_alts") == 1)
    assert (one["ac"] == 1).sum() == int(counted[code].count_singleton(allele=1))
