"""The suite's options and fixtures: brokers, topics, and client programs that end with their test."""

import signal
import time
import uuid

import pytest

from harness import ApacheKafka, Barnabas, Broker
from records import PARTITIONS
from tools import Tools
from topics import create_topic

BROKERS = {
    "barnabas": Barnabas,
    "kafka": ApacheKafka,
    "kafka39": lambda workdir, settings: ApacheKafka(workdir, settings, version="3.9.2"),
}


def pytest_addoption(parser):
    parser.addoption("--broker", choices=BROKERS, default="barnabas", help="what to test; kafka is the oracle")
    parser.addoption("--no-restart", action="store_true", help="leave out the restart in the middle of the stories")


def pytest_configure(config):
    # Who ends the suite ends its brokers: finalizers run on the way out.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("ended by SIGTERM", returncode=143))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for value in getattr(item, "funcargs", {}).values():
            if isinstance(value, Broker):
                report.sections.append((f"log of {value.name}", value.log_tail(200)))
    return report


def start_broker(request, directory, settings=None):
    """The broker that is tested, in a directory of its own, until the requesting fixture ends."""
    broker = BROKERS[request.config.getoption("--broker")](directory, settings)
    request.addfinalizer(broker.close)
    return broker.start()


@pytest.fixture(scope="session")
def shared_broker(request, tmp_path_factory):
    return start_broker(request, tmp_path_factory.mktemp("broker"))


@pytest.fixture
def broker(shared_broker):
    """A broker that no test stops."""
    return shared_broker


@pytest.fixture(scope="session")
def shared_restarting_broker(request, tmp_path_factory):
    return start_broker(request, tmp_path_factory.mktemp("restarting"))


@pytest.fixture
def restarting_broker(shared_restarting_broker):
    """A broker that tests may stop, kill and start. It runs when a test begins."""
    if shared_restarting_broker.process is None:
        shared_restarting_broker.start()
    return shared_restarting_broker


@pytest.fixture
def run():
    """run(client, broker, mode, **arguments): starts a program that ends with the test at the latest."""
    programs = []

    def start(client, broker, mode, **arguments):
        programs.append(client.run(mode, brokers=broker.address, **arguments))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


@pytest.fixture(scope="session")
def tool(shared_broker):
    """tool("org.apache.kafka.tools.TopicCommand", "--list"): see tools.py."""
    tools = Tools(shared_broker)
    yield tools
    tools.close()


@pytest.fixture(scope="session")
def t0():
    """The time of record 0: in the recent past, for brokers delete what is old and refuse what is to come."""
    return int(time.time() * 1000) - 1_800_000


@pytest.fixture
def new_name(request):
    """A name for a topic or a group that says which test it belongs to."""
    test = "".join(c if c.isalnum() or c in ".-" else "-" for c in request.node.name).strip("-")
    return lambda: f"{test[:80]}-{uuid.uuid4().hex[:6]}"


@pytest.fixture
def new_topic(new_name):
    """new_topic(broker, partitions): makes a topic and returns its name."""

    def create(broker, partitions=PARTITIONS):
        name = new_name()
        create_topic(broker, name, partitions)
        return name

    return create
