"""What silver says of an allele beside its counts: type, ends, ancestral state, size on disk."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import vcf_text
from real_data import SLICES, real, tool

from medallion import Lake
from medallion.silver.variants import variant_type


@pytest.mark.parametrize(
    ("ref", "alt", "kind"),
    [
        ("A", "C", "snv"), ("a", "C", "snv"), ("AC", "GC", "snv"), ("CAT", "CGT", "snv"),
        ("AC", "GT", "mnv"), ("ACA", "GCG", "mnv"), ("ACT", "AGG", "mnv"),
        ("A", "AC", "insertion"), ("A", "CA", "insertion"), ("AT", "ACT", "insertion"),
        ("AC", "A", "deletion"), ("ACC", "AC", "deletion"), ("CA", "A", "deletion"),
        ("AC", "T", "indel"), ("A", "CT", "indel"), ("ACG", "TT", "indel"),
        ("A", "<DEL>", "sv"), ("A", "<CN0>", "sv"), ("A", "A]2:3]", "sv"), ("A", ".A", "sv"),
        ("A", "C<ctg1>", "sv"), ("A", "*", "spanning_deletion"), ("A", "<*>", "unspecified"),
        ("A", "<NON_REF>", "unspecified"), ("A", "<X>", "unspecified"), ("A", ".", "none"),
    ],
)  # fmt: skip
def test_kinds_of_change(ref: str, alt: str, kind: str) -> None:
    assert variant_type(ref, alt) == kind


def by_bcftools(vcf: Path, fields: str) -> pl.DataFrame:
    """One row for each ALT allele as bcftools splits them, in order of the file."""
    split = subprocess.run(
        [tool("bcftools"), "norm", "-m-any", "-Ou", str(vcf)], check=True, capture_output=True
    ).stdout
    told = subprocess.run(
        [tool("bcftools"), "query", "-f", f"%POS\t%REF\t%ALT\t{fields}\n"],
        input=split, check=True, capture_output=True,
    ).stdout  # fmt: skip
    names = ["pos", "ref", "alt", *(f"their_{i}" for i in range(fields.count("\t") + 1))]
    schema = dict.fromkeys(names, pl.String)
    return pl.read_csv(told, separator="\t", has_header=False, schema=schema, quote_char=None)


@pytest.mark.parametrize("name", ["chr22", "chr12", "chr1"])
def test_types_are_those_of_bcftools(name: str, real_lake: Callable[[str], Lake]) -> None:
    lake = real_lake(name)
    ours = lake.scan("silver.variants", build=False).sort("record", "alt_index").collect()
    theirs = by_bcftools(Path(lake.source.vcf[0]), "%TYPE")
    assert len(ours) == len(theirs)
    # A short tandem change: bcftools tells by length alone whether bases came or went.
    longer = ours["length_change"] > 0
    for ours_is, theirs_is, rows in (
        ("snv", "SNP", ours["variant_type"] == "snv"),
        ("mnv", "MNP", ours["variant_type"] == "mnv"),
        ("sv", "OTHER", ours["variant_type"] == "sv"),
        ("insertion", "INDEL", ours["variant_type"] == "insertion"),
        ("deletion", "INDEL", ours["variant_type"] == "deletion"),
        ("spanning_deletion", "OVERLAP", ours["variant_type"] == "spanning_deletion"),
    ):
        found = theirs.filter(rows)["their_0"].str.to_uppercase().unique().to_list()
        assert found in ([theirs_is], []), (ours_is, found)
    snps = int((theirs["their_0"].str.to_uppercase() == "SNP").sum())
    assert int((ours["variant_type"] == "snv").sum()) == snps > 50
    assert ours.filter(longer)["variant_type"].is_in(["insertion", "indel"]).all()
    changed = ours["length_change"].is_not_null()
    expected = theirs["alt"].str.len_chars().cast(pl.Int32) - theirs["ref"].str.len_chars().cast(
        pl.Int32
    )
    assert ours["length_change"].filter(changed).equals(expected.filter(changed))


def test_ends_lengths_and_ancestral_alleles_are_as_the_source_states(
    real_lake: Callable[[str], Lake],
) -> None:
    lake = real_lake("chr22")
    ours = lake.scan("silver.variants", build=False).sort("record", "alt_index").collect()
    theirs = by_bcftools(Path(lake.source.vcf[0]), "%INFO/END\t%INFO/SVLEN\t%INFO/AA")
    for column, their in (("sv_end", "their_0"), ("sv_length", "their_1")):
        stated = theirs[their].replace(".", None).cast(pl.Int32)
        assert ours[column].equals(stated.rename(column)), column
    assert ours["sv_end"].count() == 4  # four copy numbers of one stretch
    # Up to the first bar, in the case that the source has: lower is low confidence.
    stated = theirs["their_2"].str.split("|").list.first().replace({".": None, "": None})
    assert ours["ancestral_allele"].equals(stated.rename("ancestral_allele"))
    known = ours["ancestral_allele"].drop_nulls()
    assert {"A", "a"} <= set(known)


def test_silver_takes_not_much_more_room_than_its_source(tmp_path: Path) -> None:
    source = real(SLICES["chr20"].vcf)
    lake = Lake(tmp_path / "lake", vcf=[source], samples=real(SLICES["chr20"].samples))
    lake.build("silver")
    assert lake.status()["silver"].bytes < 1.5 * source.stat().st_size


OVER = "##contig=<ID=1>"


@pytest.mark.parametrize(
    ("others", "told"),
    [
        (("A", "B"), "one.vcf has records of 1:10-20 too, and 2 of the samples"),
        (("B", "C"), "one.vcf has records of 1:10-20 too, and 1 of the samples"),
        (("C", "D"), None),
    ],
)
def test_files_that_share_a_stretch_and_samples_are_remarked_on(
    others: tuple[str, str], told: str | None, tmp_path: Path
) -> None:
    one, two = tmp_path / "one.vcf", tmp_path / "two.vcf"
    rows = ["1 10 . A C . . . GT 0|1 0|0", "1 20 . A C . . . GT 0|1 0|0"]
    one.write_text(vcf_text(rows, ("A", "B"), extra=[OVER]), encoding="utf-8")
    rows = ["1 5 . A C . . . GT 0|1 0|0", "1 20 . A G . . . GT 0|1 0|0", *rows[2:]]
    two.write_text(vcf_text(rows, others, extra=[OVER]), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[one, two])
    lake.build("silver")
    found = lake.scan("silver.defects").filter(pl.col("reason") == "files-overlap").collect()
    assert found.select("file", "detail", "verdict").rows() == (
        [("two.vcf", told, "noted")] if told else []
    )


def test_a_stretch_that_files_share_is_told_once_however_often_they_are_kept(
    tmp_path: Path,
) -> None:
    rows = ["1 10 . A C . . . GT 0|1", "1 20 . A C . . . GT 0|1"]
    files = [tmp_path / f"{name}.vcf" for name in ("one", "two", "three")]
    for file in files:
        file.write_text(vcf_text(rows, ("A",), extra=[OVER]), encoding="utf-8")

    def overlaps(vcf: list[Path]) -> list[tuple[str, str]]:
        lake = Lake(tmp_path / "lake", vcf=vcf)
        lake.build("silver")
        found = lake.scan("silver.defects").filter(pl.col("reason") == "files-overlap").collect()
        return [(file, detail.split()[0]) for file, detail in found.select("file", "detail").rows()]

    assert overlaps(files[:2]) == [("two.vcf", "one.vcf")]
    three = [("two.vcf", "one.vcf"), ("three.vcf", "one.vcf"), ("three.vcf", "two.vcf")]
    assert overlaps(files) == three


def test_a_published_frequency_that_is_no_number_is_remarked_on(tmp_path: Path) -> None:
    vcf = tmp_path / "a.vcf"
    rows = ["1 10 . A C . . EUR_AF=x", "1 20 . A C,G . . EUR_AF=0.5", "1 30 . A C . . EUR_AF=0.5"]
    vcf.write_text(vcf_text(rows, ()), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    stated = lake.scan("silver.variants").collect()["published_eur_af"].to_list()
    assert stated == [None, None, None, 0.5]
    found = lake.scan("silver.defects").filter(pl.col("reason") == "info-value").collect()
    assert found.select("pos", "field", "detail").rows() == [
        (10, "INFO/EUR_AF", "EUR_AF: expected a number, found 'x'")
    ]
