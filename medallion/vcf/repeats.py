"""The INFO of tandem repeats: lists of lists, whose lengths other keys tell.

An allele `<CNV:TR>` is made of some repeats, as many as RN says. RUS, RUL, RUC and RB hold a
value for each repeat of each allele, one behind the other; CIRUC and CIRB two; RUB one for
each of the RUC units of each repeat.

Source: The Variant Call Format Specification, VCFv4.4 and VCFv4.5, sections 3 (RN and those
behind it) and 5.7, https://samtools.github.io/hts-specs/ . Where it is not clear nothing is
judged: of records without such an allele, where RN is there but tells no number of one, of RUB
where some of its values, or of RUC's, are missing. Of CIRUC and CIRB it says two lengths, that
of the others and twice it: either will do.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import polars as pl

from medallion.vcf.info import Broken, Found, InfoFields, shown

__all__ = ["broken_lists"]

Numbers = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

_SINCE = 4
_ONCE, _TWICE = ("RUS", "RUL", "RUC", "RB"), ("CIRUC", "CIRB")
_LISTS = {*_ONCE, *_TWICE, "RUB"}
_REPEAT = "<CNV:TR>"
# Of a kind of such alleles the text says nothing.
_KIND_OF_REPEAT = "<CNV:TR:"
_WHOLE = r"^[0-9]+(?:\.0*)?(?:,[0-9]+(?:\.0*)?)*$"


def broken_lists(info: InfoFields, alt: pl.Series) -> list[Broken]:
    """The records of `info` whose lists are not as long as they should be; `alt` is their ALT."""
    if info.reader.version < _SINCE or _LISTS.isdisjoint(info.reader.names):
        return []
    repeats, judged = _repeats(info, alt)
    if not judged.any():
        return []
    found: list[Broken] = []

    def tell(name: str, at: Found, wanted: Numbers, of_what: str, excused: Bools) -> None:
        count = at.counts()
        for row in np.flatnonzero(judged & at.present & (count != wanted) & ~excused).tolist():
            values = "1 value" if wanted[row] == 1 else f"{wanted[row]:.0f} values"
            detail = f"{name}: expected {values}, {of_what}, found {count[row]}"
            detail = f"{detail}: {shown(at.text_of(row))}"
            found.append((row, "info-definition", f"INFO/{name}", detail))

    for name in _ONCE:
        if (at := _list(info, name)) is not None:
            tell(name, at, repeats, "one for each repeat", np.zeros(info.n, bool))
    for name in _TWICE:
        if (at := _list(info, name)) is not None:
            tell(name, at, 2 * repeats, "two for each repeat", at.counts() == repeats)
    units, at = _list(info, "RUC"), _list(info, "RUB")
    if units is not None and at is not None:
        whole = units.values().str.contains(_WHOLE) & ~at.values().str.contains(".", literal=True)
        unclear = ~whole.fill_null(value=False).to_numpy()
        tell("RUB", at, _sums(units), "one for each unit that RUC counts", unclear)
    return found


def _repeats(info: InfoFields, alt: pl.Series) -> tuple[Numbers, Bools]:
    """How many repeats the alleles of each record have; and whether that can be told."""
    repeats = alt.str.count_matches(_REPEAT, literal=True).cast(pl.Float64).to_numpy()
    judged = (repeats > 0) & ~alt.str.contains(_KIND_OF_REPEAT, literal=True).to_numpy()
    if not judged.any() or (at := info.find("RN")) is None:
        return repeats, judged & ~_stated(info, "RN")
    counted = at.present & (at.counts() == alt.str.count_matches(",", literal=True).to_numpy() + 1)
    rows = np.flatnonzero(judged & counted)
    each = pl.DataFrame(
        {"row": rows, "rn": at.values().gather(rows), "alt": alt.gather(rows)},
        schema_overrides={"rn": pl.String, "alt": pl.String},
    ).with_columns(pl.col("rn", "alt").str.split(","))
    sums = (
        each.explode("rn", "alt")
        .filter(pl.col("alt") == _REPEAT)
        .group_by("row")
        .agg(_number(pl.col("rn")).sum(), known=_number(pl.col("rn")).is_not_null().all())
        .filter(pl.col("known") & (pl.col("rn") > 0))
    )
    told = np.zeros(info.n, bool)
    told[sums["row"].to_numpy()] = True
    repeats = repeats.copy()
    repeats[sums["row"].to_numpy()] = sums["rn"].to_numpy()
    return repeats, judged & (told | ~_stated(info, "RN"))


def _stated(info: InfoFields, name: str) -> Bools:
    """Which records have a key, with a value or without."""
    stated = np.zeros(info.n, bool)
    if name in info.reader.names:
        stated[info.row[info.key == info.reader.names.index(name)]] = True
    return stated


def _list(info: InfoFields, name: str) -> Found | None:
    """Where the lists of a key are; None where none is, or the header gives it another Number."""
    return info.find(name) if info.reader.number(name) == "." else None


def _sums(at: Found) -> Numbers:
    """The sum of each record's values, missing ones for nothing; 0 where it has none."""
    sums = at.values().str.split(",").list.eval(_number(pl.element())).list.sum()
    return sums.fill_null(0.0).to_numpy()


def _number(text: pl.Expr) -> pl.Expr:
    return text.str.strip_chars_start("+").cast(pl.Float64, strict=False)
