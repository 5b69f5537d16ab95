"""What gold keeps of a stretch of a file: sums, from which all tables over a lake are made.

Sums of stretches add up to those of a contig, and these are stored. So a chromosome
that is added costs no more than its own sums and one more addition; and the tables
come out the same wherever files were cut, up to the order in which floats are added,
which is that of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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

__all__ = ["MOST_SITES", "Adder", "Published", "Sites", "Spectra", "Sums", "Windows"]

MOST_SITES = 20_000
"""Sites of a contig, and of a lake, whose genotypes structure is told from."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Windows:
    """Sums by window of 10 kb; `number` as `diversity.window_of`, ascending.

    `sums` are over records of snvs, a column for each group of `Layout.along`; `records`,
    shape (n_windows,), are of any type; `fst` is Hudson's of the groups of
    `Layout.compared`, its blocks windows.
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
    def none(cls, n_samples: int) -> Sites:
        """No site, of so many samples."""
        return cls(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, n_samples), np.int8))

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


class Adder:
    """Adds sums of stretches of one contig up as they come, in the order of the file.

    So memory holds the sums of one stretch, not of all: of 500,000 samples each takes more
    than 100 MB. Sites are put together at the end, for they are to be chosen evenly from all.
    """

    def __init__(self) -> None:
        self._sums: Sums | None = None
        self._sites: list[Sites] = []

    def add(self, sums: Sums) -> None:
        """Take the next stretch; `sums` is the adder's from now on."""
        self._sites.append(sums.structure)
        sums = replace(sums, structure=Sites.none(sums.structure.copies.shape[1]))
        self._sums = sums if self._sums is None else _both(self._sums, sums)

    def total(self) -> Sums | None:
        """All that was taken; None where nothing was."""
        if self._sums is None:
            return None
        return replace(self._sums, structure=Sites.added(self._sites))


def _both(one: Sums, other: Sums) -> Sums:
    """Two stretches in order, added; the samples of `one` are added to in place."""
    samples = one.samples
    samples += other.samples
    return Sums(
        first_pos=min(one.first_pos, other.first_pos),
        last_pos=max(one.last_pos, other.last_pos),
        populations=one.populations + other.populations,
        sites=one.sites + other.sites,
        windows=Windows.added([one.windows, other.windows]),
        spectra=Spectra.added([one.spectra, other.spectra]),
        hudson=add_blocks([one.hudson, other.hudson]),
        hudson_super=add_blocks([one.hudson_super, other.hudson_super]),
        weir_cockerham=add_blocks([one.weir_cockerham, other.weir_cockerham]),
        weir_cockerham_super=add_blocks([one.weir_cockerham_super, other.weir_cockerham_super]),
        samples=samples,
        structure=one.structure,
        decay=one.decay + other.decay,
        published=one.published + other.published,
        hwe=one.hwe + other.hwe,
        x_patterns=np.concatenate([one.x_patterns, other.x_patterns]),
    )
