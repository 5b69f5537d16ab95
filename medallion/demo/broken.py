"""Lines that are broken on purpose, each in another way.

A quarantine that nobody has seen at work is hard to trust, so the demo brings its own
trouble. Each broken line is a copy of the sound record before it, moved by one base and
spoilt; its ID says how (`sim_broken_...`). Sound records do not depend on them: without
them the file is the same, less these lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["BROKEN", "after", "break_line", "note"]

_CHROM, _POS, _ID, _REF, _ALT, _QUAL, _FILTER, _INFO, _FORMAT, _FIRST_CALL = range(10)


def _too_few_columns(fields: list[bytes]) -> None:
    del fields[-500:]


def _too_many_columns(fields: list[bytes]) -> None:
    fields.append(b"0|0")


def _pos_not_a_number(fields: list[bytes]) -> None:
    fields[_POS] = fields[_POS][:2] + b"x" + fields[_POS][3:]


def _illegal_alt(fields: list[bytes]) -> None:
    fields[_ALT] = b"A?G"


def _empty_ref(fields: list[bytes]) -> None:
    fields[_REF] = b""


def _allele_out_of_range(fields: list[bytes]) -> None:
    fields[_FIRST_CALL] = b"0|7"


def _unreadable_genotype(fields: list[bytes]) -> None:
    fields[_FIRST_CALL + 1] = b"0|x"


def _out_of_order(fields: list[bytes]) -> None:
    fields[_POS] = b"%d" % (int(fields[_POS]) - 50_000)


def _qual_not_a_number(fields: list[bytes]) -> None:
    fields[_QUAL] = b"high"


def _ac_not_a_number(fields: list[bytes]) -> None:
    fields[_INFO] = b"AC=many;" + re.sub(rb"^AC=[^;]*;", b"", fields[_INFO])


def _ac_differs(fields: list[bytes]) -> None:
    fields[_INFO] = b"AC=4999;" + re.sub(rb"^AC=[^;]*;", b"", fields[_INFO])


BROKEN: dict[str, Callable[[list[bytes]], None] | None] = {
    "too_few_columns": _too_few_columns,
    "illegal_alt": _illegal_alt,
    "allele_out_of_range": _allele_out_of_range,
    "ac_not_a_number": _ac_not_a_number,
    "duplicate": None,
    "pos_not_a_number": _pos_not_a_number,
    "unreadable_genotype": _unreadable_genotype,
    "too_many_columns": _too_many_columns,
    "out_of_order": _out_of_order,
    "empty_ref": _empty_ref,
    "qual_not_a_number": _qual_not_a_number,
    "ac_differs": _ac_differs,
}
"""Kind of damage, in the order of the file, and what does it to a line's fields.

The duplicate is an exact copy of the record before it, ID and all. Of the rest, the last
two and `ac_not_a_number` leave the genotypes readable.
"""


def after(records: int) -> dict[int, str]:
    """Which kind of broken line follows which sound record (numbered from 1), evenly spread."""
    return {(i + 1) * records // (len(BROKEN) + 1): kind for i, kind in enumerate(BROKEN)}


def break_line(kind: str, line: bytes) -> bytes:
    """The broken line of `kind` that follows the sound record `line` (both with line ends)."""
    spoil = BROKEN[kind]
    if spoil is None:
        return line
    fields = line[:-1].split(b"\t")
    fields[_POS] = b"%d" % (int(fields[_POS]) + 1)
    fields[_ID] = b"sim_broken_" + kind.encode()
    spoil(fields)
    return b"\t".join(fields) + b"\n"


def note() -> str:
    """The header line that owns up to them."""
    return (
        f"##medallion_broken_lines={len(BROKEN)} lines are broken on purpose, each in another "
        f"way, to show what a quarantine does: {', '.join(BROKEN)}"
    )
