"""Ends and lengths of structural variants: what is stated, what follows, and what does not."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from plain_vcf import vcf_text

from medallion import Lake

# REF, ALT, INFO: (END, SVLEN) up to VCF 4.3, (END, SVLEN) since 4.4. All stand at 1,000.
CASES = [
    ("A", "<DEL>", "SVLEN=-5", [(1005, -5)], [(1005, -5)]),
    ("A", "<DEL>", "SVLEN=5", [(1005, 5)], [(1005, 5)]),
    ("A", "<DEL>", "END=1007", [(1007, -7)], [(1007, 7)]),
    ("A", "<DEL:ME:ALU>", "END=1300;SVLEN=.", [(1300, -300)], [(1300, 300)]),
    ("A", "<DUP>", "END=1007", [(1007, 7)], [(1007, 7)]),
    ("A", "<DUP:TANDEM>", "SVLEN=76", [(1076, 76)], [(1076, 76)]),
    ("A", "<CN0>", "END=1050", [(1050, -50)], [(1050, 50)]),
    ("A", "<CN2>", "END=1050", [(1050, 50)], [(1050, 50)]),
    # Up to 4.3 SVLEN is a difference in length: of these it tells no stretch.
    ("A", "<CN3>", "END=1050", [(1050, None)], [(1050, 50)]),
    ("A", "<INV>", "END=1050", [(1050, None)], [(1050, 50)]),
    ("A", "<INV>", "SVLEN=50", [(None, 50)], [(1050, 50)]),
    ("A", "<CNV>", "SVLEN=50", [(None, 50)], [(1050, 50)]),
    ("A", "<CNV:TR>", "END=1050", [(1050, None)], [(1050, 50)]),
    ("A", "<INS>", "SVLEN=300", [(1000, 300)], [(1000, 300)]),
    ("ACG", "<INS:ME:L1>", ".", [(1002, None)], [(1002, None)]),
    ("A", "<INS>", "END=1000", [(1000, None)], [(1000, None)]),
    # What is stated stands, right or wrong.
    ("A", "<DEL>", "END=1009;SVLEN=-5", [(1009, -5)], [(1009, -5)]),
    ("A", "<DEL>", "END=900", [(900, None)], [(900, None)]),
    # Each allele has an end of its own, but of several none can be told from END.
    ("A", "<DEL>,<DUP>", "SVLEN=-5,9", [(1005, -5), (1009, 9)], [(1005, -5), (1009, 9)]),
    ("A", "<DEL>,G", "SVLEN=-5,.", [(1005, -5), (None, None)], [(1005, -5), (None, None)]),
    ("A", "<DEL>,<DUP>", "END=1009", [(1009, None), (1009, None)], [(1009, None), (1009, None)]),
    # Of other alleles the specification derives nothing.
    ("A", "A[1:2000[", "SVLEN=5", [(None, 5)], [(None, 5)]),
    ("A", "<DELETION>", "SVLEN=-5", [(None, -5)], [(None, -5)]),
    ("A", "<*>", "END=1009", [(1009, None)], [(1009, None)]),
    ("ACGT", "A", "END=1003", [(1003, None)], [(1003, None)]),
    ("A", "C", ".", [(None, None)], [(None, None)]),
    # What would lie behind the last position there is.
    ("A", "<DEL>", "SVLEN=-2147483000", [(None, -2147483000)], [(None, -2147483000)]),
]  # fmt: skip


@pytest.mark.parametrize("version", [None, 1, 2, 3, 4, 5])
def test_ends_and_lengths_follow_from_each_other(version: int | None, tmp_path: Path) -> None:
    vcf = tmp_path / "a.vcf"
    # An ID each, for symbolic alleles of one position may all be the same.
    rows = [f"1 1000 v{i} {c[0]} {c[1]} . . {c[2]}" for i, c in enumerate(CASES)]
    first = "" if version is None else f"##fileformat=VCFv4.{version}\n"
    vcf.write_text(first + vcf_text(rows, ()).split("\n", 1)[1], encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    found = lake.scan("silver.variants").sort("record", "alt_index").collect()
    told = {
        name[0]: list(zip(some["sv_end"], some["sv_length"], strict=True))
        for name, some in found.partition_by("id", as_dict=True, maintain_order=True).items()
    }
    place = 4 if (version or 3) >= 4 else 3
    assert told == {f"v{i}": case[place] for i, case in enumerate(CASES)}
    quarantined = lake.scan("silver.defects").filter(pl.col("verdict") == "quarantined")
    assert quarantined.collect().is_empty()
