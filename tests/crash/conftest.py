"""pytest tests/crash [--broker barnabas|kafka] [--crash-seed N] [--kills N]"""

import importlib.util
import random
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.path.append(str(HERE.parent / "rules"))


def _load_harness():
    spec = importlib.util.spec_from_file_location("compat_harness", HERE.parent / "compat" / "harness.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["compat_harness"] = module
    spec.loader.exec_module(module)
    return module


harness = _load_harness()


def pytest_addoption(parser):
    parser.addoption("--broker", choices=["barnabas", "kafka"], default="barnabas")
    parser.addoption("--crash-seed", type=int, default=None, help="repeat a run's kill moments and loads")
    parser.addoption("--kills", type=int, default=20, help="how often each durability is killed")


def pytest_configure(config):
    config.addinivalue_line("markers", "rule(*ids): the rules of docs/rules.md that the test proves")
    config.addinivalue_line("markers", "ours(why): stricter than Kafka on purpose")


@pytest.fixture(scope="session")
def kind(request):
    return request.config.getoption("--broker")


@pytest.fixture(scope="session")
def seed(request):
    given = request.config.getoption("--crash-seed")
    return random.randrange(1 << 32) if given is None else given


@pytest.fixture(scope="session")
def kills(request):
    return request.config.getoption("--kills")


@pytest.fixture
def new_broker(kind):
    def make(workdir, settings=None):
        return {"barnabas": harness.Barnabas, "kafka": harness.ApacheKafka}[kind](workdir, settings)

    return make
