"""What the commands share: the option --lake, opening it, printing rows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Protocol

import polars as pl
from polars import selectors

from medallion.lake import Lake
from medallion.terminal import cell

__all__ = ["Commands", "command", "open_lake", "print_estimates", "print_rows"]


class Commands(Protocol):
    """What commands are added to: argparse's subparsers, whose own name is private."""

    def add_parser(self, name: str, **options: object) -> argparse.ArgumentParser:
        """Add a command and return its parser."""


def command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], int],
    text: str,
) -> argparse.ArgumentParser:
    """Add a command that works on a lake: its function and its one line of help."""
    added = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    added.add_argument(
        "--lake",
        default="data",
        metavar="DIR",
        help="a folder, or s3://bucket/folder; default: data/",
    )
    added.set_defaults(run=run)
    return added


def open_lake(options: argparse.Namespace) -> Lake:
    """Return the lake that --lake names."""
    return Lake(options.lake)


def print_rows(rows: pl.DataFrame) -> int:
    """Print a table, tabs between its columns."""
    print("\t".join(rows.columns))
    for values in rows.iter_rows():
        print("\t".join(cell(v) for v in values))
    return 0


def print_estimates(rows: pl.DataFrame) -> int:
    """Print a table, its fractions to six digits."""
    # Six digits are more than any sample can tell; the library gives them all.
    return print_rows(rows.with_columns(selectors.float().round_sig_figs(6)))
