"""Record batches (format v2) built byte by byte, so that every field can be wrong, and read back.

  base_offset         int64    length    int32   of what follows
  leader_epoch        int32    magic     int8    2
  crc                 uint32   CRC-32C of what follows
  attributes          int16    codec 0-2, LogAppendTime 3, transactional 4, control 5, delete horizon 6
  last_offset_delta   int32
  base_timestamp      int64    max_timestamp  int64
  producer_id         int64    producer_epoch int16   base_sequence int32
  count               int32
  records             compressed together, if at all

`batch()` computes whatever it is not told. The compressors here do not compress: they wrap, as
each format allows, so that a test's bytes depend on no library. Bombs are built from the formats'
run-length forms. Decompressing is real, for reading what a broker compressed again.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import struct
import time
import zlib
from dataclasses import dataclass, field

from wire import uvarint, varint

HEADER_BYTES = 61
CODECS = {"none": 0, "gzip": 1, "snappy": 2, "lz4": 3, "zstd": 4}
CODEC_NAMES = {number: name for name, number in CODECS.items()}

CREATE_TIME, LOG_APPEND_TIME = 0, 1
NO_PRODUCER = -1


def now_ms():
    return time.time_ns() // 1_000_000


# CRC-32C (Castagnoli): by the ISA-L library where it is installed, else by a table.


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC_TABLE = _crc_table()


def _table_crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC_TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def _library_crc32c():
    path = ctypes.util.find_library("isal")
    if path is None:
        return None
    function = ctypes.CDLL(path).crc32_iscsi
    function.argtypes = [ctypes.c_char_p, ctypes.c_int, ctypes.c_uint]
    function.restype = ctypes.c_uint
    return lambda data: function(bytes(data), len(data), 0xFFFFFFFF) ^ 0xFFFFFFFF


crc32c = _library_crc32c() or _table_crc32c


# Records.


@dataclass
class Record:
    key: bytes | None = None
    value: bytes | None = b""
    headers: list = field(default_factory=list)  # (bytes, bytes or None)
    timestamp_delta: int = 0
    offset_delta: int | None = None  # None: the position in the batch
    attributes: int = 0

    def content(self):
        """What a broker must bring back unchanged."""
        return (self.key, self.value, [tuple(header) for header in self.headers])


def _nullable(data):
    return varint(-1) if data is None else varint(len(data)) + data


def encode_record(record, position=0, length=None, header_count=None):
    offset_delta = position if record.offset_delta is None else record.offset_delta
    body = bytearray(struct.pack(">b", record.attributes))
    body += varint(record.timestamp_delta) + varint(offset_delta)
    body += _nullable(record.key) + _nullable(record.value)
    body += varint(len(record.headers) if header_count is None else header_count)
    for name, content in record.headers:
        body += varint(len(name)) + name + _nullable(content)
    return varint(len(body) if length is None else length) + bytes(body)


def encode_records(records):
    return b"".join(encode_record(record, position) for position, record in enumerate(records))


def batch(
    records=(),
    *,
    codec="none",
    payload=None,  # the bytes of the records field, as they are (already compressed)
    base_offset=0,
    length=None,
    leader_epoch=-1,
    magic=2,
    crc=None,
    attributes=None,
    timestamp_type=CREATE_TIME,
    transactional=False,
    control=False,
    last_offset_delta=None,
    base_timestamp=None,
    max_timestamp=None,
    producer_id=NO_PRODUCER,
    producer_epoch=-1,
    base_sequence=-1,
    count=None,
):
    records = [record if isinstance(record, Record) else Record(value=record) for record in records]
    if payload is None:
        payload = compress(codec, encode_records(records))
    if base_timestamp is None:
        base_timestamp = now_ms()
    if max_timestamp is None:
        max_timestamp = base_timestamp + max((record.timestamp_delta for record in records), default=0)
    if attributes is None:
        attributes = CODECS[codec] | timestamp_type << 3 | transactional << 4 | control << 5
    if count is None:
        count = len(records)
    if last_offset_delta is None:
        last_offset_delta = count - 1
    checked = struct.pack(
        ">hiqqqhii",
        attributes,
        last_offset_delta,
        base_timestamp,
        max_timestamp,
        producer_id,
        producer_epoch,
        base_sequence,
        count,
    )
    checked += payload
    if crc is None:
        crc = crc32c(checked)
    rest = struct.pack(">ibI", leader_epoch, magic, crc) + checked
    return struct.pack(">qi", base_offset, len(rest) if length is None else length) + rest


def old_message(value=b"old", magic=1, key=None):
    """A message of the formats before batches (magic 0 and 1), in a message set of one."""
    body = struct.pack(">bb", magic, 0)
    if magic == 1:
        body += struct.pack(">q", now_ms())
    for part in (key, value):
        body += struct.pack(">i", -1 if part is None else len(part)) + (part or b"")
    message = struct.pack(">I", zlib.crc32(body)) + body
    return struct.pack(">qi", 0, len(message)) + message


# Reading back.


@dataclass
class Batch:
    raw: bytes
    base_offset: int
    leader_epoch: int
    crc: int
    attributes: int
    last_offset_delta: int
    base_timestamp: int
    max_timestamp: int
    producer_id: int
    producer_epoch: int
    base_sequence: int
    count: int

    @property
    def codec(self):
        return CODEC_NAMES[self.attributes & 7]

    @property
    def timestamp_type(self):
        return self.attributes >> 3 & 1

    @property
    def is_transactional(self):
        return bool(self.attributes & 0x10)

    @property
    def is_control(self):
        return bool(self.attributes & 0x20)

    @property
    def last_offset(self):
        return self.base_offset + self.last_offset_delta

    @property
    def payload(self):
        return self.raw[HEADER_BYTES:]

    def records(self):
        reader = _VarintReader(decompress(self.codec, self.payload))
        out = [reader.record() for _ in range(self.count)]
        assert reader.position == len(reader.data), "bytes behind the last record"
        return out


class _VarintReader:
    def __init__(self, data):
        self.data = data
        self.position = 0

    def varint(self):
        value = shift = 0
        while True:
            byte = self.data[self.position]
            self.position += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value >> 1 ^ -(value & 1)
            shift += 7

    def bytes(self):
        size = self.varint()
        if size < 0:
            return None
        piece = self.data[self.position : self.position + size]
        assert len(piece) == size, "a record that reaches beyond its batch"
        self.position += size
        return piece

    def record(self):
        size = self.varint()
        end = self.position + size
        attributes = self.data[self.position]
        self.position += 1
        timestamp_delta, offset_delta = self.varint(), self.varint()
        key, value = self.bytes(), self.bytes()
        headers = [(self.bytes(), self.bytes()) for _ in range(self.varint())]
        assert self.position == end, "a record that is not as long as it says"
        return Record(key, value, headers, timestamp_delta, offset_delta, attributes)


def parse(data, whole=False):
    """The whole batches at the front of a records field; a fetch may end inside a batch.

    Each is checked against its CRC. whole=True: nothing may be left over.
    """
    out = []
    position = 0
    while position + 12 <= len(data):
        size = struct.unpack_from(">i", data, position + 8)[0]
        if position + 12 + size > len(data):
            break
        assert size >= HEADER_BYTES - 12, f"a batch of {size} bytes"
        raw = bytes(data[position : position + 12 + size])
        assert raw[16] == 2, f"magic {raw[16]}"
        values = struct.unpack_from(">qiibIhiqqqhii", raw)
        assert values[4] == crc32c(raw[21:]), f"wrong CRC in the batch at offset {values[0]}"
        out.append(Batch(raw, values[0], values[2], *values[4:]))
        position += len(raw)
    assert not whole or position == len(data), f"{len(data) - position} bytes behind the last batch"
    return out


def flatten(batches):
    """(offset, timestamp, Record) of every record."""
    for one in batches:
        for record in one.records():
            stamp = one.max_timestamp if one.timestamp_type else one.base_timestamp + record.timestamp_delta
            yield one.base_offset + record.offset_delta, stamp, record


# Compression formats.


def compress(codec, raw):
    return {
        "none": lambda: raw,
        "gzip": lambda: _gzip(raw),
        "snappy": lambda: _xerial([(len(raw), _snappy_literals(raw))]),
        "lz4": lambda: _lz4_frame([(True, raw[i : i + 65536]) for i in range(0, len(raw), 65536)]),
        "zstd": lambda: _zstd_frame([(0, len(raw[i : i + 100_000]), raw[i : i + 100_000]) for i in range(0, len(raw), 100_000)]),
    }[codec]()


def _gzip(raw):
    packer = zlib.compressobj(6, zlib.DEFLATED, 31)
    return packer.compress(raw) + packer.flush()


def _snappy_literals(raw):
    out = bytearray(uvarint(len(raw)))
    for i in range(0, len(raw), 60):
        piece = raw[i : i + 60]
        out += bytes([len(piece) - 1 << 2]) + piece
    return bytes(out)


def _xerial(chunks):
    """The stream of chunks that Java clients write. chunks: (unpacked size, snappy bytes)."""
    out = b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1)
    for _, packed in chunks:
        out += struct.pack(">i", len(packed)) + packed
    return out


def _xxh32(data):
    """For inputs below 16 bytes, which a frame header is."""
    mask = 0xFFFFFFFF
    acc = 374761393 + len(data) & mask
    position = 0
    while position + 4 <= len(data):
        acc = acc + struct.unpack_from("<I", data, position)[0] * 3266489917 & mask
        acc = (acc << 17 | acc >> 15) * 668265263 & mask
        position += 4
    for byte in data[position:]:
        acc = acc + byte * 374761393 & mask
        acc = (acc << 11 | acc >> 21) * 2654435761 & mask
    acc = (acc ^ acc >> 15) * 2246822519 & mask
    acc = (acc ^ acc >> 13) * 3266489917 & mask
    return acc ^ acc >> 16


def _lz4_frame(blocks, block_size_code=4):
    """blocks: (stored, bytes). Independent blocks of at most 64 KiB (code 4) to 4 MiB (code 7)."""
    head = bytes([0x60, block_size_code << 4])
    out = bytearray(struct.pack("<I", 0x184D2204) + head + bytes([_xxh32(head) >> 8 & 0xFF]))
    for stored, block in blocks:
        out += struct.pack("<I", len(block) | (0x80000000 if stored else 0)) + block
    return bytes(out + b"\0\0\0\0")


def _zstd_frame(blocks, window_descriptor=0x38):
    """blocks: (type, size, bytes), type 0 raw, 1 run-length. The window byte 0x38 means 128 KiB."""
    out = bytearray(struct.pack("<I", 0xFD2FB528) + bytes([0x00, window_descriptor]))
    blocks = blocks or [(0, 0, b"")]
    for i, (kind, size, content) in enumerate(blocks):
        out += struct.pack("<I", size << 3 | kind << 1 | (i == len(blocks) - 1))[:3] + content
    return bytes(out)


def zeros_bomb(codec, start, size):
    """Compressed bytes that become `start` and then about `size` zeros: small as the format allows."""
    match codec:
        case "gzip":
            packer = zlib.compressobj(9, zlib.DEFLATED, 31)
            chunk = bytes(1 << 20)
            out = packer.compress(start)
            return out + b"".join(packer.compress(chunk) for _ in range(size >> 20)) + packer.flush()
        case "zstd":
            runs = [(1, 128 * 1024, b"\0")] * (size // (128 * 1024))
            return _zstd_frame([(0, len(start), start), *runs])
        case "lz4":
            # One literal zero, then a match at distance 1, 4 MiB in 16 KiB.
            length = 4 * 1024 * 1024 - 1 - 5 - 64
            extra = length - 4 - 15
            match = bytes([0x1F]) + b"\0" + struct.pack("<H", 1) + b"\xff" * (extra // 255) + bytes([extra % 255])
            run = match + bytes([0x50]) + bytes(5)
            return _lz4_frame([(True, start), *[(False, run)] * (size // (4 * 1024 * 1024))], block_size_code=7)
        case "snappy":
            # Copies of 64 bytes at distance 1, three bytes each.
            copies = size // 64
            copy = bytes([63 << 2 | 2]) + struct.pack("<H", 1)
            literal = start + b"\0"
            head = uvarint(len(literal) + 64 * copies) + bytes([61 << 2]) + struct.pack("<H", len(literal) - 1)
            return _xerial([(0, head + literal + copy * copies)])
    raise ValueError(codec)


def snappy_lie(claimed_size):
    """A snappy chunk that claims to unpack to so many bytes and holds four (CVE-2023-34455)."""
    return _xerial([(0, uvarint(claimed_size) + bytes([3 << 2]) + b"fake")])


def snappy_chunk_lie(claimed_size):
    """A chunk header that promises more bytes than the batch has."""
    return b"\x82SNAPPY\0" + struct.pack(">ii", 1, 1) + struct.pack(">i", claimed_size) + b"\4\x0cfake"


def zstd_window(exponent):
    """A frame that asks its reader for a window of 2^exponent bytes."""
    return _zstd_frame([(0, 4, b"fake")], window_descriptor=exponent - 10 << 3)


def decompress(codec, data):
    match codec:
        case "none":
            return data
        case "gzip":
            return zlib.decompressobj(31).decompress(data)
        case "snappy":
            return _unsnappy(data)
        case "lz4":
            return _unlz4(data)
        case "zstd":
            return _unzstd(data)
    raise ValueError(codec)


def _unsnappy(data):
    if not data.startswith(b"\x82SNAPPY\0"):
        return _unsnappy_block(data)
    out = b""
    position = 16
    while position < len(data):
        size = struct.unpack_from(">i", data, position)[0]
        out += _unsnappy_block(data[position + 4 : position + 4 + size])
        position += 4 + size
    return out


def _unsnappy_block(data):
    position = size = shift = 0
    while True:
        byte = data[position]
        position += 1
        size |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    out = bytearray()
    while position < len(data):
        tag = data[position]
        position += 1
        kind = tag & 3
        if kind == 0:
            length = tag >> 2
            if length >= 60:
                width = length - 59
                length = int.from_bytes(data[position : position + width], "little")
                position += width
            out += data[position : position + length + 1]
            position += length + 1
            continue
        if kind == 1:
            length, distance = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[position]
            position += 1
        else:
            width = 2 if kind == 2 else 4
            length, distance = (tag >> 2) + 1, int.from_bytes(data[position : position + width], "little")
            position += width
        for _ in range(length):
            out.append(out[-distance])
    assert len(out) == size, f"snappy: {len(out)} bytes instead of {size}"
    return bytes(out)


def _unlz4(data):
    flags = data[4]
    position = 7 + (8 if flags & 8 else 0)
    out = bytearray()
    while True:
        size = struct.unpack_from("<I", data, position)[0]
        position += 4
        if size == 0:
            return bytes(out)
        stored, size = bool(size & 0x80000000), size & 0x7FFFFFFF
        block = data[position : position + size]
        position += size + (4 if flags & 0x10 else 0)
        if stored:
            out += block
        else:
            _unlz4_block(block, out)


def _unlz4_block(block, out):
    position = 0

    def length(start):
        nonlocal position
        total = start
        while start == 15:
            total += block[position]
            position += 1
            if block[position - 1] != 255:
                break
        return total

    while position < len(block):
        token = block[position]
        position += 1
        literals = length(token >> 4)
        out += block[position : position + literals]
        position += literals
        if position >= len(block):
            return
        distance = struct.unpack_from("<H", block, position)[0]
        position += 2
        for _ in range(length(token & 15) + 4):
            out.append(out[-distance])


def _unzstd(data, limit=64 * 1024 * 1024):
    library = ctypes.CDLL(ctypes.util.find_library("zstd"))
    library.ZSTD_decompress.restype = ctypes.c_size_t
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]
    # Streams do not say how much they hold: try larger and larger.
    size = max(4096, len(data) * 8)
    while size <= limit:
        out = ctypes.create_string_buffer(size)
        got = library.ZSTD_decompress(out, ctypes.c_size_t(size), data, ctypes.c_size_t(len(data)))
        if not library.ZSTD_isError(got):
            return out.raw[:got]
        size *= 4
    raise ValueError("not a zstd frame, or too large")
