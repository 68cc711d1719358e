"""What a partition remembers over a stop and over a crash, who may open its folder, and where a broker listens."""

import subprocess

import pytest

from records import batch
from talk import (
    EARLIEST,
    INVALID_PRODUCER_EPOCH,
    LATEST,
    NONE,
    OUT_OF_ORDER_SEQUENCE_NUMBER,
    accepted,
    create_topic,
    describe_topic,
    fetch,
    list_offset,
    log_end,
    ours,
    produce,
    read,
    refused,
    rule,
    until,
    values,
)
from wire import Client

PID = 4711


def run(sequence, *content, pid=PID, epoch=0):
    content = content or (b"%d" % sequence,)
    return batch(content, producer_id=pid, producer_epoch=epoch, base_sequence=sequence)


@pytest.fixture
def broker(new_broker, tmp_path):
    """A broker of the test's own, to stop and to kill."""
    broker = new_broker(tmp_path)
    try:
        yield broker.start()
    finally:
        broker.close()


def again(broker, how):
    if how == "stop":
        broker.restart()
    else:
        broker.kill()
        broker.start()
    return Client(broker.address)


def led(client, topic):
    until(lambda: describe_topic(client, topic.name)["error_code"] == NONE, "the topic is known")
    until(lambda: list_offset(client, topic, LATEST)["error_code"] == NONE, "the partition is led")


@rule("V6", "V22", "I10")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_V6_everything_is_found_again(broker, how):
    with Client(broker.address) as client:
        topic = create_topic(client, "orders", configs={"max_message_bytes": 5000})
        idle = create_topic(client, "idle", partitions=3)
        for number in range(20):
            data = batch([b"%d" % number] * 3, codec="gzip" if number % 2 else "none", base_timestamp=1_000_000 + number)
            accepted(client, topic, data, at=3 * number)
        for sequence in range(7):
            accepted(client, topic, run(sequence, epoch=2), at=60 + sequence)
        before = read(client, topic)
        end = log_end(client, topic)
    with again(broker, how) as client:
        led(client, topic)
        # A consumer at the old end is still at the end, never out of range.
        answer = fetch(client, topic, end)
        assert (answer["error_code"], answer["batches"], answer["high_watermark"]) == (NONE, [], end)
        assert [one.raw for one in read(client, topic)] == [one.raw for one in before]
        assert list_offset(client, topic, EARLIEST)["offset"] == 0
        assert list_offset(client, topic, 1_000_010)["offset"] == 30
        assert len(describe_topic(client, idle.name)["partitions"]) == 3
        assert describe_topic(client, topic.name)["topic_id"] == topic.id
        refused(client, topic, batch([bytes(6000)]), 10)
        # The producer's epoch and last sequence too.
        refused(client, topic, run(9, epoch=2), OUT_OF_ORDER_SEQUENCE_NUMBER)
        refused(client, topic, run(0, epoch=1), INVALID_PRODUCER_EPOCH)
        accepted(client, topic, run(6, epoch=2), at=66)
        accepted(client, topic, run(7, epoch=2), at=67)
        assert values(client, topic, 67) == [b"7"]


@rule("I11", "I10")
@ours("Kafka's snapshot keeps a producer's last batch only")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_I11_the_window_of_five_batches_survives(broker, how):
    pids = range(PID, PID + 20)
    with Client(broker.address) as client:
        topic = create_topic(client, "orders")
        where = {}
        for sequence in range(8):
            for pid in pids:
                where[pid, sequence] = accepted(client, topic, run(sequence, pid=pid))
        end = log_end(client, topic)
    with again(broker, how) as client:
        led(client, topic)
        for pid in pids:
            for sequence in range(3, 8):
                accepted(client, topic, run(sequence, pid=pid), at=where[pid, sequence])
            refused(client, topic, run(2, pid=pid), OUT_OF_ORDER_SEQUENCE_NUMBER)
        assert log_end(client, topic) == end


@rule("I12")
def test_I12_a_producer_is_forgotten_after_its_time(new_broker, tmp_path):
    settings = {"producer.id.expiration.ms": "1000", "producer.id.expiration.check.interval.ms": "100"}
    with new_broker(tmp_path, settings) as broker, Client(broker.address) as client:
        topic = create_topic(client, "orders")
        accepted(client, topic, run(0), at=0)
        refused(client, topic, run(9), OUT_OF_ORDER_SEQUENCE_NUMBER)
        # Forgotten: any sequence is a beginning (I1).
        until(lambda: _taken(client, topic, run(9)), "the producer is forgotten")
        refused(client, topic, run(20), OUT_OF_ORDER_SEQUENCE_NUMBER)


def _taken(client, topic, data):
    return produce(client, topic, data)["error_code"] == NONE


@ours("the oracle has its listeners from its harness")
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_listener_may_have_a_name(new_broker, tmp_path, host):
    broker = new_broker(tmp_path, {"listeners": f"PLAINTEXT://{host}:0"})
    try:
        with Client(broker.start().address) as client:
            (told,) = client.call("Metadata", 9, {"topics": []})["brokers"]
        assert (told["host"], told["port"]) == ("127.0.0.1", broker.port)
    finally:
        broker.close()


@rule("PROC11")
@ours("Kafka's second process may cut the first one's metadata log before it looks at the lock; the first dies of it")
def test_PROC11_a_second_broker_on_the_same_folder_refuses(broker, new_broker, tmp_path):
    with Client(broker.address) as client:
        topic = create_topic(client, "orders")
        accepted(client, topic, batch([b"mine"]), at=0)
        second = new_broker(tmp_path / "second")
        second.data_dir = broker.data_dir
        process = subprocess.Popen(
            second.command(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=second.environment(),
            text=True,
        )
        try:
            output, _ = process.communicate(timeout=40)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
        assert process.returncode != 0
        assert "lock" in output.lower() or "another" in output.lower(), output[-2000:]
        # The first one noticed nothing.
        accepted(client, topic, batch([b"still mine"]), at=1)
        assert values(client, topic) == [b"mine", b"still mine"]
