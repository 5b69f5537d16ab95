"""What a page shows while the layer that it reads is missing, stale, at work or failed."""

from __future__ import annotations

import streamlit as st

from medallion import Lake
from medallion.status import LAYERS
from pages.shared import builds, say
from pages.shared.words import duration, size

__all__ = ["POLL_SECONDS", "ask_to_build", "download_size", "need", "progress", "would_build"]

POLL_SECONDS = 0.5


def need(lake: Lake, layer: str) -> str:
    """Return the version token of `layer`, or show why it cannot be read yet and stop.

    A missing layer is built at once where that needs no download; with one, only after
    the person has seen its size and said so. After a build that failed or was cancelled
    nothing starts by itself. A stale layer is read as it is, under a note that says why.
    """
    status = lake.status()[layer]
    build = builds.latest(lake)
    if status.state == "missing":
        if build is None or build.state == "done":
            if download_size(lake, layer):
                ask_to_build(lake, layer)
                st.stop()
            builds.start(lake, layer)
            st.rerun()  # so that the sidebar, drawn already, follows it too
        elif not build.running:
            ask_to_build(lake, layer)
            st.stop()
        st.markdown(f"**The {layer} layer is being built.** This page opens when it is done.")
        progress(lake)
        st.stop()
    if status.state == "stale" and not (build and build.running):
        say.text_note(
            f"The {layer} layer is out of date. What is shown is the last that was built.",
            list(status.reasons),
        )
        ask_to_build(lake, layer)
    return lake.version(layer)


def download_size(lake: Lake, layer: str, *, force: bool = False) -> int:
    """Return how many bytes building `layer` would download.

    Only bronze downloads. So the plan is not made of the layers above it, for which every
    table of theirs would be opened, at each run of a page.
    """
    steps = lake.plan("bronze", force=force and layer == "bronze")
    return sum(step.download_bytes for step in steps)


def would_build(lake: Lake, layer: str, *, force: bool = False) -> str:
    """Say which layers a build of `layer` makes, and how long each took the last time.

    From the layers' states, which every page asks for: a plan looks at each file besides.
    """
    statuses = lake.status()
    steps = []
    for name in LAYERS[: LAYERS.index(layer) + 1]:
        status = statuses[name]
        if status.reasons or (force and name == layer):
            took = "never built yet" if status.seconds is None else (
                f"took {duration(status.seconds)} the last time"
            )  # fmt: skip
            steps.append(f"{name} ({took})")
    return f"Makes {', then '.join(steps)}." if steps else "Makes nothing: all is up to date."


def ask_to_build(lake: Lake, layer: str) -> None:
    """Show how the last build ended, if badly, and a button that builds `layer`."""
    build = builds.latest(lake)
    again = False
    if build is not None and build.state == "failed":
        again = True
        say.failure(
            f"Building {build.at} failed.",
            build.error or "",
            "What was built before is untouched. Put right what the message names, then try again.",
        )
    elif build is not None and build.state == "cancelled":
        again = True
        st.markdown("**The build was cancelled.** What was built before is untouched.")
    download = download_size(lake, layer)
    missing = lake.status()[layer].state == "missing"
    verb = "Try again" if again else f"{'Build' if missing else 'Update'} {layer}"
    if download:
        verb = f"Download {size(download)} and build"
        st.markdown(
            f"Building {layer} needs a download of **{size(download)}**. It is kept in the "
            "lake's bronze folder and never fetched twice."
        )
    st.caption(would_build(lake, layer))
    st.button(
        verb,
        key=f"ask {layer}",
        type="primary",
        icon=":material/build:",
        on_click=builds.begin,
        args=(lake, layer),
    )


def progress(lake: Lake) -> None:
    """Show what the lake's build is doing, kept up to date without redrawing the page."""
    build = builds.latest(lake)
    if build is None or not build.running:
        return
    st.fragment(_progress, run_every=POLL_SECONDS)(build)


def _progress(build: builds.Build) -> None:
    if not build.running:
        st.rerun()
    event = build.progress
    if event is None:
        st.progress(0.0)
        st.text("Starting …")
    else:
        st.progress(event.fraction or 0.0)
        st.text(str(event))
    st.button(
        "Cancelling …" if build.stop.is_set() else "Cancel",
        key=f"cancel {build.lake}",
        icon=":material/cancel:",
        disabled=build.stop.is_set(),
        on_click=build.cancel,
        help="Stops at the next step. What was built before stays as it is.",
    )
