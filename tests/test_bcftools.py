"""Counts on real files against bcftools and plink2, allele by allele and group by group.

What bcftools' `+fill-tags` means, and how it maps (its plugins/fill-tags.c, 1.16):

- AN, AC: called alleles, copies of each ALT. Ours, exactly.
- AC_Het: genotypes that have the ALT and another allele; of `1|2` both ALTs. Our n_het.
- AC_Hom: copies in genotypes of one allele only, so twice the samples; AC_Hemi: genotypes
  with one called allele. So n_hom_alt = AC_Hom / 2 + AC_Hemi. It differs from ours for a
  half-missing carrier (`./1`: hemizygous there, n_het here), which real files do not have.
- HWE: exact (Wigginton 2005, no mid-p). It takes n_hom_ref from the REF allele's counts,
  which for a record of several ALTs counts a heterozygote twice; and it counts haploid
  genotypes out of the heterozygotes alone. So it is compared where there is one ALT and
  all calls are diploid.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import split_file, vcf_text
from real_data import SLICES, metadata, real, rest, tool

from medallion import Lake

KEYS = ["record", "alt_index", "population", "level"]
TAGS = ("AN", "AC", "AC_Het", "AC_Hom", "AC_Hemi", "HWE")


def groups_of(samples: list[str], table: str) -> dict[str, tuple[str, str]]:
    """Population and super-population of a VCF's samples, read by the test itself."""
    known = metadata(table)
    return {s: known.get(s, ("unassigned", "unassigned")) for s in samples}


def by_bcftools(vcf: Path, of: dict[str, tuple[str, str]], folder: Path) -> pl.DataFrame:
    """bcftools' counts: one row per record, ALT allele and group."""
    bcftools = tool("bcftools")
    listed = folder / "groups.txt"
    # A group cannot be named ALL: the tags without a suffix are those of all samples.
    rows = [f"{s}\tp{p},s{a}" for s, (p, a) in of.items()]
    listed.write_text("\n".join(rows) + "\n", encoding="utf-8")
    groups = [
        *(("population", p, f"_p{p}") for p in sorted({p for p, _ in of.values()})),
        *(("super_population", a, f"_s{a}") for a in sorted({a for _, a in of.values()})),
        ("all", "ALL", ""),
    ]
    filled = folder / "filled.bcf"
    subprocess.run(
        [bcftools, "+fill-tags", str(vcf), "-Ou", "-o", str(filled), "--", "-S", str(listed),
         "-t", ",".join(TAGS)],
        check=True, capture_output=True,
    )  # fmt: skip
    columns = [f"{tag}{suffix}" for _, _, suffix in groups for tag in TAGS]
    text = subprocess.run(
        [bcftools, "query", "-f", "\t".join(f"%INFO/{c}" for c in columns) + "\n", str(filled)],
        check=True, capture_output=True,
    ).stdout  # fmt: skip
    wide = pl.read_csv(
        text, separator="\t", has_header=False, new_columns=columns, infer_schema=False
    ).with_row_index("record", 1)
    per_allele = [c for c in columns if not c.startswith("AN")]
    alleles = (
        wide.with_columns(pl.col(per_allele).str.split(","))
        .explode(per_allele)
        .with_columns(alt_index=pl.int_range(1, pl.len() + 1).over("record"))
    )
    return pl.concat(
        [
            alleles.select(
                pl.col("record").cast(pl.Int64),
                pl.col("alt_index").cast(pl.Int32),
                pl.lit(code).alias("population"),
                pl.lit(level).alias("level"),
                *(
                    pl.col(f"{tag}{suffix}").cast(pl.Float64 if tag == "HWE" else pl.Int32)
                    .alias(tag)
                    for tag in TAGS
                ),
            )
            for level, code, suffix in groups
        ]
    )  # fmt: skip


@pytest.fixture(scope="module")
def compared(
    real_lake: Callable[[str], Lake], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], pl.DataFrame]:
    """A function from a slice's name to `gold.frequencies` beside bcftools' counts."""
    tool("bcftools")
    made: dict[str, pl.DataFrame] = {}

    def of(name: str) -> pl.DataFrame:
        if name not in made:
            lake = real_lake(name)
            vcf = Path(lake.source.vcf[0])
            made[name] = joined(lake, vcf, SLICES[name].samples, tmp_path_factory.mktemp(name))
        return made[name]

    return of


def joined(lake: Lake, vcf: Path, table: str, folder: Path) -> pl.DataFrame:
    """`gold.frequencies` beside bcftools' counts; every row of each has its match."""
    header, lines = split_file(vcf)
    of = groups_of(header[-1].split("\t")[9:], table)
    theirs = by_bcftools(vcf, of, folder)
    ours = lake.scan("gold.frequencies", build=False).collect()
    both = ours.join(theirs, on=KEYS, how="full", coalesce=True)
    assert len(both) == len(ours) == len(theirs)
    assert ours["record"].max() == len(lines)
    return both


@pytest.mark.parametrize("name", ["chrX", "chrMT", "chr1", "chr12", *rest("chr22", "chr20")])
def test_counts_are_those_of_bcftools(name: str, compared: Callable[[str], pl.DataFrame]) -> None:
    both = compared(name)
    differ = both.filter(
        pl.any_horizontal(
            pl.col("ac").ne_missing(pl.col("AC")),
            pl.col("an").ne_missing(pl.col("AN")),
            pl.col("n_het").ne_missing(pl.col("AC_Het")),
            pl.col("n_hom_alt").ne_missing(pl.col("AC_Hom") // 2 + pl.col("AC_Hemi")),
        )
    )
    assert differ.is_empty(), differ.head(5)
    # One hand-written anchor, so that two empty tables cannot agree.
    assert both["ac"].sum() > 10_000


def assert_close(both: pl.DataFrame, column: str, smallest: float) -> None:
    """Ours is theirs to the six digits that are printed; below `smallest` theirs underflows."""
    ours, theirs = both["hwe_p"], both[column]
    tiny = (ours < smallest) & (theirs < smallest)
    far = both.filter(~tiny & ((ours - theirs).abs() > 1e-5 * theirs))
    assert far.is_empty(), far.head(5)


def test_hardy_weinberg_is_that_of_bcftools(compared: Callable[[str], pl.DataFrame]) -> None:
    both = compared("chr22")
    one_alt = both.filter(pl.col("alt_index").max().over("record") == 1)
    assert len(one_alt) > 190_000
    assert_close(one_alt, "HWE", smallest=1e-37)
    assert one_alt["hwe_p"].null_count() == 0
    assert (one_alt["hwe_p"] < 1e-6).sum() > 100


def test_hardy_weinberg_is_that_of_plink2(chr22_lake: Lake, tmp_path: Path) -> None:
    """Over all samples; here for every ALT allele of the records with several, too."""
    subprocess.run(
        [tool("plink2"), "--vcf", str(real(SLICES["chr22"].vcf)), "--hardy", "--threads", "1",
         "--set-all-var-ids", "@:#:$r:$a", "--new-id-max-allele-len", "9999", "--out",
         str(tmp_path / "plink")],
        check=True, capture_output=True,
    )  # fmt: skip
    theirs = pl.read_csv(tmp_path / "plink.hardy", separator="\t").select(
        pl.col("ID").str.split(":").list.get(1).cast(pl.Int32).alias("pos"),
        pl.col("ID").str.split(":").list.get(2).alias("ref"),
        pl.col("A1").alias("alt"),
        "AX",
        "P",
    )
    ours = (
        chr22_lake.scan("gold.frequencies")
        .filter(pl.col("level") == "all")
        .select("pos", "ref", "alt", "hwe_p")
        .collect()
    )
    # plink2 names the major allele or the other of two; with two alleles the test is one.
    as_alt = theirs.with_columns(
        alt=pl.when(pl.col("alt") == pl.col("ref")).then("AX").otherwise("alt")
    ).filter(~pl.col("alt").str.contains(",", literal=True))
    both = ours.join(as_alt, on=["pos", "ref", "alt"], how="inner").unique(["pos", "ref", "alt"])
    assert len(both) > 6_080
    assert_close(both, "P", smallest=1e-300)


@pytest.mark.parametrize("name", ["chr22", *rest("chr20", "chr12")])
def test_counts_are_those_of_plink2(
    name: str, real_lake: Callable[[str], Lake], tmp_path: Path
) -> None:
    """Copies and called alleles over all samples, of every ALT allele."""
    lake = real_lake(name)
    subprocess.run(
        [tool("plink2"), "--vcf", lake.source.vcf[0], "--freq", "counts", "cols=+pos", "--threads",
         "1", "--vcf-half-call", "haploid", "--allow-extra-chr", "--out", str(tmp_path / "plink")],
        check=True, capture_output=True,
    )  # fmt: skip
    theirs = pl.read_csv(tmp_path / "plink.acount", separator="\t", infer_schema=False)
    theirs = theirs.with_row_index("record", 1).select(
        pl.col("record").cast(pl.Int64),
        pl.col("ALT_CTS").str.split(",").alias("ac"),
        pl.col("OBS_CT").cast(pl.Int32).alias("an"),
    )
    ours = (
        lake.scan("gold.frequencies", build=False)
        .filter(pl.col("level") == "all")
        .sort("record", "alt_index")
        .group_by("record", maintain_order=True)
        .agg(pl.col("ac").cast(pl.String), pl.col("an").first())
        .collect()
    )
    assert ours.equals(theirs), (
        ours.join(theirs, on="record")
        .filter((pl.col("ac") != pl.col("ac_right")) | (pl.col("an") != pl.col("an_right")))
        .head()
    )


def test_known_values_of_the_chr22_slice(chr22_lake: Lake) -> None:
    variants = chr22_lake.scan("silver.variants").collect()
    ledger = chr22_lake.status()["silver"].summary["ledger"]
    assert [(e["records"], e["kept"], e["quarantined"], e["alleles"]) for e in ledger] == [
        (6109, 6109, 0, 6139)
    ]
    assert len(variants) == 6139
    assert variants["ac"].sum() == 676_358
    assert (variants["ac"] == 0).sum() == 30
    # INFO of this file was checked against its genotypes when it was cut.
    assert (variants["ac"] == variants["published_ac"]).all()
    assert (variants["an"] == variants["published_an"]).all()
    common = chr22_lake.variant("22:16051249")
    assert common.select("ref", "alt", "ac", "an").rows() == [("T", "C", 563, 5008)]
    numbered = chr22_lake.variant("22-16050654-A-<CN0>")
    assert len(numbered) == 1
    copies = chr22_lake.variant("22:16050654")
    assert copies["alt"].to_list() == ["<CN0>", "<CN2>", "<CN3>", "<CN4>"]
    assert copies["ac"].to_list() == [9, 87, 599, 20]
    assert chr22_lake.variant("22:16061250")["alt"].to_list() == ["A", "C"]
    south_asian = (
        chr22_lake.scan("gold.frequencies")
        .filter((pl.col("pos") == 16051249) & (pl.col("population") == "SAS"))
        .collect()
    )
    assert round(south_asian["af"].item(), 4) == 0.2791


def test_published_super_population_frequencies(chr22_lake: Lake) -> None:
    """Phase 3 states AF in each super-population, rounded to four digits."""
    variants = chr22_lake.scan("silver.variants").collect()
    counted = (
        chr22_lake.scan("gold.frequencies")
        .filter(pl.col("level") == "super_population")
        .collect()
        .pivot("population", index=["record", "alt_index"], values="af")
    )
    both = variants.join(counted, on=["record", "alt_index"])
    for code in ("AFR", "AMR", "EAS", "EUR", "SAS"):
        stated = both[f"published_{code.lower()}_af"]
        assert stated.null_count() == 0
        assert (stated - both[code]).abs().max() <= 0.0000501


def test_allele_numbers_of_the_chr_x_slice(real_lake: Callable[[str], Lake]) -> None:
    """Males are haploid outside the pseudo-autosomal regions: two values of AN, no other."""
    records = real_lake("chrX").scan("silver.variants").unique("record").collect()
    assert dict(records["an"].value_counts().rows()) == {1701: 1037, 2252: 32}


ODD = vcf_text(
    [
        "1 100 . A C,G . . . GT 0|1 1|2 ./1",
        "1 200 . A C . . . GT ./. 0/. .",
        "1 300 . A C . . . GT 0 1 .",
        "1 500 . A C,G,T,AA,AC,AG,AT,CA,CC,CG . . . GT 10|9 10/10 0/1",
        "1 600 . A <DEL>,* . . . GT:DP 0/1:3 2/2 ./.:.",
    ],
    # fill-tags cannot read a sample's name of one letter.
    ("one", "two", "three"),
    extra=[
        "##contig=<ID=1>",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    ],
)


def test_counts_of_odd_calls_are_those_of_bcftools(tmp_path: Path) -> None:
    """Half-missing, haploid beside missing, two-digit alleles, which real slices lack.

    Not polyploid ones: +fill-tags takes each for diploid (AN 2, and at most 2 copies).
    """
    vcf, table = tmp_path / "odd.vcf", tmp_path / "samples.tsv"
    vcf.write_text(ODD, encoding="utf-8")
    table.write_text("sample\tpop\none\tGBR\ntwo\tFIN\nthree\tYRI\n", encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf], samples=table)
    lake.build("gold")
    of = {"one": ("GBR", "EUR"), "two": ("FIN", "EUR"), "three": ("YRI", "AFR")}
    theirs = by_bcftools(vcf, of, tmp_path)
    ours = lake.scan("gold.frequencies").collect()
    both = ours.join(theirs, on=KEYS, how="full", coalesce=True)
    assert len(both) == len(ours) == len(theirs)
    assert both["ac"].equals(both["AC"])
    assert both["an"].equals(both["AN"])
