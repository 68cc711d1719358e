"""Consumer groups of the classic protocol, as clients see them: members, generations, offsets, administration."""

import uuid

import pytest

from groups import (
    Member,
    commit,
    committed,
    coordinator_ready,
    delete_groups,
    delete_offsets,
    describe,
    leave,
    subscription,
)
from talk import (
    FENCED_INSTANCE_ID,
    GROUP_ID_NOT_FOUND,
    GROUP_SUBSCRIBED_TO_TOPIC,
    ILLEGAL_GENERATION,
    INCONSISTENT_GROUP_PROTOCOL,
    INVALID_GROUP_ID,
    INVALID_SESSION_TIMEOUT,
    MEMBER_ID_REQUIRED,
    NON_EMPTY_GROUP,
    NONE,
    OFFSET_METADATA_TOO_LARGE,
    REBALANCE_IN_PROGRESS,
    UNKNOWN_MEMBER_ID,
    UNKNOWN_TOPIC,
    UNKNOWN_TOPIC_OR_PARTITION,
    delete_topics,
    rule,
    until,
)


@pytest.fixture
def group(client):
    name = f"g-{uuid.uuid4().hex[:12]}"
    coordinator_ready(client, name)
    return name


@pytest.fixture
def member(connect, group):
    """member(...): one more of the group, on its own connection."""
    return lambda **settings: Member(connect(), group, **settings)


@pytest.fixture
def pair(member):
    """Two members of one stable generation; the first leads."""

    def make(**settings):
        first, second = member(**settings), member(**settings)
        first.stable()
        join_both(first, second)
        first.send_sync({first.id: b"1", second.id: b"2"})
        assert first.client.receive()["assignment"] == b"1"
        assert second.sync()["assignment"] == b"2"
        return first, second

    return make


def join_both(first, second):
    """A rebalance that the second of them begins."""
    if not second.id and second.instance is None:
        second.get_id()
    second.send_join()
    until(lambda: first.beat() == REBALANCE_IN_PROGRESS, "the first hears of the rebalance")
    first.send_join()
    assert first.take_join()["error_code"] == second.take_join()["error_code"] == NONE
    assert first.generation == second.generation


# Who may join.


@rule("G1")
def test_G1_an_empty_group_id(client, connect, make_topic, group):
    nobody = Member(connect(), "")
    assert nobody.ask_join()["error_code"] == INVALID_GROUP_ID
    assert nobody.sync()["error_code"] == INVALID_GROUP_ID
    assert nobody.beat() == INVALID_GROUP_ID
    answer = client.call("LeaveGroup", 5, {"group_id": "", "members": [{"member_id": "m"}]})
    assert answer["error_code"] == INVALID_GROUP_ID
    topic = make_topic()
    coordinator_ready(client, "")
    assert commit(client, "", topic, 7) == NONE, "an old right"
    assert committed(client, "", topic) == 7
    assert delete_groups(client, "") == {"": NONE}


@rule("G2")
@pytest.mark.parametrize("session_ms", [5_999, 1_800_001, 0, -1, 2**31 - 1])
def test_G2_session_timeouts_have_limits(member, session_ms):
    assert member(session_ms=session_ms).ask_join()["error_code"] == INVALID_SESSION_TIMEOUT


@rule("G3")
@pytest.mark.parametrize("version", range(0, 10))
def test_G3_a_dynamic_member_is_told_its_id_first(member, version):
    one = member()
    answer = one.ask_join(version)
    if version < 4:
        assert (answer["error_code"], answer["generation_id"], answer["leader"]) == (NONE, 1, one.id)
        return
    assert (answer["error_code"], answer["generation_id"]) == (MEMBER_ID_REQUIRED, -1)
    assert one.id.startswith("rules-")
    assert one.ask_join(version)["error_code"] == NONE
    assert one.generation == 1


@rule("G4")
def test_G4_unknown_members(member):
    stranger = member()
    stranger.id, stranger.generation = "stranger", 1
    for before in (lambda: None, lambda: member().stable()):  # the group does not exist, and it does
        before()
        assert stranger.ask_join()["error_code"] == UNKNOWN_MEMBER_ID
        assert stranger.sync()["error_code"] == UNKNOWN_MEMBER_ID
        assert stranger.beat() == UNKNOWN_MEMBER_ID
        assert stranger.leave() == UNKNOWN_MEMBER_ID


@rule("G5")
def test_G5_members_agree_on_a_protocol(member):
    member(protocols=[("range", b""), ("sticky", b"")]).join()
    assert member(kind="connect").ask_join()["error_code"] == INCONSISTENT_GROUP_PROTOCOL
    assert member(protocols=[("other", b"")]).ask_join()["error_code"] == INCONSISTENT_GROUP_PROTOCOL
    assert member(kind="").ask_join()["error_code"] == INCONSISTENT_GROUP_PROTOCOL
    assert member(protocols=[("sticky", b""), ("other", b"")]).ask_join()["error_code"] == MEMBER_ID_REQUIRED


@rule("G5")
def test_G5_the_protocol_that_most_prefer_wins(member):
    first = member(protocols=[("a", b"1a"), ("b", b"1b")])
    second = member(protocols=[("b", b"2b"), ("a", b"2a")])
    third = member(protocols=[("c", b""), ("b", b"3b"), ("a", b"3a")])
    assert first.join()["protocol_name"] == "a"
    for other in (second, third):
        other.get_id()
        other.send_join()
    until(lambda: first.beat() == REBALANCE_IN_PROGRESS, "the first hears of it")
    first.send_join()
    answers = [one.take_join() for one in (first, second, third)]
    assert first.generation == second.generation == third.generation
    assert {answer["protocol_name"] for answer in answers} == {"b"}
    assert sorted(one["metadata"] for one in answers[0]["members"]) == [b"1b", b"2b", b"3b"]
    assert answers[1]["members"] == answers[2]["members"] == []


# Static members (KIP-345).


@rule("G7")
def test_G7_a_static_member_takes_its_place_over(member):
    old = member(instance="i")
    old.stable()
    new = member(instance="i")
    answer = new.join()
    assert (new.generation, answer["leader"], answer["skip_assignment"]) == (old.generation, new.id, True)
    assert new.id != old.id
    assert new.sync()["assignment"] == b"all", "no rebalance, the same assignment"
    assert new.beat() == NONE
    assert old.beat() == FENCED_INSTANCE_ID
    assert old.sync()["error_code"] == FENCED_INSTANCE_ID
    assert old.ask_join()["error_code"] == FENCED_INSTANCE_ID
    assert old.leave() == FENCED_INSTANCE_ID


@rule("G7")
def test_G7_before_version_9_its_leader_is_not_told_to_plan_again(member):
    old = member(instance="i")
    old.stable()
    new = member(instance="i")
    answer = new.join(version=8)
    assert (new.generation, answer["leader"], answer["members"]) == (old.generation, old.id, [])


@rule("G7")
def test_G7_other_metadata_for_the_same_protocol_is_no_reason_but_another_protocol_is(member):
    old = member(instance="i", protocols=[("a", b"1"), ("b", b"1")])
    old.join()
    old.sync({old.id: b"all"})
    same = member(instance="i", protocols=[("a", b"2"), ("b", b"2")])
    same.join()
    assert same.generation == old.generation
    other = member(instance="i", protocols=[("b", b"2")])
    answer = other.join()
    assert (other.generation, answer["protocol_name"]) == (old.generation + 1, "b")


@rule("G7")
def test_G7_a_static_member_that_returns_before_the_plan_begins_a_new_generation(member):
    old = member(instance="i")
    old.join()
    new = member(instance="i")
    new.join()
    assert new.generation == old.generation + 1


# Generations.


@rule("G8")
def test_G8_sync_belongs_to_the_generation(member, pair):
    first, second = pair()
    assert first.sync(generation_id=first.generation + 1)["error_code"] == ILLEGAL_GENERATION
    assert first.sync(protocol_name="other")["error_code"] == INCONSISTENT_GROUP_PROTOCOL
    assert first.sync(protocol_type="connect")["error_code"] == INCONSISTENT_GROUP_PROTOCOL
    again = first.sync()
    assert (again["error_code"], again["assignment"]) == (NONE, b"1"), "as often as it is asked"
    third = member()
    third.get_id()
    third.send_join()
    until(lambda: first.beat() == REBALANCE_IN_PROGRESS, "a rebalance")
    assert first.sync()["error_code"] == REBALANCE_IN_PROGRESS


@rule("G8")
def test_G8_whom_the_plan_forgets_gets_nothing(member):
    first, second = member(), member()
    first.stable()
    join_both(first, second)
    second.send_sync()
    assert first.sync({first.id: b"1", "stranger": b"x"})["assignment"] == b"1"
    answer = second.client.receive()
    assert (answer["error_code"], answer["assignment"]) == (NONE, b"")


@rule("G8")
def test_G8_who_waits_for_a_plan_hears_of_the_next_rebalance(member):
    first, second = member(), member()
    first.stable()
    join_both(first, second)
    second.send_sync()
    third = member()
    third.get_id()
    third.send_join()
    assert second.client.receive()["error_code"] == REBALANCE_IN_PROGRESS


@rule("G9")
def test_G9_heartbeats_tell_where_the_group_stands(member, group, client):
    first, second = member(), member()
    first.join()
    assert first.beat() == NONE, "completing"
    first.sync({first.id: b""})
    assert first.beat() == NONE, "stable"
    assert first.beat(generation_id=first.generation - 1) == ILLEGAL_GENERATION
    assert first.beat(generation_id=first.generation + 1) == ILLEGAL_GENERATION
    second.get_id()
    second.send_join()
    until(lambda: first.beat() == REBALANCE_IN_PROGRESS, "preparing")
    assert first.leave() == NONE
    assert second.take_join()["error_code"] == NONE
    assert second.leave() == NONE
    assert describe(client, group)["group_state"] == "Empty"
    assert second.beat() == UNKNOWN_MEMBER_ID, "empty"


@rule("G10")
def test_G10_each_join_phase_is_one_generation(member):
    first, second = member(), member()
    first.stable()
    assert first.generation == 1
    join_both(first, second)
    assert first.generation == 2
    first.send_sync({})
    second.sync()
    first.client.receive()
    first.send_join()  # a leader that joins again wants a rebalance
    until(lambda: second.beat() == REBALANCE_IN_PROGRESS, "a rebalance")
    second.send_join()
    assert first.take_join()["generation_id"] == second.take_join()["generation_id"] == 3


@rule("G10")
def test_G10_who_does_not_come_back_in_time_is_dropped(member):
    first = member(rebalance_ms=500)
    first.stable()
    second = member(rebalance_ms=500)
    second.get_id()
    answer = second.ask_join()  # waits for the first, but not for ever
    assert (answer["error_code"], answer["leader"], len(answer["members"])) == (NONE, second.id, 1)
    assert first.beat() == UNKNOWN_MEMBER_ID


@rule("G10")
def test_G10_a_static_member_keeps_its_place_until_its_session_ends(member):
    first = member(rebalance_ms=500, instance="i", session_ms=6_000)
    first.stable()
    second = member(rebalance_ms=500)
    second.get_id()
    answer = second.ask_join()
    assert (answer["error_code"], answer["leader"]) == (NONE, second.id)
    assert {one["member_id"] for one in answer["members"]} == {first.id, second.id}


# Offsets.


@rule("G11")
def test_G11_a_commit_to_a_group_that_does_not_exist(client, group, make_topic):
    topic = make_topic()
    for version in range(2, 10):
        expected = GROUP_ID_NOT_FOUND if version >= 9 else ILLEGAL_GENERATION
        assert commit(client, group, topic, 1, member_id="m", generation=1, version=version) == expected
    assert committed(client, group, topic) == -1
    assert commit(client, group, topic, 5) == NONE
    assert committed(client, group, topic) == 5
    assert describe(client, group)["group_state"] == "Empty"


@rule("G12", "G20")
def test_G12_who_may_commit(client, group, member, make_topic):
    topic = make_topic()
    one = member(instance="i")
    one.join()
    assert one.commit(topic, 1) == REBALANCE_IN_PROGRESS, "no plan yet"
    one.sync({one.id: b""})
    assert one.commit(topic, 2) == NONE
    assert one.commit(topic, 9, member_id="stranger", instance=None) == UNKNOWN_MEMBER_ID
    assert one.commit(topic, 9, member_id="stranger") == FENCED_INSTANCE_ID
    assert one.commit(topic, 9, generation=one.generation + 1) == ILLEGAL_GENERATION
    assert one.commit(topic, 9, generation=one.generation - 1) == ILLEGAL_GENERATION
    assert commit(client, group, topic, 9) == UNKNOWN_MEMBER_ID, "the group is not empty"
    assert committed(client, group, topic) == 2, "nothing of what was refused is there"
    new = member(instance="i")
    new.join()
    assert one.commit(topic, 9) == FENCED_INSTANCE_ID
    assert new.commit(topic, 3) == NONE
    assert committed(client, group, topic) == 3


@rule("G12")
def test_G12_each_partition_is_judged_by_itself(client, group, make_topic):
    topic = make_topic()
    partitions = [
        {"partition_index": 0, "committed_offset": 1, "committed_metadata": "m" * 4096},
        {"partition_index": 0, "committed_offset": 2, "committed_metadata": "m" * 4097},
        {"partition_index": topic.partitions, "committed_offset": 3},
        {"partition_index": -1, "committed_offset": 3},
    ]
    request = {
        "group_id": group,
        "generation_id_or_member_epoch": -1,
        "topics": [
            {"name": topic.name, "partitions": partitions},
            {"name": UNKNOWN_TOPIC.name, "partitions": [{"partition_index": 0, "committed_offset": 1}]},
        ],
    }
    answer = client.call("OffsetCommit", 8, request)
    codes = {one["name"]: [p["error_code"] for p in one["partitions"]] for one in answer["topics"]}
    assert codes == {
        topic.name: [NONE, OFFSET_METADATA_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION, UNKNOWN_TOPIC_OR_PARTITION],
        UNKNOWN_TOPIC.name: [UNKNOWN_TOPIC_OR_PARTITION],
    }
    assert committed(client, group, topic) == 1


@rule("G13")
def test_G13_an_answered_commit_survives_a_kill(client, connect, group, member, make_topic, broker):
    topic = make_topic()
    one = member(topics=[topic], session_ms=30_000)
    one.stable()
    for offset in range(20):
        assert one.commit(topic, offset) == NONE
        assert committed(client, group, topic) == offset
    broker.kill()
    broker.start()
    again = connect()
    coordinator_ready(again, group)
    assert committed(again, group, topic) == 19
    one.client = again
    assert one.beat() == NONE, "the group is there with its members"
    assert one.commit(topic, 20) == NONE


@rule("G15")
def test_G15_leaving_is_answered_member_by_member(client, group, member):
    dynamic = member()
    dynamic.stable()
    static = member(instance="i")
    static.send_join()
    until(lambda: dynamic.beat() == REBALANCE_IN_PROGRESS, "a rebalance")
    dynamic.send_join()
    dynamic.take_join(), static.take_join()
    who = [("stranger", None), (dynamic.id, "i"), ("", "no-such"), ("", "i"), (dynamic.id, None), (dynamic.id, None)]
    answer = leave(client, group, who)
    codes = [one["error_code"] for one in answer["members"]]
    assert codes == [UNKNOWN_MEMBER_ID, FENCED_INSTANCE_ID, UNKNOWN_MEMBER_ID, NONE, NONE, UNKNOWN_MEMBER_ID]
    assert describe(client, group)["group_state"] == "Empty"


@rule("G15")
@pytest.mark.parametrize("version", range(0, 6))
def test_G15_leaving_a_group_that_does_not_exist(client, group, version):
    request = {"group_id": group, "member_id": "m", "members": [{"member_id": "m"}]}
    answer = client.call("LeaveGroup", version, request)
    if version < 3:
        assert answer["error_code"] == UNKNOWN_MEMBER_ID
    else:
        assert (answer["error_code"], answer["members"][0]["error_code"]) == (NONE, UNKNOWN_MEMBER_ID)


@rule("G18")
def test_G18_a_deleted_topic_takes_its_offsets_along(client, group, make_topic):
    topic, other = make_topic(), make_topic()
    assert commit(client, group, topic, 5) == commit(client, group, other, 6) == NONE
    assert delete_topics(client, topic.name) == {topic.name: NONE}
    again = make_topic(name=topic.name)
    until(lambda: committed(client, group, again) == -1, "the offset is gone")
    assert committed(client, group, other) == 6


# Administration.


@rule("G16")
@pytest.mark.parametrize("version", range(0, 3))
def test_G16_only_empty_groups_are_deleted(client, group, member, make_topic, version):
    topic = make_topic()
    one = member(topics=[topic]).stable()
    assert one.commit(topic, 3) == NONE
    assert delete_groups(client, group, "no-such-group", version=version) == {
        group: NON_EMPTY_GROUP,
        "no-such-group": GROUP_ID_NOT_FOUND,
    }
    assert one.leave() == NONE
    assert delete_groups(client, group, group, version=version) == {group: NONE}
    assert describe(client, group)["error_code"] == GROUP_ID_NOT_FOUND
    assert committed(client, group, topic) == -1


@rule("G16")
def test_G16_offsets_of_topics_that_are_read_are_kept(client, group, member, make_topic):
    read, other = make_topic(), make_topic()
    assert delete_offsets(client, group, [(read, 0)]) == GROUP_ID_NOT_FOUND
    one = member(topics=[read]).stable()
    assert one.commit(read, 1) == one.commit(other, 2) == NONE
    assert delete_offsets(client, group, [(read, 0), (other, 0), (other, 9), (UNKNOWN_TOPIC, 0)]) == {
        (read.name, 0): GROUP_SUBSCRIBED_TO_TOPIC,
        (other.name, 0): NONE,
        (other.name, 9): UNKNOWN_TOPIC_OR_PARTITION,
        (UNKNOWN_TOPIC.name, 0): UNKNOWN_TOPIC_OR_PARTITION,
    }
    assert (committed(client, group, read), committed(client, group, other)) == (1, -1)
    assert one.leave() == NONE
    assert delete_offsets(client, group, [(read, 0)]) == {(read.name, 0): NONE}
    assert committed(client, group, read) == -1


@rule("G16")
def test_G16_nobody_knows_what_other_kinds_of_groups_read(client, group, member, make_topic):
    topic = make_topic()
    one = member(kind="connect").stable()
    assert one.commit(topic, 1) == NONE
    assert delete_offsets(client, group, [(topic, 0)]) == NON_EMPTY_GROUP
    assert one.leave() == NONE
    assert delete_offsets(client, group, [(topic, 0)]) == {(topic.name, 0): NONE}


@rule("G9")
def test_groups_are_described_as_they_stand(client, group, member, make_topic):
    topic = make_topic()
    for version in range(0, 7):
        missing = describe(client, group, version)
        assert (missing["error_code"], missing["group_state"]) == (GROUP_ID_NOT_FOUND if version >= 6 else NONE, "Dead")
    one = member(topics=[topic], instance="i")
    one.join()
    told = describe(client, group)
    assert (told["group_state"], told["protocol_data"]) == ("CompletingRebalance", "")
    assert [(m["member_id"], m["member_metadata"]) for m in told["members"]] == [(one.id, b"")]
    one.sync({one.id: b"plan"})
    for version in range(0, 7):
        told = describe(client, group, version)
        assert (told["group_state"], told["protocol_type"], told["protocol_data"]) == ("Stable", "consumer", "range")
        (them,) = told["members"]
        assert (them["member_id"], them["client_id"], them["client_host"]) == (one.id, "rules", "/127.0.0.1")
        assert (them["member_metadata"], them["member_assignment"]) == (subscription(topic.name), b"plan")
        assert version < 4 or them["group_instance_id"] == "i"


@rule("G9")
def test_groups_are_listed_by_state_and_type(client, group, member, make_topic):
    simple = f"{group}-simple"
    coordinator_ready(client, simple)
    assert commit(client, simple, make_topic(), 1) == NONE
    member().stable()

    def listed(version=5, **filters):
        answer = client.call("ListGroups", version, filters)
        assert answer["error_code"] == NONE
        return {one["group_id"]: one for one in answer["groups"] if one["group_id"].startswith(group)}

    for version in range(0, 6):
        found = listed(version)
        assert set(found) == {group, simple}
        assert (found[group]["protocol_type"], found[simple]["protocol_type"]) == ("consumer", "")
        assert version < 4 or (found[group]["group_state"], found[simple]["group_state"]) == ("Stable", "Empty")
        assert version < 5 or found[group]["group_type"] == "classic"
    assert set(listed(4, states_filter=["sTABLE"])) == {group}
    assert set(listed(states_filter=["Empty", "Stable"], types_filter=["CLASSIC"])) == {group, simple}
    assert listed(types_filter=["consumer"]) == listed(states_filter=["nonsense"]) == {}
