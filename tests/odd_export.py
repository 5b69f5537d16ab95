"""A lake of records that are awkward to export."""

from __future__ import annotations

import pytest
from plain_vcf import vcf_text

from medallion import Lake

ODD = vcf_text(
    [
        "1 100 =cmd() A C,G 7.5 PASS AC=9,9;DB;AF_EUR=0.5;XX=a=b;YY=1;ZZ GT 0|1 1|2 ./1",
        "1 200 . A C . q10;odd . GT ./. 0/. .",
        "1 300 +1 A C 100 . DB GT 0 1 .",
        "1 400 . A . . . AN=7 GT 0/0 0/0 ./.",
        "1 600 . A <DEL>,* . . END=700 GT:DP 0/1:3 2/2 ./.:.",
        "1 650 . AT A . . . DP 1 2 3",
        "X 50 @x A C . . . GT 0/1 1 ./.",
    ],
    ("one", "two", "three"),
    extra=[
        "##contig=<ID=1>",
        '##FILTER=<ID=q10,Description="Low">',
        '##INFO=<ID=AC,Number=.,Type=String,Description="Wrong">',
        '##INFO=<ID=AF_EUR,Number=1,Type=Float,Description="Stated">',
        '##INFO=<ID=DB,Number=0,Type=Flag,Description="Flag">',
        '##INFO=<ID=XX,Number=1,Type=String,Description="Text">',
        '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
        '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    ],
)
WHO = {"one": ("GBR", "EUR"), "two": ("FIN", "EUR"), "three": ("YRI", "AFR")}


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A small lake of odd records. For reading only."""
    folder = tmp_path_factory.mktemp("odd")
    (folder / "odd.vcf").write_text(ODD, encoding="utf-8")
    table = "sample\tpop\n" + "".join(f"{s}\t{p}\n" for s, (p, _) in WHO.items())
    (folder / "samples.tsv").write_text(table, encoding="utf-8")
    lake = Lake(folder / "lake", vcf=[folder / "odd.vcf"], samples=folder / "samples.tsv")
    lake.build("gold")
    return lake
