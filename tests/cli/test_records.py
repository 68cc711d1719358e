"""barnabas produce and consume, as a user types them."""

import json
import os
import signal
import subprocess
import uuid

import pytest
from conftest import BINARY, TIMEOUT_S, harness


def records(done):
    assert done.code == 0, done.err
    return [json.loads(line) for line in done.out.splitlines()]


def test_lines_go_in_and_come_out(barnabas, topic):
    produced = barnabas("produce", topic, "-p", "1", stdin="one\ntwo\nthree")
    assert (produced.code, produced.out) == (0, f"topic {topic}: produced  records=3  failed=0\n"), produced.err
    assert barnabas("consume", topic, "-O", ":end").out == "one\ntwo\nthree\n"
    assert barnabas("consume", topic, "-n", "2").out == "one\ntwo\n"
    assert barnabas("consume", topic, "-O", "-1:end", "-f", "%t %p %o %v{hex}\\n").out == f"{topic} 1 2 7468726565\n"


@pytest.mark.parametrize("codec", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_keys_headers_codecs(barnabas, topic, codec):
    words = ["produce", topic, "-k", ":", "-H", "from=test", "-H", "empty=", "-z", codec, "-Z", "--acks", "all", "-o", "json"]
    assert barnabas(*words, stdin="a:1\nb:\nnothing\na:x:y\n").json == [
        {"topic": topic, "result": "produced", "records": 4, "failed": 0}
    ]
    found = records(barnabas("consume", topic, "-O", ":end", "-o", "json"))
    assert {(each["key"], each["value"]) for each in found} == {("a", "1"), ("b", None), (None, "nothing"), ("a", "x:y")}
    assert all(each["headers"] == [{"key": "from", "value": "test"}, {"key": "empty", "value": ""}] for each in found)
    assert len({each["partition"] for each in found if each["key"] == "a"}) == 1


def test_json_lines_make_the_way_back(barnabas, topic):
    """Null, empty, bytes that are no text, headers and timestamps: what consume prints, produce takes."""
    copy = f"{topic}-copy"
    assert barnabas("topic", "create", copy, "-p", "3").code == 0
    lines = [
        {"key": "k", "value": "v", "timestamp": 1777890600125, "partition": 2},
        {"key": None, "value": None, "timestamp": 1, "partition": 0},
        {"key": "", "value": "", "timestamp": 2, "partition": 1},
        {"key_base64": "//4=", "value_base64": "gIGC", "timestamp": 3, "partition": 2},
        {"value": "grüß", "timestamp": 4, "headers": [{"key": "h", "value_base64": "/w=="}, {"key": "h", "value": None}], "partition": 0},
    ]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    assert barnabas("produce", topic, "-i", "json", "--keep-partitions", stdin=text).code == 0
    first = barnabas("consume", topic, "-O", ":end", "-o", "json")
    assert barnabas("produce", copy, "-i", "json", "--keep-partitions", stdin=first.out).code == 0
    second = barnabas("consume", copy, "-O", ":end", "-o", "json")

    def essence(done):
        return sorted(json.dumps({name: value for name, value in each.items() if name != "topic"}) for each in records(done))

    assert essence(first) == essence(second)
    assert len(records(first)) == len(lines)
    by_time = {each["timestamp"]: each for each in records(first)}
    assert by_time[1]["value"] is None
    assert by_time[2]["value"] == ""
    assert (by_time[3]["key_base64"], by_time[3]["value_base64"]) == ("//4=", "gIGC")
    assert by_time[4]["headers"] == lines[4]["headers"]


def test_ranges(barnabas, topic):
    lines = "".join(json.dumps({"value": str(i), "timestamp": 1777890600000 + i * 60000}) + "\n" for i in range(10))
    assert barnabas("produce", topic, "-i", "json", "-p", "0", stdin=lines).code == 0

    def values(span, *more):
        return barnabas("consume", topic, "-O", span, "-p", "0", *more).out.split()

    assert values("4:7") == ["4", "5", "6"]
    assert values("+8:end") == ["8", "9"]
    assert values("-2:end") == ["8", "9"]
    assert values("3:+2") == ["3", "4"]
    assert values("end:end") == []
    assert values("@2026-05-04T10:32:2026-05-04T10:34:30") == ["2", "3", "4"]
    assert values("@1777890900000:2m") == ["5", "6"]
    assert values("@2026-05-04T10:38:end") == ["8", "9"]
    assert barnabas("consume", topic, "-O", "nonsense").code == 2
    assert barnabas("consume", topic, "-f", "%z").code == 2


def test_a_group_goes_on_where_it_stopped(barnabas, topic):
    group = f"g-{uuid.uuid4().hex[:12]}"
    assert barnabas("produce", topic, "-p", "0", stdin="".join(f"{i}\n" for i in range(10))).code == 0
    assert barnabas("consume", topic, "-g", group, "-n", "4").out.split() == ["0", "1", "2", "3"]
    lag = [each for each in barnabas("group", "lag", group, "-o", "json").json if each["partition"] == 0]
    assert (lag[0]["committed"], lag[0]["lag"]) == (4, 6)
    assert barnabas("consume", topic, "-g", group, "-n", "6").out.split() == ["4", "5", "6", "7", "8", "9"]
    assert barnabas("consume", topic, "-g", group, "-O", "5").code == 2


def test_ctrl_c_ends_a_consumer_that_waits(broker, barnabas, topic):
    assert barnabas("produce", topic, stdin="only\n").code == 0
    consumer = subprocess.Popen([BINARY, "consume", topic, "-b", broker.address], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert os.read(consumer.stdout.fileno(), 100) == b"only\n"
        consumer.send_signal(signal.SIGINT)
        assert consumer.wait(TIMEOUT_S) == 0
    finally:
        consumer.kill()
        consumer.communicate()


def test_what_is_refused(barnabas, topic):
    unknown = barnabas("produce", "no-such-topic-here", stdin="x\n")
    assert unknown.code == 1
    assert "UNKNOWN_TOPIC_OR_PARTITION (3)" in unknown.err
    assert "UNKNOWN_TOPIC_OR_PARTITION (3)" in barnabas("consume", "no-such-topic-here").err
    assert barnabas("produce", topic, "-i", "json", stdin='{"vlaue":1}\n').code == 2
    assert barnabas("produce", topic, "-X", "no.such.property=1", stdin="x\n").code == 2
    assert barnabas("produce", topic, "-b", "127.0.0.1:1", stdin="x\n").code == 3
    too_large = barnabas("produce", topic, "-X", "message.max.bytes=10000000", stdin="x" * 2_000_000 + "\n")
    assert too_large.code == 1
    assert "MESSAGE_TOO_LARGE (10)" in too_large.err


def test_a_topic_may_be_made_by_writing(barnabas, topic):
    name = f"{topic}-auto"
    assert barnabas("produce", name, "--create", stdin="x\n").code == 0
    harness.wait_until(lambda: barnabas("consume", name, "-O", ":end").out == "x\n", TIMEOUT_S, "the record is there")
