"""The clients of the suite: how each is run and what it can say.

All programs know the same modes and arguments (programs/README.md). kcat has no program: `Kcat`
speaks for it with kcat's own options.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

import records
from harness import CACHE, COMPAT, PATIENCE, Program, kafka_jars

ALL_CODECS = ("none", "gzip", "snappy", "lz4", "zstd")
PROGRAM_TIMEOUT_S = 60 * PATIENCE


@dataclass(frozen=True)
class Client:
    name: str
    command: tuple[str, ...]
    codecs: tuple[str, ...] = ALL_CODECS
    kind: str = "full"  # of records that it writes, and
    view: str = "exact"  # of records that it reads: see records.py
    env: tuple[tuple[str, str], ...] = ()

    def run(self, mode, **arguments):
        """Starts the program; the caller closes it (the fixture `run` does so by itself)."""
        words = [f"{name}={value}" for name, value in arguments.items() if value is not None]
        return Program([*self.command, mode, *words], env=dict(self.env))

    def __str__(self):
        return self.name


def java_command(*classes, main):
    """A java that starts fast: these programs live for a second or two."""
    path = ":".join(str(part) for part in classes)
    return ("java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m", "-cp", path, main)


def java_client(version):
    jars = kafka_jars(version)
    needed = ("kafka-clients", "lz4-java", "snappy-java", "zstd-jni", "slf4j-api")
    classes = [CACHE / f"java-{version}", *(jar for name in needed for jar in sorted(jars.glob(f"{name}-*.jar")))]
    return Client(f"java-{version}", java_command(*classes, main="Compat"))


def streams_application(version):
    """WordCount, which knows no modes: whatever it is told to do, it counts."""
    return Client(f"streams-{version}", java_command(CACHE / f"java-{version}", f"{kafka_jars(version)}/*", main="WordCount"))


def python_client(name, program, **abilities):
    return Client(name, (sys.executable, str(COMPAT / "programs/python" / program)), **abilities)


JAVA = java_client("4.3.1")
JAVA_39 = java_client("3.9.2")
LIBRDKAFKA = Client("librdkafka-2.0.2", (str(CACHE / "bin/librdkafka"),))
CONFLUENT = python_client("confluent-kafka", "confluent.py")
FRANZ_GO = Client("franz-go", (str(CACHE / "bin/franz"),))
KAFKA_GO = Client("kafka-go", (str(CACHE / "bin/kafkago"),), view="empty_is_null")
KAFKA_PYTHON = python_client("kafka-python", "kafka_python.py", kind="keyed")
KAFKAJS = Client(
    "kafkajs",
    ("node", str(COMPAT / "programs/kafkajs/compat.js")),
    kind="grouped",
    view="grouped",
    env=(("NODE_PATH", str(CACHE / "kafkajs/node_modules")),),
)

CLIENTS = (JAVA, JAVA_39, LIBRDKAFKA, CONFLUENT, FRANZ_GO, KAFKA_GO, KAFKA_PYTHON, KAFKAJS)


class Kcat:
    """kcat, which reads and writes lines: one process for each partition that is written."""

    def __init__(self, address, topic):
        self.common = ("kcat", "-q", "-b", address)
        self.topic = topic
        self.started_ms = int(time.time() * 1000)

    def write(self, codec, start, end, partitions):
        """Writes records start to end."""
        headers = [word for name, content in records.TEXT_HEADERS for word in ("-H", f"{name}={content.decode()}")]
        for partition in range(partitions):
            lines = [
                records.text_key(i) + b":" + (records.text_value(i) or b"") + b"\n"
                for i in range(start, end)
                if i % partitions == partition
            ]
            words = ["-P", "-t", self.topic, "-p", str(partition), "-z", codec, "-K", ":", "-Z", *headers]
            self._run(words, b"".join(lines))

    def read(self, count, group=None):
        # A line of numbers, then key and value by their sizes.
        words = ["-f", r"%p %o %T %K %S %h\n%k%s\n", "-c", count]
        if group is None:
            words = ["-C", "-t", self.topic, "-o", "beginning", *words]
        else:
            words = ["-G", group, "-X", "auto.offset.reset=earliest", "-X", "heartbeat.interval.ms=500", *words, self.topic]
        return self._summary(self._run([str(word) for word in words]))

    def _run(self, words, lines=None):
        ran = subprocess.run([*self.common, *words], input=lines, capture_output=True, timeout=PROGRAM_TIMEOUT_S)
        assert ran.returncode == 0, f"kcat {words} ended with {ran.returncode}:\n{ran.stderr.decode(errors='replace')}"
        return ran.stdout

    def _summary(self, out):
        summary = records.Summary()
        now_ms = int(time.time() * 1000)
        at = 0
        while at < len(out):
            end = out.index(b"\n", at)
            partition, offset, timestamp, *sizes, headers = out[at:end].split(b" ", 5)
            assert self.started_ms <= int(timestamp) <= now_ms
            at = end + 1
            fields = []
            for size in map(int, sizes):
                fields.append(None if size < 0 else out[at : at + size])
                at += max(size, 0)
            at += 1  # the line's end
            split = [header.split(b"=", 1) for header in headers.split(b",")]
            summary.add(
                int(partition), int(offset), 0, *fields, [(name.decode(), content) for name, content in split]
            )
        return summary.event()
