"""Kafka's scripts by name, flags and output."""

import os
import re
import subprocess
import uuid

import pytest
from conftest import BINARY, TIMEOUT_S, run


@pytest.fixture
def shim(broker):
    """shim("kafka-topics.sh", "--list"): against the broker."""

    def typed(script, *words, stdin="", env=None):
        return run("shim", script, "--bootstrap-server", broker.address, *words, stdin=stdin, env=env)

    return typed


def test_topics(shim):
    name = f"s.{uuid.uuid4().hex[:12]}"
    assert shim("kafka-topics.sh", "--create", "--topic", name, "--partitions=2", "--config", "retention.ms=1000").out == f"Created topic {name}.\n"
    again = shim("kafka-topics.sh", "--create", "--topic", name)
    assert again.code == 1
    assert "already exists" in again.err
    assert shim("kafka-topics.sh", "--create", "--topic", name, "--if-not-exists").code == 0
    assert name in shim("kafka-topics.sh", "--list").out.splitlines()
    assert shim("kafka-topics.sh", "--list", "--topic", "s\\..*").code == 1
    assert name in shim("kafka-topics.sh", "--list", "--topic", "other,s..*").out.splitlines()
    described = shim("kafka-topics.sh", "--describe", "--topic", name).out.splitlines()
    first = rf"Topic: {re.escape(name)}\tTopicId: \S{{22}}\tPartitionCount: 2\tReplicationFactor: 1\tConfigs: .*"
    assert re.fullmatch(first, described[0]), described
    assert re.fullmatch(rf"\tTopic: {re.escape(name)}\tPartition: 1\tLeader: \d+\tReplicas: \d+\tIsr: \d+", described[2]), described
    assert shim("kafka-topics.sh", "--alter", "--topic", name, "--partitions", "3").code == 0
    assert shim("kafka-topics.sh", "--delete", "--topic", name).code == 0
    gone = shim("kafka-topics.sh", "--describe", "--topic", "no-such-topic")
    assert gone.code == 1
    assert "does not exist as expected" in gone.err


def test_console_producer_and_consumer(shim, topic):
    words = ["--topic", topic, "--property", "parse.key=true", "--property", "key.separator=:", "--compression-codec", "zstd"]
    produced = shim("kafka-console-producer.sh", *words, stdin="a:1\na:2\nnothing\n")
    assert (produced.code, produced.out) == (0, ""), produced.err
    everything = ["--topic", topic, "--from-beginning", "--max-messages", "3"]
    plain = shim("kafka-console-consumer.sh", *everything)
    assert sorted(plain.out.splitlines()) == ["1", "2", "nothing"]
    assert plain.err == "Processed a total of 3 messages\n"
    keyed = shim("kafka-console-consumer.sh", *everything, "--property", "print.key=true", "--formatter-property", "print.headers=true")
    assert sorted(keyed.out.splitlines()) == ["NO_HEADERS\ta\t1", "NO_HEADERS\ta\t2", "NO_HEADERS\tnull\tnothing"]
    idle = shim("kafka-console-consumer.sh", "--topic", topic, "--from-beginning", "--timeout-ms", "1000")
    assert len(idle.out.splitlines()) == 3
    assert shim("kafka-console-consumer.sh", "--topic", topic, "--offset", "1").code == 1
    refused = shim("kafka-console-consumer.sh", "--topic", topic, "--skip-message-on-error")
    assert refused.code == 1
    assert "skip-message-on-error is not a recognized option" in refused.err


def test_consumer_groups(shim, topic):
    group = f"g-{uuid.uuid4().hex[:12]}"
    assert shim("kafka-console-producer.sh", "--topic", topic, stdin="x\n" * 10).code == 0
    reset = ["kafka-consumer-groups.sh", "--reset-offsets", "--group", group, "--topic", topic]
    assert shim(*reset, "--to-earliest").code == 0
    assert group not in shim("kafka-consumer-groups.sh", "--list").out
    done = shim(*reset, "--to-earliest", "--execute")
    assert done.code == 0, done.err
    assert done.out.split("\n")[1].split() == ["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"]
    assert [group, topic, "0", "0"] in done.rows
    assert group in shim("kafka-consumer-groups.sh", "--list").out.splitlines()
    described = shim("kafka-consumer-groups.sh", "--describe", "--group", group)
    assert "has no active members" in described.err
    rows = [row for row in described.rows if row and row[0] == group]
    assert sum(int(row[5]) for row in rows) == 10
    assert rows[0][6:] == ["-", "-", "-"]
    assert shim("kafka-consumer-groups.sh", "--delete", "--group", group).out == f"Deletion of requested consumer groups ('{group}') was successful.\n"
    unknown = shim("kafka-consumer-groups.sh", "--describe", "--group", group)
    assert (unknown.code, unknown.err) == (1, f"Error: Consumer group '{group}' does not exist.\n")


def test_offsets(shim, topic):
    assert shim("kafka-console-producer.sh", "--topic", topic, stdin="x\n").code == 0
    lines = shim("kafka-get-offsets.sh", "--topic", topic).out.splitlines()
    assert [line.rpartition(":")[0] for line in lines] == [f"{topic}:{partition}" for partition in range(3)]
    assert sum(int(line.rpartition(":")[2]) for line in lines) == 1
    assert shim("kafka-get-offsets.sh", "--topic", topic, "--partitions", "1", "--time", "-2").out == f"{topic}:1:0\n"
    assert shim("kafka-get-offsets.sh", "--topic", "no-such-topic").code == 1


def test_the_name_decides(broker, tmp_path, topic):
    """A link with a script's name is that script, with or without .sh."""
    for name in ("kafka-topics.sh", "kafka-topics"):
        link = tmp_path / name
        os.symlink(BINARY, link)
        words = [link, "--bootstrap-server", broker.address, "--list"]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
        assert topic in ended.stdout.splitlines()


def test_what_is_missing_or_not_spoken(shim, broker, tmp_path):
    assert run("shim", "kafka-topics.sh", "--list").err == 'Missing required argument "[bootstrap-server]"\n'
    config = tmp_path / "client.properties"
    config.write_text("security.protocol=SASL_SSL\n")
    secured = shim("kafka-topics.sh", "--list", "--command-config", str(config))
    assert secured.code == 1
    assert "only PLAINTEXT" in secured.err
    assert shim("kafka-configs.sh", "--describe").code == 1
    assert "--bootstrap-server" in run("shim", "kafka-configs.sh", "--help").out
    assert run("shim", "kafka-acls.sh").code == 2
