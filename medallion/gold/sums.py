"""What gold keeps of a stretch of a file: sums, from which all tables over a lake are made.

Sums of stretches add up to those of a contig, and these are stored. So a chromosome
that is added costs no more than its own sums and one more addition; and the tables
come out the same wherever files were cut, up to the order in which floats are added,
which is that of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.gold.populations import PopulationSums
from medallion.popgen.diversity import SiteSums, add_windows
from medallion.popgen.jackknife import PairSums, add_blocks
from medallion.popgen.linkage import DecaySums
from medallion.popgen.pca import evenly
from medallion.popgen.samples import SampleSums
from medallion.popgen.spectrum import add_spectra

__all__ = ["MOST_SITES", "Published", "Sites", "Spectra", "Sums", "Windows"]

MOST_SITES = 20_000
"""Sites of a contig, and of a lake, whose genotypes structure is told from."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Sums by window of 10 kb; `number` as `diversity.window_of`, ascending.

    `sums` are over records of snvs, a column for each super-population and one for
    everyone; `records`, shape (n_windows,), are of any type; `fst` is Hudson's of the
    super-populations, its blocks windows.
    """

    number: Ints
    sums: SiteSums
    records: Ints
    fst: PairSums

    @classmethod
    def added(cls, parts: Sequence[Windows]) -> Windows:
        """Parts that may share windows, added."""
        number, sums = add_windows([(p.number, p.sums) for p in parts])
        both = np.concatenate([p.number for p in parts])
        place = np.searchsorted(number, both)
        records = np.zeros(len(number), np.int64)
        np.add.at(records, place, np.concatenate([p.records for p in parts]))
        return cls(number, sums, records, add_blocks([p.fst for p in parts]))


@dataclass(frozen=True, slots=True)
class Spectra:
    """Site-frequency spectra as `spectrum` gives them; `group` is a column of the counts."""

    unfolded: pl.DataFrame
    folded: pl.DataFrame
    joint_unfolded: pl.DataFrame
    joint_folded: pl.DataFrame

    @classmethod
    def added(cls, parts: Sequence[Spectra]) -> Spectra:
        """Parts, added."""
        return cls(
            add_spectra([p.unfolded for p in parts]),
            add_spectra([p.folded for p in parts]),
            add_spectra([p.joint_unfolded for p in parts]),
            add_spectra([p.joint_folded for p in parts]),
        )


@dataclass(frozen=True, slots=True)
class Published:
    """How often what the source states is what was counted; shape (n_fields,) of FIELDS."""

    stated: Ints
    differ: Ints

    def __add__(self, other: Published) -> Published:
        return Published(self.stated + other.stated, self.differ + other.differ)


@dataclass(frozen=True, slots=True)
class Sites:
    """Common snvs in little linkage with each other, and everybody's copies of the ALT.

    `pos`, `record`, shape (n_sites,); `copies`, shape (n_sites, n_samples), int8, -1
    where missing. Samples are the columns of the file.
    """

    pos: Ints
    record: Ints
    copies: npt.NDArray[np.int8]

    @classmethod
    def added(cls, parts: Sequence[Sites]) -> Sites:
        """Parts one after the other, evenly thinned out to MOST_SITES."""
        n = sum(len(p.pos) for p in parts)
        pick = evenly(n, MOST_SITES)
        place = np.split(pick, np.searchsorted(pick, np.cumsum([len(p.pos) for p in parts])))
        begin = np.cumsum([0, *(len(p.pos) for p in parts)])
        own = [rows - first for rows, first in zip(place[: len(parts)], begin[:-1], strict=True)]
        return cls(
            np.concatenate([p.pos[i] for p, i in zip(parts, own, strict=True)]),
            np.concatenate([p.record[i] for p, i in zip(parts, own, strict=True)]),
            np.concatenate([p.copies[i] for p, i in zip(parts, own, strict=True)]),
        )


@dataclass(frozen=True, slots=True)
class Sums:
    """All sums of a stretch of one contig of one file.

    `first_pos` and `last_pos` bound its records. `sites` are sums over records of snvs, a
    column for each group. `fst` are by megabase, each for all pairs of populations and of
    super-populations: Hudson's, and Weir & Cockerham's. `hwe`, shape (2, n_groups): ALT
    alleles tested, and those of p below 1e-6. `x_patterns` are the patterns of records of
    X outside the PARs: (pattern, records).
    """

    first_pos: int
    last_pos: int
    populations: PopulationSums
    sites: SiteSums
    windows: Windows
    spectra: Spectra
    hudson: PairSums
    hudson_super: PairSums
    weir_cockerham: PairSums
    weir_cockerham_super: PairSums
    samples: SampleSums
    structure: Sites
    decay: DecaySums
    published: Published
    hwe: Ints
    x_patterns: Ints

    @classmethod
    def added(cls, parts: Sequence[Sums]) -> Sums:
        """Stretches of one contig in order, added. Raises ValueError where there is none."""
        if not parts:
            raise ValueError("there must be at least one stretch")
        populations, sites, samples = parts[0].populations, parts[0].sites, parts[0].samples
        decay, published, hwe = parts[0].decay, parts[0].published, parts[0].hwe
        for part in parts[1:]:
            populations, sites = populations + part.populations, sites + part.sites
            samples, decay = samples + part.samples, decay + part.decay
            published, hwe = published + part.published, hwe + part.hwe
        return cls(
            first_pos=min(p.first_pos for p in parts),
            last_pos=max(p.last_pos for p in parts),
            populations=populations,
            sites=sites,
            windows=Windows.added([p.windows for p in parts]),
            spectra=Spectra.added([p.spectra for p in parts]),
            hudson=add_blocks([p.hudson for p in parts]),
            hudson_super=add_blocks([p.hudson_super for p in parts]),
            weir_cockerham=add_blocks([p.weir_cockerham for p in parts]),
            weir_cockerham_super=add_blocks([p.weir_cockerham_super for p in parts]),
            samples=samples,
            structure=Sites.added([p.structure for p in parts]),
            decay=decay,
            published=published,
            hwe=hwe,
            x_patterns=np.concatenate([p.x_patterns for p in parts]),
        )
