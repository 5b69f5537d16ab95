"""What a text means in a lake: a region, samples, populations, variants, or a list of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from medallion.bronze.raw import Region, parse_where, same_contig
from medallion.errors import UsageError
from medallion.files import Place
from medallion.find import read_name
from medallion.ondemand.silver import Silver

__all__ = ["MOST_TERMS", "Found", "search", "terms_of"]

MOST_TERMS = 10_000
"""The most names that one search takes."""

# Between names; a comma before three digits parts thousands, not names.
_BETWEEN = re.compile(r"[\s;|]+|,(?![0-9]{3}(?![0-9]))")
_KEY = ("file", "record", "alt_index")
_LAST = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What was understood, and what was not.

    terms: the names in the text, each once. region: the place that it is, None where it
    is none of this lake. samples, populations: names and codes as the lake has them.
    variants: a row of `silver.variants` (without INFO) for each name that means one
    allele, after a column `asked` with that name. ambiguous: the same for names that
    mean several. missing: names that mean nothing here. has_ids: whether any variant of
    the lake has an identifier, without which looking for one finds nothing.
    """

    terms: tuple[str, ...]
    region: Region | None
    samples: tuple[str, ...]
    populations: tuple[str, ...]
    variants: pl.DataFrame
    ambiguous: pl.DataFrame
    missing: tuple[str, ...]
    has_ids: bool


def terms_of(text: str) -> list[str]:
    """Return the names in a text, each once: parted by space, comma, semicolon or bar."""
    return list(dict.fromkeys(term for term in _BETWEEN.split(text) if term))


def search(root: Place, text: str) -> Found:
    """Say what `text` means in the published silver layer of the lake at `root`.

    A region (22:16,050,000-16,060,000, or a contig), a sample, a population's or
    super-population's code or name, a variant (22-16050075-A-G, 22:16050075, an
    identifier), or a list of up to MOST_TERMS of samples, populations and variants.
    Contigs are taken with `chr` or without; samples and populations in any case where
    that is clear.

    Raises UsageError for an empty text and for too long a list, NotBuiltError without
    silver.
    """
    terms = terms_of(text)
    if not terms:
        raise UsageError(
            "Name what to look for: a variant (22-16050075-A-G, 22:16050075, rs587697622), a "
            "region (22:16,050,000-16,060,000), a sample, a population, or a list of them."
        )
    if len(terms) > MOST_TERMS:
        raise UsageError(
            f"{len(terms):,} names are too many for one search: expected {MOST_TERMS:,} or "
            "fewer. Search in parts, or use SQL."
        )
    silver = Silver.of(root)
    people = silver.samples()
    region = _region(text, silver.contigs())
    if region is not None:
        none = _match(silver, [])
        return Found((text.strip(),), region, (), (), none, none, (), has_ids=True)
    samples = _known(terms, people["sample"].cast(pl.String).to_list())
    populations = _populations(terms, text, people)
    taken = samples.keys() | populations.keys()
    variants = _match(silver, terms)
    counts = variants.group_by("asked").len()
    several = set(counts.filter(pl.col("len") > 1)["asked"])
    found = set(variants["asked"])
    missing = tuple(t for t in terms if t not in found and t not in taken)
    unclear = pl.col("asked").is_in(list(several))
    return Found(
        terms=tuple(terms),
        region=None,
        samples=tuple(dict.fromkeys(samples.values())),
        populations=tuple(dict.fromkeys(populations.values())),
        variants=variants.filter(~unclear),
        ambiguous=variants.filter(unclear),
        missing=() if populations and text.strip() in populations else missing,
        has_ids=not missing or silver.has_ids(),
    )


def _region(text: str, contigs: Sequence[str]) -> Region | None:
    """The place that the text is, with its contig spelled as in the lake."""
    try:
        place = parse_where(text)
    except UsageError:
        return None
    if not isinstance(place, Region) or (place.start is not None and place.start == place.end):
        return None  # one position is a variant's
    for contig in sorted(contigs, key=lambda name: name != place.chrom):
        if same_contig(contig, place.chrom):
            return Region(contig, place.start, place.end)
    return None


def _known(terms: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """The terms that are one of the names, as written or else in another case."""
    exact = set(names)
    folded: dict[str, set[str]] = {}
    for name in exact:
        folded.setdefault(name.casefold(), set()).add(name)
    found = {}
    for term in terms:
        near = {term} if term in exact else folded.get(term.casefold(), set())
        if len(near) == 1:
            found[term] = next(iter(near))
    return found


def _populations(terms: Sequence[str], text: str, people: pl.DataFrame) -> dict[str, str]:
    """Codes of the populations and super-populations that are named, by code or in full."""
    codes: dict[str, str] = {}
    for level in ("super_population", "population"):
        rows = people.select(level, f"{level}_name").unique().drop_nulls(level)
        for code, name in rows.cast(pl.String).sort(level).iter_rows():
            codes[code] = code
            if name is not None:
                codes.setdefault(name, code)
    whole = text.strip()
    named = _known([whole, *terms], codes)
    return {term: codes[name] for term, name in named.items()}


def _match(silver: Silver, terms: Sequence[str]) -> pl.DataFrame:
    """The alleles that each term means, in the order of the terms, then of the file."""
    names = {term: read_name(term) for term in terms}
    rows = [
        (term, name.chrom.removeprefix("chr"), name.pos, name.ref, name.alt)
        for term, name in names.items()
        if name is not None and name.pos <= _LAST
    ]
    places = pl.DataFrame(
        rows,
        schema={
            "asked": pl.String, "bare": pl.String, "pos": pl.Int32, "REF": pl.String,
            "ALT": pl.String,
        },
        orient="row",
    )  # fmt: skip
    listed = pl.Series(list(terms), dtype=pl.String)
    # What stands where any of them can mean something; the joins then say which.
    every = silver.at(terms).with_columns(
        bare=pl.col("chrom").cast(pl.String).str.strip_prefix("chr"),
        REF=pl.col("ref").cast(pl.String).str.to_uppercase(),
        ALT=pl.col("alt").cast(pl.String).str.to_uppercase(),
    )
    at = places.filter(pl.col("REF").is_null()).select("asked", "bare", "pos")
    by_name = every.with_columns(asked=pl.col("id").cast(pl.String).str.split(";")).explode("asked")
    matched = pl.concat(
        [
            every.join(at, on=["bare", "pos"]),
            every.join(places.drop_nulls("REF"), on=["bare", "pos", "REF", "ALT"]),
            by_name.filter(pl.col("asked").is_in(listed.implode())),
        ],
        how="diagonal",
    ).unique(["asked", *_KEY])
    order = pl.DataFrame({"asked": listed, "place": range(len(listed))})
    return (
        matched.join(order, on="asked")
        .sort("place", *_KEY)
        .drop("place", "bare", "REF", "ALT")
        .select("asked", pl.exclude("asked"))
    )
