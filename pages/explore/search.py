"""Search: what a text means in this lake, and where to see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl
import streamlit as st

from medallion.catalog.populations import POPULATIONS_BY_CODE
from medallion.errors import UsageError
from medallion.ondemand import Found
from pages.shared import cache, draw, find, panels, pick, say, state
from pages.shared.words import escaped, plural

SHOWN = 1000
LINKS = 12
FORMS = """22-16050075-A-G              one allele
22:16050075                  all alleles at a position
rs587697622                  an identifier of the source
chr22:16,050,000-16,060,000  a region; a contig alone is the whole of it
HG00096                      a sample
GBR, AFR                     populations and super-populations
A pasted list of up to 10,000 of them, one on a line or with commas between."""


def links(
    kind: str, names: Sequence[str], query: Callable[[str], dict[str, str]], icon: str
) -> None:
    """Draw a link for each of the first names, to a page of the section Explore."""
    with st.container(horizontal=True):
        for name in names[:LINKS]:
            target = find.there_is(kind, query(name))
            if target is None:
                st.text(name)
                continue
            page, parameters = target
            find.link(" ".join(escaped(name).split()) or "?", icon, page, parameters)
    if len(names) > LINKS:
        st.caption(f"The first {LINKS} of {len(names):,}.")


def show_variants(found: Found) -> None:
    """Show the alleles that were found, and those that were named by too little."""
    if not found.variants.is_empty():
        st.subheader(plural(found.variants.height, "variant"), anchor=False)
        table(found.variants, "found", "The variants found")
    if not found.ambiguous.is_empty():
        names = found.ambiguous["asked"].n_unique()
        st.subheader("Several alleles to choose from", anchor=False)
        verb = "means" if names == 1 else "mean"
        st.caption(
            f"{plural(names, 'name')} {verb} more than one ALT allele each: a position holds "
            "several, or records share an identifier."
        )
        table(found.ambiguous, "ambiguous", "Alleles with the same name")


def table(frame: pl.DataFrame, key: str, alt: str) -> None:
    """Show alleles, a tick opening one on the Variant page."""
    if frame.height > SHOWN:
        st.caption(f"The first {SHOWN:,} are shown; the downloads hold all.")
    shown = frame.head(SHOWN).with_columns(af=pl.col("ac") / pl.col("an"))
    columns = (
        {"asked": draw.text("Asked for", "The name as you gave it.")}
        | pick.variant_columns()
        | {
            "ac": draw.number("AC", "Copies of the ALT allele over all samples."),
            "an": draw.number("AN", "Called alleles over all samples."),
            "af": draw.number("Frequency", "AC / AN.", "%.5f"),
        }
    )
    pick.row_picker(shown, columns, key=key, alt=alt, height=400, opens=True)
    st.caption("Tick a row to open that variant.")
    draw.downloads(frame, f"search-{key}", "all of these alleles")


def show_missing(found: Found) -> None:
    """Say what was not found, and the likeliest reason."""
    lines = [", ".join(found.missing[:30]) + (" …" if len(found.missing) > 30 else "")]
    if not found.has_ids:
        lines.append(
            "No variant of this lake has an identifier, so looking for an rsID finds nothing: "
            "search by position. (The project's Phase 3 files have none.)"
        )
    else:
        lines.append(
            "Positions are 1-based and must be of the lake's genome build; REF and ALT as in the "
            "VCF. A broken record is in quarantine: see Silver."
        )
    say.text_note(f"{plural(len(found.missing), 'name')} not found.", lines)
    if len(found.missing) > 1:
        draw.downloads(
            pl.DataFrame({"missing": list(found.missing)}), "search-missing", "what was not found"
        )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Search", anchor=False)
    if lake.source.simulated:
        say.simulated()
    version = panels.need(lake, "silver")
    typed = (
        st.text_area(
            "What are you looking for?",
            key="q",
            bind="query-params",
            height=100,
            placeholder="22-16050075-A-G, rs587697622, HG00096, GBR, or a pasted list",
            help="Press Ctrl+Enter, or click elsewhere, to search.",
        )
        or ""
    ).strip()
    if not typed:
        st.caption("You can search for:")
        st.code(FORMS, language=None)
        return
    try:
        found = cache.search(str(lake.path), version, typed)
    except UsageError as error:
        say.failure("This cannot be searched for.", str(error))
        return
    if found.region is not None:
        st.text(f"Understood as a region: {find.region_label(found.region)}")
        name = find.region_label(found.region)
        links("region", [name], lambda name: {"region": name}, ":material/view_timeline:")
        return
    understood = [
        plural(number, word)
        for number, word in (
            (found.variants.height, "variant"),
            (found.ambiguous["asked"].n_unique(), "unclear name"),
            (len(found.samples), "sample"),
            (len(found.populations), "population"),
        )
        if number
    ]
    if found.missing:
        understood.append(f"{len(found.missing):,} not found")
    st.text(f"{plural(len(found.terms), 'name')} read: {', '.join(understood)}.")
    if found.populations:
        st.subheader(plural(len(found.populations), "population"), anchor=False)
        for code in found.populations[:LINKS]:
            if code in POPULATIONS_BY_CODE:
                st.caption(f"{code}: {POPULATIONS_BY_CODE[code].name}")
        links("populations", found.populations, find.population_query, ":material/groups:")
    if found.samples:
        st.subheader(plural(len(found.samples), "sample"), anchor=False)
        links("sample", found.samples, lambda name: {"sample": name}, ":material/person:")
    show_variants(found)
    if found.missing:
        show_missing(found)


main()
