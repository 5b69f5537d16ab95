"""The command line: one module for each group of commands, `main` to run them."""

from medallion.cli.run import main

__all__ = ["main"]
