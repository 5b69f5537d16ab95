"""`python -m medallion` is the command `medallion`."""

from __future__ import annotations

import sys

from medallion.cli import main

if __name__ == "__main__":
    sys.exit(main())
