"""The header of a VCF: definitions are read, and what is odd is noted once a line."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion.errors import NotVCFError
from medallion.vcf.defects import REASONS
from medallion.vcf.header import Header, parse_header

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def header(*lines: str, version: str = "4.2", columns: str = COLUMNS) -> Header:
    text = "\n".join([f"##fileformat=VCFv{version}", *lines, columns]) + "\n"
    return parse_header(text.encode(), Path("x.vcf"))


def told(*lines: str, version: str = "4.2") -> list[tuple[str, int]]:
    return [(d.reason, d.line) for d in header(*lines, version=version).defects]


@pytest.mark.parametrize(
    "line",
    [
        '##INFO=<ID=X,Number=1,Type=Integer,Description="with \\"quotes\\", a comma">',
        '##INFO=<ID=X,Number=A,Type=Flag,Description="">',
        '##INFO=<ID=1000G,Number=0,Type=Flag,Description="">',
        '##INFO=<ID=AC,Number=A,Type=Integer,Description="",Source="x",Version="1">',
        '##FORMAT=<ID=AD,Number=.,Type=Integer,Description="reserved since 4.3 only">',
        '##FORMAT=<ID=GL,Number=G,Type=Float,Description="">',
        '##ALT=<ID=INS:ME:ALU,Description="">',
        '##ALT=<ID=CN12,Description="as the 1000 Genomes Project has it">',
        "##contig=<ID=HLA-A*01:01:01:01,length=3503>",
        "##assembly=ftp://user@host:8080/path/to/file.fastq",
        "##assembly=file.fa",
        "##pedigreeDB=<http://123.0.1.2:8080/db>",
        "##PEDIGREE=<Name_0=Some-thing,Name_1=Some.thing>",
        '##SAMPLE=<ID=S,Genomes=G1;G2,Mixture=N1;N2,Description="a;b">',
        '##whatever=<"free: text">',
    ],
)
def test_sound_lines_are_not_noted(line: str) -> None:
    assert told(line) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("##just text", "header-malformed"),
        ("##assembly=", "header-malformed"),
        ("##assembly=ftp://8080:8080/no/host", "header-malformed"),
        ("##pedigreeDB=<>", "header-malformed"),
        ("##contig=<length=1>", "header-malformed"),
        ("##contig=<ID=1 A>", "header-malformed"),
        ('##INFO=<Number=1,Type=Integer,Description="",ID=X>', "header-malformed"),
        ("##INFO=<ID=X,Number=1,Type=Integer,Description=bare>", "header-malformed"),
        ('##INFO=<ID=X,Number=0,Type=Integer,Description="">', "header-malformed"),
        ('##INFO=<ID=X,Number=N,Type=Integer,Description="">', "header-malformed"),
        ('##FORMAT=<ID=X,Number=0,Type=Flag,Description="">', "header-malformed"),
        ('##ALT=<ID=NONSENSE,Description="">', "header-malformed"),
        ('##ALT=<ID=DEL,Number=1,Type=String,Description="">', "header-malformed"),
        ("##PEDIGREE=<Name_0=a,Name_1=b c>", "header-malformed"),
        ('##SAMPLE=<ID=S,Mixture=N1;N2,Description="">', "header-malformed"),
        ('##INFO=<ID=AC,Number=1,Type=Integer,Description="">', "reserved-key"),
        ('##INFO=<ID=AC,Number=A,Type=Float,Description="">', "reserved-key"),
        ('##FORMAT=<ID=GT,Number=1,Type=Integer,Description="">', "reserved-key"),
    ],
)
def test_odd_lines_are_noted_once(line: str, reason: str) -> None:
    assert told("##source=x", line) == [(reason, 3)]
    assert REASONS[reason].verdict == "noted"


def test_what_a_version_says_is_held_against_that_version() -> None:
    line = '##FORMAT=<ID=AD,Number=1,Type=Integer,Description="">'
    assert told(line, version="4.2") == []
    assert told(line, version="4.3") == [("reserved-key", 2)]
    sample = '##SAMPLE=<ID=S,Assay=WholeGenome,Description="">'
    assert told(sample, version="4.2") == [("header-malformed", 2)]
    assert told(sample, version="4.3") == []
    assert told("##source=\x1f", version="4.2") == []
    assert told("##source=a\0b", version="4.3") == [("header-malformed", 2)]
    assert told("##source=a\tb", version="4.3") == []


def test_a_definition_given_twice_is_noted_and_the_first_one_counts() -> None:
    one = '##INFO=<ID=X,Number=1,Type=Integer,Description="">'
    two = '##INFO=<ID=X,Number=2,Type=Float,Description="">'
    found = header(one, two)
    assert [(d.reason, d.line) for d in found.defects] == [("header-malformed", 3)]
    assert found.info["X"]["Number"] == "1"


def test_a_contig_may_be_told_of_in_lines_that_agree() -> None:
    found = header("##contig=<ID=1>", "##contig=<ID=1,length=9>")
    assert found.defects == ()
    assert found.contigs["1"] == {"ID": "1", "length": "9"}
    assert told("##contig=<ID=1,length=8>", "##contig=<ID=1,length=9>") == [("header-malformed", 3)]


def test_format_without_a_sample_is_noted() -> None:
    found = header(columns=COLUMNS + "\tFORMAT")
    assert [(d.reason, d.line) for d in found.defects] == [("header-malformed", 2)]
    assert (found.has_format, found.samples) == (True, ())


def test_a_missing_or_strange_version_is_survived() -> None:
    found = parse_header(f"##source=x\n{COLUMNS}\n".encode(), Path("x.vcf"))
    assert [d.reason for d in found.defects] == ["fileformat-missing"]
    assert [d.reason for d in header(version="9.9").defects] == ["fileformat-unknown"]


@pytest.mark.parametrize(
    "columns",
    [
        "#CHROM\tPOSITION\tID\tREF\tALT\tQUAL\tFILTER\tINFO",
        COLUMNS + "\tFORMAT\tA\tA",
        COLUMNS + "\tFORMAT\tA\t",
        COLUMNS + "\tA",
    ],
)
def test_columns_that_cannot_be_read_refuse_the_file(columns: str) -> None:
    with pytest.raises(NotVCFError):
        header(columns=columns)
