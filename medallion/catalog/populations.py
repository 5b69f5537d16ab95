"""The 26 populations and 5 super-populations of the 1000 Genomes Project.

Facts only: codes, names, where the samples were taken and how many are in Phase 3.
What is not here: colours (`colours`), the samples themselves (they come from the
source's own table), and any claim about people beyond the project's own labels.

Sources
-------
Codes, names, grouping: IGSR, https://www.internationalgenome.org/data-portal/population,
and the release's 20131219.populations.tsv. The spelling is IGSR's ("Beijing", where the
release's table says "Bejing").
Sample counts: integrated_call_samples_v3.20130502.ALL.panel, rows per population (2504).
Places: the sampling place that the project names, The 1000 Genomes Project Consortium,
Nature 526:68 (2015), https://doi.org/10.1038/nature15393, and Coriell's collection pages.
Latitude and longitude are those of the named town, to about 0.1 degree, or of a town
that stands for a country or state where no town is named (`approximate` is True). They
serve to put a mark on a map, not to say where a person lives or comes from: the
Gujarati were sampled in Houston, the Telugu and the Tamil in the United Kingdom.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "ALL",
    "POPULATIONS",
    "POPULATIONS_BY_CODE",
    "SUPER_POPULATIONS",
    "SUPER_POPULATIONS_BY_CODE",
    "UNASSIGNED",
    "Population",
    "SuperPopulation",
    "populations_of",
]

ALL = "ALL"
"""The code of the group that holds every sample."""
UNASSIGNED = "unassigned"
"""The code of samples that no table assigns to a population."""


@dataclass(frozen=True, slots=True)
class SuperPopulation:
    """One of the five groups that the project sorts its populations into."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Population:
    """One sampled population.

    `latitude` and `longitude` are degrees north and east (WGS 84, about 0.1 degree) of
    `place`, where samples were taken. `approximate` is True where the project names no
    town, so that one was chosen to stand for the region.
    `samples_phase3` counts the samples in the final Phase 3 release.
    """

    code: str
    name: str
    super_population: str
    place: str
    latitude: float
    longitude: float
    samples_phase3: int
    approximate: bool = False


SUPER_POPULATIONS: tuple[SuperPopulation, ...] = (
    SuperPopulation("AFR", "African"),
    SuperPopulation("AMR", "Admixed American"),
    SuperPopulation("EAS", "East Asian"),
    SuperPopulation("EUR", "European"),
    SuperPopulation("SAS", "South Asian"),
)
"""In display order; names as the project spells them out."""

# Display order: by super-population, and within one along the map, so that neighbours in
# a chart are neighbours on the ground: Africa from west to east and then its diaspora,
# America and East Asia and Europe from north to south, South Asia from north-west.
POPULATIONS: tuple[Population, ...] = (
    Population(
        "GWD",
        "Gambian in Western Division, The Gambia",
        "AFR",
        "Western Division, The Gambia",
        13.3,
        -16.6,
        113,
        approximate=True,
    ),
    Population(
        "MSL", "Mende in Sierra Leone", "AFR", "Sierra Leone", 8.5, -13.2, 85, approximate=True
    ),
    Population(
        "ESN", "Esan in Nigeria", "AFR", "Edo State, Nigeria", 6.7, 6.1, 99, approximate=True
    ),
    Population("YRI", "Yoruba in Ibadan, Nigeria", "AFR", "Ibadan, Nigeria", 7.4, 3.9, 108),
    Population("LWK", "Luhya in Webuye, Kenya", "AFR", "Webuye, Kenya", 0.6, 34.8, 99),
    Population("ACB", "African Caribbean in Barbados", "AFR", "Barbados", 13.1, -59.6, 96),
    Population(
        "ASW",
        "African Ancestry in Southwest US",
        "AFR",
        "Southwest United States",
        35.5,
        -97.5,
        61,
        approximate=True,
    ),
    Population(
        "MXL",
        "Mexican Ancestry in Los Angeles, California",
        "AMR",
        "Los Angeles, California, United States",
        34.1,
        -118.2,
        64,
    ),
    Population(
        "PUR",
        "Puerto Rican in Puerto Rico",
        "AMR",
        "Puerto Rico",
        18.4,
        -66.1,
        104,
        approximate=True,
    ),
    Population(
        "CLM", "Colombian in Medellín, Colombia", "AMR", "Medellín, Colombia", 6.2, -75.6, 94
    ),
    Population("PEL", "Peruvian in Lima, Peru", "AMR", "Lima, Peru", -12.0, -77.0, 85),
    Population("JPT", "Japanese in Tokyo, Japan", "EAS", "Tokyo, Japan", 35.7, 139.7, 104),
    Population("CHB", "Han Chinese in Beijing, China", "EAS", "Beijing, China", 39.9, 116.4, 103),
    Population(
        "CHS",
        "Southern Han Chinese, China",
        "EAS",
        "Hunan and Fujian, China",
        28.2,
        112.9,
        105,
        approximate=True,
    ),
    Population(
        "CDX",
        "Chinese Dai in Xishuangbanna, China",
        "EAS",
        "Xishuangbanna, China",
        22.0,
        100.8,
        93,
    ),
    Population(
        "KHV",
        "Kinh in Ho Chi Minh City, Vietnam",
        "EAS",
        "Ho Chi Minh City, Vietnam",
        10.8,
        106.7,
        99,
    ),
    Population("FIN", "Finnish in Finland", "EUR", "Finland", 60.2, 24.9, 99, approximate=True),
    Population(
        "GBR",
        "British in England and Scotland",
        "EUR",
        "England and Scotland",
        53.5,
        -2.2,
        91,
        approximate=True,
    ),
    Population(
        "CEU",
        "Utah residents (CEPH) with Northern and Western European ancestry",
        "EUR",
        "Utah, United States",
        40.8,
        -111.9,
        99,
        approximate=True,
    ),
    Population(
        "TSI", "Toscani in Italy", "EUR", "Tuscany, Italy", 43.8, 11.2, 107, approximate=True
    ),
    Population(
        "IBS", "Iberian populations in Spain", "EUR", "Spain", 40.4, -3.7, 107, approximate=True
    ),
    Population("PJL", "Punjabi in Lahore, Pakistan", "SAS", "Lahore, Pakistan", 31.5, 74.3, 96),
    Population(
        "GIH",
        "Gujarati Indian in Houston, Texas",
        "SAS",
        "Houston, Texas, United States",
        29.8,
        -95.4,
        103,
    ),
    # The next two were sampled in the same country; two towns keep their marks apart.
    Population(
        "ITU", "Indian Telugu in the UK", "SAS", "United Kingdom", 52.5, -1.9, 102, approximate=True
    ),
    Population(
        "STU",
        "Sri Lankan Tamil in the UK",
        "SAS",
        "United Kingdom",
        51.5,
        -0.1,
        102,
        approximate=True,
    ),
    Population(
        "BEB", "Bengali in Bangladesh", "SAS", "Bangladesh", 23.7, 90.4, 86, approximate=True
    ),
)

POPULATIONS_BY_CODE: Mapping[str, Population] = MappingProxyType(
    {population.code: population for population in POPULATIONS}
)
SUPER_POPULATIONS_BY_CODE: Mapping[str, SuperPopulation] = MappingProxyType(
    {group.code: group for group in SUPER_POPULATIONS}
)


def populations_of(super_population: str) -> tuple[Population, ...]:
    """Populations of one super-population in display order; empty for an unknown code."""
    return tuple(p for p in POPULATIONS if p.super_population == super_population)
