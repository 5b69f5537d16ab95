r"""A line as text that can be turned back into its bytes, be they UTF-8 or not.

Nearly all lines are UTF-8 and stand as they are. In those that are not, `\xNN` stands for a
byte that is no part of a character, and two backslashes for one; which of the two a text is
has to be told beside it, for a line may hold the letters `\xNN` themselves.
"""

from __future__ import annotations

import re

__all__ = ["line_of", "readable"]

_ESCAPED = re.compile(rb"\\(?:\\|x([0-9a-f]{2}))")


def readable(line: bytes) -> tuple[str, bool]:
    """The text of a line, and whether it is escaped."""
    try:
        return line.decode("utf-8"), False
    except UnicodeDecodeError:
        return line.replace(b"\\", rb"\\").decode("utf-8", "backslashreplace"), True


def line_of(text: str, *, escaped: bool) -> bytes:
    """The bytes of the line that `readable` made into `text`."""
    line = text.encode("utf-8")
    return _ESCAPED.sub(_byte, line) if escaped else line


def _byte(found: re.Match[bytes]) -> bytes:
    return bytes([int(found[1], 16)]) if found[1] else b"\\"
