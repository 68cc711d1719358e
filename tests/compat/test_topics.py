"""Clients make, describe, grow and delete topics, and topics come to be when they are written to."""

import pytest

from clients import CLIENTS, FRANZ_GO, JAVA, JAVA_39, KAFKA_GO, KAFKA_PYTHON, KAFKAJS, PROGRAM_TIMEOUT_S
from topics import end_offsets

# How each client says that a topic exists already.
EXISTS = {
    JAVA: "TopicExistsException",
    JAVA_39: "TopicExistsException",
    FRANZ_GO: "TOPIC_ALREADY_EXISTS",
    KAFKA_GO: "[36] Topic Already Exists",
    KAFKA_PYTHON: "TopicAlreadyExistsError",
    KAFKAJS: "TopicExists",
}


@pytest.mark.parametrize("client", EXISTS, ids=str)
def test_makes_grows_and_deletes_a_topic(client, broker, run, new_name):
    did = run(client, broker, "admin", topic=new_name()).finish(PROGRAM_TIMEOUT_S)
    assert did["created"] == 3
    assert EXISTS[client] in did["again"]
    assert did["grown"] == 5
    assert did["listed"] is True
    # Only the Java program tries to shrink it, and asks for it when it is gone.
    assert did.get("shrunk", "InvalidPartitionsException") == "InvalidPartitionsException"
    assert did.get("gone") in (True, "UnknownTopicOrPartitionException")


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_writing_makes_the_topic(client, broker, run, new_name, t0):
    topic = new_name()
    writer = run(
        client, broker, "produce", topic=topic, codec="none", partitions=1, t0=t0, **{"from": 0, "to": 100}
    )
    writer.finish(PROGRAM_TIMEOUT_S)
    assert end_offsets(broker, topic, 1) == [100]
