"""Choosing chromosomes of a data set that is downloaded: for a new lake, or more for this one."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from medallion import Lake
from medallion.catalog import DATASETS
from medallion.errors import MedallionError
from medallion.files import Place, free_bytes, in_command
from pages.shared import builds, say
from pages.shared.words import size

__all__ = ["add", "choose", "cost", "how_to_add"]

# What the layers above a VCF took of its size: silver 0.66 to 0.98, gold 0.42 to 0.43
# (simulated chr22 of 100,000 records, and 25,000 records of Phase 3 chr20).
_SILVER_SHARE, _GOLD_SHARE = 1.0, 0.5


def choose(known: Sequence[str], key: str, default: Sequence[str] = ()) -> list[str]:
    """Draw the choice of some of `known`, or all of them; return what is chosen."""
    every = st.checkbox("All chromosomes", key=f"{key} all")
    some = st.multiselect("Chromosomes", known, default=default, key=key, disabled=every, wrap=True)
    return list(known) if every else [chrom for chrom in known if chrom in some]


def cost(dataset: str, chroms: Sequence[str], path: Place) -> None:
    """Say what a choice downloads and needs on disk, and whether it fits."""
    sizes = [DATASETS[dataset].vcf(chrom).bytes for chrom in chroms]
    known = sum(n for n in sizes if n is not None)
    if None in sizes:
        st.markdown("The publisher does not state the **size** of these files; expect gigabytes.")
        return
    needed = int(known * (1 + _SILVER_SHARE + _GOLD_SHARE))
    st.markdown(
        f"Downloads **{size(known)}**; with its three layers it takes about "
        f"**{size(needed)}** on disk."
    )
    there = next((p for p in (path, *path.parents) if p.exists()), path)
    free = free_bytes(there)
    if free < needed:
        say.text_note(
            "This does not fit.",
            [f"{size(free)} are free in {there}. Choose fewer chromosomes, or another disk."],
        )


def how_to_add(lake: Lake) -> str:
    """Say how this lake can have more chromosomes, by where it has those that it has."""
    build, here = "medallion build", f"--lake {in_command(lake.path)}"
    dataset = DATASETS.get(lake.source.dataset)
    if dataset is None:
        return (
            "Add VCF files of other chromosomes. A lake holds what was named last, so name those "
            f"that it has as well: {build} --vcf FIRST.vcf.gz --vcf ANOTHER.vcf.gz {here}"
        )
    if not dataset.downloads:
        return (
            "The demo has no more. Make a lake of a published release: "
            f"{build} --dataset phase3 --chrom 21,22 --lake FOLDER"
        )
    missing = [c for c in dataset.chroms if c.isdigit() and c not in lake.source.chroms]
    if not missing:
        return "This lake has all autosomes of its release."
    return f"Add chromosomes in the sidebar, or: {build} --chrom {missing[-1]} {here}"


def add(lake: Lake) -> None:
    """Draw the box that adds chromosomes to a lake, where there are more of its data set."""
    dataset = DATASETS.get(lake.source.dataset)
    if dataset is None or not dataset.downloads:
        return
    missing = [chrom for chrom in dataset.chroms if chrom not in lake.source.chroms]
    if not missing:
        return
    with st.sidebar, st.expander("Add chromosomes", icon=":material/add:"):
        chosen = choose(missing, f"more chroms {dataset.name}")
        if chosen:
            cost(dataset.name, chosen, lake.path)
        build = builds.latest(lake)
        busy = build is not None and build.running
        if st.button(
            "Add and build",
            disabled=not chosen or busy,
            key="add chroms",
            width="stretch",
            help="Each goes through the three layers before the next; those that are there stay "
            "as they are. One that is being built can be stopped on the page Overview.",
        ):
            _begin(lake, chosen)


def _begin(lake: Lake, chroms: Sequence[str]) -> None:
    try:
        more = Lake(lake.path, dataset=lake.source.dataset, chroms=chroms)
        builds.start(more, "gold")
    except MedallionError as error:
        say.failure("The chromosomes could not be added.", str(error))
    else:
        st.rerun()
