"""Apache Kafka's own tools for administration and measuring, all in one JVM (tools.py), against one broker."""

import json
import re

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from harness import PATIENCE, wait_until
from topics import TIMEOUT_S, create_topic, end_offsets

TOOLS = "org.apache.kafka.tools."
CONFIGS = "kafka.admin.ConfigCommand"
CLIENT_METRICS = TOOLS + "ClientMetricsCommand"


def me(tool):
    return re.search(r"\(id: (\d+) ", tool(TOOLS + "BrokerApiVersionsCommand"))[1]


def test_topic_command(tool, new_topic, broker):
    topic = new_topic(broker, 2)
    command = TOOLS + "TopicCommand"
    assert topic in tool(command, "--list").split()
    tool(command, "--alter", "--topic", topic, "--partitions", 3)

    def grown():
        described = tool(command, "--describe", "--topic", topic)
        return "PartitionCount: 3" in described and described.count("\tPartition: ") == 3

    wait_until(grown, 20 * PATIENCE, "three partitions are described")
    tool(command, "--create", "--topic", f"{topic}-made", "--partitions", 2, "--config", "retention.ms=1000")
    assert f"{topic}-made" in tool(command, "--list").split()
    assert "does not exist" in tool.refused(command, "--describe", "--topic", "there-is-no-such-topic")
    tool(command, "--delete", "--topic", topic)


def test_configs_of_topics(tool, new_topic, broker):
    topic = new_topic(broker, 1)
    of_topic = (CONFIGS, "--entity-type", "topics", "--entity-name", topic)
    assert "Completed" in tool(*of_topic, "--alter", "--add-config", "retention.ms=5000,max.message.bytes=2000")
    described = tool(*of_topic, "--describe")
    assert "retention.ms=5000" in described and "DYNAMIC_TOPIC_CONFIG:max.message.bytes=2000" in described
    tool(*of_topic, "--alter", "--delete-config", "retention.ms")
    assert "retention.ms" not in tool(*of_topic, "--describe")
    assert "cleanup.policy=delete" in tool(*of_topic, "--describe", "--all")
    assert "retention.ms" in tool.refused(*of_topic, "--alter", "--add-config", "retention.ms=soon")


def test_configs_of_brokers(tool, broker):
    one = (CONFIGS, "--entity-type", "brokers", "--entity-name", me(tool))
    every = (CONFIGS, "--entity-type", "brokers", "--entity-default")
    tool(*every, "--alter", "--add-config", "log.retention.ms=77777")
    tool(*one, "--alter", "--add-config", "log.retention.ms=88888")
    assert "log.retention.ms=77777" in tool(*every, "--describe")
    described = tool(*one, "--describe")
    assert "DYNAMIC_BROKER_CONFIG:log.retention.ms=88888" in described
    assert "DYNAMIC_DEFAULT_BROKER_CONFIG:log.retention.ms=77777" in described
    tool(*one, "--alter", "--delete-config", "log.retention.ms")
    tool(*every, "--alter", "--delete-config", "log.retention.ms")
    assert "log.retention.ms" not in tool(*one, "--describe")
    assert "node.id=" in tool(*one, "--describe", "--all")
    tool.refused(*one, "--alter", "--add-config", "log.dirs=/elsewhere")


def test_log_levels(tool, broker):
    loggers = (CONFIGS, "--entity-type", "broker-loggers", "--entity-name", me(tool))
    before = re.search(r"\broot=(\w+)", tool(*loggers, "--describe"))[1]
    tool(*loggers, "--alter", "--add-config", "root=WARN")
    assert "root=WARN" in tool(*loggers, "--describe")
    tool(*loggers, "--alter", "--add-config", f"root={before}")


def test_quotas(tool, broker):
    of_client = (CONFIGS, "--entity-type", "clients", "--entity-name", "greedy")
    of_user = (CONFIGS, "--entity-type", "users", "--entity-name", "ada")
    tool(*of_client, "--alter", "--add-config", "producer_byte_rate=123456,request_percentage=200")
    tool(CONFIGS, "--entity-type", "users", "--entity-default", "--alter", "--add-config", "consumer_byte_rate=1000000000")
    described = tool(*of_client, "--describe")
    assert "producer_byte_rate=123456" in described and "request_percentage=200" in described
    assert "consumer_byte_rate" in tool(CONFIGS, "--entity-type", "users", "--entity-default", "--describe")
    tool(*of_client, "--alter", "--delete-config", "producer_byte_rate,request_percentage")
    tool(CONFIGS, "--entity-type", "users", "--entity-default", "--alter", "--delete-config", "consumer_byte_rate")
    assert "producer_byte_rate" not in tool(*of_client, "--describe")
    tool.refused(*of_user, "--alter", "--add-config", "producer_byte_rate=-5")


def test_subscriptions_of_client_metrics(tool, broker):
    assert "Altered" in tool(CLIENT_METRICS, "--alter", "--name", "tools", "--metrics", "a.,b.", "--interval", 1000, "--match", "client_id=c")
    assert "tools" in tool(CLIENT_METRICS, "--list") and "metrics=a.,b." in tool(CLIENT_METRICS, "--describe", "--name", "tools")
    assert "interval.ms=1000" in tool(CONFIGS, "--entity-type", "client-metrics", "--entity-name", "tools", "--describe")
    tool.refused(CONFIGS, "--entity-type", "client-metrics", "--entity-name", "tools", "--alter", "--add-config", "match=nobody=x")
    tool(CLIENT_METRICS, "--delete", "--name", "tools")
    assert "tools" not in tool(CLIENT_METRICS, "--list").split()


def test_log_dirs_command(tool, new_topic, broker):
    topic = new_topic(broker, 2)
    printed = tool(TOOLS + "LogDirsCommand", "--describe", "--topic-list", topic)
    answer = json.loads(next(line for line in printed.splitlines() if line.startswith("{")))
    (directory,) = answer["brokers"][0]["logDirs"]
    assert directory["error"] is None
    assert sorted(one["partition"] for one in directory["partitions"]) == [f"{topic}-0", f"{topic}-1"]


def test_feature_and_quorum_commands(tool, broker):
    tool(TOOLS + "FeatureCommand", "describe")
    status = tool(TOOLS + "MetadataQuorumCommand", "describe", "--status")
    assert re.search(rf"LeaderId:\s+{me(tool)}\b", status), status
    assert "Leader" in tool(TOOLS + "MetadataQuorumCommand", "describe", "--replication")


def test_elections_and_reassignments(tool, new_topic, broker, tmp_path):
    topic = new_topic(broker, 1)
    tool(TOOLS + "LeaderElectionCommand", "--election-type", "preferred", "--topic", topic, "--partition", 0)
    plan = tmp_path / "plan.json"
    moves = [{"topic": topic, "partition": 0, "replicas": [int(me(tool))]}]
    plan.write_text(json.dumps({"version": 1, "partitions": moves}))
    command = TOOLS + "reassign.ReassignPartitionsCommand"
    tool(command, "--execute", "--reassignment-json-file", plan)
    assert "completed" in tool(command, "--verify", "--reassignment-json-file", plan)
    assert "No partition reassignments found" in tool(command, "--list")


def test_broker_api_versions_command(tool, broker):
    answers = tool(TOOLS + "BrokerApiVersionsCommand")
    assert re.search(r"\tProduce\(0\): \d+ to 13 \[usable: 13\]", answers)
    assert re.search(r"\tDescribeTopicPartitions\(75\): 0 \[usable: 0\]", answers)


@pytest.fixture
def written(broker, new_topic, t0):
    """A topic of two partitions: records that are 1, 3 and 2 s younger than t0, and one that is 5 s younger."""
    topic = new_topic(broker, 2)
    producer = Producer({"bootstrap.servers": broker.address})
    for partition, ages_s in ((0, (1, 3, 2)), (1, (5,))):
        for age_s in ages_s:
            producer.produce(topic, b"x", partition=partition, timestamp=t0 + age_s * 1000)
    assert producer.flush(TIMEOUT_S) == 0
    return topic


def test_get_offset_shell(tool, broker, written, t0):
    def offsets(*words):
        lines = tool(TOOLS + "GetOffsetShell", *words).split()
        return [line.removeprefix(f"{written}:") for line in lines]

    of_topic = ("--topic", written)
    assert offsets(*of_topic) == ["0:3", "1:1"]
    assert offsets("--topic-partitions", f"{written}:1-") == ["1:1"]
    assert offsets(*of_topic, "--time", "earliest") == ["0:0", "1:0"]
    assert offsets(*of_topic, "--time", "max-timestamp") == ["0:1", "1:0"]
    assert offsets(*of_topic, "--time", t0 + 1500) == ["0:1", "1:0"]
    assert offsets(*of_topic, "--time", t0 + 3500) == ["1:0"]
    assert offsets(*of_topic, "--time", "earliest-local") == ["0:0", "1:0"]
    assert offsets(*of_topic, "--time", "latest-tiered") == []
    assert "Could not match any topic-partitions" in tool.refused(TOOLS + "GetOffsetShell", "--topic", "nowhere")


def test_performance_tools(tool, new_topic, broker):
    topic = new_topic(broker, 2)
    count, size = 20_000, 100
    words = ("--topic", topic, "--num-records", count)
    properties = ("--command-property", "compression.type=lz4", "acks=all")
    printed = tool(TOOLS + "ProducerPerformance", *words, "--record-size", size, "--throughput", -1, *properties)
    assert f"{count} records sent" in printed
    assert sum(end_offsets(broker, topic, 2)) == count
    printed = tool(TOOLS + "ConsumerPerformance", *words, "--hide-header", "--timeout", int(TIMEOUT_S * 1000))
    _, _, megabytes, _, records, *_ = printed.strip().split(", ")
    assert (float(megabytes), int(records)) == (round(count * size / 2**20, 4), count)


@pytest.mark.parametrize("acks", ("1", "all"))
def test_end_to_end_latency(tool, new_topic, broker, acks):
    words = ("--topic", new_topic(broker, 1), "--num-records", 100, "--producer-acks", acks, "--record-size", 50)
    printed = tool(TOOLS + "EndToEndLatency", *words)
    assert re.search(r"Avg latency: [\d.]+ ms", printed), printed


def test_streams_resetter(tool, written, new_name, broker):
    """An application's topics are deleted and it begins again; the topics that it read stay."""
    application = new_name()
    internal = [f"{application}-counts-{kind}" for kind in ("changelog", "repartition")]
    for topic in internal:
        create_topic(broker, topic, 2)
    admin = AdminClient({"bootstrap.servers": broker.address})
    read = [TopicPartition(written, 0, 3), TopicPartition(written, 1, 1)]
    admin.alter_consumer_group_offsets([ConsumerGroupTopicPartitions(application, read)])[application].result(TIMEOUT_S)

    of_application = (TOOLS + "StreamsResetter", "--application-id", application)
    tool(*of_application, "--input-topics", written)
    offsets = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(application)])[application]
    assert [one.offset for one in offsets.result(TIMEOUT_S).topic_partitions] == [0, 0]
    left = admin.list_topics(timeout=TIMEOUT_S).topics
    assert written in left and not left.keys() & set(internal)
    assert application in tool(TOOLS + "GroupsCommand", "--list")
