"""The page in the place of all others where the chosen folder holds no lake yet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from medallion.catalog import DATASETS
from medallion.errors import MedallionError
from medallion.files import Place
from pages.shared import chromosomes, say, sidebar, state, uploads
from pages.shared.words import escaped

__all__ = ["make_lake", "open_first"]

_NAME_CHARS = 80

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


def open_first(name: str) -> None:
    """Say that the page is of the lake `name`, which is not open here, and what to do.

    The URL keeps the name, so that a reload says it again.
    """
    known = next(iter(state.known_lakes()))
    st.title("This link is for a lake that is not open here", anchor=False)
    st.code(name[:_NAME_CHARS], language=None, wrap_lines=True)
    st.markdown(
        "A link holds a lake's name, not where it lies. Type the path of its folder in the "
        "sidebar under **Open or make a lake**, or start the app on it: "
        "`streamlit run app.py -- --lake DIR`. The link then works."
    )
    st.caption("What the link asks for may not be in another lake, or mean another thing there.")
    st.button(
        f"Go on with the lake {escaped(known)}",
        icon=":material/arrow_forward:",
        on_click=sidebar.go_on,
        args=(known,),
        key="another lake",
    )


def make_lake(path: Place) -> None:
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
        known = list(DATASETS[dataset].chroms)
        # A key of its own for each data set: the two do not have the same chromosomes.
        chroms = chromosomes.choose(known, f"new chroms {dataset}", ["22"])
        if chroms:
            chromosomes.cost(dataset, chroms, path)
    elif dataset == "own":
        typed = st.text_area(
            "VCF files",
            key="new vcf",
            help="One path, folder or https:// address on each line. BGZF, gzip or plain text.",
        )
        vcf = [line.strip() for line in (typed or "").splitlines() if line.strip()]
        samples = st.text_input(
            "Sample table",
            key="new samples",
            help="A panel, a PED file, or any table with a sample and a population column. "
            "Without one every sample stands unassigned.",
        ).strip()
        vcf, samples = _uploaded(path, vcf, samples)
    ready = bool(vcf) if dataset == "own" else dataset == "demo" or bool(chroms)
    if dataset in DATASETS:
        st.caption(DATASETS[dataset].citation)
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


def _uploaded(path: Place, vcf: list[str], samples: str) -> tuple[list[str], str]:
    """Offer to send files through the page; return the choice with what was sent."""
    left, right = st.columns(2)
    file = left.file_uploader(
        "Or send a VCF",
        key="sent vcf",
        max_upload_size=uploads.VCF_MB,
        help=f"At most {uploads.VCF_MB} MB; name larger files by their path above. It is kept in "
        "the lake's folder, on the machine that runs this app.",
    )
    table = right.file_uploader(
        "Or send a sample table", key="sent samples", max_upload_size=uploads.TABLE_MB
    )
    try:
        if file is not None:
            vcf = [*vcf, str(_once(file, path, uploads.keep_vcf))]
        if table is not None:
            samples = str(_once(table, path, uploads.keep_table))
    except MedallionError as error:
        say.failure("The file that was sent cannot be used.", str(error))
    return vcf, samples


def _once(file: UploadedFile, path: Place, keep: Callable[[uploads.Upload, Place], Path]) -> Path:
    """Keep a sent file when it arrives, not at every run of the page after it."""
    kept: dict[tuple[str, str], Path] = st.session_state.setdefault("kept uploads", {})
    key = (str(path), file.file_id)
    if key not in kept or not kept[key].is_file():
        kept[key] = keep(file, path)
    return kept[key]
