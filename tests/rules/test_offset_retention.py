"""Committed offsets that expire, with a broker that looks for them ten times a second."""

import uuid

from groups import Member, commit, committed, coordinator_ready, describe
from talk import NONE, rule, until

SETTINGS = {"offsets.retention.check.interval.ms": "100"}


@rule("G17")
def test_G17_offsets_expire_by_what_the_group_is(client, connect, make_topic):
    group = f"g-{uuid.uuid4().hex[:12]}"
    coordinator_ready(client, group)
    topic, left = make_topic(), make_topic()
    simple = f"{group}-simple"
    coordinator_ready(client, simple)
    assert commit(client, simple, topic, 1, version=2, retention_ms=1) == NONE, "its own retention"
    assert commit(client, simple, left, 2) == NONE, "the broker's: a week"
    one = Member(connect(), group, topics=[topic])
    one.join(version=3)  # in one step: an empty group that waits for a member's second is swept away by Kafka
    one.sync({one.id: b""})
    assert one.commit(topic, 3, version=2, retention_ms=1) == NONE
    assert one.commit(left, 4, version=2, retention_ms=1) == NONE
    until(lambda: committed(client, simple, topic) == -1, "a simple group's offset expires")
    until(lambda: committed(client, group, left) == -1, "a topic that nobody reads any more expires")
    assert committed(client, simple, left) == 2
    assert committed(client, group, topic) == 3, "what a member reads does not expire"
    assert one.leave() == NONE
    until(lambda: committed(client, group, topic) == -1, "it expires once the group is empty")
    until(lambda: describe(client, group)["group_state"] == "Dead", "and the group goes with its last offset")
