"""The shape of a table, declared once as data: its columns, their types and meanings.

A `Table` is the contract between the code that writes a table, the Delta log that
describes it, the catalog that the dashboard shows and the tests that hold it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import deltalake
import polars as pl
import pyarrow as pa

__all__ = ["Column", "Kind", "Table"]

Kind = Literal["string", "boolean", "int8", "int16", "int32", "int64", "float64", "timestamp"]

_ARROW: dict[Kind, pa.DataType] = {
    "string": pa.string(),
    "boolean": pa.bool_(),
    "int8": pa.int8(),
    "int16": pa.int16(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}
_POLARS: dict[Kind, pl.DataType] = {
    "string": pl.String(),
    "boolean": pl.Boolean(),
    "int8": pl.Int8(),
    "int16": pl.Int16(),
    "int32": pl.Int32(),
    "int64": pl.Int64(),
    "float64": pl.Float64(),
    "timestamp": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name, storage type, what it means and, where it has one, its unit."""

    name: str
    type: Kind
    meaning: str
    unit: str = ""
    nullable: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a layer.

    `name` is `layer.table`; `row` says what one row is; `key` are the columns that name one,
    by what it is about rather than where in a file it stands; `source` where its formulas
    come from; `distinct` are string columns that hardly repeat, stored without a dictionary.
    """

    name: str
    row: str
    columns: tuple[Column, ...]
    partitioned: bool = False
    pruned_by: tuple[str, ...] = field(default=())
    source: str = ""
    key: tuple[str, ...] = field(default=())
    distinct: tuple[str, ...] = field(default=())

    @property
    def layer(self) -> str:
        """The layer's name: bronze, silver or gold."""
        return self.name.split(".")[0]

    @property
    def short(self) -> str:
        """The name without its layer."""
        return self.name.split(".")[1]

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(c.name for c in self.columns)

    def arrow_schema(self, *, stored: bool = False) -> pa.Schema:
        """The table as Arrow; `stored` leaves out `chrom` where the folders carry it."""
        return pa.schema(
            [
                pa.field(c.name, _ARROW[c.type], nullable=c.nullable)
                for c in self.columns
                if not (stored and self.partitioned and c.name == "chrom")
            ]
        )

    def delta_schema(self) -> deltalake.Schema:
        """The table as Delta describes it."""
        return deltalake.Schema.from_arrow(self.arrow_schema())

    def polars_schema(self) -> dict[str, pl.DataType]:
        """The table as polars reads it."""
        return {c.name: _POLARS[c.type] for c in self.columns}

    def conform(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with exactly this table's columns, in order and of its types."""
        return frame.select(
            pl.col(name).cast(dtype) for name, dtype in self.polars_schema().items()
        )
