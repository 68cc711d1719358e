"""barnabas config get and set, and kafka-configs.sh."""

from conftest import run


def value(barnabas, topic, name):
    return barnabas("config", "get", "topic", topic, name, "-o", "json").json[0]


def test_a_config_is_set_seen_and_given_back(barnabas, topic):
    assert value(barnabas, topic, "retention.ms")["source"] == "default"
    assert barnabas("config", "set", "topic", topic, "retention.ms=1000", "segment.ms=2000", "--dry-run").code == 0
    assert barnabas("config", "get", "topic", topic, "--no-headings").out == ""
    assert barnabas("config", "set", "topic", topic, "retention.ms=1000", "segment.ms=2000").code == 0
    assert [(row[0], row[1]) for row in barnabas("config", "get", "topic", topic, "--no-headings").rows] == [
        ("retention.ms", "1000"),
        ("segment.ms", "2000"),
    ]
    described = barnabas("topic", "describe", topic, "-o", "json").json[0]
    assert {each["config"]: each["value"] for each in described["configs"]} == {"retention.ms": "1000", "segment.ms": "2000"}
    assert barnabas("topic", "alter", topic, "--delete-config", "segment.ms", "-c", "retention.ms=3000").code == 0
    assert value(barnabas, topic, "retention.ms")["value"] == "3000"
    assert barnabas("config", "set", "topic", topic, "--delete", "retention.ms").code == 0
    assert value(barnabas, topic, "retention.ms")["source"] == "default"


def test_what_is_refused(barnabas, topic):
    wrong = barnabas("config", "set", "topic", topic, "no.such.config=1")
    assert wrong.code == 1
    assert "INVALID_CONFIG (40)" in wrong.err
    assert barnabas("config", "get", "topic", topic, "no.such.config").code == 1
    assert barnabas("config", "get", "topic", "no-such-topic").code == 1


def test_kafkas_script(broker, topic):
    words = ["shim", "kafka-configs.sh", "--bootstrap-server", broker.address, "--entity-type", "topics", "--entity-name", topic]
    changed = run(*words, "--alter", "--add-config", "retention.ms=1000,cleanup.policy=[delete]")
    assert changed.out == f"Completed updating config for topic {topic}.\n", changed.err
    described = run(*words, "--describe").out.splitlines()
    assert described[0] == f"Dynamic configs for topic {topic} are:"
    retention = next(line for line in described if "retention.ms" in line)
    assert retention.startswith("  retention.ms=1000 sensitive=false synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=1000")
    assert run(*words, "--alter", "--delete-config", "retention.ms,cleanup.policy").code == 0
    assert len(run(*words, "--describe").out.splitlines()) == 1
