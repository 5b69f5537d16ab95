"""`silver.samples`: who the samples are, joined from any sample table people have.

The official panel (with its trailing tabs), the IGSR table, a pedigree, or any
delimited table with a column for the sample and one for its population.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

import polars as pl

from medallion.catalog.populations import (
    POPULATIONS_BY_CODE,
    SUPER_POPULATIONS_BY_CODE,
    UNASSIGNED,
)
from medallion.errors import SampleTableError
from medallion.files import Place
from medallion.silver.tables import SAMPLES
from medallion.vcf.defects import Defect

__all__ = ["UNASSIGNED", "join_samples", "read_metadata", "read_sample_table"]


# Headings as people write them, in order of preference; compared in lower case, with
# everything but letters and digits taken out.
_SAMPLE = ("sample", "samplename", "sampleid", "individualid", "individual", "iid", "id", "name")
_POPULATION = ("pop", "population", "populationcode", "popcode", "group")
_SUPER = ("superpop", "superpopulation", "superpopulationcode", "region", "continent")
_SEX = ("gender", "sex")
_POPULATION_NAME = ("populationname", "populationdescription")
_SUPER_NAME = ("superpopulationname",)
_SEXES = {
    "1": "male", "m": "male", "male": "male",
    "2": "female", "f": "female", "female": "female",
}  # fmt: skip
_MOST_BYTES = 1 << 26
_MOST_COLUMNS = 10_000
_MISSING = {"", ".", "na", "n/a", "nan", "none", "null", "-9", "unknown"}


def read_sample_table(path: Place) -> pl.DataFrame:
    """The table as it stands, all columns as strings; unnamed empty columns are left out.

    Raises SampleTableError where it is not a delimited text table with a heading.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise SampleTableError(
            f"{path.name} has {path.stat().st_size:,} bytes: expected a table of samples, of at "
            f"most {_MOST_BYTES:,}. Check that it is the right file."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SampleTableError(
            f"{path.name} is not UTF-8 text: expected a table parted by tabs or commas. "
            "Save it as UTF-8 text (from a spreadsheet: CSV UTF-8)."
        ) from error
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("##")]
    if not lines:
        raise SampleTableError(f"{path.name} is empty: expected a heading and a row per sample.")
    heading = lines[0].removeprefix("#")
    delimiter = next((d for d in "\t,;|" if d in heading), None)
    if (columns := heading.count(delimiter or " ")) >= _MOST_COLUMNS:
        raise SampleTableError(
            f"{path.name} has {columns + 1:,} columns: expected a table with a row for each sample "
            f"and at most {_MOST_COLUMNS:,} columns. Check that it is the right file."
        )
    if delimiter is None:
        rows = [line.split() for line in (heading, *lines[1:])]
    else:
        whole = io.StringIO("\n".join((heading, *lines[1:])))
        try:
            rows = list(csv.reader(whole, delimiter=delimiter))
            if any("\n" in cell for row in rows for cell in row):
                raise csv.Error("a cell spans several lines")
        except csv.Error as error:
            raise SampleTableError(
                f"{path.name} cannot be read as a table ({error}): expected a row for each sample, "
                "and quotation marks in pairs. Mend the file."
            ) from error
    names = [name.strip() for name in rows[0]]
    while names and not names[-1]:
        names.pop()
    if not names:
        raise SampleTableError(f"{path.name} has no heading: expected the columns' names.")
    unique: list[str] = []
    for number, name in enumerate(names, 1):
        base = name or f"column {number}"
        unique.append(base if base not in unique else f"{base} ({number})")
    width = len(unique)
    body = [[cell.strip() for cell in (*row, *[""] * width)[:width]] for row in rows[1:]]
    return pl.DataFrame(body, schema=dict.fromkeys(unique, pl.String), orient="row")


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _find(columns: Sequence[str], wanted: Sequence[str]) -> str | None:
    plain = {_plain(c): c for c in reversed(columns)}
    return next((plain[w] for w in wanted if w in plain), None)


def read_metadata(path: Place) -> tuple[pl.DataFrame, list[Defect]]:
    """The table's samples with the columns of `silver.samples`, and what is odd about it.

    Raises SampleTableError, naming the columns found, where the sample or the population
    cannot be told.
    """
    table = read_sample_table(path)
    sample = _find(table.columns, _SAMPLE)
    population = _find(table.columns, _POPULATION)
    if sample is None or population is None:
        lacking = "sample" if sample is None else "population"
        raise SampleTableError(
            f"{path.name} has no column that can be told to be the {lacking}: expected one "
            f"called sample and one called population (or pop), found "
            f"{', '.join(repr(c[:40]) for c in table.columns[:20])}. Rename the columns."
        )
    super_population = _find(table.columns, _SUPER)
    sex = _find(table.columns, _SEX)
    name, super_name = _find(table.columns, _POPULATION_NAME), _find(table.columns, _SUPER_NAME)
    numbered = table.with_row_index("_row", 2).filter(pl.col(sample) != "")
    repeated = numbered.filter(pl.col(sample).is_duplicated() & ~pl.col(sample).is_first_distinct())
    defects = [
        Defect("sample-row-repeated", row["_row"], "sample", field=sample,
               detail=f"sample {row[sample]} stands in an earlier row",
               raw="\t".join(str(v) for k, v in row.items() if k != "_row"))
        for row in repeated.iter_rows(named=True)
    ]  # fmt: skip
    rows = [
        _person(
            row[sample],
            row[population],
            row[super_population] if super_population else "",
            row[sex] if sex else "",
            row[name] if name else "",
            row[super_name] if super_name else "",
        )
        for row in numbered.unique(sample, keep="first", maintain_order=True).iter_rows(named=True)
    ]
    schema = {k: v for k, v in SAMPLES.polars_schema().items() if not k.startswith("in_")}
    return pl.DataFrame(rows, schema=schema, orient="row"), defects


def _person(
    sample: str, population: str, super_population: str, sex: str, name: str, super_name: str
) -> dict[str, str | None]:
    code = _code(population, POPULATIONS_BY_CODE)
    known = POPULATIONS_BY_CODE.get(code) if code else None
    above = _code(super_population, SUPER_POPULATIONS_BY_CODE)
    if above is None and known is not None:
        above = known.super_population
    known_above = SUPER_POPULATIONS_BY_CODE.get(above) if above else None
    return {
        "sample": sample,
        "population": code or UNASSIGNED,
        "population_name": known.name if known else (name or None),
        "super_population": above if code else (above or UNASSIGNED),
        "super_population_name": known_above.name if known_above else (super_name or None),
        "sex": _SEXES.get(sex.lower(), "unknown"),
    }


def _code(value: str, known: Mapping[str, object]) -> str | None:
    """The group's code: of several (as in `FIN,FinnishSGDP`), the one the project defines."""
    if value.lower() in _MISSING:
        return None
    parts = [p.strip() for p in value.split(",")]
    return next((p for p in parts if p in known), value)


def join_samples(
    columns: Mapping[str, Sequence[str]], metadata: pl.DataFrame | None, table_name: str | None
) -> tuple[pl.DataFrame, list[tuple[str, Defect]]]:
    """`silver.samples`, and what does not match, with the file it is about.

    `columns` maps each VCF to its samples in order. Samples of the VCFs come first, in
    the order of their columns; then those that only the table names.
    """
    in_vcf = list(dict.fromkeys(s for names in columns.values() for s in names))
    vcf = pl.DataFrame({"sample": pl.Series(in_vcf, dtype=pl.String)}).with_columns(in_vcf=True)
    if metadata is None:
        schema = {k: v for k, v in SAMPLES.polars_schema().items() if not k.startswith("in_")}
        metadata = pl.DataFrame(schema=schema)
    table = metadata.with_columns(in_metadata=True)
    joined = pl.concat(
        [
            vcf.join(table, on="sample", how="left", maintain_order="left"),
            table.join(vcf, on="sample", how="anti", maintain_order="left").with_columns(
                in_vcf=False
            ),
        ],
        how="diagonal",
    ).with_columns(
        pl.col("in_metadata").fill_null(value=False),
        pl.col("sex").fill_null("unknown"),
        super_population=pl.when(pl.col("in_metadata").is_null())
        .then(pl.lit(UNASSIGNED))
        .otherwise("super_population"),
        population=pl.col("population").fill_null(UNASSIGNED),
    )
    samples = SAMPLES.conform(joined)
    return samples, _mismatches(samples, columns, table_name)


def _mismatches(
    samples: pl.DataFrame, columns: Mapping[str, Sequence[str]], table_name: str | None
) -> list[tuple[str, Defect]]:
    if table_name is None:
        return []
    unnamed = set(samples.filter(~pl.col("in_metadata"))["sample"])
    found = [
        (
            file,
            Defect("sample-without-metadata", 0, "sample", field=sample,
                   detail=f"{table_name} does not name the sample {sample}"),
        )
        for file, names in columns.items()
        for sample in names
        if sample in unnamed
    ]  # fmt: skip
    absent = samples.filter(~pl.col("in_vcf"))["sample"].to_list()
    if absent:
        shown = ", ".join(absent[:5]) + (", ..." if len(absent) > 5 else "")
        detail = (
            f"{len(absent):,} of the table's samples are in no VCF ({shown}); "
            "silver.samples lists them where in_vcf is false"
        )
        found.append((table_name, Defect("metadata-without-sample", 0, "sample", detail=detail)))
    return found
