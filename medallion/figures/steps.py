"""Values of windows along a chromosome, as a line of steps that ends where the view ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import polars as pl

from medallion.figures.sketch import Sketch

__all__ = ["add_steps"]

_POINTS = 60  # of a line at least, so that a pointer is never far from one
_MARK = 5  # pixels

Point = tuple[float | None, int | None, int]
"""A position, the row whose window it lies in, and the size of its mark. None: a break."""


def add_steps(
    figure: Sketch,
    rows: pl.DataFrame,
    column: str,
    view: tuple[int, int],
    told: Callable[[Mapping[str, Any]], list[Any]],
    marker: Mapping[str, Any],
    **trace: object,
) -> None:
    """Draw a column of windows, each over all of its bases that are in the view.

    `rows` have start and end (1-based, both included), in order, and reach into `view`, the
    first and last position. `told` returns a window's customdata, `marker` is how its middle
    is marked where windows are few. The line is broken where a window is missing.
    """
    points = _points(rows, view)
    values = rows[column].to_list()
    each = [told(row) for row in rows.iter_rows(named=True)]
    few = rows.height < _POINTS
    sizes = [size for _, _, size in points] if few else _MARK
    figure.add_scatter(
        x=[x for x, _, _ in points],
        y=[None if row is None else values[row] for _, row, _ in points],
        mode="lines+markers" if few else "lines",
        line={"shape": "hv", "width": 1.6, "color": marker["color"]},
        # A width: plotly outlines marks of several sizes.
        marker={**marker, "size": sizes, "opacity": 1, "line": {"width": 0}},
        customdata=[[] if row is None else each[row] for _, row, _ in points],
        connectgaps=False,
        **trace,
    )


def _points(rows: pl.DataFrame, view: tuple[int, int]) -> list[Point]:
    """Return a point where each window begins, and where no other follows one where it ends.

    Plotly tells what is under the pointer by the points alone: few and wide windows have as
    many within as it takes to be found, an odd number, so that one is in the middle.
    """
    inner = _POINTS // rows.height // 2 * 2 + 1 if 0 < rows.height < _POINTS else 0
    found: list[Point] = []
    bounds = rows.select("start", "end").rows()
    for row, (start, end) in enumerate(bounds):
        left, right = max(start, view[0]) - 0.5, min(end, view[1]) + 0.5
        found.append((left, row, 0))
        for i in range(inner):
            middle = 2 * i + 1 == inner
            found.append((left + (i + 0.5) / inner * (right - left), row, _MARK if middle else 0))
        last = row + 1 == len(bounds)
        if last or bounds[row + 1][0] != end + 1:
            found.append((right, row, 0))
            if not last:
                found.append((None, None, 0))
    return found
