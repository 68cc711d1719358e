"""Creating and deleting topics: which wishes are refused, and with what."""

import uuid

import pytest

from talk import (
    INVALID_CONFIG,
    INVALID_PARTITIONS,
    INVALID_REPLICA_ASSIGNMENT,
    INVALID_REPLICATION_FACTOR,
    INVALID_REQUEST,
    INVALID_TOPIC_EXCEPTION,
    NONE,
    POLICY_VIOLATION,
    TOPIC_ALREADY_EXISTS,
    TOPIC_DELETION_DISABLED,
    UNKNOWN_TOPIC,
    UNKNOWN_TOPIC_ID,
    UNKNOWN_TOPIC_OR_PARTITION,
    accepted,
    create_topic,
    create_topics,
    create_topics_request,
    delete_topics,
    describe_topic,
    fetch,
    produce,
    rule,
    until,
    values,
)
from records import batch
from wire import ZERO_UUID, Client

CREATE_VERSIONS = range(2, 8)
DELETE_VERSIONS = range(1, 7)

BAD_NAMES = {
    "empty": "",
    "dot": ".",
    "two dots": "..",
    "too long": "a" * 250,
    "slash": "a/b",
    "path": "../../etc/passwd",
    "space": "a b",
    "NUL": "a\0b",
    "line break": "a\nb",
    "escape": "\x1b[31mred",
    "umlaut": "größe",
    "fullwidth dot": "a．b",
    "colon": "a:b",
}


def fresh():
    return f"t-{uuid.uuid4().hex[:12]}"


def gone(client, name):
    return until(lambda: describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION, f"{name} is gone")


@rule("A6", "D14")
@pytest.mark.parametrize("version", CREATE_VERSIONS)
@pytest.mark.parametrize("what", BAD_NAMES)
def test_A6_names_that_are_none(client, version, what):
    name = BAD_NAMES[what]
    good = fresh()
    answer = create_topics(client, {"name": name}, {"name": good}, version=version)
    assert answer == {name: INVALID_TOPIC_EXCEPTION, good: NONE}


@rule("A6", "D14")
@pytest.mark.parametrize("name", ["a" * 249, "con", "-", "_", "A.b-C_9", "...", "nul"])
def test_A6_names_that_are_some(client, name):
    topic = create_topic(client, name)
    accepted(client, topic, batch([b"x"]), at=0)
    assert values(client, topic) == [b"x"]
    assert delete_topics(client, name) == {name: NONE}


@rule("A6")
def test_A6_dots_and_underscores_collide(client):
    name = f"{fresh()}.a_b.c"
    create_topic(client, name)
    for other in (name.replace(".", "_"), name.replace("_", ".")):
        assert create_topics(client, {"name": other}) == {other: INVALID_TOPIC_EXCEPTION}


@rule("A6")
@pytest.mark.parametrize("version", CREATE_VERSIONS)
def test_A6_a_name_that_is_taken(client, version):
    name = fresh()
    topic = create_topic(client, name, partitions=2)
    accepted(client, topic, batch([b"x"]), at=0)
    assert create_topics(client, {"name": name, "partitions": 9}, version=version) == {name: TOPIC_ALREADY_EXISTS}
    assert len(describe_topic(client, name)["partitions"]) == 2
    assert values(client, topic) == [b"x"]


@rule("A6")
@pytest.mark.parametrize(
    "wish, code",
    [
        (dict(partitions=0), INVALID_PARTITIONS),
        (dict(partitions=-2), INVALID_PARTITIONS),
        (dict(replicas=0), INVALID_REPLICATION_FACTOR),
        (dict(replicas=-2), INVALID_REPLICATION_FACTOR),
        (dict(replicas=2), INVALID_REPLICATION_FACTOR),
        (dict(replicas=32767), INVALID_REPLICATION_FACTOR),
        (dict(configs={"no.such.config": "1"}), INVALID_CONFIG),
        (dict(configs={"retention.ms": "soon"}), INVALID_CONFIG),
        (dict(configs={"retention.ms": "-2"}), INVALID_CONFIG),
        (dict(configs={"cleanup.policy": "burn"}), INVALID_CONFIG),
        (dict(configs={"compression.type": "zip"}), INVALID_CONFIG),
        (dict(configs={"max.message.bytes": "-1"}), INVALID_CONFIG),
        (dict(configs={"retention.ms": None}), INVALID_CONFIG),
    ],
    ids=str,
)
@pytest.mark.parametrize("version", [2, 4, 5, 7])
def test_A6_wishes_that_cannot_be(client, version, wish, code):
    name = fresh()
    assert create_topics(client, {"name": name, **wish}, version=version) == {name: code}
    assert describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


def assigned(*replicas):
    return [{"partition_index": index, "broker_ids": list(ids)} for index, ids in enumerate(replicas)]


@rule("A6")
@pytest.mark.parametrize(
    "assignments, code",
    [
        ([{"partition_index": 1, "broker_ids": [1]}], INVALID_REPLICA_ASSIGNMENT),
        (assigned([]), INVALID_REPLICA_ASSIGNMENT),
        (assigned(["me", "me"]), INVALID_REPLICA_ASSIGNMENT),
        (assigned([12345]), INVALID_REPLICA_ASSIGNMENT),
        (assigned([-1]), INVALID_REPLICA_ASSIGNMENT),
    ],
    ids=["gap", "nobody", "twice", "unknown broker", "negative broker"],
)
@pytest.mark.parametrize("version", CREATE_VERSIONS)
def test_A6_assignments_that_cannot_be(client, version, assignments, code):
    me = client.call("Metadata", 12, {"topics": []})["brokers"][0]["node_id"]
    assignments = [{**one, "broker_ids": [me if b == "me" else b for b in one["broker_ids"]]} for one in assignments]
    name = fresh()
    wish = {"name": name, "partitions": -1, "replicas": -1, "assignments": assignments}
    assert create_topics(client, wish, version=version) == {name: code}
    assert describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


@rule("A6")
@pytest.mark.parametrize("version", CREATE_VERSIONS)
def test_A6_a_manual_assignment(client, version):
    me = client.call("Metadata", 12, {"topics": []})["brokers"][0]["node_id"]
    name = fresh()
    wish = {"name": name, "partitions": -1, "replicas": -1, "assignments": assigned([me], [me], [me])}
    assert create_topics(client, wish, version=version) == {name: NONE}
    until(lambda: len(describe_topic(client, name)["partitions"]) == 3, "three partitions")
    # An assignment and a number of partitions at once contradict each other.
    wish = {"name": fresh(), "partitions": 3, "replicas": -1, "assignments": assigned([me], [me], [me])}
    assert list(create_topics(client, wish, version=version).values()) == [INVALID_REQUEST]


@rule("A6")
@pytest.mark.parametrize("version", CREATE_VERSIONS)
def test_A6_a_name_twice_in_one_request(client, version):
    name, other = fresh(), fresh()
    answer = create_topics(client, {"name": name}, {"name": other}, {"name": name, "partitions": 3}, version=version)
    assert answer == {name: INVALID_REQUEST, other: NONE}
    assert describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


@rule("A6")
@pytest.mark.parametrize("version", CREATE_VERSIONS)
def test_A6_validate_only_creates_nothing(client, version):
    good, bad = fresh(), fresh()
    wishes = ({"name": good}, {"name": bad, "partitions": 0})
    assert create_topics(client, *wishes, version=version, validate_only=True) == {good: NONE, bad: INVALID_PARTITIONS}
    for name in (good, bad):
        assert describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


@rule("A6")
def test_A6_a_creation_tells_what_it_made(client):
    name = fresh()
    wish = create_topics_request({"name": name, "partitions": 3, "configs": {"retention.ms": "12345"}})
    (made,) = client.call("CreateTopics", 7, wish)["topics"]
    assert (made["error_code"], made["num_partitions"], made["replication_factor"]) == (NONE, 3, 1)
    assert made["topic_id"] not in (ZERO_UUID, None)
    assert {one["name"]: one["value"] for one in made["configs"]}["retention.ms"] == "12345"
    until(lambda: describe_topic(client, name)["error_code"] == NONE, "it is there")
    assert describe_topic(client, name)["topic_id"] == made["topic_id"]


# Deleting.


@rule("A7")
@pytest.mark.parametrize("version", DELETE_VERSIONS)
def test_A7_by_name(client, version):
    name, unknown = fresh(), fresh()
    topic = create_topic(client, name)
    accepted(client, topic, batch([b"x"]), at=0)
    wish = {"timeout_ms": 10_000}
    if version < 6:
        wish["topic_names"] = [name, unknown]
    else:
        wish["topics"] = [{"name": name}, {"name": unknown}]
    answer = client.call("DeleteTopics", version, wish)
    assert {one["name"]: one["error_code"] for one in answer["responses"]} == {
        name: NONE,
        unknown: UNKNOWN_TOPIC_OR_PARTITION,
    }
    gone(client, name)
    until(lambda: produce(client, topic, batch([b"y"]))["error_code"] == UNKNOWN_TOPIC_OR_PARTITION, "no produce")
    until(lambda: fetch(client, topic, 0)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION, "no fetch")


@rule("A7")
def test_A7_by_id(client):
    topic = create_topic(client, fresh())
    unknown = uuid.UUID(int=99)
    wish = {"topics": [{"topic_id": topic.id, "name": None}, {"topic_id": unknown, "name": None}], "timeout_ms": 10_000}
    answer = client.call("DeleteTopics", 6, wish)
    assert {one["topic_id"]: one["error_code"] for one in answer["responses"]} == {
        topic.id: NONE,
        unknown: UNKNOWN_TOPIC_ID,
    }
    gone(client, topic.name)


@rule("A7")
def test_A7_one_topic_by_name_and_by_id(client):
    topic = create_topic(client, fresh())
    wish = {"topics": [{"name": topic.name}, {"topic_id": topic.id, "name": None}], "timeout_ms": 10_000}
    answer = client.call("DeleteTopics", 6, wish)
    assert {one["error_code"] for one in answer["responses"]} == {INVALID_REQUEST}
    assert describe_topic(client, topic.name)["error_code"] == NONE


@rule("A7")
def test_A7_a_name_twice(client):
    topic = create_topic(client, fresh())
    wish = {"topics": [{"name": topic.name}, {"name": topic.name}], "timeout_ms": 10_000}
    answer = client.call("DeleteTopics", 6, wish)
    assert {one["error_code"] for one in answer["responses"]} == {INVALID_REQUEST}
    assert describe_topic(client, topic.name)["error_code"] == NONE


@rule("A7")
def test_A7_where_deletion_is_disabled(new_broker, tmp_path):
    with new_broker(tmp_path, {"delete.topic.enable": "false"}) as broker, Client(broker.address) as client:
        topic = create_topic(client, "keep-me")
        assert delete_topics(client, topic.name, version=5) == {topic.name: TOPIC_DELETION_DISABLED}
        assert describe_topic(client, topic.name)["error_code"] == NONE


@rule("A8")
def test_A8_too_much_for_one_request(client):
    # 10,000 is the most that one request may add to the metadata; nothing of this one is done.
    names = [fresh() for _ in range(3)]
    answer = create_topics(client, *[{"name": name, "partitions": 4000} for name in names])
    assert set(answer.values()) == {POLICY_VIOLATION}
    for name in names:
        assert describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


@rule("A8")
@pytest.mark.parametrize("partitions", [10_001, 1_000_000, 2**31 - 1])
def test_A8_too_many_partitions_of_one_topic(client, partitions):
    name = fresh()
    answer = create_topics(client, {"name": name, "partitions": partitions})
    assert set(answer.values()) == {POLICY_VIOLATION}
    assert describe_topic(client, name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


@pytest.mark.parametrize("version", [0, 9, 12])
def test_a_topic_that_is_asked_for_again_is_told_once(client, make_topic, version):
    """Else a small request could ask for an answer of any size."""
    topic = make_topic(partitions=10)

    def told(*topics):
        wish = {"topics": list(topics) * 1000, "allow_auto_topic_creation": False}
        return sorted((one["name"] or "", one["error_code"]) for one in client.call("Metadata", version, wish)["topics"])

    assert told({"name": topic.name}, {"name": "a/b"}) == [("a/b", INVALID_TOPIC_EXCEPTION), (topic.name, NONE)]
    if version >= 12:
        by_id = [{"topic_id": one.id, "name": None} for one in (topic, UNKNOWN_TOPIC)]
        assert told(*by_id) == [("", UNKNOWN_TOPIC_ID), (topic.name, NONE)]


def test_an_unknown_id_has_no_name(client):
    (answer,) = client.call("Metadata", 12, {"topics": [{"topic_id": UNKNOWN_TOPIC.id, "name": None}]})["topics"]
    assert (answer["name"], answer["error_code"]) == (None, UNKNOWN_TOPIC_ID)
