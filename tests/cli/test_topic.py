"""barnabas topic and cluster, as a user types them."""

import os
import pty
import subprocess

import pytest
from conftest import BINARY, TIMEOUT_S, harness, run


def test_a_topic_from_its_beginning_to_its_end(barnabas):
    created = barnabas("topic", "create", "life", "-p", "4", "-c", "retention.ms=3600000", "-o", "json")
    assert created.code == 0, created.err
    assert created.json[0]["topic"] == "life"
    assert created.json[0]["result"] == "created"
    assert created.json[0]["partitions"] == 4

    assert ["life", "4", "1", created.json[0]["id"]] in barnabas("topic", "list", "lif?").rows
    assert barnabas("topic", "list", "nothing-like-it", "--no-headings").out == ""

    assert barnabas("topic", "alter", "life", "-p", "6").code == 0

    def grown():  # Kafka answers before its brokers know
        found = barnabas("topic", "describe", "life", "-o", "json").json[0]
        return found if found["partition_count"] == 6 else None

    described = harness.wait_until(grown, TIMEOUT_S, "six partitions")
    assert [each["partition"] for each in described["partitions"]] == list(range(6))
    assert {(each["start"], each["end"]) for each in described["partitions"]} == {(0, 0)}

    assert barnabas("topic", "delete", "life", "--yes").out == "topic life: deleted\n"
    assert barnabas("topic", "describe", "life").code == 1


def test_what_the_broker_refuses_has_kafkas_name_and_advice(barnabas, topic):
    again = barnabas("topic", "create", topic)
    assert again.code == 1
    assert "TOPIC_ALREADY_EXISTS (36)" in again.err
    assert "--if-not-exists" in again.err
    assert again.out == ""
    assert barnabas("topic", "create", topic, "--if-not-exists").code == 0

    one_of_two = barnabas("topic", "create", topic, f"{topic}-new", "-o", "json")
    assert one_of_two.code == 1
    results = {each["topic"]: each for each in one_of_two.json}
    assert results[topic]["error"]["name"] == "TOPIC_ALREADY_EXISTS"
    assert results[f"{topic}-new"]["result"] == "created"

    fewer = barnabas("topic", "alter", topic, "-p", "2")
    assert (fewer.code, fewer.out) == (1, "")
    assert "INVALID_PARTITIONS (37)" in fewer.err
    assert "INVALID_CONFIG (40)" in barnabas("topic", "create", f"{topic}-x", "-c", "no.such.config=1").err
    assert "INVALID_TOPIC_EXCEPTION (17)" in barnabas("topic", "create", "a/b").err
    unknown = barnabas("topic", "delete", "no-such-topic", "--yes")
    assert unknown.code == 1
    assert "UNKNOWN_TOPIC_OR_PARTITION (3)" in unknown.err
    assert barnabas("topic", "delete", "no-such-topic", "--yes", "--if-exists").code == 0


def test_a_dry_run_creates_nothing(barnabas, topic):
    assert barnabas("topic", "create", f"{topic}-dry", "--dry-run").code == 0
    assert barnabas("topic", "describe", f"{topic}-dry").code == 1


def test_nobody_is_asked_where_nobody_is(barnabas, topic):
    """Without a terminal and without --yes: what would go is said, nothing is done, the code is 2."""
    asked = barnabas("topic", "delete", topic, stdin="y\n")
    assert asked.code == 2
    assert topic in asked.err
    assert "--yes" in asked.err
    assert barnabas("topic", "describe", topic).code == 0


@pytest.mark.parametrize(("answer", "goes"), [(b"y\n", True), (b"n\n", False), (b"\n", False)])
def test_on_a_terminal_it_asks(broker, barnabas, topic, answer, goes):
    master, slave = pty.openpty()
    try:
        os.write(master, answer)
        ended = subprocess.run(
            [BINARY, "topic", "delete", topic, "-b", broker.address],
            stdin=slave,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    finally:
        os.close(master)
        os.close(slave)
    assert ended.returncode == 0
    assert b"Go on? [y/N]" in ended.stderr
    assert f"{topic}: 3 partitions".encode() in ended.stderr
    assert barnabas("topic", "describe", topic).code == (1 if goes else 0)


def test_who_is_there(barnabas, broker):
    info = barnabas("cluster", "info", "-o", "json").json
    host, port = broker.address.split(":")
    assert info["cluster"]
    assert [(each["host"], each["port"], each["controller"]) for each in info["brokers"]] == [(host, int(port), True)]
    assert info["controller"] == info["brokers"][0]["broker"]
    assert f"CLUSTER     {info['cluster']}" in barnabas("cluster", "info").out
    assert f"cluster: {info['cluster']}" in barnabas("cluster", "info", "-o", "yaml").out.replace('"', "")


def test_no_connection_is_code_3(barnabas):
    nobody = run("topic", "list", "-b", "127.0.0.1:1,127.0.0.1:2")
    assert (nobody.code, nobody.out) == (3, "")
    assert "127.0.0.1:1: connect: Connection refused" in nobody.err
    assert "127.0.0.1:2" in nobody.err
    assert "--brokers" in nobody.err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["topic"],
        ["topic", "create"],
        ["topic", "list", "-o", "xml"],
        ["topic", "list", "-b", "a:b:c"],
        ["topic", "create", "x", "-c", "nothing"],
        ["topic", "alter", "x"],
        ["config", "set", "topic", "x"],
        ["config", "explain", "retention.msx"],
    ],
)
def test_wrong_usage_is_code_2(words):
    wrong = run(*words)
    assert (wrong.code, wrong.out) == (2, ""), wrong
    assert wrong.err


def test_every_command_has_help_with_examples(barnabas):
    def leaves(*words):
        text = run(*words, "--help")
        assert text.code == 0
        below = [line.split()[0] for line in text.out.partition("Subcommands:")[2].splitlines() if line.startswith("  ")]
        if not below:
            assert "Examples:" in text.out, words
            yield words
        for word in below:
            yield from leaves(*words, word)

    assert len(list(leaves())) > 10


def test_a_setting_is_explained_without_a_broker():
    explained = run("config", "explain", "retention.ms", "log.dirs", "-o", "json").json
    assert [(each["config"], each["of"]) for each in explained] == [("retention.ms", "topic"), ("log.dirs", "broker")]
    assert explained[0]["default"] == "604800000"
    assert "did you mean retention.ms?" in run("config", "explain", "retention.msx").err
    assert len(run("config", "explain", "-o", "json").json) > 300


def test_rates_advise_partitions(barnabas, topic):
    """Ten records in a minute need no more than there is; the same for slow consumers need more."""
    assert barnabas("produce", topic, "-p", "0", stdin="x\n" * 3600).code == 0
    analyzed = barnabas("topic", "analyze", topic, "--window", "1m", "-o", "json").json
    assert analyzed["records"] == 3600
    assert analyzed["mean_records_per_s"] == 60
    assert 360 <= analyzed["peak_records_per_s"] <= 720  # all of them in one or two twelfths of the minute
    assert (analyzed["partition_count"], analyzed["advised_partition_count"]) == (3, 3)
    assert any("Partition 0 took 100 %" in reason for reason in analyzed["reasons"])
    slow = barnabas("topic", "analyze", topic, "--window", "1m", "--consumer-records", "100", "-o", "json").json
    assert 8 <= slow["advised_partition_count"] <= 15
    assert barnabas("topic", "analyze", "no-such-topic").code == 1
