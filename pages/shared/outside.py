"""Links from an allele or a region to what public pages tell of it.

They are followed by a click alone, each in a tab of its own: this app asks nothing of the
network for them. None of simulated data, nor where the genome build is not known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from medallion import Lake
from medallion.bronze.source import OWN
from medallion.catalog.outside import allele_links, region_links
from medallion.catalog.releases import DATASETS
from medallion.ondemand.region import View
from pages.shared import cache

__all__ = ["of_allele", "of_region"]


def of_allele(lake: Lake, row: Mapping[str, Any]) -> None:
    """Draw the links of an allele; `row` is that of `silver.variants`."""
    named = (row[name] for name in ("chrom", "pos", "ref", "alt", "id"))
    _draw(allele_links(build := _build(lake), *named), build)


def of_region(lake: Lake, view: View) -> None:
    """Draw the links of a region."""
    _draw(region_links(build := _build(lake), view.chrom, view.start, view.end), build)


def _draw(links: Mapping[str, str], build: str | None) -> None:
    if links:
        listed = " · ".join(f"[{title}]({address})" for title, address in links.items())
        st.caption(f"Elsewhere, on the web ({build}): {listed}")


def _build(lake: Lake) -> str | None:
    """Return the build of a lake: its release's, or the one its files' contig lengths tell."""
    source = lake.source
    if source.simulated:
        return None
    if source.dataset != OWN:
        return DATASETS[source.dataset].genome
    return cache.genome(str(lake.path), lake.version("bronze"))
