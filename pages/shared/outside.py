"""Links from an allele or a region to what public pages tell of it.

They are followed by a click alone, each in a tab of its own: this app asks nothing of the
network for them. None of simulated data, nor where the genome build is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from medallion import Lake
from medallion.catalog.outside import allele_links, region_links
from medallion.ondemand.region import View
from pages.shared import cache

__all__ = ["of_allele", "of_region"]


def of_allele(lake: Lake, row: Mapping[str, Any]) -> None:
    """Draw the links of an allele; `row` is that of `silver.variants`."""
    named = (row[name] for name in ("chrom", "pos", "ref", "alt", "id"))
    build = cache.genome(str(lake.path), lake.version("bronze"))
    _draw(allele_links(build, *named), build)


def of_region(lake: Lake, view: View) -> None:
    """Draw the links of a region."""
    build = cache.genome(str(lake.path), lake.version("bronze"))
    _draw(region_links(build, view.chrom, view.start, view.end), build)


def _draw(links: Mapping[str, str], build: str | None) -> None:
    if links:
        listed = " · ".join(f"[{title}]({address})" for title, address in links.items())
        st.caption(f"Elsewhere, on the web ({build}): {listed}")
