"""The tables of gold; each is declared in the module that makes its rows."""

from __future__ import annotations

from medallion.gold.frequencies import FREQUENCIES
from medallion.gold.units import BY_UNIT
from medallion.gold.variants import VARIANTS
from medallion.gold.whole import TABLES as WHOLE

__all__ = ["FREQUENCIES", "TABLES", "VARIANTS"]

TABLES = (*BY_UNIT, *WHOLE)
