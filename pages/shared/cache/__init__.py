"""Cached reads of a lake: the only `st.cache_*` functions of the app, a room for each layer.

Each is keyed on the lake's path, the version token of the layer that it reads and its
parameters; never on a frame, whose key Streamlit makes from a sample of it. A rebuilt
layer has another token, so what was read before it is not found again.
"""

from __future__ import annotations

from pages.shared.cache.asked import query
from pages.shared.cache.bronze import files, header, raw, raw_samples, trace
from pages.shared.cache.filter import VariantFilter
from pages.shared.cache.gold import (
    first_rows,
    frequencies,
    gold_variant,
    most_different,
    populations,
    spectrum,
)
from pages.shared.cache.linkage import linked
from pages.shared.cache.opened import Allele, allele_of, open_lake
from pages.shared.cache.sample import rare_alleles, sample_counts
from pages.shared.cache.searched import search
from pages.shared.cache.silver import (
    calls_of_sample,
    carriers,
    defect_counts,
    defects,
    find_variant,
    samples,
    variant_facets,
    variants,
)

__all__ = [
    "Allele",
    "VariantFilter",
    "allele_of",
    "calls_of_sample",
    "carriers",
    "defect_counts",
    "defects",
    "files",
    "find_variant",
    "first_rows",
    "frequencies",
    "gold_variant",
    "header",
    "linked",
    "most_different",
    "open_lake",
    "populations",
    "query",
    "rare_alleles",
    "raw",
    "raw_samples",
    "sample_counts",
    "samples",
    "search",
    "spectrum",
    "trace",
    "variant_facets",
    "variants",
]
