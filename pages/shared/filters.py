"""The controls that narrow a table down; each choice is in the URL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from pages.shared.cache import VariantFilter

__all__ = ["variants"]


def variants(facets: Mapping[str, Any]) -> VariantFilter:
    """Draw the filters of variants and return what was asked.

    `facets` is what `cache.variant_facets` returns.
    """
    chroms = [str(entry["chrom"]) for entry in facets["chroms"]]
    first = min((entry["first"] for entry in facets["chroms"]), default=1)
    last = max((entry["last"] for entry in facets["chroms"]), default=1)
    example = (facets["example"] or {}).get("id") or "rs587697622"
    row = st.columns(4)
    chrom = None
    if len(chroms) > 1:
        chrom = row[0].selectbox(
            "Chromosome",
            chroms,
            index=None,
            key="chrom",
            bind="query-params",
            placeholder="Any",
            help="Spelled as in the source.",
        )
    else:
        row[0].text_input(
            "Chromosome",
            value=chroms[0] if chroms else "",
            disabled=True,
            key="only chrom",
            help="The only one in this lake.",
        )
    start = row[1].number_input(
        "From position",
        value=None,
        min_value=1,
        step=1,
        key="from",
        bind="query-params",
        placeholder=f"{first:,}",
        help="1-based, included.",
    )
    end = row[2].number_input(
        "To position",
        value=None,
        min_value=1,
        step=1,
        key="to",
        bind="query-params",
        placeholder=f"{last:,}",
        help="1-based, included.",
    )
    name = row[3].text_input(
        "ID",
        key="id",
        bind="query-params",
        placeholder=example if facets["named"] else "this source has no IDs",
        help="An exact ID, such as an rsID. Records without one hold a dot.",
    )
    row = st.columns(4)
    types = row[0].multiselect(
        "Type",
        facets["types"],
        key="type",
        bind="query-params",
        help="snv: one base for another. mnv: several for as many. insertion, deletion, indel: "
        "of another length. sv: structural, such as a copy number variant.",
        wrap=True,
    )
    filters = row[1].multiselect(
        "Filter",
        facets["filters"],
        key="filter",
        bind="query-params",
        help="The FILTER column: PASS, or the tests that the site failed.",
        wrap=True,
    )
    low = row[2].number_input(
        "Frequency from",
        value=0.0,
        min_value=0.0,
        max_value=1.0,
        step=0.01,
        format="%.4f",
        key="af_from",
        bind="query-params",
        help="Frequency of the ALT allele in all samples: copies (AC) / called alleles (AN).",
    )
    high = row[3].number_input(
        "Frequency to",
        value=1.0,
        min_value=0.0,
        max_value=1.0,
        step=0.01,
        format="%.4f",
        key="af_to",
        bind="query-params",
        help="Included.",
    )
    return VariantFilter(chrom, start, end, tuple(types), tuple(filters), low, high, name or "")
