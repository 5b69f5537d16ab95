"""The data sets that can be had: which files, from where, how large, with which md5.

Facts only, no network and no disk: `medallion.bronze` fetches what is listed here.
Every file lands under one local name, whatever its publisher calls it
(`ALL.chr22.vcf.gz`, `1000_genomes_samples.txt`), and may be had in several *versions*:
the current one first, then the ones it replaced, each with its own addresses, size and
md5. A version is a file of its own right, so a previous version is a fallback that is
told by name, not a copy of the current one.

Sources
-------
Phase 3: The 1000 Genomes Project Consortium, Nature 526:68 (2015),
https://doi.org/10.1038/nature15393; files at EBI. The current versions (v5b; X v1c;
Y v2b) are at EBI only; the ones before (v5a; X v1b; Y v2a, v1b) are reported to answer
404 there and to live on in the mirrors of NCBI and of Amazon's Open Data programme.
30x panel: Byrska-Bishop et al., Cell 185:3426 (2022),
https://doi.org/10.1016/j.cell.2022.08.004; files at EBI.
Names, bytes, md5: `checksums`, which says where they are from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from medallion.catalog.checksums import (
    HIGHCOV_VCFS,
    PHASE3_PANEL,
    PHASE3_PANEL_MALES,
    PHASE3_VCFS,
)
from medallion.catalog.genomes import bare_chrom
from medallion.errors import UsageError

__all__ = ["DATASETS", "Dataset", "Kind", "RemoteFile", "Version"]

Kind = Literal["vcf", "samples", "index"]

EBI = "https://ftp.1000genomes.ebi.ac.uk/vol1/ftp/release/20130502/"
NCBI = "https://ftp-trace.ncbi.nih.gov/1000genomes/ftp/release/20130502/"
S3 = "https://1000genomes.s3.amazonaws.com/release/20130502/"
HIGHCOV = "https://ftp.1000genomes.ebi.ac.uk/vol1/ftp/data_collections/1000G_2504_high_coverage/"


@dataclass(frozen=True, slots=True)
class Version:
    """One published version of a file.

    `urls` are its addresses, the best first. `bytes` and `md5` (32 lower-case hex
    digits) are None where the publisher does not state them.
    """

    name: str
    urls: tuple[str, ...]
    bytes: int | None = None
    md5: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file to fetch: the name it lands under, and its versions, the current one first.

    `chrom` is the bare chromosome name of a VCF ("22"), None for a sample table.
    """

    local_name: str
    kind: Kind
    chrom: str | None
    versions: tuple[Version, ...]

    @property
    def bytes(self) -> int | None:
        """Size of the current version, or None where it is not known."""
        return self.versions[0].bytes

    def index(self, url: str) -> RemoteFile:
        """The tabix index beside `url`, the address that the VCF itself came from.

        An index fits one version of its VCF only. Neither size nor md5 is known, and a
        publisher need not have one: an index that is not there is no failure.
        """
        return RemoteFile(
            f"{self.local_name}.tbi", "index", self.chrom, (Version("index", (f"{url}.tbi",)),)
        )


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set: what it is, and the files of each chromosome.

    `samples` counts the samples of the autosomes. `chroms` are bare names in the
    genome's order. `simulated` data sets must be labelled so wherever they are shown.
    """

    name: str
    title: str
    genome: str
    samples: int
    citation: str
    simulated: bool
    chroms: tuple[str, ...]
    vcfs: Mapping[str, RemoteFile]
    sample_tables: Mapping[str, RemoteFile]

    @property
    def downloads(self) -> bool:
        """Whether anything is fetched: the demo is in the package."""
        return bool(self.vcfs)

    def vcf(self, chrom: str) -> RemoteFile:
        """The VCF of one chromosome ("22" or "chr22").

        Raises UsageError for a chromosome the data set does not hold or fetch.
        """
        return self._of(self.vcfs, chrom)

    def sample_table(self, chrom: str) -> RemoteFile:
        """The sample table that names the samples in the VCF of `chrom`.

        Raises UsageError for a chromosome the data set does not hold or fetch.
        """
        return self._of(self.sample_tables, chrom)

    def files(self, chroms: str | Iterable[str]) -> tuple[RemoteFile, ...]:
        """All files of one or more chromosomes: the VCFs in order, then each table once.

        Raises UsageError for a chromosome the data set does not hold or fetch.
        """
        wanted = [chroms] if isinstance(chroms, str) else list(chroms)
        found = [self.vcf(chrom) for chrom in wanted]
        found += [self.sample_table(chrom) for chrom in wanted]
        return tuple(dict.fromkeys(found))

    def _of(self, files: Mapping[str, RemoteFile], chrom: str) -> RemoteFile:
        file = files.get(bare_chrom(chrom))
        if file is None:
            choices = ", ".join(files) or "none: nothing of it is downloaded"
            raise UsageError(
                f"The data set {self.name!r} has no file of chromosome {chrom!r}. "
                f"It has: {choices}."
            )
        return file


def _phase3_name(chrom: str, version: str) -> str:
    """The publisher's file name; X shares the autosomes' pattern, Y and MT have their own."""
    part = {"Y": f"integrated_{version}", "MT": f"callmom-{version}"}.get(
        chrom, f"shapeit2_mvncall_integrated_{version}"
    )
    return f"ALL.chr{chrom}.phase3_{part}.20130502.genotypes.vcf.gz"


def _phase3_vcfs() -> dict[str, RemoteFile]:
    versions: dict[str, list[Version]] = {}
    for chrom, version, size, md5 in PHASE3_VCFS:
        known = versions.setdefault(chrom, [])
        # MT never had another version, so the mirrors hold the current one.
        sites = (EBI, NCBI, S3) if chrom == "MT" else (NCBI, S3) if known else (EBI,)
        name = _phase3_name(chrom, version)
        known.append(Version(version, tuple(site + name for site in sites), size, md5))
    return {
        chrom: RemoteFile(f"ALL.chr{chrom}.vcf.gz", "vcf", chrom, tuple(known))
        for chrom, known in versions.items()
    }


def _phase3_panel(name: str, local_name: str, size: int, md5: str) -> RemoteFile:
    urls = tuple(site + name for site in (EBI, NCBI, S3))
    return RemoteFile(local_name, "samples", None, (Version("v3", urls, size, md5),))


def _phase3() -> Dataset:
    vcfs = _phase3_vcfs()
    everyone = _phase3_panel(
        "integrated_call_samples_v3.20130502.ALL.panel", "1000_genomes_samples.txt", *PHASE3_PANEL
    )
    # A name of its own, so that a lake may hold chrY beside other chromosomes. The 1233
    # males are all in the panel of 2504 as well, with the same four columns.
    males = _phase3_panel(
        "integrated_call_male_samples_v3.20130502.ALL.panel",
        "1000_genomes_male_samples.txt",
        *PHASE3_PANEL_MALES,
    )
    return Dataset(
        name="phase3",
        title="1000 Genomes Project, Phase 3",
        genome="GRCh37",
        samples=2504,
        citation=(
            "The 1000 Genomes Project Consortium. A global reference for human genetic "
            "variation. Nature 526:68-74 (2015). https://doi.org/10.1038/nature15393"
        ),
        simulated=False,
        chroms=tuple(vcfs),
        vcfs=MappingProxyType(vcfs),
        sample_tables=MappingProxyType(
            {chrom: males if chrom == "Y" else everyone for chrom in vcfs}
        ),
    )


def _highcov() -> Dataset:
    folder = HIGHCOV + "working/20220422_3202_phased_SNV_INDEL_SV/"
    vcfs = {}
    for chrom, md5 in HIGHCOV_VCFS:
        # chrX was published a second time, under a name that says so.
        end = "v2.vcf.gz" if chrom == "X" else "vcf.gz"
        name = f"1kGP_high_coverage_Illumina.chr{chrom}.filtered.SNV_INDEL_SV_phased_panel.{end}"
        version = Version("20220422", (folder + name,), bytes=None, md5=md5)
        vcfs[chrom] = RemoteFile(f"ALL.chr{chrom}.vcf.gz", "vcf", chrom, (version,))
    # Not known: the size and md5 of this table; no list that states them was at hand. So
    # it is taken as the server sends it over HTTPS, with only the length that the server
    # announces to hold it against, and its md5 is recorded on arrival. It is delimited
    # by blanks, with FamilyID SampleID FatherID MotherID Sex Population Superpopulation.
    table = RemoteFile(
        "1000_genomes_samples.txt",
        "samples",
        None,
        (
            Version(
                "20130606",
                (HIGHCOV + "20130606_g1k_3202_samples_ped_population.txt",),
                bytes=None,
                md5=None,
            ),
        ),
    )
    return Dataset(
        name="highcov",
        title="1000 Genomes Project, 30x phased panel",
        genome="GRCh38",
        samples=3202,
        citation=(
            "Byrska-Bishop M. et al. High-coverage whole-genome sequencing of the expanded "
            "1000 Genomes Project cohort including 602 trios. Cell 185:3426-3440 (2022). "
            "https://doi.org/10.1016/j.cell.2022.08.004"
        ),
        simulated=False,
        chroms=tuple(vcfs),
        vcfs=MappingProxyType(vcfs),
        sample_tables=MappingProxyType(dict.fromkeys(vcfs, table)),
    )


def _demo() -> Dataset:
    return Dataset(
        name="demo",
        title="Demo (simulated, not real people)",
        # Positions are those of a simulated stretch: no genome build applies.
        genome="simulated",
        samples=2504,
        citation=(
            "Simulated by coalescent; see medallion/demo. Shaped like Phase 3, but no "
            "sample in it is a person and no variant in it was observed."
        ),
        simulated=True,
        chroms=("22",),
        vcfs=MappingProxyType({}),
        sample_tables=MappingProxyType({}),
    )


DATASETS: Mapping[str, Dataset] = MappingProxyType(
    {dataset.name: dataset for dataset in (_demo(), _phase3(), _highcov())}
)
"""By name. The user's own files ("own") are no data set of the catalog."""
