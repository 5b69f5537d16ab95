"""Who is simulated, and the history they are simulated from.

Samples: the 26 populations of 1000 Genomes Phase 3 with the sizes and the sexes of its
panel (`integrated_call_samples_v3.20130502.ALL.panel`), under names that no real person has.

History, in generations before the present:

- *Published*: the out-of-Africa model of Gravel et al. 2011 (PNAS 108:11983,
  doi:10.1073/pnas.1019276108) for Africa, Europe and East Asia, with the numbers and the
  recent admixture 12 generations ago of Browning et al. 2018 (PLoS Genet 14:e1007385,
  doi:10.1371/journal.pgen.1007385), which stdpopsim catalogues as AmericanAdmixture_4B18.
- *Published*: a Native American branch off East Asia, with the time, founders and growth that
  Gutenkunst et al. 2009 (PLoS Genet 5:e1000695, doi:10.1371/journal.pgen.1000695) give theirs
  (21.6 thousand years, 25 years a generation; 800; 0.5 % a generation).
- *Published*: ancestry of CLM, MXL, PEL and PUR from the first table of Mooney et al. 2018
  (Am J Hum Genet 103:707; PMC6218714), of ASW from the African Americans of Bryc et al. 2015
  (Am J Hum Genet 96:37), rounded to a sum of 1.
- *Invented*: South Asia as a branch of the European one; the splits into 26 populations; how
  migration stops when they begin; the mixture of ACB. The times and sizes are set to give FST
  of the order seen in real data (about 0.001-0.02 inside a super-population) and no more:
  nobody should read history from them.

This module builds the model; it draws nothing. It needs msprime, a development tool.
"""

from __future__ import annotations

from itertools import groupby
from math import exp
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import msprime

__all__ = [
    "MUTATION_RATE",
    "PANEL",
    "RECOMBINATION_RATE",
    "SAMPLES",
    "TRANSITION_BIAS",
    "Sample",
    "demography",
]

MUTATION_RATE = 2.36e-8
"""Per base and generation; the rate that Gravel et al. 2011 fitted their model with."""

RECOMBINATION_RATE = 1e-8
"""Per base and generation: 1 cM per Mb, the round number of Browning et al. 2018."""

TRANSITION_BIAS = 4.2
"""Kappa of the HKY model at equal base frequencies, where Ti/Tv = kappa / 2 = 2.1."""

PANEL = {
    "ACB": ("AFR", 47, 49),
    "ASW": ("AFR", 26, 35),
    "BEB": ("SAS", 42, 44),
    "CDX": ("EAS", 44, 49),
    "CEU": ("EUR", 49, 50),
    "CHB": ("EAS", 46, 57),
    "CHS": ("EAS", 52, 53),
    "CLM": ("AMR", 43, 51),
    "ESN": ("AFR", 53, 46),
    "FIN": ("EUR", 38, 61),
    "GBR": ("EUR", 46, 45),
    "GIH": ("SAS", 56, 47),
    "GWD": ("AFR", 55, 58),
    "IBS": ("EUR", 54, 53),
    "ITU": ("SAS", 59, 43),
    "JPT": ("EAS", 56, 48),
    "KHV": ("EAS", 46, 53),
    "LWK": ("AFR", 44, 55),
    "MSL": ("AFR", 42, 43),
    "MXL": ("AMR", 32, 32),
    "PEL": ("AMR", 41, 44),
    "PJL": ("SAS", 48, 48),
    "PUR": ("AMR", 54, 50),
    "STU": ("SAS", 55, 47),
    "TSI": ("EUR", 53, 54),
    "YRI": ("AFR", 52, 56),
}
"""Population: super-population, males, females, counted in the panel of Phase 3."""


class Sample(NamedTuple):
    """One simulated person."""

    name: str
    population: str
    super_population: str
    sex: str


def _samples() -> list[Sample]:
    people = []
    for population, (super_population, males, females) in PANEL.items():
        size = males + females
        for i in range(size):
            # Spread the males evenly among the names.
            male = (i + 1) * males // size > i * males // size
            name = f"SIM_{population}_{i + 1:03d}"
            people.append(Sample(name, population, super_population, "male" if male else "female"))
    return people


SAMPLES = _samples()
"""The 2504 simulated people, in the order of the VCF's columns (by name)."""

# Browning et al. 2018, Gravel et al. 2011: sizes, times, growth, migration a generation.
_ANCIENT, _AFRICA, _OUT_OF_AFRICA = 7310, 14474, 1861
_T_AFRICA, _T_OUT_OF_AFRICA, _T_EUROPE_ASIA = 5920, 2040, 920
_EUROPE, _EUROPE_GROWTH = 1032, 0.0038
_ASIA, _ASIA_GROWTH = 554, 0.0048
_ADMIXED, _ADMIXED_GROWTH, _T_ADMIXTURE = 30000, 0.05, 12
_MIGRATION_OUT_OF_AFRICA = 15e-5
_MIGRATION = {
    ("AFRICA", "EUROPE"): 2.5e-5,
    ("AFRICA", "EAST_ASIA"): 0.78e-5,
    ("EUROPE", "EAST_ASIA"): 3.11e-5,
    # Invented from here on.
    ("EUROPE", "SOUTH_ASIA"): 20e-5,
    ("EAST_ASIA", "SOUTH_ASIA"): 45e-5,
}

# Gutenkunst et al. 2009: 21.6 thousand years at 25 years a generation.
_T_AMERICA, _AMERICA, _AMERICA_GROWTH = 864, 800, 0.005

# Invented.
_T_SOUTH_ASIA, _SOUTH_ASIA, _SOUTH_ASIA_GROWTH = 700, 4000, 0.0038

# Branches begin here; older than the oldest of the splits below. Migration is set between
# branches only, so forwards in time it ends here.
_T_BRANCHES = 320

# Invented: (population, splits from, generations ago, size since then).
_SPLITS = [
    ("JPT", "EAST_ASIA", 310, 18000),
    ("CHINA", "EAST_ASIA", 310, 18000),
    ("LWK", "AFRICA", 250, 15000),
    ("WEST_AFRICA", "AFRICA", 250, 15000),
    ("FIN", "EUROPE", 200, 7500),
    ("NORTH_EUROPE", "EUROPE", 200, 25000),
    ("SOUTH_EUROPE", "EUROPE", 200, 30000),
    ("BEB", "SOUTH_ASIA", 200, 25000),
    ("NORTH_INDIA", "SOUTH_ASIA", 200, 22000),
    ("SOUTH_INDIA", "SOUTH_ASIA", 200, 22000),
    ("GWD", "WEST_AFRICA", 200, 15000),
    ("MSL", "WEST_AFRICA", 200, 18000),
    ("NIGERIA", "WEST_AFRICA", 200, 20000),
    ("HAN", "CHINA", 200, 25000),
    ("SOUTH_CHINA", "CHINA", 200, 18000),
    ("PJL", "NORTH_INDIA", 150, 25000),
    ("GIH", "NORTH_INDIA", 150, 15000),
    ("IBS", "SOUTH_EUROPE", 120, 35000),
    ("TSI", "SOUTH_EUROPE", 120, 35000),
    ("CDX", "SOUTH_CHINA", 100, 15000),
    ("KHV", "SOUTH_CHINA", 100, 25000),
    ("ITU", "SOUTH_INDIA", 100, 20000),
    ("STU", "SOUTH_INDIA", 100, 20000),
    ("YRI", "NIGERIA", 80, 25000),
    ("ESN", "NIGERIA", 80, 25000),
    ("CHB", "HAN", 80, 40000),
    ("CHS", "HAN", 80, 40000),
    ("CEU", "NORTH_EUROPE", 50, 40000),
    ("GBR", "NORTH_EUROPE", 50, 40000),
]

# Shares of (Europe, Africa, America). PUR, CLM, MXL, PEL: Mooney et al. 2018; ASW: Bryc et
# al. 2015; ACB: invented, more African than ASW.
_MIXTURES = {
    "CLM": ("IBS", 0.6295, 0.0910, 0.2795),
    "MXL": ("IBS", 0.4979, 0.0573, 0.4448),
    "PEL": ("IBS", 0.0956, 0.0220, 0.8824),
    "PUR": ("IBS", 0.6716, 0.1859, 0.1425),
    "ASW": ("GBR", 0.24, 0.75, 0.01),
    "ACB": ("GBR", 0.12, 0.88, 0.0),
}


def demography() -> msprime.Demography:
    """The model as msprime takes it: times in generations ago, sizes in diploid people."""
    import msprime

    model = msprime.Demography()

    def add(name: str, founders: float, growth: float = 0.0, since: float = 0.0) -> None:
        # msprime wants the size at present, the papers give that of the founders.
        size = founders * exp(growth * since)
        model.add_population(name=name, initial_size=size, growth_rate=growth)

    for name, _, _, size in _SPLITS:
        add(name, size)
    add("AFRICA", _AFRICA)
    add("EUROPE", _EUROPE, _EUROPE_GROWTH, _T_EUROPE_ASIA)
    add("EAST_ASIA", _ASIA, _ASIA_GROWTH, _T_EUROPE_ASIA)
    add("SOUTH_ASIA", _SOUTH_ASIA, _SOUTH_ASIA_GROWTH, _T_SOUTH_ASIA)
    add("AMERICA", _AMERICA, _AMERICA_GROWTH, _T_AMERICA)
    add("OUT_OF_AFRICA", _OUT_OF_AFRICA)
    add("MODERN", _AFRICA)
    add("ANCIENT", _ANCIENT)

    for name, (europe, *shares) in _MIXTURES.items():
        add(name, _ADMIXED, _ADMIXED_GROWTH, _T_ADMIXTURE)
        sources = [
            (source, share)
            for source, share in zip((europe, "YRI", "AMERICA"), shares, strict=True)
            if share
        ]
        model.add_admixture(
            time=_T_ADMIXTURE,
            derived=name,
            ancestral=[source for source, _ in sources],
            proportions=[share for _, share in sources],
        )

    # Backwards in time from here: populations join into branches, branches into one.
    for (time, branch), group in groupby(
        sorted(_SPLITS, key=lambda row: (row[2], row[1])), key=lambda row: (row[2], row[1])
    ):
        names = [name for name, *_ in group]
        model.add_population_split(time=time, derived=names, ancestral=branch)
    for pair, rate in _MIGRATION.items():
        model.add_symmetric_migration_rate_change(
            time=_T_BRANCHES, populations=list(pair), rate=rate
        )
    model.add_population_split(time=_T_SOUTH_ASIA, derived=["SOUTH_ASIA"], ancestral="EUROPE")
    model.add_population_split(time=_T_AMERICA, derived=["AMERICA"], ancestral="EAST_ASIA")
    model.add_population_split(
        time=_T_EUROPE_ASIA, derived=["EUROPE", "EAST_ASIA"], ancestral="OUT_OF_AFRICA"
    )
    model.add_symmetric_migration_rate_change(
        time=_T_EUROPE_ASIA, populations=["AFRICA", "OUT_OF_AFRICA"], rate=_MIGRATION_OUT_OF_AFRICA
    )
    model.add_population_split(
        time=_T_OUT_OF_AFRICA, derived=["AFRICA", "OUT_OF_AFRICA"], ancestral="MODERN"
    )
    model.add_population_split(time=_T_AFRICA, derived=["MODERN"], ancestral="ANCIENT")
    model.sort_events()
    return model
