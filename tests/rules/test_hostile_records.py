"""Records made to hurt: lengths that lie inside a batch, and bytes that become very many."""

from pathlib import Path

import pytest

from records import (
    CODECS,
    Record,
    batch,
    compress,
    encode_record,
    snappy_chunk_lie,
    snappy_lie,
    varint,
    zeros_bomb,
    zstd_window,
)
from talk import (
    CORRUPT_MESSAGE,
    INVALID_RECORD,
    MESSAGE_TOO_LARGE,
    accepted,
    log_end,
    ours,
    produce,
    rule,
    values,
)

REFUSALS = (CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE)
MIB = 1 << 20


def refused(client, topic, data):
    answer = produce(client, topic, data)
    assert answer["error_code"] in REFUSALS, answer
    assert log_end(client, topic) == 0
    return answer


def record_of(*fields):
    """A record whose own length is right, whatever its fields say."""
    body = b"\0" + b"".join(varint(f) if isinstance(f, int) else f for f in fields)
    return varint(len(body)) + body


INT_MAX = 2**31 - 1
OVERLONG = b"\xff" * 10

# Each is the records field of a batch of one record.
LIES = {
    "record longer than its batch": encode_record(Record(value=b"a"), length=1000),
    "record as long as an int can say": encode_record(Record(value=b"a"), length=INT_MAX),
    "record of negative length": encode_record(Record(value=b"a"), length=-5),
    "record of no length": encode_record(Record(value=b"a"), length=0),
    "record shorter than its fields": encode_record(Record(value=b"a" * 50), length=20),
    "record longer than its fields": varint(20) + bytes(20),
    "bytes behind the record": encode_record(Record(value=b"a")) + b"more",
    "length varint without an end": OVERLONG + b"abc",
    "length varint cut": b"\x80",
    "offset delta varint without an end": record_of(0, OVERLONG, -1, 1, b"a", 0),
    "key longer than the record": record_of(0, 0, 1000, b"k", 1, b"a", 0),
    "key as long as an int can say": record_of(0, 0, INT_MAX, b"k", 1, b"a", 0),
    "value longer than the record": record_of(0, 0, -1, 1000, b"a", 0),
    "value as long as an int can say": record_of(0, 0, -1, INT_MAX, b"a", 0),
    "more headers than there are": record_of(0, 0, -1, 1, b"a", 3),
    "as many headers as an int can say": record_of(0, 0, -1, 1, b"a", INT_MAX),
    "a negative number of headers": record_of(0, 0, -1, 1, b"a", -1),
    "header key without a length": record_of(0, 0, -1, 1, b"a", 1, -1, -1),
    "header key longer than the record": record_of(0, 0, -1, 1, b"a", 1, 1000, b"h", -1),
    "header value longer than the record": record_of(0, 0, -1, 1, b"a", 1, 1, b"h", 1000),
    "nothing": b"",
}


# Inside compressed batches Kafka does not hold a record's length against its fields: it stores what no
# consumer can read.
UNCHECKED_BY_KAFKA = {
    "record longer than its batch",
    "record as long as an int can say",
    "record of negative length",
    "record of no length",
    "record shorter than its fields",
}


def lies():
    for what, payload in LIES.items():
        for codec in CODECS:
            marks = ()
            if codec != "none" and what in UNCHECKED_BY_KAFKA:
                marks = ours("Kafka takes it, and its consumers fail on it")
            elif codec == "none" and what == "length varint without an end":
                marks = ours("Kafka answers UNKNOWN_SERVER_ERROR, which producers retry")
            yield pytest.param(codec, payload, id=f"{what}-{codec}", marks=marks)


@rule("D5", "D8", "P25")
@pytest.mark.parametrize("codec, payload", list(lies()))
def test_D8_records_that_lie(client, make_topic, codec, payload):
    refused(client, make_topic(), batch(payload=compress(codec, payload), codec=codec, count=1))


@rule("D8", "P25")
@pytest.mark.parametrize("codec", CODECS)
def test_D8_a_count_of_two_thousand_million(client, make_topic, codec):
    refused(client, make_topic(), batch([b"a"], codec=codec, count=INT_MAX, last_offset_delta=INT_MAX - 1))


@rule("D5", "P25")
@ours("Kafka answers UNKNOWN_SERVER_ERROR, which producers retry")
@pytest.mark.parametrize("attributes", [5, 6, 7])
def test_D5_a_codec_that_does_not_exist(client, make_topic, attributes):
    refused(client, make_topic(), batch([b"a"], attributes=attributes))


@rule("D7", "P25")
@ours("Kafka answers UNKNOWN_SERVER_ERROR, which producers retry")
@pytest.mark.parametrize("codec", [codec for codec in CODECS if codec != "none"])
@pytest.mark.parametrize("what", ["garbage", "nothing", "cut", "flipped", "tail"])
def test_D7_bytes_that_do_not_unpack(client, make_topic, codec, what):
    good = compress(codec, encode_record(Record(value=b"abc" * 100)))
    payload = {
        "garbage": b"\x13\x37 this is in no format \xff\xfe",
        "nothing": b"",
        "cut": good[: len(good) // 2],
        "flipped": good[:1] + bytes([good[1] ^ 0xFF]) + good[2:],
        "tail": good[:-8] + bytes(8) if codec == "gzip" else good[:-1],
    }[what]
    refused(client, make_topic(), batch(payload=payload, codec=codec, count=1))


def peak_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def reset_peak(pid):
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def bomb(codec, size):
    """A batch of one well-formed record with a value of zeros: only its size is wrong."""
    body = b"\0\0\0\x01" + varint(size)
    start = varint(len(body) + size + 1) + body
    return batch(payload=zeros_bomb(codec, start, size + MIB), codec=codec, count=1)


BOMBS = {
    "gzip, 256 MiB": lambda: bomb("gzip", 256 * MIB),
    "zstd, 4 GiB": lambda: bomb("zstd", 4096 * MIB - 8 * MIB - 2**31),
    "zstd, a window of 2 GiB": lambda: batch(payload=zstd_window(31), codec="zstd", count=1),
    "zstd, a window of 128 MiB": lambda: batch(payload=zstd_window(27), codec="zstd", count=1),
    "lz4, 200 MiB": lambda: bomb("lz4", 200 * MIB),
    "snappy, 18 MiB": lambda: bomb("snappy", 18 * MIB),
    "snappy, a chunk that claims 2 GiB": lambda: batch(payload=snappy_lie(INT_MAX), codec="snappy", count=1),
    "snappy, a chunk that claims 4 GiB": lambda: batch(payload=snappy_lie(2**32 - 1), codec="snappy", count=1),
    "snappy, a chunk of 2 GiB": lambda: batch(payload=snappy_chunk_lie(INT_MAX), codec="snappy", count=1),
    "snappy, a chunk of -1 bytes": lambda: batch(payload=snappy_chunk_lie(-1), codec="snappy", count=1),
}


@rule("D7", "P25")
@ours("Kafka unpacks as far as it goes; a JVM's memory says nothing about one request")
@pytest.mark.parametrize("what", BOMBS)
def test_D7_a_bomb_is_refused_in_little_memory(client, make_topic, broker, what):
    topic = make_topic()
    data = BOMBS[what]()
    assert len(data) <= MIB, "within max.message.bytes, so that only its contents are too large"
    accepted(client, make_topic(), batch([bytes(MIB // 2)]))  # buffers are as large as they will be
    reset_peak(broker.pid)
    before = peak_bytes(broker.pid)
    refused(client, topic, data)
    assert peak_bytes(broker.pid) - before <= 32 * MIB
    accepted(client, topic, batch([b"after"]), at=0)


@rule("D7")
def test_D7_what_compresses_well_is_no_bomb(client, make_topic):
    # Log lines may shrink to a hundredth: a cap must leave them alone.
    topic = make_topic()
    content = [b"0123456789" * 100] * 5000
    data = batch(content, codec="gzip")
    assert len(data) < 5_000_000 // 100
    accepted(client, topic, data, at=0)
    assert values(client, topic, partition_max_bytes=10 * MIB) == content
