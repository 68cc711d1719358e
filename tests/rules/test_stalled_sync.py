"""What waits, and what must not be seen, while the disk does not come back from a sync.

One node has no follower to wait for, but with durability=fsync its own disk is one: strace holds every
sync of the broker's process back for some seconds. In Kafka a follower that is stopped does the same
to a produce (P6, seen on two brokers of 4.3.1: 7 at timeout_ms, and the record is there later).
"""

import shutil
import time

import pytest

from records import batch
from syncs import Syncs
from talk import (
    LATEST,
    NONE,
    REQUEST_TIMED_OUT,
    UNKNOWN_TOPIC_OR_PARTITION,
    accepted,
    fetch,
    fetch_answers,
    fetch_request,
    list_offset,
    ours,
    produce,
    produce_answers,
    produce_many,
    produce_request,
    rule,
    until,
    values,
)

pytestmark = [
    ours("Kafka does not wait for its disk"),
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
]

STALL_S = 3


@pytest.fixture
def stall(broker):
    """stall(): from now on every sync begins three seconds late. stall.end(): no longer."""

    if broker.settings.get("barnabas.durability") == "page-cache":
        pytest.skip("with page-cache nothing waits for the disk")

    class Stall(Syncs):
        def __call__(self):
            self.inject(f"delay_enter={STALL_S * 1_000_000}")

    one = Stall(broker)
    yield one
    one.end()


@rule("P6")
@pytest.mark.parametrize("version", [3, 9, 13])
def test_P6_a_produce_that_is_not_safe_in_time(client, make_topic, stall, version):
    topic = make_topic(partitions=2)
    accepted(client, topic, batch([b"before"]), at=0)
    stall()
    begin = time.monotonic()
    parts = [(topic, 0, batch([b"late"])), (topic, 7, batch([b"nowhere"]))]
    answers = list(produce_many(client, parts, timeout_ms=500, version=version).values())
    assert 0.45 <= time.monotonic() - begin < STALL_S - 0.3
    # Only what still waits gets the error.
    assert [one["error_code"] for one in answers] == [REQUEST_TIMED_OUT, UNKNOWN_TOPIC_OR_PARTITION]
    # The data stay, and are visible when they are safe.
    until(lambda: list_offset(client, topic, LATEST)["offset"] == 2, "the late record is safe", STALL_S * 3)
    assert values(client, topic) == [b"before", b"late"]


@rule("P6", "I8", "I5")
def test_P6_a_repetition_waits_like_its_original(client, make_topic, stall):
    topic = make_topic()
    state = dict(producer_id=12345, producer_epoch=0)
    # The first append to a partition also makes its files safe; here only the second counts.
    accepted(client, topic, batch([b"before"], **state, base_sequence=0), at=0)
    data = batch([b"once"], **state, base_sequence=1)
    stall()
    assert produce(client, topic, data, timeout_ms=300)["error_code"] == REQUEST_TIMED_OUT
    assert produce(client, topic, data, timeout_ms=300)["error_code"] == REQUEST_TIMED_OUT
    assert produce(client, topic, data, timeout_ms=30_000)["error_code"] == NONE
    assert values(client, topic) == [b"before", b"once"]


@rule("V3", "V5")
@pytest.mark.parametrize("isolation", [0, 1])
def test_V3_consumers_see_nothing_that_is_not_safe(client, connect, make_topic, stall, isolation):
    topic = make_topic()
    accepted(client, topic, batch([b"before"]), at=0)
    stall()
    sender = connect()
    sender.send("Produce", 9, produce_request([(topic, 0, batch([b"late"]))], timeout_ms=30_000))
    begin = time.monotonic()
    while time.monotonic() - begin < 1:
        answer = fetch(client, topic, 0, isolation=isolation)
        assert (answer["error_code"], answer["high_watermark"], len(answer["batches"])) == (NONE, 1, 1)
        assert list_offset(client, topic, LATEST, isolation=isolation)["offset"] == 1
    # At the high watermark there is nothing yet, and no error.
    assert fetch(client, topic, 1, isolation=isolation)["error_code"] == NONE
    # A fetch that waits there is woken when the record is safe, and the producer hears of it.
    reader = connect()
    reader.send("Fetch", 12, fetch_request([(topic, 0, 1)], max_wait_ms=30_000, isolation=isolation))
    (answer,) = fetch_answers(reader.receive(STALL_S * 3), 12).values()
    assert (answer["error_code"], answer["high_watermark"]) == (NONE, 2)
    (answer,) = produce_answers(sender.receive(STALL_S * 3), 9).values()
    assert (answer["error_code"], answer["base_offset"]) == (NONE, 1)


@rule("P3")
def test_P3_acks_1_does_not_wait_for_the_disk(client, make_topic, stall):
    topic = make_topic()
    accepted(client, topic, batch([b"before"]), at=0)
    stall()
    begin = time.monotonic()
    accepted(client, topic, batch([b"quick"]), acks=1, at=1)
    assert time.monotonic() - begin < STALL_S - 0.5
    until(lambda: list_offset(client, topic, LATEST)["offset"] == 2, "it is safe in the end", STALL_S * 3)
