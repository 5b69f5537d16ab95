"""The process that runs queries for another one: a question a line in, an answer out.

An answer is a line that says what follows, and the rows as an Arrow stream. The process
ends when whoever asks is gone, and when nobody has asked for a while. Its argument is the
folder to spill to, which whoever asks removes, or it does where they are gone.
"""

from __future__ import annotations

import io
import json
import os
import queue
import sys
import traceback
from functools import partial
from pathlib import Path
from shutil import rmtree
from typing import Any, BinaryIO

from medallion.child import serving
from medallion.errors import MedallionError, QueryError
from medallion.files import place
from medallion.query.run import run_query
from medallion.tables import published_tables

__all__ = ["main"]

_IDLE_SECONDS = 600
_TRIES = 10


def main() -> None:
    """Answer questions until there are none."""
    folder = sys.argv[1]
    asked, answers = serving(lambda pipe: pipe.readline() or None, partial(_remove, folder))
    _warm_up()
    _say(answers, {"ready": True})
    while True:
        try:
            question = json.loads(asked.get(timeout=_IDLE_SECONDS))
        except queue.Empty:
            os._exit(0)
        _answer(answers, question, folder)


def _warm_up() -> None:
    """Have all imported that libraries import at their first use: no query's time to spend."""
    import deltalake.fs  # noqa: F401  # it brings pyarrow's reading of files
    import duckdb
    from pyarrow import dataset, table

    with duckdb.connect(":memory:") as connection:
        connection.register("one", dataset.dataset(table({"n": [1]})))
        connection.sql("SELECT * FROM one").to_arrow_table()


def _remove(folder: str) -> None:
    """Remove the folder that was spilled to, though a query may still write there."""
    for _ in range(_TRIES if folder else 0):
        rmtree(folder, ignore_errors=True)
        if not Path(folder).exists():
            return


def _answer(answers: BinaryIO, question: dict[str, Any], folder: str) -> None:
    most: int = question["most_bytes"]
    try:
        root = place(question["lake"])
        look = partial(published_tables, root)
        sql, limit, memory = question["sql"], question["limit"], question["memory"]
        remarks: list[str] = []
        frame = run_query(
            root, look, sql, limit=limit, memory=memory, spill=folder, remark=remarks.append
        )
        if frame.estimated_size() > most:
            raise QueryError(
                f"The answer is larger than {most >> 20:,} MB. Ask for fewer rows or columns, or "
                "write a whole table: medallion export TABLE -o FILE"
            )
        rows = io.BytesIO()
        frame.write_ipc_stream(rows)
    except MedallionError as error:
        _say(answers, {"error": type(error).__name__, "message": str(error)})
    except MemoryError:
        _say(answers, {"error": "QueryError", "message": "The query failed: out of memory."})
    except Exception:  # noqa: BLE001  # a bug, told to whoever asked
        _say(answers, {"error": "", "message": traceback.format_exc()})
    else:
        _say(answers, {"bytes": rows.tell(), "remarks": remarks}, rows.getbuffer())


def _say(answers: BinaryIO, what: dict[str, Any], rows: memoryview | bytes = b"") -> None:
    answers.write(json.dumps(what).encode() + b"\n")
    answers.write(rows)
    answers.flush()


if __name__ == "__main__":
    main()
