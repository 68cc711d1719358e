"""Fixtures: a broker whose HTTP server listens on a port of its own, and scrapes of it.

The scrapes are read by Prometheus' own client library, so that what it would refuse fails here.
"""

import http.client
import importlib.util
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY / "tests/rules"))

from talk import create_topic  # noqa: E402
from wire import Client  # noqa: E402


def _load_harness():
    spec = importlib.util.spec_from_file_location("compat_harness", REPOSITORY / "tests/compat/harness.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["compat_harness"] = module
    spec.loader.exec_module(module)
    return module


harness = _load_harness()


def pytest_configure(config):
    config.addinivalue_line("markers", "rule(*ids): the rules of docs/rules.md that the test proves")


@dataclass
class Answer:
    status: int
    headers: dict
    text: str


class Scrape:
    """Samples of one answer of /metrics."""

    def __init__(self, text):
        self.text = text
        self.samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        self.names = {sample.name for sample in self.samples}

    def all(self, name, **labels):
        return [sample for sample in self.samples if sample.name == name and labels.items() <= sample.labels.items()]

    def one(self, name, **labels):
        """The value of the only series with these labels."""
        found = self.all(name, **labels)
        assert len(found) == 1, f"{name} {labels}: {found}"
        return found[0].value

    def exactly(self, name, **labels):
        """The value of the series with these labels and no others; 0 when there is none."""
        return sum(sample.value for sample in self.samples if sample.name == name and sample.labels == labels)


class Http:
    """What listens beside a broker's listeners."""

    def __init__(self, broker):
        found = re.search(r"\bready\b.*\bhttp[=\":]+127\.0\.0\.1:(\d+)", broker.log_of_this_start())
        assert found, broker.log_of_this_start()
        self.port = int(found[1])

    def ask(self, path, method="GET", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()

    def scrape(self):
        answer = self.ask("/metrics")
        assert answer.status == 200, answer
        return Scrape(answer.text)


@pytest.fixture
def start_broker(tmp_path):
    """start_broker({...}): brokers that end with the test."""
    brokers = []

    def start(settings=None):
        brokers.append(harness.Barnabas(tmp_path / f"broker-{len(brokers)}", settings))
        return brokers[-1].start()

    yield start
    for broker in brokers:
        broker.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    broker = harness.Barnabas(tmp_path_factory.mktemp("broker"))
    try:
        yield broker.start()
    finally:
        broker.close()


@pytest.fixture(scope="module")
def web(broker):
    return Http(broker)


@pytest.fixture
def connect(broker):
    clients = []

    def open_one(**settings):
        clients.append(Client(broker.address, **settings))
        return clients[-1]

    yield open_one
    for client in clients:
        client.close()


@pytest.fixture
def client(connect):
    return connect()


@pytest.fixture
def new_topic(client):
    def make(name, partitions=1, **configs):
        return create_topic(client, name, partitions, configs)

    return make
