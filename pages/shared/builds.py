"""Builds that run behind the pages: one at a time for each lake, for all tabs together.

A build runs in a thread of the server and writes what it is doing into a `Build`; pages
look at it when they draw. No Streamlit call is made from the thread, so a page may be
left, reloaded or closed meanwhile. A build of the same lake by another process is the
library's matter: its lock makes one wait for the other.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import Literal

from medallion import Lake
from medallion.errors import BuildCancelled, MedallionError
from medallion.progress import Progress

__all__ = ["Build", "begin", "dismiss", "latest", "start"]

_LOGGER = logging.getLogger(__name__)

State = Literal["running", "done", "failed", "cancelled"]


@dataclass
class Build:
    """One build, as pages see it. Written by its thread, read by any."""

    lake: str
    layer: str
    force: bool
    first: str = ""  # the first layer that it has to make
    state: State = "running"
    progress: Progress | None = None
    error: str | None = None
    started: float = field(default_factory=time.monotonic)
    seconds: float = 0.0
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        """True until the thread has ended."""
        return self.state == "running"

    @property
    def at(self) -> str:
        """The layer that is at work, or that the build stopped in."""
        return self.progress.layer if self.progress else self.first or self.layer

    def cancel(self) -> None:
        """Ask the build to stop at its next step."""
        self.stop.set()


_BUILDS: dict[str, Build] = {}
_LOCK = threading.Lock()


def latest(lake: Lake) -> Build | None:
    """Return the lake's running build, or its last one, of this server."""
    return _BUILDS.get(str(lake.path))


def start(lake: Lake, layer: str, *, force: bool = False) -> Build:
    """Start a build of `layer`, or return the one that is already running."""
    key = str(lake.path)
    steps = lake.plan(layer, force=force)
    with _LOCK:
        current = _BUILDS.get(key)
        if current is not None and current.running:
            return current
        build = Build(key, layer, force, first=steps[0].layer if steps else layer)
        _BUILDS[key] = build
    threading.Thread(target=_run, args=(lake, build), name=f"build {layer}", daemon=True).start()
    return build


def begin(lake: Lake, layer: str, *, force: bool = False) -> None:
    """Start a build, as a button does."""
    start(lake, layer, force=force)


def dismiss(lake: Lake) -> None:
    """Forget the lake's last build where it has ended, so that its error is not shown again."""
    with _LOCK:
        current = _BUILDS.get(str(lake.path))
        if current is not None and not current.running:
            del _BUILDS[str(lake.path)]


def _run(lake: Lake, build: Build) -> None:
    def note(event: Progress) -> None:
        build.progress = event

    state: State
    try:
        lake.build(
            build.layer, force=build.force, progress=note, cancel=build.stop, asked_by="dashboard"
        )
        state = "done"
    except BuildCancelled:
        state = "cancelled"
    except MedallionError as error:
        build.error, state = str(error), "failed"
    except Exception as error:
        # A bug, but the pages must not wait for ever on a thread that has died.
        _LOGGER.exception("the build of %s stopped", build.layer)
        build.error, state = f"{type(error).__name__}: {error}", "failed"
    build.seconds = time.monotonic() - build.started
    build.state = state
