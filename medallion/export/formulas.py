r"""Text that a spreadsheet would take for a formula, made text to it in CSV and TSV.

A file of a VCF is free to name a variant `=cmd()`, and a spreadsheet that opens a CSV runs what
begins with `=`, `+`, `-`, `@`, a tab or a line end. As OWASP advises, such a cell gets a quote
(') before it; where quotes and then such a letter stand there already, one more. Only text
is touched, and a text that is a number (-12, +1.5e-3) or a mere sign stays as it is: a
spreadsheet shows it and runs nothing.

So one rule gives every value back: from a text that begins with quotes and then such a letter,
take one quote, `re.sub(r"^'('*[=+\-@\t\r\n])", r"\1", text)`.
"""

from __future__ import annotations

import re

import polars as pl

__all__ = ["as_text"]

_RUNS = r"^'*[=+\-@\t\r\n]"
_NUMBER = r"^[+\-](?:(?:\d+\.?\d*|\.\d+)(?:[eE][+\-]?\d+)?)?$"


def as_text(frame: pl.LazyFrame) -> pl.LazyFrame:
    """`frame` with no text, and no column's name, that a spreadsheet would run."""
    schema = frame.collect_schema()
    texts = [
        pl.when(_runs(pl.col(name).cast(pl.String)))
        .then("'" + pl.col(name).cast(pl.String))
        .otherwise(pl.col(name).cast(pl.String))
        .alias(name)
        for name, kind in schema.items()
        if kind in (pl.String, pl.Categorical, pl.Enum)
    ]
    names = {
        name: f"'{name}"
        for name in schema
        if re.search(_RUNS, name) and not re.search(_NUMBER, name)
    }
    return frame.with_columns(texts).rename(names)


def _runs(text: pl.Expr) -> pl.Expr:
    return text.str.contains(_RUNS) & ~text.str.contains(_NUMBER)
