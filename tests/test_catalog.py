"""The catalog's facts: complete, consistent with each other, and as published where we know.

Colours are checked by independent code: WCAG 2.2 contrast, and distances in OKLab under
simulated colour blindness (Machado, Oliveira & Fernandes 2009, severity 1).
"""

from __future__ import annotations

import itertools
import re
from urllib.parse import urlsplit

import numpy as np
import pytest

import medallion.catalog
from medallion.catalog import (
    ALL,
    BACKGROUNDS,
    DATASETS,
    GENOMES,
    GRCH37,
    GRCH38,
    POPULATION_COLOURS,
    POPULATIONS,
    POPULATIONS_BY_CODE,
    SUPER_POPULATION_COLOURS,
    SUPER_POPULATIONS,
    SUPER_POPULATIONS_BY_CODE,
    UNASSIGNED,
    Theme,
    bare_chrom,
    colour,
    marker,
    populations_of,
)
from medallion.catalog.outside import allele_links, genome_of, region_links
from medallion.errors import UsageError

AUTOSOMES = tuple(map(str, range(1, 23)))
THEMES: tuple[Theme, ...] = ("light", "dark")


def test_public_names_are_sorted_and_there() -> None:
    names = medallion.catalog.__all__
    # As ruff sorts them: constants, then classes, then the rest.
    assert names == sorted(names, key=lambda n: (not n.isupper(), n[0].islower(), n))
    assert all(hasattr(medallion.catalog, name) for name in names)


# --- populations


def test_populations_are_those_of_phase3() -> None:
    assert len(POPULATIONS) == len(POPULATIONS_BY_CODE) == 26
    assert [group.code for group in SUPER_POPULATIONS] == ["AFR", "AMR", "EAS", "EUR", "SAS"]
    counts = {
        group.code: sum(p.samples_phase3 for p in populations_of(group.code))
        for group in SUPER_POPULATIONS
    }
    # FACTS of the release: 2504 samples.
    assert counts == {"AFR": 661, "AMR": 347, "EAS": 504, "EUR": 503, "SAS": 489}


def test_populations_stand_together_by_super_population() -> None:
    order = [code for code, _ in itertools.groupby(p.super_population for p in POPULATIONS)]
    assert order == list(SUPER_POPULATIONS_BY_CODE)
    assert populations_of("XXX") == ()


def test_places_are_on_the_map_and_apart() -> None:
    assert all(-60 < p.latitude < 72 and -180 <= p.longitude <= 180 for p in POPULATIONS)
    assert len({(p.latitude, p.longitude) for p in POPULATIONS}) == 26


# --- colours


def linear(colour: str) -> np.ndarray:
    """Linear RGB, shape (3,), of #RRGGBB (IEC 61966-2-1)."""
    assert re.fullmatch(r"#[0-9A-F]{6}", colour)
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(a: str, b: str) -> float:
    """WCAG 2.2 contrast ratio, 1 to 21."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def oklab(rgb: np.ndarray) -> np.ndarray:
    """OKLab of linear RGB, shape (3,) (Ottosson 2020)."""
    lms = (
        np.array(
            [
                [0.4122214708, 0.5363325363, 0.0514459929],
                [0.2119034982, 0.6806995451, 0.1073969566],
                [0.0883024619, 0.2817188376, 0.6299787005],
            ]
        )
        @ rgb
    )
    return np.asarray(
        np.array(
            [
                [0.2104542553, 0.7936177850, -0.0040720468],
                [1.9779984951, -2.4285922050, 0.4505937099],
                [0.0259040371, 0.7827717662, -0.8086757660],
            ]
        )
        @ np.cbrt(lms)
    )


SIGHT = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}


@pytest.mark.parametrize("theme", THEMES)
def test_every_colour_stands_out_from_its_background(theme: Theme) -> None:
    colours = [*SUPER_POPULATION_COLOURS[theme].values(), *POPULATION_COLOURS[theme].values()]
    assert min(contrast(c, BACKGROUNDS[theme]) for c in colours) >= 3


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("theme", THEMES)
def test_super_populations_are_told_apart_by_every_eye(theme: Theme, sight: str) -> None:
    seen = [
        oklab(np.clip(SIGHT[sight] @ linear(SUPER_POPULATION_COLOURS[theme][group.code]), 0, 1))
        for group in SUPER_POPULATIONS
    ]
    distances = [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)]
    assert min(distances) > {"light": 0.11, "dark": 0.14}[theme]
    assert distances[0] > 0.18  # Africa and the Americas, whose hues are neighbours


@pytest.mark.parametrize("theme", THEMES)
def test_every_group_has_a_colour(theme: Theme) -> None:
    assert set(SUPER_POPULATION_COLOURS[theme]) == {*SUPER_POPULATIONS_BY_CODE, ALL, UNASSIGNED}
    assert tuple(POPULATION_COLOURS[theme]) == tuple(POPULATIONS_BY_CODE)
    assert len(set(POPULATION_COLOURS[theme].values())) == 26
    assert colour("EUR", theme) == SUPER_POPULATION_COLOURS[theme]["EUR"]
    assert colour("GBR", theme) == POPULATION_COLOURS[theme]["GBR"]
    assert colour("MINE", theme) == SUPER_POPULATION_COLOURS[theme][UNASSIGNED]


def test_markers_differ_within_a_super_population() -> None:
    for group in SUPER_POPULATIONS:
        markers = [marker(p.code) for p in populations_of(group.code)]
        assert len(set(markers)) == len(markers)
    assert marker("EUR") == marker("MINE") == "circle"


# --- genomes


def test_genomes() -> None:
    assert set(GENOMES) == {"GRCh37", "GRCh38"}
    for genome in GENOMES.values():
        assert tuple(genome.lengths) == (*AUTOSOMES, "X", "Y", "MT")
    # As in the headers of Phase 3 and of the 30x panel.
    assert (GRCH37.lengths["22"], GRCH38.lengths["22"]) == (51_304_566, 50_818_468)
    assert (GRCH37.lengths["20"], GRCH38.lengths["X"]) == (63_025_520, 156_040_895)


@pytest.mark.parametrize("genome", GENOMES.values(), ids=GENOMES)
def test_pars_pair_up(genome: medallion.catalog.Genome) -> None:
    spans = {(par.name, par.chrom): par.end - par.start + 1 for par in genome.pars}
    # The two copies of a PAR recombine, so they are of one length.
    assert spans["PAR1", "X"] == spans["PAR1", "Y"]
    assert spans["PAR2", "X"] == spans["PAR2", "Y"]
    assert all(par.end < genome.lengths[par.chrom] for par in genome.pars)


@pytest.mark.parametrize(
    ("genome", "chrom", "pos", "name"),
    [
        (GRCH37, "X", 60_000, None),
        (GRCH37, "X", 60_001, "PAR1"),
        (GRCH37, "X", 2_699_520, "PAR1"),
        (GRCH37, "X", 2_699_521, None),
        (GRCH37, "X", 154_931_044, "PAR2"),
        (GRCH37, "1", 60_001, None),
        (GRCH38, "chrX", 2_781_479, "PAR1"),
        (GRCH38, "chrX", 2_781_480, None),
        (GRCH38, "chrY", 56_887_903, "PAR2"),
    ],
)
def test_par_ends_are_included(
    genome: medallion.catalog.Genome, chrom: str, pos: int, name: str | None
) -> None:
    par = genome.par(chrom, pos)
    assert (par.name if par else None) == name


def test_bare_chrom() -> None:
    names = ["chr22", "22", "CHRX", "chrM", "M", "MT", "GL000191.1"]
    assert [bare_chrom(n) for n in names] == ["22", "22", "X", "MT", "MT", "MT", "GL000191.1"]


# --- releases


def test_datasets() -> None:
    assert list(DATASETS) == ["demo", "phase3", "highcov"]
    assert all(name == dataset.name for name, dataset in DATASETS.items())
    assert DATASETS["phase3"].chroms == (*AUTOSOMES, "X", "Y", "MT")
    assert DATASETS["highcov"].chroms == (*AUTOSOMES, "X")
    assert [d.samples for d in DATASETS.values()] == [2504, 2504, 3202]
    assert [d.genome for d in DATASETS.values() if not d.simulated] == ["GRCh37", "GRCh38"]
    assert all("https://doi.org/" in d.citation for d in DATASETS.values() if not d.simulated)


def test_the_demo_says_that_it_is_simulated_and_downloads_nothing() -> None:
    demo = DATASETS["demo"]
    assert demo.simulated
    assert "simulated" in demo.title
    assert not demo.downloads
    with pytest.raises(UsageError, match="nothing of it is downloaded"):
        demo.vcf("22")


def test_chromosome_22_of_phase3() -> None:
    file = DATASETS["phase3"].vcf("22")
    current, previous = file.versions
    assert (file.local_name, file.kind, file.bytes) == ("ALL.chr22.vcf.gz", "vcf", 205_612_353)
    assert (current.name, current.md5) == ("v5b", "afdf383a32fcef939ca8a468bef23759")
    folder = "https://ftp.1000genomes.ebi.ac.uk/vol1/ftp/release/20130502/"
    name = "ALL.chr22.phase3_shapeit2_mvncall_integrated_v5b.20130502.genotypes.vcf.gz"
    assert current.urls == (folder + name,)
    assert (previous.bytes, previous.md5) == (214_453_750, "ad7d6e0c05edafd7faed7601f7f3eaba")
    assert [urlsplit(url).hostname for url in previous.urls] == [
        "ftp-trace.ncbi.nih.gov",
        "1000genomes.s3.amazonaws.com",
    ]


def test_versions_of_the_other_chromosomes() -> None:
    phase3 = DATASETS["phase3"]
    names = {chrom: [v.name for v in phase3.vcf(chrom).versions] for chrom in phase3.chroms}
    assert all(names[chrom] == ["v5b", "v5a"] for chrom in AUTOSOMES)
    assert (names["X"], names["Y"], names["MT"]) == (
        ["v1c", "v1b"],
        ["v2b", "v2a", "v1b"],
        ["v0_4"],
    )
    # All current files together, as a check on every size in the table.
    assert sum(phase3.vcf(chrom).bytes or 0 for chrom in phase3.chroms) == 16_748_785_809


def test_sample_tables() -> None:
    phase3, highcov = DATASETS["phase3"], DATASETS["highcov"]
    everyone, males = phase3.sample_table("22"), phase3.sample_table("Y")
    assert (everyone.local_name, everyone.bytes) == ("1000_genomes_samples.txt", 55_156)
    assert (males.local_name, males.bytes) == ("1000_genomes_male_samples.txt", 25_923)
    assert [c for c in phase3.chroms if phase3.sample_table(c) != everyone] == ["Y"]
    table = highcov.sample_table("1").versions[0]
    assert (table.bytes, table.md5) == (None, None)
    assert table.urls[0].endswith("20130606_g1k_3202_samples_ped_population.txt")


def test_files_of_several_chromosomes() -> None:
    phase3 = DATASETS["phase3"]
    assert [f.local_name for f in phase3.files(["22", "Y", "chrX"])] == [
        "ALL.chr22.vcf.gz",
        "ALL.chrY.vcf.gz",
        "ALL.chrX.vcf.gz",
        "1000_genomes_samples.txt",
        "1000_genomes_male_samples.txt",
    ]
    assert len(phase3.files("22")) == 2
    with pytest.raises(UsageError, match=r"'23'.*It has: 1, 2, 3"):
        phase3.files(["22", "23"])


def test_index_stands_beside_the_version_that_came() -> None:
    file = DATASETS["phase3"].vcf("22")
    index = file.index(file.versions[1].urls[0])
    assert (index.local_name, index.kind) == ("ALL.chr22.vcf.gz.tbi", "index")
    assert index.versions[0].urls[0] == file.versions[1].urls[0] + ".tbi"


@pytest.mark.parametrize("name", ["phase3", "highcov"])
def test_every_version_is_sound(name: str) -> None:
    dataset = DATASETS[name]
    files = dataset.files(dataset.chroms)
    versions = [version for file in files for version in file.versions]
    assert len({file.local_name for file in files}) == len(files)
    md5s = [version.md5 for version in versions if version.md5]
    assert all(re.fullmatch(r"[0-9a-f]{32}", md5) for md5 in md5s)
    assert len(set(md5s)) == len(md5s)
    urls = [url for version in versions for url in version.urls]
    assert len(set(urls)) == len(urls)
    assert all(version.urls for version in versions)
    assert all(urlsplit(url).scheme == "https" for url in urls)
    for file in files:
        assert all(f"chr{file.chrom}." in u for v in file.versions for u in v.urls if file.chrom)


def test_links_are_of_the_build() -> None:
    found = allele_links("GRCh37", "22", 16050075, "A", "G", "rs587697622")
    assert found == {
        "dbSNP rs587697622": "https://www.ncbi.nlm.nih.gov/snp/rs587697622",
        "gnomAD": "https://gnomad.broadinstitute.org/variant/22-16050075-A-G?dataset=gnomad_r2_1",
        "Ensembl": "https://grch37.ensembl.org/Homo_sapiens/Variation/Explore?v=rs587697622",
    }
    found = allele_links("GRCh38", "chrX", 20_000_000, "A", "AT", None)
    assert found == {
        "gnomAD": "https://gnomad.broadinstitute.org/variant/X-20000000-A-AT?dataset=gnomad_r4",
        "Ensembl": "https://www.ensembl.org/Homo_sapiens/Location/View?r=X:19999950-20000050",
    }
    assert region_links("GRCh38", "chr22", 16_050_000, 16_060_000) == {
        "gnomAD": "https://gnomad.broadinstitute.org/region/22-16050000-16060000?dataset=gnomad_r4",
        "Ensembl": "https://www.ensembl.org/Homo_sapiens/Location/View?r=22:16050000-16060000",
    }


def test_no_link_is_made_of_what_a_page_elsewhere_cannot_know() -> None:
    assert allele_links(None, "22", 16050075, "A", "G", "rs1") == {}
    assert allele_links("simulated", "22", 16050075, "A", "G", "rs1") == {}
    assert allele_links("GRCh37", "22", 60_000_000, "A", "G", "rs1") == {}  # past its end
    assert allele_links("GRCh37", "GL000192.1", 100, "A", "G", "rs1") == {}
    assert list(allele_links("GRCh37", "22", 16050075, "A", "<CN0>", ".](x) rs1")) == ["Ensembl"]
    assert list(allele_links("GRCh37", "MT", 152, "T", "C", "rs1")) == ["dbSNP rs1", "Ensembl"]
    assert region_links("GRCh37", "22", 16_000_001, 17_000_001) == {}
    assert region_links("GRCh37", "22", 16_000_001, 17_000_000) != {}


def test_the_build_is_known_by_the_lengths_of_its_chromosomes() -> None:
    for genome in GENOMES.values():
        assert genome_of(dict(genome.lengths)) == genome.name
        assert genome_of({"chr22": genome.lengths["22"], "GL000192.1": 547_496}) == genome.name
    assert genome_of({"MT": 16_569}) is None
    assert genome_of({"22": GENOMES["GRCh37"].lengths["22"], "21": 1}) is None
    assert genome_of({}) is None
