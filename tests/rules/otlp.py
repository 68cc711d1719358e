"""OpenTelemetry's metrics as clients push them (KIP-714), to be written by a test.

    metrics(gauge("a.b", 1.5, topic="t"), counter("c.total", 3), resource={"group_id": "g"})
"""

from __future__ import annotations

import struct

from wire import uvarint

VARINT, FIXED64, BYTES = 0, 1, 2
DELTA = 1


def field(number, wire, value):
    head = uvarint(number << 3 | wire)
    if wire == BYTES:
        raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        return head + uvarint(len(raw)) + raw
    return head + (uvarint(value) if wire == VARINT else value)


def attribute(key, value):
    match value:
        case bool():
            told = field(2, VARINT, int(value))
        case int():
            told = field(3, VARINT, value)
        case float():
            told = field(4, FIXED64, struct.pack("<d", value))
        case list():
            told = field(5, BYTES, b"")
        case _:
            told = field(1, BYTES, value)
    return field(1, BYTES, key) + field(2, BYTES, told)


def point(value, attributes):
    told = field(6, FIXED64, struct.pack("<q", value)) if isinstance(value, int) else field(4, FIXED64, struct.pack("<d", value))
    return field(1, BYTES, told + b"".join(field(7, BYTES, attribute(*one)) for one in attributes.items()))


def gauge(name, value, **attributes):
    return field(1, BYTES, name) + field(5, BYTES, point(value, attributes))


def counter(name, value, temporality=DELTA, monotonic=True, **attributes):
    told = point(value, attributes) + field(2, VARINT, temporality) + field(3, VARINT, int(monotonic))
    return field(1, BYTES, name) + field(7, BYTES, told)


def metrics(*which, resource=None):
    said = b"".join(field(1, BYTES, attribute(*one)) for one in (resource or {}).items())
    scope = b"".join(field(2, BYTES, metric) for metric in which)
    return field(1, BYTES, field(1, BYTES, said) + field(2, BYTES, scope))
