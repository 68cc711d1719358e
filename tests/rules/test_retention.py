"""Retention: old segments go, offsets stay, and the end is never reached."""

import pytest

from records import Record, batch
from talk import (
    NONE,
    OFFSET_OUT_OF_RANGE,
    accepted,
    fetch,
    log_end,
    log_start,
    read,
    rule,
    until,
    values,
)

SETTINGS = {
    "log.retention.check.interval.ms": "200",
    "log.initial.task.delay.ms": "200",
    "log.segment.delete.delay.ms": "100",
}
MIB = 1 << 20


@rule("V19", "V4")
def test_V19_retention_bytes_deletes_from_the_front(client, make_topic):
    topic = make_topic(segment_bytes=MIB, retention_bytes=2 * MIB)
    content = bytes(300_000)
    for number in range(20):
        accepted(client, topic, batch([content]), at=number)
    start = until(lambda: log_start(client, topic), "the log's start moves")
    # Seven segments of three records; at least two stay whole.
    start = until(lambda: log_start(client, topic) if log_start(client, topic) >= 10 else None, "old segments go")
    assert log_end(client, topic) == 20
    assert fetch(client, topic, start - 1)["error_code"] == OFFSET_OUT_OF_RANGE
    assert fetch(client, topic, 0)["error_code"] == OFFSET_OUT_OF_RANGE
    stored = read(client, topic, start)
    assert [one.base_offset for one in stored] == list(range(start, 20))
    assert sum(len(one.raw) for one in stored) >= 2 * MIB
    accepted(client, topic, batch([b"next"]), at=20)


@rule("V19")
def test_V19_everything_may_be_old_and_offsets_go_on(client, make_topic):
    topic = make_topic(segment_bytes=MIB, retention_ms=1000)
    for number in range(6):
        accepted(client, topic, batch([bytes(300_000)], base_timestamp=1_000_000), at=number)
    # The segment that is being written goes as well when it is old; the log is empty and its end stays.
    until(lambda: log_start(client, topic) == 6, "all records are too old")
    assert log_end(client, topic) == 6
    answer = fetch(client, topic, 6)
    assert (answer["error_code"], answer["batches"], answer["high_watermark"]) == (NONE, [], 6)
    assert fetch(client, topic, 5)["error_code"] == OFFSET_OUT_OF_RANGE
    accepted(client, topic, batch([b"fresh"]), at=6)
    assert values(client, topic, 6) == [b"fresh"]


@rule("V19", "I13")
def test_V19_retention_leaves_the_producers_state(client, make_topic):
    topic = make_topic(segment_bytes=MIB, retention_ms=1000)
    state = dict(producer_id=4711, producer_epoch=3)
    for sequence in range(3):
        data = batch([b"old"], **state, base_sequence=sequence, base_timestamp=1_000_000)
        accepted(client, topic, data, at=sequence)
    until(lambda: log_start(client, topic) == 3, "all records are too old")
    accepted(client, topic, batch([b"old"], **state, base_sequence=2), at=2)
    accepted(client, topic, batch([b"new"], **state, base_sequence=3), at=3)


@rule("V19")
@pytest.mark.parametrize("configs", [dict(retention_ms=-1, retention_bytes=-1), dict(cleanup_policy="compact")])
def test_V19_nothing_goes_where_nothing_may(client, make_topic, configs):
    keep = make_topic(segment_bytes=MIB, **configs)
    lose = make_topic(segment_bytes=MIB, retention_ms=1000)
    for topic in (keep, lose):
        for number in range(5):
            record = Record(b"%d" % number, bytes(300_000))
            accepted(client, topic, batch([record], base_timestamp=1_000_000), at=number)
    # The neighbour's loss shows that retention has passed by.
    until(lambda: log_start(client, lose) == 5, "all records are too old")
    assert (log_start(client, keep), log_end(client, keep)) == (0, 5)
