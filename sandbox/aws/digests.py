"""The MD5 sums that SQS puts beside a body and its attributes; clients compare them.

MD5 guards against damage on the way, not against people: it is a checksum of the wire format and is never used for
anything else here.
"""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Any

_STRING, _BINARY = (
    b"\x01",
    b"\x02",
)  # From: SQS Developer Guide, "Calculating the MD5 message digest for message attributes"


def of_body(body: str) -> str:
    """Hex MD5 of the body's UTF-8."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """Hex MD5 of message attributes by SQS's rule: sorted by name, parts with their length; empty for none."""
    if not attributes:
        return ""
    digest = hashlib.md5(usedforsecurity=False)
    for name in sorted(attributes):
        value = attributes[name]
        digest.update(_with_length(name.encode()) + _with_length(str(value["DataType"]).encode()) + _value(value))
    return digest.hexdigest()


def attribute_size(attributes: dict[str, dict[str, Any]]) -> int:
    """Bytes that attributes count towards a message's size: names, types and values."""
    return sum(len(n.encode()) + len(str(v["DataType"]).encode()) + len(_value(v)) - 5 for n, v in attributes.items())


def _value(value: dict[str, Any]) -> bytes:
    if "StringValue" in value:
        return _STRING + _with_length(str(value["StringValue"]).encode())
    return _BINARY + _with_length(base64.b64decode(value.get("BinaryValue", "")))


def _with_length(part: bytes) -> bytes:
    return struct.pack(">I", len(part)) + part
