"""The command `medallion`, and `python -m medallion`."""

from __future__ import annotations

import os
import sys

from medallion.loading import loading
from medallion.storage.processes import start_early

__all__ = ["expect_work", "main"]


def main() -> int:
    """Run the command that the arguments name; return its exit code."""
    if sys.argv[1:2] == ["build"]:
        expect_work()
    with loading():
        from medallion.cli import main as run

    return run()


def expect_work() -> None:
    """Have a process for a build load what it needs, while this one does the same."""
    # numpy's threads wait for work by turning round, on cores that load the other modules.
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "4")
    start_early("medallion.bronze.index", "medallion.silver.partition", "medallion.gold.partition")


if __name__ == "__main__":
    sys.exit(main())
