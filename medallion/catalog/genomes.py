"""The two genome builds: their chromosomes' lengths and accessions, and where X and Y recombine.

Facts only. Inside a pseudo-autosomal region (PAR) a male has two copies of X and is
called as a diploid there; outside, he is haploid. Positions are 1-based, both ends
included. Chromosomes go by their bare names ("22", "X", "MT"); `bare_chrom` strips the
"chr" that GRCh38 sources write.

Sources
-------
Lengths: the assembly reports of the Genome Reference Consortium, GRCh37
(GCA_000001405.1) and GRCh38 (GCA_000001405.15); MT is the revised Cambridge Reference
Sequence (NC_012920.1), which the 1000 Genomes GRCh37 reference (hs37d5) uses as well.
Accessions (RefSeq): the same reports. From GRCh37 to GRCh38 the version of each rose by one,
but for MT's, which is the same sequence in both.
PARs: https://www.ncbi.nlm.nih.gov/grc/human and the Ensembl assembly exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["GENOMES", "GRCH37", "GRCH38", "Genome", "Interval", "bare_chrom"]


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch of one chromosome: 1-based, both ends included."""

    name: str
    chrom: str
    start: int
    end: int

    def __contains__(self, pos: object) -> bool:
        return isinstance(pos, int) and self.start <= pos <= self.end


@dataclass(frozen=True, slots=True)
class Genome:
    """A genome build: chromosome lengths in base pairs, and the PARs of X and Y.

    `accessions` has the chromosomes by what RefSeq calls them: NC_000022.10 is 22 of GRCh37.
    """

    name: str
    lengths: Mapping[str, int]
    accessions: Mapping[str, str]
    pars: tuple[Interval, ...]
    citation: str

    def par(self, chrom: str, pos: int) -> Interval | None:
        """The PAR that 1-based `pos` of `chrom` (with or without "chr") lies in, or None."""
        bare = bare_chrom(chrom)
        return next((par for par in self.pars if par.chrom == bare and pos in par), None)


def bare_chrom(chrom: str) -> str:
    """The chromosome's name without "chr", and "MT" for "M"; other names as they are."""
    bare = chrom[3:] if chrom[:3].lower() == "chr" else chrom
    return "MT" if bare == "M" else bare


_CHROMS = (*map(str, range(1, 23)), "X", "Y", "MT")


def _lengths(*lengths: int) -> Mapping[str, int]:
    return MappingProxyType(dict(zip(_CHROMS, lengths, strict=True)))


# fmt: off
_LENGTHS_37 = _lengths(
    249_250_621, 243_199_373, 198_022_430, 191_154_276, 180_915_260, 171_115_067,
    159_138_663, 146_364_022, 141_213_431, 135_534_747, 135_006_516, 133_851_895,
    115_169_878, 107_349_540, 102_531_392, 90_354_753, 81_195_210, 78_077_248,
    59_128_983, 63_025_520, 48_129_895, 51_304_566, 155_270_560, 59_373_566,
    16_569,
)
_LENGTHS_38 = _lengths(
    248_956_422, 242_193_529, 198_295_559, 190_214_555, 181_538_259, 170_805_979,
    159_345_973, 145_138_636, 138_394_717, 133_797_422, 135_086_622, 133_275_309,
    114_364_328, 107_043_718, 101_991_189, 90_338_345, 83_257_441, 80_373_285,
    58_617_616, 64_444_167, 46_709_983, 50_818_468, 156_040_895, 57_227_415,
    16_569,
)
# The versions of NC_000001 to NC_000024 (X is 23, Y is 24) in GRCh37.
_VERSIONS_37 = (
    10, 11, 11, 11, 9, 11, 13, 10, 11, 10, 9, 11, 10, 8, 9, 9, 10, 9, 9, 10, 8, 10, 10, 9,
)
# fmt: on


def _accessions(newer: int) -> Mapping[str, str]:
    """The chromosomes by accession, of versions that are `newer` than those of GRCh37."""
    nuclear = zip(_CHROMS[:-1], _VERSIONS_37, strict=True)
    found = {f"NC_{i:06}.{version + newer}": chrom for i, (chrom, version) in enumerate(nuclear, 1)}
    return MappingProxyType({**found, "NC_012920.1": "MT"})


GRCH37 = Genome(
    name="GRCh37",
    lengths=_LENGTHS_37,
    accessions=_accessions(0),
    pars=(
        Interval("PAR1", "X", 60_001, 2_699_520),
        Interval("PAR2", "X", 154_931_044, 155_260_560),
        Interval("PAR1", "Y", 10_001, 2_649_520),
        Interval("PAR2", "Y", 59_034_050, 59_363_566),
    ),
    citation="Genome Reference Consortium, GRCh37, GCA_000001405.1 (2009)",
)

GRCH38 = Genome(
    name="GRCh38",
    lengths=_LENGTHS_38,
    accessions=_accessions(1),
    pars=(
        Interval("PAR1", "X", 10_001, 2_781_479),
        Interval("PAR2", "X", 155_701_383, 156_030_895),
        Interval("PAR1", "Y", 10_001, 2_781_479),
        Interval("PAR2", "Y", 56_887_903, 57_217_415),
    ),
    citation="Genome Reference Consortium, GRCh38, GCA_000001405.15 (2013)",
)

GENOMES: Mapping[str, Genome] = MappingProxyType({g.name: g for g in (GRCH37, GRCH38)})
