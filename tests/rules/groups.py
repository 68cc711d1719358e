"""Short words for group requests, for a member that has a connection of its own.

    member = Member(connect(), group, topics=[topic])
    member.join()                     # to the end of the join phase, alone in the group
    member.sync({member.id: b"..."})

A JoinGroup or SyncGroup may be parked: send_join() and take_join() are its two halves.
"""

import struct

from talk import MEMBER_ID_REQUIRED, NONE, UNKNOWN_TOPIC_OR_PARTITION, until

COORDINATOR_NOT_READY = (14, 15, 16)


def subscription(*names):
    encoded = b"".join(struct.pack(">h", len(name)) + name.encode() for name in names)
    return struct.pack(">hi", 0, len(names)) + encoded + struct.pack(">i", -1)


def coordinator_ready(client, group):
    find = {"key": group, "key_type": 0}
    until(lambda: client.call("FindCoordinator", 3, find)["error_code"] == NONE, "a coordinator is known")
    ready = {"group_id": group, "topics": None}
    until(lambda: client.call("OffsetFetch", 7, ready)["error_code"] not in COORDINATOR_NOT_READY, "its groups are read")


class Member:
    def __init__(self, client, group, topics=(), instance=None, protocols=None, kind="consumer", **timeouts):
        self.client = client
        self.group = group
        self.instance = instance
        self.kind = kind
        self.protocols = protocols or [("range", subscription(*(topic.name for topic in topics)))]
        self.session_ms = timeouts.get("session_ms", 10_000)
        self.rebalance_ms = timeouts.get("rebalance_ms", 10_000)
        self.id = ""
        self.generation = -1

    def send_join(self, version=9):
        request = {
            "group_id": self.group,
            "session_timeout_ms": self.session_ms,
            "rebalance_timeout_ms": self.rebalance_ms,
            "member_id": self.id,
            "group_instance_id": self.instance,
            "protocol_type": self.kind,
            "protocols": [{"name": name, "metadata": metadata} for name, metadata in self.protocols],
        }
        self.client.send("JoinGroup", version, request)

    def take_join(self):
        answer = self.client.receive()
        if answer["error_code"] in (NONE, MEMBER_ID_REQUIRED):
            self.id = answer["member_id"]
        if answer["error_code"] == NONE:
            self.generation = answer["generation_id"]
        return answer

    def ask_join(self, version=9):
        self.send_join(version)
        return self.take_join()

    def get_id(self):
        """The first of the two steps of a dynamic member (KIP-394)."""
        assert self.ask_join()["error_code"] == MEMBER_ID_REQUIRED and self.id

    def join(self, version=9):
        if not self.id and self.instance is None and version >= 4:
            self.get_id()
        answer = self.ask_join(version)
        assert answer["error_code"] == NONE, answer
        return answer

    def send_sync(self, plan=None, version=5, **changes):
        request = {
            "group_id": self.group,
            "generation_id": self.generation,
            "member_id": self.id,
            "group_instance_id": self.instance,
            "protocol_type": self.kind,
            "protocol_name": self.protocols[0][0],
            "assignments": [{"member_id": who, "assignment": what} for who, what in (plan or {}).items()],
        }
        self.client.send("SyncGroup", version, {**request, **changes})

    def sync(self, plan=None, **changes):
        self.send_sync(plan, **changes)
        return self.client.receive()

    def beat(self, version=4, **changes):
        request = {"group_id": self.group, "generation_id": self.generation, "member_id": self.id}
        request |= {"group_instance_id": self.instance} | changes
        return self.client.call("Heartbeat", version, request)["error_code"]

    def leave(self, version=5):
        answer = leave(self.client, self.group, [(self.id, self.instance)], version)
        return answer["members"][0]["error_code"]

    def commit(self, topic, offset, **settings):
        who = {"member_id": self.id, "generation": self.generation, "instance": self.instance}
        return commit(self.client, self.group, topic, offset, **{**who, **settings})

    def stable(self):
        """Alone in its group, from nothing to an assignment."""
        self.join()
        assert self.sync({self.id: b"all"})["assignment"] == b"all"
        return self


def leave(client, group, members, version=5):
    members = [{"member_id": who, "group_instance_id": instance} for who, instance in members]
    answer = client.call("LeaveGroup", version, {"group_id": group, "members": members})
    assert answer["error_code"] == NONE, answer
    return answer


def commit(client, group, topic, offset, partition=0, version=8, member_id="", generation=-1, instance=None, **rest):
    """The partition's error code. rest: metadata, retention_ms."""
    one = {"partition_index": partition, "committed_offset": offset, "committed_metadata": rest.get("metadata", "")}
    request = {
        "group_id": group,
        "generation_id_or_member_epoch": generation,
        "member_id": member_id,
        "group_instance_id": instance,
        "retention_time_ms": rest.get("retention_ms", -1),
        "topics": [{**topic.ref(version >= 10), "partitions": [one]}],
    }
    return client.call("OffsetCommit", version, request)["topics"][0]["partitions"][0]["error_code"]


def committed(client, group, topic, partition=0):
    """The committed offset, or -1."""
    wanted = [{"name": topic.name, "partition_indexes": [partition]}]
    answer = client.call("OffsetFetch", 7, {"group_id": group, "topics": wanted})
    assert answer["error_code"] == NONE, answer
    one = answer["topics"][0]["partitions"][0]
    assert one["error_code"] in (NONE, UNKNOWN_TOPIC_OR_PARTITION), answer
    return one["committed_offset"]


def describe(client, group, version=6):
    return client.call("DescribeGroups", version, {"groups": [group]})["groups"][0]


def delete_groups(client, *groups, version=2):
    answer = client.call("DeleteGroups", version, {"groups_names": list(groups)})
    return {one["group_id"]: one["error_code"] for one in answer["results"]}


def delete_offsets(client, group, parts):
    """parts: [(topic, partition)]. The request's error, or each partition's."""
    topics = [{"name": topic.name, "partitions": [{"partition_index": index}]} for topic, index in parts]
    answer = client.call("OffsetDelete", 0, {"group_id": group, "topics": topics})
    if answer["error_code"] != NONE:
        return answer["error_code"]
    return {(one["name"], p["partition_index"]): p["error_code"] for one in answer["topics"] for p in one["partitions"]}
