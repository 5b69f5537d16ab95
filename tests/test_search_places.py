"""Search: numbers that are a position, accessions of chromosomes, and what was set apart."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from odd_samples import lake_of
from plain_vcf import vcf_text

from medallion import Lake
from medallion.bronze.raw import Region
from medallion.catalog.genomes import GENOMES
from medallion.errors import UsageError
from medallion.find import read_position
from medallion.ondemand.builds import build_of, by_contig
from medallion.ondemand.terms import terms_of
from medallion.vcf.defects import REASONS

OF_37 = ("##contig=<ID=21,length=48129895>", "##contig=<ID=22,length=51304566>")
RECORDS = [
    "21 9411239 rs1 G A . . . GT 0|1 0|0",
    "21 16050075 rs2 C T . . . GT 0|1 0|0",
    "21 16050400 rs8 C ? . . . GT 0|1 0|0",
    "22 16050075 rs3 A G . . . GT 0|1 0|0",
    "22 16050115 rs4 G A . . . GT 0|1 0|0",
    "22 16050213 rs5 C Z . . . GT 0|1 0|0",
    "22 16050300 rs6 C T . . . GT 0|1 0|7",
    "22 16050300 rs7 C A . . . GT 0|1 0|0",
]


def made(folder: Path, records: Sequence[str], header: Sequence[str] = ()) -> Lake:
    """Silver of these records, of two samples."""
    vcf = folder / "some.vcf"
    vcf.write_text(vcf_text(records, ("A", "B"), extra=header), encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[vcf])
    lake.build("silver")
    return lake


def line_of(lake: Lake, identifier: str) -> int:
    """The number, from 1, of the line of a record in the source."""
    lines = Path(lake.source.vcf[0]).read_text(encoding="utf-8").split("\n")
    return next(i for i, line in enumerate(lines, 1) if f"\t{identifier}\t" in line)


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake of two chromosomes of GRCh37. For reading only."""
    return made(tmp_path_factory.mktemp("two"), RECORDS, OF_37)


# A position that stands alone


@pytest.mark.parametrize("form", ["{}", "{:,}", " {:,} "])
def test_a_number_is_a_position_on_whichever_chromosome(two: Lake, form: str) -> None:
    for pos, chroms in ((9_411_239, ["21"]), (16_050_115, ["22"]), (16_050_075, ["21", "22"])):
        found = two.search(form.format(pos))
        rows = found.ambiguous if len(chroms) > 1 else found.variants
        assert rows.select("chrom", "pos").rows() == [(chrom, pos) for chrom in chroms]
        assert (found.missing, found.variants.height) == ((), 2 - len(chroms))
        got = two.variant(form.format(pos))
        assert got.select("chrom", "pos").rows() == [(chrom, pos) for chrom in chroms]


def test_numbers_are_positions_in_a_list(two: Lake) -> None:
    found = two.search("16,050,115, 9411239\n16050075 7,000 42")
    assert found.variants.select("asked", "chrom").rows() == [
        ("16,050,115", "22"), ("9411239", "21"),
    ]  # fmt: skip
    assert found.ambiguous["asked"].to_list() == ["16050075"] * 2
    assert found.missing == ("7,000", "42")


def test_a_number_where_nothing_stands_is_told_of_its_neighbour(demo_lake: Lake) -> None:
    taken = demo_lake.scan("silver.variants", build=False).select("pos").collect()["pos"]
    pos = int(taken[5])
    assert set(demo_lake.search(f"{pos:,}").variants["pos"]) <= {pos}
    free = next(p for p in range(pos + 1, pos + 100) if p not in taken)
    found = demo_lake.search(str(free))
    assert found.missing == (str(free),)
    assert found.reasons[0].startswith(("No variant stands at this position.", "Line "))
    assert found.nearest[str(free)].startswith("22-")


def test_a_number_that_names_a_sample_or_a_contig_stays_that(tmp_path: Path) -> None:
    samples = lake_of(tmp_path, ["1050", "1100"])
    found = samples.search("1050, 1150")
    assert (found.samples, found.missing) == (("1050",), ())
    assert found.variants.select("asked", "pos").rows() == [("1150", 1150)]
    (tmp_path / "contig").mkdir()
    contig = made(tmp_path / "contig", ["1100 1100 . A G . . . GT 0|1 0|0"])
    found = contig.search("1100")
    assert (found.region, found.variants.height) == (Region("1100"), 0)


def test_an_identifier_that_is_a_number_is_meant_before_a_position(tmp_path: Path) -> None:
    records = ["1 500 123456 A G . . . GT 0|1 0|0", "2 123456 . C T . . . GT 0|1 0|0"]
    lake = made(tmp_path, records)
    found = lake.search("123456, 500")
    assert found.variants.select("asked", "chrom", "pos").rows() == [
        ("123456", "1", 500), ("500", "1", 500),
    ]  # fmt: skip
    assert lake.variant("123456").select("chrom", "pos").rows() == [("1", 500)]


@pytest.mark.parametrize("text", [
    "22:16,050,075, 16,050,090", "16,050,075 22:16,050,090", "rs1,rs2 16,050,075",
    "16,050,075, GBR", "22,123,456",
])  # fmt: skip
def test_a_number_keeps_its_commas_beside_other_names(text: str) -> None:
    assert {name.replace(",", "") for name in terms_of(text)} <= {
        "22:16050075", "16050090", "16050075", "22:16050090", "rs1", "rs2", "GBR", "22123456",
    }  # fmt: skip


@given(st.integers(1000, 299_999_999))
def test_a_number_is_read_with_its_commas_and_without(pos: int) -> None:
    for text in (str(pos), f"{pos:,}"):
        assert terms_of(text) == [text]
        assert read_position(text) == pos


@pytest.mark.parametrize("text", ["", "22", "7", "1e5", "-500", "2147483648", "16,05", "9" * 5000])
def test_what_is_no_position_is_not_read_as_one(text: str) -> None:
    assert read_position(text) is None


# Accessions


@pytest.mark.parametrize(
    "text",
    [
        "NC_000022.10:g.16050075A>G",
        "nc_000022.10:g.16,050,075a>g",
        "NC_000022.10-16050075-A-G",
        "NC_000022.10 16050075 A G",
        "NC_000022.10:16050075",
    ],
)
def test_an_accession_stands_for_its_chromosome(two: Lake, text: str) -> None:
    for asked in (text, f"{text}; rs4"):
        found = two.search(asked)
        row = found.variants.row(0, named=True)
        assert (row["asked"], row["chrom"], row["pos"], row["alt"]) == (
            text, "22", 16_050_075, "G",
        )  # fmt: skip
        assert (found.missing, found.notes) == ((), ())
    if " " not in text:
        assert two.variant(text)["id"].to_list() == ["rs3"]


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("NC_000022.10", Region("22")),
        ("NC_000022.10:16,050,000-16,060,000", Region("22", 16_050_000, 16_060_000)),
        ("NC_000021.8:9000000-9500000", Region("21", 9_000_000, 9_500_000)),
    ],
)
def test_a_region_may_be_of_an_accession(two: Lake, text: str, region: Region) -> None:
    assert two.search(text).region == region


@pytest.mark.parametrize(
    ("accession", "words"),
    [
        ("NC_000022.11", ("chromosome 22 of GRCh38", "lake is of GRCh37", "NC_000022.10 or 22")),
        ("NC_000022.9", ("NC_000022.10 (GRCh37) and NC_000022.11 (GRCh38)",)),
        ("NC_000022", ("NC_000022.10 (GRCh37) and NC_000022.11 (GRCh38)",)),
        ("NC_000067.6", ("those of human chromosomes",)),
    ],
)
def test_an_accession_of_another_build_finds_nothing_and_says_why(
    two: Lake, accession: str, words: tuple[str, ...]
) -> None:
    for form in ("{}:g.16050075A>G", "{}:16050075", "{}:16,050,000-16,060,000", "{}"):
        text = form.format(accession)
        found = two.search(text)
        assert (found.missing, found.regions, found.variants.height) == ((text,), (), 0)
        assert accession in found.reasons[0]
        assert [word for word in words if word not in found.reasons[0]] == []
    with pytest.raises(UsageError, match=accession):
        two.variant(f"{accession}:16050075")
    with pytest.raises(UsageError, match=accession):
        two.ld_matrix([f"{accession}:16050075", "rs4"])


def test_linkage_takes_names_by_accession(two: Lake) -> None:
    by_accession = two.ld_matrix(["NC_000022.10:g.16050075A>G", "16050115"])
    assert by_accession.equals(two.ld_matrix(["22-16050075-A-G", "22:16050115"]))


def test_where_the_build_is_not_known_an_accession_is_taken_for_what_it_names(
    demo_lake: Lake,
) -> None:
    assert build_of(demo_lake.path) is None
    row = demo_lake.scan("silver.variants", build=False).head(1).collect().row(0, named=True)
    for accession in ("NC_000022.10", "NC_000022.11"):
        found = demo_lake.search(f"{accession}:{row['pos']}")
        assert row["pos"] in [*found.variants["pos"], *found.ambiguous["pos"]]
        assert found.notes == (f"This lake's genome build is not known: took {accession} for 22.",)


def test_contigs_are_spelled_as_in_the_lake(tmp_path: Path) -> None:
    record = "{} 16050075 rs3 A G . . . GT 0|1 0|0"
    for name, accession in (("chr22", "NC_000022.11"), ("NC_000022.11", "NC_000022.11")):
        (tmp_path / name).mkdir()
        header = [f"##contig=<ID={name},length=50818468>"]
        lake = made(tmp_path / name, [record.format(name)], header)
        assert lake.search(f"{accession}:g.16050075A>G").variants["chrom"].to_list() == [name]
        assert lake.search(accession).region == Region(name)
        assert lake.variant(f"{accession}:16050075")["chrom"].to_list() == [name]


def test_each_accession_means_its_chromosome_in_its_build_alone() -> None:
    for genome in GENOMES.values():
        assert len(genome.accessions) == len(set(genome.accessions.values())) == 25
        other = next(name for name in GENOMES if name != genome.name)
        for accession, chrom in genome.accessions.items():
            contigs = [f"chr{chrom}"]
            assert by_contig(f"{accession}:5", contigs, genome.name) == f"chr{chrom}:5"
            assert by_contig(f"{accession}:5", [], None) == f"{chrom}:5"
            if chrom == "MT":  # one sequence in both
                assert by_contig(accession, contigs, other) == "chrMT"
                continue
            with pytest.raises(UsageError, match="nothing was looked up"):
                by_contig(f"{accession}:5", contigs, other)
    of_37, of_38 = (genome.accessions for genome in GENOMES.values())
    assert (of_37["NC_000007.13"], of_37["NC_000023.10"], of_37["NC_000024.9"]) == ("7", "X", "Y")
    assert (of_38["NC_000007.14"], of_38["NC_000021.9"], of_38["NC_000024.10"]) == ("7", "21", "Y")


# What was set apart


@pytest.mark.parametrize(
    ("text", "identifier", "reason"),
    [
        ("22:16050213", "rs5", "alt-malformed"),
        ("chr22:16,050,213-16,050,213", "rs5", "alt-malformed"),
        ("22-16050213-C-T", "rs5", "alt-malformed"),
        ("16050213", "rs5", "alt-malformed"),
        ("NC_000022.10:g.16050213C>T", "rs5", "alt-malformed"),
        ("22-16050300-C-T", "rs6", "allele-out-of-range"),
        ("16,050,400", "rs8", "alt-malformed"),
        ("21:16050400", "rs8", "alt-malformed"),
    ],
)
def test_a_place_in_quarantine_is_told_with_its_line(
    two: Lake, text: str, identifier: str, reason: str
) -> None:
    found = two.search(text)
    line = line_of(two, identifier)
    assert found.missing == (text,)
    assert found.set_apart.select("asked", "file", "line", "reason").rows() == [
        (text, "some.vcf", line, reason)
    ]
    start = f"Line {line:,} of some.vcf, at this position, was set apart: {REASONS[reason].meaning}"
    assert found.reasons[0].startswith(start)


def test_quarantine_is_told_only_of_what_is_missing_there(two: Lake) -> None:
    found = two.search("22-16050300-C-A, 22:16050075, 22:16050214, 21:16050213, 22:16050400")
    assert found.missing == ("22:16050214", "21:16050213", "22:16050400")
    assert found.set_apart.is_empty()
    assert all(reason.startswith("No variant stands") for reason in found.reasons)


def test_every_broken_line_of_the_demo_with_a_position_is_told(demo_lake: Lake) -> None:
    defects = demo_lake.scan("silver.defects", build=False)
    apart = defects.filter(pl.col("verdict") == "quarantined").drop_nulls("pos").collect()
    taken = demo_lake.scan("silver.variants", build=False).select("pos").collect()["pos"]
    alone = apart.filter(~pl.col("pos").is_in(taken.implode()))
    assert alone.height >= 4
    found = demo_lake.search("\n".join(f"22:{pos}" for pos in alone["pos"]))
    assert found.set_apart["line"].to_list() == alone["line"].to_list()
    for reason, line in zip(found.reasons, alone["line"], strict=True):
        assert reason.startswith(f"Line {line:,} of ")


# Examples


def test_examples_in_refusals_are_of_the_lake(two: Lake) -> None:
    with pytest.raises(UsageError, match=r"21-9411239-G-A, 21:9411239 or rs1\)"):
        two.search(",")
    with pytest.raises(UsageError, match="21-9411239-G-A, 21:9411239 or rs1"):
        two.ld_matrix(["nonsense", "rs4"])
    assert two.search("BRCA2").reasons[0].endswith("such as 21:9,411,239-9,421,239.")


def test_a_number_too_long_for_any_position_is_a_name_like_another(two: Lake) -> None:
    """Python refuses to read one of more than 4,300 digits."""
    long = "9" * 5000
    for text in (f"22:{long}", long, f"22 {long}", f"22-{long}-A-G", f"22:1-{long}", f"#{long}"):
        assert two.search(text).variants.is_empty()
        assert two.variant(text).is_empty()
    with pytest.raises(UsageError):
        two.raw(f"22:{long}")
