"""Taking defects home: all that match, however few the page shows."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import streamlit as st

from medallion import Lake
from medallion.files import in_command
from pages.shared.words import plural

__all__ = ["MOST_BYTES", "condition", "downloads", "written"]

MOST_BYTES = 1 << 28
"""Of the lines that are offered: Streamlit has a file in memory until it is fetched."""

_OFFERED = (
    ("csv", "CSV", ", with their lines"),
    ("parquet", "Parquet", ", with their lines"),
    ("txt", "Lines", ": their lines alone, as they are in the source"),
)


def downloads(
    lake: Lake, verdicts: tuple[str, ...], reasons: tuple[str, ...], total: int, size: int
) -> None:
    """Offer all defects of some verdicts and reasons: `total` of them, with `size` bytes of lines.

    What is too much for a browser is left to the command line.
    """
    if size > MOST_BYTES:
        st.caption(f"Their lines take {size:,} bytes, too many for a browser. To a file:")
        where = condition(verdicts, reasons)
        command = "medallion export silver.defects -o silver-defects.parquet"
        chosen = f' --where "{where}"' if where else ""
        st.code(f"{command} --lake {in_command(lake.path)}{chosen}", language="sh")
        return
    with st.container(horizontal=True):
        for ending, label, what in _OFFERED:
            st.download_button(
                label,
                data=partial(written, str(lake.path), verdicts, reasons, f".{ending}"),
                file_name=f"silver-defects.{ending}",
                icon=":material/download:",
                on_click="ignore",
                key=f"download silver-defects {ending}",
                help=f"All {plural(total, 'defect')} that match{what}.",
            )


def written(path: str, verdicts: tuple[str, ...], reasons: tuple[str, ...], ending: str) -> bytes:
    """Return a file of all defects of some verdicts and reasons, as `Lake.export` writes it.

    It is written row by row: no more than the file is in memory, and nothing of it is kept.
    """
    with TemporaryDirectory() as folder:
        target = Path(folder) / f"defects{ending}"
        Lake(path).export("silver.defects", target, where=condition(verdicts, reasons))
        return target.read_bytes()


def condition(verdicts: tuple[str, ...], reasons: tuple[str, ...]) -> str | None:
    """Return the choice of verdicts and reasons as a condition in SQL, None where all are."""
    chosen = (("verdict", verdicts), ("reason", reasons))
    conditions = [
        f"{name} in ({', '.join(repr(value) for value in values)})"
        for name, values in chosen
        if values
    ]
    return " and ".join(conditions) or None
