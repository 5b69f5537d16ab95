"""The process that does tasks of a build for another one: `storage.processes`.

Its arguments are modules to load while it waits for the first.
"""

from __future__ import annotations

import pickle
import sys
import traceback
from importlib import import_module
from typing import Any, BinaryIO

from medallion.child import serving
from medallion.loading import loading
from medallion.storage.memory import peak_memory

__all__ = ["main"]


def main() -> None:
    """Do tasks until there are none."""
    asked, results = serving(_read)
    with loading():
        for name in sys.argv[1:]:
            import_module(name)
    while True:
        task = asked.get()
        try:
            result: Any = task()
        except Exception as error:  # noqa: BLE001  # for whoever asked
            error.add_note(traceback.format_exc())
            result = error
        pickle.dump((result, peak_memory() or 0), results)
        results.flush()
        del task, result


def _read(pipe: BinaryIO) -> Any:  # noqa: ANN401  # a task
    try:
        return pickle.load(pipe)  # noqa: S301  # of the process that started this one
    except EOFError:
        return None


if __name__ == "__main__":
    main()
