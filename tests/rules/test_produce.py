"""Produce: what is appended, what is refused with which code, and what is answered.

Where Apache Kafka 4.3.1 does something else than a row of the rules says, the test follows Kafka and
says so; where Kafka's answer would harm a client, the test is ours.
"""


import pytest

from records import CODECS, CREATE_TIME, LOG_APPEND_TIME, Record, batch, now_ms, old_message
from talk import (
    CORRUPT_MESSAGE,
    INVALID_RECORD,
    INVALID_REQUIRED_ACKS,
    INVALID_TIMESTAMP,
    INVALID_TOPIC_EXCEPTION,
    MESSAGE_TOO_LARGE,
    NONE,
    PRODUCE_VERSIONS,
    RECORD_LIST_TOO_LARGE,
    REQUEST_TIMED_OUT,
    UNKNOWN_TOPIC,
    UNKNOWN_TOPIC_ID,
    UNKNOWN_TOPIC_OR_PARTITION,
    UNSUPPORTED_COMPRESSION_TYPE,
    Topic,
    accepted,
    describe_topic,
    log_end,
    log_start,
    ours,
    produce,
    produce_answers,
    produce_many,
    produce_request,
    read,
    read_records,
    refused,
    rule,
    until,
    values,
)

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PID = 4711

# Every version, and every codec.
VERSIONS_AND_CODECS = [(version, "none") for version in PRODUCE_VERSIONS] + [(12, codec) for codec in CODECS]


def key(topic, partition, version):
    return (topic.id if version >= 13 else topic.name, partition)


# Acks.


@rule("P1")
@pytest.mark.parametrize("acks", [2, -2, 32767])
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P1_other_acks_fail_every_partition(client, make_topic, version, acks):
    topic = make_topic(partitions=2)
    parts = [(topic, 0, batch([b"a"])), (topic, 1, batch([b"b"], crc=1)), (UNKNOWN_TOPIC, 0, batch([b"c"]))]
    answers = produce_many(client, parts, acks=acks, version=version)
    # A topic that is not there is still not there: the look-up comes first.
    unknown = UNKNOWN_TOPIC_ID if version >= 13 else UNKNOWN_TOPIC_OR_PARTITION
    codes = {where: one["error_code"] for where, one in answers.items()}
    assert codes == {
        key(topic, 0, version): INVALID_REQUIRED_ACKS,
        key(topic, 1, version): INVALID_REQUIRED_ACKS,
        key(UNKNOWN_TOPIC, 0, version): unknown,
    }
    assert [one["base_offset"] for one in answers.values()] == [-1] * 3
    assert log_end(client, topic, 0) == log_end(client, topic, 1) == 0


@rule("P2")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P2_acks_0_is_never_answered_and_the_connection_goes_on(client, connect, make_topic, version):
    topic = make_topic()
    sender = connect()
    for number in range(3):
        data = batch([b"%d" % number])
        sender.send("Produce", version, produce_request([(topic, 0, data)], acks=0, version=version), answered=False)
    # The next frame belongs to the next request, and that request finds the records.
    sender.send("Metadata", 12, {"topics": [{"name": topic.name}]})
    assert sender.receive()["topics"][0]["name"] == topic.name
    until(lambda: log_end(client, topic) == 3, "the three records are there")
    assert values(client, topic) == [b"0", b"1", b"2"]


@rule("P2")
@pytest.mark.parametrize("failure", ["unknown topic", "unknown partition", "wrong checksum"])
def test_P2_acks_0_with_a_failed_partition_closes_the_connection(client, connect, make_topic, failure):
    topic = make_topic()
    bad = {
        "unknown topic": (UNKNOWN_TOPIC, 0, batch([b"bad"])),
        "unknown partition": (topic, 7, batch([b"bad"])),
        "wrong checksum": (topic, 0, batch([b"bad"], crc=1)),
    }[failure]
    sender = connect()
    sender.send("Produce", 9, produce_request([bad], acks=0), answered=False)
    assert sender.closed_within(10)
    assert log_end(client, topic) == 0


@rule("P3")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P3_acks_1_is_answered_with_the_offset(client, make_topic, version):
    topic = make_topic()
    accepted(client, topic, batch([b"a", b"b"]), at=0, acks=1, version=version)
    accepted(client, topic, batch([b"c"]), at=2, acks=1, version=version)
    until(lambda: log_end(client, topic) == 3, "the records are visible")
    assert values(client, topic) == [b"a", b"b", b"c"]


@rule("P4")
def test_P4_no_more_replicas_are_asked_for_than_the_partition_has(client, make_topic):
    topic = make_topic(min_insync_replicas=2)
    accepted(client, topic, batch([b"a"]), at=0)


@rule("D21", "P6")
@pytest.mark.parametrize("timeout_ms", [-1, 0, 2**31 - 1, -(2**31)])
def test_D21_any_timeout_is_taken(client, make_topic, timeout_ms):
    # What is safe at once is answered with success whatever the time; what is not gets 7 (P6).
    answer = produce(client, make_topic(), batch([b"a"]), timeout_ms=timeout_ms)
    assert answer["error_code"] == NONE or (answer["error_code"] == REQUEST_TIMED_OUT and timeout_ms <= 0)


# What is not there.


@rule("P8")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P8_an_unknown_topic_or_partition(client, make_topic, version):
    topic = make_topic(partitions=2)
    parts = [(topic, 1, batch([b"good"])), (topic, 2, batch([b"bad"])), (UNKNOWN_TOPIC, 0, batch([b"bad"]))]
    answers = produce_many(client, parts, version=version)
    assert answers[key(topic, 1, version)]["error_code"] == NONE
    assert answers[key(topic, 2, version)]["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
    expected = UNKNOWN_TOPIC_ID if version >= 13 else UNKNOWN_TOPIC_OR_PARTITION
    assert answers[key(UNKNOWN_TOPIC, 0, version)]["error_code"] == expected


@rule("P8")
def test_P8_a_negative_partition(client, make_topic):
    topic = make_topic()
    assert produce(client, topic, batch([b"a"]), partition=-1)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


# The form of a batch.


@rule("P9", "P25")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
@pytest.mark.parametrize("what", ["no batch", "two batches", "magic 1", "magic 0", "half a batch"])
def test_P9_not_exactly_one_batch_of_format_2(client, make_topic, version, what):
    topic = make_topic()
    accepted(client, topic, batch([b"first"]), at=0)
    data = {
        "no batch": b"",
        "two batches": batch([b"a"]) + batch([b"b"]),
        "magic 1": old_message(magic=1),
        "magic 0": old_message(magic=0),
        "half a batch": batch([b"a"])[:30],
    }[what]
    refused(client, topic, data, INVALID_RECORD, version=version)


@rule("P9")
def test_P9_a_magic_of_the_future_is_corrupt(client, make_topic):
    # The row says 87 for any other magic. Kafka says so for 0 and 1, which it knows, and 2 for the rest.
    refused(client, make_topic(), batch([b"x"], magic=3), CORRUPT_MESSAGE)
    refused(client, make_topic(), batch([b"x"], magic=-1), CORRUPT_MESSAGE)


@rule("P9")
@ours("Kafka fails inside and never answers a partition whose records are null")
@pytest.mark.parametrize("version", [3, 9, 13])
def test_P9_null_records(client, make_topic, version):
    refused(client, make_topic(), None, INVALID_RECORD, version=version)


@rule("P10", "P25")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P10_zstd_needs_produce_7(client, make_topic, version):
    topic = make_topic()
    data = batch([b"a"], codec="zstd")
    if version < 7:
        refused(client, topic, data, UNSUPPORTED_COMPRESSION_TYPE, version=version)
    else:
        accepted(client, topic, data, at=0, version=version)


@rule("P11", "P25")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P11_a_wrong_checksum(client, make_topic, version):
    refused(client, make_topic(), batch([b"a"], crc=0x12345678), CORRUPT_MESSAGE, version=version)


@rule("P11")
def test_P11_every_byte_under_the_checksum_counts(client, make_topic):
    topic = make_topic()
    good = batch([Record(b"key", b"value", [(b"h", b"v")])])
    for position in range(21, len(good)):
        flipped = good[:position] + bytes([good[position] ^ 0x10]) + good[position + 1 :]
        answer = produce(client, topic, flipped)
        # A flipped bit of the header may be refused for what it says before the checksum is looked at.
        assert answer["error_code"] in (CORRUPT_MESSAGE, INVALID_RECORD, UNSUPPORTED_COMPRESSION_TYPE, 53), position
    assert log_end(client, topic) == 0
    accepted(client, topic, good, at=0)


@rule("P12", "P25")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P12_larger_than_max_message_bytes(client, make_topic, version):
    topic = make_topic(max_message_bytes=1000)
    size = len(batch([b""]))
    largest = batch([bytes(1000 - size - 2)])
    assert len(largest) == 1000
    accepted(client, topic, largest, at=0, version=version)
    over = batch([bytes(1000 - size - 1)])
    assert len(over) == 1001
    refused(client, topic, over, MESSAGE_TOO_LARGE, version=version)


@rule("P12", "P25")
def test_P12_is_checked_again_after_recompression(client, make_topic):
    # gzip makes 50 kB of zeros small; uncompressed, as the topic wants them, they are over the limit.
    topic = make_topic(max_message_bytes=10_000, compression_type="uncompressed")
    data = batch([bytes(50_000)], codec="gzip")
    assert len(data) < 1000
    refused(client, topic, data, MESSAGE_TOO_LARGE)


@rule("P13", "P25")
def test_P13_larger_than_a_segment(client, make_topic):
    topic = make_topic(max_message_bytes=4 << 20, segment_bytes=1 << 20)
    refused(client, topic, batch([bytes(1 << 20)]), RECORD_LIST_TOO_LARGE)
    accepted(client, topic, batch([bytes((1 << 20) - 1000)]), at=0)


@rule("P14", "P25")
@pytest.mark.parametrize("base_offset", [1, -1, 2**62])
def test_P14_a_base_offset_that_is_not_0(client, make_topic, base_offset):
    refused(client, make_topic(), batch([b"a"], base_offset=base_offset), INVALID_RECORD)


BAD_COUNTS = {
    "last offset delta too high": dict(last_offset_delta=3),
    "last offset delta too low": dict(last_offset_delta=0),
    "last offset delta negative": dict(last_offset_delta=-1),
    "one record more than there is": dict(count=3),
    "one record less than there is": dict(count=1),
    "no records": dict(count=0),
    "minus one record": dict(count=-1),
    "as many as an int can say": dict(count=2**31 - 1, last_offset_delta=2**31 - 2),
}


@rule("P15", "P25")
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("what", BAD_COUNTS)
def test_P15_counts_that_contradict_each_other(client, make_topic, what, codec):
    refused(client, make_topic(), batch([b"a", b"b"], codec=codec, **BAD_COUNTS[what]), INVALID_RECORD)


@rule("P15", "P25")
@pytest.mark.parametrize("codec", CODECS)
def test_P15_a_batch_without_records(client, make_topic, codec):
    refused(client, make_topic(), batch([], codec=codec), INVALID_RECORD)


@rule("P16", "P25")
def test_P16_a_control_batch_from_a_client(client, make_topic):
    refused(client, make_topic(), batch([b"a"], control=True), INVALID_RECORD)
    marker = Record(key=b"\0\0\0\1", value=b"\0\0\0\0\0\0")
    data = batch([marker], control=True, producer_id=PID, producer_epoch=0, base_sequence=-1)
    refused(client, make_topic(), data, INVALID_RECORD)


@rule("P17", "P25")
def test_P17_a_producer_without_a_sequence(client, make_topic):
    refused(client, make_topic(), batch([b"a"], producer_id=PID, producer_epoch=0, base_sequence=-1), INVALID_RECORD)


# Topics with conditions.


@rule("P18", "P25")
@pytest.mark.parametrize("version, codec", VERSIONS_AND_CODECS)
def test_P18_a_compacted_topic_wants_keys(client, make_topic, version, codec):
    topic = make_topic(cleanup_policy="compact")
    records = [Record(b"k", b"0"), Record(None, b"1"), Record(b"", b"2"), Record(None, b"3")]
    answer = refused(client, topic, batch(records, codec=codec), INVALID_RECORD, version=version)
    if version >= 8:
        assert [one["batch_index"] for one in answer["record_errors"]] == [1, 3]
        assert answer["error_message"]
    accepted(client, topic, batch([Record(b"k", None), Record(b"", b"2")], codec=codec), at=0, version=version)


@rule("P19", "P25")
@pytest.mark.parametrize("version, codec", VERSIONS_AND_CODECS)
def test_P19_timestamps_too_far_from_now(client, make_topic, version, codec):
    topic = make_topic(message_timestamp_before_max_ms=DAY_MS, message_timestamp_after_max_ms=HOUR_MS)
    now = now_ms()
    good = [Record(value=b"0"), Record(value=b"1", timestamp_delta=HOUR_MS // 2)]
    accepted(client, topic, batch(good, codec=codec, base_timestamp=now), at=0, version=version)
    accepted(client, topic, batch(good, codec=codec, base_timestamp=now - DAY_MS + HOUR_MS), at=2, version=version)
    late = [Record(value=b"0"), Record(value=b"1", timestamp_delta=2 * HOUR_MS), Record(value=b"2")]
    early = [Record(value=b"0"), Record(value=b"1"), Record(value=b"2", timestamp_delta=-2 * DAY_MS)]
    for records, wrong in ((late, 1), (early, 2)):
        data = batch(records, codec=codec, base_timestamp=now)
        answer = refused(client, topic, data, INVALID_TIMESTAMP, version=version)
        if version >= 8:
            assert [one["batch_index"] for one in answer["record_errors"]] == [wrong]
            assert answer["error_message"]


@rule("P19")
def test_P19_the_default_is_any_past_and_an_hour_ahead(client, make_topic):
    topic = make_topic()
    accepted(client, topic, batch([b"a"], base_timestamp=0), at=0)
    accepted(client, topic, batch([b"a"], base_timestamp=now_ms() + HOUR_MS // 2), at=1)
    refused(client, topic, batch([b"a"], base_timestamp=now_ms() + 2 * HOUR_MS), INVALID_TIMESTAMP)


@rule("P19")
def test_P19_no_timestamp_is_no_offence(client, make_topic):
    topic = make_topic(message_timestamp_before_max_ms=DAY_MS)
    accepted(client, topic, batch([b"a"], base_timestamp=-1), at=0)


@rule("P19", "P25")
@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_P19_log_append_time_is_not_a_clients_to_claim(client, make_topic, codec):
    topic = make_topic(message_timestamp_type="LogAppendTime")
    refused(client, topic, batch([b"a"], codec=codec, timestamp_type=LOG_APPEND_TIME), INVALID_TIMESTAMP)
    # Nor where a time is missing, whatever the topic.
    data = batch([b"a"], codec=codec, timestamp_type=LOG_APPEND_TIME, base_timestamp=-1)
    refused(client, make_topic(), data, INVALID_TIMESTAMP)


@rule("P19")
@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_P19_a_claim_that_changes_nothing_is_cleared(client, make_topic, codec):
    # The row says INVALID_TIMESTAMP here too. Kafka takes the batch, clears the bit and keeps the client's times.
    topic = make_topic()
    accepted(client, topic, batch([b"a"], codec=codec, timestamp_type=LOG_APPEND_TIME, base_timestamp=12345), at=0)
    (stored,) = read(client, topic)
    assert (stored.timestamp_type, stored.base_timestamp, stored.max_timestamp) == (CREATE_TIME, 12345, 12345)


@rule("P19", "P18")
def test_P19_wins_over_P18_in_one_batch(client, make_topic):
    topic = make_topic(cleanup_policy="compact")
    records = [Record(None, b"no key"), Record(b"k", b"late", timestamp_delta=2 * HOUR_MS)]
    answer = refused(client, topic, batch(records), INVALID_TIMESTAMP)
    assert [one["batch_index"] for one in answer["record_errors"]] == [0, 1]


@rule("P20")
@pytest.mark.parametrize("version, codec", VERSIONS_AND_CODECS)
def test_P20_log_append_time_is_the_brokers(client, make_topic, version, codec):
    topic = make_topic(message_timestamp_type="LogAppendTime")
    before = now_ms()
    answer = produce(client, topic, batch([b"a", b"b"], codec=codec, base_timestamp=1000), version=version)
    assert answer["error_code"] == NONE
    assert before <= answer["log_append_time_ms"] <= now_ms()
    (stored,) = read(client, topic)
    assert stored.timestamp_type == LOG_APPEND_TIME
    assert stored.max_timestamp == answer["log_append_time_ms"]
    assert [stamp for _, stamp, _ in read_records(client, topic)] == [answer["log_append_time_ms"]] * 2


@rule("P20")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P20_create_time_is_the_clients(client, make_topic, version):
    topic = make_topic()
    records = [Record(value=b"a"), Record(value=b"b", timestamp_delta=-5), Record(value=b"c", timestamp_delta=7)]
    answer = produce(client, topic, batch(records, base_timestamp=1_000_000), version=version)
    assert (answer["error_code"], answer["log_append_time_ms"]) == (NONE, -1)
    assert [stamp for _, stamp, _ in read_records(client, topic)] == [1_000_000, 999_995, 1_000_007]


@rule("P20")
def test_P20_a_wrong_max_timestamp_is_put_right(client, make_topic):
    topic = make_topic()
    accepted(client, topic, batch([b"a"], base_timestamp=1_000_000, max_timestamp=5), at=0)
    assert read(client, topic)[0].max_timestamp == 1_000_000


@rule("P21")
@pytest.mark.parametrize("client_id", ["rules", "__admin_client"])
def test_P21_clients_do_not_write_to_internal_topics(client, connect, kind, client_id):
    client.call("FindCoordinator", 3, {"key": "some-group", "key_type": 0})
    name = "__consumer_offsets"
    described = until(lambda: _led(describe_topic(client, name)), f"{name} is there")
    if client_id == "__admin_client" and kind != "barnabas":
        pytest.skip("Kafka lets this client id through (W7), Barnabas does not")
    topic = Topic(name, described["topic_id"])
    for version in PRODUCE_VERSIONS:
        sender = connect(client_id=client_id)
        data = batch([Record(b"\0\1", b"")])
        refused(sender, topic, data, INVALID_TOPIC_EXCEPTION, version=version)


def _led(topic):
    return topic if topic["error_code"] == NONE and all(p["error_code"] == NONE for p in topic["partitions"]) else None


# Order and independence.


@rule("P22")
@pytest.mark.parametrize(
    "faults, code",
    [
        # A batch with every fault from some place of the order on is refused for the first of them.
        ("unknown two-batches zstd6 base size crc count", UNKNOWN_TOPIC_OR_PARTITION),
        ("two-batches base size crc count", INVALID_RECORD),
        ("zstd6 base size crc count", UNSUPPORTED_COMPRESSION_TYPE),
        ("base size crc count", INVALID_RECORD),
        ("size crc count", MESSAGE_TOO_LARGE),
        ("crc count timestamp", CORRUPT_MESSAGE),
        ("count timestamp sequence", INVALID_RECORD),
        ("timestamp sequence", INVALID_TIMESTAMP),
        ("timestamp null-key sequence", INVALID_TIMESTAMP),
        ("null-key sequence", INVALID_RECORD),
        ("sequence", 45),
    ],
)
def test_P22_the_first_fault_is_the_one_reported(client, make_topic, faults, code):
    faults = faults.split()
    compacted = {"cleanup_policy": "compact"} if "null-key" in faults else {}
    topic = make_topic(max_message_bytes=1000, **compacted)
    settings = dict(producer_id=PID, producer_epoch=0, base_sequence=0)
    accepted(client, topic, batch([Record(b"k", b"v")], **settings), at=0)
    settings["base_sequence"] = 7 if "sequence" in faults else 1
    records = [Record(b"k", b"v"), Record(b"k", b"v")]
    if "size" in faults:
        records[0].value = bytes(2000)
    if "null-key" in faults:
        records[0].key = None
    if "timestamp" in faults:
        records[1].timestamp_delta = 2 * HOUR_MS
    if "crc" in faults:
        settings["crc"] = 1
    if "base" in faults:
        settings["base_offset"] = 5
    if "count" in faults:
        settings["last_offset_delta"] = 9
    if "zstd6" in faults:
        settings["codec"] = "zstd"
    data = batch(records, **settings)
    if "two-batches" in faults:
        data += data
    version = 6 if "zstd6" in faults else 9
    if "unknown" in faults:
        assert produce(client, topic, data, partition=5, version=version)["error_code"] == code
    else:
        refused(client, topic, data, code, version=version)


@rule("P23")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_P23_bad_partitions_do_not_fail_the_others(client, make_topic, version):
    topic = make_topic(partitions=6, max_message_bytes=1000)
    other = make_topic()
    parts = [
        (topic, 0, batch([b"good 0"])),
        (topic, 1, batch([b"bad"], crc=1)),
        (topic, 2, batch([b"good 2"])),
        (topic, 3, batch([bytes(2000)])),
        (topic, 4, batch([b"bad"], base_offset=1)),
        (topic, 5, batch([b"good 5"])),
        (topic, 6, batch([b"bad"])),
        (UNKNOWN_TOPIC, 0, batch([b"bad"])),
        (other, 0, batch([b"good"])),
    ]
    answers = produce_many(client, parts, version=version)
    codes = [answers[key(where, partition, version)]["error_code"] for where, partition, _ in parts]
    unknown = UNKNOWN_TOPIC_ID if version >= 13 else UNKNOWN_TOPIC_OR_PARTITION
    assert codes == [NONE, 2, NONE, MESSAGE_TOO_LARGE, INVALID_RECORD, NONE, UNKNOWN_TOPIC_OR_PARTITION, unknown, NONE]
    assert [values(client, topic, partition=p) for p in range(6)] == [[b"good 0"], [], [b"good 2"], [], [], [b"good 5"]]
    assert values(client, other) == [b"good"]


# What comes back.

AWKWARD = [
    Record(b"key", b"value", [(b"h", b"1")]),
    Record(None, b"no key"),
    Record(b"", b"empty key"),
    Record(b"tombstone", None),
    Record(b"empty value", b""),
    Record(None, None),
    Record(b"h", b"twice and again", [(b"a", b"1"), (b"b", b"2"), (b"a", b"1"), (b"a", b"3")]),
    Record(b"h", b"null, empty", [(b"n", None), (b"e", b""), (b"", b"nameless"), (b"", None)]),
    Record(bytes(range(256)), bytes(range(255, -1, -1)) * 3, [("größe".encode(), b"\xff\xfe\0")]),
    Record(b"time", b"backwards", timestamp_delta=-77),
    Record(b"long", b"x" * 5000, [(b"k" * 200, b"v" * 3000)]),
]


@rule("P24")
@pytest.mark.parametrize("version, codec", VERSIONS_AND_CODECS)
def test_P24_records_come_back_as_they_were(client, make_topic, version, codec):
    topic = make_topic()
    base = now_ms()
    accepted(client, topic, batch([b"before"]), at=0)
    accepted(client, topic, batch(AWKWARD, codec=codec, base_timestamp=base), at=1, version=version)
    accepted(client, topic, batch([b"behind"]), at=1 + len(AWKWARD))
    found = read_records(client, topic)[1:-1]
    assert [offset for offset, _, _ in found] == list(range(1, 1 + len(AWKWARD)))
    assert [record.content() for _, _, record in found] == [record.content() for record in AWKWARD]
    assert [stamp for _, stamp, _ in found] == [base + record.timestamp_delta for record in AWKWARD]


@rule("P24")
@pytest.mark.parametrize("codec", CODECS)
def test_P24_the_broker_fills_in_offset_and_epoch_and_nothing_else(client, make_topic, codec):
    topic = make_topic()
    accepted(client, topic, batch([b"x"] * 3), at=0)
    data = batch(AWKWARD, codec=codec, producer_id=PID, producer_epoch=3, base_sequence=0)
    accepted(client, topic, data, at=3)
    stored = read(client, topic, 3)[0]
    assert stored.base_offset == 3
    assert stored.leader_epoch >= 0
    assert stored.raw[8:12] == data[8:12]
    assert stored.raw[16:] == data[16:]


@rule("P24")
def test_P24_acknowledged_ranges_never_overlap(client, connect, make_topic):
    topic = make_topic()
    senders = [connect() for _ in range(4)]
    sizes = [1, 7, 3, 20]
    for _ in range(25):
        for sender, size in zip(senders, sizes):
            sender.send("Produce", 9, produce_request([(topic, 0, batch([b"x"] * size))], acks=1))
    ranges = []
    for sender, size in zip(senders, sizes):
        mine = [sender.receive()["responses"][0]["partition_responses"][0] for _ in range(25)]
        assert all(one["error_code"] == NONE for one in mine)
        assert [one["base_offset"] for one in mine] == sorted(one["base_offset"] for one in mine)
        ranges += [(one["base_offset"], one["base_offset"] + size) for one in mine]
    ranges.sort()
    assert ranges[0][0] == 0
    assert all(before[1] == after[0] for before, after in zip(ranges, ranges[1:]))
    assert ranges[-1][1] == 25 * sum(sizes)


@rule("A5", "P23", "P24")
def test_P24_requests_that_arrive_in_one_piece(client, make_topic):
    """They are appended together, partition by partition; nobody can tell."""
    topic = make_topic(partitions=2)
    sent = [
        [(topic, 0, batch([b"a0"])), (topic, 1, batch([b"b0"]))],
        [(topic, 1, batch([b"b1"])), (UNKNOWN_TOPIC, 0, batch([b"x"])), (topic, 0, batch([b"a1"]))],
        [(topic, 0, batch([b"y"], crc=0x12345678)), (topic, 1, batch([b"b2"]))],
        [(topic, 0, batch([b"a2"]))],
    ]
    requests = [("Produce", 9, produce_request(parts)) for parts in sent]
    requests.insert(2, ("Metadata", 12, {"topics": [], "allow_auto_topic_creation": False}))
    answers = client.call_together(requests)
    del answers[2]

    told = []
    for answer in answers:
        told.append({key: (one["error_code"], one["base_offset"]) for key, one in produce_answers(answer, 9).items()})
    name = topic.name
    assert told == [
        {(name, 0): (NONE, 0), (name, 1): (NONE, 0)},
        {(name, 0): (NONE, 1), (name, 1): (NONE, 1), (UNKNOWN_TOPIC.name, 0): (UNKNOWN_TOPIC_OR_PARTITION, -1)},
        {(name, 0): (CORRUPT_MESSAGE, -1), (name, 1): (NONE, 2)},
        {(name, 0): (NONE, 2)},
    ]
    assert values(client, topic) == [b"a0", b"a1", b"a2"]
    assert values(client, topic, partition=1) == [b"b0", b"b1", b"b2"]


@rule("P24")
@pytest.mark.parametrize("version", [5, 9, 13])
def test_P24_the_answer_tells_the_logs_start(client, make_topic, version):
    topic = make_topic()
    answer = produce(client, topic, batch([b"a"]), version=version)
    assert answer["log_start_offset"] == log_start(client, topic) == 0


@rule("P25")
@pytest.mark.parametrize(
    "fault",
    [
        dict(crc=1),
        dict(base_offset=1),
        dict(last_offset_delta=5),
        dict(control=True),
        dict(base_timestamp=now_ms() + 100 * DAY_MS),
        dict(base_sequence=5),
        dict(producer_epoch=2, base_sequence=1),
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_P25_a_refused_batch_leaves_the_producers_state_alone(client, make_topic, fault):
    topic = make_topic()
    settings = dict(producer_id=PID, producer_epoch=3)
    accepted(client, topic, batch([b"0"], **settings, base_sequence=0), at=0)
    bad = {**settings, "base_sequence": 1, **fault}
    assert produce(client, topic, batch([b"bad"], **bad))["error_code"] != NONE
    accepted(client, topic, batch([b"1"], **settings, base_sequence=1), at=1)
    accepted(client, topic, batch([b"0"], **settings, base_sequence=0), at=0)
    assert values(client, topic) == [b"0", b"1"]


@rule("P26")
@pytest.mark.parametrize("codec", CODECS)
def test_P26_compression_type_producer_keeps_the_bytes(client, make_topic, codec):
    topic = make_topic(compression_type="producer")
    data = batch(AWKWARD, codec=codec)
    accepted(client, topic, data, at=0)
    (stored,) = read(client, topic)
    assert (stored.codec, stored.payload) == (codec, data[61:])


@rule("P26")
@pytest.mark.parametrize("sent", CODECS)
@pytest.mark.parametrize("wanted", ["uncompressed", "gzip", "snappy", "lz4", "zstd"])
def test_P26_another_compression_type_compresses_again(client, make_topic, sent, wanted):
    topic = make_topic(compression_type=wanted)
    base = now_ms()
    settings = dict(base_timestamp=base, producer_id=PID, producer_epoch=0, base_sequence=0)
    accepted(client, topic, batch(AWKWARD, codec=sent, **settings), at=0)
    (stored,) = read(client, topic)
    assert stored.codec == wanted.replace("uncompressed", "none")
    assert (stored.producer_id, stored.producer_epoch, stored.base_sequence) == (PID, 0, 0)
    assert stored.base_timestamp + max(r.timestamp_delta for r in AWKWARD) == stored.max_timestamp
    found = read_records(client, topic)
    assert [record.content() for _, _, record in found] == [record.content() for record in AWKWARD]
    assert [stamp for _, stamp, _ in found] == [base + record.timestamp_delta for record in AWKWARD]
    assert [offset for offset, _, _ in found] == list(range(len(AWKWARD)))
