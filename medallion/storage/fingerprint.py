"""Fingerprints: what a layer was made of, and so whether and why it is stale.

Four things decide: the inputs (by their content, never by their dates), the
parameters, the format version of the tables, and the code that makes them. A
fingerprint that differs says in words what differs.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from medallion.files import Place

__all__ = ["Fingerprint", "code_digest", "digest_file"]

_PACKAGE = Path(__file__).resolve().parent.parent
# Ten times as fast as parsing; a test holds that it finds all that parsing finds.
_IMPORT = re.compile(
    rf"^ *(?:from|import) +({_PACKAGE.name}[\w.]*)(?: +import +(\([^)]*\)|.*))?", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What a layer is made of. `inputs` maps an input's name to a digest of its content."""

    inputs: Mapping[str, str]
    parameters: Mapping[str, Any]
    format: int
    code: str

    @property
    def digest(self) -> str:
        """One digest over all four, for the layer above to take as its input."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary that `from_json` reads back."""
        return {
            "inputs": dict(self.inputs),
            "parameters": dict(self.parameters),
            "format": self.format,
            "code": self.code,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fingerprint:
        """The fingerprint that `to_json` wrote."""
        return cls(data["inputs"], data["parameters"], data["format"], data["code"])

    def differences(self, now: Fingerprint) -> tuple[str, ...]:
        """Why a layer with this fingerprint is stale now, a sentence a reason."""
        reasons = []
        for name in sorted({*self.inputs, *now.inputs}):
            before, after = self.inputs.get(name), now.inputs.get(name)
            if before is None:
                reasons.append(f"{name} was added.")
            elif after is None:
                reasons.append(f"{name} was removed.")
            elif before != after:
                reasons.append(f"{name} changed.")
        for name in sorted({*self.parameters, *now.parameters}):
            before, after = self.parameters.get(name), now.parameters.get(name)
            if before != after:
                reasons.append(f"The parameter {name} changed from {before} to {after}.")
        if self.format != now.format:
            reasons.append(
                f"The tables have format {self.format}; this version writes {now.format}."
            )
        if self.code != now.code:
            reasons.append("The code that makes this layer changed.")
        return tuple(reasons)


@cache
def code_digest(*places: str, used_by: str | None = None) -> str:
    """Digest of the source of `places`: modules or folders below the package.

    With `used_by`, a module in them, only of it and of what it imports from them, directly
    or not: a module that nothing asks for makes nothing stale. Line ends are normalised,
    so that a checkout on Windows gives the same digest.
    """
    digest = hashlib.sha256()
    for file in _files(places, used_by):
        digest.update(file.relative_to(_PACKAGE).as_posix().encode())
        digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def _files(places: Sequence[str], used_by: str | None) -> list[Path]:
    """The modules that `code_digest` reads, in order."""
    files: list[Path] = []
    for place in places:
        path = _PACKAGE / place
        files += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    if used_by is None:
        return files
    known = set(files)
    used: set[Path] = set()
    waiting = {_PACKAGE / used_by}
    while waiting:
        file = waiting.pop()
        used.add(file)
        waiting |= (_imported(file) & known) - used
    return [f for f in files if f in used]


def _imported(file: Path) -> set[Path]:
    """The modules of the package that a module imports, wherever in it that stands."""
    names: set[str] = set()
    for module, named in _IMPORT.findall(file.read_text(encoding="utf-8")):
        # Either the module, or modules of the package that it names.
        names |= {module, *(f"{module}.{name}" for name in re.findall(r"\w+", named))}
    places = [_PACKAGE.joinpath(*name.split(".")[1:]) for name in names]
    found = {p.with_suffix(".py") for p in places} | {p / "__init__.py" for p in places}
    return {p for p in found if p.is_file()}


def digest_file(path: Place) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
