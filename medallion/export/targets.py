"""Which format an export takes, by the name it is given; then one call to who writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from medallion.errors import UsageError
from medallion.export.filters import count_rows
from medallion.export.flat import FLAT, write_flat
from medallion.export.lines import LINES, write_lines
from medallion.export.place import new_file, new_folder
from medallion.export.result import Exported, Origin
from medallion.files import Place
from medallion.silver.tables import DEFECTS
from medallion.storage import delta
from medallion.storage.schema import Table

__all__ = ["FORMATS", "Published", "check_options", "export_layer", "export_table"]

FORMATS = ("parquet", "csv", "tsv")
"""Of the files in a folder."""

_LAYERS = ("bronze", "silver", "gold")
_EXCEL, _DUCKDB = ".xlsx", ".duckdb"

Published = Sequence[tuple[Table, int]]
"""Tables, each with the version that is read."""


def check_options(
    what: str,
    *,
    region: str | None,
    populations: Sequence[str] | None,
    where: str | None,
    form: str | None,
) -> None:
    """Raise UsageError for an option that an export of `what` (a table, a layer, vcf) lacks."""
    layer = what in _LAYERS
    if form is not None and not layer:
        raise UsageError(f"--format is for a whole layer such as gold, not for {what}.")
    given = [n for n, v in (("--population", populations), ("--where", where)) if v is not None]
    if layer and region is not None:
        given.append("--region")
    if given and (layer or what == "vcf"):
        raise UsageError(
            f"{', '.join(given)} cannot be used with {what}: name one table, such as "
            "gold.frequencies."
        )


def export_table(
    root: Place,
    table: Table,
    version: int,
    path: Path,
    choose: Callable[[pl.LazyFrame], pl.LazyFrame],
) -> Exported:
    """Write what `choose` takes of a table of the lake at `root`, by the ending of `path`.

    `silver.defects` may go to a .txt file too: its lines alone, byte for byte.
    Raises UsageError for another ending or for what the format cannot hold, SourceError
    where the path cannot be written; a file that was there is then as it was.
    """
    lines = (LINES,) if table.name == DEFECTS.name else ()
    endings = (*FLAT, _EXCEL, _DUCKDB, *lines)
    if path.suffix not in endings:
        raise UsageError(
            f"{path.name} has no ending that says its format: expected one of {', '.join(endings)}."
        )
    frame = choose(delta.scan(root, table, version))
    with delta.reading(root, table.layer):
        if path.suffix in lines:
            with new_file(path) as temporary:
                rows = write_lines(frame, temporary)
            return Exported(path, root, (Origin(table.name, version, rows),), rows, unit="lines")
        rows = count_rows(frame)
        if path.suffix in FLAT:
            with new_file(path) as temporary:
                facts = {"medallion": _fact(root, table, version)}
                write_flat(frame, temporary, path.suffix, facts)
        else:
            _write_together(root, [(table, version, frame, rows)], path)
    return Exported(path, root, (Origin(table.name, version, rows),), rows)


def export_layer(
    root: Place, published: Published, path: Path, *, form: str | None = None, folder: bool = False
) -> Exported:
    """Write all tables of a layer: to a folder of `form`, a workbook or a database.

    `folder` says that `path` is meant to be a folder, whatever its name looks like.
    Raises as `export_table` does.
    """
    together = path.suffix in (_EXCEL, _DUCKDB) and not folder and not path.is_dir()
    layer = published[0][0].layer
    if together and form is not None:
        raise UsageError(f"--format is for a folder of files; {path.name} is one file.")
    if not together and form not in (None, *FORMATS):
        raise UsageError(f"There is no format {form!r}: expected one of {', '.join(FORMATS)}.")
    if path.suffix in (*FLAT, ".vcf", ".gz", ".bcf") and not folder and not path.is_dir():
        raise UsageError(
            f"{path.name} can hold one table, and {layer} has {len(published)}. Name a folder, "
            "an .xlsx or a .duckdb file, or one table such as "
            f"{published[0][0].name}."
        )
    with delta.reading(root, layer):
        found = [
            (t, version, frame, count_rows(frame))
            for t, version in published
            for frame in [delta.scan(root, t, version)]
        ]
        if together:
            _write_together(root, found, path)
        else:
            ending = f".{form or 'parquet'}"
            own = [{f"{t.short}{e}" for t, _ in published} for e in FLAT]
            with new_folder(path, own) as temporary:
                for table, version, frame, _rows in found:
                    facts = {"medallion": _fact(root, table, version)}
                    write_flat(frame, temporary / f"{table.short}{ending}", ending, facts)
    origins = tuple(Origin(t.name, version, rows) for t, version, _, rows in found)
    return Exported(path, root, origins, sum(o.rows for o in origins))


def _write_together(
    root: Place, found: Sequence[tuple[Table, int, pl.LazyFrame, int]], path: Path
) -> None:
    """Write tables, with their versions and rows, to one workbook or database."""
    tables = [(t, frame) for t, _, frame, _ in found]
    facts = {t.name: _fact(root, t, version) for t, version, _, _ in found}
    if path.suffix == _EXCEL:
        # Here, for the command line is not to wait for what it seldom uses.
        from medallion.export.excel import check_rows, write_workbook

        check_rows([(t.name, rows) for t, _, _, rows in found])
        with new_file(path) as temporary:
            write_workbook(tables, temporary, "\n".join(facts.values()))
    else:
        from medallion.export.database import check_name, write_database

        check_name(path)
        with new_file(path) as temporary:
            write_database(tables, temporary, facts)


def _fact(root: Place, table: Table, version: int) -> str:
    return f"{table.name}, version {version} in the lake {root}"
