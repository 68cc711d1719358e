"""ListOffsets: the first, the last, and the offset of a time."""

import pytest

from records import Record, batch, now_ms
from talk import (
    EARLIEST,
    INVALID_REQUEST,
    LATEST,
    MAX_TIMESTAMP,
    NONE,
    UNKNOWN_TOPIC,
    UNKNOWN_TOPIC_OR_PARTITION,
    UNSUPPORTED_VERSION,
    accepted,
    list_offset,
    rule,
)

VERSIONS = range(1, 12)

# A special timestamp and the first version that knows it.
SPECIAL = {
    "offset of the largest timestamp": (-3, 7),
    "earliest local": (-4, 8),
    "latest tiered": (-5, 9),
    "earliest pending upload": (-6, 11),
}


@rule("V13")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("isolation", [0, 1])
def test_V13_first_and_last(client, make_topic, version, isolation):
    topic = make_topic()
    for expected in (0, 3):
        last = list_offset(client, topic, LATEST, version=version, isolation=isolation)
        assert (last["error_code"], last["offset"], last["timestamp"]) == (NONE, expected, -1)
        first = list_offset(client, topic, EARLIEST, version=version, isolation=isolation)
        assert (first["error_code"], first["offset"], first["timestamp"]) == (NONE, 0, -1)
        if version >= 4:
            assert last["leader_epoch"] >= 0
        accepted(client, topic, batch([b"x"] * 3))


@rule("V13")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_V13_the_first_record_that_is_not_older(client, make_topic, version, codec):
    topic = make_topic()
    # Times go back and forth, inside batches and between them.
    deltas = [[0, 10, 20], [15, 5, 30], [30, 30, 40]]
    times = [1_000_000 + delta for deltas_of_one in deltas for delta in deltas_of_one]
    for of_one in deltas:
        records = [Record(value=b"x", timestamp_delta=delta) for delta in of_one]
        accepted(client, topic, batch(records, codec=codec, base_timestamp=1_000_000))
    for wanted in range(999_999, 1_000_043):
        found = list_offset(client, topic, wanted, version=version)
        expected = next((offset for offset, stamp in enumerate(times) if stamp >= wanted), None)
        assert found["error_code"] == NONE
        if expected is None:
            assert (found["offset"], found["timestamp"]) == (-1, -1)
        else:
            assert (found["offset"], found["timestamp"]) == (expected, times[expected]), wanted


@rule("V13")
@pytest.mark.parametrize("version", VERSIONS)
def test_V13_no_record_is_no_error(client, make_topic, version):
    topic = make_topic()
    found = list_offset(client, topic, 0, version=version)
    assert (found["error_code"], found["offset"], found["timestamp"]) == (NONE, -1, -1)
    accepted(client, topic, batch([b"x"]))
    found = list_offset(client, topic, now_ms() + 1_000_000, version=version)
    assert (found["error_code"], found["offset"], found["timestamp"]) == (NONE, -1, -1)


@rule("V13")
@pytest.mark.parametrize("version", range(7, 12))
@pytest.mark.parametrize("codec", ["none", "gzip"])
def test_V13_the_largest_timestamp(client, make_topic, version, codec):
    topic = make_topic()
    found = list_offset(client, topic, MAX_TIMESTAMP, version=version)
    assert (found["error_code"], found["offset"], found["timestamp"]) == (NONE, -1, -1)
    for deltas in ([0, 1], [5, 90, 20], [90, 7]):
        records = [Record(value=b"x", timestamp_delta=delta) for delta in deltas]
        accepted(client, topic, batch(records, codec=codec, base_timestamp=1_000_000))
    found = list_offset(client, topic, MAX_TIMESTAMP, version=version)
    assert (found["error_code"], found["timestamp"]) == (NONE, 1_000_090)
    assert found["offset"] == 3, "the lowest offset of those that share it"


@rule("V13")
def test_V13_deleted_records_are_not_found(client, make_topic):
    topic = make_topic()
    for number in range(4):
        accepted(client, topic, batch([b"x"], base_timestamp=1_000_000 + number))
    wish = {"topics": [{"name": topic.name, "partitions": [{"partition_index": 0, "offset": 2}]}], "timeout_ms": 10_000}
    assert client.call("DeleteRecords", 1, wish)["topics"][0]["partitions"][0]["error_code"] == NONE
    assert list_offset(client, topic, EARLIEST)["offset"] == 2
    assert list_offset(client, topic, 0)["offset"] == 2
    assert list_offset(client, topic, LATEST)["offset"] == 4


@rule("V15")
@pytest.mark.parametrize("version", VERSIONS)
def test_V15_a_partition_listed_twice(client, make_topic, version):
    topic = make_topic(partitions=2)
    partitions = [{"partition_index": index, "timestamp": LATEST} for index in (0, 1, 0)]
    wish = {"replica_id": -1, "topics": [{"name": topic.name, "partitions": partitions}]}
    answer = client.call("ListOffsets", version, wish)
    codes = {}
    for one in answer["topics"][0]["partitions"]:
        codes.setdefault(one["partition_index"], set()).add(one["error_code"])
    assert codes == {0: {INVALID_REQUEST}, 1: {NONE}}


@rule("V16")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("what", SPECIAL)
def test_V16_a_special_timestamp_of_a_later_version(client, make_topic, version, what):
    topic = make_topic()
    accepted(client, topic, batch([b"x"]))
    timestamp, since = SPECIAL[what]
    found = list_offset(client, topic, timestamp, version=version)
    if version < since:
        assert (found["error_code"], found["offset"]) == (UNSUPPORTED_VERSION, -1)
    else:
        assert found["error_code"] == NONE


@rule("V16")
def test_V16_a_timestamp_that_no_version_knows(client, make_topic):
    topic = make_topic()
    assert list_offset(client, topic, -99, version=11)["error_code"] == UNSUPPORTED_VERSION


@rule("P8")
@pytest.mark.parametrize("version", VERSIONS)
def test_P8_offsets_of_what_is_not_there(client, make_topic, version):
    topic = make_topic()
    assert list_offset(client, UNKNOWN_TOPIC, LATEST, version=version)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
    assert list_offset(client, topic, LATEST, 9, version=version)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
