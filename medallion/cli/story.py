"""The story of the lake as posts for a blog: story."""

from __future__ import annotations

import argparse
from pathlib import Path

from medallion.cli.shared import Commands, command, open_lake
from medallion.figures.static import FORMS

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the command."""
    story = command(commands, "story", _story, "write five posts on the layers, with this lake's "
                    "numbers")  # fmt: skip
    story.add_argument("-o", "--output", required=True, metavar="DIR",
                       help="folder for the posts; replaces files of their names")  # fmt: skip
    story.add_argument("--format", choices=FORMS, default="svg",
                       help="of the charts; default: svg")  # fmt: skip


def _story(options: argparse.Namespace) -> int:
    from medallion.story import write  # plotly and jinja take half a second to import

    for post in write(open_lake(options), Path(options.output), options.format):
        charts = ", ".join(chart.name for chart in post.charts)
        print(f"{post.path}{f' with {charts}' if charts else ''}")
    return 0
