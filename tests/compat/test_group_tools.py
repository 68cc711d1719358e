"""Apache Kafka's tools for groups and for deleting records, on what a consumer of kafka-python left and still does."""

import json

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition

from harness import wait_until

GROUPS = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand"
DELETE_RECORDS = "org.apache.kafka.tools.DeleteRecordsCommand"
RECORDS = 10


def table(lines):
    """A tool's table: one dict a line, by the words of its header."""
    rows = [line.split() for line in lines if line.strip() and not line.startswith("Consumer group")]
    header = rows.pop(0)
    return [dict(zip(header, row, strict=False)) for row in rows]


@pytest.fixture
def groups(tool):
    """groups("--list", ...): the lines that ConsumerGroupCommand prints."""
    return lambda *words: tool(GROUPS, *words).splitlines()


@pytest.fixture
def topic(broker, new_topic):
    topic = new_topic(broker, 2)
    producer = KafkaProducer(bootstrap_servers=broker.address)
    for partition in range(2):
        for number in range(RECORDS):
            producer.send(topic, b"%d" % number, partition=partition)
    producer.flush()
    producer.close()
    return topic


@pytest.fixture
def consumer(broker, topic):
    """A member of a group with the topic's name, which has read and committed everything."""
    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=broker.address,
        group_id=topic,
        client_id="reader",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    ends = {TopicPartition(topic, partition): RECORDS for partition in range(2)}
    # kafka-python 3.0 may lead its group before it has the topic's metadata; it then assigns nothing to anybody, for good.
    wait_until(lambda: consumer.partitions_for_topic(topic), 60, "the consumer knows its topic")

    def read():
        consumer.poll(timeout_ms=100)
        return consumer.assignment() and all(consumer.position(at) == end for at, end in ends.items())

    wait_until(read, 60, "the consumer has read everything")
    consumer.commit()
    yield consumer
    consumer.close(autocommit=False)


def test_what_an_active_group_shows(groups, consumer, topic):
    listed = table(groups("--list", "--state", "--type"))
    assert {"GROUP": topic, "TYPE": "Classic", "STATE": "Stable"} in [
        {name: row.get(name) for name in ("GROUP", "TYPE", "STATE")} for row in listed
    ]
    assert topic not in "\n".join(groups("--list", "--state", "empty"))

    offsets = table(groups("--describe", "--group", topic, "--offsets"))
    shown = [(row["TOPIC"], row["PARTITION"], row["CURRENT-OFFSET"], row["LOG-END-OFFSET"], row["LAG"]) for row in offsets]
    assert sorted(shown) == [(topic, "0", "10", "10", "0"), (topic, "1", "10", "10", "0")]
    (member,) = table(groups("--describe", "--group", topic, "--members", "--verbose"))
    assert (member["CLIENT-ID"], member["#PARTITIONS"], member["HOST"]) == ("reader", "2", "/127.0.0.1")
    (state,) = table(groups("--describe", "--group", topic, "--state"))
    assert (state["STATE"], state["#MEMBERS"]) == ("Stable", "1")

    refused = "\n".join(groups("--delete", "--group", topic))
    assert "GroupNotEmptyException" in refused
    refused = "\n".join(groups("--delete-offsets", "--group", topic, "--topic", topic))
    assert "actively subscribed" in refused


def test_what_is_done_to_a_group_that_nobody_is_in(groups, consumer, topic):
    consumer.close(autocommit=False)
    (state,) = table(groups("--describe", "--group", topic, "--state"))
    assert (state["STATE"], state["#MEMBERS"]) == ("Empty", "0")

    reset = table(groups("--reset-offsets", "--group", topic, "--topic", topic, "--to-offset", 4, "--execute"))
    assert {row["NEW-OFFSET"] for row in reset} == {"4"}
    offsets = table(groups("--describe", "--group", topic, "--offsets"))
    assert {(row["CURRENT-OFFSET"], row["LAG"]) for row in offsets} == {("4", "6")}

    groups("--delete-offsets", "--group", topic, "--topic", f"{topic}:1")
    offsets = table(groups("--describe", "--group", topic, "--offsets"))
    assert {(row["PARTITION"], row["CURRENT-OFFSET"]) for row in offsets if row["CURRENT-OFFSET"] != "-"} == {("0", "4")}

    deleted = "\n".join(groups("--delete", "--group", topic))
    assert "successful" in deleted
    assert topic not in "\n".join(groups("--list"))


def test_records_are_deleted(tool, broker, topic, tmp_path):
    wish = {"version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": offset} for partition, offset in ((0, 3), (1, -1))]}
    offsets = tmp_path / "offsets.json"
    offsets.write_text(json.dumps(wish))
    told = tool(DELETE_RECORDS, "--offset-json-file", offsets)
    assert f"partition: {topic}-0\tlow_watermark: 3" in told
    assert f"partition: {topic}-1\tlow_watermark: 10" in told

    consumer = KafkaConsumer(bootstrap_servers=broker.address)
    ends = {TopicPartition(topic, 0): 3, TopicPartition(topic, 1): 10}
    assert consumer.beginning_offsets(list(ends)) == ends
    consumer.close()


def test_kafka_pythons_admin_client(broker, consumer, topic):
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    first, second = TopicPartition(topic, 0), TopicPartition(topic, 1)
    try:
        assert topic in {group["group_id"] for group in admin.list_groups()}
        described = admin.describe_groups([topic])[topic]
        assert (described["group_state"], len(described["members"])) == ("Stable", 1)
        assert {at.partition: offset.offset for at, offset in admin.list_group_offsets(topic)[topic].items()} == {0: 10, 1: 10}
        consumer.close(autocommit=False)
        admin.delete_group_offsets(topic, [second])
        assert list(admin.list_group_offsets(topic)[topic]) == [first]
        admin.delete_groups([topic])
        assert topic not in {group["group_id"] for group in admin.list_groups()}
        assert admin.delete_records({first: 4})[first]["low_watermark"] == 4
    finally:
        admin.close()
