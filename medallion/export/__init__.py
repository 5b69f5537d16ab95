"""Tables as files for other tools, whole or filtered, with word of where they come from.

A table becomes Parquet, CSV, TSV, a sheet of Excel or a table of DuckDB; a layer becomes
a folder, a workbook or a database; silver's sites with gold's counts become a VCF.
"""

from __future__ import annotations

from medallion.export.filters import filtered, in_region
from medallion.export.formulas import as_text
from medallion.export.place import check_target
from medallion.export.result import Exported, Origin
from medallion.export.targets import FORMATS, check_options, export_layer, export_table
from medallion.export.vcf import export_vcf

__all__ = [
    "FORMATS",
    "Exported",
    "Origin",
    "as_text",
    "check_options",
    "check_target",
    "export_layer",
    "export_table",
    "export_vcf",
    "filtered",
    "in_region",
]
