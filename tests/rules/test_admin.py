"""Administration: configs of topics and brokers, log levels, and what one node says about itself."""

import pytest

from records import batch
from talk import (
    INVALID_CONFIG,
    INVALID_REQUEST,
    INVALID_TOPIC_EXCEPTION,
    MESSAGE_TOO_LARGE,
    NONE,
    UNKNOWN_TOPIC_OR_PARTITION,
    UNSUPPORTED_VERSION,
    accepted,
    ours,
    produce,
    read,
    rule,
    until,
)
from wire import Client

TOPIC, BROKER, LOGGER, CLIENT_METRICS, GROUP = 2, 4, 8, 16, 32
SET, DELETE, APPEND, SUBTRACT = range(4)
FROM_TOPIC, FROM_BROKER, FROM_ALL_BROKERS, FROM_START, FROM_DEFAULT, FROM_LOGGER = 1, 2, 3, 4, 5, 6

# A broker that has the settings of a start, to be shown as such.
SETTINGS = {"log.segment.bytes": "20000000"}


def describe(client, kind, name, *keys, version=4, synonyms=True, documentation=False):
    """One resource's answer, with its configs by name."""
    request = {
        "resources": [{"resource_type": kind, "resource_name": name, "configuration_keys": list(keys) or None}],
        "include_synonyms": synonyms,
        "include_documentation": documentation,
    }
    (answer,) = client.call("DescribeConfigs", version, request)["results"]
    assert (answer["resource_type"], answer["resource_name"]) == (kind, name)
    return answer, {config["name"]: config for config in answer["configs"]}


def values(client, kind, name, *keys):
    return {key: config["value"] for key, config in describe(client, kind, name, *keys)[1].items()}


def alter(client, kind, name, *changes, version=1, validate_only=False):
    """changes: (name, operation, value). Returns the error code."""
    request = {
        "resources": [
            {
                "resource_type": kind,
                "resource_name": name,
                "configs": [{"name": n, "config_operation": op, "value": value} for n, op, value in changes],
            }
        ],
        "validate_only": validate_only,
    }
    (answer,) = client.call("IncrementalAlterConfigs", version, request)["responses"]
    assert (answer["resource_type"], answer["resource_name"]) == (kind, name)
    assert bool(answer["error_message"]) == (answer["error_code"] != NONE), answer
    return answer["error_code"]


@pytest.fixture
def altered(client):
    """alter(), and afterwards everything is as before."""
    done = []

    def change(kind, name, *changes):
        code = alter(client, kind, name, *changes)
        if code == NONE:
            done.append((kind, name, [(n, DELETE, None) for n, _, _ in changes]))
        return code

    yield change
    for kind, name, changes in done:
        alter(client, kind, name, *changes)


def node(client):
    return str(client.call("DescribeCluster", 0)["brokers"][0]["broker_id"])


# DescribeConfigs.


@rule("ADM1")
@pytest.mark.parametrize("version", range(1, 5))
def test_ADM1_a_topics_configs_with_what_stands_behind_them(client, make_topic, version):
    topic = make_topic(segment_bytes="2000000")
    _, configs = describe(client, TOPIC, topic.name, version=version)
    size = configs["segment.bytes"]
    assert (size["value"], size["read_only"], size["is_sensitive"]) == ("2000000", False, False)
    assert size["config_source"] == FROM_TOPIC
    assert [(s["name"], s["value"], s["source"]) for s in size["synonyms"]] == [
        ("segment.bytes", "2000000", FROM_TOPIC),
        ("log.segment.bytes", "20000000", FROM_START),
        ("log.segment.bytes", "1073741824", FROM_DEFAULT),
    ]
    assert configs["flush.ms"]["config_source"] == FROM_DEFAULT
    if version >= 3:
        assert (size["config_type"], configs["cleanup.policy"]["config_type"]) == (3, 7)
        assert size["documentation"] is None
        assert describe(client, TOPIC, topic.name, documentation=True)[1]["segment.bytes"]["documentation"]


@rule("ADM1")
@ours("Kafka 4 dropped version 0")
def test_ADM1_version_0_says_what_is_default(client, make_topic):
    topic = make_topic(retention_ms="5000")
    _, configs = describe(client, TOPIC, topic.name, version=0)
    assert (configs["retention.ms"]["is_default"], configs["flush.ms"]["is_default"]) == (False, True)


@rule("ADM1")
def test_ADM1_only_what_was_asked_for_and_no_list_is_all(client, make_topic):
    topic = make_topic()
    assert set(describe(client, TOPIC, topic.name, "retention.ms", "no.such")[1]) == {"retention.ms"}
    request = {"resources": [{"resource_type": TOPIC, "resource_name": topic.name, "configuration_keys": []}]}
    (answer,) = client.call("DescribeConfigs", 4, request)["results"]
    assert len(answer["configs"]) > 20
    assert all(config["synonyms"] == [] for config in answer["configs"])


@rule("ADM1", "SEC10")
def test_ADM1_a_broker_tells_its_settings_and_no_secrets(client):
    _, configs = describe(client, BROKER, node(client))
    size = configs["log.segment.bytes"]
    assert (size["value"], size["read_only"], size["config_source"]) == ("20000000", False, FROM_START)
    assert configs["node.id"]["read_only"] is True
    assert configs["max.connections"]["read_only"] is False
    secret = configs["ssl.keystore.password"]
    assert (secret["is_sensitive"], secret["value"]) == (True, None)


@rule("ADM1")
@pytest.mark.parametrize(
    "resource, name, code",
    [
        (TOPIC, "there-is-no-such-topic", UNKNOWN_TOPIC_OR_PARTITION),
        (TOPIC, "", INVALID_TOPIC_EXCEPTION),
        (TOPIC, "../../etc/passwd", INVALID_TOPIC_EXCEPTION),
        (BROKER, "4711", INVALID_REQUEST),
        (BROKER, "x", INVALID_REQUEST),
        (BROKER, "", NONE),
        (LOGGER, "", INVALID_REQUEST),
        (LOGGER, "4711", INVALID_REQUEST),
        (CLIENT_METRICS, "", INVALID_REQUEST),
        (CLIENT_METRICS, "any", NONE),
        (GROUP, "", INVALID_REQUEST),
        (GROUP, "any", NONE),
        (3, "x", INVALID_REQUEST),
        (-1, "x", INVALID_REQUEST),
    ],
)
def test_ADM1_resources_that_are_none(client, resource, name, code):
    assert describe(client, resource, name)[0]["error_code"] == code


# IncrementalAlterConfigs and AlterConfigs.


@rule("ADM2")
@pytest.mark.parametrize("version", [0, 1])
def test_ADM2_set_append_subtract_delete(client, make_topic, version):
    topic = make_topic()
    throttled = "leader.replication.throttled.replicas"

    def change(*changes):
        assert alter(client, TOPIC, topic.name, *changes, version=version) == NONE
        return values(client, TOPIC, topic.name, "retention.ms", throttled)

    assert change(("retention.ms", SET, "7"), (throttled, SET, "0:1")) == {"retention.ms": "7", throttled: "0:1"}
    assert change((throttled, APPEND, "1:1")) == {"retention.ms": "7", throttled: "0:1,1:1"}
    assert change((throttled, SUBTRACT, "0:1")) == {"retention.ms": "7", throttled: "1:1"}
    assert change(("retention.ms", DELETE, None), ("no.such", DELETE, None)) == {
        "retention.ms": str(7 * 24 * 3600 * 1000),
        throttled: "1:1",
    }


@rule("ADM2")
def test_ADM2_a_refused_change_changes_nothing(client, make_topic):
    topic = make_topic()

    def refused(*changes, kind=TOPIC, name=topic.name):
        before = values(client, TOPIC, topic.name)
        code = alter(client, kind, name, *changes)
        assert values(client, TOPIC, topic.name) == before
        return code

    good = ("flush.ms", SET, "7")
    assert refused(good, ("retention.ms", SET, "soon")) == INVALID_CONFIG
    assert refused(good, ("no.such.config", SET, "1")) == INVALID_CONFIG
    assert refused(good, ("retention.ms", SET, None)) == INVALID_REQUEST
    assert refused(good, ("retention.ms", APPEND, "1")) == INVALID_CONFIG
    assert refused(good, good) == INVALID_REQUEST
    assert refused(good, name="") == INVALID_REQUEST
    assert refused(good, name="a/b") == INVALID_TOPIC_EXCEPTION
    assert refused(good, name="there-is-no-such-topic") == UNKNOWN_TOPIC_OR_PARTITION
    assert refused(good, kind=3) == INVALID_REQUEST


@rule("ADM2")
def test_ADM2_every_resource_by_itself_and_once(client, make_topic):
    topic, other = make_topic(), make_topic()

    def resource(name, value):
        config = {"name": "flush.ms", "config_operation": SET, "value": value}
        return {"resource_type": TOPIC, "resource_name": name, "configs": [config]}

    asked = [resource(topic.name, "soon"), resource(other.name, "7")]
    answer = client.call("IncrementalAlterConfigs", 1, {"resources": asked})
    codes = {one["resource_name"]: one["error_code"] for one in answer["responses"]}
    assert codes == {topic.name: INVALID_CONFIG, other.name: NONE}
    assert values(client, TOPIC, other.name, "flush.ms") == {"flush.ms": "7"}
    answer = client.call("IncrementalAlterConfigs", 1, {"resources": [resource(topic.name, "8")] * 2})
    assert {one["error_code"] for one in answer["responses"]} == {INVALID_REQUEST}
    assert values(client, TOPIC, topic.name, "flush.ms") != {"flush.ms": "8"}


@rule("ADM2")
def test_ADM2_validate_only_changes_nothing(client, make_topic):
    topic = make_topic()
    before = values(client, TOPIC, topic.name)
    assert alter(client, TOPIC, topic.name, ("flush.ms", SET, "7"), validate_only=True) == NONE
    assert alter(client, TOPIC, topic.name, ("flush.ms", SET, "x"), validate_only=True) == INVALID_CONFIG
    assert values(client, TOPIC, topic.name) == before


@rule("ADM2")
@pytest.mark.parametrize("version", range(3))
def test_ADM2_the_older_api_replaces_everything(client, make_topic, version):
    topic = make_topic(segment_bytes="2000000")
    config = {"name": "flush.ms", "value": "7"}
    asked = {"resource_type": TOPIC, "resource_name": topic.name, "configs": [config]}
    (answer,) = client.call("AlterConfigs", version, {"resources": [asked]})["responses"]
    assert answer["error_code"] == NONE, answer
    _, configs = describe(client, TOPIC, topic.name, "segment.bytes", "flush.ms")
    assert configs["flush.ms"]["value"] == "7"
    assert configs["segment.bytes"]["config_source"] == FROM_START
    logger = {"resource_type": LOGGER, "resource_name": node(client), "configs": []}
    (answer,) = client.call("AlterConfigs", version, {"resources": [logger]})["responses"]
    assert answer["error_code"] == INVALID_REQUEST


# What is changed is in force.


@rule("ADM3")
def test_ADM3_a_topics_config_is_in_force_at_once(client, make_topic):
    topic = make_topic()
    big = batch([b"x" * 2000])
    accepted(client, topic, big)
    assert alter(client, TOPIC, topic.name, ("max.message.bytes", SET, "1000")) == NONE
    until(lambda: produce(client, topic, big)["error_code"] == MESSAGE_TOO_LARGE, "the limit is in force")
    assert alter(client, TOPIC, topic.name, ("max.message.bytes", DELETE, None)) == NONE
    until(lambda: produce(client, topic, big)["error_code"] == NONE, "the limit is gone")


@rule("ADM3")
def test_ADM3_compression_and_timestamps_are_in_force_at_once(client, make_topic):
    topic = make_topic()
    assert alter(client, TOPIC, topic.name, ("compression.type", SET, "gzip")) == NONE

    def stored_with():
        offset = accepted(client, topic, batch([b"x" * 100]))
        return read(client, topic, offset)[-1].attributes & 7

    until(lambda: stored_with() == 1, "stored with gzip")
    assert alter(client, TOPIC, topic.name, ("message.timestamp.type", SET, "LogAppendTime")) == NONE
    until(lambda: produce(client, topic, batch([b"x"]))["log_append_time_ms"] > 0, "append time")


@rule("ADM3")
def test_ADM3_a_brokers_config_holds_for_its_topics_at_once(client, make_topic, altered):
    topic, own = make_topic(), make_topic(max_message_bytes="100000")
    big = batch([b"x" * 2000])
    assert altered(BROKER, "", ("message.max.bytes", SET, "1000")) == NONE
    until(lambda: produce(client, topic, big)["error_code"] == MESSAGE_TOO_LARGE, "the cluster's limit is in force")
    accepted(client, own, big)
    assert altered(BROKER, node(client), ("message.max.bytes", SET, "5000")) == NONE
    until(lambda: produce(client, topic, big)["error_code"] == NONE, "the broker's own limit is in force")
    _, configs = describe(client, BROKER, node(client), "message.max.bytes")
    assert [(s["value"], s["source"]) for s in configs["message.max.bytes"]["synonyms"]][:2] == [
        ("5000", FROM_BROKER),
        ("1000", FROM_ALL_BROKERS),
    ]
    assert values(client, BROKER, "")["message.max.bytes"] == "1000"
    assert values(client, TOPIC, topic.name, "max.message.bytes") == {"max.message.bytes": "5000"}


@rule("ADM3")
def test_ADM3_limits_of_connections_follow(broker, client, altered):
    assert altered(BROKER, node(client), ("max.connections.per.ip", SET, "1")) == NONE

    def refused():
        with Client(broker.address) as another:
            return another.closed_within(1)

    until(refused, "a second connection is refused")
    assert alter(client, BROKER, node(client), ("max.connections.per.ip", DELETE, None)) == NONE

    def served():
        with Client(broker.address) as another:
            return not another.closed_within(0.2)

    until(served, "a second connection is served")


@rule("ADM3")
@ours("Kafka's tests would need another cluster")
def test_ADM3_what_was_set_is_there_after_a_restart(new_broker, tmp_path):
    with new_broker(tmp_path) as broker:
        with Client(broker.address) as client:
            assert alter(client, BROKER, "", ("log.retention.ms", SET, "77777")) == NONE
            assert alter(client, GROUP, "g", ("consumer.session.timeout.ms", SET, "50000")) == NONE
        broker.kill()
        broker.start()
        with Client(broker.address) as client:
            assert values(client, BROKER, node(client), "log.retention.ms") == {"log.retention.ms": "77777"}
            assert values(client, GROUP, "g", "consumer.session.timeout.ms") == {"consumer.session.timeout.ms": "50000"}


@rule("ADM4")
@pytest.mark.parametrize(
    "name, config, value",
    [
        ("own", "node.id", "5"),
        ("own", "log.dirs", "/x"),
        ("own", "num.partitions", "5"),
        ("", "num.partitions", "5"),
        ("", "listeners", "PLAINTEXT://:1"),
        ("own", "log.retention.ms", "soon"),
        ("4711", "log.retention.ms", "1"),
        ("x", "log.retention.ms", "1"),
        ("own", "ssl.keystore.password", "secret"),
    ],
)
def test_ADM4_broker_settings_that_cannot_change_are_refused(client, name, config, value):
    assert alter(client, BROKER, node(client) if name == "own" else name, (config, SET, value)) == INVALID_REQUEST


@rule("ADM4")
@ours("Kafka stores names that it does not know")
def test_ADM4_a_name_nobody_knows_is_refused(client):
    assert alter(client, BROKER, "", ("log.retention.mss", SET, "1")) == INVALID_REQUEST


# Log levels.


@rule("ADM5")
def test_ADM5_log_levels_are_a_resource(client):
    me = node(client)
    assert describe(client, LOGGER, me, "root")[1]["root"]["config_source"] == FROM_LOGGER
    before = values(client, LOGGER, me, "root")
    assert alter(client, LOGGER, me, ("root", SET, "WARN"), validate_only=True) == NONE
    assert values(client, LOGGER, me, "root") == before
    assert alter(client, LOGGER, me, ("root", SET, "WARN")) == NONE
    assert values(client, LOGGER, me, "root") == {"root": "WARN"}
    assert alter(client, LOGGER, me, ("root", SET, before["root"])) == NONE
    assert alter(client, LOGGER, me, ("root", SET, "LOUD")) == INVALID_CONFIG
    assert alter(client, LOGGER, me, ("no.such.logger", SET, "INFO")) == INVALID_CONFIG
    assert alter(client, LOGGER, me, ("root", DELETE, None)) == INVALID_REQUEST
    assert alter(client, LOGGER, me, ("root", APPEND, "INFO")) == INVALID_REQUEST


@rule("ADM5")
@ours("the loggers of this broker")
def test_ADM5_a_level_is_in_force_at_once(broker, client):
    me, logger = node(client), "barnabas.net"

    def closing_is_logged():
        start = len(broker.log_of_this_start())
        Client(broker.address).close()
        client.call("ApiVersions", 0)
        return "connection closed" in broker.log_of_this_start()[start:]

    assert not closing_is_logged()
    assert alter(client, LOGGER, me, (logger, SET, "DEBUG")) == NONE
    until(closing_is_logged, "a closed connection is logged")
    assert values(client, LOGGER, me, logger, "root") == {logger: "DEBUG", "root": "INFO"}
    assert alter(client, LOGGER, me, (logger, DELETE, None)) == NONE
    assert values(client, LOGGER, me, logger) == {logger: "INFO"}


# ListConfigResources.


@rule("ADM1")
def test_ADM1_which_resources_have_configs(client, make_topic):
    topic, me = make_topic(), node(client)
    assert alter(client, CLIENT_METRICS, "m", ("interval.ms", SET, "1000")) == NONE
    assert alter(client, GROUP, "g", ("consumer.session.timeout.ms", SET, "50000")) == NONE

    def listed(*types, version=1):
        answer = client.call("ListConfigResources", version, {"resource_types": list(types)})
        assert answer["error_code"] == NONE
        return {(one.get("resource_type", CLIENT_METRICS), one["resource_name"]) for one in answer["config_resources"]}

    everything = {(TOPIC, topic.name), (BROKER, me), (LOGGER, me), (CLIENT_METRICS, "m"), (GROUP, "g")}
    assert everything <= listed()
    assert listed(CLIENT_METRICS, GROUP) == {(CLIENT_METRICS, "m"), (GROUP, "g")}
    assert listed(version=0) == {(CLIENT_METRICS, "m")}
    assert client.call("ListConfigResources", 1, {"resource_types": [3]})["error_code"] == UNSUPPORTED_VERSION
    assert alter(client, CLIENT_METRICS, "m", ("interval.ms", DELETE, None)) == NONE
    assert alter(client, GROUP, "g", ("consumer.session.timeout.ms", DELETE, None)) == NONE


# What one node says about itself.


@rule("ADM6")
@pytest.mark.parametrize("version", range(1, 6))
def test_ADM6_log_directories_and_what_lies_in_them(client, make_topic, version):
    topic = make_topic(partitions=2)
    accepted(client, topic, batch([b"x" * 1000]))
    answer = client.call("DescribeLogDirs", version, {"topics": [{"topic": topic.name, "partitions": [0, 1, 9]}]})
    assert answer.get("error_code", NONE) == NONE
    (directory,) = answer["results"]
    assert directory["error_code"] == NONE
    (told,) = directory["topics"]
    sizes = {one["partition_index"]: one["partition_size"] for one in told["partitions"]}
    assert set(sizes) == {0, 1} and sizes[0] > 1000 and sizes[1] == 0
    if version >= 4:
        assert 0 < directory["usable_bytes"] <= directory["total_bytes"]
    everything = client.call("DescribeLogDirs", version, {"topics": None})["results"][0]["topics"]
    assert topic.name in {one["name"] for one in everything}
    assert client.call("DescribeLogDirs", version, {"topics": []})["results"][0]["topics"] == []


@rule("ADM6", "D14")
@pytest.mark.parametrize("path", ["/there-is-no-such-folder", "relative", "../../etc", "", "/a\0b"])
def test_ADM6_a_replica_moves_to_no_other_path(client, make_topic, path):
    topic = make_topic()
    asked = {"dirs": [{"path": path, "topics": [{"name": topic.name, "partitions": [0]}]}]}
    (told,) = client.call("AlterReplicaLogDirs", 2, asked)["results"]
    assert told["partitions"] == [{"partition_index": 0, "error_code": 57}]


@rule("ADM6")
def test_ADM6_a_replica_is_where_it_is(client, make_topic):
    topic = make_topic()
    home = client.call("DescribeLogDirs", 5, {"topics": None})["results"][0]["log_dir"]
    asked = {"dirs": [{"path": home, "topics": [{"name": topic.name, "partitions": [0, 9]}]}]}
    (told,) = client.call("AlterReplicaLogDirs", 2, asked)["results"]
    codes = {one["partition_index"]: one["error_code"] for one in told["partitions"]}
    assert codes == {0: NONE, 9: UNKNOWN_TOPIC_OR_PARTITION}


@rule("ADM6")
def test_ADM6_producers_of_a_partition(client, make_topic):
    topic = make_topic()

    def made():
        answer = client.call("InitProducerId", 4, {"transactional_id": None, "transaction_timeout_ms": 60000})
        return answer if answer["error_code"] == NONE else None

    pid = until(made, "a producer id")
    accepted(client, topic, batch([b"a", b"b"], producer_id=pid["producer_id"], producer_epoch=0, base_sequence=0))
    asked = {"topics": [{"name": topic.name, "partition_indexes": [0, 9]}, {"name": "a/b", "partition_indexes": [0]}]}
    told = client.call("DescribeProducers", 0, asked)["topics"]
    known, missing = told[0]["partitions"]
    (producer,) = known["active_producers"]
    assert (producer["producer_id"], producer["producer_epoch"], producer["last_sequence"]) == (pid["producer_id"], 0, 1)
    assert producer["current_txn_start_offset"] == -1
    assert missing["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
    assert told[1]["partitions"][0]["error_code"] == INVALID_TOPIC_EXCEPTION


@rule("ADM6")
@ours("Kafka tells it as often as it is asked for")
def test_ADM6_producers_of_a_partition_are_told_once(client, make_topic):
    topic = make_topic()
    asked = {"topics": [{"name": topic.name, "partition_indexes": [0, 0]}, {"name": topic.name, "partition_indexes": [0]}]}
    told = client.call("DescribeProducers", 0, asked)["topics"]
    assert [len(one["partitions"]) for one in told] == [1, 0]


def pages(client, limit, **request):
    """Every page from the first on, as [(topic, [partitions])], and the codes by topic."""
    cursor, told = None, []
    while True:
        asked = {**request, "response_partition_limit": limit, "cursor": cursor}
        answer = client.call("DescribeTopicPartitions", 0, asked)
        told.append([(one["name"], [p["partition_index"] for p in one["partitions"]]) for one in answer["topics"]])
        assert sum(len(partitions) for _, partitions in told[-1]) <= max(limit, 1)
        cursor = answer["next_cursor"]
        if cursor is None:
            return told


@rule("ADM7", "D19")
@pytest.mark.parametrize("limit", [1, 2, 4, 100, 0, -1])
def test_ADM7_topics_page_by_page(client, make_topic, limit):
    topics = sorted((make_topic(partitions=3) for _ in range(3)), key=lambda topic: topic.name)
    asked = [{"name": topic.name} for topic in topics]
    told = {}
    for page in pages(client, limit, topics=asked[::-1] + asked):
        for name, partitions in page:
            told.setdefault(name, []).extend(partitions)
    assert told == {topic.name: [0, 1, 2] for topic in topics}
    assert list(told) == [topic.name for topic in topics]
    everything = {name for page in pages(client, 100, topics=[]) for name, _ in page}
    assert {topic.name for topic in topics} <= everything


@rule("ADM7")
def test_ADM7_errors_and_cursors_that_lead_nowhere(client, make_topic):
    topic = make_topic()
    answer = client.call("DescribeTopicPartitions", 0, {"topics": [{"name": "nope"}, {"name": "a/b"}, topic.ref(False)]})
    codes = {one["name"]: one["error_code"] for one in answer["topics"]}
    assert codes == {"nope": UNKNOWN_TOPIC_OR_PARTITION, "a/b": INVALID_TOPIC_EXCEPTION, topic.name: NONE}
    for cursor in ({"topic_name": "zz-other", "partition_index": 0}, {"topic_name": topic.name, "partition_index": -1}):
        answer = client.call("DescribeTopicPartitions", 0, {"topics": [topic.ref(False)], "cursor": cursor})
        assert [one["error_code"] for one in answer["topics"]] == [INVALID_REQUEST]
    behind = {"topic_name": topic.name, "partition_index": 5}
    answer = client.call("DescribeTopicPartitions", 0, {"topics": [topic.ref(False)], "cursor": behind})
    assert (answer["topics"][0]["error_code"], answer["topics"][0]["partitions"]) == (NONE, [])
    answer = client.call("DescribeTopicPartitions", 0, {"cursor": {"topic_name": "zzz-behind-all", "partition_index": 0}})
    assert answer["topics"] == []


@rule("ADM8")
@pytest.mark.parametrize("version", range(3))
def test_ADM8_elections_that_are_not_needed(client, make_topic, version):
    topic = make_topic()
    asked = [{"topic": topic.name, "partitions": [0, 9]}, {"topic": "nope", "partitions": [0]}]
    answer = client.call("ElectLeaders", version, {"topic_partitions": asked, "timeout_ms": 1000})
    codes = [[one["error_code"] for one in told["partition_result"]] for told in answer["replica_election_results"]]
    assert codes == [[84, UNKNOWN_TOPIC_OR_PARTITION], [UNKNOWN_TOPIC_OR_PARTITION]]
    if version > 0:
        answer = client.call("ElectLeaders", version, {"election_type": 2, "topic_partitions": asked[:1]})
        assert answer["error_code"] == INVALID_REQUEST


@rule("ADM8")
@pytest.mark.parametrize("version", range(2))
def test_ADM8_partitions_cannot_leave_a_node_that_is_alone(client, make_topic, version):
    topic, me = make_topic(), int(node(client))

    def move(replicas, partition=0, name=topic.name):
        asked = [{"name": name, "partitions": [{"partition_index": partition, "replicas": replicas}]}]
        answer = client.call("AlterPartitionReassignments", version, {"topics": asked, "timeout_ms": 1000})
        assert answer["error_code"] == NONE
        return answer["responses"][0]["partitions"][0]["error_code"]

    assert move([me]) == NONE
    assert move(None) == 85
    assert [move([]), move([4711]), move([me, me]), move([me, 4711])] == [39] * 4
    assert [move([me], partition=9), move([me], name="nope")] == [UNKNOWN_TOPIC_OR_PARTITION] * 2
    answer = client.call("ListPartitionReassignments", 0, {"topics": None, "timeout_ms": 1000})
    assert (answer["error_code"], answer["topics"]) == (NONE, [])


@rule("ADM8")
@pytest.mark.parametrize("version", range(3))
def test_ADM8_a_quorum_of_one(client, make_topic, version):
    make_topic()
    me = int(node(client))

    def asked(topic, partition):
        topics = [{"topic_name": topic, "partitions": [{"partition_index": partition}]}]
        answer = client.call("DescribeQuorum", version, {"topics": topics})
        assert answer["error_code"] == NONE
        return answer, answer["topics"][0]["partitions"][0]

    answer, quorum = asked("__cluster_metadata", 0)
    assert (quorum["error_code"], quorum["leader_id"], quorum["observers"]) == (NONE, me, [])
    (voter,) = quorum["current_voters"]
    assert voter["replica_id"] == me and voter["log_end_offset"] >= quorum["high_watermark"] > 0
    if version >= 2:
        assert [one["node_id"] for one in answer["nodes"]] == [me]
    assert asked("__cluster_metadata", 1)[1]["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
    assert asked("nope", 0)[1]["error_code"] == UNKNOWN_TOPIC_OR_PARTITION


@rule("ADM8")
@pytest.mark.parametrize("version", range(3))
def test_ADM8_features_that_are_none(client, version):
    asked = {"feature_updates": [{"feature": "no.such.feature", "max_version_level": 1}]}
    assert client.call("UpdateFeatures", version, asked)["error_code"] == 95
    assert client.call("UpdateFeatures", version, {"feature_updates": []})["error_code"] == NONE
