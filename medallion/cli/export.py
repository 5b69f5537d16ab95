"""Taking tables out of a lake: export."""

from __future__ import annotations

import argparse

from medallion.cli.shared import Commands, command, open_lake
from medallion.export import FORMATS

__all__ = ["add"]


def add(commands: Commands) -> None:
    """Add the commands."""
    export = command(commands, "export", _export, "write tables to files of other tools")
    export.add_argument("table", metavar="TABLE|gold|vcf",
                        help="such as gold.frequencies; a whole layer; or silver's sites with "
                        "gold's counts of every group as a VCF")  # fmt: skip
    export.add_argument("-o", "--output", "--to", required=True, metavar="FILE|DIR",
                        help="a table: .parquet, .csv, .tsv, .xlsx or .duckdb; a layer: a folder, "
                        ".xlsx or .duckdb; vcf: .vcf or .vcf.gz; the lines of silver.defects, "
                        "as they stood: .txt")  # fmt: skip
    export.add_argument("--format", choices=FORMATS,
                        help="of the files of a layer's folder; default: parquet")  # fmt: skip
    export.add_argument("--region", help="22:16050000-16051000")
    export.add_argument("--population", action="append", metavar="CODE", help="repeatable")
    export.add_argument("--where", metavar="SQL", help="a condition, such as 'af > 0.05'")
    export.add_argument("--version", type=int, metavar="N",
                        help="an earlier version of a table, as versions lists them")  # fmt: skip


def _export(options: argparse.Namespace) -> int:
    done = open_lake(options).export(
        options.table,
        options.output,
        region=options.region,
        populations=options.population,
        where=options.where,
        form=options.format,
        version=options.version,
    )
    print(f"{done.rows:,} {done.unit} of {options.table} in {done.path}")
    for table in done.tables:
        print(f"  {table.rows:,} of {table.table}, version {table.version} in {done.lake}")
    if done.note:
        print(f"  {done.note}")
    return 0
