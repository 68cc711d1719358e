"""kill -9 in the middle of a load: nothing that was acknowledged is lost, doubled, reordered or altered.

Each round makes a topic, lets five producers and a consumer work on it, kills the broker after a
number of acknowledgements that chance picks, starts it again (sometimes it is killed once more while
it recovers), lets the producers settle what they do not know, and judges the whole with checker.py.
In the end every topic of every round is read again. A failure prints the seed that repeats it.
"""

import random
import subprocess
import time

import pytest

from checker import check
from load import Crew, Plan, Shape, read_log
from talk import LATEST, create_topic, list_offset, rule, until
from wire import Client

PRODUCERS = [
    Plan("idempotent-all", idempotent=True, acks=-1),
    Plan("idempotent-all-13", idempotent=True, acks=-1, version=13),
    Plan("idempotent-one", idempotent=True, acks=1),
    Plan("plain-all", acks=-1, in_flight=3),
    Plan("plain-one", acks=1, in_flight=10, version=3),
]

# (partitions, the topic's configuration, what is sent)
ROUNDS = {
    "plain": (4, {}, Shape()),
    "segments that roll": (2, {"segment.bytes": 1 << 20}, Shape(records=(5, 40), value_bytes=(500, 4000))),
    "many partitions": (64, {}, Shape(records=(1, 5))),
    "compressed": (4, {}, Shape(records=(10, 60), codecs=("gzip", "snappy", "lz4"))),
    "compressed again": (4, {"compression.type": "lz4"}, Shape(records=(5, 30), codecs=("none", "gzip"))),
    "single records": (1, {}, Shape(records=(1, 1), value_bytes=(0, 20))),
    "records of last week": (4, {}, Shape(age_ms=7 * 24 * 3_600_000)),
}

# Kafka lets a producer's state expire by the time in its records, so that a producer of old records is
# forgotten over a crash, and its repetitions are stored twice.
OURS_ONLY = {"records of last week"}

BEFORE_KILL_MAX = 800
BEFORE_KILL_S = 4
AFTER_START = 100


def led(client, topic):
    for partition in range(topic.partitions):
        until(
            lambda: list_offset(client, topic, LATEST, partition)["error_code"] == 0,
            f"{topic.name}-{partition} is led",
            60,
        )


def die_while_recovering(broker, chance, longest_s):
    """Starts the broker and kills it before it is ready, or soon after."""
    process = subprocess.Popen(
        broker.command(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=broker.environment(),
    )
    try:
        process.wait(chance.uniform(0, longest_s))
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def one_round(broker, crew, chance, name, turn):
    partitions, configs, shape = ROUNDS[name]
    with Client(broker.address) as client:
        topic = create_topic(client, f"crash-{turn}", partitions, configs)
    crew.begin(broker.address, topic, shape, chance.random())
    enough = chance.randint(1, BEFORE_KILL_MAX)
    ends = time.monotonic() + BEFORE_KILL_S
    while crew.acknowledged < enough and time.monotonic() < ends:
        time.sleep(0.001)
    assert crew.acknowledged, "nothing was acknowledged before the kill"
    broker.kill()
    if chance.random() < 0.25:
        die_while_recovering(broker, chance, 3 if broker.name.startswith("kafka") else 0.2)
    broker.start()
    acknowledged = crew.acknowledged
    try:
        until(lambda: crew.acknowledged >= acknowledged + AFTER_START, "producers go on after the crash", 60)
    finally:
        history = crew.end()
    with Client(broker.address) as client:
        led(client, topic)
        return topic, history, read_log(client, topic)


@rule("P3", "P24", "I10", "I11", "V6", "V22")
@pytest.mark.parametrize("durability", ["fsync", "page-cache"])
def test_kill_9_loses_nothing(new_broker, kind, durability, seed, kills, tmp_path):
    if kind == "kafka":
        if durability == "fsync":
            pytest.skip("Kafka has no such setting")
        # A broker that was killed comes back when its old session is over.
        settings = {"broker.session.timeout.ms": "1500", "broker.heartbeat.interval.ms": "300"}
    else:
        settings = {"barnabas.durability": durability}
    chance = random.Random(f"{seed}/{durability}")
    rounds = [name for name in ROUNDS if kind == "barnabas" or name not in OURS_ONLY]
    names = [rounds[turn % len(rounds)] for turn in range(kills)]
    crew = Crew(PRODUCERS)
    broker = new_broker(tmp_path, settings)
    logs = {}
    total = 0
    try:
        broker.start()
        for turn, name in enumerate(names):
            topic, (sent, polls, refusals), log = one_round(broker, crew, chance, name, turn)
            if kind == "kafka":
                # Kafka's snapshots keep one batch of a producer: after a crash it may not know the others (I11).
                refusals = [one for one in refusals if not one.startswith("45 ")]
            report = check(sent, log, polls, refusals)
            print(f"{durability}, kill {turn + 1} of {kills}, {name}: {report}")
            assert report, f"seed {seed}, kill {turn + 1} ({name}):\n{report}\n{broker.log_tail(30)}"
            assert any(one.attempts > 1 for one in sent) or turn, "no request was cut off: the kill came at no bad time"
            logs[topic.name] = (topic, log)
            total += report.acknowledged
        # Later crashes did no harm to earlier topics.
        with Client(broker.address) as client:
            for topic, log in logs.values():
                led(client, topic)
                assert read_log(client, topic) == log, f"seed {seed}: {topic.name} has changed since"
        print(f"{durability}: {total} acknowledged records over {kills} kills")
    finally:
        crew.close()
        broker.close()
