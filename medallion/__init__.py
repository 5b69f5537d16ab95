"""1000 Genomes data as a medallion lakehouse: bronze, silver and gold tables.

    from medallion import Lake

    lake = Lake("data", dataset="demo")
    lake.build("gold", progress=print)
    lake.scan("gold.frequencies")

What stands in `__all__` is the public interface; so are `medallion.errors` and
`medallion.catalog`.
"""

from __future__ import annotations

from medallion.checks import Check
from medallion.errors import MedallionError
from medallion.lake import Lake
from medallion.progress import Progress
from medallion.status import LayerStatus, Step

__all__ = ["Check", "Lake", "LayerStatus", "MedallionError", "Progress", "Step", "__version__"]

__version__ = "0.1.0"
