"""Apache Kafka's own command line tools, of two versions, write and read 100,000 records.

One partition is written with every codec in turn. A group reads a part, and its next member the rest.
"""

import json
import subprocess

import pytest

from clients import ALL_CODECS, PROGRAM_TIMEOUT_S, java_command
from harness import kafka_jars
from records import COUNT, TEXT_HEADERS, Summary, expected_sha256, text_key, text_value

VERSIONS = ("4.3.1", "3.9.2")
TURN = COUNT // len(ALL_CODECS)
PART = COUNT * 2 // 5

# What changed its name between the two versions.
CONSOLE_PRODUCER = {"4.3.1": "org.apache.kafka.tools.ConsoleProducer", "3.9.2": "kafka.tools.ConsoleProducer"}
READER_PROPERTY = {"4.3.1": "--reader-property", "3.9.2": "--property"}
FORMATTER_PROPERTY = {"4.3.1": "--formatter-property", "3.9.2": "--property"}
PRODUCER_CONFIG = {"4.3.1": "--command-config", "3.9.2": "--producer.config"}


def tool(version, main, broker, *words, lines=None):
    """Runs a tool to its end and returns its output's lines."""
    command = java_command(f"{kafka_jars(version)}/*", main=main)
    ran = subprocess.run(
        [*command, "--bootstrap-server", broker.address, *map(str, words)],
        input=lines,
        capture_output=True,
        timeout=PROGRAM_TIMEOUT_S,
    )
    assert ran.returncode == 0, f"{main} ended with {ran.returncode}:\n{ran.stderr.decode(errors='replace')[-4000:]}"
    return ran.stdout.splitlines()


@pytest.mark.parametrize("version", VERSIONS)
def test_console_tools(version, broker, new_topic):
    topic = new_topic(broker, 1)
    headers = ",".join(f"{name}:{content.decode()}" for name, content in TEXT_HEADERS).encode()
    reading = ("parse.key=true", "parse.headers=true", "null.marker=NULL")
    for turn, codec in enumerate(ALL_CODECS):
        lines = [
            b"\t".join((headers, text_key(i), text_value(i) or b"NULL"))
            for i in range(turn * TURN, (turn + 1) * TURN)
        ]
        words = [word for setting in reading for word in (READER_PROPERTY[version], setting)]
        words += ["--topic", topic, "--compression-codec", codec]
        tool(version, CONSOLE_PRODUCER[version], broker, *words, lines=b"\n".join(lines) + b"\n")

    first = _read_console(version, broker, topic, PART)
    assert first == _written(0, PART)
    assert _read_console(version, broker, topic, COUNT - PART) == _written(PART, COUNT)


def _written(start, end):
    sha256 = expected_sha256("text", "exact", 0, 0, start, end - 1, partitions=1)
    return [{"partition": 0, "first": start, "last": end - 1, "count": end - start, "sha256": sha256}]


def _read_console(version, broker, topic, count):
    shown = ("print.timestamp", "print.partition", "print.offset", "print.headers", "print.key")
    words = [word for name in shown for word in (FORMATTER_PROPERTY[version], f"{name}=true")]
    words += [FORMATTER_PROPERTY[version], "null.literal=NULL"]
    words += ["--topic", topic, "--group", f"console-{topic}", "--from-beginning", "--max-messages", count]
    summary = Summary()
    for line in tool(version, "org.apache.kafka.tools.consumer.ConsoleConsumer", broker, *words):
        time, partition, offset, headers, key, value = line.split(b"\t")
        assert time.startswith(b"CreateTime:")
        pairs = [header.split(b":", 1) for header in headers.split(b",")]
        summary.add(
            int(partition.removeprefix(b"Partition:")),
            int(offset.removeprefix(b"Offset:")),
            0,
            key,
            None if value == b"NULL" else value,
            [(name.decode(), content) for name, content in pairs],
        )
    return summary.event()["partitions"]


@pytest.mark.parametrize("version", VERSIONS)
def test_verifiable_tools(version, broker, new_topic, tmp_path):
    topic = new_topic(broker, 1)
    for turn, codec in enumerate(ALL_CODECS):
        config = tmp_path / f"{codec}.properties"
        config.write_text(f"compression.type={codec}\n")
        words = ["--topic", topic, "--max-messages", TURN, "--value-prefix", turn, "--repeating-keys", 10]
        words += [PRODUCER_CONFIG[version], config]
        events = _events(tool(version, "org.apache.kafka.tools.VerifiableProducer", broker, *words))
        assert events[-1]["name"] == "tool_data"
        assert (events[-1]["sent"], events[-1]["acked"]) == (TURN, TURN)

    seen = _read_verifiable(version, broker, topic, PART)
    assert len(seen) == PART
    seen += _read_verifiable(version, broker, topic, COUNT - PART)
    assert seen == [(i, str(i % TURN % 10), f"{i // TURN}.{i % TURN}") for i in range(COUNT)]


def _read_verifiable(version, broker, topic, count):
    words = ["--topic", topic, "--group-id", f"verifiable-{topic}", "--max-messages", count, "--verbose"]
    events = _events(tool(version, "org.apache.kafka.tools.VerifiableConsumer", broker, *words))
    commits = [event for event in events if event["name"] == "offsets_committed"]
    assert commits and all(event["success"] for event in commits)
    return [(e["offset"], e["key"], e["value"]) for e in events if e["name"] == "record_data"]


def _events(lines):
    return [json.loads(line) for line in lines if line.startswith(b"{")]
