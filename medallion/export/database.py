"""Tables as one DuckDB file: a schema a layer, what each column means as its comment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
import polars as pl

from medallion.errors import UsageError
from medallion.storage.schema import Kind, Table

__all__ = ["check_name", "write_database"]

_TYPES: dict[Kind, str] = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float64": "DOUBLE",
    "timestamp": "TIMESTAMPTZ",
}
_LAYERS = ("bronze", "silver", "gold")
_BATCH = 200_000


def check_name(path: Path) -> None:
    """Raise UsageError where a database at `path` could not be read, or is in use."""
    if path.stem.lower() in _LAYERS:
        raise UsageError(
            f"{path.name} would be a database named {path.stem} with a schema of that name, which "
            f"DuckDB cannot tell apart. Name it otherwise, such as {path.with_stem('lake')}."
        )
    journal = path.with_name(f"{path.name}.wal")
    if journal.exists():
        # DuckDB would play the old file's journal into the new one.
        raise UsageError(
            f"{journal} is there: {path.name} is open in DuckDB, or was not closed. Close it, or "
            "choose another name."
        )


def write_database(
    tables: Sequence[tuple[Table, pl.LazyFrame]], path: Path, facts: Mapping[str, str]
) -> None:
    """Write `tables`, and views where gold's are among them, to a new file at `path`.

    `facts` say of each table, by its name, where it comes from. A batch of rows is in
    memory at a time.
    """
    try:
        with duckdb.connect(":memory:") as connection:
            connection.execute("SET memory_limit = '2GB'")
            connection.execute(f"ATTACH {_text(str(path))} AS target")
            connection.execute("USE target")
            for table, frame in tables:
                _write(connection, table, frame, facts[table.name])
            _views(connection, {t.name: t for t, _ in tables})
            connection.execute("USE memory")
            # Leaves no journal behind, so that the one file is all.
            connection.execute("CHECKPOINT target")
            connection.execute("DETACH target")
    except duckdb.Error as error:
        # A full disk, say: whoever gave the path says which one it was.
        raise OSError(str(error).splitlines()[0]) from error


def _write(
    connection: duckdb.DuckDBPyConnection, table: Table, frame: pl.LazyFrame, fact: str
) -> None:
    name = f'{table.layer}."{table.short}"'
    columns = ", ".join(
        f'"{c.name}" {_TYPES[c.type]}{"" if c.nullable else " NOT NULL"}' for c in table.columns
    )
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
    connection.execute(f"CREATE TABLE {name} ({columns})")
    for batch in frame.collect_batches(chunk_size=_BATCH):
        connection.register("batch", batch.to_arrow())
        connection.execute(f"INSERT INTO {name} SELECT * FROM batch")  # noqa: S608  # our names
        connection.unregister("batch")
    source = f" Source: {table.source}." if table.source else ""
    said = f"One row per {table.row}. {fact}.{source}"
    connection.execute(f"COMMENT ON TABLE {name} IS {_text(said)}")
    for column in table.columns:
        meaning = column.meaning + (f" [{column.unit}]" if column.unit else "")
        connection.execute(f'COMMENT ON COLUMN {name}."{column.name}" IS {_text(meaning)}')


def _views(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Table]) -> None:
    if {"gold.variants", "gold.frequencies", "gold.populations"} <= tables.keys():
        _variant_frequencies(connection)
        _population_frequencies(connection)


def _variant_frequencies(connection: duckdb.DuckDBPyConnection) -> None:
    """`gold.variants` with a column of frequencies for each super-population of the lake."""
    codes = [
        str(row[0])
        for row in connection.execute(
            "SELECT population FROM gold.populations WHERE level = 'super_population'"
        ).fetchall()
    ]
    columns = {code: _name(f"af_{code.lower()}") for code in codes}
    wide = "".join(
        f", max(af) FILTER (population = {_text(code)}) AS {name}" for code, name in columns.items()
    )
    view = "gold.variant_frequencies"
    picked = "".join(f", f.{name}" for name in columns.values())
    connection.execute(
        f"CREATE VIEW {view} AS SELECT v.chrom, v.pos, v.id, v.ref, v.alt, v.variant_type, "  # noqa: S608  # names and texts are quoted
        f"v.filter, v.ac, v.an, v.af{picked}, v.rarity, v.alt_index, v.file, v.record "
        "FROM gold.variants AS v LEFT JOIN ("
        f"SELECT file, record, alt_index{wide} FROM gold.frequencies "
        "WHERE level = 'super_population' GROUP BY file, record, alt_index"
        ") AS f USING (file, record, alt_index)"
    )
    said = "One row per ALT allele: its frequency in all samples and in each super-population."
    connection.execute(f"COMMENT ON VIEW {view} IS {_text(said)}")
    for code, name in columns.items():
        meaning = f"ac / an in super-population {code}; null where nothing is called"
        connection.execute(f"COMMENT ON COLUMN {view}.{name} IS {_text(meaning)}")


def _population_frequencies(connection: duckdb.DuckDBPyConnection) -> None:
    """`gold.frequencies` with the groups' names, ready for a chart."""
    view = "gold.population_frequencies"
    connection.execute(
        f"CREATE VIEW {view} AS SELECT f.*, p.population_name, p.super_population, p.samples "  # noqa: S608  # constant
        "FROM gold.frequencies AS f JOIN gold.populations AS p USING (population, level)"
    )
    said = (
        "One row per ALT allele and group of samples, with the group's name, its "
        "super-population and its number of samples. Choose one level: each sample is in "
        "a population, in a super-population and in ALL."
    )
    connection.execute(f"COMMENT ON VIEW {view} IS {_text(said)}")


def _text(value: str) -> str:
    """`value` as a literal of SQL."""
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    """`value` as a name in SQL."""
    return '"' + value.replace('"', '""') + '"'
