"""Search: the box at the top of every page, and where what was found is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.bronze.raw import Region
from medallion.errors import MedallionError
from medallion.ondemand import Found
from pages.shared import cache, long_text, state
from pages.shared.words import allele_label, escaped

__all__ = [
    "LINKS",
    "OPENED",
    "box",
    "default",
    "destination",
    "follow",
    "lines_set_apart",
    "link",
    "population_query",
    "region_label",
    "there_is",
]

SEARCH = "pages/explore/search.py"
OPENED = "open page"
"""Where in the session a page puts what is to be opened: a page of Explore, and its query."""

LINKS = 12
"""The most links of a kind that a search shows."""

_ASKED = "searched"
_GOING = "on the way"
_CHOSEN = "link chosen"
_SET = "set by a link"


def box() -> None:
    """Draw the search box. `follow` acts on what is typed."""
    with st.container(key="search-everything"):
        st.text_input(
            "Search",
            key="search box",
            on_change=_ask,
            placeholder="Search: rsID, variant, position, region, sample, population …",
            icon=":material/search:",
            label_visibility="collapsed",
            width=640,
        )


def _ask() -> None:
    typed = str(st.session_state.get("search box", "")).strip()
    if typed:
        st.session_state[_ASKED] = typed
        st.session_state["search box"] = ""


def follow(lake: Lake, here: st.Page) -> None:
    """Go to what was typed in the box, or ticked in a table, if anything was.

    `here` is the page that the URL asks for.
    """
    page, arrived = st.session_state.pop(_GOING, ("", {}))
    if here.url_path != Path(page).stem:  # the reader has gone elsewhere meanwhile
        arrived = {}
    st.session_state[_SET] = frozenset(arrived)
    st.query_params.update({k: v for k, v in arrived.items() if long_text.fits_a_link(v)})
    for key, value in arrived.items():
        # A widget takes its value from the link that opened the page, not from what is
        # written into the URL since.
        st.session_state[key] = value
    if chosen := st.session_state.pop(_CHOSEN, None):
        _go(*chosen, here)
    opened = st.session_state.pop(OPENED, None)
    if opened and (target := there_is(*opened)):
        _go(*target, here)
    typed = st.session_state.pop(_ASKED, None)
    if typed is None:
        return
    page, query = SEARCH, {"q": typed}
    try:
        found = cache.search(str(lake.path), lake.version("silver"), typed)
        page, query = destination(lake, found) or (page, query)
    except MedallionError:
        pass  # the Search page says why
    _go(page, query, here)


def default(key: str, usual: str) -> str | None:
    """Return the default of a widget, which Streamlit wants to have none where a link set it."""
    return None if key in st.session_state.get(_SET, ()) else usual


def _go(page: str, query: dict[str, str], here: st.Page) -> None:
    """Go to a page with its widgets set, by the URL where that can be.

    Streamlit refuses to set a parameter of the URL that a widget of the page we leave is
    bound to. So the URL is set once we are there; on one and the same page the widget is
    set, and writes the URL itself.
    """
    if here.url_path == Path(page).stem:
        for key, value in query.items():
            st.session_state[key] = value
        st.session_state[_SET] |= query.keys()
        return
    st.session_state[_GOING] = (page, query)
    st.switch_page(page, query_params={})


def link(label: str, icon: str, page: str, query: Mapping[str, str]) -> None:
    """Draw what leads to a page of this lake with its widgets set; `label` is Markdown.

    A link, or a button where a widget of this page stands for one of the parameters: the
    browser would take the link, and Streamlit then drop the parameter.
    """
    if not query.keys() & set(map(str, st.session_state.keys())):
        st.page_link(page, label=label, icon=icon, query_params=state.in_this_lake(query))
        return

    def chosen() -> None:
        st.session_state[_CHOSEN] = (page, dict(query))

    st.button(
        label, icon=icon, type="tertiary", on_click=chosen, key=f"link {page} {label} {query}"
    )


def lines_set_apart(found: Found) -> None:
    """Draw links to the first lines in quarantine that stand where a missing name has its place."""
    lines = found.set_apart.select("file", "line").unique(maintain_order=True)
    if lines.is_empty():
        return
    with st.container(horizontal=True):
        for file, line in lines.head(LINKS).iter_rows():
            label = escaped(" ".join(f"Line {line:,} of {file}".split()))
            query = {"silver": "Quarantine", "line": str(line)}
            link(label, ":material/report:", "pages/layers/silver.py", query)
    if lines.height > LINKS:
        st.caption(f"The first {LINKS} of {lines.height:,} lines.")


def destination(lake: Lake, found: Found) -> tuple[str, dict[str, str]] | None:
    """Return the page, and its query, where a search means one thing only; else None.

    None, too, where something was taken for granted, which the Search page says.
    """
    things = len(found.regions) + len(found.samples) + len(found.populations) + len(found.variants)
    if things != 1 or found.missing or found.notes or not found.ambiguous.is_empty():
        return None
    if found.region is not None:
        return there_is("region", {"region": region_label(found.region)})
    if found.samples:
        return there_is("sample", {"sample": found.samples[0]})
    if found.populations:
        return there_is("populations", population_query(lake, found.populations[0]))
    row = found.variants.row(0, named=True)
    name = allele_label(row["chrom"], row["pos"], row["ref"], row["alt"])
    return there_is("variant", {"variant": name})


def population_query(lake: Lake, code: str) -> dict[str, str]:
    """Return the query with which the Populations page shows a group of this lake.

    Against another of its level, for no other view speaks of one group by itself; who the
    samples are, where there is none to hold it against.
    """
    samples = cache.samples(str(lake.path), lake.version("silver")).filter("in_vcf")
    for column, level, key in (
        ("population", "Populations", "population_1"),
        ("super_population", "Super-populations", "super_1"),
    ):
        codes = samples[column].cast(pl.String).drop_nulls().unique()
        if code in codes and len(codes) > 1:
            return {
                "populations_view": "Two against each other", "pair_level": level, key: code
            }  # fmt: skip
    return {"populations_view": "Who they are"}


def there_is(name: str, query: dict[str, str]) -> tuple[str, dict[str, str]] | None:
    """Return a page of the section Explore with its query, if this copy has the page."""
    page = Path("pages") / "explore" / f"{name}.py"
    return (page.as_posix(), query) if (state.ROOT / page).is_file() else None


def region_label(region: Region) -> str:
    """Return a region as it is typed: 22:16,050,000-16,060,000, or the contig alone."""
    if region.start is None or region.end is None:
        return region.chrom
    return f"{region.chrom}:{region.start:,}-{region.end:,}"
