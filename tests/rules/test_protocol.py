"""Frames, versions, order: the connection, and what happens to those who do not keep to the protocol."""

import random
import struct
import time
from pathlib import Path

import pytest

from records import batch
from talk import (
    INVALID_REQUEST,
    NONE,
    UNSUPPORTED_VERSION,
    fetch_request,
    ours,
    produce_request,
    rule,
    supported_versions,
    values,
)
from wire import CATALOGUE, NoAnswer, decode_response, encode_header, encode_request, framed

FRAME_MAX_BYTES = 100 * 1024 * 1024
API_VERSIONS = 18
SOFTWARE = {"client_software_name": "rules", "client_software_version": "1"}


@pytest.fixture
def bystander(connect):
    """Another client's connection, which nothing that others do may disturb."""
    client = connect()
    supported_versions(client)
    yield client
    assert supported_versions(client)


def resident_bytes(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmRSS")


# ApiVersions.


@rule("A1")
@pytest.mark.parametrize("version", range(5))
def test_A1_api_versions(client, version):
    answer = client.call("ApiVersions", version, SOFTWARE)
    assert answer["error_code"] == NONE
    ranges = {one["api_key"]: (one["min_version"], one["max_version"]) for one in answer["api_keys"]}
    # Nothing is advertised twice, and nothing that does not exist.
    assert len(ranges) == len(answer["api_keys"])
    for key, (first, last) in ranges.items():
        assert 0 <= first <= last <= CATALOGUE.apis_by_key[key].versions.high, key
    assert ranges[API_VERSIONS] == (0, 4)
    # librdkafka would turn compression off if Produce began later (KAFKA-18659).
    assert ranges[0][0] == 0


@rule("A1")
@pytest.mark.parametrize("version", [6, 99, 32767, -1])
def test_A1_an_api_versions_request_of_the_future_is_answered_in_version_0(client, version):
    # Its body may be anything: nobody here can read it.
    head = encode_header(API_VERSIONS, version, 4242, "rules", flexible=True)
    client.send_bytes(framed(head + b"what a future version says"))
    correlation_id, answer = decode_response("ApiVersions", 0, client.read_frame())
    assert correlation_id == 4242
    assert answer["error_code"] == UNSUPPORTED_VERSION
    ranges = {one["api_key"]: (one["min_version"], one["max_version"]) for one in answer["api_keys"]}
    assert ranges[API_VERSIONS] == (0, 4)
    # And the client goes on with a version that both know.
    assert client.call("ApiVersions", 4, SOFTWARE)["error_code"] == NONE


@rule("A1")
@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize(
    "name, software_version, code",
    [
        ("apache-kafka-java", "4.3.1", NONE),
        ("a", "0", NONE),
        ("", "1", INVALID_REQUEST),
        ("name", "", INVALID_REQUEST),
        ("-name", "1", INVALID_REQUEST),
        ("name.", "1", INVALID_REQUEST),
        ("two words", "1", INVALID_REQUEST),
        ("line\nbreak", "1", INVALID_REQUEST),
        ("name", "1\x1b[31m", INVALID_REQUEST),
        ("größe", "1", INVALID_REQUEST),
    ],
)
def test_A1_names_of_client_software(client, version, name, software_version, code):
    answer = client.call(
        "ApiVersions", version, {"client_software_name": name, "client_software_version": software_version}
    )
    assert answer["error_code"] == code


# What cannot be served closes the connection.


@rule("A2")
@pytest.mark.parametrize("api_key", [-1, 4, 999, 32767, -32768])
def test_A2_an_unknown_api(client, bystander, api_key):
    client.send_bytes(framed(encode_header(api_key, 0, 1, "rules", flexible=False)))
    assert client.closed_within(10)


@rule("A2")
@pytest.mark.parametrize("api", ["Metadata", "Produce", "Fetch", "ListOffsets", "FindCoordinator"])
@pytest.mark.parametrize("version", ["newest + 1", 32767, -1])
def test_A2_an_unsupported_version_of_another_api(client, bystander, api, version):
    key = CATALOGUE.apis[api].key
    if version == "newest + 1":
        version = supported_versions(bystander)[key][1] + 1
    client.send_bytes(framed(encode_header(key, version, 1, "rules", flexible=True) + b"\1\0\0\0\0"))
    assert client.closed_within(10)


@rule("A2")
@pytest.mark.parametrize("version", [1, 9, 12])
def test_A2_every_cut_of_a_body(connect, bystander, version):
    whole = encode_request("Metadata", version, {"topics": [{"name": "orders"}]})
    head = len(encode_header(3, version, 0, "rules", version >= 9))
    for size in range(head, len(whole)):
        client = connect()
        client.send_bytes(framed(whole[:size]))
        assert client.closed_within(10), f"{size} of {len(whole)} bytes"


@rule("A2")
@pytest.mark.parametrize("size", range(1, 14))
def test_A2_every_cut_of_a_header(connect, bystander, size):
    whole = encode_request("Metadata", 1, {"topics": None})
    client = connect()
    client.send_bytes(framed(whole[:size]))
    assert client.closed_within(10)


@rule("A2")
def test_A2_requests_before_the_bad_one_are_answered(client, make_topic, connect):
    topic = make_topic()
    sender = connect()
    sender.send("Produce", 9, produce_request([(topic, 0, batch([b"good"]))]))
    sender.send_bytes(framed(encode_header(999, 0, 1, "rules", flexible=False)))
    try:
        # Kafka may drop the answer along with the connection; the record stays all the same.
        sender.receive()
        assert sender.closed_within(10)
    except ConnectionError:
        pass
    assert values(client, topic) == [b"good"]


# Lengths that lie.


@rule("A3", "D3")
@pytest.mark.parametrize("length", [-1, -(2**31), 2**31 - 1, FRAME_MAX_BYTES + 1, 0])
def test_A3_a_frame_length_that_cannot_be(client, bystander, length):
    client.send_bytes(struct.pack(">i", length))
    assert client.closed_within(10)


@rule("A3", "D3")
def test_A3_the_largest_frame_is_waited_for(client, bystander):
    client.send_bytes(struct.pack(">i", FRAME_MAX_BYTES) + b"\0\3")
    assert client.silent_for(0.3)


@rule("D2", "A3")
@ours("Kafka takes the memory when it has read the length")
def test_D2_memory_is_for_bytes_that_came_not_for_bytes_announced(connect, bystander, broker):
    before = resident_bytes(broker.pid)
    head = encode_header(0, 9, 1, "rules", flexible=True)
    slow = [connect() for _ in range(200)]
    for client in slow:
        client.send_bytes(struct.pack(">i", FRAME_MAX_BYTES) + head)
    assert supported_versions(bystander)
    # 200 frames of 100 MiB are on their way; each connection costs its buffer and no more.
    assert resident_bytes(broker.pid) - before < 64 * 1024 * 1024


@rule("D2")
def test_D2_a_frame_may_come_byte_by_byte(client, bystander):
    frame = framed(encode_request("ApiVersions", 3, SOFTWARE, correlation_id=7))
    for position in range(len(frame)):
        client.send_bytes(frame[position : position + 1])
        assert position == len(frame) - 1 or client.silent_for(0.001)
    correlation_id, answer = decode_response("ApiVersions", 3, client.read_frame())
    assert (correlation_id, answer["error_code"]) == (7, NONE)


def old(api, version, *pieces):
    return encode_header(CATALOGUE.apis[api].key, version, 1, "rules", flexible=False) + b"".join(pieces)


def new(api, version, *pieces):
    return encode_header(CATALOGUE.apis[api].key, version, 1, "rules", flexible=True) + b"".join(pieces)


INT_MAX = struct.pack(">i", 2**31 - 1)
UVARINT_MAX = b"\xff\xff\xff\xff\x0f"
PRODUCE_HEAD = b"\xff\xff" + struct.pack(">hi", -1, 1000)  # no transaction, acks, timeout
PRODUCE_9_HEAD = b"\0" + struct.pack(">hi", -1, 1000)
LYING_LENGTHS = {
    "array": old("Metadata", 1, INT_MAX),
    "array, negative": old("Metadata", 1, struct.pack(">i", -2)),
    "array, a little too long": old("Metadata", 1, struct.pack(">i", 3), b"\0\1a"),
    "string": old("Metadata", 1, struct.pack(">ih", 1, 32767), b"a"),
    "string, negative": old("Metadata", 1, struct.pack(">ih", 1, -2)),
    "bytes": old("Produce", 3, PRODUCE_HEAD, struct.pack(">ihcii", 1, 1, b"t", 1, 0), INT_MAX, b"x"),
    "bytes, negative": old("Produce", 3, PRODUCE_HEAD, struct.pack(">ihciii", 1, 1, b"t", 1, 0, -2)),
    "array inside an array": old("Produce", 3, PRODUCE_HEAD, struct.pack(">ihc", 1, 1, b"t"), INT_MAX),
    "compact array": new("Metadata", 9, UVARINT_MAX),
    "compact string": new("Metadata", 9, b"\2", UVARINT_MAX, b"a"),
    "compact bytes": new("Produce", 9, PRODUCE_9_HEAD, b"\2\2t\2", struct.pack(">i", 0), UVARINT_MAX, b"x"),
    "compact array inside an array": new("Produce", 9, PRODUCE_9_HEAD, b"\2\2t", UVARINT_MAX),
    "number of tags": new("ApiVersions", 3, b"\2a\2b", UVARINT_MAX),
    "size of a tag": new("ApiVersions", 3, b"\2a\2b", b"\1\0", UVARINT_MAX),
    "number of tags in the header": encode_header(3, 9, 1, "rules", flexible=False) + UVARINT_MAX,
    "client id": struct.pack(">hhih", 3, 1, 1, 32767) + b"short",
    "client id, negative": struct.pack(">hhih", 3, 1, 1, -2),
}


# What Kafka reads as null or as no tags at all.
TOLERATED_BY_KAFKA = {"array, negative", "bytes, negative", "number of tags"}


@rule("A4", "D6")
@pytest.mark.parametrize(
    "what",
    [
        pytest.param(what, marks=ours("Kafka takes this length for none") if what in TOLERATED_BY_KAFKA else ())
        for what in LYING_LENGTHS
    ],
)
def test_A4_a_length_beyond_the_frame(client, bystander, what):
    client.send_bytes(framed(LYING_LENGTHS[what]))
    assert client.closed_within(10)


@rule("A4", "D6")
@ours("a JVM's memory says nothing about what one request took")
def test_A4_lying_lengths_take_no_memory(connect, bystander, broker):
    for payload in LYING_LENGTHS.values():
        connect().send_bytes(framed(payload))
    supported_versions(bystander)
    before = resident_bytes(broker.pid)
    for _ in range(20):
        for payload in LYING_LENGTHS.values():
            client = connect()
            client.send_bytes(framed(payload))
            assert client.closed_within(10)
    assert resident_bytes(broker.pid) - before < 32 * 1024 * 1024


@rule("D6")
@ours("Kafka takes any number of elements that the bytes could hold")
def test_D6_a_large_array_of_small_things_stays_small(connect, bystander, broker):
    # A million empty topics in 10 MB: each is five bytes here and must not become much more inside.
    before = resident_bytes(broker.pid)
    count = 1_000_000
    client = connect()
    payload = old("Fetch", 4, struct.pack(">iiiib", -1, 0, 1, 1 << 20, 0), struct.pack(">i", count), b"\0\1a\0\0\0\0" * count)
    client.send_bytes(framed(payload))
    try:
        client.read_frame(20)
    except NoAnswer:
        pytest.fail("neither an answer nor the end")
    assert resident_bytes(broker.pid) - before < 512 * 1024 * 1024


@rule("D5")
@pytest.mark.parametrize("varint", [b"\xff" * 10, b"\xff" * 5, b"\x80" * 9 + b"\1"], ids=["ten", "five", "over-long"])
@pytest.mark.parametrize("where", ["array", "string", "header tags", "body tags"])
def test_D5_malformed_varints(client, bystander, where, varint):
    payload = {
        "array": new("Metadata", 9, varint, b"\0\0\0"),
        "string": new("Metadata", 9, b"\2", varint, b"a\0\0\0"),
        "header tags": encode_header(3, 9, 1, "rules", flexible=False) + varint + b"\0\0\0",
        "body tags": new("ApiVersions", 3, b"\2a\2b", varint, b"\0\0"),
    }[where]
    client.send_bytes(framed(payload))
    assert client.closed_within(10)


@rule("D4")
@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        bytes.fromhex("16030100a5010000a10303") + bytes(160),
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"\r\n\r\n\r\n\r\n",
    ],
    ids=["HTTP", "TLS", "SSH", "line ends"],
)
def test_D4_other_protocols(client, bystander, data):
    client.send_bytes(data)
    assert client.closed_within(10)


@rule("D4")
def test_D4_garbage(connect, bystander):
    chance = random.Random(1)
    for _ in range(200):
        client = connect()
        client.send_bytes(framed(chance.randbytes(chance.randrange(1, 300))))
        # Random bytes may be a request by accident: an answer is fine as well, silence is not.
        client.read_frame(10)
        client.close()


@rule("D4")
def test_D4_garbage_inside_real_requests(connect, bystander):
    chance = random.Random(2)
    requests = [
        encode_request("Metadata", 9, {"topics": [{"name": "orders"}], "allow_auto_topic_creation": False}),
        encode_request("ApiVersions", 3, SOFTWARE),
        encode_request("ListOffsets", 6, {"topics": [{"name": "t", "partitions": [{"partition_index": 0}]}]}),
    ]
    for turn in range(300):
        payload = bytearray(requests[turn % 3])
        for _ in range(chance.randrange(1, 4)):
            # Not the API key and version: other requests than these may wait, rightly, for minutes.
            payload[chance.randrange(8, len(payload))] = chance.randrange(256)
        client = connect()
        client.send_bytes(framed(bytes(payload)))
        client.read_frame(10)
        client.close()


# Order.


@rule("A5")
def test_A5_answers_come_in_order_with_the_callers_ids(client, make_topic, connect):
    topic = make_topic()
    sender = connect()
    ids = [7, 7, 0, -1, 2**31 - 1, -(2**31), 7, 1]
    for number, correlation_id in enumerate(ids):
        name, version, wish = [
            ("Metadata", 12, {"topics": [{"name": topic.name}]}),
            ("Produce", 9, produce_request([(topic, 0, batch([b"%d" % number]))])),
            ("ApiVersions", 3, SOFTWARE),
            ("Fetch", 12, fetch_request([(topic, 0, 0)])),
        ][number % 4]
        sender.send(name, version, wish, correlation_id=correlation_id)
    for _ in ids:
        sender.receive()
    assert values(client, topic) == [b"1", b"5"]


@rule("A5")
def test_A5_many_requests_before_the_first_answer_is_read(client, make_topic, connect):
    # More than socket buffers hold: the broker must stop reading, not lose or reorder.
    topic = make_topic()
    sender = connect()
    count = 3000
    frames = [
        framed(encode_request("Produce", 9, produce_request([(topic, 0, batch([b"%d" % number]))], acks=1), number))
        for number in range(count)
    ]
    sender.socket.setblocking(False)
    pending, got = b"".join(frames), []
    deadline = time.monotonic() + 60
    while len(got) < count:
        assert time.monotonic() < deadline
        if pending:
            try:
                pending = pending[sender.socket.send(pending[: 1 << 20]) :]
            except BlockingIOError:
                pass
        try:
            payload = sender.read_frame(0.0 if pending else 10)
        except NoAnswer:
            continue
        correlation_id, answer = decode_response("Produce", 9, payload)
        got.append((correlation_id, answer["responses"][0]["partition_responses"][0]["base_offset"]))
    assert got == [(number, number) for number in range(count)]


@rule("A5")
def test_A5_frames_may_be_cut_anywhere(client, make_topic, connect):
    topic = make_topic()
    chance = random.Random(3)
    data = b"".join(
        framed(encode_request("Produce", 9, produce_request([(topic, 0, batch([b"%d" % number * 40]))]), number))
        for number in range(40)
    )
    sender = connect()
    position = 0
    while position < len(data):
        size = chance.choice([1, 2, 3, 5, 40, 300])
        sender.send_bytes(data[position : position + size])
        position += size
    for number in range(40):
        correlation_id, answer = decode_response("Produce", 9, sender.read_frame())
        assert correlation_id == number
        assert answer["responses"][0]["partition_responses"][0]["base_offset"] == number


@rule("A5")
def test_A5_unknown_tags_are_skipped(client):
    wish = {**SOFTWARE, "_tags": {5: b"five", 1000: b"", 2**31 - 1: bytes(300)}}
    assert client.call("ApiVersions", 3, wish)["error_code"] == NONE
