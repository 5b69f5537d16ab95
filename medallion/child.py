"""A process of our own: started with a module to run, asked through a pipe, gone when we are.

Python's `multiprocessing` runs the main module of whoever starts one again, which under
Streamlit is a page, and in a user's script all of the script that stands outside of a
`if __name__ == "__main__"`.
"""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

__all__ = ["serving", "start"]

T = TypeVar("T")


def start(module: str, *arguments: str, stderr: int | None = None) -> subprocess.Popen[bytes]:
    """A process that runs `module`, which calls `serving`; pipes to and from it.

    It finds the packages that this process finds. Raises OSError where none can be started.
    """
    if stderr is None and sys.__stderr__ is None:
        stderr = subprocess.DEVNULL  # we are a service that has none; the child needs one
    return subprocess.Popen(  # noqa: S603  # a module of ours
        [sys.executable, "-P", "-m", module, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=stderr,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_path())},
        creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )


def serving(
    read: Callable[[BinaryIO], T | None], at_end: Callable[[], object] = lambda: None
) -> tuple[queue.SimpleQueue[T], BinaryIO]:
    """In such a process: what it is asked, and where its answers go.

    `read` takes a question from the pipe, or gives None at its end: then whoever asks is
    gone, and this process ends at once, whatever it does, after `at_end`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asks to act on
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing but answers, whatever a library may print
    asked: queue.SimpleQueue[T] = queue.SimpleQueue()

    def listen() -> None:
        while (question := read(sys.stdin.buffer)) is not None:
            asked.put(question)
        at_end()
        os._exit(0)

    threading.Thread(target=listen, daemon=True).start()
    return asked, answers


def _path() -> Iterator[str]:
    for folder in sys.path:
        with suppress(OSError):  # the current folder was removed
            yield folder or str(Path.cwd())
