"""More of what is asked, where an API has several shapes that matter: several parts of which one is wrong, special
values, names and ids, and answers that depend on what was asked before.

A request that needs others before it is a generator: it yields (API, version, values), gets each answer, and returns
the values that are compared.
"""

from __future__ import annotations

import uuid

from asked import ASKED, READERS, TOPIC, alter, create_topic_named, describe_configs, fetch_one, fixed, partitions_of_topic
from records import batch

NOWHERE = "nowhere"


def since(first, requests):
    """The same, asked from a version on: what is before it differs throughout and is asked by the smallest request."""

    def guarded(request):
        return lambda world, version: request(world, version) if version >= first else None

    return {name: guarded(request) for name, request in requests.items()}

ATTEMPTS = 1000  # of asking whether what was made is there yet
NO_ID = uuid.UUID(int=0x1234567890ABCDEF)


def named(world, version, by_id, name="name"):
    """(the topic, one that does not exist) by name or by id."""
    return world.topic.ref(version >= by_id, name), {"topic_id": NO_ID} if version >= by_id else {name: NOWHERE}


# Produce.


def produce(data, partition=1, acks=1, **more):
    def request(world, version):
        known, _ = named(world, version, 13)
        parts = [{"index": partition, "records": data}]
        return {"acks": acks, "timeout_ms": 10_000, "topic_data": [{**known, "partition_data": parts}], **more}

    return request


def produce_several(world, version):
    known, unknown = named(world, version, 13)
    parts = [{"index": index, "records": batch([b"x"])} for index in (1, 7)]
    topics = [{**known, "partition_data": parts}, {**unknown, "partition_data": parts}]
    return {"acks": -1, "timeout_ms": 10_000, "topic_data": topics}


# Fetch.


def fetch(offset=0, partition=0, of_partition=None, **more):
    """of_partition: more fields of the partition."""

    def request(world, version):
        values = fetch_one(world, version, partition, offset)
        values["topics"][0]["partitions"][0].update(of_partition or {})
        return {**values, **more}

    return request


def fetch_several(world, version):
    known, unknown = named(world, version, 13, "topic")
    parts = [{"partition": index, "fetch_offset": 2, "partition_max_bytes": 1 << 20} for index in (0, 7)]
    topics = [{**known, "partitions": parts}, {**unknown, "partitions": parts}]
    return {"max_bytes": 1 << 20, "session_epoch": -1, "topics": topics}


def begin_session(world, version):
    """A session of which nothing is new: the partition is read from its end."""
    return fetch(offset=2, session_epoch=0)(world, version)


def fetch_nothing_new(world, version):
    begun = yield "Fetch", version, begin_session(world, version)
    return {"max_bytes": 1 << 20, "session_id": begun.get("session_id", 0), "session_epoch": 1}


def fetch_again_from_the_beginning(world, version):
    begun = yield "Fetch", version, begin_session(world, version)
    return {**fetch_one(world, version), "session_id": begun.get("session_id", 0), "session_epoch": 1}


def fetch_forgetting(world, version):
    begun = yield "Fetch", version, begin_session(world, version)
    forgotten = [{**named(world, version, 13, "topic")[0], "partitions": [0]}]
    session = {"session_id": begun.get("session_id", 0), "session_epoch": 1}
    return {"max_bytes": 1 << 20, **session, "forgotten_topics_data": forgotten if version >= 7 else []}


def fetch_wrong_epoch(world, version):
    begun = yield "Fetch", version, begin_session(world, version)
    return {"max_bytes": 1 << 20, "session_id": begun.get("session_id", 0), "session_epoch": 5}


# ListOffsets and other questions about partitions.


def list_offsets(*timestamps, isolation=0, partition=0, **more):
    def request(world, version):
        return {"replica_id": -1, "isolation_level": isolation, "topics": [{"name": TOPIC, "partitions": [{"partition_index": partition, "timestamp": at, "max_num_offsets": 1, **more} for at in timestamps]}]}

    return request


def list_several(world, version):
    parts = [{"partition_index": index, "timestamp": -1, "max_num_offsets": 1} for index in (0, 7)]
    return {"replica_id": -1, "topics": [{"name": name, "partitions": parts} for name in (TOPIC, NOWHERE)]}


def by_topic_id(of_known, **more):
    def request(world, version):
        one = world.topic.ref(version >= 10) if of_known else ({"topic_id": NO_ID, "name": None} if version >= 10 else {"name": NOWHERE})
        return {"topics": [one], "allow_auto_topic_creation": False, **more}

    return request


def delete_records(world, version):
    name = f"cut-{version}"
    yield from made(name)
    for partition in (0, 1):
        yield "Produce", 9, {"acks": -1, "timeout_ms": 10_000, "topic_data": [{"name": name, "partition_data": [{"index": partition, "records": batch([b"a", b"b", b"c"])}]}]}
    parts = [{"partition_index": index, "offset": offset} for index, offset in ((0, 2), (1, -1), (7, 0))]
    return {"topics": [{"name": name, "partitions": parts}], "timeout_ms": 10_000}


def made(name):
    """A topic of two partitions which are led."""
    yield "CreateTopics", 5, {"topics": [{"name": name, "num_partitions": 2, "replication_factor": 1}], "timeout_ms": 10_000}
    for partition in (0, 1):
        for _ in range(ATTEMPTS):
            answer = yield "ListOffsets", 7, {"replica_id": -1, "topics": [{"name": name, "partitions": [{"partition_index": partition, "timestamp": -1}]}]}
            if answer["topics"][0]["partitions"][0]["error_code"] == 0:
                break


# Offsets of groups.


def offset_commit(group, *parts, **more):
    """parts: (partition, offset, metadata)."""

    def request(world, version):
        known, _ = named(world, version, 10)
        values = [{"partition_index": index, "committed_offset": offset, "committed_metadata": text} for index, offset, text in parts]
        topics = [{**known, "partitions": values}]
        return {"group_id": group.format(version), "generation_id_or_member_epoch": -1, "topics": topics, **more}

    return request


def commit_to_several(world, version):
    known, unknown = named(world, version, 10)
    part = [{"partition_index": 0, "committed_offset": 1, "committed_metadata": ""}]
    topics = [{**known, "partitions": part}, {**unknown, "partitions": part}]
    return {"group_id": "several", "generation_id_or_member_epoch": -1, "topics": topics}


def offset_fetch(*groups, partitions=(0,), **more):
    """From version 8 on several groups, else the first."""

    def request(world, version):
        known, unknown = named(world, version, 10)
        topics = [{**known, "partition_indexes": list(partitions)}, {**unknown, "partition_indexes": [0]}]
        if version < 8:
            return {"group_id": groups[0], "topics": topics, **more}
        return {"groups": [{"group_id": group, "topics": topics} for group in groups], **more}

    return request


def delete_committed(world, version):
    group = f"forgotten-{version}"
    yield "OffsetCommit", 8, offset_commit(group, (0, 1, ""), (1, 1, ""))(world, 8)
    part = [{"partition_index": 0}]
    return {"group_id": group, "topics": [{"name": TOPIC, "partitions": part}, {"name": NOWHERE, "partitions": part}]}


def delete_group(world, version):
    group = f"deleted-{version}"
    yield "OffsetCommit", 8, offset_commit(group, (0, 1, ""))(world, 8)
    return {"groups_names": [group, NOWHERE]}


# Members.


def join(group, **more):
    def request(world, version):
        return {
            "group_id": group.format(version),
            "session_timeout_ms": 10_000,
            "rebalance_timeout_ms": 10_000,
            "member_id": "",
            "protocol_type": "consumer",
            "protocols": [{"name": "range", "metadata": b"m"}],
            **more,
        }

    return request


def joined(group, world):
    """A new member that leads its group: its answer."""
    first = yield "JoinGroup", 4, join(group)(world, 4)
    return (yield "JoinGroup", 4, join(group, member_id=first["member_id"])(world, 4))


def join_with_id(world, version):
    first = yield "JoinGroup", version, join("twice-{}")(world, version)
    return join("twice-{}", member_id=first["member_id"])(world, version)


def of_member(group, **more):
    """A request of a member of a new group; more is said to be otherwise."""

    def request(world, version):
        member = yield from joined(name := group.format(version), world)
        values = {"group_id": name, "generation_id": member["generation_id"], "member_id": member["member_id"]}
        return values | more

    return request


def sync(group, **more):
    def request(world, version):
        values = yield from of_member(group)(world, version)
        return {**values, "assignments": [{"member_id": values["member_id"], "assignment": b"all"}], **more}

    return request


def stable(group, world):
    """A member with an assignment, as it names itself."""
    values = yield from sync(group)(world, "")
    yield "SyncGroup", 3, values
    return {key: values[key] for key in ("group_id", "generation_id", "member_id")}


def beat(group, **more):
    def request(world, version):
        return {**(yield from stable(group.format(version), world)), **more}

    return request


def describe_member(world, version):
    member = yield from stable(f"described-{version}", world)
    return {"groups": [member["group_id"]]}


def leave(world, version):
    member = yield from stable(f"left-{version}", world)
    if version < 3:
        return {"group_id": member["group_id"], "member_id": member["member_id"]}
    who = [{"member_id": member["member_id"]}, {"member_id": "stranger"}, {"member_id": "", "group_instance_id": "nobody"}]
    return {"group_id": member["group_id"], "members": who}


def commit_of_member(**more):
    def request(world, version):
        member = yield from stable(f"members-{version}-{len(more)}", world)
        who = {"generation_id_or_member_epoch": member["generation_id"], "member_id": member["member_id"], **more}
        return offset_commit(member["group_id"], (0, 1, ""), **who)(world, version)

    return request


# Topics and configs.


def create_twice(world, version):
    one = {"name": f"twice-{version}", "num_partitions": 1, "replication_factor": 1}
    return {"topics": [one, one], "timeout_ms": 10_000}


def validated(request):
    return lambda world, version: {**request(world, version), "validate_only": True}


def delete_by_id(world, version):
    if version < 6:
        return {"topic_names": [f"cut-{NOWHERE}"], "timeout_ms": 10_000}
    yield from made("by-id")
    described = yield "Metadata", 12, {"topics": [{"name": "by-id"}], "allow_auto_topic_creation": False}
    topics = [{"name": None, "topic_id": described["topics"][0]["topic_id"]}, {"name": None, "topic_id": NO_ID}]
    return {"topics": topics, "timeout_ms": 10_000}


def delete_twice(world, version):
    yield from made(f"gone-{version}")
    if version < 6:
        return {"topic_names": [f"gone-{version}"] * 2, "timeout_ms": 10_000}
    return {"topics": [{"name": f"gone-{version}"}] * 2, "timeout_ms": 10_000}


def assigned(*assignments):
    """To brokers by hand: the replicas of partition 0 and so on."""
    return [{"partition_index": index, "broker_ids": list(brokers)} for index, brokers in enumerate(assignments)]


def grow(count, *assignments):
    by_hand = [{"broker_ids": list(brokers)} for brokers in assignments] or None
    return fixed(topics=[{"name": TOPIC, "count": count, "assignments": by_hand}], timeout_ms=10_000, validate_only=True)


def incremental(*operations, resource_type=2, name=TOPIC):
    """operations: (config, operation, value)."""
    configs = [{"name": config, "config_operation": number, "value": value} for config, number, value in operations]
    one = {"resource_type": resource_type, "resource_name": name, "configs": configs}
    return fixed(resources=[one], validate_only=True)


def alter_several(**more):
    def request(world, version):
        one = {"resource_type": 2, "configs": [{"name": "retention.ms", "value": "1000", **more}]}
        return {"resources": [{**one, "resource_name": name} for name in (TOPIC, NOWHERE)], "validate_only": True}

    return request


def described_after_appending(world, version):
    name = f"appended-{version}"
    yield from made(name)
    configs = [("cleanup.policy", 2, "compact"), ("retention.ms", 0, "5000"), ("segment.ms", 1, None)]
    changed = incremental(*configs, name=name)(world, version)
    yield "IncrementalAlterConfigs", 1, {**changed, "validate_only": False}
    described = describe_configs(2, name, ["cleanup.policy", "retention.ms"])(world, version)
    for _ in range(ATTEMPTS):
        answer = yield "DescribeConfigs", 1, described
        if "5000" in {one["value"] for one in answer["results"][0]["configs"]}:
            break
    return described


def quota(key, value, **entity):
    """entity: type=name."""
    named = [{"entity_type": kind, "entity_name": name} for kind, name in entity.items()]
    return fixed(entries=[{"entity": named, "ops": [{"key": key, "value": value}]}], validate_only=True)


def described_quota(**component):
    def request(world, version):
        entity = [{"entity_type": "user", "entity_name": "ada"}, {"entity_type": "client-id", "entity_name": None}]
        entries = [{"entity": entity, "ops": [{"key": "producer_byte_rate", "value": 1000.0}]}]
        yield "AlterClientQuotas", 1, {"entries": entries}
        for _ in range(ATTEMPTS):
            if (yield "DescribeClientQuotas", 1, {"components": [{"entity_type": "user", "match_type": 2, "match": None}]})["entries"]:
                break
        return {"components": [{"entity_type": "user", **component}]}

    return request


def moves(replicas, topic=TOPIC, partition=0):
    return fixed(topics=[{"name": topic, "partitions": [{"partition_index": partition, "replicas": replicas}]}], timeout_ms=10_000)


def elect(kind, *partitions, topic=TOPIC):
    return fixed(election_type=kind, topic_partitions=[{"topic": topic, "partitions": list(partitions)}], timeout_ms=10_000)


def pages(limit, cursor=None):
    start = cursor and {"topic_name": TOPIC, "partition_index": cursor}
    return fixed(topics=[{"name": TOPIC}], response_partition_limit=limit, cursor=start)


BROKEN = bytearray(batch([b"x"]))
BROKEN[-1] ^= 1

MORE = {
    "Produce": since(3, {
        "several": produce_several,
        "acks 5": produce(batch([b"x"]), acks=5),
        "a broken batch": produce(bytes(BROKEN)),
        "an empty batch": produce(b""),
        "half a batch": produce(batch([b"x"])[:40]),
        "two batches": produce(batch([b"x"]) + batch([b"y"])),
        "of an idempotent producer": produce(batch([b"x"], producer_id=5_000_000, producer_epoch=0, base_sequence=0), acks=-1),
        "too late": produce(batch([b"x"], producer_id=6_000_000, producer_epoch=0, base_sequence=7), acks=-1),
    }),
    "Fetch": since(4, {
        "several": fetch_several,
        "at the end": fetch(offset=2),
        "one byte": fetch(max_bytes=1, of_partition={"partition_max_bytes": 1}),
        "nothing below the minimum": fetch(offset=2, min_bytes=1000, max_wait_ms=1),
        "read committed": fetch(isolation_level=1),
        "a later epoch": fetch(of_partition={"current_leader_epoch": 5}),
        "of its epoch": fetch(of_partition={"current_leader_epoch": 0, "last_fetched_epoch": 0}),
        "of a later last epoch": fetch(offset=2, of_partition={"last_fetched_epoch": 7}),
        "a session": begin_session,
        "of a session, nothing new": fetch_nothing_new,
        "of a session, from another offset": fetch_again_from_the_beginning,
        "of a session, forgetting": fetch_forgetting,
        "of a session, out of turn": fetch_wrong_epoch,
        "no such session": fixed(session_id=12345, session_epoch=1),
    }),
    "ListOffsets": since(1, {
        "several": list_several,
        "of the largest time": list_offsets(-3),
        "earliest local": list_offsets(-4),
        "latest tiered": list_offsets(-5),
        "earliest not tiered": list_offsets(-6),
        "no such time": list_offsets(-7),
        "in the future": list_offsets(2_000_000_000_000),
        "read committed": list_offsets(-1, isolation=1),
        "a later epoch": list_offsets(-1, current_leader_epoch=5),
        "one partition twice": list_offsets(-1, -2),
    }),
    "Metadata": {
        **since(12, {"by id": by_topic_id(True), "no such id": by_topic_id(False)}),
        "twice": fixed(topics=[{"name": TOPIC}, {"name": TOPIC}], allow_auto_topic_creation=False),
        "none": fixed(topics=[]),
    },
    "OffsetFetch": since(1, {
        "several groups": offset_fetch(READERS, NOWHERE),
        "no such group": offset_fetch(NOWHERE),
        "stable": offset_fetch(READERS, partitions=(0, 7), require_stable=True),
    }),
    "FindCoordinator": {
        "several": lambda world, version: {"key": READERS} if version < 4 else {"coordinator_keys": [READERS, NOWHERE, READERS]},
        "of a type that does not exist": lambda world, version: {"key": READERS, "key_type": 9} if version < 4 else {"coordinator_keys": [READERS], "key_type": 9},
    },
    "Heartbeat": {
        "a member": beat("beats-{}"),
        "of another generation": beat("beats-late-{}", generation_id=7),
        "of another instance": beat("beats-static-{}", group_instance_id="nobody"),
    },
    "SyncGroup": {
        "a leader": sync("synced-{}"),
        "of another generation": sync("synced-late-{}", generation_id=7),
        "of another protocol": sync("synced-else-{}", protocol_type="connect", protocol_name="roundrobin"),
    },
    "LeaveGroup": {"a member": leave},
    "DescribeGroups": {"a member": describe_member},
    "ListGroups": {
        "of classic groups": fixed(types_filter=["classic"], states_filter=["Empty"]),
        "of no such type": fixed(types_filter=["no.such"]),
        "of no such state": fixed(states_filter=["no.such"]),
    },
    "DeleteRecords": {
        "up to": delete_records,
        "no such partition": fixed(topics=[{"name": TOPIC, "partitions": [{"partition_index": 7, "offset": 0}]}, {"name": NOWHERE, "partitions": [{"partition_index": 0, "offset": 0}]}], timeout_ms=10_000),
        "below nothing": partitions_of_topic("partitions", offset=-2),
    },
    "InitProducerId": {"of an id": fixed(transactional_id=None, transaction_timeout_ms=60_000, producer_id=7, producer_epoch=1)},
    "OffsetForLeaderEpoch": {
        "several": fixed(replica_id=-2, topics=[{"topic": topic, "partitions": [{"partition": index, "leader_epoch": 0} for index in (0, 7)]} for topic in (TOPIC, NOWHERE)]),
        "of a later leader": fixed(replica_id=-2, topics=[{"topic": TOPIC, "partitions": [{"partition": 0, "current_leader_epoch": 5, "leader_epoch": 0}]}]),
        "no epoch": fixed(replica_id=-2, topics=[{"topic": TOPIC, "partitions": [{"partition": 0, "leader_epoch": -1}]}]),
    },
    "DescribeConfigs": since(1, {
        "no synonyms": fixed(resources=[{"resource_type": 2, "resource_name": TOPIC, "configuration_keys": ["retention.ms"]}]),
        "no such config": describe_configs(2, TOPIC, ["no.such.config"]),
        "documented": fixed(resources=[{"resource_type": 2, "resource_name": TOPIC, "configuration_keys": ["retention.ms"]}], include_documentation=True),
        "after appending": described_after_appending,
        "every broker": describe_configs(4, "", ["log.retention.ms"]),
        "another broker": describe_configs(4, "7", ["log.retention.ms"]),
        "a broker that is none": describe_configs(4, "x", ["log.retention.ms"]),
        "a bad name": describe_configs(2, "a/b", None),
        "no such type": describe_configs(99, TOPIC, None),
        "client metrics": describe_configs(16, NOWHERE, None),
        "a group": describe_configs(32, READERS, ["consumer.session.timeout.ms"]),
    }),
    "AlterConfigs": {
        "several": alter_several(),
        "no such config": alter(2, TOPIC, "no.such.config", "1"),
        "no value": alter(2, TOPIC, "retention.ms", None),
        "no such type": alter(99, TOPIC, "retention.ms", "1"),
        "what is read at the start": alter(4, "1", "log.dirs", "/elsewhere"),
    },
    "IncrementalAlterConfigs": {
        "several": alter_several(config_operation=0),
        "no such config": incremental(("no.such.config", 0, "1")),
        "no value": incremental(("retention.ms", 0, None)),
        "to the default": incremental(("retention.ms", 1, None)),
        "appended": incremental(("cleanup.policy", 2, "compact")),
        "appended again": incremental(("cleanup.policy", 2, "delete")),
        "subtracted": incremental(("cleanup.policy", 3, "delete")),
        "subtracted what is not there": incremental(("cleanup.policy", 3, "compact")),
        "one config twice": incremental(("retention.ms", 0, "1"), ("retention.ms", 0, "2")),
        "what is read at the start": incremental(("log.dirs", 0, "/elsewhere"), resource_type=4, name="1"),
        "a broker": incremental(("log.retention.ms", 0, "1000"), resource_type=4, name="1"),
        "every broker": incremental(("log.retention.ms", 0, "1000"), resource_type=4, name=""),
        "another broker": incremental(("log.retention.ms", 0, "1000"), resource_type=4, name="7"),
        "no such type": incremental(("retention.ms", 0, "1000"), resource_type=99),
        "client metrics": incremental(("interval.ms", 0, "60000"), resource_type=16, name="m"),
        "bad client metrics": incremental(("interval.ms", 0, "1"), resource_type=16, name="m"),
        "a group": incremental(("consumer.session.timeout.ms", 0, "50000"), resource_type=32, name=READERS),
    },
    "DescribeLogDirs": {"no such topic": fixed(topics=[{"topic": NOWHERE, "partitions": [0]}])},
    "CreatePartitions": {
        "fewer": grow(1),
        "to a broker": grow(3, [1]),
        "to another broker": grow(3, [7]),
        "to too many": grow(3, [1], [1]),
        "twice": fixed(topics=[{"name": TOPIC, "count": 3, "assignments": None}] * 2, timeout_ms=10_000, validate_only=True),
    },
    "DeleteGroups": {"of two": delete_group},
    "ElectLeaders": {
        "unclean": elect(1, 0),
        "no such partition": elect(0, 7),
        "no such topic": elect(0, 0, topic=NOWHERE),
    },
    "AlterPartitionReassignments": {
        "to where it is": moves([1]),
        "to another broker": moves([7]),
        "to nobody": moves([]),
        "to one twice": moves([1, 1]),
        "no such partition": moves([1], partition=7),
        "no such topic": moves([1], topic=NOWHERE),
    },
    "OffsetDelete": {"of two": delete_committed, "no such group": fixed(group_id=NOWHERE, topics=[])},
    "DescribeClientQuotas": {
        "of one": described_quota(match_type=0, match="ada"),
        "of the default": described_quota(match_type=1, match=None),
        "of any user": described_quota(match_type=2, match=None),
        "strictly": fixed(components=[{"entity_type": "user", "match_type": 2, "match": None}], strict=True),
        "no such type": fixed(components=[{"entity_type": "no.such", "match_type": 2, "match": None}]),
        "twice": fixed(components=[{"entity_type": "user", "match_type": 2, "match": None}] * 2),
    },
    "AlterClientQuotas": {
        "no such key": quota("no.such.key", 1.0, user="u"),
        "below nothing": quota("consumer_byte_rate", -1.0, user="u"),
        "half a byte": quota("consumer_byte_rate", 0.5, user="u"),
        "of the default": quota("consumer_byte_rate", 1.0, user=None),
        "of nobody": quota("consumer_byte_rate", 1.0),
        "no such type": quota("consumer_byte_rate", 1.0, planet="u"),
        "of an address": quota("consumer_byte_rate", 1.0, ip="127.0.0.1"),
    },
    "DescribeQuorum": {"of another topic": fixed(topics=[{"topic_name": TOPIC, "partitions": [{"partition_index": 0}]}])},
    "DescribeCluster": {"controllers": fixed(endpoint_type=2), "of no such type": fixed(endpoint_type=9)},
    "DescribeProducers": {"no such partition": fixed(topics=[{"name": TOPIC, "partition_indexes": [7]}, {"name": NOWHERE, "partition_indexes": [0]}])},
    "ListConfigResources": {"of topics": fixed(resource_types=[2]), "of brokers": fixed(resource_types=[4, 8]), "of no such type": fixed(resource_types=[99])},
    "DescribeTopicPartitions": {"a page": pages(1), "the next page": pages(1, cursor=1), "no page": pages(0), "behind the end": pages(1, cursor=7)},
    "OffsetCommit": since(1, {
        "several": commit_to_several,
        "no such partition": offset_commit("wrong", (7, 1, "")),
        "too much metadata": offset_commit("wrong", (0, 1, "x" * 5000), (1, 1, "")),
        "no metadata": offset_commit("wrong", (0, 1, None)),
        "of a stranger": offset_commit("wrong", (0, 1, ""), member_id="stranger", generation_id_or_member_epoch=3),
        "of no group": offset_commit("", (0, 1, "")),
        "of a member": commit_of_member(),
        "of another generation": commit_of_member(generation_id_or_member_epoch=7),
    }),
    "JoinGroup": {
        "with its id": join_with_id,
        "an id of nobody": join("strangers-{}", member_id="stranger"),
        "a static member": join("static-{}", group_instance_id="one"),
        "of no group": join(""),
        "for too short": join("short-{}", session_timeout_ms=10),
        "for too long": join("long-{}", session_timeout_ms=10_000_000),
        "without protocols": join("mute-{}", protocols=[]),
        "without a type": join("typeless-{}", protocol_type=""),
    },
    "CreateTopics": {
        "only validated": validated(create_topic_named("validated-{}")),
        "assigned": create_topic_named("assigned-{}", num_partitions=-1, replication_factor=-1, assignments=assigned([1], [1])),
        "assigned and counted": create_topic_named("bad-{}", assignments=assigned([1])),
        "assigned to another broker": create_topic_named("bad-{}", num_partitions=-1, replication_factor=-1, assignments=assigned([7])),
        "assigned with a gap": create_topic_named("bad-{}", num_partitions=-1, replication_factor=-1, assignments=assigned([1], [1])[1:]),
        "by default": create_topic_named("default-{}", num_partitions=-1, replication_factor=-1),
        "no partitions": create_topic_named("bad-{}", num_partitions=0),
        "no replicas": create_topic_named("bad-{}", replication_factor=0),
        "twice": create_twice,
        "with configs": create_topic_named("configured-{}", configs=[{"name": "retention.ms", "value": "5000"}, {"name": "cleanup.policy", "value": "compact"}]),
        "a config without value": create_topic_named("bad-{}", configs=[{"name": "retention.ms", "value": None}]),
        "a value that is none": create_topic_named("bad-{}", configs=[{"name": "retention.ms", "value": "soon"}]),
        "no name": create_topic_named(""),
        "a name of two dots": create_topic_named(".."),
        "a name too long": create_topic_named("x" * 250),
    },
    "DeleteTopics": {"by id": delete_by_id, "twice": delete_twice},
}  # fmt: skip

# What lists everything is asked before others make something.
FIRST = ("Metadata", "ListGroups", "ListConfigResources", "DescribeTopicPartitions")
ALL = {api: {**ASKED[api], **MORE.get(api, {})} for api in dict.fromkeys((*FIRST, *ASKED))}
