"""How many earlier versions of each table a lake keeps: `keep.json` in its folder."""

from __future__ import annotations

import json

from medallion.errors import LakeError, UsageError
from medallion.files import Place, in_command
from medallion.storage.snapshot import replace_json

__all__ = ["DEFAULT", "MOST", "kept_number", "set_kept_number"]

DEFAULT = 1
"""One, for who still reads it when a build has published the next."""
MOST = 40
_NAME = "keep.json"


def kept_number(root: Place) -> int:
    """How many versions before the published one the lake at `root` keeps of each table.

    Raises LakeError where the lake's file of it cannot be read.
    """
    path = root / _NAME
    try:
        return _checked(json.loads(path.read_text(encoding="utf-8"))["versions"])
    except (FileNotFoundError, NotADirectoryError):
        return DEFAULT
    except (OSError, ValueError, KeyError, TypeError, UsageError) as error:
        raise LakeError(
            f"{path} does not say how many versions to keep ({error}). Delete it, or set the "
            f"number again: medallion build --keep 1 --lake {in_command(root)}"
        ) from error


def set_kept_number(root: Place, number: int) -> None:
    """Have the lake keep so many; UsageError where that cannot be. For a builder with the lock."""
    replace_json(root, _NAME, {"versions": _checked(number)})


def _checked(number: object) -> int:
    if not isinstance(number, int) or not DEFAULT <= number <= MOST:
        raise UsageError(
            f"A lake keeps {DEFAULT} to {MOST} earlier versions of a table, not {number}."
        )
    return number
