"""Kafka Connect in distributed mode: lines of a file go to a topic, and from there to another file.

The worker keeps its connectors, where they are and how they feel in topics of the broker. It is killed and stopped, and
so is the broker; the next worker goes on where the offsets say.
"""

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from conftest import start_broker
from connect import ANSWER_TIMEOUT_S, BROKER_SETTINGS, TOPICS, ConnectWorker
from harness import wait_until
from topics import TIMEOUT_S, end_offsets

FILE = "org.apache.kafka.connect.file.FileStream"


@pytest.fixture
def broker(request, tmp_path):
    return start_broker(request, tmp_path / "broker", BROKER_SETTINGS)


@pytest.fixture
def worker(request, tmp_path, broker, new_name):
    worker = ConnectWorker(tmp_path / "worker", broker, new_name())
    request.addfinalizer(worker.close)
    return worker


class Pipe:
    """A file, a source connector, a topic, a sink connector, a file."""

    def __init__(self, worker, directory, topic):
        self.worker = worker
        self.topic = topic
        self.source, self.sink = directory / "source.txt", directory / "sink.txt"
        self.source.touch()
        self.count = 0
        self.since = (0, 0)

    def make(self):
        self.worker.put(
            "/connectors/read/config",
            {
                "connector.class": FILE + "SourceConnector",
                "tasks.max": "1",
                "file": str(self.source),
                "topic": self.topic,
                "topic.creation.default.partitions": "1",
                "topic.creation.default.replication.factor": "1",
            },
        )
        self.worker.put(
            "/connectors/write/config",
            {"connector.class": FILE + "SinkConnector", "tasks.max": "1", "file": str(self.sink), "topics": self.topic},
        )

    def append(self, count):
        """Lines that differ, some of them empty or long. ASCII: the source counts characters and skips bytes."""
        with self.source.open("a", newline="") as file:
            for number in range(self.count, self.count + count):
                line = f"line {number},\t" + "x" * (20_000 if number == 499 else number % 60)
                file.write("\n" if number % 97 == 96 else line + "\n")
        self.count += count

    def written(self):
        return self.source.read_bytes()[self.since[0] :]

    def arrived(self):
        return self.sink.read_bytes()[self.since[1] :] if self.sink.exists() else b""

    def wait_for_lines(self, count):
        wait_until(lambda: self.arrived().count(b"\n") >= count, ANSWER_TIMEOUT_S, f"{count} lines have arrived")

    def is_whole(self):
        """Waits until everything is there: byte for byte, in order, once."""
        self.wait_for_lines(self.written().count(b"\n"))
        assert self.arrived() == self.written()

    def is_all_there(self):
        """Waits until nothing is missing any more; lines may come again behind their first time."""

        def first_times(lines):
            return list(dict.fromkeys(lines.splitlines()))

        expected = first_times(self.written())
        wait_until(lambda: len(first_times(self.arrived())) >= len(expected), ANSWER_TIMEOUT_S, "every line has arrived")
        assert first_times(self.arrived()) == expected

    def is_committed(self):
        """Waits until both connectors have kept that they are done with everything; only what follows is looked at then."""

        def at(position):
            return lambda answer: [one["offset"] for one in answer["offsets"]] == [position]

        of = "/connectors/{}/offsets"
        source_size = self.source.stat().st_size
        self.worker.get(of.format("read"), at({"position": source_size}), "the source is committed")
        (end,) = end_offsets(self.worker.broker, self.topic, 1)
        self.worker.get(of.format("write"), at({"kafka_offset": end}), "the sink is committed")
        assert self.arrived() == self.written()
        self.since = (source_size, self.sink.stat().st_size)


def kept(broker, topics):
    """{topic: (partitions, cleanup policy)}"""
    admin = AdminClient({"bootstrap.servers": broker.address})
    described = admin.list_topics(timeout=TIMEOUT_S).topics
    wanted = [ConfigResource(ConfigResource.Type.TOPIC, topic) for topic in topics]
    configs = {one.name: future.result(TIMEOUT_S) for one, future in admin.describe_configs(wanted).items()}
    return {topic: (len(described[topic].partitions), configs[topic]["cleanup.policy"].value) for topic in topics}


def test_a_worker_finds_everything_again(broker, worker, tmp_path, new_name):
    pipe = Pipe(worker, tmp_path, new_name())
    worker.start()
    pipe.make()
    pipe.append(1000)
    pipe.is_whole()
    topics = [worker.topics[kind] for kind in TOPICS]
    assert kept(broker, topics) == dict(zip(topics, ((count, "compact") for count in TOPICS.values()), strict=True))
    pipe.is_committed()

    # The broker dies and is away for a while.
    broker.kill()
    pipe.append(1000)
    broker.start()
    pipe.is_whole()
    pipe.is_committed()

    # A worker stops: what it had not committed before it does then.
    pipe.append(1000)
    pipe.wait_for_lines(500)
    worker.stop()
    pipe.append(1000)
    worker.start()
    pipe.is_whole()
    pipe.is_committed()

    # A worker dies: nothing that it had committed comes again.
    pipe.append(1000)
    pipe.wait_for_lines(500)
    worker.kill()
    pipe.append(1000)
    worker.start()
    pipe.is_all_there()
