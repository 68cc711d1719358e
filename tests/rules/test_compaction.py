"""Compaction: of each key the latest record stays, offsets stay, and what was promised to producers stays."""

import pytest

from records import Record, batch, now_ms
from talk import (
    NONE,
    OUT_OF_ORDER_SEQUENCE_NUMBER,
    accepted,
    create_topic,
    describe_topic,
    fetch,
    log_end,
    log_start,
    read,
    read_records,
    refused,
    rule,
    until,
)
from wire import Client

SETTINGS = {"log.cleaner.backoff.ms": "50", "log.initial.task.delay.ms": "200", "log.retention.check.interval.ms": "200"}
CONFIGS = {
    "cleanup_policy": "compact",
    "segment_ms": 1000,  # by the records' times: each batch of these tests begins a segment
    "min_cleanable_dirty_ratio": "0.01",
    "delete_retention_ms": 1500,
}


class Writer:
    """Batches whose times are ten seconds apart, and what a reader must see of them in the end."""

    def __init__(self, client, topic):
        self.client, self.topic = client, topic
        self.time = now_ms() - 3_600_000
        self.latest = {}

    def put(self, *pairs, **settings):
        self.time += 10_000
        records = [Record(key, value) for key, value in pairs]
        accepted(self.client, self.topic, batch(records, base_timestamp=self.time, **settings))
        for key, value in pairs:
            self.latest[key] = value
            if value is None:
                del self.latest[key]


def found(client, topic):
    """The latest value of each key, as a table's reader makes it; the number of records it had to read."""
    table = {}
    records = read_records(client, topic)
    offsets = [offset for offset, _, _ in records]
    assert offsets == sorted(set(offsets))
    for _, _, record in records:
        table[record.key] = record.value
        if record.value is None:
            del table[record.key]
    return table, len(records)


@pytest.fixture
def own_broker(new_broker, tmp_path):
    broker = new_broker(tmp_path, SETTINGS)
    try:
        yield broker.start()
    finally:
        broker.close()


@rule("V22", "S23")
@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_V22_a_compacted_topic_converges_to_the_latest_values(client, make_topic, codec):
    topic = make_topic(**CONFIGS)
    writer = Writer(client, topic)
    for number in range(60):
        writer.put((b"a", b"%d" % number), (b"key-%d" % (number % 7), b"x" * number), codec=codec)
    # Eight keys, and the two records of the segment that is being written.
    until(lambda: found(client, topic)[1] <= 10, "superseded records go")
    assert found(client, topic)[0] == writer.latest
    assert (log_start(client, topic), log_end(client, topic)) == (0, 120)
    # Whoever stands where nothing is any more goes on behind it.
    for offset in (0, 1, 50, 118):
        answer = fetch(client, topic, offset)
        assert (answer["error_code"], answer["high_watermark"]) == (NONE, 120)
        assert answer["batches"][0].last_offset >= offset
        assert read(client, topic, offset)[-1].last_offset == 119


@rule("V22")
def test_V22_a_deleted_key_is_gone_and_then_its_tombstone(client, make_topic):
    topic = make_topic(**CONFIGS)
    writer = Writer(client, topic)
    for number in range(10):
        writer.put((b"gone", b"%d" % number), (b"kept", b"%d" % number))
    writer.put((b"gone", None))
    tombstone = log_end(client, topic) - 1

    def keys_below(end):
        return [record.key for offset, _, record in read_records(client, topic) if offset <= end]

    def one_more(condition):
        """Compaction wants something new to look at."""
        writer.put((b"other", b"o"))
        return condition()

    until(lambda: one_more(lambda: keys_below(tombstone) == [b"kept", b"gone"]), "the tombstone alone tells of the key")
    until(lambda: one_more(lambda: keys_below(tombstone) == [b"kept"]), "the tombstone goes")
    assert found(client, topic)[0] == writer.latest


@rule("I16", "I2")
def test_I16_a_producers_last_sequence_outlives_its_records(client, make_topic):
    topic = make_topic(**CONFIGS)
    writer = Writer(client, topic)
    state = dict(producer_id=4711, producer_epoch=3)
    for sequence in range(4):
        writer.put((b"k", b"%d" % sequence), **state, base_sequence=sequence)
    for number in range(20):
        writer.put((b"k", b"later-%d" % number))
    until(lambda: found(client, topic)[1] <= 2, "superseded records go")
    old = [one for one in read(client, topic) if one.producer_id == 4711]
    assert [(one.base_sequence, one.count) for one in old] == [(3, 0)]
    refused(client, topic, batch([Record(b"k", b"x")], **state, base_sequence=5), OUT_OF_ORDER_SEQUENCE_NUMBER)
    accepted(client, topic, batch([Record(b"k", b"x")], **state, base_sequence=4))


@rule("V22", "S23", "I16")
@pytest.mark.parametrize("how", ["stop", "kill"])
def test_S23_it_is_still_right_after_a_restart(own_broker, how):
    with Client(own_broker.address) as client:
        topic = create_topic(client, "table", configs=CONFIGS)
        writer = Writer(client, topic)
        state = dict(producer_id=4711, producer_epoch=0)
        for number in range(100):
            writer.put((b"a", b"%d" % number), (b"key-%d" % (number % 9), b"%d" % number), **state, base_sequence=2 * number)
        if how == "stop":
            until(lambda: found(client, topic)[1] <= 12, "superseded records go")
        # Killed, it is in the middle of it.
    if how == "stop":
        own_broker.restart()
    else:
        own_broker.kill()
        own_broker.start()
    with Client(own_broker.address) as client:
        until(lambda: describe_topic(client, "table")["error_code"] == NONE, "the topic is known")
        until(lambda: log_end(client, topic) == 200, "the partition is led")
        assert found(client, topic)[0] == writer.latest
        writer.client = client
        refused(client, topic, batch([Record(b"a", b"x")], **state, base_sequence=202), OUT_OF_ORDER_SEQUENCE_NUMBER)
        writer.put((b"a", b"after"), (b"b", b"after"), **state, base_sequence=200)
        writer.put((b"a", b"last"))
        until(lambda: found(client, topic)[1] <= 13, "superseded records go")
        assert found(client, topic)[0] == writer.latest


@rule("V19")
def test_V19_compacted_and_deleted(client, make_topic):
    topic = make_topic(**{**CONFIGS, "cleanup_policy": "compact,delete", "retention_ms": 1000})
    writer = Writer(client, topic)
    for number in range(5):
        writer.put((b"a", b"%d" % number))
    until(lambda: log_start(client, topic) == 5, "all records are too old")
    assert log_end(client, topic) == 5
