"""What a `##KEY=...` line of a header should look like, and what is odd about one.

Nothing here refuses a line: a header that strays is survived, and told about. Sections
of the specification (samtools.github.io/hts-specs) are named as in VCFv4.2, 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from medallion.vcf.reserved import FORMAT_NUMBERS, reserved

__all__ = ["STRUCTURED", "odd_definition", "odd_line", "odd_reserved", "pairs_of"]

STRUCTURED = {
    "INFO": ("ID", "Number", "Type", "Description"),
    "FORMAT": ("ID", "Number", "Type", "Description"),
    "FILTER": ("ID", "Description"),
    "ALT": ("ID", "Description"),
    "contig": ("ID",),
}
"""The keys that lines of definitions must have, in the order of the specification."""

_TYPES = {
    "INFO": ("Integer", "Float", "Flag", "Character", "String"),
    "FORMAT": ("Integer", "Float", "Character", "String"),
}
_NUMBER = re.compile(r"[0-9]+|[AGR.]")
_KEY_NAME = re.compile(r"1000G|[A-Za-z_][0-9A-Za-z_.+\-]*")
_PAIR = re.compile(r'\s*([A-Za-z_][\w.\-]*)=("(?:[^"\\]|\\.)*"|\[[^\]]*\]|(?:[^,"][^,]*)?)(,|$)')
_HAS_ID = re.compile(r"[<,]\s*ID=")
_CONTIG = re.compile(r"[0-9A-Za-z!#$%&+./:;?@^_|~\-][0-9A-Za-z!#$%&*+./:;=?@^_|~\-]*")
# 1.2.5: the first level of a symbolic allele's name. Copy numbers (CN0, CN1, ...) are the
# 1000 Genomes Project's, NON_REF and * those of genomic VCF. Since 4.3 that holds of structural
# variants alone, and other symbols have any name.
_SYMBOL = re.compile(
    r"(?:DEL|INS|DUP|INV|CNV|BND|TRA)(?::[^\s<>,;]+)?|CN[0-9]+|NON_REF|\*|<\*>|[A-Z]"
)
_ANY_SYMBOL = re.compile(r"\*|<\*>|[^\s<>,]+")
# A name has a letter; what has none is an address of four numbers, or in brackets.
_HOST = (
    r"(?:[^\s/@]+@)?"
    r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|[0-9.\-]*[A-Za-z][\w.\-]*|\[[0-9A-Fa-f:.]+\])"
)
_ADDRESS = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*://(?:{_HOST}(?::[0-9]+)?)?(?:[/?#]\S*)?")
_NAME = re.compile(r'[^\s:;,<>"]+')


def pairs_of(value: str) -> tuple[dict[str, str], set[str], str | None]:
    """The pairs of `<KEY=VALUE,...>`, the keys of quoted values, and what is wrong, if anything."""
    quoted: set[str] = set()
    if not (value.startswith("<") and value.endswith(">")):
        return {}, quoted, "expected <KEY=VALUE,...>"
    inner, at = value[1:-1], 0
    pairs: dict[str, str] = {}
    problem: str | None = None
    while at < len(inner):
        match = _PAIR.match(inner, at)
        if match is None:
            return pairs, quoted, f"expected KEY=VALUE at {inner[at : at + 20]!r}"
        key, text = match[1], match[2]
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text[1:-1])
            quoted.add(key)
        elif key == "Description":
            problem = "Description should stand in double quotes"
        if key in pairs:
            problem = f"the key {key} stands twice"
        pairs.setdefault(key, text)
        at = match.end()
    if inner.endswith(",") or not inner:
        problem = "expected KEY=VALUE after the last comma"
    return pairs, quoted, problem


def odd_definition(
    kind: str, pairs: Mapping[str, str], known: Mapping[str, Mapping[str, str]], version: int
) -> str | None:
    """What is odd about a line of definitions in VCF 4.`version`; `known` are those above it."""
    wanted = STRUCTURED[kind]
    for name in wanted:
        if name not in pairs:
            return f"expected the key {name}"
        if not pairs[name] and name != "Description":
            return f"the value of {name} is empty"
    if kind != "contig" and tuple(pairs)[: len(wanted)] != wanted:
        return f"expected the keys {', '.join(wanted)} first, found {', '.join(pairs)}"
    own = pairs["ID"]
    problem = _ODD[kind](kind, pairs, version) if kind in _ODD else None
    if problem is None and own in known:
        differing = [k for k in pairs if k in known[own] and known[own][k] != pairs[k]]
        if kind != "contig" or differing:
            return f"{kind} {own} is defined twice"
    return problem


def _odd_key(kind: str, pairs: Mapping[str, str], version: int) -> str | None:
    if pairs["Type"] not in _TYPES[kind]:
        return f"Type should be one of {', '.join(_TYPES[kind])}, found {pairs['Type']}"
    number = pairs["Number"]
    since = FORMAT_NUMBERS.get(number) if kind == "FORMAT" else None
    if not _NUMBER.fullmatch(number) and (since is None or version < since):
        hint = f" ({number} is of VCF 4.{since})" if since else ""
        return f"Number should be a count, A, R, G or ., found {number}{hint}"
    if pairs["Number"] == "0" and pairs["Type"] != "Flag":
        return "only a Flag has Number=0"
    if not _KEY_NAME.fullmatch(pairs["ID"]):
        return f"ID should be a name, found {pairs['ID']}"
    if number == "M" and pairs["ID"][-1] not in "ACGTUN":
        return f"ID should end with the base that is modified, found {pairs['ID']}"
    return None


def _odd_symbol(_kind: str, pairs: Mapping[str, str], version: int) -> str | None:
    if version <= 2 and not _SYMBOL.fullmatch(pairs["ID"]):
        return f"ID should begin with DEL, INS, DUP, INV or CNV, found {pairs['ID']}"
    if not _ANY_SYMBOL.fullmatch(pairs["ID"]):
        return f"ID should have no white space, comma or angle bracket, found {pairs['ID']!r}"
    for name in ("Number", "Type"):
        if name in pairs:
            return f"an ALT line has no {name}"
    return None


def _odd_contig(_kind: str, pairs: Mapping[str, str], _version: int) -> str | None:
    if not _CONTIG.fullmatch(pairs["ID"]):
        return f"ID should be a contig's name, found {pairs['ID']!r}"
    return None


_ODD = {"INFO": _odd_key, "FORMAT": _odd_key, "ALT": _odd_symbol, "contig": _odd_contig}


def odd_reserved(kind: str, pairs: Mapping[str, str], version: int) -> str | None:
    """How an INFO or FORMAT line differs from what VCF 4.`version` says of a reserved key."""
    if kind not in _TYPES or not {"ID", "Number", "Type"} <= set(pairs):
        return None
    known = reserved(kind, pairs["ID"], version)
    if known is None:
        return None
    for name, allowed in (("Number", known.numbers), ("Type", known.types)):
        if pairs[name] not in allowed:
            return f"{name} of {pairs['ID']} is {' or '.join(allowed)}, found {pairs[name]}"
    return None


def odd_line(key: str, value: str, version: int) -> str | None:
    """What is odd about a line that is no definition, of a key that the specification knows."""
    if key == "assembly":
        if re.search(r"\s", value) or ("://" in value and not _ADDRESS.fullmatch(value)):
            return f"expected a file or its address, found {value}"
    elif key == "pedigreeDB":
        if not _ADDRESS.fullmatch(value.removeprefix("<").removesuffix(">")):
            return f"expected the address of a data base, found {value}"
    elif key in ("SAMPLE", "PEDIGREE", "META"):
        pairs, quoted, problem = pairs_of(value)
        if problem is not None:
            return problem
        if key == "SAMPLE":
            return _odd_sample(pairs, quoted, version)
        if key == "PEDIGREE":
            odd = next((k for k, v in pairs.items() if not _NAME.fullmatch(v)), None)
            if odd is not None:
                return f"{odd} should be a name, found {pairs[odd]!r}"
        if key == "META" and (odd := _odd_meta(pairs)) is not None:
            return odd
    if version > 2 and value.startswith("<") and value.endswith(">") and key != "pedigreeDB":
        return None if _HAS_ID.search(value) else "expected the key ID"
    return None


def _odd_meta(pairs: Mapping[str, str]) -> str | None:
    """4.3, section 1.4.8, tells of META by examples; none leaves out one of the four keys."""
    for name in ("ID", "Type", "Number", "Values"):
        if name not in pairs:
            return f"expected the key {name}"
    if pairs["Type"] not in _TYPES["INFO"]:
        return f"Type should be one of {', '.join(_TYPES['INFO'])}, found {pairs['Type']}"
    if not _NUMBER.fullmatch(pairs["Number"]):
        return f"Number should be a count, A, R, G or ., found {pairs['Number']}"
    if not pairs["Values"].startswith("["):
        return f"Values should stand in square brackets, found {pairs['Values']!r}"
    return None


def _odd_sample(pairs: Mapping[str, str], quoted: set[str], version: int) -> str | None:
    # 4.3 made all keys but ID free.
    wanted = ("ID",) if version > 2 else ("ID", "Genomes", "Mixture")
    for name in wanted:
        if name not in pairs:
            return f"expected the key {name}"
    if version <= 2 and (odd := quoted - {"Description"}):
        return f"only Description stands in double quotes, found {', '.join(sorted(odd))}"
    return None
