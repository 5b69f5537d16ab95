"""Overview: how each layer stands, the way from source to gold, and that nothing was lost."""

from __future__ import annotations

import polars as pl
import streamlit as st

from medallion import Lake, LayerStatus
from medallion.figures import frequency_by_population
from pages.shared import builds, cache, draw, made, panels, place, say, state
from pages.shared.diagram import Stage, flow
from pages.shared.words import MEDALS, STATES, ago, allele_label, duration, plural, size

PURPOSE = {
    "bronze": "The source's bytes, unchanged, with where they came from and their checksums.",
    "silver": "Parsed, checked and joined with the samples. What cannot be trusted is set "
    "apart with its reason.",
    "gold": "Counted: allele frequencies in every population, and summaries of them.",
}
# About so many alleles of a chromosome are looked at for the first chart: a moment's
# work in a lake of any size, wherever it lies.
LOOKED_AT = 12_000
# The tables that a reader asks about; the others serve them.
ROW_WORDS: dict[str, tuple[str, str | None]] = {
    "files": ("file", None),
    "variants": ("ALT allele", None),
    "samples": ("sample", None),
    "genotypes": ("carrying call", None),
    "frequencies": ("frequency", "frequencies"),
    "populations": ("group", None),
}


def diagram(lake: Lake, statuses: dict[str, LayerStatus]) -> str:
    """Return the diagram of this lake's path from source to gold."""
    rows = {name: status.rows for name, status in statuses.items()}
    idle = {name: status.state == "missing" for name, status in statuses.items()}
    ledger = statuses["silver"].summary.get("ledger", [])
    records = sum(entry["records"] for entry in ledger)
    apart = sum(entry["quarantined"] for entry in ledger)
    source = "Simulated" if lake.source.simulated else "VCF"
    return flow(
        [
            Stage(
                "source",
                "Source",
                source,
                (f"{plural(records, 'record')}" if records else "genotypes and samples",),
            ),
            Stage(
                "bronze",
                "Bronze",
                plural(rows["bronze"].get("files", 0), "file") if not idle["bronze"] else "–",
                ("the same bytes",),
                "copied and checksummed",
                idle["bronze"],
            ),
            Stage(
                "silver",
                "Silver",
                plural(rows["silver"].get("variants", 0), "ALT allele")
                if not idle["silver"]
                else "–",
                (
                    f"{plural(rows['silver'].get('samples', 0), 'sample')}",
                    f"{plural(apart, 'record')} in quarantine",
                )
                if not idle["silver"]
                else ("variants, samples, genotypes",),
                "parsed, checked, joined",
                idle["silver"],
            ),
            Stage(
                "gold",
                "Gold",
                plural(rows["gold"].get("frequencies", 0), "frequency", "frequencies")
                if not idle["gold"]
                else "–",
                (f"in {plural(rows['gold'].get('populations', 0), 'group')}",)
                if not idle["gold"]
                else ("frequencies by population",),
                "counted by population",
                idle["gold"],
            ),
        ]
    )


def card(lake: Lake, layer: str, status: LayerStatus) -> None:
    """Draw one layer's card, with the button that builds it."""
    build = builds.latest(lake)
    shown: str = status.state
    if build is not None and build.at == layer and build.state in ("running", "failed"):
        shown = build.state
    words, colour, icon, meaning = STATES[shown]
    with st.container(horizontal=True, horizontal_alignment="distribute"):
        st.subheader(f"{MEDALS[layer]} {layer.capitalize()}", width="content", anchor=False)
        st.badge(words, icon=icon, color=colour, help=meaning)
    st.caption(PURPOSE[layer])
    if status.state == "stale":
        for reason in status.reasons:
            st.text(reason)
    if status.state != "missing":
        facts = [
            plural(n, *ROW_WORDS[name])
            for name, n in ((name, status.rows.get(name)) for name in ROW_WORDS)
            if n is not None
        ]
        if (defects := status.rows.get("defects")) is not None:
            # A record set apart has one row among the defects; the others are remarks.
            apart = sum(entry["quarantined"] for entry in status.summary.get("ledger", []))
            facts += [f"{plural(apart, 'record')} in quarantine", plural(defects - apart, "remark")]
        st.markdown(" · ".join(f"**{fact}**" for fact in facts))
        built = f"built {ago(status.built_at)}" if status.built_at else "built"
        took = "" if status.seconds is None else f" in {duration(status.seconds)}"
        when = f"{status.built_at:%Y-%m-%d %H:%M} UTC" if status.built_at else "time unknown"
        st.caption(f"{size(status.bytes)} on disk, {built}{took}", help=when)
    running = build is not None and build.running
    if running and build is not None and build.at == layer:
        panels.progress(lake)
        return
    force = status.state == "fresh"
    download = panels.download_size(lake, layer, force=force)
    if shown == "failed" and build is not None:
        say.failure("The last build stopped.", build.error or "")
    verb = {"fresh": "Rebuild", "stale": "Update", "missing": "Build"}[status.state]
    if download:
        verb = f"Download {size(download)} and build"
    st.button(
        f"{verb} {layer}" if not download else verb,
        key=f"build {layer}",
        icon=":material/refresh:" if status.state == "fresh" else ":material/build:",
        type="secondary" if status.state == "fresh" else "primary",
        disabled=running,
        width="stretch",
        on_click=builds.begin,
        args=(lake, layer),
        kwargs={"force": force},
        help=f"{panels.would_build(lake, layer, force=force)} Pages stay readable meanwhile.",
    )


def ledger(statuses: dict[str, LayerStatus]) -> None:
    """Show records in, kept and set apart, for each source file."""
    st.subheader("Nothing is lost in silence", anchor=False)
    rows = statuses["silver"].summary.get("ledger", [])
    if not rows:
        st.caption("The count of records in and out appears here once silver is built.")
        return
    st.caption(
        "Every record of the source is either kept in silver or set apart in quarantine with "
        "its reason. A build in which the two do not add up fails."
    )
    frame = pl.DataFrame(rows)
    balanced = bool((frame["records"] == frame["kept"] + frame["quarantined"]).all())
    frame = frame.with_columns(
        pl.when(pl.col("records") == pl.col("kept") + pl.col("quarantined"))
        .then(pl.lit("adds up"))
        .otherwise(pl.lit("DOES NOT ADD UP"))
        .alias("check")
    )
    if balanced:
        total, kept, apart = (int(frame[name].sum()) for name in ("records", "kept", "quarantined"))
        st.markdown(
            f":green[:material/check_circle:] **{plural(total, 'record')} in = {kept:,} kept + "
            f"{apart:,} in quarantine.**"
        )
    else:
        st.markdown(":red[:material/error: **The records do not add up. Rebuild silver.**]")
    draw.table(
        frame,
        {
            "file": draw.text("File", "The source file in bronze.", "large"),
            "records": draw.number("Records in", "Data lines of the file."),
            "kept": draw.number("Kept", "Records whose alleles are in silver."),
            "quarantined": draw.number(
                "In quarantine", "Records set apart, whole, with the reason."
            ),
            "alleles": draw.number(
                "ALT alleles out",
                "One row of silver.variants for each ALT allele: a record with several ALT "
                "alleles gives several rows.",
            ),
            "check": draw.text("Check", "Records in = kept + in quarantine."),
        },
        alt="Records in, kept and in quarantine, for each file",
    )


def first_chart(lake: Lake) -> None:
    """Show the allele that differs most between groups, as a first thing to look at."""
    version = lake.version("gold")
    known = list(place.contigs(lake, lake.version("silver")).values())
    for contig in known:
        view = place.some(contig, LOOKED_AT)
        found = cache.most_different(str(lake.path), version, 1, view)
        if not found.is_empty():
            break
    else:
        return
    top = found.row(0, named=True)
    every = len(known) == 1 and view == place.whole(contig)
    st.subheader("A first look", anchor=False)
    st.caption(
        f"Of {'all alleles in this lake' if every else f'the alleles of {place.label(view)}'}, "
        "this one differs most between groups. Bars are "
        "populations; dotted lines are their super-populations. Every other allele is on the "
        "Gold page."
    )
    groups = cache.populations(str(lake.path), version)
    frame = cache.frequencies(str(lake.path), version, cache.allele_of(top))
    draw.figure(
        frequency_by_population(
            frame,
            parents=state.parents(groups),
            theme=state.theme(),
        ),
        key="first-look",
        wide=True,
    )
    name = allele_label(top["chrom"], top["pos"], top["ref"], top["alt"])
    draw.downloads(frame, f"frequencies-{name}", "the frequencies")
    made.told(lake, "overview")
    st.page_link(
        "pages/layers/gold.py",
        label="Look up another variant",
        icon=":material/arrow_forward:",
        query_params=state.in_this_lake({"variant": name}),
    )


def main() -> None:
    """Draw the page."""
    lake = state.current()
    st.title("Overview", anchor=False)
    if lake.source.simulated:
        say.simulated()
    st.markdown(
        "Genotypes of people from many populations, refined in three layers: what came in "
        "(bronze), what can be trusted of it (silver), what it says (gold)."
    )
    statuses = lake.status()
    build = builds.latest(lake)
    nothing = all(status.state == "missing" for status in statuses.values())
    if nothing and build is None and not panels.download_size(lake, "gold"):
        builds.start(lake, "gold")
        st.rerun()  # so that the sidebar, drawn already, follows it too
    st.html(diagram(lake, statuses))
    cards = st.grid(len(statuses), min_column_width=240, border=True)
    for layer, status in statuses.items():
        with cards.cell():
            card(lake, layer, status)
    if statuses["gold"].state != "missing":
        first_chart(lake)
    elif build is not None and build.running:
        st.caption("Charts appear here when gold is built.")
    ledger(statuses)


main()
