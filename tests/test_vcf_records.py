"""Lines judged one by one: what is quarantined, for which reason, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion.vcf.header import parse_header
from medallion.vcf.records import Batch, RecordReader

WIDE = 40  # samples enough for the shapes of cells to be looked at
HEAD = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"
FORMATS = [
    '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="">',
    '##FORMAT=<ID=AB,Number=1,Type=Float,Description="">',
    '##FORMAT=<ID=PL,Number=G,Type=Integer,Description="">',
    '##FORMAT=<ID=TX,Number=1,Type=String,Description="">',
]


def read(*lines: bytes, samples: int = 1, version: str = "4.2") -> Batch:
    columns = "\t".join(["", "FORMAT", *(f"s{i}" for i in range(samples))]) if samples else ""
    text = "\n".join([f"##fileformat=VCFv{version}", *FORMATS, HEAD + columns]) + "\n"
    reader = RecordReader(parse_header(text.encode(), Path("x.vcf")), 1)
    reader.feed(b"\n".join(lines) + b"\n")
    return reader.batch()


def line(form: str, *cells: bytes, alt: str = "C") -> bytes:
    return b"\t".join([f"1\t10\t.\tA\t{alt}\t.\t.\t.\t{form}".encode(), *cells])


def reasons(batch: Batch) -> list[tuple[str, str | None]]:
    assert len(batch.sites) + len(batch.defects) == batch.n_records
    return [(d.reason, d.field) for d in batch.defects]


def wide(form: str, last: bytes, rest: bytes, version: str = "4.2") -> list[str]:
    """Reasons for a record whose last sample differs; the same ones with few samples as many."""
    found = []
    for samples in (1, 2, WIDE):
        cells = [rest] * (samples - 1) + [last]
        found.append(reasons(read(line(form, *cells), samples=samples, version=version)))
    assert found[0] == found[1] == found[2]
    return [reason for reason, _ in found[0]]


SITE = [b"1", b"10", b"rs1", b"A", b"C", b"5", b"PASS", b"DP=1"]


@pytest.mark.parametrize("control", [b"\0", b"\x01", b"\x0b", b"\x1f", b"\r"])
@pytest.mark.parametrize("column", range(8))
@pytest.mark.parametrize("samples", [0, 1])
def test_a_control_character_in_the_site(column: int, control: bytes, samples: int) -> None:
    fields = SITE + [b"GT", b"0|1"] * samples
    spoilt = [*fields[:column], fields[column] + control, *fields[column + 1 :]]
    # A CR is the line's end where nothing but the newline follows.
    ending = b"" if samples or control != b"\r" or column < 7 else b" "
    lines = [b"\t".join(fields), b"\t".join(spoilt) + ending]
    batch = read(*lines, samples=samples)
    name = HEAD[1:].split("\t")[column]
    assert reasons(batch) == [("control-character", name)]
    (defect,) = batch.defects
    place = len(b"\t".join(spoilt[: column + 1]))
    assert defect.detail == (
        f"byte {place} of the line, in column {column + 1}, is {control[0]:#04x}"
    )
    assert defect.line == 1 + len(FORMATS) + 1 + 2


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("GT", b"0|1\0"), ("GT", b"1\0\0"), ("GT", b"0\0\0"), ("GT", b"0|\0"), ("GT", b"\0|1"),
        ("GT", b"\0"), ("GT", b"1\0"), ("GT", b"0|1\x02"), ("GT", b"\r0|1"), ("GT:DP", b"0|1\0:3"),
        ("GT:DP", b"0|1:3\0"), ("GT:DP", b"0|1:\x01"), ("GT:TX", b"0|1:a\x1fb"), ("DP", b"3\0"),
        ("TX", b"a\x02"), ("TX", b"\0"), ("GT\0", b"0|1"), ("GT:D\x01P", b"0|1:3"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rest", [b"0|0", b"0/0", b"0", b"."])
def test_a_control_character_among_the_samples(form: str, cell: bytes, rest: bytes) -> None:
    plain = rest if form.startswith("GT") else b"."
    assert wide(form, cell, plain) == ["control-character"]


@pytest.mark.parametrize("cells", [[b"0|1\0\0", b"."], [b".", b"0|1\0\0"], [b"0|1\0", b"0|"]])
def test_a_control_character_in_a_line_that_is_as_wide_as_others(cells: list[bytes]) -> None:
    plain = line("GT", *([b"0|1"] * WIDE)).replace(b"\t10\t", b"\t9\t")
    odd = line("GT", *cells, *([b"0|0"] * (WIDE - 2)))
    assert reasons(read(plain, odd, samples=WIDE)) == [("control-character", None)]


def test_a_tab_and_a_delete_are_no_control_characters_nor_is_the_lines_end() -> None:
    kept = [line("GT:TX", b"0|1:\x7f"), line("GT", b"0|1").replace(b"\t10\t", b"\t11\t") + b"\r"]
    assert reasons(read(*kept)) == []


@pytest.mark.parametrize(
    ("form", "cell", "reason"),
    [
        ("GT:DP", b"0|1:9|9", "format-definition"),
        ("GT:DP", b"0|1:102+", "format-definition"),
        ("GT:DP", b"0|1:1/2", "format-definition"),
        ("GT:DP", b"0|1:7 ", "format-definition"),
        ("GT:AB", b"0|1:0|1", "format-definition"),
        ("GT:DP", b"0|1:1,2", "format-definition"),
        ("GT:AD", b"0|1:1,2,3", "format-definition"),
        ("GT:AD:PL", b"0/1:1,2:1,2", "format-definition"),
        ("GT:PL", b"1:1,2,3", "format-definition"),
        ("GT:DP", b"0|1:1:1", "sample-malformed"),
        ("GT:DP", b"0|2:1", "allele-out-of-range"),
        ("GT:DP", b"0|:1", "genotype-unreadable"),
        ("DP:GT", b"1:0|1", "genotype-not-first"),
        ("GT:<D", b"0|1:1", "format-malformed"),
        ("DP", b"", "sample-malformed"),
        ("TX:DP", b"", "sample-malformed"),
        ("[GT", b"0|1", "format-malformed"),
    ],
)
def test_a_sample_that_breaks_a_rule(form: str, cell: bytes, reason: str) -> None:
    plain = b"0|0" if form.startswith("GT") else b"."
    assert wide(form, cell, plain) == [reason]


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("GT:DP", b"0|1:+5"), ("GT:DP", b"0|1:."), ("GT:DP", b"0|1"), ("GT:DP", b"0/1:7"),
        ("GT:AB", b"0|1:1e-05"), ("GT:AB", b"0|1:nan"), ("GT:AD", b"0|1:."), ("GT:AD", b"0|1:1,2"),
        ("GT:PL", b"0|1:1,2,3"), ("GT:PL", b"1:1,2"), ("GT:PL", b"./.:."), ("GT:PL", b".:1,2,3"),
        ("GT:PL", b"0|1|1:1,2,3,4"), ("PL", b"1,2,3"), ("PL", b"1,2"), ("GT:TX", b"0|1:9|9_A/C"),
        ("TX", b"9|9"), (".", b"."),
    ],
)  # fmt: skip
def test_a_sample_that_breaks_none(form: str, cell: bytes) -> None:
    plain = b"0|0" if form.startswith("GT") else b"."
    assert wide(form, cell, plain) == []


def test_too_few_columns_are_told_even_where_format_is_none() -> None:
    shifted = line("0|1", b"0|1")
    assert reasons(read(shifted, samples=2)) == [("column-count", None)]


def site(version: str = "4.2", **changed: str) -> list[str]:
    """Codes that a record has whose columns are sound but for those `changed`."""
    columns = dict(zip(HEAD[1:].split("\t"), (f.decode() for f in SITE), strict=True)) | changed
    return [r for r, _ in reasons(read("\t".join(columns.values()).encode(), samples=0,
                                       version=version))]  # fmt: skip


@pytest.mark.parametrize("value", ["CSQ=C|missense variant|GENE", "NOTE=two words;DP=3"])
def test_a_value_in_info_may_hold_spaces_from_4_3_on(value: str) -> None:
    assert site("4.2", INFO=value) == ["info-malformed"]
    for version in ("4.3", "4.4", "4.5"):
        assert site(version, INFO=value) == []
        assert site(version, INFO="two words") == ["info-malformed"]


@pytest.mark.parametrize("alt", ["A<ctg1>", "C<ctg1>", "<DEL>", "<*>", "C,<NON_REF>", "*,C"])
def test_alleles_of_the_specification(alt: str) -> None:
    assert site(ALT=alt) == []


@pytest.mark.parametrize(
    ("ref", "alt"), [("A", "A"), ("A", "a"), ("n", "N"), ("AC", "ac"), ("A", "c,C"), ("A", "C,C"),
                     ("A", "<*>,<*>"), ("A", "*,*"), ("A", "A]2:3],A]2:3]")]
)  # fmt: skip
def test_an_allele_that_stands_twice_in_a_record(ref: str, alt: str) -> None:
    assert site(REF=ref, ALT=alt) == ["alt-repeated"]


@pytest.mark.parametrize("alt", ["<DEL>,<DEL>", "<CNV>,C,<CNV>", "<CNV:TR>,<CNV:TR>"])
def test_symbols_that_info_tells_apart_may_stand_twice(alt: str) -> None:
    assert site(REF="A", ALT=alt) == []


def test_a_key_that_stands_twice_with_two_values() -> None:
    assert site(INFO="DP=1;DP=2") == ["info-repeated"]


def test_a_spanning_deletion_may_be_told_of_again() -> None:
    rows = [b"\t".join([*SITE[:4], alt, *SITE[5:]]) for alt in (b"C,*", b"G,*", b"T,c")]
    assert reasons(read(*rows, samples=0)) == [("duplicate", "ALT")]


def test_more_alleles_than_can_be_counted_are_told_of() -> None:
    batch = read(line("GT", b"/".join([b"0"] * 128)), line("GT", b"/".join([b"0"] * 127)))
    assert reasons(batch) == [("genotype-unreadable", "GT")]
    assert "at most 127" in batch.defects[0].detail


def test_an_empty_genotype_is_not_taken_for_the_reference_call_of_its_column() -> None:
    """Found by fuzzing: six times 0, too long for a code of its own and met nowhere, had that
    of nothing."""
    lines = [line("GT", b"0|0", cell) for cell in (b"1|1|1|1|1|1", b"")]
    assert reasons(read(*lines, samples=2)) == [("genotype-unreadable", "GT")]


def test_a_blank_line_costs_a_line() -> None:
    batch = read(b"\t".join(SITE), b"", samples=0)
    assert reasons(batch) == [("blank-line", None)]


def test_a_file_with_format_and_no_samples() -> None:
    """Its lines have nine columns, whichever FORMAT they name."""
    reader = RecordReader(
        parse_header(f"##fileformat=VCFv4.2\n{HEAD}\tFORMAT\n".encode(), Path("x.vcf")), 1
    )
    formats = [b"GT", b"DP", b"GT", b"GT:DP", b"GT\textra", b"GT", b"GTX", b""]
    lines = [b"\t".join([*SITE[:1], b"%d" % pos, *SITE[2:], f])
             for pos, f in enumerate(formats, 1)]  # fmt: skip
    reader.feed(b"\n".join(lines) + b"\n")
    batch = reader.batch()
    assert reasons(batch) == [("column-count", None), ("format-malformed", "FORMAT")]
    assert batch.sites["pos"].to_list() == [1, 2, 3, 4, 6, 7]
    assert not batch.sites["has_gt"].any()
