"""Values whose number a sample or another key tells: P, LA, LR, LG, M, and tandem repeats.

Examples are those of VCFv4.4 and VCFv4.5 where they have some; where they say nothing, or two
things, nothing is judged.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from medallion.vcf.counts import modifiable
from medallion.vcf.header import parse_header
from medallion.vcf.records import RecordReader

WIDE = 40  # samples enough for the shapes of cells to be looked at
MODIFIED = ("M5", "MXao", "HALF", "LAST")
HEADER = (
    '##INFO=<ID=OF,Number=.,Type=Integer,Description="">',
    '##FORMAT=<ID=PSO,Number=P,Type=Integer,Description="">',
    '##FORMAT=<ID=OWN,Number=P,Type=Integer,Description="">',
    '##FORMAT=<ID=WORDS,Number=P,Type=String,Description="">',
    '##FORMAT=<ID=LAX,Number=LA,Type=Integer,Description="">',
    '##FORMAT=<ID=HALF_C,Number=M,Type=Float,Description="">',
    '##FORMAT=<ID=LAST_E,Number=M,Type=Float,Description="">',
)


def reasons(
    *cells: str, form: str = "GT", alt: str = "C", info: str = ".", version: int = 5,
    header: tuple[str, ...] = HEADER,
) -> list[tuple[str, str | None]]:  # fmt: skip
    """Why a record of these cells is quarantined; REF is C where bases are modified, else A."""
    ref = "C" if any(key in form for key in MODIFIED) else "A"
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    columns += [f"s{i}" for i in range(len(cells))]
    head = [f"##fileformat=VCFv4.{version}", *header, "\t".join(columns)]
    reader = RecordReader(parse_header("\n".join([*head, ""]).encode(), Path("x.vcf")), 1)
    record = ["1", "10", ".", ref, alt, ".", ".", info, form, *cells]
    reader.feed("\t".join(record).encode() + b"\n")
    batch = reader.batch()
    assert len(batch.sites) + len(batch.defects) == 1
    return [(d.reason, d.field) for d in batch.defects]


FITTING = [
    ("GT:PSL", "|0/1:chr9*5*1,.", "C", 4), ("GT:PSL", "|1/2|3:c*10*1,.,c*5*1", "C,G,T", 4),
    ("GT:PSL:PSQ", "/0/0|0|1:.,.,c*10*1,c*10*1:.,.,4,1", "C", 4), ("GT:PSL", "0|1:.", "C", 4),
    ("GT:OWN", "0:1", "C", 4), ("GT:OWN", "./1:1,2", "C", 4), ("GT:OWN", ".:1,2", "C", 4),
    ("GT:OWN", "./.:1", "C", 4), ("OWN", "1,2,3", "C", 4), ("GT:OWN", "0/0/0/1:1,2,.,4", "C", 5),
    ("GT:WORDS", "0/1:Tom, Dick, and Harry", "C", 4), ("GT:OWN", "0/1:1,2,3", "C", 3),
    ("GT:LAA:LAD:LPL", "2/4:2,4:20,30,10:90,80,0,100,110,120", "G,C,T,<*>", 5),
    ("GT:LAA:LAD:LPL", "0/3:3:15,25:40,0,80", "C,G,T,<*>", 5),
    ("GT:LAA:LAD:LPL", "0/0::30:0", "C,G,T,<*>", 5), ("GT:LAA:LAD", "0/0:.:30", "C,G", 5),
    ("GT:LAA:LAD:LPL", "0:1:3,4:5,6", "C,G", 5), ("GT:LAA:LAD:LPL", "0:.:3:6", "C,G", 5),
    ("GT:LAA:LPL", "0/0/1:1:1,2,3,4", "C,G", 5), ("GT:LAA:LEC:LAX", "0/1:1,2:3,4:5,.", "C,G", 5),
    ("GT:LAA:LEC", "0/0:.:.", "C,G", 5), ("GT:LAD:LPL", "0/1:1,2,3,4:1", "C", 5),
    ("LAA:LPL", "1:1,2,3", "C,G", 5), ("LAA:LPL", "1:1,2", "C,G", 5),
    ("GT:LAA:LPL", "./.:1:1", "C,G", 5), ("GT:LAA:LAD", "0/1:1:1,2,3", "C,G", 4),
    ("GT:M5mC", "0/1:0.95", "A", 5), ("GT:M5mC", "0/1:0,0.5,0.7", "CTAG", 5),
    ("GT:M5mC:M5hmC", "0|0:0.9,0:0,0.1", ".", 5), ("GT:M5mC", "0|0:.", "A", 5),
    ("GT:M5mC", "/3|1/0|4|0/0/3/1:0.25,0.1,0.5,0.6,.", "A,T,G,ACG", 5),
    ("GT:DPM5mC:ADM5mC", "0|0:4,.:3,.", ".", 5), ("GT:HALF_C", "1|1:0,1", "g", 5),
    ("GT:LAST_E", "1|1:0,1,0", "g", 5), ("GT:M5mC", "0/0:0,1,0.5,0.2", "<*>", 5),
    ("GT:M5mC", "./.:0,1,0", "A", 5), ("M5mC", "0,1,0", "A", 5), ("GT:M5mC", "1/1:1,1", "N", 5),
    ("GT:M5hmU", "0/1:0", "A", 5), ("GT:MXaoN", "0/1:0,1,.,.", "G", 5),
    ("GT:M5mC", "0|.:1", "A", 5), ("GT:M5mC", "1/1:0.5", "A[1:9[", 5),
]  # fmt: skip


@pytest.mark.parametrize(("form", "cell", "alt", "version"), FITTING)
def test_as_many_values_as_the_sample_has(form: str, cell: str, alt: str, version: int) -> None:
    for cells in ([cell], [cell] * WIDE):
        assert reasons(*cells, form=form, alt=alt, version=version) == []


@pytest.mark.parametrize(
    ("form", "cell", "alt", "version"),
    [
        ("GT:PSL", "|0/1:chr9*5*1", "C", 4), ("GT:PSL", "|0/1:chr9*5*1,.,.", "C", 4),
        ("GT:PSO", "0:1,2", "C", 4), ("GT:PSQ", "0/1/1:1,2", "C", 4), ("GT:OWN", "./1:1", "C", 4),
        ("GT:LAA:LAD", "2/4:2,4:20,30", "G,C,T,<*>", 5), ("GT:LAA:LAD", "0/0::1,2,3", "C", 5),
        ("GT:LAA:LPL", "0/3:3:40,0", "C,G,T,<*>", 5), ("GT:LAA:LPL", "0:1:1,2,3", "C,G", 5),
        ("GT:LAA:LEC", "0/1:1:3,4", "C,G", 5), ("GT:LAA:LAX", "0/1:1,2:3", "C,G", 5),
        ("LAA:LPL", "1:1,2,3,4", "C,G", 5), ("GT:LAA:LAD", "0/1:.:1,2,3", "C,G", 5),
        ("GT:M5mC", "0/1:0.95,0.5", "A", 5), ("GT:M5mC", "1/1:0.5", "A", 5),
        ("GT:M5mC", "0|0:0.5", "A", 5), ("GT:DPM5mC", "0/1:0,5", "CTAG", 5),
        ("GT:M5mC", "/3|1/0|4|0/0/3/1:0.25,0.1,0.5,0.6", "A,T,G,ACG", 5),
        ("GT:HALF_C", "0|1:1", "G", 5), ("GT:MXaoN", "0/1:0,1", "G", 5),
    ],
)  # fmt: skip
def test_other_numbers_of_values_are_told(form: str, cell: str, alt: str, version: int) -> None:
    field = f"FORMAT/{form.rsplit(':', maxsplit=1)[-1]}"
    for cells in ([cell], [*["."] * (WIDE - 1), cell]):
        told = reasons(*cells, form=form, alt=alt, version=version)
        assert told == [("format-definition", field)]


def test_a_header_that_gives_any_number_is_taken_at_its_word() -> None:
    header = tuple(
        f'##FORMAT=<ID={key},Number=.,Type={kind},Description="">'
        for key, kind in (("PSL", "String"), ("LAD", "Integer"), ("M5mC", "Float"))
    )
    cell = "0/1:1:x,y,z:1,2,3,4:0,0,0"
    assert reasons(cell, form="GT:LAA:PSL:LAD:M5mC", alt="G", header=header) == []


@pytest.mark.parametrize(
    ("genotype", "letter", "bases"),
    [
        (b"0/0", "C", 2), (b"0|0", "C", 4), (b"|0/0", "C", 4), (b"/0|0", "C", 4), (b"0", "C", 2),
        (b"0/1|1", "C", 4), (b"1|1|0", "T", 4), (b"0/1", "N", 12), (b"1/.", "A", 1),
        (b"0|1", "U", 3), (b"./.", "C", None), (b"2/0", "C", None), (b"0/", "C", None),
        (b"0/1", "E", None), (b"0/" + b"9" * 5000, "C", None),
    ],
)  # fmt: skip
def test_bases_that_may_be_modified(genotype: bytes, letter: str, bases: int | None) -> None:
    """REF has two bases of either pair, ALT one."""
    assert modifiable([b"ACtg", b"Ac"], genotype, letter) == bases


REPEATS = [
    ("<CNV:TR>,<CNV:TR>", "RN=1,3;RUS=CAG,CAG,CA,CAG;RB=90,15,2,12"),
    ("<CNV:TR>,<CNV:TR>", "RN=2,1;RUS=CAG,TTG,CA;RUL=3,3,2;RUC=3,2,3;RB=9,6,6"),
    ("<CNV:TR>,<CNV:TR>", "RUL=3,2;RUC=4,2.5;CIRUC=-1,1,.,.;CIRB=0,0,-2,2;RB=12,5"),
    ("<CNV:TR>,C", "RN=1,.;RUS=CAG;RUC=3"), ("C,<CNV:TR>", "RUS=cag;RUC=3"),
    ("<CNV:TR>", "RUL=10000;RUC=3;RUB=10000,10500,11000;CIRB=-5,5"),
    ("<CNV:TR>", "RN=2;RUS=.,;RUC=.,1;RUB=7,8,9"), ("<CNV:TR>", "RN=+2;RUS=NNRY,A"),
    ("<CNV:TR>", "RN=2;RUL=4,5;RUC=1,2.0;RUB=4,5,5"), ("<CNV:TR>", "RUC=2;RUB=.,4,5"),
    # Clear of none of these: whether a list is to be held to anything.
    ("<CNV:TR>,<CNV:TR>", "RN=1,.;RUS=CAG,CA"), ("<CNV:TR>,<CNV:TR>", "RN=.,3;RUS=.,CAG,CA,CAG"),
    ("<CNV:TR>,C", "RN=1,1;RUS=CAG"),
    ("<CNV:TR>", "RN=.;RUS=CAG,CA"), ("<CNV:TR>", "RN;RUS=CAG,CA"), ("<CNV:TR>", "RN=0;RUS=CAG"),
    ("<CNV:TR:X>", "RUS=CAG,CA"), ("C", "RUS=CAG,CA"), ("<CNV>", "RUS=CAG,CA"), ("C", "RN=5;RB=1"),
    ("<CNV:TR>", "RN=2;CIRUC=-1,1"), ("<CNV:TR>", "RUC=2.5;RUB=1,2,3"), ("<CNV:TR>", "RUB=1,2,3"),
]  # fmt: skip


@pytest.mark.parametrize(("alt", "info"), REPEATS)
def test_lists_of_repeats_that_are_as_long_as_they_should_be(alt: str, info: str) -> None:
    assert [reasons("0/0", alt=alt, info=info, version=v) for v in (3, 4, 5)] == [[], [], []]


@pytest.mark.parametrize(
    ("alt", "info", "key"),
    [
        ("<CNV:TR>,<CNV:TR>", "RN=1,3;RUS=CAG,CAG,CA", "RUS"), ("<CNV:TR>", "RUS=CAG,CA", "RUS"),
        ("<CNV:TR>,C", "RN=2,.;RUL=3", "RUL"), ("<CNV:TR>,<CNV:TR>", "RUC=3", "RUC"),
        ("<CNV:TR>", "RN=2;RB=9,6,6", "RB"), ("<CNV:TR>", "RUC=3;CIRUC=-1,1,2", "CIRUC"),
        ("<CNV:TR>", "RN=3;CIRB=-1,1", "CIRB"), ("<CNV:TR>", "RUC=3;RUB=5,6", "RUB"),
        ("<CNV:TR>", "RN=2;RUC=3,1;RUB=5,6,7", "RUB"),
    ],
)  # fmt: skip
def test_lists_of_repeats_of_another_length_are_told(alt: str, info: str, key: str) -> None:
    told = [("info-definition", f"INFO/{key}")]
    assert [reasons("0/0", alt=alt, info=info, version=v) for v in (3, 4, 5)] == [[], told, told]


def test_lists_of_repeats_of_a_number_of_the_headers_own() -> None:
    header = ('##INFO=<ID=RUS,Number=2,Type=String,Description="">',)
    assert reasons("0/0", alt="<CNV:TR>", info="RUS=CAG,CA", header=header) == []


@pytest.mark.parametrize(("alt", "claim"), [
    ("<DEL>,G,<INS>", "DJ,.,J"), ("<DEL>", "D"), ("<CNV>,C", "D,"), ("C,<DUP>", ",J"),
    ("<DEL>", "."),
])  # fmt: skip
def test_claims(alt: str, claim: str) -> None:
    assert reasons("0/0", alt=alt, info=f"SVCLAIM={claim}", version=4) == []


@pytest.mark.parametrize("claim", ["X", "JD", "d", "D|J", "DJ ", "1"])
def test_claims_that_are_none(claim: str) -> None:
    told = [("info-definition", "INFO/SVCLAIM")]
    assert reasons("0/0", alt="<DEL>", info=f"SVCLAIM={claim}", version=4) == told
    assert reasons("0/0", alt="<DEL>", info=f"SVCLAIM={claim}", version=3) == []
    header = ('##INFO=<ID=SVCLAIM,Number=1,Type=Integer,Description="">',)
    assert reasons("0/0", alt="<DEL>", info="SVCLAIM=1", version=4, header=header) == []


@pytest.mark.parametrize("unit", ["CAG4", "(CAG)n", "X", "C-G"])
def test_units_that_are_no_bases(unit: str) -> None:
    told = [("info-definition", "INFO/RUS")]
    assert reasons("0/0", alt="<CNV:TR>", info=f"RUS={unit}", version=4) == told
