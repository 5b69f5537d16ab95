"""How people write what they look for: the names in a text, and the forms of a place.

What a name means in a lake is told by `search`; here is only what it may mean by its form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from medallion.bronze.raw import Region, parse_where
from medallion.errors import UsageError
from medallion.find import Name, read_name

__all__ = ["as_known", "contig_of", "like_a_contig", "place_of", "terms_of", "turned"]

_DASHES = "\u2010-\u2015\u2212"  # what a text processor makes of a hyphen
_DASH = re.compile(f"[{_DASHES}]")
# No position is above 2^31: what more a comma follows is another name.
_NUMBER = r"(?:[12](?:,[0-9]{3}){3}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?![0-9])"
# Between two commas, but a number after what parts it from its contig may hold some.
_BETWEEN_COMMAS = re.compile(rf"(?:(?<=[:_.{_DASHES}-]){_NUMBER}|[^,])+")
_LINES = re.compile(r"[\r\n]+")
_PARTS = re.compile(r"[;|]+")
_WORD = re.compile(r"\S+")
_CHROM = r"(?:(?:[Cc][Hh][Rr])?(?:[0-9]{1,2}|[XYxy]|[Mm][Tt]?)|[Nn][Cc]_[0-9]{6}(?:\.[0-9]{1,3})?)"
_POS = rf"(?:{_NUMBER}|[0-9]{{1,20}})"
# A line of a table or of a VCF; without alleles, a small number is no position.
_ROW = re.compile(
    rf"({_CHROM})[\s,:]+(?:({_POS})(?:[\s,]+(?:\.|rs[0-9]+))?[\s,]+"
    r"([ACGTNacgtn]+)[\s,>/]+([ACGTNacgtn*]+|<\S+>)"
    rf"|({_NUMBER}|[0-9]{{4,20}}))"
)
_SPAN = re.compile(rf"(\S+?)\s*:\s*({_POS})\s*(?:-|\.\.)\s*({_POS})")
_DASHED_SPAN = re.compile(rf"({_CHROM})-({_POS})-({_POS})")
_CONTIG = re.compile(_CHROM)
# No human chromosome is longer than 250 million bases: 901,902,903 are three names.
_ALONE = re.compile(r"(?:[12]?[0-9]{1,2},[0-9]{3}|[0-9]{1,3}),[0-9]{3}")


def terms_of(text: str, known: Iterable[str] = ()) -> list[str]:
    """Return the names in a text, each once, as they are written.

    They are parted by lines, semicolons, bars, commas or blanks. A comma that parts
    thousands, after a contig's colon or in a number that stands alone (22,123,456), and
    the blanks within a place, such as a line of a table (22 16050075 A G), part no names;
    nor does what a name in `known`, in any case, holds itself.
    """
    held = {_folded(name) for name in known}
    longest = max((len(name.split()) for name in held), default=1)
    return list(dict.fromkeys(_terms(text, held, longest)))


def _terms(text: str, held: set[str], longest: int) -> Iterator[str]:
    for line in _LINES.split(text):
        if _one(line, held):
            yield line.strip()
            continue
        for piece in _PARTS.split(line):
            if _one(piece, held):
                yield piece.strip()
                continue
            for stretch in _stretches(piece, held):
                if _alone(stretch, held):
                    yield stretch
                    continue
                for part in _BETWEEN_COMMAS.findall(stretch):
                    if _one(part, held):
                        yield part.strip()
                    elif "," in part and all(_folded(name) in held for name in part.split(",")):
                        yield from (name.strip() for name in part.split(","))
                    else:
                        yield from _words(part.split(), held, longest)


def _stretches(piece: str, held: set[str]) -> Iterator[str]:
    """A piece of a line cut at the numbers that stand alone in it, with commas of their own."""
    before = 0
    for word in _WORD.finditer(piece):
        number = word[0].rstrip(",")
        if _alone(number, held):
            yield piece[before : word.start()]
            yield number
            before = word.end()
    yield piece[before:]


def _one(text: str, held: set[str]) -> bool:
    """Whether a text with blanks or commas in it is one name."""
    if _folded(text) in held:
        return True
    words = re.split(r"[\s,]+", text.strip())
    if len(words) < 2 or all(_folded(word) in held for word in words):
        return False
    return _of_line(text) is not None or _alone(text.strip(), held)


def _alone(text: str, held: set[str]) -> bool:
    """Whether a text is one number with commas in it, rather than names that they part."""
    return _ALONE.fullmatch(text) is not None and held.isdisjoint(text.split(","))


def _words(words: Sequence[str], held: set[str], longest: int) -> Iterator[str]:
    """The words, with those put together that are a known name."""
    at = 0
    while at < len(words):
        for count in range(min(longest, len(words) - at), 0, -1):
            name = " ".join(words[at : at + count])
            if count == 1 or _folded(name) in held:
                yield name
                at += count
                break


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()


def as_known(terms: Iterable[str], names: Iterable[str]) -> dict[str, str]:
    """Return the terms that are one of the names, as written or else in another case."""
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


def place_of(term: str) -> Region | Name | None:
    """Return the region, the position or the allele that a name is by its form, if any.

    A region has a start before its end; a contig alone is none, for any word may be one.
    """
    plain = _DASH.sub("-", term.strip())
    if (found := _of_line(plain)) is not None:
        return found
    if match := _DASHED_SPAN.fullmatch(plain):
        return _span(*match.groups())
    try:
        place = parse_where(plain)
    except UsageError:
        place = None
    if isinstance(place, Region) and place.start is not None and place.end is not None:
        if place.start < place.end:
            return place
        return Name(place.chrom, place.start)
    return read_name(plain)


def _of_line(text: str) -> Region | Name | None:
    """The place that a text with blanks or commas between its parts is."""
    plain = _DASH.sub("-", text.strip())
    if _ALONE.fullmatch(plain):
        return None
    if match := _ROW.fullmatch(plain):
        chrom, pos, ref, alt, alone = match.groups()
        if alone:
            return Name(chrom, _int(alone))
        return Name(chrom, _int(pos), ref.upper(), alt.upper())
    if match := _SPAN.fullmatch(plain):
        return _span(*match.groups())
    return None


def _span(chrom: str, first: str, last: str) -> Region | Name | None:
    start, end = _int(first), _int(last)
    if start == end:
        return Name(chrom, start)
    return Region(chrom, start, end) if start < end else None


def turned(term: str) -> bool:
    """Whether a name is a region by its form that ends before it starts."""
    plain = _DASH.sub("-", term.strip())
    match = _SPAN.fullmatch(plain) or _DASHED_SPAN.fullmatch(plain)
    return match is not None and _int(match[2]) > _int(match[3])


def _int(digits: str) -> int:
    return int(digits.replace(",", ""))


def contig_of(chrom: str, contigs: Sequence[str]) -> str | None:
    """Return the contig that a name means: with `chr` or without, in any case, M for MT."""
    if chrom in contigs:
        return chrom
    return next((contig for contig in contigs if _bare(contig) == _bare(chrom)), None)


def _bare(chrom: str) -> str:
    bare = chrom.casefold().removeprefix("chr")
    return "mt" if bare == "m" else bare


def like_a_contig(chrom: str) -> bool:
    """Whether a name is a human chromosome's by its form."""
    return _CONTIG.fullmatch(chrom) is not None
