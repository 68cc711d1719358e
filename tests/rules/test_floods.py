"""Clients that ask for too much of something that costs next to nothing to ask: D6, D11, D15, D20, D23, D24, W7."""

import re
import statistics
import threading
import time
import uuid
from pathlib import Path

import pytest

from groups import Member, coordinator_ready, leave
from records import Record, batch
from talk import (
    FETCH_SESSION_ID_NOT_FOUND,
    INVALID_TOPIC_EXCEPTION,
    NONE,
    OFFSET_METADATA_TOO_LARGE,
    Topic,
    fetch_request,
    log_end,
    ours,
    produce,
    resident_bytes,
    rule,
    until,
)
from wire import encode_request, framed

SLOTS = 20
METADATA_MAX_BYTES = 64
SETTINGS = {
    "max.incremental.fetch.session.cache.slots": str(SLOTS),
    "offset.metadata.max.bytes": str(METADATA_MAX_BYTES),
    "barnabas.slow.request.ms": "1",  # for D15: a line with the client's id
}


@rule("D11")
def test_D11_ten_thousand_requests_with_one_correlation_id(broker, client, make_topic, connect):
    """All are answered, in order; until somebody reads the answers, the broker stops reading and keeps little."""
    topics = [{"name": make_topic(partitions=10).name} for _ in range(10)]
    count = 10_000
    request = framed(encode_request("Metadata", 9, {"topics": topics}, 7, "flood"))
    flood = connect(deadline_s=60)
    before = resident_bytes(broker)
    sender = threading.Thread(target=lambda: flood.send_bytes(request * count))
    sender.start()
    for _ in range(20):  # somebody else is served meanwhile
        client.call("Metadata", 9, {"topics": topics})
    assert broker.name != "barnabas" or resident_bytes(broker) - before < 32 << 20
    answers = set()
    for _ in range(count):
        payload = flood.read_frame()
        assert payload[:4] == b"\0\0\0\7"
        answers.add(payload)
    sender.join()
    assert len(answers) == 1


LONG_NAME = "n" * 32_000
MANY = list(range(100_000))
ONE_NAME_FOR_ALL = {
    ("DescribeProducers", 0): {"topics": [{"name": LONG_NAME, "partition_indexes": MANY}]},
    ("DescribeLogDirs", 4): {"topics": [{"topic": LONG_NAME, "partitions": MANY}]},
    ("OffsetFetch", 8): {"groups": [{"group_id": "g", "topics": [{"name": LONG_NAME, "partition_indexes": MANY}]}]},
    ("ListOffsets", 7): {
        "replica_id": -1,
        "topics": [{"name": LONG_NAME, "partitions": [{"partition_index": i, "timestamp": -1} for i in MANY]}],
    },
}


@rule("D6")
@ours("Kafka's memory is its heap's")
@pytest.mark.parametrize("api, version", ONE_NAME_FOR_ALL)
def test_D6_a_long_name_with_many_partitions(broker, client, api, version):
    """A name is kept once, not once a partition: that would be 3 GB for a request of half a megabyte."""
    coordinator_ready(client, "g")
    Path(f"/proc/{broker.pid}/clear_refs").write_text("5")  # the peak begins anew
    before = resident_bytes(broker)
    client.call(api, version, ONE_NAME_FOR_ALL[api, version])
    assert resident_bytes(broker, "VmHWM") - before < 256 << 20


@rule("D15")
@ours("Kafka writes some of these strings as they came")
def test_D15_no_client_string_forges_a_line_of_the_log(broker, connect, make_topic):
    forged = "x\n2026-01-01T00:00:00.000Z info  forged by=me\r\x1b[31m\x00\u202e"
    produced_by = connect(client_id=forged)
    name = Topic(forged, uuid.UUID(int=1))
    produced_by.call("Metadata", 9, {"topics": [{"name": forged}]})
    produce(produced_by, name, batch([b"x"]))
    produced_by.call("ApiVersions", 3, {"client_software_name": forged, "client_software_version": forged})
    produced_by.call("CreateTopics", 5, {"topics": [{"name": forged, "num_partitions": 1, "replication_factor": 1}], "timeout_ms": 1000})
    produced_by.call("OffsetFetch", 7, {"group_id": forged, "topics": None})
    produced_by.call("DescribeGroups", 5, {"groups": [forged]})
    member = Member(produced_by, forged, kind=forged, instance=forged, protocols=[(forged, b"")])
    member.ask_join()
    produced_by.send_bytes(framed(encode_request("Metadata", 9, {"topics": []}, 1, forged)[:-1] + b"\xff" * 9))
    assert produced_by.closed_within(10)
    slow = connect(client_id=forged)
    topic = make_topic()
    until(
        lambda: produce(slow, topic, batch([b"x"]))["error_code"] == NONE and b"forged by" in broker.log_path.read_bytes(),
        "the client's id is in the log",
    )
    log = broker.log_path.read_bytes()
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", log), "raw control bytes"
    assert not re.search(rb"^2026-01-01T00:00:00", log, re.MULTILINE), "a forged line"


@rule("D20")
def test_D20_a_group_that_never_rests_does_not_disturb_another(client, connect):
    """300 members join and leave as fast as they can; a member of another group is heard within a second."""
    coordinator_ready(client, "calm")
    calm = Member(client, "calm", protocols=[("p", b"")], session_ms=30_000).stable()
    over = threading.Event()
    rounds = []

    def churn(leaver, connections):
        while not over.is_set():
            members = [Member(own, "storm", protocols=[("p", b"")], session_ms=30_000) for own in connections]
            for member in members:
                member.get_id()
            for member in members:
                member.send_join()  # parked until the rebalance is complete, or the leave below ends it
            leave(leaver, "storm", [(member.id, None) for member in members])
            for member in members:
                member.take_join()
            rounds.append(len(members))

    threads = [
        threading.Thread(target=churn, args=(connect(deadline_s=60), [connect(deadline_s=60) for _ in range(30)]))
        for _ in range(10)
    ]
    for thread in threads:
        thread.start()
    waits = []
    while len(waits) < 200 or len(rounds) < 20:
        begun = time.monotonic()
        assert calm.beat() == NONE
        waits.append(time.monotonic() - begun)
        assert sum(waits) < 60, "the storm does not move"
    over.set()
    for thread in threads:
        thread.join()
    assert statistics.quantiles(waits, n=100)[98] < 1


@rule("D23")
def test_D23_a_commit_for_more_partitions_than_there_are(broker, client, make_topic):
    """100,000 partitions in one request: each has its answer, and what is too large for the log is refused alone."""
    topic = make_topic(partitions=2)
    coordinator_ready(client, "many")
    too_long = "m" * (METADATA_MAX_BYTES + 1)
    partitions = [
        {"partition_index": index, "committed_offset": 1, "committed_metadata": too_long if index else "fits"}
        for index in range(100_000)
    ]
    request = {
        "group_id": "many",
        "generation_id_or_member_epoch": -1,
        "member_id": "",
        "topics": [{"name": topic.name, "partitions": partitions}],
    }
    before = resident_bytes(broker)
    answer = client.call("OffsetCommit", 8, request, deadline_s=60)
    codes = {one["partition_index"]: one["error_code"] for one in answer["topics"][0]["partitions"]}
    assert len(codes) == len(partitions)
    assert codes[0] == NONE
    assert codes[1] == OFFSET_METADATA_TOO_LARGE
    assert NONE not in {code for index, code in codes.items() if index}
    assert broker.name != "barnabas" or resident_bytes(broker) - before < 128 << 20


@rule("D24")
def test_D24_sessions_that_nobody_continues(client, make_topic):
    """A session takes a slot; when all are taken, who asks for one is served without. Those that there are go on."""
    topic = make_topic()
    produce(client, topic, batch([b"x"]))
    opened = []
    for number in range(SLOTS * 10):
        request = fetch_request([(topic, 0, 0)], session_id=0, session_epoch=0)
        answer = client.call("Fetch", 12, request)
        assert answer["error_code"] == NONE
        assert answer["responses"][0]["partitions"][0]["records"], number
        if answer["session_id"]:
            opened.append(answer["session_id"])
    assert 0 < len(set(opened)) <= SLOTS
    go_on = client.call("Fetch", 12, fetch_request([], session_id=opened[0], session_epoch=1))
    assert go_on["error_code"] == NONE
    unknown = max(opened) ^ 1 if max(opened) ^ 1 not in opened else 1
    gone = client.call("Fetch", 12, fetch_request([], session_id=unknown, session_epoch=1))
    assert gone["error_code"] == FETCH_SESSION_ID_NOT_FOUND


@rule("W7")
@ours("Kafka takes the word of a client that calls itself __admin_client")
def test_W7_a_name_is_no_permission(client, connect):
    coordinator_ready(client, "w7")  # makes the topic
    described = client.call("Metadata", 12, {"topics": [{"name": "__consumer_offsets"}]})["topics"][0]
    offsets = Topic("__consumer_offsets", described["topic_id"])
    before = log_end(client, offsets)
    for name in ("__admin_client", "anybody"):
        writer = connect(client_id=name)
        assert produce(writer, offsets, batch([Record(key=b"k", value=b"x")]))["error_code"] == INVALID_TOPIC_EXCEPTION
    assert log_end(client, offsets) == before
