"""The command line: parse, one call, print.

Exit 0: done. 1: the data or the world refused, or a check failed. 2: wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from medallion import __version__
from medallion.cli import build, export, look, ondemand, story, trust
from medallion.errors import MedallionError, UsageError
from medallion.files import place
from medallion.telling import telling

__all__ = ["main", "make_parser"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    _use_utf8()
    parser = make_parser()
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        with telling(place(options.lake)) if "lake" in options else nullcontext():
            return run(options)
    except UsageError as error:
        print(f"medallion: {error}", file=sys.stderr)
        return 2
    except MedallionError as error:
        print(f"medallion: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("medallion: stopped. What was built before is untouched.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        # The reader of a pipe (head, less) has seen enough.
        sys.stderr.close()
        return 0


def _use_utf8() -> None:
    # A Windows console may use a code page that lacks letters of populations' names.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="medallion",
        description="1000 Genomes data as bronze, silver and gold tables.",
        epilog="Start the dashboard: streamlit run app.py -- --lake DIR",
    )
    parser.add_argument("--version", action="version", version=f"medallion {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in (build, look, export, ondemand, trust, story):
        group.add(commands)
    return parser
