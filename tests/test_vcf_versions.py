"""What each version of VCF allows and those before it do not, a small file for each.

The specifications are those of samtools/hts-specs, VCFv4.1 to VCFv4.5, read feature by
feature with their lists of changes. What a version allows is kept without a remark and can be
rebuilt to the letter; what it forbids is quarantined or noted.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pytest
from plain_vcf import assert_lossless, rebuilt, split_file
from real_data import tool

from medallion import Lake
from medallion.errors import UsageError

SITE = "#CHROM POS ID REF ALT QUAL FILTER INFO"


@dataclass(frozen=True)
class Case:
    """A file of VCF 4.`version`; blanks of `lines` part columns, and `~` stands for a blank.

    `samples` are those of the #CHROM line. `theirs`: bcftools 1.16 reads its genotypes alike.
    """

    name: str
    version: int
    lines: tuple[str, ...]
    header: tuple[str, ...] = ()
    samples: tuple[str, ...] = ("A", "B")
    theirs: bool = True

    def text(self) -> str:
        columns = [SITE, *(("FORMAT", *self.samples) if self.samples else ())]
        body = [" ".join(columns), *self.lines]
        tabbed = [line.replace(" ", "\t").replace("~", " ") for line in body]
        return "\n".join([f"##fileformat=VCFv4.{self.version}", *self.header, *tabbed, ""])

    def __str__(self) -> str:
        return f"4.{self.version} {self.name}"


def info(key: str, number: str, kind: str) -> str:
    return f'##INFO=<ID={key},Number={number},Type={kind},Description="d">'


def fmt(key: str, number: str, kind: str) -> str:
    return f'##FORMAT=<ID={key},Number={number},Type={kind},Description="d">'


LOCAL = (
    fmt("GT", "1", "String"), fmt("LAA", ".", "Integer"), fmt("LAD", "LR", "Integer"),
    fmt("LPL", "LG", "Integer"),
)  # fmt: skip
REPEATS = (
    '##ALT=<ID=CNV:TR,Description="d">', info("SVLEN", "A", "Integer"), info("CN", "A", "Float"),
    info("RN", "A", "Integer"), info("RUS", ".", "String"), info("RUL", ".", "Integer"),
    info("RUC", ".", "Float"), info("RB", ".", "Integer"), info("CIRUC", ".", "Float"),
    info("CIRB", ".", "Integer"), info("RUB", ".", "Integer"),
    fmt("GT", "1", "String"), fmt("PS", "1", "Integer"), fmt("CN", "1", "Float"),
)  # fmt: skip

LEGAL = (
    Case("any ploidy", 1, ("1 1 . A C . . . GT 0/0/1 0", "1 2 . A C . . . GT 0/1/.|1 .")),
    Case("two deletions of one start", 1,
         ("1 1 . A <DEL>,<DEL> . . SVLEN=-100,-110;IMPRECISE GT 0/1 1/2",),
         (info("SVLEN", ".", "Integer"), '##ALT=<ID=DEL,Description="d">')),
    Case("copy number likelihoods, one for each copy number", 1,
         ("1 1 . A <CNV> . . END=9 CN:CNQ:CNL 2:9.5:-9,-5,-0.1,-7 3:1.5:-9,-5,-7,-0.1",),
         (fmt("CN", "1", "Integer"), fmt("CNQ", "1", "Float"), fmt("CNL", ".", "Float")),
         theirs=False),
    Case("Number=R and the star", 2, ("1 1 . A C,* . . X=1,2,3 GT 0/2 1/2",),
         (info("X", "R", "Integer"),)),
    Case("percent encoding", 3,
         ("1 1 . A C . . X=a%3Bb%3Dc%2Cd%25;Y=%0A%09 GT:Z 0/1:a%3Ab .:%25",),
         (info("X", "1", "String"), info("Y", "1", "String"), fmt("Z", "1", "String"))),
    Case("blanks and letters of any script in values", 3, ("1 1 . A C . . X=é~ü~漢 GT 0/1 1|1",),
         (info("X", "1", "String"),)),
    Case("names of contigs as in SAM", 3,
         ("HLA-A*01:01:01:01 1 . A C . . . GT 0/1 1|1", "a|b:c=d 1 . A C . . . GT 0/0 0|1"),
         ("##contig=<ID=HLA-A*01:01:01:01,length=9>", "##contig=<ID=a|b:c=d>")),
    Case("any other allele", 3,
         ("1 4370 . G <*> . . END=4383 GT:DP 0/0:25 0/0:25",
          "1 4389 . T TC,<*> . . . GT:PL 0/1:51,0,36,93,92,86 0/0:0,52,95,66,95,97",
          "1 4390 . C *,<*>,<DEL> . . END=4390 GT 0/1 3|2")),
    Case("symbols of any name", 3, ('1 1 . A <R>,<ctg1>,<My-own!"#> . . . GT 0/1 2|3',),
         ('##ALT=<ID=R,Description="IUPAC code R = A/G">', '##ALT=<ID=ctg1,Description="d">',
          '##ALT=<ID=My-own!"#,Description="d">')),
    Case("the least and the greatest whole number", 3,
         ("1 1 . A C . . X=-2147483640 GT 0/1 1|1", "1 2 . A C . . X=2147483647 GT 0/1 1|1",
          "1 3 . A C . . X=0000000000001 GT 0/1 1|1"), (info("X", "1", "Integer"),)),
    Case("phenotypes, parents, what a program adds", 3, ("1 1 . A C . . . GT 0/1 1|1",),
         ("##META=<ID=Assay,Type=String,Number=.,Values=[WholeGenome, Exome]>",
          '##SAMPLE=<ID=A,Assay=Exome,Description="d",DOI=url>',
          "##PEDIGREE=<ID=A,Father=B,Mother=C>", "##pedigreeDB=http://a.org/b",
          '##INFO=<ID=X,Number=1,Type=Float,Description="d",Source="s",Version="1">',
          "##source=<no list of pairs")),
    Case("numbers that are none", 3,
         ("1 1 . A C InF . X=-INFINITY,nan,.5,1e-9,+2 GT:Y 0/1:NaN 1|1:-inf",),
         (info("X", ".", "Float"), fmt("Y", "1", "Float"))),
    Case("copy numbers' posteriors", 3,
         ("1 1 . A <CNV> . . END=9 GT:CN:CNP ./.:3:0,0.1,0.2,0.6,0.1 ./.:2:0,0,1",),
         (fmt("CN", "1", "Integer"), fmt("CNP", "G", "Float"))),
    Case("a phase ahead of the first allele", 4,
         ("1 1 . A C . . . GT /0/1 |0|1", "1 2 . A C . . . GT |0 /1",
          "1 3 . A C . . . GT |0|0 /./.", "1 4 . A C . . . GT |0/0/0 |0/1|.",
          "1 5 . A C,G,T . . . GT /3|1/0|2|0/0/3/1 |."),
         theirs=False),
    Case("phase sets of alleles", 4,
         ("1 5 . T G . PASS DP=9 GT:PSL |0/1:chr9*5*1,. 0/0:.",
          "1 10 . A T,G,C . PASS DP=9 GT:PSL:PSO:PSQ |1/2|3:c*10*1,.,c*5*1:.,.,3:9,.,9 0/0"),
         (fmt("GT", "1", "String"), fmt("PSL", "P", "String"), fmt("PSO", "P", "Integer"),
          fmt("PSQ", "P", "Integer")), theirs=False),
    Case("several symbols of a record, and what is claimed of each", 4,
         ("1 5 . T <DEL>,G,<INS> . . SVLEN=9,.,30;SVCLAIM=DJ,.,J;CIPOS=-5,5,.,.,0,0 GT 0/1 2|3",
          "1 6 . T A[1:9[,<INS> . . SVLEN=.,30;SVCLAIM=.,J;EVENT=,b GT 0/1 ./.",
          "1 7 . T A[1:9[,<INS> . . EVENT=,;MATEID=a, GT 0/1 ./."),
         (info("SVLEN", "A", "Integer"), info("SVCLAIM", "A", "String"),
          info("CIPOS", ".", "Integer"), info("EVENT", "A", "String"),
          info("MATEID", "A", "String"))),
    Case("copy numbers of alleles", 4,
         ("1 100 . T <CNV>,<CNV> . . SVLEN=30,30;CN=1,2 GT:CN 1/2:3 .:3",),
         (info("CN", "A", "Float"), fmt("CN", "1", "Float"))),
    Case("tandem repeats", 4,
         ("1 100 . T <CNV:TR>,<CNV:TR> . . CN=3,0.9666;RUS=CAG,CAG,CA,CAG;RN=1,3 GT:CN 1|2:4 .",
          "1 100 . T <CNV:TR> . . SVLEN=30 GT:PS:CN 1|1:100:3.9666 ./.",
          "1 100 . T <CNV:TR>,C . . SVLEN=30,.;CN=3,.;RUS=CAG;RN=1,.;RB=90 GT 1|2 ./.",
          "1 101 . T <CNV:TR> . . SVLEN=30;CN=6.5;RUS=CAG;RUC=65;CIRUC=-15,. GT ./. ./.",
          "1 102 . T <CNV:TR> . . RUL=10000;RUC=3;RUB=10000,10500,11000;CIRB=-5,5 GT ./. 0/1"),
         REPEATS),
    Case("breakends at the ends of a chromosome, and alone", 4,
         ("1 0 . N .[13:123457[ . . . GT 0/1 1|1", "1 5 . T <ctg1> . . . GT 0/1 1|1",
          "1 6 . C C[<ctg1>:7[ . . . GT 0/1 1|1", "1 7 . A ]<ctg1>:214]A . . . GT 0/1 1|1",
          "1 8 . G .CCG,GTT. . . . GT 0/1 1|2")),
    Case("alleles that are local to a sample", 5,
         ("1 1 . G A,C,T,<*> . . . GT:LAA:LAD:LPL 2/4:2,4:20,30,10:90,80,0,100,110,120 ./.",
          "1 2 . A C,G,T,<*> . . . GT:LAA:LAD:LPL 0/3:3:15,25:40,0,80 0/0::30:0",
          "1 3 . A C,G,T,<*> . . . GT:AD:PL 0/3:15,.,.,25,.:40,.,.,.,.,.,0,.,.,80,.,.,.,.,. ./."),
         LOCAL),
    Case("modified bases", 5,
         ("1 10 . C A . . . GT:M5mC 0/1:0.95 0/0:0.1",
          "1 20 . C CTAG . . . GT:M5mC 0/1:0,0.5,0.7 .",
          "1 30 . C . . . . GT:M5mC:M76792C 0|0:0.9,0:0,0.1 0/0",
          "1 40 . C A . . . GT:DPM5mC:ADM5mC 0|0:4,.:3,. 0/1:3:1"),
         (fmt("GT", "1", "String"), fmt("M5mC", "M", "Float"))),
    Case("lengths of a block, a sample each", 5,
         ("1 4370 . G <*> . . . GT:DP:LEN 0/0:25:14 0/0:3:9",),
         (fmt("LEN", "1", "Integer"), fmt("DP", "1", "Integer"))),
)  # fmt: skip

SOUND = ("1 900 . A C . . . GT 0/1 1|1",)
FORBIDDEN = (
    (Case("a phase ahead", 3, ("1 1 . A C . . . GT |0|1 0/1", *SOUND)), "genotype-unreadable"),
    (Case("no phase at all", 4, ("1 1 . A C . . . GT 0/|1 0/1", *SOUND)), "genotype-unreadable"),
    (Case("two phases ahead", 4, ("1 1 . A C . . . GT ||0 0/1", *SOUND)), "genotype-unreadable"),
    (Case("a phase behind", 4, ("1 1 . A C . . . GT 0/1| 0/1", *SOUND)), "genotype-unreadable"),
    (Case("a phase alone", 4, ("1 1 . A C . . . GT | 0/1", *SOUND)), "genotype-unreadable"),
    (Case("too great a number", 3, ("1 1 . A C . . X=1,2147483648 GT 0/1 1|1", *SOUND),
          (info("X", ".", "Integer"),)), "info-definition"),
    (Case("a number of BCF's own", 3, ("1 1 . A C . . X=-2147483641 GT 0/1 1|1", *SOUND),
          (info("X", "1", "Integer"),)), "info-definition"),
    (Case("a number of many digits", 3, (f"1 1 . A C . . X=-{'9' * 5000} GT 0/1 1|1", *SOUND),
          (info("X", "1", "Integer"),)), "info-definition"),
    (Case("the same bases twice", 4, ("1 1 . A C,c . . . GT 0/1 1|2", *SOUND)), "alt-repeated"),
    (Case("any other allele twice", 4, ("1 1 . A <*>,<*> . . . GT 0/1 1|2", *SOUND)),
     "alt-repeated"),
    (Case("blanks in values", 2, ("1 1 . A C . . X=a~b GT 0/1 1|1", *SOUND)), "info-malformed"),
    (Case("blanks in keys", 5, ("1 1 . A C . . X~Y=a GT 0/1 1|1", *SOUND)), "info-malformed"),
    (Case("a colon in a contig's name", 2, ("a:b 1 . A C . . . GT 0/1 1|1", *SOUND)),
     "chrom-malformed"),
    (Case("an encoded key", 3, ("1 1 . A C . . . GT:G%3AS 0/1:1 1|1:2", *SOUND)),
     "format-malformed"),
    (Case("a copy number that is none", 4, ("1 1 . A <CNV> . . CN=two GT 0/1 1|1", *SOUND)),
     "info-definition"),
    (Case("a likelihood that is none", 5,
          ("1 1 . A C,<*> . . . GT:LAA:LPL 0/1:1:x,0,5 0/0", *SOUND), LOCAL), "format-definition"),
    (Case("a share of modified bases that is none", 5,
          ("1 1 . C A . . . GT:M27551C 0/1:most 0/0", *SOUND)), "format-definition"),
)  # fmt: skip

ODD_HEADERS = (
    (3, fmt("X", "P", "Integer"), "header-malformed"),
    (4, fmt("X", "LR", "Integer"), "header-malformed"),
    (4, fmt("X", "M", "Float"), "header-malformed"),
    (5, info("X", "LA", "Integer"), "header-malformed"),
    (5, info("X", "P", "Integer"), "header-malformed"),
    (2, '##ALT=<ID=ctg1,Description="d">', "header-malformed"),
    (3, '##ALT=<ID=DEL:A B,Description="d">', "header-malformed"),
    (3, "##META=<ID=Assay,Number=N,Type=String,Values=[a, b]>", "header-malformed"),
    (3, "##META=<ID=Assay,Number=1,Type=Text,Values=[a, b]>", "header-malformed"),
    (3, "##META=<ID=Assay,Number=1,Type=String,Values=a>", "header-malformed"),
    (3, "##META=<ID=Assay,Number=1,Type=String>", "header-malformed"),
    (3, "##PEDIGREE=<Original=A>", "header-malformed"),
    (3, "##mine=<a=b>", "header-malformed"),
    (2, "##mine=<a=b>", None),
    (2, "##PEDIGREE=<Name_0=A,Name_1=B>", None),
    (4, info("SVCLAIM", "1", "String"), "reserved-key"),
    (3, info("SVCLAIM", "1", "String"), None),
    (4, fmt("CN", "1", "String"), "reserved-key"),
    (5, fmt("LEN", ".", "Integer"), "reserved-key"),
    (4, fmt("LEN", ".", "Integer"), None),
    (5, fmt("M5mC", "1", "Float"), "reserved-key"),
    (5, fmt("DPM76792C", "M", "Float"), "reserved-key"),
    (4, fmt("M5mC", "1", "Float"), None),
    (5, fmt("MINE_C", "M", "Float"), None),
    (5, fmt("MINE", "M", "Float"), "header-malformed"),
)


def built(case: Case, tmp_path: Path, layer: str = "silver") -> tuple[Lake, Path, pl.DataFrame]:
    """A lake of the file, the file, and the remarks on it."""
    vcf = tmp_path / "a.vcf"
    vcf.write_text(case.text(), encoding="utf-8", newline="")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build(layer)
    remarks = lake.scan("silver.defects").filter(pl.col("scope") != "sample")
    return lake, vcf, remarks.sort("line").collect()


@pytest.mark.parametrize("case", LEGAL, ids=str)
def test_what_a_version_allows_is_kept_to_the_letter(case: Case, tmp_path: Path) -> None:
    lake, vcf, remarks = built(case, tmp_path, "gold")
    assert remarks.select("reason", "detail").rows() == []
    assert assert_lossless(lake, vcf.name, split_file(vcf)[1]) == len(case.lines)
    kept = lake.scan("silver.variants").sort("record", "alt_index").collect()
    alleles = [a for line in case.lines for a in line.split(" ")[4].split(",")]
    assert kept["alt"].to_list() == alleles
    stated = [line.split(" ")[7].replace("~", " ") for line in case.lines]
    own = kept.group_by("record", maintain_order=True).first()["info"].fill_null(".")
    assert own.to_list() == stated
    # So few variants have no usual share of transitions, which is a warning.
    failed = [c for c in lake.verify() if not c.ok and c.severity == "error"]
    assert failed == []


@pytest.mark.parametrize("case", [c for c in LEGAL if c.theirs], ids=str)
def test_bcftools_reads_the_same(case: Case, tmp_path: Path) -> None:
    lake, vcf, _ = built(case, tmp_path)
    told = subprocess.run(
        [tool("bcftools"), "query", "-f", "%CHROM\t%POS\t%ALT[\t%GT]\n", str(vcf)],
        check=True, capture_output=True, encoding="utf-8",
    ).stdout  # fmt: skip
    sites = lake.scan("silver.variants").sort("record", "alt_index").group_by(
        "record", maintain_order=True
    ).agg(pl.col("chrom", "pos").first(), pl.col("alt").str.join(","))  # fmt: skip
    ours = [
        [chrom, str(pos), alt, *(gt or ["."] * len(case.samples))]
        for (_, chrom, pos, alt), (_, gt) in zip(
            sites.collect().iter_rows(), rebuilt(lake, vcf.name), strict=True
        )
    ]
    assert ours == [line.split("\t") for line in told.splitlines()]


@pytest.mark.parametrize(("case", "reason"), FORBIDDEN, ids=str)
def test_what_a_version_forbids_is_quarantined(case: Case, reason: str, tmp_path: Path) -> None:
    lake, vcf, remarks = built(case, tmp_path)
    assert remarks.select("verdict", "reason", "raw").rows() == [
        ("quarantined", reason, case.lines[0].replace(" ", "\t").replace("~", " "))
    ]
    assert assert_lossless(lake, vcf.name, split_file(vcf)[1]) == 1


@pytest.mark.parametrize(("version", "line", "reason"), ODD_HEADERS)
def test_what_a_header_may_not_hold_is_noted(
    version: int, line: str, reason: str | None, tmp_path: Path
) -> None:
    case = Case("", version, SOUND, (line,))
    vcf = tmp_path / "a.vcf"
    vcf.write_text(case.text(), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    remarks = lake.scan("silver.defects").filter(pl.col("scope") != "sample").collect()
    expected = [] if reason is None else [("noted", reason, line)]
    assert remarks.select("verdict", "reason", "raw").rows() == expected


@pytest.mark.parametrize("version", [1, 3, 5])
def test_a_last_line_without_its_end_is_noted(version: int, tmp_path: Path) -> None:
    case = Case("", version, ("1 1 . A C . . . GT 0/1 0/1", "1 2 . A C . . . GT 0/1 0/0"))
    vcf = tmp_path / "a.vcf"
    vcf.write_text(case.text().removesuffix("\n"), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    remarks = lake.scan("silver.defects").filter(pl.col("scope") != "sample").collect()
    assert remarks.select("line", "verdict", "reason").rows() == [(4, "noted", "line-end-missing")]
    assert assert_lossless(lake, "a.vcf", split_file(vcf)[1]) == 2


def test_a_header_without_its_end_is_noted(tmp_path: Path) -> None:
    vcf = tmp_path / "a.vcf"
    vcf.write_text(Case("", 3, ()).text().removesuffix("\n"), encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    remarks = lake.scan("silver.defects").filter(pl.col("scope") != "sample").collect()
    assert remarks.select("line", "verdict", "reason").rows() == [(2, "noted", "header-malformed")]


def test_a_phase_ahead_is_read_where_no_version_is_told(tmp_path: Path) -> None:
    vcf = tmp_path / "a.vcf"
    text = Case("", 4, ("1 1 . A C . . . GT |0|1 /1",)).text()
    vcf.write_text(text.split("\n", 1)[1], encoding="utf-8")
    lake = Lake(tmp_path / "lake", vcf=[vcf])
    lake.build("silver")
    assert lake.scan("silver.genotypes").collect()["gt"].to_list() == ["|0|1", "/1"]


def test_haplotypes_are_told_by_every_mark_of_a_genotype(tmp_path: Path) -> None:
    """Since 4.4 `/0|1` says that its first allele is not phased."""
    cells = ("0|1 |1|0", "|0|1 /1|1", "/0|1 0|0")
    lines = tuple(f"1 {pos} . A C . . . GT {two}" for pos, two in enumerate(cells, 1))
    lake, _, _ = built(Case("", 4, lines), tmp_path)
    assert lake.haplotypes(["1-1-A-C", "1-2-A-C"])["n"].unique().to_list() == [4]
    with pytest.raises(UsageError, match="1-3-A-C"):
        lake.haplotypes(["1-1-A-C", "1-3-A-C"])
