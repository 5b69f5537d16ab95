"""Numbers, sizes, times and states in words. Pure functions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

__all__ = [
    "MEDALS",
    "STATES",
    "ago",
    "allele_label",
    "duration",
    "escaped",
    "minus_free",
    "plural",
    "size",
    "window",
]

Colour = Literal["green", "orange", "gray", "blue", "red"]

# What each state of a layer is called, its colour among Streamlit's, its icon, and
# what it means.
STATES: dict[str, tuple[str, Colour, str, str]] = {
    "fresh": ("Up to date", "green", ":material/check_circle:", "Built from what is there now."),
    "stale": (
        "Out of date",
        "orange",
        ":material/history:",
        "Something that it was built from has changed. It can still be read.",
    ),
    "missing": ("Not built", "gray", ":material/radio_button_unchecked:", "Nothing to read yet."),
    "running": ("Building", "blue", ":material/autorenew:", "A build is at work on it."),
    "failed": ("Failed", "red", ":material/error:", "The last build stopped with an error."),
}

# A medal for each layer, in Streamlit's Markdown.
MEDALS = {
    "bronze": ":orange[:material/workspace_premium:]",
    "silver": ":gray[:material/workspace_premium:]",
    "gold": ":yellow[:material/workspace_premium:]",
}

_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_{}[]()<>#+-.!|$:~"})
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_LABEL_CHARS = 200


def size(n: int) -> str:
    """Return a number of bytes in decimal units: 205.6 MB."""
    value = float(n)
    for unit in _UNITS:
        if value < 1000 or unit == _UNITS[-1]:
            return f"{value:,.0f} {unit}" if unit == "bytes" else f"{value:,.1f} {unit}"
        value /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """Return a length of time: 0.42 s, 3.2 s, 2 min 5 s, 1 h 4 min."""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min"


def ago(when: datetime, now: datetime | None = None) -> str:
    """Return how long ago `when` (with its time zone) was, in words."""
    passed = ((now or datetime.now(UTC)) - when).total_seconds()
    for length, word in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if passed >= length:
            return f"{plural(int(passed // length), word)} ago"
    return "just now"


def plural(n: int, word: str, many: str | None = None) -> str:
    """Return `n` with thousands separators and its word: 1 file, 2,504 samples."""
    return f"{n:,} {word if n == 1 else many or word + 's'}"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return text.translate(_MARKDOWN)


def minus_free(number: str) -> str:
    """Return a formatted number without the minus sign of a zero: -0.000 is 0.000."""
    return number.removeprefix("-") if not number.strip("-0.,") else number


def window(shown: int, total: int, word: str) -> str:
    """Say how many of all matching rows a table shows."""
    if shown == total:
        return f"{plural(total, word)}."
    return f"The first {shown:,} of {plural(total, word)}: narrow the filters to see others."


def allele_label(chrom: str, pos: int, ref: str, alt: str) -> str:
    """Return chrom-pos-ref-alt, the form in which a variant is named in a URL.

    An allele of very many bases, or one whose name holds what the form cannot, is named by
    its place alone.
    """
    if len(ref) + len(alt) > _LABEL_CHARS or "-" in ref + alt:
        return f"{chrom}:{pos}"
    return f"{chrom}-{pos}-{ref}-{alt}"
