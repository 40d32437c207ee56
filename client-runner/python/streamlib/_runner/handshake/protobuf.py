"""The little of protobuf that the handshake's three calls need: fields of type string and unsigned integer."""

from __future__ import annotations

Fields = dict[int, "int | bytes"]


class Malformed(ValueError):
    """Bytes that are not a message of the kind that is read here."""


def text(field: int, value: str) -> bytes:
    """A protobuf field of type string."""
    data = value.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def number(field: int, value: int) -> bytes:
    """A protobuf field of an unsigned integer type."""
    return varint(field << 3) + varint(value)


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def fields(message: bytes) -> Fields:
    """The fields of a protobuf message, the last of each number; those of fixed size do not occur here."""
    found: Fields = {}
    at = 0
    while at < len(message):
        tag, at = _read_varint(message, at)
        value, at = _read_varint(message, at)
        if tag & 7 == 0:
            found[tag >> 3] = value
        elif tag & 7 == 2 and at + value <= len(message):
            found[tag >> 3] = message[at : at + value]
            at += value
        else:
            raise Malformed("the reply has a field of a kind that is not expected")
    return found


def _read_varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise Malformed("the reply is cut short")
