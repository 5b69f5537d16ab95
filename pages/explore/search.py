"""Search: what a text means in this lake, and where to see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.bronze.raw import Region
from medallion.catalog.genomes import GENOMES, bare_chrom
from medallion.catalog.populations import ALL, POPULATIONS_BY_CODE
from medallion.errors import UsageError
from medallion.ondemand import Found
from pages.shared import cache, draw, find, long_text, made, panels, pick, say, state
from pages.shared.words import escaped, plural

SHOWN = 1000
MISSING = 30
LIST = """A pasted list of up to 10,000 of them, one on a line or with commas between. Names of
samples that hold blanks or commas are known as such."""
USUAL = {"chrom": "22", "pos": 16_050_075, "ref": "A", "alt": "G", "id": "rs587697622"}


def forms(lake: Lake, version: str) -> str:
    """Return what can be searched for, with examples of this lake's own."""
    path = str(lake.path)
    row = cache.example(path, version) or USUAL
    chrom, pos, ref, alt = (row[name] for name in ("chrom", "pos", "ref", "alt"))
    region = Region(chrom, max(1, pos - 5_000), pos + 5_000)
    told = {
        f"{chrom}-{pos}-{ref}-{alt}": f"one allele; {chrom}:g.{pos}{ref}>{alt} or a line "
        f"{chrom} {pos} {ref} {alt} too",
        f"{chrom}:{pos}": f"all alleles at a position; {pos} is looked for on every chromosome",
    }
    build = GENOMES.get(cache.genome(path, lake.version("bronze")) or "")
    for accession, meant in build.accessions.items() if build else ():
        if meant == bare_chrom(chrom):
            told[f"{accession}:{pos}"] = f"the chromosome by its RefSeq accession in {build.name}"
    if row["id"]:
        told[row["id"].split(";")[0]] = "an identifier of the source"
    told[find.region_label(region)] = "a region; a contig alone is the whole of it"
    people = cache.samples(path, version).filter("in_vcf").head(1)
    for sample, group, above in people.select(
        pl.col("sample", "population", "super_population").cast(pl.String)
    ).iter_rows():
        told[sample] = "a sample"
        groups = dict.fromkeys(filter(None, (group, above, ALL)))
        told[", ".join(groups)] = "groups of samples, and everyone"
    width = max(len(name) for name in told)
    return "\n".join([*(f"{name:<{width}}  {meaning}" for name, meaning in told.items()), LIST])


def links(
    kind: str, names: Sequence[str], query: Callable[[str], dict[str, str]], icon: str
) -> None:
    """Draw a link for each of the first names, to a page of the section Explore."""
    with st.container(horizontal=True):
        for name in names[: find.LINKS]:
            target = find.there_is(kind, query(name))
            if target is None:
                st.text(name)
                continue
            page, parameters = target
            find.link(" ".join(escaped(name).split()) or "?", icon, page, parameters)
    if len(names) > find.LINKS:
        st.caption(f"The first {find.LINKS} of {len(names):,}.")


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
            "several, in several chromosomes where none is named, or records share an identifier."
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
    """Say what was not found, the reason by its form, and what is near."""
    apart = dict.fromkeys(found.set_apart["asked"])
    by_reason: dict[str, list[str]] = {}
    told: list[str] = []
    for name, reason in zip(found.missing, found.reasons, strict=True):
        if name in apart:
            told.append(f"{name}: {reason}")
        else:
            by_reason.setdefault(reason, []).append(name)
    if told:
        more = [f"And {len(told) - find.LINKS:,} more."] if len(told) > find.LINKS else []
        what = f"{plural(len(told), 'name')} not found: what stands there is in quarantine."
        say.text_note(what, [*told[: find.LINKS], *more])
        find.lines_set_apart(found)
    for reason, names in by_reason.items():
        more = f" and {len(names) - MISSING:,} more" if len(names) > MISSING else ""
        what = f"{plural(len(names), 'name')} not found."
        say.text_note(what, [", ".join(names[:MISSING]) + more, reason])
    for name, variant in found.nearest.items():
        target = find.there_is("variant", {"variant": variant})
        if target is not None:
            label = f"Nearest to {name}: {variant}"
            find.link(escaped(" ".join(label.split())), ":material/near_me:", *target)
    if len(found.missing) > 1:
        missing = pl.DataFrame({"missing": found.missing, "reason": found.reasons})
        draw.downloads(missing, "search-missing", "what was not found")


def show_regions(found: Found) -> None:
    """Show the regions of a list, each a link."""
    st.subheader(plural(len(found.regions), "region"), anchor=False)
    if len(found.regions) > 1:
        st.caption("One region is shown at a time: open each by its link.")
    names = [find.region_label(region) for region in found.regions]
    links("region", names, lambda name: {"region": name}, ":material/view_timeline:")


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Search", anchor=False)
    if lake.source.simulated:
        say.simulated()
    version = panels.need(lake, "silver")
    typed = long_text.area(
        "What are you looking for?",
        "q",
        height=100,
        placeholder="Variants, positions, regions, samples, populations, or a pasted list",
        meaning="Press Ctrl+Enter, or click elsewhere, to search.",
    )
    if not typed:
        st.caption("You can search for:")
        st.code(forms(lake, version), language=None)
        return
    try:
        found = cache.search(str(lake.path), version, typed)
    except UsageError as error:
        say.failure("This cannot be searched for.", str(error))
        return
    for note in found.notes:
        st.text(note)
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
            (len(found.regions), "region"),
            (len(found.samples), "sample"),
            (len(found.populations), "population"),
        )
        if number
    ]
    if found.missing:
        understood.append(f"{len(found.missing):,} not found")
    st.text(f"{plural(len(found.terms), 'name')} read: {', '.join(understood)}.")
    if found.regions:
        show_regions(found)
    if found.populations:
        st.subheader(plural(len(found.populations), "population"), anchor=False)
        for code in found.populations[: find.LINKS]:
            if code in POPULATIONS_BY_CODE:
                st.caption(f"{code}: {POPULATIONS_BY_CODE[code].name}")
        query = partial(find.population_query, lake)
        links("populations", found.populations, query, ":material/groups:")
    if found.samples:
        st.subheader(plural(len(found.samples), "sample"), anchor=False)
        links("sample", found.samples, lambda name: {"sample": name}, ":material/person:")
    show_variants(found)
    if found.missing:
        show_missing(found)
    made.told(lake, "search")


main()
