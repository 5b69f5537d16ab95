"""Fingerprints: what a layer was made of, and so whether and why it is stale.

Four things decide: the inputs (by their content, never by their dates), the
parameters, the format version of the tables, and the code that makes them. A
fingerprint that differs says in words what differs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Fingerprint", "code_digest", "digest_file"]

_PACKAGE = Path(__file__).resolve().parent.parent


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
def code_digest(*places: str) -> str:
    """Digest of the source of `places`: modules or folders below the package.

    Line ends are normalised, so that a checkout on Windows gives the same digest.
    """
    digest = hashlib.sha256()
    for place in places:
        path = _PACKAGE / place
        files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
        for file in files:
            digest.update(file.relative_to(_PACKAGE).as_posix().encode())
            digest.update(file.read_bytes().replace(b"\r\n", b"\n"))
    return digest.hexdigest()[:16]


def digest_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
