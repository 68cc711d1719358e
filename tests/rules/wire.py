"""A Kafka client that does what it is told, right or wrong.

Any request of any version is encoded from a dict and any response decoded into one, driven by the
message schemas in schemas/. A field that the dict leaves out gets its default; a field that the
version does not have is left out silently, so that one dict serves all versions; a name that no
version knows is a mistake in the test and raises.

    client = Client(broker.address)
    reply = client.call("Metadata", 12, {"topics": [{"name": "orders"}]})

    client.send("Produce", 9, {...})          # pipelined: send, send, receive, receive
    client.send("Produce", 9, {...})
    first, second = client.receive(), client.receive()

    client.send_bytes(b"\\xff\\xff")            # raw, and half a frame if that is the test
    assert client.closed_within(5)

A response must be consumed to its last byte and carry the correlation id of the oldest request
that waits for one; anything else raises `ProtocolError`. Reads have deadlines and raise `NoAnswer`.
"""

from __future__ import annotations

import itertools
import select
import socket
import struct
import sys
import time
import uuid
from collections import deque
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.append(str(REPOSITORY / "tools"))

import schema  # noqa: E402

CATALOGUE = schema.load_all(REPOSITORY / "schemas")

ZERO_UUID = uuid.UUID(int=0)
DEADLINE_S = 20
FRAME_MAX_BYTES = 256 * 1024 * 1024


class ProtocolError(AssertionError):
    """The other side sent what the protocol does not allow."""


class NoAnswer(AssertionError):
    """Nothing came before the deadline."""


class Closed(ConnectionError):
    """The other side closed the connection."""


# Encoding.


def uvarint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def varint(value):
    """Zigzag, as inside records."""
    return uvarint((value << 1) ^ (value >> 63) if value < 0 else value << 1)


_NUMBERS = {
    "int8": ">b",
    "int16": ">h",
    "uint16": ">H",
    "int32": ">i",
    "int64": ">q",
    "float64": ">d",
}


def _encode_length(out, length, flexible, narrow=False):
    """The length of a string (narrow), bytes or an array; None is null."""
    if flexible:
        out += uvarint(0 if length is None else length + 1)
    else:
        out += struct.pack(">h" if narrow else ">i", -1 if length is None else length)


def _encode_value(out, type_, value, version, flexible, nullable, legacy=False):
    match type_.kind:
        case "array":
            _encode_length(out, None if value is None else len(value), flexible)
            for item in value or []:
                _encode_value(out, type_.element, item, version, flexible, nullable=False)
        case "struct":
            if nullable:
                out += struct.pack(">b", -1 if value is None else 1)
            if value is not None:
                _encode_fields(out, type_.struct.fields, value, version, flexible)
        case "string":
            raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
            _encode_length(out, None if raw is None else len(raw), flexible and not legacy, narrow=True)
            out += raw or b""
        case "bytes" | "records":
            _encode_length(out, None if value is None else len(value), flexible)
            out += value or b""
        case "uuid":
            out += bytes(value) if isinstance(value, bytes) else value.bytes
        case "bool":
            out += b"\1" if value else b"\0"
        case number:
            out += struct.pack(_NUMBERS[number], value)


def _encode_field(out, field, value, version, flexible):
    nullable = version in field.nullable
    if value is None and not nullable:
        raise ValueError(f"{field.name} must not be null in version {version}")
    _encode_value(out, field.type, value, version, flexible, nullable, field.legacy)


def _encode_fields(out, fields, values, version, flexible):
    unknown = set(values) - {field.name for field in fields} - {"_tags"}
    if unknown:
        raise KeyError(f"no field {sorted(unknown)} among {sorted(field.name for field in fields)}")
    tags = dict(values.get("_tags", {}))
    for field in fields:
        if version not in field.versions:
            continue
        if field.tag is None:
            _encode_field(out, field, values.get(field.name, field.default), version, flexible)
        elif field.name in values:
            content = bytearray()
            _encode_field(content, field, values[field.name], version, flexible)
            tags[field.tag] = bytes(content)
    if flexible:
        out += uvarint(len(tags))
        for tag, content in sorted(tags.items()):
            out += uvarint(tag) + uvarint(len(content)) + content


def encode_body(message, version, values):
    out = bytearray()
    _encode_fields(out, message.fields, values, version, message.is_flexible(version))
    return bytes(out)


def encode_header(api_key, version, correlation_id, client_id, flexible):
    raw = client_id.encode() if isinstance(client_id, str) else client_id
    head = struct.pack(">hhi", api_key, version, correlation_id)
    head += struct.pack(">h", -1) if raw is None else struct.pack(">h", len(raw)) + raw
    return head + (b"\0" if flexible else b"")


def encode_request(name, version, values, correlation_id=0, client_id="rules"):
    """A request's frame without its length."""
    message = CATALOGUE.apis[name].request
    head = encode_header(message.api_key, version, correlation_id, client_id, message.is_flexible(version))
    return head + encode_body(message, version, values)


def framed(payload):
    return struct.pack(">i", len(payload)) + payload


# Decoding.


class _Reader:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def take(self, count):
        if count < 0 or self.position + count > len(self.data):
            raise ProtocolError(f"{count} bytes wanted at {self.position} of {len(self.data)}")
        piece = self.data[self.position : self.position + count]
        self.position += count
        return piece

    def number(self, pattern):
        return struct.unpack(pattern, self.take(struct.calcsize(pattern)))[0]

    def uvarint(self):
        value = 0
        for shift in range(0, 35, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ProtocolError("varint longer than 5 bytes")

    def length(self, flexible, narrow=False):
        length = self.uvarint() - 1 if flexible else self.number(">h" if narrow else ">i")
        if length < -1:
            raise ProtocolError(f"length {length}")
        return None if length < 0 else length


def _decode_value(reader, type_, version, flexible, nullable, legacy=False):
    match type_.kind:
        case "array":
            count = reader.length(flexible)
            if count is None:
                return None
            return [_decode_value(reader, type_.element, version, flexible, nullable=False) for _ in range(count)]
        case "struct":
            if nullable and reader.number(">b") < 0:
                return None
            return _decode_fields(reader, type_.struct.fields, version, flexible)
        case "string":
            length = reader.length(flexible and not legacy, narrow=True)
            return None if length is None else reader.take(length).decode("utf-8", "surrogateescape")
        case "bytes" | "records":
            length = reader.length(flexible)
            return None if length is None else reader.take(length)
        case "uuid":
            return uuid.UUID(bytes=reader.take(16))
        case "bool":
            return reader.take(1) != b"\0"
        case number:
            return reader.number(_NUMBERS[number])


def _decode_field(reader, field, version, flexible):
    value = _decode_value(reader, field.type, version, flexible, version in field.nullable, field.legacy)
    if value is None and version not in field.nullable:
        raise ProtocolError(f"{field.name} is null in version {version}")
    return value


def _decode_fields(reader, fields, version, flexible):
    out = {}
    tagged = {}
    for field in fields:
        if version not in field.versions:
            continue
        if field.tag is None:
            out[field.name] = _decode_field(reader, field, version, flexible)
        else:
            tagged[field.tag] = field
            out[field.name] = field.default
    if flexible:
        last = -1
        for _ in range(reader.uvarint()):
            tag, size = reader.uvarint(), reader.uvarint()
            if tag <= last:
                raise ProtocolError(f"tag {tag} after tag {last}")
            last = tag
            content = _Reader(reader.take(size))
            if tag in tagged:
                out[tagged[tag].name] = _decode_field(content, tagged[tag], version, flexible)
                if content.position != size:
                    raise ProtocolError(f"tag {tag} has {size - content.position} bytes too many")
            else:
                out.setdefault("_tags", {})[tag] = content.data
    return out


def decode_body(message, version, data):
    reader = _Reader(data)
    out = _decode_fields(reader, message.fields, version, message.is_flexible(version))
    if reader.position != len(data):
        raise ProtocolError(f"{len(data) - reader.position} bytes behind {message.name} v{version}")
    return out


def decode_response(name, version, payload):
    """A response's frame without its length, as (correlation id, body)."""
    message = CATALOGUE.apis[name].response
    reader = _Reader(payload)
    correlation_id = reader.number(">i")
    # ApiVersions' response never has the flexible header: its reader does not know the version yet (KIP-511).
    if message.is_flexible(version) and name != "ApiVersions":
        for _ in range(reader.uvarint()):
            reader.uvarint()
            reader.take(reader.uvarint())
    return correlation_id, decode_body(message, version, payload[reader.position :])


# A connection.


class Client:
    def __init__(self, address, client_id="rules", deadline_s=DEADLINE_S):
        host, port = address.rsplit(":", 1)
        self.client_id = client_id
        self.deadline_s = deadline_s
        self.socket = socket.create_connection((host, int(port)), timeout=deadline_s)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.waiting = deque()
        self._ids = itertools.count(1)
        self._input = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    # Requests and responses.

    def call(self, name, version, values=None, deadline_s=None):
        assert not self.waiting, f"{len(self.waiting)} answers were not received yet"
        self.send(name, version, values)
        return self.receive(deadline_s)

    def send(self, name, version, values=None, correlation_id=None, answered=True):
        """Sends a request and does not wait. answered=False: no response is due (acks=0)."""
        if correlation_id is None:
            correlation_id = next(self._ids)
        self.send_bytes(framed(encode_request(name, version, values or {}, correlation_id, self.client_id)))
        if answered:
            self.waiting.append((name, version, correlation_id))
        return correlation_id

    def call_together(self, requests):
        """Sends several (name, version, values) in one piece; their answers, in order."""
        pieces = []
        for name, version, values in requests:
            correlation_id = next(self._ids)
            pieces.append(framed(encode_request(name, version, values, correlation_id, self.client_id)))
            self.waiting.append((name, version, correlation_id))
        self.send_bytes(b"".join(pieces))
        return [self.receive() for _ in requests]

    def receive(self, deadline_s=None):
        """The response to the oldest request that waits for one."""
        payload = self.read_frame(deadline_s)
        if payload is None:
            raise Closed(f"closed while {self.waiting[0][0]} v{self.waiting[0][1]} waited for an answer")
        name, version, expected = self.waiting.popleft()
        correlation_id, body = decode_response(name, version, payload)
        if correlation_id != expected:
            raise ProtocolError(f"{name} v{version}: correlation id {correlation_id}, expected {expected}")
        return body

    # Bytes.

    def send_bytes(self, data):
        self.socket.settimeout(self.deadline_s)
        self.socket.sendall(data)

    def read_frame(self, deadline_s=None):
        """One frame's payload, or None when the connection was closed between two frames."""
        ends = time.monotonic() + (self.deadline_s if deadline_s is None else deadline_s)
        while True:
            if len(self._input) >= 4:
                size = struct.unpack_from(">i", self._input)[0]
                if not 0 <= size <= FRAME_MAX_BYTES:
                    raise ProtocolError(f"a frame of {size} bytes")
                if len(self._input) >= 4 + size:
                    payload = bytes(self._input[4 : 4 + size])
                    del self._input[: 4 + size]
                    return payload
            if not self._read_more(ends):
                if self._input:
                    raise ProtocolError(f"closed inside a frame, after {len(self._input)} bytes")
                return None

    def _read_more(self, ends):
        left = ends - time.monotonic()
        if left <= 0 or not select.select([self.socket], [], [], left)[0]:
            raise NoAnswer(f"nothing more by the deadline ({len(self._input)} bytes of a frame are here)")
        try:
            piece = self.socket.recv(1 << 20)
        except ConnectionError:
            return False
        self._input += piece
        return bool(piece)

    def silent_for(self, seconds):
        """Whether nothing at all comes for so long, neither bytes nor the end."""
        return not self._input and not select.select([self.socket], [], [], seconds)[0]

    def closed_within(self, seconds):
        """Whether the other side closes within so many seconds, having sent nothing before."""
        try:
            return self.read_frame(seconds) is None
        except NoAnswer:
            return False
