"""The idempotent producer: which sequences a partition takes, and what a repeated batch is told.

Producer ids are made up here: the partition's rules do not depend on who gave them out.
"""

import itertools

import pytest

from records import batch, now_ms
from talk import (
    INVALID_PRODUCER_EPOCH,
    NONE,
    OUT_OF_ORDER_SEQUENCE_NUMBER,
    PRODUCE_VERSIONS,
    accepted,
    log_end,
    log_start,
    produce,
    produce_answers,
    produce_request,
    read,
    refused,
    rule,
    until,
    values,
)

LAST_SEQUENCE = 2**31 - 1
WINDOW = 5

_pids = itertools.count(1_000_000)


@pytest.fixture
def pid():
    return next(_pids)


def run(pid, sequence, *content, epoch=0, **settings):
    """A batch of an idempotent producer; its values tell the sequence unless told otherwise."""
    content = content or (b"%d" % sequence,)
    return batch(content, producer_id=pid, producer_epoch=epoch, base_sequence=sequence, **settings)


@rule("I1")
@pytest.mark.parametrize("sequence", [0, 1, 7777, LAST_SEQUENCE])
def test_I1_an_unknown_producer_may_begin_anywhere(client, make_topic, pid, sequence):
    topic = make_topic()
    accepted(client, topic, run(pid, sequence, epoch=3), at=0)


@rule("I1", "I2")
def test_I1_a_producer_is_known_by_partition(client, make_topic, pid):
    topic = make_topic(partitions=2)
    accepted(client, topic, run(pid, 5), at=0, partition=0)
    accepted(client, topic, run(pid, 50), at=0, partition=1)
    accepted(client, topic, run(pid, 6), at=1, partition=0)
    refused(client, topic, run(pid, 7), OUT_OF_ORDER_SEQUENCE_NUMBER, partition=1)


@rule("I2", "P25")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_I2_sequences_follow_each_other(client, make_topic, pid, version):
    topic = make_topic()
    accepted(client, topic, run(pid, 0, b"0", b"1", b"2"), at=0, version=version)
    refused(client, topic, run(pid, 4), OUT_OF_ORDER_SEQUENCE_NUMBER, version=version)
    refused(client, topic, run(pid, LAST_SEQUENCE), OUT_OF_ORDER_SEQUENCE_NUMBER, version=version)
    accepted(client, topic, run(pid, 3), at=3, version=version)
    assert values(client, topic) == [b"0", b"1", b"2", b"3"]


@rule("I2")
def test_I2_sequences_wrap_from_the_largest_int_to_0(client, make_topic, pid):
    topic = make_topic()
    accepted(client, topic, run(pid, LAST_SEQUENCE - 1, b"a", b"b"), at=0)
    refused(client, topic, run(pid, 1), OUT_OF_ORDER_SEQUENCE_NUMBER)
    accepted(client, topic, run(pid, 0, b"c"), at=2)
    accepted(client, topic, run(pid, 1, b"d"), at=3)


@rule("I2", "I5")
def test_I2_a_batch_may_wrap_inside(client, make_topic, pid):
    topic = make_topic()
    around = run(pid, LAST_SEQUENCE, b"a", b"b", b"c")  # sequences 2147483647, 0, 1
    accepted(client, topic, around, at=0)
    accepted(client, topic, around, at=0)
    accepted(client, topic, run(pid, 2, b"d"), at=3)
    assert values(client, topic) == [b"a", b"b", b"c", b"d"]


@rule("I3", "P25")
def test_I3_a_new_epoch_begins_at_0(client, make_topic, pid):
    topic = make_topic()
    accepted(client, topic, run(pid, 0), at=0)
    refused(client, topic, run(pid, 1, epoch=1), OUT_OF_ORDER_SEQUENCE_NUMBER)
    accepted(client, topic, run(pid, 0, epoch=1), at=1)
    accepted(client, topic, run(pid, 1, epoch=1), at=2)


@rule("I4", "P25")
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_I4_an_old_epoch_is_fenced(client, make_topic, pid, version):
    topic = make_topic()
    accepted(client, topic, run(pid, 0, epoch=5), at=0, version=version)
    refused(client, topic, run(pid, 0, epoch=4), INVALID_PRODUCER_EPOCH, version=version)
    refused(client, topic, run(pid, 1, epoch=4), INVALID_PRODUCER_EPOCH, version=version)
    accepted(client, topic, run(pid, 1, epoch=5), at=1, version=version)


@rule("I5")
@pytest.mark.parametrize("acks", [1, -1])
@pytest.mark.parametrize("version", PRODUCE_VERSIONS)
def test_I5_the_last_five_batches_are_recognised(client, make_topic, pid, version, acks):
    topic = make_topic()
    sent = []
    for sequence in range(0, 14, 2):
        data = run(pid, sequence, b"%d" % sequence, b"%d" % (sequence + 1))
        accepted(client, topic, data, at=sequence, version=version)
        sent.append((sequence, data))
    for offset, data in sent[-WINDOW:]:
        accepted(client, topic, data, at=offset, version=version, acks=acks)
    assert log_end(client, topic) == 14
    accepted(client, topic, run(pid, 14), at=14)


@rule("I5")
def test_I5_what_counts_is_producer_epoch_and_sequences(client, make_topic, pid):
    # A client that retries may have compressed again or taken other times.
    topic = make_topic()
    accepted(client, topic, run(pid, 0, b"a", b"b"), at=0)
    accepted(client, topic, run(pid, 0, b"a", b"b", codec="gzip", base_timestamp=now_ms() + 5), at=0)
    assert values(client, topic) == [b"a", b"b"]


@rule("I5")
def test_I5_the_original_append_time_is_told(client, make_topic, pid):
    topic = make_topic(message_timestamp_type="LogAppendTime")
    first = produce(client, topic, run(pid, 0))
    assert first["error_code"] == NONE
    until(lambda: now_ms() > first["log_append_time_ms"] + 2, "time goes on")
    again = produce(client, topic, run(pid, 0))
    assert again["error_code"] == NONE
    assert (again["base_offset"], again["log_append_time_ms"]) == (0, first["log_append_time_ms"])


@rule("I5")
def test_I5_duplicates_of_many_producers_do_not_mix(client, make_topic):
    topic = make_topic()
    pids = [next(_pids) for _ in range(50)]
    where = {}
    for sequence in range(3):
        for pid in pids:
            where[pid, sequence] = accepted(client, topic, run(pid, sequence))
    for (pid, sequence), offset in where.items():
        accepted(client, topic, run(pid, sequence), at=offset)
    assert log_end(client, topic) == 150


@rule("I6", "P25")
def test_I6_an_older_duplicate_is_out_of_order(client, make_topic, pid):
    topic = make_topic()
    for sequence in range(WINDOW + 2):
        accepted(client, topic, run(pid, sequence), at=sequence)
    refused(client, topic, run(pid, 0), OUT_OF_ORDER_SEQUENCE_NUMBER)
    refused(client, topic, run(pid, 1), OUT_OF_ORDER_SEQUENCE_NUMBER)
    accepted(client, topic, run(pid, 2), at=2)


@rule("I7", "P25")
@pytest.mark.parametrize("first, count", [(5, 10), (0, 5), (0, 11), (3, 4), (5, 5)])
def test_I7_an_overlap_that_is_no_repetition(client, make_topic, pid, first, count):
    topic = make_topic()
    accepted(client, topic, run(pid, 0, *[b"x"] * 10), at=0)
    refused(client, topic, run(pid, first, *[b"y"] * count), OUT_OF_ORDER_SEQUENCE_NUMBER)
    accepted(client, topic, run(pid, 10), at=10)


@rule("I8")
def test_I8_a_duplicate_in_flight_is_answered_as_its_original(client, make_topic, pid):
    # Both are on the way at once; neither is answered before the original is safe.
    topic = make_topic()
    data = run(pid, 0, b"once")
    for _ in range(3):
        client.send("Produce", 9, produce_request([(topic, 0, data)], acks=-1))
    for _ in range(3):
        (answer,) = produce_answers(client.receive(), 9).values()
        assert (answer["error_code"], answer["base_offset"]) == (NONE, 0)
    assert values(client, topic) == [b"once"]


@rule("I9")
def test_I9_batches_without_a_producer_are_never_duplicates(client, make_topic):
    topic = make_topic()
    data = batch([b"same"])
    for offset in range(3):
        accepted(client, topic, data, at=offset)


@rule("I13")
def test_I13_deleted_records_leave_the_producers_state(client, make_topic, pid):
    topic = make_topic()
    for sequence in range(3):
        accepted(client, topic, run(pid, sequence), at=sequence)
    partition = {"partition_index": 0, "offset": -1}
    answer = client.call(
        "DeleteRecords", 1, {"topics": [{"name": topic.name, "partitions": [partition]}], "timeout_ms": 10_000}
    )
    assert answer["topics"][0]["partitions"][0] == {"partition_index": 0, "low_watermark": 3, "error_code": NONE}
    assert log_start(client, topic) == log_end(client, topic) == 3
    accepted(client, topic, run(pid, 1), at=1)
    refused(client, topic, run(pid, 7), OUT_OF_ORDER_SEQUENCE_NUMBER)
    accepted(client, topic, run(pid, 3), at=3)


@rule("I15")
@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::17])
def test_I15_five_in_flight_over_several_connections(client, connect, make_topic, pid, order):
    # Each batch comes over its own connection, in any order; what came too early is sent again.
    topic = make_topic()
    senders = [connect() for _ in range(WINDOW)]
    accepted(client, topic, run(pid, 0), at=0)
    waiting = [number + 1 for number in order]
    for _ in range(WINDOW):
        early = []
        for sequence in waiting:
            answer = produce(senders[sequence - 1], topic, run(pid, sequence))
            if answer["error_code"] == NONE:
                assert answer["base_offset"] == sequence
            else:
                assert answer["error_code"] == OUT_OF_ORDER_SEQUENCE_NUMBER
                early.append(sequence)
        waiting = early
    assert waiting == []
    assert values(client, topic) == [b"%d" % sequence for sequence in range(WINDOW + 1)]


@rule("I15", "A5")
def test_I15_five_in_flight_on_one_connection(client, make_topic, pid):
    topic = make_topic()
    for sequence in range(50):
        client.send("Produce", 9, produce_request([(topic, 0, run(pid, sequence))]))
    for sequence in range(50):
        (answer,) = produce_answers(client.receive(), 9).values()
        assert (answer["error_code"], answer["base_offset"]) == (NONE, sequence)
    stored = read(client, topic)
    assert [one.base_sequence for one in stored] == list(range(50))
