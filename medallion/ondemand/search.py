"""What a text means in a lake: a region, samples, populations, variants, or a list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from medallion.bronze.raw import Region
from medallion.catalog.populations import ALL
from medallion.errors import UsageError
from medallion.files import Place
from medallion.find import Name, read_name, read_position
from medallion.ondemand.builds import accession_of, build_of, by_contig
from medallion.ondemand.missing import Missing
from medallion.ondemand.named import forms, listed
from medallion.ondemand.silver import Silver
from medallion.ondemand.terms import as_known, contig_of, place_of, terms_of

__all__ = ["MOST_TERMS", "Found", "search", "terms_of"]

MOST_TERMS = 10_000
"""The most names that one search takes."""

_KEY = ("file", "record", "alt_index")
_LAST = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Found:
    """What was understood, and what was not.

    terms: the names in the text, each once. region: the place that it is, None where it
    is none of this lake, or names more. regions: all that it names. samples, populations:
    names and codes as the lake has them. variants: a row of `silver.variants` (without
    INFO) for each name that means one allele, after a column `asked` with that name.
    ambiguous: the same for names that mean several. missing: names that mean nothing
    here; reasons: why, for each of them; set_apart: the records in quarantine where one of
    them has its place (asked, file, line, chrom, pos, reason, detail); nearest: the variant
    that is next to one, for the first few. has_ids: whether any variant of the lake has an
    identifier, without which looking for one finds nothing. notes: what was taken for
    granted, in sentences.
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
    set_apart: pl.DataFrame = field(default_factory=pl.DataFrame)
    nearest: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def search(root: Place, text: str) -> Found:
    """Say what `text` means in the published silver layer of the lake at `root`.

    A region (22:16,050,000-16,060,000, or a contig), a sample, a population's or
    super-population's code or name (ALL is everyone), a variant (22-16050075-A-G,
    22:g.16050075A>G, 22:16050075, 16050075 on whichever contig, a line `22 16050075 A G`,
    an identifier), or a list of up to MOST_TERMS of these. Contigs are taken with `chr` or
    without, or by the RefSeq accession that they have in the lake's genome build; contigs,
    samples, populations and identifiers in any case where that is clear.

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
            f"Name what to look for: a variant ({forms(silver.example())}), a region, a sample, a "
            "population, or a list of them."
        )
    if len(terms) > MOST_TERMS:
        raise UsageError(
            f"{len(terms):,} names are too many for one search: expected {MOST_TERMS:,} or "
            "fewer. Search in parts, or use SQL."
        )
    bounds = silver.bounds()
    contigs = bounds["chrom"].to_list()
    samples = as_known(terms, names)
    populations = {term: codes[name] for term, name in as_known(terms, codes).items()}
    taken = samples.keys() | populations.keys()
    spelled, refused, notes = _spelled(root, terms, contigs)
    places = {term: place_of(spelled[term]) for term in terms}
    regions = {
        term: region
        for term in terms
        # A number that names a sample names a contig only where it stands alone.
        if (term not in taken or len(terms) == 1)
        and (region := _region(spelled[term], places[term], contigs)) is not None
    }
    alone = {
        term: pos
        for term in terms
        if term not in taken and term not in regions and (pos := read_position(term)) is not None
    }
    if len(contigs) == 1:
        places |= {term: Name(contigs[0], pos) for term, pos in alone.items()}
    variants = _variants(silver, [t for t in terms if t not in regions], places, alone, contigs)
    counts = variants.group_by("asked").len()
    several = set(counts.filter(pl.col("len") > 1)["asked"])
    found = {*variants["asked"], *taken, *regions}
    unknown = [term for term in terms if term not in found]
    missing = Missing(silver, bounds, unknown, places, alone, refused)
    unclear = pl.col("asked").is_in(list(several))
    return Found(
        terms=tuple(terms),
        region=regions[terms[0]] if len(terms) == len(regions) == 1 and not taken else None,
        samples=tuple(dict.fromkeys(samples.values())),
        populations=tuple(dict.fromkeys(populations.values())),
        variants=variants.filter(~unclear),
        ambiguous=variants.filter(unclear),
        missing=tuple(missing.names),
        has_ids=missing.has_ids,
        regions=tuple(dict.fromkeys(regions.values())),
        reasons=missing.reasons(),
        set_apart=missing.set_apart,
        nearest=missing.nearest(),
        notes=notes,
    )


def _spelled(
    root: Place, terms: Sequence[str], contigs: Sequence[str]
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """The terms with the lake's contigs in place of accessions, why some cannot be, and notes."""
    spelled = {term: term for term in terms}
    refused: dict[str, str] = {}
    named = {term: accession for term in terms if (accession := accession_of(term)) is not None}
    if not named:
        return spelled, refused, ()
    build = build_of(root)
    taken_for: dict[str, str] = {}
    for term, accession in named.items():
        try:
            spelled[term] = by_contig(term, contigs, build)
        except UsageError as error:
            refused[term] = str(error)
            continue
        if spelled[term] != term:
            taken_for[accession] = by_contig(accession, contigs, build)
    if build is not None or not taken_for:
        return spelled, refused, ()
    told = listed([f"{accession} for {contig}" for accession, contig in taken_for.items()])
    return spelled, refused, (f"This lake's genome build is not known: took {told}.",)


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
    alone: Mapping[str, int],
    contigs: Sequence[str],
) -> pl.DataFrame:
    """The alleles that each term means, in the order of the terms, then of the file."""
    spelled = [(term, term) for term in terms]
    for term in terms:
        place = places[term]
        if isinstance(place, Name) and (contig := contig_of(place.chrom, contigs)) is not None:
            spelled.append((term, _written(contig, place)))
    matched = _match(silver, spelled, alone)
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


def _match(
    silver: Silver, spelled: Sequence[tuple[str, str]], alone: Mapping[str, int]
) -> pl.DataFrame:
    """The alleles that each name means by one of its spellings, in no order.

    `alone` are the names that are a position of whichever contig.

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
    anywhere = pl.DataFrame(
        list(alone.items()), schema={"asked": pl.String, "pos": pl.Int32}, orient="row"
    )
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
            # An identifier that is a number is meant, not the position.
            every.join(anywhere.join(by_id.filter("exact"), on="asked", how="anti"), on="pos"),
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
