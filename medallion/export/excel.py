"""Tables as one Excel workbook, a sheet each; text is text there, never a formula.

Excel itself has limits: rows of a sheet, characters of a cell, and numbers of 15 digits.
Whole numbers beyond those are written as text; the other two limits are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from medallion.errors import UsageError
from medallion.storage.schema import Table

__all__ = ["MAX_CELL", "MAX_ROWS", "check_rows", "write_workbook"]

MAX_ROWS = 1_048_576
"""Rows of a sheet, the one of the names included."""
MAX_CELL = 32_767
"""Characters of a cell."""
_EXACT = 10**15
_BATCH = 20_000


def check_rows(sizes: Sequence[tuple[str, int]]) -> None:
    """Raise UsageError where a table, by name and rows, does not fit into a sheet."""
    large = [f"{name} has {rows:,} rows" for name, rows in sizes if rows >= MAX_ROWS]
    if large:
        raise UsageError(
            f"{'; '.join(large)}; a sheet of Excel holds {MAX_ROWS - 1:,} and their names. "
            "Export as Parquet or DuckDB, or less of a table with --region, --population, --where."
        )


def write_workbook(tables: Sequence[tuple[Table, pl.LazyFrame]], path: Path, comments: str) -> None:
    """Write each table to a sheet of its own, a batch of rows in memory at a time.

    `comments` go into the workbook's properties. Raises UsageError for a text that is
    too long for a cell.
    """
    with TemporaryDirectory(dir=path.parent, prefix=".sheets.") as sheets:
        # Rows go to files in `sheets` as they come; text is never taken for anything else.
        options = {
            "constant_memory": True, "tmpdir": sheets, "use_zip64": True,
            "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        }  # fmt: skip
        book = xlsxwriter.Workbook(str(path), options)
        book.set_properties({"comments": comments})
        bold = book.add_format({"bold": True})
        try:
            for table, frame in tables:
                sheet = book.add_worksheet(table.short)
                sheet.freeze_panes(1, 0)
                for i, column in enumerate(table.columns):
                    sheet.write_string(0, i, column.name, bold)
                _write_rows(sheet, table, frame)
            book.close()
        except xlsxwriter.exceptions.FileCreateError as error:
            # It wraps the OSError, whose words are the useful ones.
            raise OSError(str(error)) from error
        finally:
            # Where it was not closed, its files are: it would leave them open.
            for sheet in book.worksheets():
                sheet.row_data_fh.close()


def _write_rows(sheet: Worksheet, table: Table, frame: pl.LazyFrame) -> None:
    at = 0
    for batch in frame.collect_batches(chunk_size=_BATCH):
        for values in batch.iter_rows():
            at += 1
            for i, value in enumerate(values):
                if value is not None and not _write(sheet, at, i, value):
                    raise UsageError(
                        f"{table.name}, row {at:,}: {table.columns[i].name} has "
                        f"{len(str(value)):,} characters; a cell of Excel holds {MAX_CELL:,}. "
                        "Export as Parquet, CSV or DuckDB."
                    )


def _write(sheet: Worksheet, row: int, column: int, value: Any) -> bool:  # noqa: ANN401  # a cell
    """Write a cell by the type of its value; False where it is too long."""
    if isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, float) or (isinstance(value, int) and abs(value) < _EXACT):
        sheet.write_number(row, column, value)
    else:
        text = value if isinstance(value, str) else str(value)
        # Excel counts UTF-16 units; beyond the limit the file would be repaired or cut.
        if len(text.encode("utf-16-le")) // 2 > MAX_CELL:
            return False
        sheet.write_string(row, column, text)
    return True
