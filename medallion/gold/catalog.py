"""`gold.tables`: what each column of each table of the lake means."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from medallion.storage.schema import Column, Table

__all__ = ["CATALOG", "catalog_rows"]

CATALOG = Table(
    "gold.tables",
    "column of a table",
    (
        Column("table", "string", "name of the table, with its layer", nullable=False),
        Column("row", "string", "what one row of the table is", nullable=False),
        Column("column", "string", "name of the column", nullable=False),
        Column("type", "string", "type of its values", nullable=False),
        Column("nullable", "boolean", "whether a value may be missing", nullable=False),
        Column("unit", "string", "unit of its values, where they have one"),
        Column("meaning", "string", "what a value says", nullable=False),
        Column("source", "string", "where the table's formulas come from"),
    ),
    key=("table", "column"),
)


def catalog_rows(tables: Iterable[Table]) -> pl.DataFrame:
    """A row per column of `tables`, in their order."""
    rows = [
        (t.name, t.row, c.name, c.type, c.nullable, c.unit or None, c.meaning, t.source or None)
        for t in tables
        for c in t.columns
    ]
    return pl.DataFrame(rows, schema=CATALOG.polars_schema(), orient="row")
