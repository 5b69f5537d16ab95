"""Answers worked out from silver when they are asked for: linkage, haplotypes, cohorts, search.

Nothing here is stored. Each function takes a lake's folder, reads the published silver
layer, and of its genotypes only the row groups that hold what is asked for. Sources:
linkage `medallion.popgen.linkage`, haplotypes `medallion.popgen.haplotypes`, cohorts
`medallion.gold.cohort`.
"""

from medallion.ondemand.builds import as_in_lake, build_of
from medallion.ondemand.cohort import cohort
from medallion.ondemand.haplotypes import MOST_IN_HAPLOTYPES, haplotypes
from medallion.ondemand.linkage import MOST_IN_MATRIX, Measure, ld_matrix, ld_pairs, linked
from medallion.ondemand.search import MOST_TERMS, Found, search
from medallion.ondemand.silver import contig_bounds

__all__ = [
    "MOST_IN_HAPLOTYPES",
    "MOST_IN_MATRIX",
    "MOST_TERMS",
    "Found",
    "Measure",
    "as_in_lake",
    "build_of",
    "cohort",
    "contig_bounds",
    "haplotypes",
    "ld_matrix",
    "ld_pairs",
    "linked",
    "search",
]
