"""Fixtures: Barnabas, Apache Kafka 4.3.1, and 3.9.2 for the versions that 4.x has left behind."""

import sys
from pathlib import Path

import pytest

for suite in ("compat", "rules"):  # the latter first: both have a records.py
    sys.path.insert(0, str(Path(__file__).parents[1] / suite))

from harness import ApacheKafka, Barnabas  # noqa: E402

SETTINGS = {
    "node.id": "1",
    "offsets.topic.num.partitions": "4",
    "offsets.topic.replication.factor": "1",
    "auto.create.topics.enable": "false",
}


def pytest_configure(config):
    for name in ("rule", "ours"):  # of the words that this suite shares with tests/rules
        config.addinivalue_line("markers", f"{name}(*words): see tests/rules")


@pytest.fixture(scope="session")
def brokers(tmp_path_factory):
    """By name: barnabas, 4.3.1, 3.9.2."""
    made = {
        "barnabas": Barnabas(tmp_path_factory.mktemp("barnabas"), SETTINGS),
        "4.3.1": ApacheKafka(tmp_path_factory.mktemp("kafka-4"), SETTINGS, version="4.3.1"),
        "3.9.2": ApacheKafka(tmp_path_factory.mktemp("kafka-3"), SETTINGS, version="3.9.2"),
    }
    try:
        for broker in made.values():
            broker.start()
        yield made
    finally:
        for broker in made.values():
            broker.close()
