"""From simulated sites to the text of VCF records in the manner of Phase 3.

A coalescent simulation knows sites, bases and who carries which. This module dresses them
up: a few sites become insertions, deletions or structural variants, some calls go missing,
and INFO gets the fields of the release, counted from the very genotypes that are written.
The lines that are broken on purpose are in `medallion.demo.broken`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from medallion.demo.model import PANEL, SAMPLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["CHROM", "CHROM_LENGTH", "Site", "header", "lines", "random_sequence", "sample_table"]

CHROM = "22"
CHROM_LENGTH = 51_304_566
"""Of chromosome 22 in GRCh37."""

# The order in which the release lists them in INFO.
_GROUPS = ("EAS", "AMR", "AFR", "EUR", "SAS")

_MISSING = -1

_BASES = np.frombuffer(b"ACGT", dtype=np.uint8)

# Shares of the sites, about those of chromosome 22 in the release. Structural variants come at
# regular distances, the kinds in turn, and more often than its 0.06 %, so that a small file has
# some of each; of the sites with two ALT alleles some are made copy number variants as well.
_INDEL = 0.035
_STRUCTURAL_EVERY = 900
_STRUCTURAL_KINDS = ("<CN0>", "<INS:ME:ALU>", "<CN2>", "<DEL>", "<CN0>", "<INV>")
_STRUCTURAL_OF_TWO_ALTS = 0.05
_INDEL_OF_TWO_ALTS = 0.25
_UNPUBLISHED = 0.02
_WITH_MISSING_CALLS = 0.015
_HALF_MISSING_EVERY = 5000


@dataclass(frozen=True, slots=True)
class Site:
    """One simulated site as a VCF record will show it, less its genotypes."""

    number: int
    """Of the record among the sound ones of the file, from 1."""
    pos: int
    """1-based."""
    ref: str
    alts: tuple[str, ...]
    ancestral: str
    """The base at the root of the site's tree."""


_FIELDS = """\
##INFO=<ID=AC,Number=A,Type=Integer,Description="Total number of alternate alleles in called \
genotypes">
##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency: AC / AN">
##INFO=<ID=AN,Number=1,Type=Integer,Description="Total number of alleles in called genotypes">
##INFO=<ID=NS,Number=1,Type=Integer,Description="Number of samples with data">
{groups}
##INFO=<ID=AA,Number=1,Type=String,Description="Ancestral Allele. Format: AA|REF|ALT|IndelType. \
Lower case: low confidence. '.': unknown">
##INFO=<ID=VT,Number=.,Type=String,Description="Type of variant the line represents">
##INFO=<ID=MULTI_ALLELIC,Number=0,Type=Flag,Description="The site is multi-allelic">
##INFO=<ID=END,Number=1,Type=Integer,Description="End coordinate of this variant">
##INFO=<ID=SVLEN,Number=.,Type=Integer,Description="Length of the structural variant">
##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural variant">
##ALT=<ID=CN0,Description="Copy number allele: 0 copies">
##ALT=<ID=CN2,Description="Copy number allele: 2 copies">
##ALT=<ID=DEL,Description="Deletion">
##ALT=<ID=INV,Description="Inversion">
##ALT=<ID=INS:ME:ALU,Description="Insertion of ALU element">
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
"""


def header(source: str, notes: Sequence[str]) -> bytes:
    """The header, `#CHROM` line included; `notes` are whole `##` lines that go near its top."""
    groups = "\n".join(
        f"##INFO=<ID={group}_AF,Number=A,Type=Float,Description="
        f'"Allele frequency in the {group} populations, calculated from AC and AN">'
        for group in _GROUPS
    )
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    return "\n".join(
        [
            "##fileformat=VCFv4.2",
            '##FILTER=<ID=PASS,Description="All filters passed">',
            f"##source={source}",
            *notes,
            f"##contig=<ID={CHROM},assembly=b37,length={CHROM_LENGTH}>",
            _FIELDS.format(groups=groups) + "\t".join([*columns, *(s.name for s in SAMPLES)]),
            "",
        ]
    ).encode()


def sample_table() -> bytes:
    """The sample table with the columns of the release's panel, without its trailing tabs."""
    rows = ["\t".join(sample) for sample in SAMPLES]
    return "\n".join(["sample\tpop\tsuper_pop\tgender", *rows, ""]).encode()


def random_sequence(length: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """`length` random bases (ASCII): the reference between the simulated sites."""
    return _BASES[rng.integers(0, 4, length)]


def _cells() -> NDArray[np.uint32]:
    """Text of every genotype (`a|b` and a tab, 4 bytes), at (a + 1) * 5 + b + 1."""
    alleles = b".0123"
    text = b"".join(bytes([a, ord("|"), b, ord("\t")]) for a in alleles for b in alleles)
    return np.frombuffer(text, dtype=np.uint32)


def _membership() -> NDArray[np.float32]:
    """(chromosomes, groups): 1 where a chromosome belongs to a super-population."""
    member = [[PANEL[s.population][0] == group for group in _GROUPS] for s in SAMPLES]
    return np.repeat(np.array(member, dtype=np.float32), 2, axis=0)


_CELLS = _cells()
_MEMBERSHIP = _membership()


def _frequencies(counts: Sequence[float], totals: float) -> str:
    # Rounded to 4 decimals, as in the release.
    return ",".join(f"{round(count / totals, 4):g}" if totals else "0" for count in counts)


def _published(carried: NDArray[np.float32], called: NDArray[np.float32], samples: int) -> str:
    """AC, AF, AN, NS and the super-populations' AF, as the release writes them.

    `carried` is (ALT alleles, groups), `called` is (groups,): counts of chromosomes; the
    groups are disjoint and hold everyone, so their sum is the total.
    """
    an = int(called.sum())
    ac = [int(count) for count in carried.sum(axis=1)]
    fields = [
        "AC=" + ",".join(map(str, ac)),
        "AF=" + ",".join(f"{count / an:.6g}" for count in ac),
        f"AN={an}",
        f"NS={samples}",
    ]
    for i, group in enumerate(_GROUPS):
        fields.append(f"{group}_AF={_frequencies(carried[:, i].tolist(), float(called[i]))}")
    return ";".join(fields)


def _ancestral(base: str, rng: np.random.Generator) -> list[str]:
    """AA of a SNV, in about the shares of certainty that chromosome 22 of the release has."""
    x = rng.random()
    if x < 0.01:
        return []
    if x < 0.19:
        return ["AA=.|||"]
    if x < 0.20:
        return ["AA=N|||"] if x < 0.197 else ["AA=-|||"]
    return [f"AA={base.lower() if x < 0.42 else base}|||"]


def _indel_ancestral(ref: str, alt: str, rng: np.random.Generator, *, known: bool) -> list[str]:
    """AA of an indel; `known`: the ancestral allele is REF."""
    x = rng.random()
    if x < 0.4:
        return []
    if x < 0.5:
        return ["AA=|||unknown(NO_COVERAGE)"]
    # Without the base before, which both alleles share.
    short = (ref[1:] or "-", alt[1:] or "-")
    if not known:
        return [f"AA=?|{short[0]}|{short[1]}|unsure"]
    kind = "insertion" if len(alt) > len(ref) else "deletion"
    return [f"AA={short[0]}|{short[0]}|{short[1]}|{kind}"]


def _structural(
    site: Site, rng: np.random.Generator
) -> tuple[str, tuple[str, ...], str, list[str]]:
    length = int(rng.integers(300, 20000))
    end = f"END={min(site.pos + length, CHROM_LENGTH)}"
    if len(site.alts) == 2:
        return site.ref, ("<CN0>", "<CN2>"), end + ";SVTYPE=CNV", ["VT=SV"]
    kind = _STRUCTURAL_KINDS[site.number // _STRUCTURAL_EVERY % len(_STRUCTURAL_KINDS)]
    extra = {
        "<CN0>": end + ";SVTYPE=DEL",
        "<CN2>": end + ";SVTYPE=DUP",
        "<DEL>": end + f";SVLEN=-{length};SVTYPE=DEL",
        "<INS:ME:ALU>": f"SVLEN={260 + length % 25};SVTYPE=ALU",
        "<INV>": end + ";SVTYPE=INV",
    }[kind]
    return site.ref, (kind,), extra, ["VT=SV"]


def _alleles(
    site: Site, following: str, rng: np.random.Generator
) -> tuple[str, tuple[str, ...], str, list[str]]:
    """REF, ALTs, INFO of structural variants, and the last INFO fields (AA, VT) of a site.

    `following` holds the reference bases after the site's own.
    """
    two = len(site.alts) == 2
    turn = site.number % _STRUCTURAL_EVERY == _STRUCTURAL_EVERY // 2 and len(site.alts) == 1
    if turn or (two and rng.random() < _STRUCTURAL_OF_TWO_ALTS):
        return _structural(site, rng)
    x = rng.random()
    if two and x < _INDEL_OF_TWO_ALTS:
        if x < _INDEL_OF_TWO_ALTS / 2:
            # A run that grew in some and shrank in others, as GA to GAA and to G.
            ref = site.ref + following[0]
            return ref, (ref + following[0], site.ref), "", ["VT=INDEL"]
        return site.ref, (site.ref + following[0], site.alts[1]), "", ["VT=SNP,INDEL"]
    if len(site.alts) == 1 and x < _INDEL:
        length = min(int(rng.geometric(0.45)), len(following))
        known = site.ancestral == site.ref
        if x < 0.6 * _INDEL:
            ref, alt = site.ref + following[:length], site.ref
        else:
            inserted = random_sequence(length, rng).tobytes().decode()
            ref, alt = site.ref, site.ref + inserted
        return ref, (alt,), "", [*_indel_ancestral(ref, alt, rng, known=known), "VT=INDEL"]
    return site.ref, site.alts, "", [*_ancestral(site.ancestral, rng), "VT=SNP"]


def _lose_calls(site: Site, row: NDArray[np.int8], rng: np.random.Generator) -> bool:
    """Set some calls of `row` (chromosomes,) to missing; tell whether any was."""
    half = site.number % _HALF_MISSING_EVERY == _HALF_MISSING_EVERY // 2
    if rng.random() >= _WITH_MISSING_CALLS and not half:
        return False
    # Mostly a handful, at times a hundred.
    count = min(1 + int(rng.exponential(12.0)), len(SAMPLES) // 10)
    lost = rng.choice(len(SAMPLES), count, replace=False)
    row[2 * lost] = _MISSING
    row[2 * lost + 1] = _MISSING
    if half:
        # The first allele of a carrier, so that the record reads `.|1`.
        carriers = np.flatnonzero(row[1::2] == 1)
        person = int(carriers[0]) if carriers.size else 0
        row[2 * person] = _MISSING
    return True


def lines(
    sites: Sequence[Site],
    genotypes: NDArray[np.int8],
    sequence: NDArray[np.uint8],
    start: int,
    rng: np.random.Generator,
) -> list[bytes]:
    """The records of `sites`, each with its line end.

    `genotypes` is (sites, chromosomes): 0 for REF, i for the i-th ALT; it is changed where
    calls go missing. `sequence` holds the reference, its first base at position `start`.
    """
    incomplete = [_lose_calls(s, row, rng) for s, row in zip(sites, genotypes, strict=True)]
    called = np.tile(_MEMBERSHIP.sum(axis=0), (len(sites), 1))
    samples = np.full(len(sites), len(SAMPLES))
    for row in np.flatnonzero(incomplete):
        present = genotypes[row] != _MISSING
        called[row] = present.astype(np.float32) @ _MEMBERSHIP
        samples[row] = np.count_nonzero(present[0::2] | present[1::2])
    # (ALT, sites, groups); float32 counts exactly below 2 ** 24.
    alts = max(len(site.alts) for site in sites)
    carried = np.stack([(genotypes == k + 1).astype(np.float32) @ _MEMBERSHIP for k in range(alts)])

    codes = (genotypes[:, 0::2] + 1) * np.int8(5) + (genotypes[:, 1::2] + 1)
    text = _CELLS[codes].view(np.uint8)
    text[:, -1] = ord("\n")

    out = []
    for i, site in enumerate(sites):
        after = site.pos - start + 1
        following = sequence[after : after + 24].tobytes().decode()
        ref, alt, structural, last = _alleles(site, following, rng)
        info = [structural] if structural else []
        if rng.random() >= _UNPUBLISHED:
            info.insert(0, _published(carried[: len(alt), i], called[i], int(samples[i])))
        info += last
        if len(alt) > 1:
            info.append("MULTI_ALLELIC")
        start_of_line = (
            f"{CHROM}\t{site.pos}\tsim{site.number}\t{ref}\t{','.join(alt)}\t100\tPASS\t"
            f"{';'.join(info)}\tGT\t"
        )
        out.append(start_of_line.encode() + text[i].tobytes())
    return out
