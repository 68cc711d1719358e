"""A Kafka Streams application counts words; it is killed, and the next one gets its counts back from their changelog."""

import random
import struct
from collections import Counter

import pytest
from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from clients import PROGRAM_TIMEOUT_S, streams_application
from harness import wait_until
from topics import TIMEOUT_S, end_offsets, start_offsets

PARTITIONS = 3
LINES = 1000
WORDS = [f"word-{number}" for number in range(100)] + ["größe", "你好", "👋"]


def lines(seed):
    chance = random.Random(seed)
    # Some words are far more frequent than others.
    return [" ".join(chance.choices(WORDS, range(1, len(WORDS) + 1), k=chance.randrange(1, 9))) for _ in range(LINES)]


def words_of(written):
    return Counter(word for line in written for word in line.split(" "))


def write(broker, topic, written):
    producer = Producer({"bootstrap.servers": broker.address})
    for number, line in enumerate(written):
        producer.produce(topic, line.encode(), partition=number % PARTITIONS)
    assert producer.flush(TIMEOUT_S) == 0


def read(broker, topic):
    """{word: the counts that were written, in order}"""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "unused"})
    ends = end_offsets(broker, topic, PARTITIONS)
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)])
    counts = {}
    for _ in range(sum(ends)):
        record = consumer.poll(TIMEOUT_S)
        assert record is not None and record.error() is None, record and record.error()
        counts.setdefault(record.key().decode(), []).append(*struct.unpack(">q", record.value()))
    consumer.close()
    return counts


def committed(admin, group):
    """The group's offsets: {(topic, partition): offset}"""
    answer = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(group)])[group].result(TIMEOUT_S)
    return {(one.topic, one.partition): one.offset for one in answer.topic_partitions}


@pytest.mark.parametrize("version", ("4.3.1", "3.9.2"))
def test_words_are_counted(version, broker, run, new_topic, new_name, tmp_path):
    source, counts, application = new_topic(broker, PARTITIONS), new_topic(broker, PARTITIONS), new_name()
    by_word, changelog = f"{application}-counts-repartition", f"{application}-counts-changelog"

    admin = AdminClient({"bootstrap.servers": broker.address})

    def start():
        names = {"application": application, "input": source, "output": counts, "directory": tmp_path}
        program = run(streams_application(version), broker, "count", **names)
        program.wait_for("running", PROGRAM_TIMEOUT_S)
        return program

    def is_counted(written):
        """Waits until every word has its count, and until the application has committed that it is done."""
        total = words_of(written).total()
        wait_until(lambda: sum(end_offsets(broker, counts, PARTITIONS)) >= total, PROGRAM_TIMEOUT_S, f"{total} counts")
        ends = {
            (topic, partition): end
            for topic in (source, by_word)
            for partition, end in enumerate(end_offsets(broker, topic, PARTITIONS))
        }
        wait_until(lambda: committed(admin, application) == ends, PROGRAM_TIMEOUT_S, "everything is committed")

    first, second = lines(seed=1), lines(seed=2)
    program = start()
    write(broker, source, first)
    is_counted(first)
    program.close()

    program = start()
    back = [event["records"] for event in program.events if event["event"] == "restored"]
    assert (len(back), sum(back)) == (PARTITIONS, sum(end_offsets(broker, changelog, PARTITIONS)))
    write(broker, source, second)
    is_counted(first + second)
    # What has been counted is deleted from the topic between.
    ends = end_offsets(broker, by_word, PARTITIONS)
    wait_until(lambda: start_offsets(broker, by_word, PARTITIONS) == ends, PROGRAM_TIMEOUT_S, f"{by_word} is purged")
    program.tell("close")
    assert program.finish(PROGRAM_TIMEOUT_S) == {"event": "closed"}

    expected = words_of(first + second)
    assert read(broker, counts) == {word: list(range(1, count + 1)) for word, count in expected.items()}
    assert {word: seen[-1] for word, seen in read(broker, changelog).items()} == expected
