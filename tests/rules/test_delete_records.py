"""DeleteRecords: where a partition may be told to begin."""

import pytest

from records import Record, batch
from talk import (
    EARLIEST,
    INVALID_TOPIC_EXCEPTION,
    LATEST,
    NONE,
    OFFSET_OUT_OF_RANGE,
    POLICY_VIOLATION,
    UNKNOWN_TOPIC,
    UNKNOWN_TOPIC_OR_PARTITION,
    accepted,
    fetch,
    list_offset,
    log_start,
    ours,
    rule,
    until,
    values,
)

VERSIONS = range(0, 3)
HIGH_WATERMARK = -1


def delete_many(client, parts, version=2, timeout_ms=10_000):
    """parts: [(topic, partition, offset)]. The answers by (topic name, partition)."""
    topics = [
        {"name": topic.name, "partitions": [{"partition_index": partition, "offset": offset}]}
        for topic, partition, offset in parts
    ]
    answer = client.call("DeleteRecords", version, {"topics": topics, "timeout_ms": timeout_ms})
    told = {}
    for topic in answer["topics"]:
        for one in topic["partitions"]:
            place = (topic["name"], one["partition_index"])
            assert place not in told, "one answer for a partition"
            told[place] = (one["error_code"], one["low_watermark"])
    return told


def delete(client, topic, offset, partition=0, **settings):
    told = delete_many(client, [(topic, partition, offset)], **settings)
    assert list(told) == [(topic.name, partition)]
    return told.popitem()[1]


def filled(client, topic, count, partition=0):
    for number in range(count):
        accepted(client, topic, batch([b"%d" % number]), at=number, partition=partition)
    return topic


@rule("V17")
@pytest.mark.parametrize("version", VERSIONS)
def test_V17_the_start_moves_forward_and_never_back(client, make_topic, version):
    topic = filled(client, make_topic(), 5)
    assert delete(client, topic, 0, version=version) == (NONE, 0)
    assert delete(client, topic, 3, version=version) == (NONE, 3)
    assert delete(client, topic, 1, version=version) == (NONE, 3), "below the start nothing is left to delete"
    assert values(client, topic, 3) == [b"3", b"4"]
    assert delete(client, topic, HIGH_WATERMARK, version=version) == (NONE, 5)
    assert list_offset(client, topic, EARLIEST)["offset"] == list_offset(client, topic, LATEST)["offset"] == 5
    accepted(client, topic, batch([b"next"]), at=5)


@rule("V17")
def test_V17_the_start_may_lie_inside_of_a_batch(client, make_topic):
    topic = make_topic()
    accepted(client, topic, batch([b"%d" % number for number in range(10)]), at=0)
    assert delete(client, topic, 4) == (NONE, 4)
    assert fetch(client, topic, 3)["error_code"] == OFFSET_OUT_OF_RANGE
    got = fetch(client, topic, 4)
    assert (got["error_code"], got["log_start_offset"], got["batches"][0].base_offset) == (NONE, 4, 0)


@rule("V17")
@pytest.mark.parametrize("offset", [6, 2**63 - 1, -2, -(2**63)])
def test_V17_offsets_that_are_not_there(client, make_topic, offset):
    topic = filled(client, make_topic(), 5)
    assert delete(client, topic, offset) == (OFFSET_OUT_OF_RANGE, -1)
    assert log_start(client, topic) == 0


@rule("V17", "P8")
def test_V17_each_partition_is_judged_by_itself(client, make_topic):
    topic = make_topic(partitions=3)
    for partition in range(3):
        filled(client, topic, 2, partition=partition)
    told = delete_many(client, [(topic, 0, 1), (topic, 1, 9), (topic, 7, 1), (UNKNOWN_TOPIC, 0, 1), (topic, 2, -1)])
    assert told == {
        (topic.name, 0): (NONE, 1),
        (topic.name, 1): (OFFSET_OUT_OF_RANGE, -1),
        (topic.name, 7): (UNKNOWN_TOPIC_OR_PARTITION, -1),
        (UNKNOWN_TOPIC.name, 0): (UNKNOWN_TOPIC_OR_PARTITION, -1),
        (topic.name, 2): (NONE, 2),
    }


@rule("V17")
def test_V17_a_partition_named_twice_goes_by_the_last_offset(client, make_topic):
    topic = filled(client, make_topic(), 5)
    assert delete_many(client, [(topic, 0, 4), (topic, 0, 2)]) == {(topic.name, 0): (NONE, 2)}
    assert log_start(client, topic) == 2


@rule("V17")
def test_V17_internal_topics_are_not_the_clients(client, make_topic):
    find = {"key": "some-group", "key_type": 0}
    until(lambda: client.call("FindCoordinator", 3, find)["error_code"] == NONE, "a coordinator")
    request = {"name": "__consumer_offsets", "partitions": [{"partition_index": 0, "offset": -1}]}
    answer = client.call("DeleteRecords", 2, {"topics": [request], "timeout_ms": 10_000})
    one = answer["topics"][0]["partitions"][0]
    assert (one["error_code"], one["low_watermark"]) == (INVALID_TOPIC_EXCEPTION, -1)


@rule("V17")
def test_V17_a_topic_that_is_only_compacted_keeps_what_it_has(client, make_topic):
    topic = make_topic(cleanup_policy="compact")
    accepted(client, topic, batch([Record(key=b"key", value=b"value")]), at=0)
    for offset in (HIGH_WATERMARK, 0, 1, 9):
        assert delete(client, topic, offset) == (POLICY_VIOLATION, -1)
    assert log_start(client, topic) == 0


@rule("V18")
@ours("Kafka writes the start down later")
def test_V18_the_new_start_survives_a_kill_at_once(client, connect, broker, make_topic):
    topic = filled(client, make_topic(), 5)
    assert delete(client, topic, 4) == (NONE, 4)
    broker.kill()
    broker.start()
    again = connect()
    assert (log_start(again, topic), list_offset(again, topic, LATEST)["offset"]) == (4, 5)
    assert values(again, topic, 4) == [b"4"]
