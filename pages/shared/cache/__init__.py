"""Cached reads of a lake: the only `st.cache_*` functions of the app, a room for each layer.

Each is keyed on the lake's path, the version token of the layer that it reads and its
parameters; never on a frame, whose key Streamlit makes from a sample of it. A rebuilt
layer has another token, so what was read before it is not found again.
"""

from __future__ import annotations

from pages.shared.cache.asked import expect_query, query
from pages.shared.cache.bronze import files, genome, header, raw, raw_samples, trace
from pages.shared.cache.cohort import cohort_frequencies, count_cohort, group_frequencies
from pages.shared.cache.compared import (
    Pair,
    all_of_pair,
    counted_alleles,
    counted_pair,
    pair,
    site_spectra,
    spectrum_sizes,
)
from pages.shared.cache.filter import VariantFilter
from pages.shared.cache.gold import (
    first_rows,
    frequencies,
    gold_variant,
    most_different,
    populations,
    spectrum,
)
from pages.shared.cache.linkage import (
    Common,
    Listed,
    common_alleles,
    haplotypes,
    ld_decay,
    ld_pairs,
    linked,
    listed_alleles,
    listed_pairs,
)
from pages.shared.cache.opened import Allele, allele_of, open_lake
from pages.shared.cache.region import RegionData, region_alleles, region_data
from pages.shared.cache.sample import rare_alleles, sample_counts
from pages.shared.cache.searched import search
from pages.shared.cache.silver import (
    calls_of_sample,
    carriers,
    contigs,
    defect_counts,
    defects,
    defects_of_line,
    example,
    find_variant,
    named,
    samples,
    variant_facets,
    variants,
)
from pages.shared.cache.story import post
from pages.shared.cache.structure import (
    GroupTree,
    components,
    fst,
    group_tree,
    pca,
    pca_sites,
    relatedness,
)
from pages.shared.cache.trust import changed, history, kept_versions, rows_of_version, verified

__all__ = [
    "Allele",
    "Common",
    "GroupTree",
    "Listed",
    "Pair",
    "RegionData",
    "VariantFilter",
    "all_of_pair",
    "allele_of",
    "calls_of_sample",
    "carriers",
    "changed",
    "cohort_frequencies",
    "common_alleles",
    "components",
    "contigs",
    "count_cohort",
    "counted_alleles",
    "counted_pair",
    "defect_counts",
    "defects",
    "defects_of_line",
    "example",
    "expect_query",
    "files",
    "find_variant",
    "first_rows",
    "frequencies",
    "fst",
    "genome",
    "gold_variant",
    "group_frequencies",
    "group_tree",
    "haplotypes",
    "header",
    "history",
    "kept_versions",
    "ld_decay",
    "ld_pairs",
    "linked",
    "listed_alleles",
    "listed_pairs",
    "most_different",
    "named",
    "open_lake",
    "pair",
    "pca",
    "pca_sites",
    "populations",
    "post",
    "query",
    "rare_alleles",
    "raw",
    "raw_samples",
    "region_alleles",
    "region_data",
    "relatedness",
    "rows_of_version",
    "sample_counts",
    "samples",
    "search",
    "site_spectra",
    "spectrum",
    "spectrum_sizes",
    "trace",
    "variant_facets",
    "variants",
    "verified",
]
