"""barnabas group, as a user types it. kcat writes and reads."""

import subprocess
import uuid

import pytest
from conftest import TIMEOUT_S, harness


@pytest.fixture
def group():
    return f"g-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def filled(broker, topic):
    """The topic with ten records in each partition."""
    for partition in range(3):
        lines = "".join(f"{partition}-{i}\n" for i in range(10))
        kcat = ["kcat", "-b", broker.address, "-P", "-t", topic, "-p", str(partition)]
        subprocess.run(kcat, input=lines.encode(), check=True, timeout=TIMEOUT_S)
    return topic


@pytest.fixture
def reader(broker):
    """Starts members of a group; they are ended after the test."""
    running = []

    def start(group, topic):
        kcat = ["kcat", "-b", broker.address, "-G", group, "-X", "auto.offset.reset=earliest", topic]
        running.append(subprocess.Popen(kcat, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        return running[-1]

    yield start
    for process in running:
        process.terminate()
        process.wait(TIMEOUT_S)


def news(done):
    """{partition: new offset} of a seek."""
    assert done.code == 0, done.err
    return {each["partition"]: each["new"] for each in done.json}


def test_a_group_is_made_moved_and_deleted(barnabas, filled, group):
    seek = ["group", "seek", group, "-o", "json"]
    plan = barnabas(*seek, "--to", "4", "-t", filled)
    assert news(plan) == {0: 4, 1: 4, 2: 4}
    assert "nothing was done" in plan.err
    assert group not in barnabas("group", "list").out

    assert news(barnabas(*seek, "--to", "4", "-t", filled, "--yes")) == {0: 4, 1: 4, 2: 4}
    assert [row[0] for row in barnabas("group", "list", group, "--no-headings").rows] == [group]
    lag = barnabas("group", "lag", group, "-o", "json").json
    assert [(each["partition"], each["committed"], each["end"], each["lag"]) for each in lag] == [(p, 4, 10, 6) for p in range(3)]
    assert barnabas("group", "lag", group, "--total", "-o", "json").json[0]["lag"] == 18

    assert news(barnabas(*seek, "--shift", "-1", "-t", f"{filled}:1", "--yes")) == {1: 3}
    assert news(barnabas(*seek, "--shift", "+100", "--yes")) == {0: 10, 1: 10, 2: 10}
    assert news(barnabas(*seek, "--to", "start", "--yes")) == {0: 0, 1: 0, 2: 0}
    assert news(barnabas(*seek, "--to", "end")) == {0: 10, 1: 10, 2: 10}

    assert barnabas("group", "delete", group, "-t", f"{filled}:2", "--yes").code == 0
    assert len(barnabas("group", "lag", group, "-o", "json").json) == 2
    assert barnabas("group", "delete", group).code == 2
    assert barnabas("group", "delete", group, "--yes").out == f"group {group}: deleted\n"
    assert group not in barnabas("group", "list").out


def test_a_seek_by_time(barnabas, filled, group):
    seek = ["group", "seek", group, "-o", "json", "-t", filled]
    assert news(barnabas(*seek, "--to", "1970-01-02")) == {0: 0, 1: 0, 2: 0}
    assert news(barnabas(*seek, "--to", "2100-01-01T00:00Z")) == {0: 10, 1: 10, 2: 10}
    assert news(barnabas(*seek, "--to", "@4102444800000")) == {0: 10, 1: 10, 2: 10}
    assert news(barnabas(*seek, "--ago", "1h")) == {0: 0, 1: 0, 2: 0}
    assert news(barnabas(*seek, "--ago", "PT0S")) == {0: 10, 1: 10, 2: 10}


def test_a_group_with_members_is_described_and_not_moved(barnabas, filled, group, reader):
    member = reader(group, filled)

    def assigned():
        found = barnabas("group", "describe", group, "-o", "json")
        groups = found.json if found.code == 0 else []
        return groups[0] if groups and groups[0]["members"] and groups[0]["members"][0]["partitions"] else None

    described = harness.wait_until(assigned, TIMEOUT_S, "the member has partitions")
    assert described["state"] == "Stable"
    assert described["members"][0]["partitions"] == f"{filled}:0,1,2"
    assert described["members"][0]["client"] == "rdkafka"
    assert barnabas("group", "lag", group, "-o", "json").json[0]["client"] == "rdkafka"

    moved = barnabas("group", "seek", group, "--to", "earliest", "--yes", "-t", filled)
    assert moved.code == 1
    assert "NON_EMPTY_GROUP (68)" in moved.err
    deleted = barnabas("group", "delete", group, "--yes")
    assert deleted.code == 1
    assert "NON_EMPTY_GROUP (68)" in deleted.err

    member.terminate()
    member.wait(TIMEOUT_S)
    harness.wait_until(lambda: barnabas("group", "delete", group, "--yes").code == 0, TIMEOUT_S, "the group is empty")


def test_what_is_refused_about_groups(barnabas, topic):
    assert barnabas("group", "seek", "none").code == 2
    assert barnabas("group", "seek", "none", "--to", "end", "--ago", "1h").code == 2
    assert barnabas("group", "seek", "none", "--to", "yesterday").code == 2
    nothing = barnabas("group", "seek", "none", "--to", "end")
    assert nothing.code == 1
    assert "--topic" in nothing.err
    assert "UNKNOWN_TOPIC_OR_PARTITION (3)" in barnabas("group", "seek", "none", "--to", "end", "-t", "no-such-topic").err
    assert "UNKNOWN_TOPIC_OR_PARTITION (3)" in barnabas("group", "seek", "none", "--to", "end", "-t", f"{topic}:9").err
    assert "GROUP_ID_NOT_FOUND (69)" in barnabas("group", "describe", "none").err
    assert "GROUP_ID_NOT_FOUND (69)" in barnabas("group", "delete", "none", "--yes").err
