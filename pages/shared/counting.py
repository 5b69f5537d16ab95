"""Counting a cohort over a wide region behind the page: it can be watched, left and cancelled.

One count for each question at a time, for all tabs together; the last few results are kept.
No Streamlit call is made from the thread that counts.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field, replace
from typing import Literal

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.cohorts import Cohort
from medallion.errors import BuildCancelled, MedallionError
from medallion.ondemand.region import View
from medallion.progress import Progress
from pages.shared import cache, place, say
from pages.shared.panels import POLL_SECONDS

__all__ = ["counted", "in_view"]

_LOGGER = logging.getLogger(__name__)
_KEPT = 2  # a count of a whole chromosome is some hundred megabytes

Question = tuple[str, str, str, Cohort]


@dataclass
class _Count:
    """One count, as pages see it. Written by its thread, read by any."""

    state: Literal["running", "done", "failed", "cancelled"] = "running"
    progress: Progress | None = None
    frame: pl.DataFrame | None = None
    error: str = ""
    stop: threading.Event = field(default_factory=threading.Event)


_COUNTS: dict[Question, _Count] = {}
_LOCK = threading.Lock()


def in_view(lake: Lake, view: View, who: str | Cohort) -> pl.DataFrame | None:
    """Return the frequencies of a view in a stored group, or in a cohort.

    Columns: file, record, alt_index, ac, an, af, of a cohort more. None where a wide view
    has not been counted; what it takes is drawn then.
    """
    path, silver = str(lake.path), lake.version("silver")
    if isinstance(who, str):
        return cache.group_frequencies(path, lake.version("gold"), view, who)
    region = f"{view.chrom}:{view.start}-{view.end}"
    if place.many(place.contigs(lake, silver)[view.chrom], view):
        return counted(lake, silver, who, region, f"{view.width / 1e6:,.1f} million bases")
    return cache.cohort_frequencies(path, silver, who, region)


def counted(
    lake: Lake, version: str, cohort: Cohort, region: str, width: str
) -> pl.DataFrame | None:
    """Return the cohort's frequencies over a region, or None while there are none yet.

    Then a button that starts the count is drawn, or how far it is, with a way to stop
    it. `version` is silver's, `width` says in words how much there is to count.
    """
    question = (str(lake.path), version, region, replace(cohort, name=""))
    count = _COUNTS.get(question)
    if count is not None and count.state == "done":
        return count.frame
    if count is not None and count.state == "running":
        st.markdown(f"**Counting the cohort over {width}.** Other pages stay usable meanwhile.")
        st.fragment(_progress, run_every=POLL_SECONDS)(count)
        return None
    if count is not None and count.state == "failed":
        say.failure("The cohort cannot be counted.", count.error, "Change it above, or try again.")
    elif count is not None:
        st.markdown("**The count was cancelled.**")
    st.button(
        f"Count the cohort over {width}",
        type="primary",
        icon=":material/calculate:",
        on_click=_start,
        args=(question,),
    )
    st.caption("So wide a region takes some seconds or minutes. Narrow it, or press the button.")
    return None


def _start(question: Question) -> None:
    with _LOCK:
        current = _COUNTS.get(question)
        if current is not None and current.state == "running":
            return
        _COUNTS.pop(question, None)
        over = [each for each, count in _COUNTS.items() if count.state != "running"]
        for each in over[: max(0, len(over) + 1 - _KEPT)]:
            del _COUNTS[each]
        count = _COUNTS[question] = _Count()
    threading.Thread(target=_run, args=(question, count), name="count", daemon=True).start()


def _run(question: Question, count: _Count) -> None:
    path, _, region, cohort = question

    def note(event: Progress) -> None:
        count.progress = event

    try:
        count.frame = cache.count_cohort(path, cohort, region, progress=note, cancel=count.stop)
        count.state = "done"
    except BuildCancelled:
        count.state = "cancelled"
    except MedallionError as error:
        count.error, count.state = str(error), "failed"
    except Exception as error:
        # A bug, but the page must not wait for ever on a thread that has died.
        _LOGGER.exception("the count of %s stopped", region)
        count.error, count.state = f"{type(error).__name__}: {error}", "failed"


def _progress(count: _Count) -> None:
    if count.state != "running":
        st.rerun()
    event = count.progress
    st.progress((event.fraction if event else None) or 0.0)
    st.text(str(event) if event else "Reading the region …")
    st.button(
        "Cancelling …" if count.stop.is_set() else "Cancel",
        icon=":material/cancel:",
        disabled=count.stop.is_set(),
        on_click=count.stop.set,
        help="Stops at the next step.",
    )
