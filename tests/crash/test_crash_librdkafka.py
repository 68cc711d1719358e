"""The same with a real client: librdkafka's idempotent producer must not notice that the broker was killed."""

import random
import threading
import time

import pytest

from checker import Sent, check
from load import fingerprint, make_record, read_log
from records import now_ms
from talk import create_topic, rule
from test_crash import led
from wire import Client

confluent_kafka = pytest.importorskip("confluent_kafka", reason="tests/compat/setup.sh installs it")

KILLS = 4
AFTER_START = 500


class Rdkafka:
    """One producer in a thread; deliveries are kept as librdkafka reports them."""

    def __init__(self, name, address, topic, seed, settings):
        self.name, self.topic = name, topic
        self.chance = random.Random(seed)
        self.producer = confluent_kafka.Producer({"bootstrap.servers": address, **settings})
        self.sent = {}
        self.delivered = {}
        self.failures = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        number = 0
        while not self.stop.is_set():
            record = make_record(self.name, number, self.chance.randint(10, 500))
            partition = self.chance.randrange(self.topic.partitions)
            stamp = now_ms()
            headers = [(key.decode(), value) for key, value in record.headers]
            try:
                self.producer.produce(
                    self.topic.name,
                    record.value,
                    record.key,
                    partition=partition,
                    timestamp=stamp,
                    headers=headers,
                    on_delivery=lambda error, message, number=number: self._delivery(number, error, message),
                )
            except BufferError:
                self.producer.poll(0.05)
                continue
            self.sent[number] = (partition, fingerprint(record, stamp))
            number += 1
            if number % 50 == 0:
                self.producer.poll(0)
        self.unflushed = self.producer.flush(60)

    def _delivery(self, number, error, message):
        if error is None:
            self.delivered[number] = message.offset()
        else:
            self.failures.append(f"{error} for {self.name} {number}")

    def finish(self):
        self.stop.set()
        self.thread.join(70)
        assert self.unflushed == 0, f"{self.name}: {self.unflushed} records were neither delivered nor refused"

    def history(self):
        for number, (partition, print_) in self.sent.items():
            yield Sent(self.name, number, partition, print_, self.delivered.get(number), idempotent=True)


@rule("P24", "I5", "I10", "I11")
@pytest.mark.parametrize("durability", ["fsync", "page-cache"])
def test_kill_9_under_librdkafka(new_broker, kind, durability, seed, tmp_path):
    if kind == "kafka":
        if durability == "fsync":
            pytest.skip("Kafka has no such setting")
        settings = {"broker.session.timeout.ms": "1500", "broker.heartbeat.interval.ms": "300"}
    else:
        settings = {"barnabas.durability": durability}
    chance = random.Random(f"{seed}/librdkafka/{durability}")
    client_settings = {
        "enable.idempotence": True,
        "linger.ms": 2,
        "compression.type": "lz4",
        "queue.buffering.max.messages": 2000,
        "reconnect.backoff.ms": 20,
        "reconnect.backoff.max.ms": 100,
        "retry.backoff.ms": 20,
        "log_level": 2,
    }
    broker = new_broker(tmp_path, settings)
    producers = []
    try:
        broker.start()
        with Client(broker.address) as client:
            topic = create_topic(client, "orders", partitions=4)
        producers = [
            Rdkafka(f"rdkafka-{n}", broker.address, topic, chance.random(), client_settings) for n in range(2)
        ]
        for _ in range(KILLS):
            enough = sum(len(one.delivered) for one in producers) + chance.randint(1, 3000)
            _wait(lambda: sum(len(one.delivered) for one in producers) >= enough, producers)
            broker.kill()
            broker.start()
        enough = sum(len(one.delivered) for one in producers) + AFTER_START
        _wait(lambda: sum(len(one.delivered) for one in producers) >= enough, producers)
        for one in producers:
            one.finish()
        with Client(broker.address) as client:
            led(client, topic)
            log = read_log(client, topic)
        sent = [record for one in producers for record in one.history()]
        report = check(sent, log, refusals=[failure for one in producers for failure in one.failures])
        print(f"{durability}: {report}")
        assert report, f"seed {seed}:\n{report}"
    finally:
        for one in producers:
            one.stop.set()
        broker.close()


def _wait(condition, producers, timeout_s=60):
    ends = time.monotonic() + timeout_s
    while not condition():
        failures = [failure for one in producers for failure in one.failures]
        assert not failures, failures[:5]
        assert time.monotonic() < ends, "the producers do not get on"
        time.sleep(0.005)
