"""Dataclasses of arrays, frames and numbers as one .npz file, and back.

No pickle: what a file holds are arrays of numbers and texts, each named by where in the
dataclass it belongs.
"""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any, TypeVar

import numpy as np
import polars as pl

from medallion.files import Place, new_file

__all__ = ["load_arrays", "save_arrays"]

T = TypeVar("T")
_NONE = "__none__"


def save_arrays(path: Place, data: Any) -> None:  # noqa: ANN401  # any dataclass
    """Write a dataclass of arrays, polars frames of numbers, whole numbers and such."""
    # A published layer may name the very file: it is replaced whole.
    with new_file(path) as file:
        np.savez(file, allow_pickle=False, **dict(_flat("", data)))


def load_arrays(path: Place, kind: type[T]) -> T:
    """Read what `save_arrays` wrote of a `kind`.

    Raises OSError, KeyError or ValueError where the file is gone, damaged or of another.
    """
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        found: T = _made("", kind, {name: arrays[name] for name in arrays.files})
    return found


def _flat(name: str, value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    if dataclasses.is_dataclass(value):
        for f in dataclasses.fields(value):
            yield from _flat(f"{name}.{f.name}" if name else f.name, getattr(value, f.name))
    elif isinstance(value, pl.DataFrame):
        for column in value.columns:
            yield f"{name}.{column}", value[column].to_numpy()
    elif value is None:
        yield f"{name}.{_NONE}", np.zeros(0)
    else:
        yield name, np.asarray(value)


def _made(name: str, kind: Any, arrays: dict[str, Any]) -> Any:  # noqa: ANN401
    if f"{name}.{_NONE}" in arrays:
        return None
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(
            **{
                f.name: _made(f"{name}.{f.name}" if name else f.name, hints[f.name], arrays)
                for f in dataclasses.fields(kind)
            }
        )
    if kind is pl.DataFrame:
        columns = {k: v for k, v in arrays.items() if k.startswith(f"{name}.")}
        return pl.DataFrame({k.removeprefix(f"{name}."): v for k, v in columns.items()})
    return int(arrays[name]) if kind is int else arrays[name]
