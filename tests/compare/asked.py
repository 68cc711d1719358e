"""What is asked: for every API the smallest request that has an answer, and typical ones.

Every broker has the same world: a topic `compare` of two partitions with one batch in the first, and a group
`readers` that has committed an offset. What a request changes is its own: names that carry its version.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from groups import commit, coordinator_ready
from records import batch, now_ms
from talk import Topic, create_topic, produce

TOPIC = "compare"
TIMESTAMP = now_ms()  # of records that no broker deletes meanwhile
READERS = "readers"
CLIENT = UUID(int=0x1234567890ABCDEF)


@dataclass
class World:
    """What differs from broker to broker, by need."""

    topic: Topic

    @staticmethod
    def make(client):
        topic = create_topic(client, TOPIC, partitions=2)
        assert produce(client, topic, batch([b"one", b"two"], base_timestamp=TIMESTAMP))["error_code"] == 0
        coordinator_ready(client, READERS)
        assert commit(client, READERS, topic, 1, metadata="m") == 0
        for version in range(7):
            create_topic(client, f"unwanted-{version}")
        return World(topic)


def by_name_or_id(world, version, first_by_id, name="name"):
    return world.topic.ref(version >= first_by_id, name)


def produce_one(world, version):
    data = [{"index": 1, "records": batch([b"x"])}]
    topics = [{**by_name_or_id(world, version, 13), "partition_data": data}]
    return {"acks": 1, "timeout_ms": 10_000, "topic_data": topics}


def fetch_one(world, version, partition=0, offset=0):
    wanted = [{"partition": partition, "fetch_offset": offset, "partition_max_bytes": 1 << 20}]
    topics = [{**by_name_or_id(world, version, 13, "topic"), "partitions": wanted}]
    return {"max_bytes": 1 << 20, "session_epoch": -1, "topics": topics}


def list_offsets(timestamp):
    def request(world, version):
        return {"replica_id": -1, "topics": [{"name": TOPIC, "partitions": [{"partition_index": 0, "timestamp": timestamp, "max_num_offsets": 1}]}]}

    return request


def offset_commit(world, version):
    one = {"partition_index": 1, "committed_offset": 0, "committed_metadata": ""}
    topics = [{**by_name_or_id(world, version, 10), "partitions": [one]}]
    return {"group_id": "commits", "generation_id_or_member_epoch": -1, "topics": topics}


def offset_fetch(world, version):
    if version < 8:
        return {"group_id": READERS, "topics": [{"name": TOPIC, "partition_indexes": [0, 1]}]}
    topics = [{**by_name_or_id(world, version, 10), "partition_indexes": [0, 1]}]
    return {"groups": [{"group_id": READERS, "topics": topics}]}


def offset_fetch_all(world, version):
    if version < 2:
        return {"group_id": READERS, "topics": []}
    if version < 8:
        return {"group_id": READERS, "topics": None}
    return {"groups": [{"group_id": READERS, "topics": None}]}


def find_coordinator(world, version):
    return {"key": READERS} if version < 4 else {"coordinator_keys": [READERS]}


def join_group(world, version):
    return {
        "group_id": f"joins-{version}",
        "session_timeout_ms": 10_000,
        "rebalance_timeout_ms": 10_000,
        "member_id": "",
        "protocol_type": "consumer",
        "protocols": [{"name": "range", "metadata": b"m"}],
    }


def stranger(world, version):
    return {"group_id": READERS, "generation_id": 1, "member_id": "stranger"}


def leave_group(world, version):
    if version < 3:
        return {"group_id": READERS, "member_id": "stranger"}
    return {"group_id": READERS, "members": [{"member_id": "stranger"}]}


def create_topic_named(name, **more):
    def request(world, version):
        one = {"name": name.format(version), "num_partitions": 2, "replication_factor": 1, **more}
        return {"topics": [one], "timeout_ms": 10_000}

    return request


def delete_topic_named(name):
    def request(world, version):
        named = name.format(version)
        if version < 6:
            return {"topic_names": [named], "timeout_ms": 10_000}
        return {"topics": [{"name": named}], "timeout_ms": 10_000}

    return request


def partitions_of_topic(field, **more):
    """A request about partition 0 of the topic."""

    def request(world, version):
        return {"topics": [{"name": TOPIC, field: [{"partition_index": 0, **more}]}], "timeout_ms": 10_000}

    return request


def alter(resource_type, name, config, value, **more):
    def request(world, version):
        configs = [{"name": config, "value": value, **more}]
        return {"resources": [{"resource_type": resource_type, "resource_name": name, "configs": configs}], "validate_only": True}

    return request


def describe_configs(resource_type, name, keys):
    def request(world, version):
        one = {"resource_type": resource_type, "resource_name": name, "configuration_keys": keys}
        return {"resources": [one], "include_synonyms": True}

    return request


def fixed(**values):
    return lambda world, version: values


def old(values, first, newer):
    """One form below a version, another from it on."""
    return lambda world, version: values if version < first else newer


ASKED = {
    "Produce": {"smallest": fixed(acks=1), "one batch": produce_one},
    "Fetch": {
        "smallest": fixed(session_epoch=-1),
        "from the beginning": fetch_one,
        "out of range": lambda world, version: fetch_one(world, version, offset=99),
        "no such partition": lambda world, version: fetch_one(world, version, partition=7),
    },
    "ListOffsets": {"smallest": fixed(), "latest": list_offsets(-1), "earliest": list_offsets(-2), "by time": list_offsets(0)},
    "Metadata": {
        "smallest": fixed(),
        "a topic": fixed(topics=[{"name": TOPIC}]),
        "no such topic": fixed(topics=[{"name": "nowhere"}], allow_auto_topic_creation=False),
        "a bad name": fixed(topics=[{"name": "a/b"}], allow_auto_topic_creation=False),
        "all": old({"topics": []}, 1, {"topics": None}),
        "with rights": fixed(topics=[{"name": TOPIC}, {"name": "nowhere"}], allow_auto_topic_creation=False, include_topic_authorized_operations=True, include_cluster_authorized_operations=True),
    },
    "OffsetFetch": {"smallest": fixed(), "two": offset_fetch, "all": offset_fetch_all},
    "FindCoordinator": {"smallest": fixed(), "a group": find_coordinator},
    "Heartbeat": {"smallest": fixed(), "a stranger": stranger},
    "LeaveGroup": {"smallest": fixed(), "a stranger": leave_group},
    "SyncGroup": {"smallest": fixed(), "a stranger": stranger},
    "DescribeGroups": {"smallest": fixed(), "two": fixed(groups=[READERS, "nowhere"]), "with rights": fixed(groups=[READERS], include_authorized_operations=True)},
    "ListGroups": {"smallest": fixed(states_filter=["Empty"]), "none": fixed(states_filter=["Dead"])},
    "ApiVersions": {"smallest": fixed(), "typical": fixed(client_software_name="compare", client_software_version="1")},
    "DeleteRecords": {"smallest": fixed(), "behind the end": partitions_of_topic("partitions", offset=99), "nothing": partitions_of_topic("partitions", offset=0)},
    "InitProducerId": {"smallest": fixed(transactional_id=None), "typical": fixed(transactional_id=None, transaction_timeout_ms=60_000)},
    "OffsetForLeaderEpoch": {
        "smallest": fixed(replica_id=-2),
        "epoch 0": fixed(replica_id=-2, topics=[{"topic": TOPIC, "partitions": [{"partition": 0, "leader_epoch": 0}]}]),
        "a later epoch": fixed(replica_id=-2, topics=[{"topic": TOPIC, "partitions": [{"partition": 0, "leader_epoch": 5}]}]),
    },
    "DescribeConfigs": {
        "smallest": fixed(),
        "a topic": describe_configs(2, TOPIC, ["cleanup.policy", "retention.ms", "min.insync.replicas", "compression.type"]),
        "all of a topic": describe_configs(2, TOPIC, None),
        "a broker": describe_configs(4, "1", ["num.partitions", "log.retention.ms", "ssl.keystore.password"]),
        "no such topic": describe_configs(2, "nowhere", None),
    },
    "AlterConfigs": {
        "smallest": fixed(),
        "a topic": alter(2, TOPIC, "retention.ms", "1000"),
        "a bad value": alter(2, TOPIC, "retention.ms", "soon"),
        "no such topic": alter(2, "nowhere", "retention.ms", "1000"),
    },
    "IncrementalAlterConfigs": {
        "smallest": fixed(),
        "a topic": alter(2, TOPIC, "retention.ms", "1000", config_operation=0),
        "a bad value": alter(2, TOPIC, "retention.ms", "soon", config_operation=0),
        "no list": alter(2, TOPIC, "retention.ms", "1000", config_operation=2),
        "no such topic": alter(2, "nowhere", "retention.ms", "1000", config_operation=0),
    },
    "AlterReplicaLogDirs": {"smallest": fixed(), "nowhere": fixed(dirs=[{"path": "/nowhere", "topics": [{"name": TOPIC, "partitions": [0]}]}])},
    "DescribeLogDirs": {"smallest": fixed(topics=[]), "a topic": fixed(topics=[{"topic": TOPIC, "partitions": [0]}])},
    "CreatePartitions": {
        "smallest": fixed(timeout_ms=10_000),
        "as many": fixed(topics=[{"name": TOPIC, "count": 2, "assignments": None}], timeout_ms=10_000, validate_only=True),
        "one more": fixed(topics=[{"name": TOPIC, "count": 3, "assignments": None}], timeout_ms=10_000, validate_only=True),
        "no such topic": fixed(topics=[{"name": "nowhere", "count": 3, "assignments": None}], timeout_ms=10_000),
    },
    "DeleteGroups": {"smallest": fixed(), "no such group": fixed(groups_names=["nowhere"])},
    "ElectLeaders": {"smallest": fixed(topic_partitions=[]), "a topic": fixed(topic_partitions=[{"topic": TOPIC, "partitions": [0]}])},
    "AlterPartitionReassignments": {"smallest": fixed(), "none to end": fixed(topics=[{"name": TOPIC, "partitions": [{"partition_index": 0, "replicas": None}]}])},
    "ListPartitionReassignments": {"smallest": fixed(), "a topic": fixed(topics=[{"name": TOPIC, "partition_indexes": [0]}])},
    "OffsetDelete": {"smallest": fixed(), "nothing there": fixed(group_id=READERS, topics=[{"name": TOPIC, "partitions": [{"partition_index": 1}]}])},
    "DescribeClientQuotas": {"smallest": fixed(), "of users": fixed(components=[{"entity_type": "user", "match_type": 2, "match": None}])},
    "AlterClientQuotas": {
        "smallest": fixed(),
        "a user": fixed(entries=[{"entity": [{"entity_type": "user", "entity_name": "u"}], "ops": [{"key": "consumer_byte_rate", "value": 1000.0}]}], validate_only=True),
    },
    "DescribeQuorum": {"smallest": fixed(), "the cluster's": fixed(topics=[{"topic_name": "__cluster_metadata", "partitions": [{"partition_index": 0}]}])},
    "UpdateFeatures": {"smallest": fixed(), "no such feature": fixed(feature_updates=[{"feature": "no.such", "max_version_level": 1}])},
    "DescribeCluster": {"smallest": fixed(), "with rights": fixed(include_cluster_authorized_operations=True)},
    "DescribeProducers": {"smallest": fixed(), "a partition": fixed(topics=[{"name": TOPIC, "partition_indexes": [0]}])},
    "GetTelemetrySubscriptions": {"smallest": fixed(client_instance_id=CLIENT)},
    "PushTelemetry": {
        "smallest": fixed(),
        "of no subscription": fixed(client_instance_id=CLIENT, subscription_id=1, metrics=b"x"),
    },
    "ListConfigResources": {"smallest": fixed(), "of client metrics": fixed(resource_types=[16])},
    "DescribeTopicPartitions": {"smallest": fixed(), "a topic": fixed(topics=[{"name": TOPIC}]), "no such topic": fixed(topics=[{"name": "nowhere"}])},
    # What makes or deletes groups and topics comes last: before, all brokers list the same.
    "OffsetCommit": {"smallest": fixed(), "one": offset_commit},
    "JoinGroup": {"smallest": fixed(), "a new member": join_group},
    "CreateTopics": {
        "smallest": fixed(),
        "a topic": create_topic_named("made-{}"),
        "there already": create_topic_named(TOPIC),
        "a bad name": create_topic_named("a/b"),
        "a bad config": create_topic_named("bad-{}", configs=[{"name": "no.such.config", "value": "1"}]),
        "too many replicas": create_topic_named("bad-{}", replication_factor=3),
    },
    "DeleteTopics": {"smallest": fixed(), "a topic": delete_topic_named("unwanted-{}"), "no such topic": delete_topic_named("nowhere")},
}  # fmt: skip
