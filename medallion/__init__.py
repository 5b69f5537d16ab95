"""1000 Genomes data as a medallion lakehouse: bronze, silver and gold tables.

    from medallion import Lake

    lake = Lake("data", dataset="demo")
    lake.build("gold", progress=print)
    lake.scan("gold.frequencies")

What stands in `__all__` is the public interface; so are `medallion.errors` and
`medallion.catalog`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from medallion.checks import Check
    from medallion.errors import MedallionError
    from medallion.lake import Lake
    from medallion.progress import Progress
    from medallion.status import LayerStatus, Step

__all__ = ["Check", "Lake", "LayerStatus", "MedallionError", "Progress", "Step", "__version__"]

__version__ = "0.1.0"

# Imported when they are asked for: all that they stand on takes half a second, in which a
# build may have another process start, and which that process need not spend.
_MODULES = {
    "Check": "checks",
    "Lake": "lake",
    "LayerStatus": "status",
    "MedallionError": "errors",
    "Progress": "progress",
    "Step": "status",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401  # a class
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
