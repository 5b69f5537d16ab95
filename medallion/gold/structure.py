"""Who resembles whom: `gold.pca` and what it was made of, and `gold.relatedness`.

All are told from the same sites: common snvs of the autosomes (minor allele frequency of
at least 5 %) in little linkage with each other, evenly chosen over the lake.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.gold.partition import BLOCK_BASES
from medallion.popgen.diversity import window_of
from medallion.popgen.pca import principal_components, relationship
from medallion.popgen.relatedness import (
    THIRD_DEGREE,
    kinship_errors,
    related_pairs,
)
from medallion.storage.schema import Column, Table

__all__ = [
    "COMPONENTS",
    "FEWEST_ERRORS",
    "FEWEST_SITES",
    "PCA",
    "PCA_SITES",
    "RELATEDNESS",
    "pca_rows",
    "related_rows",
]

FEWEST_SITES = 1000
"""Sites without which kinship is not told: chance alone would make relatives of thousands."""
FEWEST_ERRORS = 5
"""Standard errors that the kinship of a pair is above 0: there are millions of pairs."""

_N = 10
_SAMPLE = Column("sample", "string", "name of the sample", nullable=False)
_SOURCE = "Patterson, Price & Reich 2006, https://doi.org/10.1371/journal.pgen.0020190"

PCA = Table(
    "gold.pca",
    "sample",
    (
        _SAMPLE,
        Column("population", "string", "code of its population, or unassigned", nullable=False),
        Column("super_population", "string", "code of its super-population, where one is known"),
        Column("sex", "string", "female, male or unknown", nullable=False),
        *(
            Column(f"pc{i}", "float64", f"coordinate on principal component {i}")
            for i in range(1, _N + 1)
        ),
    ),
    source=_SOURCE,
    key=("sample",),
)
COMPONENTS = Table(
    "gold.pca_components",
    "principal component",
    (
        Column("component", "int32", "number of the component, from 1", nullable=False),
        Column("eigenvalue", "float64", "of the samples' relationship matrix", nullable=False),
        Column("explained", "float64", "share of the variance", nullable=False),
        Column("sites", "int64", "sites that it was made from", "sites", nullable=False),
    ),
    source=_SOURCE,
    key=("component",),
)
PCA_SITES = Table(
    "gold.pca_sites",
    "site that structure is told from",
    (
        Column("chrom", "string", "contig, as in the source", nullable=False),
        Column("pos", "int32", "position, 1-based", nullable=False),
        Column("file", "string", "bronze file that the record stands in", nullable=False),
        Column("record", "int64", "number of the record in that file, from 1", nullable=False),
    ),
    key=("file", "chrom", "pos"),
)
RELATEDNESS = Table(
    "gold.relatedness",
    "pair of samples of the third degree or closer (of a kinship of at least 0.0442 and of five "
    "standard errors, which distant relatives do not reach over one chromosome; none from fewer "
    "than 1,000 sites)",
    (
        Column("sample_1", "string", "name of the first sample", nullable=False),
        Column("sample_2", "string", "name of the second sample", nullable=False),
        Column("kinship", "float64",
               "KING-robust kinship: 0.5 the same genome, 0.25 parent and child or full siblings, "
               "0.125 second degree, 0.0625 third", nullable=False),
        Column("se", "float64",
               "its standard error: block jackknife over blocks of 1 Mb", nullable=False),
        Column("degree", "string", "what the kinship is taken for", nullable=False),
        Column("sites", "int64", "sites at which both are called", "sites", nullable=False),
        Column("het_1", "int64", "of these, those where the first is heterozygous", "sites",
               nullable=False),
        Column("het_2", "int64", "those where the second is", "sites", nullable=False),
        Column("het_het", "int64", "those where both are", "sites", nullable=False),
        Column("ibs0", "int64", "those where they are opposite homozygotes", "sites",
               nullable=False),
    ),
    source="Manichaikul et al. 2010, https://doi.org/10.1093/bioinformatics/btq559",
    key=("sample_1", "sample_2"),
)  # fmt: skip


def pca_rows(
    copies: npt.NDArray[np.int8], names: Sequence[str], people: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """`gold.pca` and `gold.pca_components`; no rows where no site varies.

    `copies` has shape (n_sites, n_samples), columns as `names`; `people` are rows of
    `silver.samples`.
    """
    sums = relationship(copies)
    if not sums.sites or len(names) < 2:
        return tuple(pl.DataFrame(schema=t.polars_schema()) for t in (PCA, COMPONENTS))  # type: ignore[return-value]
    found = principal_components(sums, _N)
    k = len(found.eigenvalues)
    coordinates = found.coordinates
    frame = pl.DataFrame(
        {
            "sample": pl.Series(names, dtype=pl.String),
            **{
                f"pc{i + 1}": pl.Series(
                    coordinates[:, i] if i < k else [None] * len(names), dtype=pl.Float64
                )
                for i in range(_N)
            },
        }
    )
    known = people.select("sample", "population", "super_population", "sex")
    components = pl.DataFrame(
        {
            "component": range(1, k + 1),
            "eigenvalue": found.eigenvalues,
            "explained": found.explained,
            "sites": [sums.sites] * k,
        }
    )
    joined = frame.join(known, on="sample", how="left", maintain_order="left")
    return PCA.conform(joined), COMPONENTS.conform(components)


def related_rows(
    copies: npt.NDArray[np.int8], names: Sequence[str], sites: pl.DataFrame
) -> pl.DataFrame:
    """`gold.relatedness`: arguments as of `pca_rows`, and the rows of `gold.pca_sites`."""
    if len(copies) < FEWEST_SITES or len(names) < 2:
        return pl.DataFrame(schema=RELATEDNESS.polars_schema())
    found = related_pairs(copies, names, THIRD_DEGREE)
    window = pl.Series("window", window_of(sites["pos"].to_numpy(), BLOCK_BASES))
    block = sites.select(pl.struct("file", "chrom", window).rle_id()).to_series()
    place = {name: i for i, name in enumerate(names)}
    first, second = (
        np.array([place[s] for s in found[column]], np.intp) for column in ("sample_1", "sample_2")
    )
    se = kinship_errors(copies, block.to_numpy().astype(np.int64), first, second)
    told = found.with_columns(se=se).filter(pl.col("kinship") >= FEWEST_ERRORS * pl.col("se"))
    return RELATEDNESS.conform(told)
