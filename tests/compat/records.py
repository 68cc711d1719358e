"""What record i of a test is, and how a run of records is turned into a digest.

Every client program computes record i by itself from the rules below, so a verifier can too. The
records walk through what a record may be: null, empty and binary keys and values, no headers, the
same header key twice in a row and apart, null and empty header values, times that go back.

  pool        8192 bytes: s = 1, then for each byte s = (s * 1103515245 + 12345) mod 2^31, byte = s >> 16
  partition   i mod partitions
  key         null if 7 | i, empty if 11 | i, else "key-" + (i mod 1000)
  value       null if 13 | i, empty if 17 | i, else "record-" + i + "-" + pool[37 i mod 8000 ...][60 + i mod 61 bytes]
  timestamp   t0 + i, and 1000 ms earlier if i mod 10 is 3
  headers     i mod 5 = 0: none
                        1: index=i
                        2: twice=first, twice=second
                        3: twice=i, between=null, twice=empty
                        4: größe=pool[i mod 256 ...][8 bytes], nothing=empty

A digest is the SHA-256 of the records' canonical encodings, in the order of their offsets:

  int64 timestamp, bytes key, bytes value, int32 headers, (bytes key, bytes value) for each
  bytes = int32 length (-1: null) and the bytes; integers are big-endian

Not every client can say or see all of this. A kind of records is what a client can write:

  full      the above
  keyed     kafka-python: a record has a key or a value; where both would be null the value is empty, as is
            a null header
  grouped   kafkajs: headers are an object, so equal keys stand together; a null header is empty here too
  text      command line tools, which read lines: letters for the pool, no null or empty keys, null for empty
            values, the headers of TEXT_HEADERS in every record, and the tool's or the broker's time (0 in the
            encoding)

And a view is what a client can see: `exact`; `grouped`, kafkajs' headers again; `empty_is_null`,
kafka-go's reader, which gives nil for both.
"""

import hashlib
import struct
from functools import lru_cache

COUNT = 100_000
PARTITIONS = 4

# The headers of every `text` record: a key twice.
TEXT_HEADERS = [("twice", b"first"), ("twice", b"second")]


def _pool():
    s = 1
    out = bytearray()
    for _ in range(8192):
        s = (s * 1103515245 + 12345) & 0x7FFFFFFF
        out.append((s >> 16) & 0xFF)
    return bytes(out)


POOL = _pool()
TEXT_POOL = bytes(ord("a") + b % 26 for b in POOL)


def key(i):
    if i % 7 == 0:
        return None
    if i % 11 == 0:
        return b""
    return b"key-%d" % (i % 1000)


def value(i, pool=POOL):
    if i % 13 == 0:
        return None
    if i % 17 == 0:
        return b""
    start = i * 37 % 8000
    return b"record-%d-" % i + pool[start : start + 60 + i % 61]


def timestamp(i, t0):
    return t0 + i - (1000 if i % 10 == 3 else 0)


def headers(i):
    match i % 5:
        case 0:
            return []
        case 1:
            return [("index", b"%d" % i)]
        case 2:
            return [("twice", b"first"), ("twice", b"second")]
        case 3:
            return [("twice", b"%d" % i), ("between", None), ("twice", b"")]
        case _:
            return [("größe", POOL[i % 256 : i % 256 + 8]), ("nothing", b"")]


def keyed_value(i):
    found = value(i)
    return b"" if found is None and key(i) is None else found


def keyed_headers(i):
    return [(name, content or b"") for name, content in headers(i)]


def grouped_headers(i):
    if i % 5 == 3:
        return [("twice", b"%d" % i), ("twice", b""), ("between", b"")]
    return headers(i)


def text_key(i):
    return b"key-%d" % (i % 1000)


def text_value(i):
    return value(i, TEXT_POOL) or None


KINDS = {
    "full": (timestamp, key, value, headers),
    "keyed": (timestamp, key, keyed_value, keyed_headers),
    "grouped": (timestamp, key, value, grouped_headers),
    "text": (lambda i, t0: 0, text_key, text_value, lambda i: TEXT_HEADERS),
}


def _grouped_view(key, value, headers):
    names = list(dict.fromkeys(name for name, _ in headers))
    return key, value, sorted(headers, key=lambda header: names.index(header[0]))


def _empty_is_null_view(key, value, headers):
    return key or None, value or None, [(name, content or None) for name, content in headers]


VIEWS = {
    "exact": lambda *record: record,
    "grouped": _grouped_view,
    "empty_is_null": _empty_is_null_view,
}


def _bytes(b):
    return struct.pack(">i", -1) if b is None else struct.pack(">i", len(b)) + b


def encode(timestamp_ms, key, value, headers):
    parts = [struct.pack(">q", timestamp_ms), _bytes(key), _bytes(value), struct.pack(">i", len(headers))]
    for name, content in headers:
        parts += [_bytes(name.encode()), _bytes(content)]
    return b"".join(parts)


class Summary:
    """What a consumer saw, in the form that every client program prints."""

    def __init__(self):
        self._partitions = {}

    def add(self, partition, offset, timestamp_ms, key, value, headers):
        seen = self._partitions.get(partition)
        if seen is None:
            seen = self._partitions[partition] = [offset, offset, 0, hashlib.sha256()]
        seen[1] = offset
        seen[2] += 1
        seen[3].update(encode(timestamp_ms, key, value, headers))

    @property
    def count(self):
        return sum(seen[2] for seen in self._partitions.values())

    def next_offsets(self):
        return {partition: seen[1] + 1 for partition, seen in self._partitions.items()}

    def event(self):
        return {
            "event": "done",
            "count": self.count,
            "partitions": [
                {"partition": p, "first": s[0], "last": s[1], "count": s[2], "sha256": s[3].hexdigest()}
                for p, s in sorted(self._partitions.items())
            ],
        }


@lru_cache(maxsize=16)
def _encodings(kind, view, t0, count, partitions):
    """Per partition, the encodings of its records in order."""
    timestamp_of, key_of, value_of, headers_of = KINDS[kind]
    see = VIEWS[view]
    out = [[] for _ in range(partitions)]
    for i in range(count):
        record = see(key_of(i), value_of(i), headers_of(i))
        out[i % partitions].append(encode(timestamp_of(i, t0), *record))
    return out


def expected_sha256(kind, view, t0, partition, first, last, count=COUNT, partitions=PARTITIONS):
    """The digest of the records at offsets first to last of a partition."""
    encodings = _encodings(kind, view, t0, count, partitions)[partition]
    return hashlib.sha256(b"".join(encodings[first : last + 1])).hexdigest()
