"""The page in the place of all others where the chosen folder holds no lake yet."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from medallion.errors import MedallionError
from pages.shared import say, state

__all__ = ["make_lake"]

_CHOICES = {
    "Demo": "demo",
    "1000 Genomes Phase 3": "phase3",
    "1000 Genomes 30x": "highcov",
    "My own VCF": "own",
}
_WORDS = {
    "demo": "A small simulated data set that comes with this software. Nothing is downloaded.",
    "phase3": "2,504 people of 26 populations, GRCh37. Nothing is downloaded until you have "
    "seen the size and agreed.",
    "highcov": "3,202 people, sequenced again at 30x, GRCh38. Nothing is downloaded until you "
    "have seen the size and agreed.",
    "own": "VCF files on the machine that runs this app, with a table that says which "
    "population each sample belongs to.",
}
_CHROMS = [*(str(number) for number in range(1, 23)), "X", "Y", "MT"]


def make_lake(path: Path) -> None:
    """Say that `path` holds no lake and let one be made there."""
    st.title("There is no lake in this folder yet", anchor=False)
    st.code(str(path), language=None, wrap_lines=True)
    st.markdown("Choose the data that it should hold, or another lake in the sidebar.")
    choice = st.segmented_control(
        "Data", list(_CHOICES), default="Demo", key="new data", required=True
    )
    dataset = _CHOICES[choice or "Demo"]
    st.caption(_WORDS[dataset])
    chroms: list[str] = []
    vcf: list[str] = []
    samples = ""
    if dataset in ("phase3", "highcov"):
        chroms = st.multiselect("Chromosomes", _CHROMS, default=["22"], key="new chroms")
    elif dataset == "own":
        typed = st.text_area(
            "VCF files", key="new vcf", help="One path on each line. BGZF, gzip or plain text."
        )
        vcf = [line.strip() for line in (typed or "").splitlines() if line.strip()]
        samples = st.text_input(
            "Sample table",
            key="new samples",
            help="A panel, a PED file, or any table with a sample and a population column. "
            "Without one every sample stands unassigned.",
        ).strip()
    ready = bool(vcf) if dataset == "own" else dataset == "demo" or bool(chroms)
    if st.button("Make the lake", type="primary", disabled=not ready, key="make lake"):
        try:
            if dataset == "own":
                # Tuples, for what is kept is part of a cache's key.
                state.make_lake(path, vcf=tuple(vcf), samples=samples or None)
            elif dataset == "demo":
                state.make_lake(path, dataset="demo")
            else:
                state.make_lake(path, dataset=dataset, chroms=tuple(chroms))
        except MedallionError as error:
            say.failure("The lake could not be made.", str(error))
        else:
            st.rerun()
