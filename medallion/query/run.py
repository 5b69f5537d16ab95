"""SQL over every table of a lake in this process, with no way to files, the network, or writing.

DuckDB runs the query on the pinned versions of the Delta tables; it is shut off from the
world before it sees a word of the user's. What does not fit in memory is spilled to a folder
that is empty before and nobody else's. SQL can read what lies there, which is what it has
put there itself, and no other file.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from itertools import count

import duckdb
import polars as pl
import pyarrow as pa

from medallion.errors import LakeError, QueryError
from medallion.files import Place, in_command
from medallion.files.parquet import arrow_folder
from medallion.query import LESS, SPILLS
from medallion.storage import delta
from medallion.storage.parts import table_path
from medallion.storage.schema import Table

__all__ = ["run_query"]

_MOST_SPILLED = 8 << 30
_EXPLAIN = re.compile(
    r"\s*explain\b(?:\s+analy[sz]e\b)?(?:\s*\(\s*format\s+\w+\s*\))?", re.IGNORECASE
)


def run_query(
    root: Place,
    look: Callable[[], Sequence[tuple[Table, int]]],
    sql: str,
    *,
    limit: int | None = None,
    memory: str = "2GB",
    spill: str | None = None,
    remark: Callable[[str], object] = lambda _: None,
) -> pl.DataFrame:
    """The result of one SELECT over the tables that `look` gives, named `layer.table`.

    `look` gives each table with its version; where builds took that away under the query,
    it is asked again. `limit` bounds the rows, `memory` what DuckDB counts of its memory,
    which is not all. What is more is spilled to the folder `spill` (None: one that is made
    for it; "": nowhere), at most 8 GiB and half of what is free there. Columns of one name
    are told apart, and `remark` is told how: the second chrom is chrom_1. Raises QueryError
    for anything but one SELECT, and for what DuckDB refuses.
    """
    tables = look()
    while True:
        try:
            with _folder(spill) as folder:
                return _run_over(root, tables, sql, limit, (memory, folder), remark)
        except (QueryError, LakeError) as error:
            before, tables = tables, look()
            if tables == before:
                _tell_damage(root, tables, error)
                raise


@contextmanager
def _folder(given: str | None) -> Iterator[str]:
    """The folder that is given, or one that is removed after; "" where none can be made."""
    with ExitStack() as stack:
        if given is None:
            given = ""
            with suppress(OSError):
                made = tempfile.TemporaryDirectory(prefix=SPILLS, ignore_cleanup_errors=True)
                given = stack.enter_context(made)
        yield given


def _tell_damage(root: Place, tables: Sequence[tuple[Table, int]], error: Exception) -> None:
    """Raise LakeError where a query failed as it read a table, and one has lost a file."""
    if not isinstance(error.__cause__, duckdb.InvalidInputException | pa.ArrowException | OSError):
        return
    for table, version in tables:
        if delta.damaged(root, table.layer, {table.short: version}):
            raise LakeError(
                f"A file of {table.name} in {root} is gone or damaged. Make it again: medallion "
                f"build {table.layer} --lake {in_command(root)}"
            ) from error


def _run_over(
    root: Place,
    tables: Sequence[tuple[Table, int]],
    sql: str,
    limit: int | None,
    bounds: tuple[str, str],
    remark: Callable[[str], object],
) -> pl.DataFrame:
    memory, folder = bounds
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"SET memory_limit = '{memory}'")
        for table, version in tables:
            with delta.reading(root, table.layer):
                opened = delta.open_table(root, table, version)
            if opened is None:
                continue
            delta.check_columns(root, table, opened)
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {table.layer}")
            hidden = f"{table.layer}__{table.short}"
            # Arrow's own reading of files: deltalake's goes through Python, and its threads
            # now and then abort the process as it ends.
            files = arrow_folder(table_path(root, table))
            connection.register(hidden, opened.to_pyarrow_dataset(filesystem=files))
            columns = ", ".join(f'"{c}"' for c in table.column_names)
            connection.execute(f"CREATE VIEW {table.name} AS SELECT {columns} FROM {hidden}")  # noqa: S608
        connection.execute("SET arrow_large_buffer_size = true")  # texts of more than 2 GiB
        # Before access ends: then it is the one folder that stays open, to SQL too.
        connection.execute("SET temp_directory = '{}'".format(folder.replace("'", "''")))
        if folder:
            most = min(_MOST_SPILLED, shutil.disk_usage(folder).free // 2)
            connection.execute(f"SET max_temp_directory_size = '{most >> 20}MiB'")
        connection.execute("SET secret_directory = ''")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return _run(connection, sql, limit, remark)


def _run(
    connection: duckdb.DuckDBPyConnection,
    sql: str,
    limit: int | None,
    remark: Callable[[str], object],
) -> pl.DataFrame:
    statement = _one_select(connection, sql)
    try:
        result = connection.sql(statement)
        if limit is None:
            whole = result.to_arrow_table()
            return pl.DataFrame(whole.rename_columns(_apart(whole.column_names, remark)))
        batch = result.to_arrow_reader(min(limit, 100_000))
        names = _apart(batch.schema.names, remark)
        frames = [pl.DataFrame(batch.schema.empty_table().rename_columns(names))]
        rows = 0
        for piece in batch:
            frames.append(pl.DataFrame(piece.rename_columns(names)))
            rows += piece.num_rows
            if rows >= limit:
                break
        return pl.concat(frames).head(limit)
    except (
        pa.ArrowNotImplementedError,
        pl.exceptions.PolarsError,
        pl.exceptions.PanicException,
    ) as error:
        raise QueryError(
            f"The answer has a type of value that cannot be shown: {_first_lines(error)}. "
            "Cast it: value::VARCHAR"
        ) from error
    except (duckdb.Error, pa.ArrowException, OSError, MemoryError) as error:
        # An error half-way through the rows comes through Arrow, as an OSError of its own.
        told = _first_lines(error)
        if "Out of Memory" in told or isinstance(error, MemoryError):
            told = f"{told.split(' This limit was set')[0].rstrip('.')}. {LESS}"
        raise QueryError(f"The query failed: {told}") from error


def _one_select(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one SELECT that `sql` is, or the EXPLAIN of one. Raises QueryError for all else."""
    explain = _EXPLAIN.match(sql)
    # EXPLAIN ANALYZE does what follows, be it COPY, so that is looked at by itself; and what
    # runs is put together anew, not what the expression may have read otherwise than DuckDB.
    found = _statements(connection, sql[explain.end() :] if explain else sql)
    if [s.type for s in found] != [duckdb.StatementType.SELECT]:
        names = ", ".join(s.type.name for s in found) or "nothing"
        raise QueryError(
            f"Expected one SELECT, or EXPLAIN of one, found {names}. Tables can be read, not "
            "changed."
        )
    if explain is None:
        return found[0]
    return _statements(connection, f"{explain[0]} {found[0].query}")[0]


def _statements(connection: duckdb.DuckDBPyConnection, sql: str) -> list[duckdb.Statement]:
    try:
        return connection.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(f"The query cannot be read: {_first_lines(error)}") from error


def _apart(names: Sequence[str], remark: Callable[[str], object]) -> list[str]:
    """The names of the columns, each once: a second chrom is chrom_1, or the next that is free."""
    taken, seen, found, told = set(names), set[str](), list[str](), list[str]()
    for name in names:
        new = name
        if name in seen:
            new = next(n for i in count(1) if (n := f"{name}_{i}") not in taken)
            told.append(f"{name} is {new} here")
        taken.add(new)
        seen.add(name)
        found.append(new)
    if told:
        remark(
            f"Several columns have one name, and are told apart: another {', another '.join(told)}."
            " Name them yourself: v.chrom AS chrom_of_variant."
        )
    return found


def _first_lines(error: BaseException) -> str:
    return " ".join(str(error).split("\n\n")[0].split())
