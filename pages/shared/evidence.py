"""Where a variant's numbers come from: what the source states, and the way back to its line."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import polars as pl
import streamlit as st

from medallion import Lake
from medallion.together import apart
from pages.shared import cache, draw, find, say
from pages.shared.words import plural

__all__ = ["published_and_recounted", "way_back"]

Row = Mapping[str, Any]

_RAW_CHARS = 1500


def published_and_recounted(row: Row, frequencies: pl.DataFrame) -> None:
    """Show what the source states beside what the genotypes say.

    `row` is the allele's row of `silver.variants`, `frequencies` its rows of
    `gold.frequencies`.
    """
    af = row["ac"] / row["an"] if row["an"] else None
    counted = dict(frequencies.select(pl.col("population").cast(pl.String), "af").rows())
    pairs: list[tuple[str, float | None, float | None, bool]] = [
        ("AC", row["published_ac"], row["ac"], False),
        ("AN", row["published_an"], row["an"], False),
        ("AF", row["published_af"], af, True),
    ]
    for code in ("AFR", "AMR", "EAS", "EUR", "SAS"):
        stated = row[f"published_{code.lower()}_af"]
        if stated is not None:
            pairs.append((f"AF in {code}", stated, counted.get(code), True))
    numbers = pl.DataFrame(
        [
            (name, _shown(stated), _shown(mine), _agrees(stated, mine, rounded=rounded))
            for name, stated, mine, rounded in pairs
        ],
        schema=["number", "published", "recounted", "agree"],
        orient="row",
    )
    with st.expander("Published and recounted", icon=":material/balance:"):
        draw.table(
            numbers,
            {
                "number": draw.text("Number", "AC: ALT copies. AN: called alleles. AF: AC / AN."),
                "published": draw.text("Published", "INFO of the source, as it states."),
                "recounted": draw.text("Recounted", "Counted from the genotypes of silver."),
                "agree": draw.text(
                    "Agree", "AF agrees where it is the recounted one, rounded as published."
                ),
            },
            alt="Published and recounted AC, AN and AF",
        )


def _shown(value: float | None) -> str:
    if value is None:
        return "not stated"
    return f"{value:,}" if isinstance(value, int) else f"{value:.6g}"


def _agrees(stated: float | None, counted: float | None, *, rounded: bool = False) -> str:
    if stated is None or counted is None:
        return "–"
    digits = Decimal(f"{stated:.6g}").as_tuple().exponent  # the last that is stated
    near = 0.501 * 10.0 ** int(digits) if rounded else 0
    return "yes" if abs(stated - counted) <= near else "no"


def way_back(lake: Lake, row: Row, gold: Row | None, name: str) -> None:
    """Lead from gold over silver to the line of the source, a click for each.

    `row` is the allele's row of `silver.variants`, `gold` that of `gold.variants`.
    """
    path = str(lake.path)
    st.subheader("Gold", anchor=False)
    if reason := apart(lake.path, "gold"):
        say.text_note("Gold is not of this silver.", [reason])
    elif gold is None:
        st.caption("Gold has no row of it: silver is newer. Build gold on the Overview page.")
    else:
        st.caption("Its row of gold.variants; gold.frequencies has one more for each group.")
        _fields(gold, "The row of gold.variants")
        _go("gold", "Gold: its frequencies", "bar_chart", {"variant": name})
    st.subheader("Silver", anchor=False)
    _, carriers = cache.carriers(path, lake.version("silver"), cache.allele_of(row), 1)
    st.caption(
        f"Its row of silver.variants; silver.genotypes has {plural(carriers, 'row')} of it, one "
        "for each sample that carries it."
    )
    _fields(row, "The row of silver.variants")
    _go(
        "silver",
        "Silver: who carries it",
        "fact_check",
        {"silver": "Genotypes", "of": "A variant", "variant": name},
    )
    st.subheader("Bronze", anchor=False)
    version = lake.version("bronze")
    if reason := apart(lake.path, "silver", row["file"]):
        say.text_note("Silver is not of this bronze.", [reason])
        return
    st.text(
        f"Record {row['record']:,} of {row['file']}: line {row['line']:,}, ALT allele "
        f"{row['alt_index']} of {row['n_alts']}."
    )
    found = cache.raw(path, version, f"#{row['record']}", 1, row["file"])
    if found:
        text = found[0].text
        st.code(text[:_RAW_CHARS], language=None, wrap_lines=True)
        if len(text) > _RAW_CHARS:
            st.caption(f"The first {_RAW_CHARS:,} of its {len(text):,} characters.")
    files = cache.files(path, version)
    source = files.filter(pl.col("file") == row["file"])
    if not source.is_empty():
        _fields(
            source.select("file", "url", "bytes", "md5", "sha256", "fetched_at").row(0, named=True),
            "The file in bronze.files",
        )
    _go(
        "bronze",
        "Bronze: the record and what became of it",
        "description",
        {
            "bronze": "Records",
            "file": row["file"],
            "at": f"#{row['record']}",
            "record": str(row["record"]),
        },
    )


def _fields(row: Row, alt: str) -> None:
    """Show a row upright: a column's name, its value."""
    values = {name: value for name, value in row.items() if value is not None}
    draw.table(
        pl.DataFrame({"column": list(values), "value": [str(v)[:300] for v in values.values()]}),
        {
            "column": draw.text("Column", "Name of the column."),
            "value": draw.text("Value", "Its value; columns without one are left out.", "large"),
        },
        alt=alt,
        height=300,
    )


def _go(page: str, label: str, icon: str, query: Mapping[str, str]) -> None:
    find.link(label, f":material/{icon}:", f"pages/layers/{page}.py", query)
