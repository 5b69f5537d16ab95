"""Facts with their citations: data sets, populations, colours, genome builds.

Pure data, no I/O: what is published where (`releases`, `checksums`), who the groups are
(`populations`), how they are coloured (`colours`), how long the chromosomes are
(`genomes`). What is not here: anything computed from samples or variants.
"""

from __future__ import annotations

from medallion.catalog.colours import (
    BACKGROUNDS,
    POPULATION_COLOURS,
    SUPER_POPULATION_COLOURS,
    UNASSIGNED,
    Theme,
    colour,
    marker,
)
from medallion.catalog.genomes import GENOMES, GRCH37, GRCH38, Genome, Interval, bare_chrom
from medallion.catalog.populations import (
    ALL,
    POPULATIONS,
    POPULATIONS_BY_CODE,
    SUPER_POPULATIONS,
    SUPER_POPULATIONS_BY_CODE,
    Population,
    SuperPopulation,
    populations_of,
)
from medallion.catalog.releases import DATASETS, Dataset, RemoteFile, Version

__all__ = [
    "ALL",
    "BACKGROUNDS",
    "DATASETS",
    "GENOMES",
    "GRCH37",
    "GRCH38",
    "POPULATIONS",
    "POPULATIONS_BY_CODE",
    "POPULATION_COLOURS",
    "SUPER_POPULATIONS",
    "SUPER_POPULATIONS_BY_CODE",
    "SUPER_POPULATION_COLOURS",
    "UNASSIGNED",
    "Dataset",
    "Genome",
    "Interval",
    "Population",
    "RemoteFile",
    "SuperPopulation",
    "Theme",
    "Version",
    "bare_chrom",
    "colour",
    "marker",
    "populations_of",
]
