"""Thrift's compact protocol, as far as the headers and footers of Parquet want it written.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, Union

__all__ = ["Int8", "Int16", "Int64", "Struct", "struct", "varint"]

Value: TypeAlias = Union[bool, int, str, bytes, "Struct", Sequence["Value"], None]
Struct: TypeAlias = Mapping[int, Value]
"""Values by the number of their field, ascending; a plain int has 32 bits, None is left out."""


class Int8(int):
    """A whole number that is declared as a byte."""


class Int16(int):
    """A whole number that is declared as i16."""


class Int64(int):
    """A whole number that is declared as i64."""


_TRUE, _FALSE, _BINARY, _LIST, _STRUCT = 1, 2, 8, 9, 12
_WHOLE = {Int8: 3, Int16: 4, int: 5, Int64: 6}
_MOST_IN_A_BYTE = 15


def varint(number: int) -> bytes:
    """A number of at least 0 in groups of seven bits, the lowest first."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def struct(fields: Struct) -> bytes:
    """A struct. The number of a field is at most 15 more than that of the one before."""
    out = bytearray()
    before = 0
    for number, value in fields.items():
        if value is not None:
            kind, raw = _encoded(value)
            out.append((number - before) << 4 | kind)
            out += raw
            before = number
    return bytes(out) + b"\0"


def _encoded(value: Value) -> tuple[int, bytes]:
    """The type and the bytes of a value."""
    if isinstance(value, bool):
        return (_TRUE if value else _FALSE), b""
    if isinstance(value, int):
        kind = _WHOLE[type(value)]
        zigzag = varint(value << 1 if value >= 0 else ~(value << 1))
        return kind, bytes([value & 0xFF]) if kind == _WHOLE[Int8] else zigzag
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, bytes):
        return _BINARY, varint(len(value)) + value
    if isinstance(value, Mapping):
        return _STRUCT, struct(value)
    items = [_encoded(item) for item in value or ()]
    kind = items[0][0] if items else _STRUCT
    many = len(items) >= _MOST_IN_A_BYTE
    size = bytes([_MOST_IN_A_BYTE << 4 | kind]) + varint(len(items)) if many else None
    return _LIST, (size or bytes([len(items) << 4 | kind])) + b"".join(raw for _, raw in items)
