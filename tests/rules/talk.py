"""Short words for the requests that most rules are about, and the marker that names a rule.

    @rule("P11")
    def test_P11_a_wrong_checksum_is_refused(client, make_topic):
        topic = make_topic()
        refused(client, topic, batch([b"x"], crc=1), CORRUPT_MESSAGE)

Every word takes a version, so that a test can walk through them; topic ids stand in for names where
the version wants them.
"""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from records import flatten, parse
from wire import ZERO_UUID

rule = pytest.mark.rule  # @rule("P4", "P5"): the rules of docs/rules.md that a test proves
ours = pytest.mark.ours  # Kafka does not promise this; the test runs against Barnabas only

# Error codes.
UNKNOWN_SERVER_ERROR = -1
NONE = 0
OFFSET_OUT_OF_RANGE = 1
CORRUPT_MESSAGE = 2
UNKNOWN_TOPIC_OR_PARTITION = 3
NOT_LEADER_OR_FOLLOWER = 6
REQUEST_TIMED_OUT = 7
MESSAGE_TOO_LARGE = 10
OFFSET_METADATA_TOO_LARGE = 12
INVALID_TOPIC_EXCEPTION = 17
RECORD_LIST_TOO_LARGE = 18
INVALID_REQUIRED_ACKS = 21
ILLEGAL_GENERATION = 22
INCONSISTENT_GROUP_PROTOCOL = 23
INVALID_GROUP_ID = 24
UNKNOWN_MEMBER_ID = 25
INVALID_SESSION_TIMEOUT = 26
REBALANCE_IN_PROGRESS = 27
INVALID_TIMESTAMP = 32
UNSUPPORTED_VERSION = 35
TOPIC_ALREADY_EXISTS = 36
INVALID_PARTITIONS = 37
INVALID_REPLICATION_FACTOR = 38
INVALID_REPLICA_ASSIGNMENT = 39
INVALID_CONFIG = 40
INVALID_REQUEST = 42
UNSUPPORTED_FOR_MESSAGE_FORMAT = 43
POLICY_VIOLATION = 44
OUT_OF_ORDER_SEQUENCE_NUMBER = 45
INVALID_PRODUCER_EPOCH = 47
INVALID_TXN_STATE = 48
NON_EMPTY_GROUP = 68
GROUP_ID_NOT_FOUND = 69
FETCH_SESSION_ID_NOT_FOUND = 70
INVALID_FETCH_SESSION_EPOCH = 71
TOPIC_DELETION_DISABLED = 73
UNKNOWN_LEADER_EPOCH = 75
UNSUPPORTED_COMPRESSION_TYPE = 76
MEMBER_ID_REQUIRED = 79
GROUP_MAX_SIZE_REACHED = 81
FENCED_INSTANCE_ID = 82
GROUP_SUBSCRIBED_TO_TOPIC = 86
INVALID_RECORD = 87
UNKNOWN_TOPIC_ID = 100
INCONSISTENT_TOPIC_ID = 103
FETCH_SESSION_TOPIC_ID_ERROR = 106

PRODUCE_VERSIONS = range(3, 14)
FETCH_VERSIONS = range(4, 19)

LATEST, EARLIEST, MAX_TIMESTAMP = -1, -2, -3


@dataclass
class Topic:
    name: str
    id: uuid.UUID
    partitions: int = 1

    def ref(self, by_id, name="name"):
        return {"topic_id": self.id} if by_id else {name: self.name}


UNKNOWN_TOPIC = Topic("there-is-no-such-topic", uuid.UUID(int=0x1234567890ABCDEF))


def resident_bytes(broker, which="VmRSS"):
    status = Path(f"/proc/{broker.pid}/status").read_text()
    return int(re.search(rf"{which}:\s+(\d+) kB", status)[1]) << 10


def until(condition, what, timeout_s=20):
    """Asks again and again until the condition is true."""
    ends = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < ends, f"after {timeout_s} s still not: {what}"
        time.sleep(0.01)


# Produce.


def produce_request(parts, acks=-1, timeout_ms=10_000, version=9, transactional_id=None):
    """parts: [(topic, partition, record bytes)], in that order."""
    topics = []
    for topic, partition, data in parts:
        if not topics or topics[-1][0] is not topic:
            topics.append((topic, []))
        topics[-1][1].append({"index": partition, "records": data})
    return {
        "transactional_id": transactional_id,
        "acks": acks,
        "timeout_ms": timeout_ms,
        "topic_data": [{**topic.ref(version >= 13), "partition_data": data} for topic, data in topics],
    }


def produce_many(client, parts, version=9, **settings):
    """The partitions' answers, by (topic name or id, index)."""
    answer = client.call("Produce", version, produce_request(parts, version=version, **settings))
    return produce_answers(answer, version)


def produce_answers(answer, version):
    key = "topic_id" if version >= 13 else "name"
    return {
        (topic[key], one["index"]): one for topic in answer["responses"] for one in topic["partition_responses"]
    }


def produce(client, topic, data, partition=0, version=9, **settings):
    answers = produce_many(client, [(topic, partition, data)], version=version, **settings)
    assert list(answers) == [(topic.id if version >= 13 else topic.name, partition)]
    return answers.popitem()[1]


def accepted(client, topic, data, at=None, **settings):
    """Produces, requires success and returns the base offset."""
    answer = produce(client, topic, data, **settings)
    assert answer["error_code"] == NONE, answer
    assert at is None or answer["base_offset"] == at, answer
    return answer["base_offset"]


def refused(client, topic, data, code, partition=0, **settings):
    """Produces, requires this error and that the log did not move (P25). Returns the answer."""
    before = log_end(client, topic, partition)
    answer = produce(client, topic, data, partition=partition, **settings)
    assert answer["error_code"] == code, answer
    assert answer["base_offset"] == -1, answer
    assert log_end(client, topic, partition) == before, "a refused batch moved the log's end"
    return answer


# ListOffsets.


def list_offset(client, topic, timestamp, partition=0, version=7, isolation=0, leader_epoch=-1):
    answer = client.call(
        "ListOffsets",
        version,
        {
            "replica_id": -1,
            "isolation_level": isolation,
            "topics": [
                {
                    "name": topic.name,
                    "partitions": [
                        {"partition_index": partition, "current_leader_epoch": leader_epoch, "timestamp": timestamp}
                    ],
                }
            ],
        },
    )
    return answer["topics"][0]["partitions"][0]


def log_end(client, topic, partition=0):
    answer = list_offset(client, topic, LATEST, partition)
    assert answer["error_code"] == NONE, answer
    return answer["offset"]


def log_start(client, topic, partition=0):
    answer = list_offset(client, topic, EARLIEST, partition)
    assert answer["error_code"] == NONE, answer
    return answer["offset"]


# Fetch.


def fetch_request(
    parts,
    version=12,
    max_wait_ms=0,
    min_bytes=1,
    max_bytes=50 * 1024 * 1024,
    partition_max_bytes=1024 * 1024,
    isolation=0,
    session_id=0,
    session_epoch=-1,
    forgotten=(),
    replica_id=-1,
    leader_epoch=-1,
):
    """parts: [(topic, partition, offset)]; forgotten: [(topic, partition)]."""
    by_id = version >= 13
    topics, gone = [], []
    for topic, partition, offset in parts:
        if not topics or topics[-1][0] is not topic:
            topics.append((topic, []))
        topics[-1][1].append(
            {
                "partition": partition,
                "fetch_offset": offset,
                "partition_max_bytes": partition_max_bytes,
                "current_leader_epoch": leader_epoch,
            }
        )
    for topic, partition in forgotten:
        gone.append({**topic.ref(by_id, "topic"), "partitions": [partition]})
    return {
        "replica_id": replica_id,
        "max_wait_ms": max_wait_ms,
        "min_bytes": min_bytes,
        "max_bytes": max_bytes,
        "isolation_level": isolation,
        "session_id": session_id,
        "session_epoch": session_epoch,
        "topics": [{**topic.ref(by_id, "topic"), "partitions": wanted} for topic, wanted in topics],
        "forgotten_topics_data": gone,
    }


def fetch_answers(answer, version):
    key = "topic_id" if version >= 13 else "topic"
    return {(topic[key], one["partition_index"]): one for topic in answer["responses"] for one in topic["partitions"]}


def fetch_many(client, parts, version=12, **settings):
    answer = client.call("Fetch", version, fetch_request(parts, version=version, **settings))
    assert answer.get("error_code", NONE) == NONE, answer
    return fetch_answers(answer, version)


def fetch(client, topic, offset, partition=0, version=12, **settings):
    """One partition's answer, with its whole batches parsed into "batches"."""
    answers = fetch_many(client, [(topic, partition, offset)], version=version, **settings)
    answer = answers[topic.id if version >= 13 else topic.name, partition]
    answer["batches"] = parse(answer["records"] or b"")
    return answer


def read(client, topic, offset=0, partition=0, **settings):
    """Every whole batch from an offset to the end, over as many fetches as that takes."""
    batches = []
    while True:
        answer = fetch(client, topic, offset, partition, **settings)
        assert answer["error_code"] == NONE, answer
        if not answer["batches"]:
            return batches
        batches += answer["batches"]
        offset = batches[-1].last_offset + 1


def read_records(client, topic, offset=0, partition=0, **settings):
    """(offset, timestamp, Record) of every record from an offset to the end."""
    return list(flatten(read(client, topic, offset, partition, **settings)))


def values(client, topic, offset=0, partition=0, **settings):
    return [record.value for _, _, record in read_records(client, topic, offset, partition, **settings)]


# Topics.


def describe_topic(client, name):
    answer = client.call("Metadata", 12, {"topics": [{"name": name}], "allow_auto_topic_creation": False})
    return answer["topics"][0]


def create_topics_request(*topics, validate_only=False, timeout_ms=10_000):
    """topics: dicts with name and any of partitions, replicas, configs, assignments."""
    return {
        "topics": [
            {
                "name": topic["name"],
                "num_partitions": topic.get("partitions", 1),
                "replication_factor": topic.get("replicas", 1),
                "assignments": topic.get("assignments", []),
                "configs": [{"name": name, "value": value} for name, value in topic.get("configs", {}).items()],
            }
            for topic in topics
        ],
        "timeout_ms": timeout_ms,
        "validate_only": validate_only,
    }


def create_topics(client, *topics, version=5, **settings):
    """The error code of each topic, by name."""
    answer = client.call("CreateTopics", version, create_topics_request(*topics, **settings))
    return {topic["name"]: topic["error_code"] for topic in answer["topics"]}


def create_topic(client, name, partitions=1, configs=None):
    configs = {key.replace("_", "."): str(value) for key, value in (configs or {}).items()}
    answer = create_topics(client, {"name": name, "partitions": partitions, "configs": configs})
    assert answer == {name: NONE}, answer

    def ready():
        topic = describe_topic(client, name)
        led = topic["error_code"] == NONE and all(p["error_code"] == NONE for p in topic["partitions"])
        return topic if led and len(topic["partitions"]) == partitions else None

    described = until(ready, f"topic {name} has leaders")
    assert described["topic_id"] != ZERO_UUID
    topic = Topic(name, described["topic_id"], partitions)
    # Kafka's metadata know the leader a moment before the leader knows.
    for partition in range(partitions):
        until(lambda: list_offset(client, topic, LATEST, partition)["error_code"] == NONE, f"{name}-{partition} is led")
    return topic


def delete_topics(client, *names, version=5):
    answer = client.call("DeleteTopics", version, {"topic_names": list(names), "timeout_ms": 10_000})
    return {one["name"]: one["error_code"] for one in answer["responses"]}


def supported_versions(client):
    """What the broker advertises: {api key: (first, last)}."""
    answer = client.call("ApiVersions", 3, {"client_software_name": "rules", "client_software_version": "1"})
    assert answer["error_code"] == NONE, answer
    return {one["api_key"]: (one["min_version"], one["max_version"]) for one in answer["api_keys"]}
