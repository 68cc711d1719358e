"""What an operator sets for groups and connections, at values that a test can wait for."""

import time
import uuid

import pytest

from groups import Member, coordinator_ready, describe
from talk import (
    GROUP_MAX_SIZE_REACHED,
    MEMBER_ID_REQUIRED,
    NONE,
    REBALANCE_IN_PROGRESS,
    UNKNOWN_MEMBER_ID,
    fetch_request,
    ours,
    rule,
    until,
)

DELAY_MS = 1_000
IDLE_MS = 3_000
SETTINGS = {
    "group.initial.rebalance.delay.ms": str(DELAY_MS),
    "group.max.size": "2",
    "group.min.session.timeout.ms": "100",
    "connections.max.idle.ms": str(IDLE_MS),
}


@pytest.fixture
def group(client):
    name = f"g-{uuid.uuid4().hex[:12]}"
    coordinator_ready(client, name)
    return name


def ask_join(connect, group, **settings):
    one = Member(connect(), group, **settings)
    one.get_id()
    one.send_join()
    return one


@rule("G19")
def test_G19_the_first_generation_waits_for_others(connect, group):
    begin = time.monotonic()
    first = ask_join(connect, group)
    second = ask_join(connect, group)
    assert first.take_join()["generation_id"] == second.take_join()["generation_id"] == 1, "both in the first generation"
    assert time.monotonic() - begin >= DELAY_MS / 1000
    # The second who arrives prolongs the wait, by as much again and no more.
    assert time.monotonic() - begin < 5 * DELAY_MS / 1000


@rule("G19")
def test_G19_but_no_longer_than_a_rebalance_may_take(connect, group):
    begin = time.monotonic()
    one = ask_join(connect, group, rebalance_ms=100)
    assert one.take_join()["generation_id"] == 1
    assert time.monotonic() - begin < 5 * DELAY_MS / 1000


@rule("G6")
def test_G6_a_full_group_takes_nobody(connect, group):
    first, second = ask_join(connect, group), ask_join(connect, group)
    first.take_join(), second.take_join()
    third = Member(connect(), group)
    answer = third.ask_join()
    if answer["error_code"] == MEMBER_ID_REQUIRED:  # only then does it ask to be one of them
        answer = third.ask_join()
    assert answer["error_code"] == GROUP_MAX_SIZE_REACHED
    assert first.beat() == second.beat() == NONE


@rule("G3", "G10")
def test_G3_sessions_end(client, connect, group):
    told_and_gone = Member(connect(), group, session_ms=200)
    told_and_gone.get_id()
    silent = ask_join(connect, group, session_ms=200, rebalance_ms=5_000)
    assert silent.take_join()["error_code"] == NONE
    silent.sync({silent.id: b""})
    until(lambda: describe(client, group)["group_state"] == "Empty", "the silent member's session ended")
    assert silent.beat() == UNKNOWN_MEMBER_ID
    assert told_and_gone.ask_join()["error_code"] == UNKNOWN_MEMBER_ID


@rule("G8")
def test_G8_who_does_not_sync_in_time_is_dropped(connect, group):
    first = ask_join(connect, group, rebalance_ms=500)
    second = ask_join(connect, group, rebalance_ms=500)
    first.take_join(), second.take_join()
    second.send_sync()  # the leader, who came first, never makes a plan
    assert second.client.receive()["error_code"] in (REBALANCE_IN_PROGRESS, UNKNOWN_MEMBER_ID)
    until(lambda: first.beat() == UNKNOWN_MEMBER_ID, "the leader is dropped")


@rule("A9")
def test_A9_an_idle_connection_is_closed(connect):
    idle = connect()
    begin = time.monotonic()
    assert idle.closed_within(IDLE_MS * 3 / 1000)
    assert time.monotonic() - begin > IDLE_MS / 1000 * 0.9


@rule("A9")
@ours("Kafka closes connections that wait, too")
def test_A9_who_waits_for_an_answer_is_not_idle(connect, make_topic):
    topic = make_topic()
    waiting = connect()
    waits_ms = IDLE_MS * 2
    begin = time.monotonic()
    waiting.send("Fetch", 12, fetch_request([(topic, 0, 0)], max_wait_ms=waits_ms))
    assert waiting.receive()["responses"][0]["partitions"][0]["error_code"] == NONE
    assert time.monotonic() - begin > waits_ms / 1000 * 0.9
