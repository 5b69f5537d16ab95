"""Silver and `gold.frequencies`, and no other table of gold, from a lake whose bronze is built.

    uv run python tests/bench/frequencies_alone.py LAKE

For `build_versus_peers.py`: what peers do is to count, so this is what they are held
against. The rows are those that `medallion build` writes; they are not published.
"""

from __future__ import annotations

import sys
from pathlib import Path

from medallion.__main__ import expect_work
from medallion.loading import loading


def main() -> None:
    """Begin as `medallion build` does, build and count."""
    expect_work()
    with loading():
        from counted import build

    build(Path(sys.argv[1]))


if __name__ == "__main__":
    main()
