"""The sidebar of every page: which lake, what data, how each layer stands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from medallion import Lake
from medallion.errors import MedallionError, UsageError
from medallion.files import place
from medallion.status import LayerStatus
from pages.shared import builds, say, state
from pages.shared.panels import POLL_SECONDS
from pages.shared.words import MEDALS, STATES, ago, size

__all__ = ["choose_lake", "go_on", "layers", "open_another"]

_IDLE_SECONDS = 5.0


def choose_lake() -> None:
    """Draw the choice of the lake. `state.current` returns what was chosen."""
    names = list(state.known_lakes())
    with st.sidebar:
        st.selectbox(
            "Lake",
            names,
            key="lake",
            bind="query-params",
            help="A lake is a folder with the three layers of one data set. Those below "
            "data/ are listed; another can be opened from its folder.",
        )


def go_on(name: str) -> None:
    """Have another lake be chosen, in the URL too where that names one that is not open."""
    if state.not_open():  # else the parameter is the widget's
        del st.query_params["lake"]
    st.session_state["lake"] = name


def layers(lake: Lake) -> None:
    """Draw the data set, the layers' states and a running build, kept up to date."""
    with st.sidebar:
        st.text(lake.source.title)
        st.session_state["layers seen"] = _token(lake, lake.status())
        build = builds.latest(lake)
        busy = build is not None and build.running
        st.fragment(_layers, run_every=POLL_SECONDS if busy else _IDLE_SECONDS)(lake)


def open_another() -> None:
    """Draw the box that opens a lake by its folder."""
    with st.sidebar, st.expander("Open or make a lake", icon=":material/folder_open:"):
        st.text_input(
            "Folder",
            key="folder",
            on_change=_open,
            placeholder="/data/my-lake or a new name",
            help="The path of a folder on the machine that runs this app, or s3://bucket/folder. "
            "A bare name is a folder below data/. Where it holds no lake yet, the next page makes "
            "one.",
        )
        st.button("Open this lake", on_click=_open, width="stretch")


def _open() -> None:
    folder = str(st.session_state.get("folder", "")).strip()
    if folder:
        bare = Path(folder).name == folder
        try:
            chosen = state.DATA / folder if bare else place(folder)
        except UsageError as error:
            say.failure("This cannot be opened.", str(error))
            return
        go_on(state.open_folder(chosen))
        st.session_state["folder"] = ""


def _token(lake: Lake, layers: Mapping[str, LayerStatus]) -> tuple[Any, ...]:
    build = builds.latest(lake)
    return (
        None if build is None else (build.started, build.state, build.at),
        tuple((name, status.state, lake.version(name)) for name, status in layers.items()),
    )


def _layers(lake: Lake) -> None:
    try:
        statuses = lake.status()
        token = _token(lake, statuses)
    except MedallionError as error:
        st.text(str(error))
        return
    if token != st.session_state.get("layers seen"):
        st.rerun()
    build = builds.latest(lake)
    for name, status in statuses.items():
        shown: str = status.state
        if build is not None and build.at == name and build.state in ("running", "failed"):
            shown = build.state
        words, colour, icon, meaning = STATES[shown]
        details = [meaning]
        if status.built_at is not None:
            details.append(f"Built {ago(status.built_at)}, {size(status.bytes)}.")
        with st.container(horizontal=True, horizontal_alignment="distribute", gap="small"):
            st.markdown(f"{MEDALS[name]} {name.capitalize()}", width="content")
            st.badge(words, icon=icon, color=colour, help=" ".join(details))
    if build is not None and build.running:
        event = build.progress
        st.progress((event.fraction if event else None) or 0.0)
        st.text(str(event) if event else "Starting …")
