"""A Kafka Connect worker in distributed mode: a process that keeps everything it knows in topics of a broker.

    worker = ConnectWorker(workdir, broker)          # a Broker to its tests: start(), stop(), kill(), close()
    worker.put("/connectors/lines/config", {...})    # its REST interface, asked until it answers well

Whoever starts with the same group finds what the one before has left on the broker.
"""

import json
import re
import urllib.error
import urllib.request

from clients import java_command
from harness import COMPAT, PATIENCE, Broker, kafka_jars, wait_until

VERSION = "4.3.1"
ANSWER_TIMEOUT_S = 60 * PATIENCE

# Who dies is missed soon: the worker in its group, a sink's consumer in its own. Brokers must allow it.
SESSION_TIMEOUT_MS = 1500
BROKER_SETTINGS = {"group.min.session.timeout.ms": str(SESSION_TIMEOUT_MS)}
# The worker's topics by their partitions; each has `.storage.topic` and most `.storage.partitions` in the settings.
TOPICS = {"config": 1, "offset": 3, "status": 2}


class ConnectWorker(Broker):
    name = "connect"
    stop_timeout_s = 30 * PATIENCE
    stop_codes = (0, 143)  # the JVM's word for SIGTERM

    LISTENS = re.compile(r"REST server listening at http://127\.0\.0\.1:(\d+)/")

    def __init__(self, workdir, broker, group):
        super().__init__(workdir)
        self.broker = broker
        self.group = group
        self.topics = {kind: f"{group}-{kind}" for kind in TOPICS}

    def command(self):
        session = {"session.timeout.ms": SESSION_TIMEOUT_MS, "heartbeat.interval.ms": 300}
        settings = {
            "bootstrap.servers": self.broker.address,
            "group.id": self.group,
            "listeners": "http://127.0.0.1:0",
            "plugin.discovery": "service_load",
            "key.converter": "org.apache.kafka.connect.storage.StringConverter",
            "value.converter": "org.apache.kafka.connect.storage.StringConverter",
            **{f"{kind}.storage.topic": topic for kind, topic in self.topics.items()},
            **{f"{kind}.storage.partitions": count for kind, count in TOPICS.items() if kind != "config"},
            **{f"{kind}.storage.replication.factor": 1 for kind in TOPICS},
            **session,
            **{f"consumer.{key}": value for key, value in session.items()},
            "offset.flush.interval.ms": 100,
            "scheduled.rebalance.max.delay.ms": 0,
            "reconnect.backoff.max.ms": 200,
            "producer.reconnect.backoff.max.ms": 200,
            "consumer.reconnect.backoff.max.ms": 200,
        }
        properties = self.workdir / "worker.properties"
        properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        logging = f"-Dlog4j2.configurationFile={COMPAT}/programs/kafka/log4j2.properties"
        java, *options, main = java_command(
            f"{kafka_jars(VERSION)}/*", main="org.apache.kafka.connect.cli.ConnectDistributed"
        )
        return [java, logging, *options, main, str(properties)]

    def port_when_ready(self, log):
        found = "Kafka Connect started" in log and self.LISTENS.search(log)
        return int(found[1]) if found else None

    def ask(self, method, path, body=None):
        """The answer, or None while the worker starts, rebalances or has not heard of what was just made."""
        request = urllib.request.Request(f"http://{self.address}{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_TIMEOUT_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            assert error.code in (404, 409, 500, 503), f"{method} {path}: {error.code} {said}"
            return None

    def put(self, path, body):
        return wait_until(lambda: self.ask("PUT", path, body), ANSWER_TIMEOUT_S, f"PUT {path} is answered")

    def get(self, path, matches, what):
        """The first answer for which matches(answer) is true."""

        def answer():
            got = self.ask("GET", path)
            return got if got is not None and matches(got) else None

        return wait_until(answer, ANSWER_TIMEOUT_S, what)
