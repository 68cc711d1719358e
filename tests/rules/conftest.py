"""Fixtures: one broker a module, a connection and fresh topics a test.

    pytest tests/rules                      against build/release/barnabas (or BARNABAS_BIN)
    pytest tests/rules --broker kafka       against Apache Kafka 4.3.1, to prove the tests themselves

A module may set SETTINGS = {...} for its broker.
"""

import importlib.util
import sys
import uuid
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from talk import create_topic  # noqa: E402
from wire import Client  # noqa: E402


def _load_harness():
    path = Path(__file__).parents[1] / "compat" / "harness.py"
    spec = importlib.util.spec_from_file_location("compat_harness", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["compat_harness"] = module
    spec.loader.exec_module(module)
    return module


harness = _load_harness()


def pytest_addoption(parser):
    parser.addoption("--broker", choices=["barnabas", "kafka", "kafka39"], default="barnabas")
    parser.addoption("--durability", choices=["fsync", "page-cache"], default="fsync", help="of Barnabas")


def pytest_configure(config):
    config.addinivalue_line("markers", "rule(*ids): the rules of docs/rules.md that the test proves")
    config.addinivalue_line("markers", "ours(why): stricter than Kafka on purpose; not run against Kafka")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--broker") == "barnabas":
        return
    for item in items:
        mark = item.get_closest_marker("ours")
        if mark:
            why = mark.args[0] if mark.args else "Kafka does not promise this"
            item.add_marker(pytest.mark.skip(reason=f"Barnabas only: {why}"))


@pytest.fixture(scope="session")
def kind(request):
    return request.config.getoption("--broker")


@pytest.fixture(scope="session")
def new_broker(kind, request):
    """Makes brokers of the kind under test, not yet started."""
    durability = request.config.getoption("--durability")

    def make(workdir, settings=None):
        match kind:
            case "barnabas":
                return harness.Barnabas(workdir, {"barnabas.durability": durability, **(settings or {})})
            case "kafka":
                return harness.ApacheKafka(workdir, settings)
            case "kafka39":
                return harness.ApacheKafka(workdir, settings, version="3.9.2")

    return make


@pytest.fixture(scope="module")
def broker(request, new_broker, tmp_path_factory):
    settings = getattr(request.module, "SETTINGS", None)
    broker = new_broker(tmp_path_factory.mktemp("broker"), settings)
    try:
        yield broker.start()
    finally:
        broker.close()


@pytest.fixture
def connect(broker):
    """Opens connections that are closed after the test."""
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
def make_topic(client):
    """make_topic(partitions=1, max_message_bytes=1000, ...): a new topic with these configs."""

    def make(partitions=1, name=None, **configs):
        return create_topic(client, name or f"t-{uuid.uuid4().hex[:12]}", partitions, configs)

    return make
