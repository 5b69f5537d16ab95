"""Where an allele or a stretch of the genome is told of elsewhere: addresses of public pages.

Addresses only: nothing here asks the network. They hold for positions of the genome build
that is named, never for simulated ones.

Sources
-------
dbSNP: https://www.ncbi.nlm.nih.gov/snp/docs/. gnomAD (2.1 is of GRCh37, 4 of GRCh38; its
browser has no mitochondrial variants in either): https://gnomad.broadinstitute.org/help.
Ensembl (GRCh37 has a site of its own): https://grch37.ensembl.org/info/website/.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from medallion.catalog.genomes import GENOMES, Genome, bare_chrom

__all__ = ["MOST_BASES", "allele_links", "genome_of", "region_links"]

MOST_BASES = 1_000_000
"""The widest region that is linked, in bases: the browsers draw no wider one in detail."""

_ENSEMBL = {"GRCh37": "https://grch37.ensembl.org", "GRCh38": "https://www.ensembl.org"}
_GNOMAD = {"GRCh37": "gnomad_r2_1", "GRCh38": "gnomad_r4"}
_RSID = re.compile(r"rs[0-9]+")
_BASES = re.compile(r"[ACGT]{1,100}")
_MOST_IDS = 3


def genome_of(lengths: Mapping[str, int]) -> str | None:
    """The name of the build that contigs are of, by their lengths in bases; None: not known.

    `lengths` are by name, with or without "chr". Known are the chromosomes alone, of which
    all must have the build's length; MT, of one length in both, tells nothing.
    """
    stated = {bare_chrom(name): length for name, length in lengths.items()}
    told = {
        name: length
        for name, length in stated.items()
        if name != "MT" and any(name in genome.lengths for genome in GENOMES.values())
    }
    fit = [
        genome.name
        for genome in GENOMES.values()
        if told and all(genome.lengths[name] == length for name, length in told.items())
    ]
    return fit[0] if len(fit) == 1 else None


def allele_links(
    build: str | None, chrom: str, pos: int, ref: str, alt: str, identifier: str | None
) -> dict[str, str]:
    """Pages about one allele, the address by its title; none where the build is not known.

    `pos` is 1-based, `identifier` the VCF's ID field. dbSNP is there with an rsID alone,
    gnomAD for alleles that are spelled in bases.
    """
    place = _place(build, chrom, pos, pos)
    if place is None:
        return {}
    genome, bare = place
    known = [each for each in (identifier or "").split(";") if _RSID.fullmatch(each)]
    links = {
        f"dbSNP {name}": f"https://www.ncbi.nlm.nih.gov/snp/{name}" for name in known[:_MOST_IDS]
    }
    if bare != "MT" and _BASES.fullmatch(ref.upper()) and _BASES.fullmatch(alt.upper()):
        links["gnomAD"] = _gnomad(genome, "variant", f"{bare}-{pos}-{ref.upper()}-{alt.upper()}")
    links["Ensembl"] = (
        f"{_ENSEMBL[genome.name]}/Homo_sapiens/Variation/Explore?v={known[0]}"
        if known
        else _ensembl_region(genome, bare, max(1, pos - 50), pos + 50)
    )
    return links


def region_links(build: str | None, chrom: str, start: int, end: int) -> dict[str, str]:
    """Pages about a region, 1-based with both ends included: the address by its title.

    None where the build is not known, or the region is wider than MOST_BASES.
    """
    place = _place(build, chrom, start, end)
    if place is None or end - start >= MOST_BASES:
        return {}
    genome, bare = place
    links = {}
    if bare != "MT":
        links["gnomAD"] = _gnomad(genome, "region", f"{bare}-{start}-{end}")
    links["Ensembl"] = _ensembl_region(genome, bare, start, end)
    return links


def _place(build: str | None, chrom: str, start: int, end: int) -> tuple[Genome, str] | None:
    """The genome and the chromosome's bare name, where the build has such a place."""
    genome, bare = GENOMES.get(build or ""), bare_chrom(chrom)
    if genome is None or not 1 <= start <= end <= genome.lengths.get(bare, 0):
        return None
    return genome, bare


def _gnomad(genome: Genome, kind: str, what: str) -> str:
    dataset = _GNOMAD[genome.name]
    return f"https://gnomad.broadinstitute.org/{kind}/{quote(what)}?dataset={dataset}"


def _ensembl_region(genome: Genome, bare: str, start: int, end: int) -> str:
    return f"{_ENSEMBL[genome.name]}/Homo_sapiens/Location/View?r={bare}:{start}-{end}"
