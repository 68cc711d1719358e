"""Fetch: what a consumer sees, how much of it at once, and how long it waits."""

import time

import pytest

from records import batch, parse
from talk import (
    FETCH_VERSIONS,
    INVALID_TXN_STATE,
    NONE,
    OFFSET_OUT_OF_RANGE,
    UNKNOWN_LEADER_EPOCH,
    UNKNOWN_TOPIC,
    UNKNOWN_TOPIC_ID,
    UNKNOWN_TOPIC_OR_PARTITION,
    accepted,
    create_topic,
    delete_topics,
    describe_topic,
    fetch,
    fetch_answers,
    fetch_many,
    fetch_request,
    list_offset,
    log_end,
    produce,
    read,
    refused,
    rule,
    supported_versions,
    until,
    values,
)

from wire import CATALOGUE

LONG_MS = 15_000


def key(topic, partition, version):
    return (topic.id if version >= 13 else topic.name, partition)


def filled(client, topic, batches, partition=0, each=1):
    for number in range(batches):
        accepted(client, topic, batch([b"%d" % number] * each), at=number * each, partition=partition)
    return topic


@pytest.fixture
def wait_until_parked(client, make_topic):
    """Returns once the broker has surely taken up what was sent before, on another connection.

    There is no way to ask a broker whether a fetch is parked. A few requests go through it instead, which
    makes the usual order certain enough; were the fetch late, it would find its condition already true.
    """
    topic = make_topic()

    def wait():
        for _ in range(20):
            accepted(client, topic, batch([b"x"]))

    return wait


# Where a fetch may begin.


@rule("V3", "V5")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_V5_at_the_end_there_is_nothing_and_no_error(client, make_topic, version):
    topic = filled(client, make_topic(), 3)
    answer = fetch(client, topic, 3, version=version)
    assert (answer["error_code"], answer["batches"], answer["high_watermark"]) == (NONE, [], 3)
    assert answer["last_stable_offset"] == 3
    if version >= 5:
        assert answer["log_start_offset"] == 0


@rule("V5", "V12")
@pytest.mark.parametrize("version", [4, 11, 12, 18])
def test_V5_a_fetch_at_the_end_waits_as_long_as_it_was_told(client, make_topic, version):
    topic = filled(client, make_topic(), 1)
    begin = time.monotonic()
    answer = fetch(client, topic, 1, version=version, max_wait_ms=500)
    waited_s = time.monotonic() - begin
    assert (answer["error_code"], answer["batches"]) == (NONE, [])
    assert 0.45 <= waited_s < 5


@rule("V4")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
@pytest.mark.parametrize("offset", [4, 2**62, -1])
def test_V4_outside_of_the_log(client, make_topic, version, offset):
    topic = filled(client, make_topic(), 3)
    begin = time.monotonic()
    answer = fetch(client, topic, offset, version=version, max_wait_ms=LONG_MS)
    assert answer["error_code"] == OFFSET_OUT_OF_RANGE
    assert not answer["records"]
    assert time.monotonic() - begin < LONG_MS / 2000, "an error does not wait"


@rule("V4")
def test_V4_below_the_logs_start(client, make_topic):
    topic = filled(client, make_topic(), 5)
    wish = {"topics": [{"name": topic.name, "partitions": [{"partition_index": 0, "offset": 3}]}], "timeout_ms": 10_000}
    assert client.call("DeleteRecords", 1, wish)["topics"][0]["partitions"][0]["error_code"] == NONE
    for offset, expected in ((0, OFFSET_OUT_OF_RANGE), (2, OFFSET_OUT_OF_RANGE), (3, NONE), (5, NONE)):
        answer = fetch(client, topic, offset)
        assert (answer["error_code"], answer["log_start_offset"] if expected == NONE else 3) == (expected, 3)


@rule("P8")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_P8_a_fetch_of_what_is_not_there(client, make_topic, version):
    topic = filled(client, make_topic(), 1)
    answers = fetch_many(client, [(topic, 0, 0), (topic, 9, 0), (UNKNOWN_TOPIC, 0, 0)], version=version)
    assert answers[key(topic, 0, version)]["error_code"] == NONE
    assert parse(answers[key(topic, 0, version)]["records"])
    assert answers[key(topic, 9, version)]["error_code"] == UNKNOWN_TOPIC_OR_PARTITION
    unknown = UNKNOWN_TOPIC_ID if version >= 13 else UNKNOWN_TOPIC_OR_PARTITION
    assert answers[key(UNKNOWN_TOPIC, 0, version)]["error_code"] == unknown


# How much.


@rule("V10")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_V10_the_first_batch_is_returned_however_small_the_limits(client, make_topic, version):
    topic = make_topic(partitions=3)
    for partition in (1, 2):
        filled(client, topic, 3, partition=partition)
    parts = [(topic, partition, 0) for partition in range(3)]
    answers = fetch_many(client, parts, version=version, max_bytes=1, partition_max_bytes=1, max_wait_ms=LONG_MS)
    got = [len(parse(answers[key(topic, partition, version)]["records"] or b"", whole=True)) for partition in range(3)]
    assert got == [0, 1, 0], "one whole batch of the first partition that has any"


@rule("V10")
def test_V10_in_the_order_of_the_request(client, make_topic):
    topic = make_topic(partitions=2)
    for partition in range(2):
        filled(client, topic, 1, partition=partition)
    answers = fetch_many(client, [(topic, 1, 0), (topic, 0, 0)], max_bytes=1, partition_max_bytes=1)
    assert parse(answers[key(topic, 1, 12)]["records"], whole=True)
    assert not answers[key(topic, 0, 12)]["records"]


@rule("V10")
@pytest.mark.parametrize("version", [4, 12, 18])
def test_V10_otherwise_the_limits_hold(client, make_topic, version):
    topic = make_topic(partitions=2)
    for partition in range(2):
        for _ in range(20):
            accepted(client, topic, batch([bytes(1000)]), partition=partition)
    size = len(batch([bytes(1000)]))
    answers = fetch_many(client, [(topic, 0, 0), (topic, 1, 0)], version=version, partition_max_bytes=5 * size)
    assert [len(answer["records"]) for answer in answers.values()] == [5 * size, 5 * size]
    answers = fetch_many(
        client, [(topic, 0, 0), (topic, 1, 0)], version=version, partition_max_bytes=5 * size, max_bytes=7 * size
    )
    assert [len(answer["records"] or b"") for answer in answers.values()] == [5 * size, 2 * size]


@rule("V11")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_V11_a_fetch_inside_a_batch_gets_all_of_it(client, make_topic, version):
    topic = make_topic()
    accepted(client, topic, batch([b"x"] * 10), at=0)
    accepted(client, topic, batch([b"y"] * 10), at=10)
    for offset, bases in ((0, [0, 10]), (5, [0, 10]), (9, [0, 10]), (10, [10]), (19, [10]), (20, [])):
        answer = fetch(client, topic, offset, version=version)
        assert [one.base_offset for one in answer["batches"]] == bases, offset


# How long.


@rule("V12")
@pytest.mark.parametrize("version", [4, 12, 18])
def test_V12_a_produce_wakes_a_waiting_fetch(client, connect, make_topic, wait_until_parked, version):
    topic = filled(client, make_topic(partitions=2), 2)
    reader = connect()
    reader.send("Fetch", version, fetch_request([(topic, 1, 0), (topic, 0, 2)], version=version, max_wait_ms=LONG_MS))
    wait_until_parked()
    assert reader.silent_for(0.05)
    begin = time.monotonic()
    accepted(client, topic, batch([b"news"]), at=2)
    answer = fetch_answers(reader.receive(), version)[key(topic, 0, version)]
    assert time.monotonic() - begin < LONG_MS / 2000
    (stored,) = parse(answer["records"], whole=True)
    assert (stored.base_offset, answer["high_watermark"]) == (2, 3)


@rule("V12")
def test_V12_min_bytes_are_waited_for(client, connect, make_topic, wait_until_parked):
    topic = make_topic(partitions=2)
    one = batch([bytes(100)])
    reader = connect()
    wish = fetch_request([(topic, 0, 0), (topic, 1, 0)], max_wait_ms=LONG_MS, min_bytes=3 * len(one))
    reader.send("Fetch", 12, wish)
    accepted(client, topic, one, partition=0)
    accepted(client, topic, one, partition=1)
    wait_until_parked()
    assert reader.silent_for(0.05), "two of three batches are not enough"
    begin = time.monotonic()
    accepted(client, topic, one, partition=1)
    answers = fetch_answers(reader.receive(), 12)
    assert time.monotonic() - begin < LONG_MS / 2000
    assert sum(len(answer["records"]) for answer in answers.values()) == 3 * len(one)


@rule("V12")
def test_V12_too_little_is_returned_when_the_time_is_over(client, make_topic):
    topic = filled(client, make_topic(), 2)
    begin = time.monotonic()
    answer = fetch(client, topic, 0, max_wait_ms=400, min_bytes=1 << 20)
    assert 0.35 <= time.monotonic() - begin < 5
    assert len(answer["batches"]) == 2


@rule("V12")
def test_V12_enough_bytes_do_not_wait(client, make_topic):
    topic = filled(client, make_topic(), 2)
    begin = time.monotonic()
    assert len(fetch(client, topic, 0, max_wait_ms=LONG_MS)["batches"]) == 2
    assert time.monotonic() - begin < LONG_MS / 2000


@rule("V12")
@pytest.mark.parametrize("version", [12, 18])
def test_V12_deleting_the_topic_wakes_a_waiting_fetch(client, connect, make_topic, wait_until_parked, version):
    topic = filled(client, make_topic(), 1)
    reader = connect()
    reader.send("Fetch", version, fetch_request([(topic, 0, 1)], version=version, max_wait_ms=LONG_MS))
    wait_until_parked()
    begin = time.monotonic()
    assert delete_topics(client, topic.name) == {topic.name: NONE}
    answer = fetch_answers(reader.receive(), version)[key(topic, 0, version)]
    assert time.monotonic() - begin < LONG_MS / 2000
    assert answer["error_code"] in (UNKNOWN_TOPIC_OR_PARTITION, 6, UNKNOWN_TOPIC_ID)
    assert not answer["records"]


@rule("V12", "A5")
def test_V12_requests_behind_a_waiting_fetch_are_answered_after_it(client, connect, make_topic):
    topic = filled(client, make_topic(), 1)
    reader = connect()
    reader.send("Fetch", 12, fetch_request([(topic, 0, 1)], max_wait_ms=300))
    reader.send("Metadata", 12, {"topics": [{"name": topic.name}]})
    assert fetch_answers(reader.receive(), 12)[key(topic, 0, 12)]["error_code"] == NONE
    assert reader.receive()["topics"][0]["name"] == topic.name


@rule("D21", "V12")
def test_D21_extreme_limits_are_taken(client, make_topic):
    topic = filled(client, make_topic(), 2)
    most = 2**31 - 1
    assert len(fetch(client, topic, 0, max_wait_ms=most, max_bytes=most, partition_max_bytes=most)["batches"]) == 2
    begin = time.monotonic()
    assert len(fetch(client, topic, 0, max_wait_ms=300, min_bytes=most)["batches"]) == 2
    assert 0.25 <= time.monotonic() - begin < 5
    assert fetch(client, topic, 2, max_wait_ms=-1)["error_code"] == NONE
    assert len(fetch(client, topic, 0, max_wait_ms=-(2**31), min_bytes=-1)["batches"]) == 2


# Who asks.


@rule("E1")
@pytest.mark.parametrize("version", range(9, 19))
def test_E1_a_leader_epoch_of_the_future(client, make_topic, version):
    topic = filled(client, make_topic(), 1)
    epoch = fetch(client, topic, 0)["batches"][0].leader_epoch
    for given, code in ((-1, NONE), (epoch, NONE), (epoch + 1, UNKNOWN_LEADER_EPOCH), (2**31 - 1, UNKNOWN_LEADER_EPOCH)):
        answer = fetch(client, topic, 0, version=version, leader_epoch=given, max_wait_ms=LONG_MS)
        assert answer["error_code"] == code
        assert bool(answer["records"]) == (code == NONE)
        assert list_offset(client, topic, -1, leader_epoch=given)["error_code"] == code


@rule("D22")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_D22_a_client_that_claims_to_be_a_replica(client, make_topic, version):
    topic = filled(client, make_topic(), 1)
    wish = fetch_request([(topic, 0, 0)], version=version, max_wait_ms=LONG_MS)
    if version >= 15:
        del wish["replica_id"]
        wish["replica_state"] = {"replica_id": 1, "replica_epoch": 1}
    else:
        wish["replica_id"] = 1
    (answer,) = fetch_answers(client.call("Fetch", version, wish), version).values()
    assert answer["error_code"] != NONE
    assert not answer["records"]


@rule("E2")
@pytest.mark.parametrize("version", [2, 3, 4])
def test_E2_where_leader_epochs_end(client, make_topic, version):
    topic = filled(client, make_topic(), 3)
    epoch = fetch(client, topic, 0)["batches"][0].leader_epoch
    for asked, expected in ((epoch, (epoch, 3)), (epoch + 1, (-1, -1)), (-1, (-1, -1))):
        wish = {"partition": 0, "current_leader_epoch": -1, "leader_epoch": asked}
        answer = client.call(
            "OffsetForLeaderEpoch", version, {"replica_id": -1, "topics": [{"topic": topic.name, "partitions": [wish]}]}
        )
        one = answer["topics"][0]["partitions"][0]
        assert one["error_code"] == NONE
        assert (one["leader_epoch"], one["end_offset"]) == expected


# The same again, and not the same again.


@rule("V22")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_V22_two_reads_of_an_offset_are_equal(client, make_topic, version):
    topic = make_topic()
    for number in range(30):
        accepted(client, topic, batch([b"%d" % number * 50] * (number % 4 + 1), codec="gzip" if number % 3 else "none"))
    all_at_once = read(client, topic)
    one_by_one = read(client, topic, version=version, max_bytes=1, partition_max_bytes=1)
    assert [one.raw for one in one_by_one] == [one.raw for one in all_at_once]
    again = read(client, topic, version=version, partition_max_bytes=777)
    assert [one.raw for one in again] == [one.raw for one in all_at_once]


@rule("V21")
@pytest.mark.parametrize("version", FETCH_VERSIONS)
def test_V21_a_topic_that_was_created_again_has_no_past(client, make_topic, version):
    old = make_topic(max_message_bytes=5000)
    state = dict(producer_id=77, producer_epoch=9)
    for sequence in range(3):
        accepted(client, old, batch([b"old"], **state, base_sequence=sequence), at=sequence)
    assert delete_topics(client, old.name) == {old.name: NONE}
    until(lambda: describe_topic(client, old.name)["error_code"] == UNKNOWN_TOPIC_OR_PARTITION, "it is gone")
    new = create_topic(client, old.name)
    assert new.id != old.id
    answer = fetch(client, new, 0, version=version)
    assert (answer["error_code"], answer["batches"], answer["high_watermark"]) == (NONE, [], 0)
    assert fetch(client, new, 3, version=version)["error_code"] == OFFSET_OUT_OF_RANGE
    if version >= 13:
        assert fetch(client, old, 0, version=version)["error_code"] == UNKNOWN_TOPIC_ID
        assert produce(client, old, batch([b"x"]), version=13)["error_code"] == UNKNOWN_TOPIC_ID
    # Neither the producer's epoch nor the old topic's configuration is remembered.
    accepted(client, new, batch([bytes(6000)], producer_id=77, producer_epoch=0, base_sequence=5), at=0)
    assert log_end(client, new) == 1


@rule("V3")
def test_V3_read_committed_stops_at_the_last_stable_offset(client, make_topic):
    topic = make_topic()
    txn = topic.name
    if CATALOGUE.apis["AddPartitionsToTxn"].key not in supported_versions(client):
        return _nothing_is_undecided(client, topic)
    find = {"key": txn, "key_type": 1}
    until(lambda: client.call("FindCoordinator", 3, find)["error_code"] == NONE, "a transaction coordinator")
    init = {"transactional_id": txn, "transaction_timeout_ms": 60_000}
    got = until(lambda: _without_error(client.call("InitProducerId", 3, init)), "a producer id")
    me = {"producer_id": got["producer_id"], "producer_epoch": got["producer_epoch"]}
    wish = {"v3_and_below_transactional_id": txn, "v3_and_below_producer_id": me["producer_id"]}
    wish |= {"v3_and_below_producer_epoch": me["producer_epoch"]}
    wish |= {"v3_and_below_topics": [{"name": topic.name, "partitions": [0]}]}

    accepted(client, topic, batch([b"before"]), at=0)
    added = client.call("AddPartitionsToTxn", 3, wish)
    codes = [
        one["partition_error_code"]
        for result in added["results_by_topic_v3_and_below"]
        for one in result["results_by_partition"]
    ]
    assert codes == [NONE]
    data = batch([b"inside"], transactional=True, base_sequence=0, **me)
    accepted(client, topic, data, at=1, version=11, transactional_id=txn)
    accepted(client, topic, batch([b"behind"]), at=2)

    assert values(client, topic) == [b"before", b"inside", b"behind"]
    for version in FETCH_VERSIONS:
        answer = fetch(client, topic, 0, version=version, isolation=1)
        assert [one.base_offset for one in answer["batches"]] == [0]
        assert (answer["high_watermark"], answer["last_stable_offset"]) == (3, 1)
        assert fetch(client, topic, 1, version=version, isolation=1)["batches"] == []
    assert list_offset(client, topic, -1, isolation=1)["offset"] == 1
    assert list_offset(client, topic, -1)["offset"] == 3

    end = {"transactional_id": txn, "committed": True, **me}
    assert client.call("EndTxn", 3, end)["error_code"] == NONE
    until(lambda: list_offset(client, topic, -1, isolation=1)["offset"] == 4, "the commit marker is there")
    answer = fetch(client, topic, 0, isolation=1)
    assert [(one.base_offset, one.is_control) for one in answer["batches"]] == [(0, False), (1, False), (2, False), (3, True)]
    assert answer["aborted_transactions"] == []


def _nothing_is_undecided(client, topic):
    """Where transactions are not served none gets into a log, and all that is committed is stable."""
    accepted(client, topic, batch([b"before"]), at=0)
    inside = batch([b"inside"], transactional=True, producer_id=1, producer_epoch=0, base_sequence=0)
    refused(client, topic, inside, INVALID_TXN_STATE, version=11, transactional_id=topic.name)
    accepted(client, topic, batch([b"behind"]), at=1)
    for version in FETCH_VERSIONS:
        answer = fetch(client, topic, 0, version=version, isolation=1)
        assert [one.base_offset for one in answer["batches"]] == [0, 1]
        assert (answer["high_watermark"], answer["last_stable_offset"]) == (2, 2)
        assert answer["aborted_transactions"] in ([], None)
    assert list_offset(client, topic, -1, isolation=1)["offset"] == 2


def _without_error(answer):
    return answer if answer["error_code"] == NONE else None
