"""The genome build that a lake is of, and what RefSeq accessions of chromosomes mean in it."""

from __future__ import annotations

import re
from collections.abc import Sequence

import polars as pl

from medallion.bronze.published import Vcfs
from medallion.bronze.source import read_source
from medallion.catalog.genomes import GENOMES
from medallion.catalog.outside import genome_of
from medallion.catalog.releases import DATASETS
from medallion.errors import UsageError
from medallion.files import Place
from medallion.ondemand.silver import Silver
from medallion.ondemand.terms import contig_of
from medallion.storage import delta
from medallion.tables import needed_version, table_named
from medallion.vcf.header import Header

__all__ = ["accession_of", "as_in_lake", "build_of", "by_contig"]

_ACCESSION = re.compile(r"(NC_[0-9]{6}(?:\.[0-9]{1,3})?)(?![A-Za-z0-9.])", re.IGNORECASE)


def build_of(root: Place) -> str | None:
    """The build, "GRCh37" or "GRCh38", that a lake's positions are of; None: not known.

    Its release tells it, or else the lengths of contigs in the headers of all its VCFs.
    Simulated positions are of none. Raises as `Vcfs.header` where bronze cannot be read.
    """
    source = read_source(root)
    if source is not None and source.dataset in DATASETS:
        return None if source.simulated else DATASETS[source.dataset].genome

    def scan(name: str) -> pl.LazyFrame:
        table = table_named(name)
        return delta.scan(root, table, needed_version(root, table))

    vcfs = Vcfs(root, scan)
    builds = {_build_of_header(vcfs.header(row["file"])) for row in vcfs.rows()}
    return builds.pop() if len(builds) == 1 else None


def _build_of_header(header: Header) -> str | None:
    if any(key == "medallion_simulated" for key, _ in header.other):
        return None  # a file that the demo's program made
    stated = {name: fields.get("length", "") for name, fields in header.contigs.items()}
    # No contig's length has more digits; Python refuses to read one of thousands.
    return genome_of(
        {n: int(length) for n, length in stated.items() if length.isdecimal() and len(length) < 11}
    )


def accession_of(text: str) -> str | None:
    """The RefSeq accession of a chromosome, NC_000022.10, that a name begins with, if any."""
    match = _ACCESSION.match(text.strip())
    return match[1].upper() if match else None


def as_in_lake(root: Place, texts: Sequence[str]) -> list[str]:
    """Names of variants as `by_contig` spells them in the lake at `root`; raises as it does."""
    if not any(map(accession_of, texts)):
        return list(texts)
    contigs, build = Silver.of(root).contigs(), build_of(root)
    return [by_contig(text, contigs, build) for text in texts]


def by_contig(text: str, contigs: Sequence[str], build: str | None) -> str:
    """A name with the lake's contig in place of an accession: NC_000022.10:1 as 22:1.

    Where the lake's `build` is not known (None) the accession may be of either. Raises
    UsageError where it is of another build, or of none.
    """
    accession = accession_of(text)
    if accession is None or contig_of(accession, contigs) is not None:
        return text
    chroms = {name: genome.accessions.get(accession) for name, genome in GENOMES.items()}
    chrom = chroms[build] if build else next(filter(None, chroms.values()), None)
    if chrom is None:
        raise UsageError(_other(accession, build))
    return (contig_of(chrom, contigs) or chrom) + text.strip()[len(accession) :]


def _other(accession: str, build: str | None) -> str:
    """Why an accession is none of the build's."""
    for genome in GENOMES.values():
        if chrom := genome.accessions.get(accession):
            here = next(name for name, c in GENOMES[str(build)].accessions.items() if c == chrom)
            return (
                f"{accession} is chromosome {chrom} of {genome.name}, but this lake is of {build}, "
                f"where positions differ, so nothing was looked up. Name the position in {build}, "
                f"with {here} or {chrom}."
            )
    versions = [
        f"{name} ({genome.name})"
        for genome in GENOMES.values()
        for name in genome.accessions
        if name.partition(".")[0] == accession.partition(".")[0]
    ]
    known = " and ".join(dict.fromkeys(versions)) or "those of human chromosomes"
    return f"The accession {accession} is not known: of GRCh37 and GRCh38, {known} are."
