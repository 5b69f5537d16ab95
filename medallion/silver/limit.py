"""How many records may be quarantined before a build stops, where the user says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from medallion.errors import QuarantineError, UsageError

__all__ = ["Allowance", "Limit"]


@dataclass(frozen=True, slots=True)
class Limit:
    """A number of records, or a share of all."""

    text: str
    number: float
    share: bool

    @classmethod
    def parse(cls, text: str | int) -> Limit:
        """The limit that `100` or `0.5%` means; raises UsageError for anything else."""
        found = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*(%?)\s*", str(text))
        if not found or (not found[2] and "." in found[1]) or (found[2] and float(found[1]) > 100):
            raise UsageError(
                f"A limit of quarantined records is a whole number, such as 100, or a share of all "
                f"records, such as 0.5%: found {str(text)!r}."
            )
        return cls(str(text).strip(), float(found[1]), bool(found[2]))

    def of(self, records: int) -> int:
        """Records that may be quarantined among `records`."""
        return int(self.number / 100 * records) if self.share else int(self.number)


@dataclass(slots=True)
class Allowance:
    """What is left of a limit while `records` are read; no limit, no end."""

    limit: Limit | None
    records: int
    found: Counter[str] = field(default_factory=Counter)

    def take(self, reasons: Mapping[str, int]) -> None:
        """Count records quarantined, by reason; raise QuarantineError past the limit."""
        self.found.update(reasons)
        total = self.found.total()
        if self.limit is None or total <= self.limit.of(self.records):
            return
        common = ", ".join(f"{reason} ({n:,})" for reason, n in self.found.most_common(3))
        raise QuarantineError(
            f"{total:,} of {self.records:,} records cannot be trusted so far, more than the limit "
            f"of {self.limit.text}: {common}. Nothing was published. Look at the file; or build "
            "with a higher --max-quarantined, or without, and see silver.defects."
        )
