"""What a text means in a lake: a region, samples, populations, variants, or a list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from medallion.bronze.raw import Region
from medallion.catalog.populations import ALL
from medallion.errors import UsageError
from medallion.files import Place
from medallion.find import Name, read_name
from medallion.ondemand.named import label, listed
from medallion.ondemand.silver import Silver
from medallion.ondemand.terms import as_known, contig_of, like_a_contig, place_of, terms_of, turned

__all__ = ["MOST_TERMS", "Found", "search", "terms_of"]

MOST_TERMS = 10_000
"""The most names that one search takes."""

_KEY = ("file", "record", "alt_index")
_LAST = (1 << 31) - 1
_NEAR = 100_000  # bases on either side in which the nearest variant is looked for
_NEAREST_OF = 5  # names
_LONG = 200  # characters of a name that is better told by its place


@dataclass(frozen=True, slots=True)
class Found:
    """What was understood, and what was not.

    terms: the names in the text, each once. region: the place that it is, None where it
    is none of this lake, or names more. regions: all that it names. samples, populations:
    names and codes as the lake has them. variants: a row of `silver.variants` (without
    INFO) for each name that means one allele, after a column `asked` with that name.
    ambiguous: the same for names that mean several. missing: names that mean nothing
    here; reasons: why, a sentence for each of them; nearest: the variant that is next to
    a missing one, for the first few. has_ids: whether any variant of the lake has an
    identifier, without which looking for one finds nothing.
    """

    terms: tuple[str, ...]
    region: Region | None
    samples: tuple[str, ...]
    populations: tuple[str, ...]
    variants: pl.DataFrame
    ambiguous: pl.DataFrame
    missing: tuple[str, ...]
    has_ids: bool
    regions: tuple[Region, ...] = ()
    reasons: tuple[str, ...] = ()
    nearest: Mapping[str, str] = field(default_factory=dict)


def search(root: Place, text: str) -> Found:
    """Say what `text` means in the published silver layer of the lake at `root`.

    A region (22:16,050,000-16,060,000, or a contig), a sample, a population's or
    super-population's code or name (ALL is everyone), a variant (22-16050075-A-G,
    22:g.16050075A>G, 22:16050075, a line `22 16050075 A G`, an identifier), or a list of
    up to MOST_TERMS of these. Contigs are taken with `chr` or without; contigs, samples,
    populations and identifiers in any case where that is clear.

    Raises UsageError for an empty text and for too long a list, NotBuiltError without
    silver.
    """
    silver = Silver.of(root)
    people = silver.samples()
    names = people["sample"].cast(pl.String).to_list()
    codes = _codes(people)
    terms = terms_of(text, [*names, *codes])
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
    contigs = silver.contigs()
    samples = as_known(terms, names)
    populations = {term: codes[name] for term, name in as_known(terms, codes).items()}
    taken = samples.keys() | populations.keys()
    places = {term: place_of(term) for term in terms}
    regions = {
        term: region
        for term in terms
        # A number that names a sample names a contig only where it stands alone.
        if (term not in taken or len(terms) == 1)
        and (region := _region(term, places[term], contigs)) is not None
    }
    variants = _variants(silver, [t for t in terms if t not in regions], places, contigs)
    counts = variants.group_by("asked").len()
    several = set(counts.filter(pl.col("len") > 1)["asked"])
    found = {*variants["asked"], *taken, *regions}
    missing = tuple(t for t in terms if t not in found)
    unclear = pl.col("asked").is_in(list(several))
    has_ids = not missing or silver.has_ids()
    nearest = _nearest(silver, missing, places, contigs)
    return Found(
        terms=tuple(terms),
        region=regions[terms[0]] if len(terms) == len(regions) == 1 and not taken else None,
        samples=tuple(dict.fromkeys(samples.values())),
        populations=tuple(dict.fromkeys(populations.values())),
        variants=variants.filter(~unclear),
        ambiguous=variants.filter(unclear),
        missing=missing,
        has_ids=has_ids,
        regions=tuple(dict.fromkeys(regions.values())),
        reasons=tuple(_reason(term, places[term], contigs, has_ids=has_ids) for term in missing),
        nearest=nearest,
    )


def _region(term: str, place: Region | Name | None, contigs: Sequence[str]) -> Region | None:
    """The region of this lake that a name is, with its contig spelled as in the lake."""
    if isinstance(place, Region):
        contig = contig_of(place.chrom, contigs)
        return None if contig is None else Region(contig, place.start, place.end)
    contig = contig_of(term, contigs)
    return None if contig is None else Region(contig)


def _codes(people: pl.DataFrame) -> dict[str, str]:
    """The codes of groups by how they may be named: by code or in full."""
    codes: dict[str, str] = {}
    for level in ("super_population", "population"):
        rows = people.select(level, f"{level}_name").unique().drop_nulls(level)
        for code, name in rows.cast(pl.String).sort(level).iter_rows():
            codes[code] = code
            if name is not None:
                codes.setdefault(name, code)
    if not people.is_empty():
        codes.setdefault(ALL, ALL)
    return codes


def _variants(
    silver: Silver,
    terms: Sequence[str],
    places: Mapping[str, Region | Name | None],
    contigs: Sequence[str],
) -> pl.DataFrame:
    """The alleles that each term means, in the order of the terms, then of the file."""
    spelled = [(term, term) for term in terms]
    for term in terms:
        place = places[term]
        if isinstance(place, Name) and (contig := contig_of(place.chrom, contigs)) is not None:
            spelled.append((term, _written(contig, place)))
    matched = _match(silver, spelled)
    written = matched.filter("exact").get_column("asked")
    matched = matched.filter(pl.col("exact") | ~pl.col("asked").is_in(written.implode())).drop(
        "exact"
    )
    order = pl.DataFrame({"asked": pl.Series(terms, dtype=pl.String), "place": range(len(terms))})
    return (
        matched.join(order, on="asked")
        .sort("place", *_KEY)
        .drop("place")
        .select("asked", pl.exclude("asked"))
    )


def _written(contig: str, name: Name) -> str:
    place = f"{contig}:{name.pos}"
    return place if name.ref is None else f"{contig}-{name.pos}-{name.ref}-{name.alt}"


def _match(silver: Silver, spelled: Sequence[tuple[str, str]]) -> pl.DataFrame:
    """The alleles that each name means by one of its spellings, in no order.

    `exact` tells those that it means as it is spelled from those whose identifier is it in
    another case.
    """
    names = [(asked, read_name(text)) for asked, text in spelled]
    places = pl.DataFrame(
        [
            (asked, name.chrom.removeprefix("chr"), name.pos, name.ref, name.alt)
            for asked, name in names
            if name is not None and name.pos <= _LAST
        ],
        schema={
            "asked": pl.String, "bare": pl.String, "pos": pl.Int32, "REF": pl.String,
            "ALT": pl.String,
        },
        orient="row",
    ).unique()  # fmt: skip
    texts = pl.DataFrame(
        list(spelled), schema={"asked": pl.String, "text": pl.String}, orient="row"
    ).with_columns(ID=pl.col("text").str.to_lowercase())
    # What stands where any of them can mean something; the joins then say which.
    every = silver.at(list(dict.fromkeys(text for _, text in spelled))).with_columns(
        bare=pl.col("chrom").cast(pl.String).str.strip_prefix("chr"),
        REF=pl.col("ref").cast(pl.String).str.to_uppercase(),
        ALT=pl.col("alt").cast(pl.String).str.to_uppercase(),
    )
    at = places.filter(pl.col("REF").is_null()).select("asked", "bare", "pos")
    by_id = (
        every.with_columns(one=pl.col("id").cast(pl.String).str.split(";"))
        .explode("one")
        .with_columns(ID=pl.col("one").str.to_lowercase())
        .join(texts, on="ID")
        .with_columns(exact=pl.col("one") == pl.col("text"))
        .drop("ID", "one", "text")
    )
    by_place = pl.concat(
        [
            every.join(at, on=["bare", "pos"]),
            every.join(places.drop_nulls("REF"), on=["bare", "pos", "REF", "ALT"]),
        ],
        how="diagonal",
    ).with_columns(exact=pl.lit(value=True))
    return (
        pl.concat([by_place, by_id], how="diagonal")
        .sort("exact", descending=True)
        .unique(["asked", *_KEY], keep="first")
        .drop("bare", "REF", "ALT")
    )


def _reason(
    term: str, place: Region | Name | None, contigs: Sequence[str], *, has_ids: bool
) -> str:
    """Why a name means nothing in this lake, by its form."""
    chrom = term if place is None else place.chrom
    if contig_of(chrom, contigs) is None and (isinstance(place, Region) or like_a_contig(chrom)):
        return f"This lake has no chromosome {chrom}: it has {listed(contigs)}."
    if turned(term):
        return "The region ends before it starts: name its first position first."
    if isinstance(place, Name) and contig_of(chrom, contigs) is not None:
        what = "position" if place.ref is None else "position with these alleles"
        return (
            f"No variant stands at this {what}. Positions are 1-based and of the lake's genome "
            "build, REF and ALT as in the VCF; a broken record is in quarantine, see Silver."
        )
    if not has_ids:
        return (
            "It is no sample or population, and no variant of this lake has an identifier, so "
            "looking for an rsID finds nothing: search by position. (The project's Phase 3 files "
            "have none.)"
        )
    return (
        "No sample, population or identifier of this lake has this name. Genes are not known: name "
        "the region of one, such as 22:16,050,000-16,060,000."
    )


def _nearest(
    silver: Silver,
    missing: Sequence[str],
    places: Mapping[str, Region | Name | None],
    contigs: Sequence[str],
) -> dict[str, str]:
    """The variant next to each of the first missing names that are a place of this lake."""
    found: dict[str, str] = {}
    for term in missing:
        if len(found) == _NEAREST_OF:
            break
        place = places[term]
        contig = contig_of(place.chrom, contigs) if isinstance(place, Name) else None
        if contig is None or not isinstance(place, Name) or place.pos > _LAST:
            continue
        here = pl.col("pos").is_between(place.pos - _NEAR, place.pos + _NEAR)
        rows = silver.variants((pl.col("chrom") == contig) & here)
        if not rows.is_empty():
            away = (pl.col("pos").cast(pl.Int64) - place.pos).abs()
            row = rows.sort(away, *_KEY).row(0, named=True)
            name = label(row)
            found[term] = name if len(name) <= _LONG else f"{row['chrom']}:{row['pos']}"
    return found
