"""Fixtures: one broker for all, and the program as a user types it.

    pytest tests/cli                        against build/release/barnabas (or BARNABAS_BIN)
    pytest tests/cli --broker kafka         the same commands against Apache Kafka 4.3.1
"""

import importlib.util
import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest


def _load_harness():
    path = Path(__file__).parents[1] / "compat" / "harness.py"
    spec = importlib.util.spec_from_file_location("compat_harness", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["compat_harness"] = module
    spec.loader.exec_module(module)
    return module


harness = _load_harness()
BINARY = os.environ.get("BARNABAS_BIN") or str(harness.REPOSITORY / "build/release/barnabas")
TIMEOUT_S = 60 * harness.PATIENCE


def pytest_addoption(parser):
    parser.addoption("--broker", choices=["barnabas", "kafka", "kafka39"], default="barnabas")


@dataclass
class Done:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def rows(self):
        """A table's lines, each a list of its cells."""
        return [line.split() for line in self.out.splitlines()]


def run(*words, stdin="", env=None):
    settings = {name: value for name, value in os.environ.items() if not name.startswith("BARNABAS_")}
    settings["HOME"] = "/nonexistent"  # nobody's profiles
    settings.pop("XDG_CONFIG_HOME", None)
    data = stdin if isinstance(stdin, bytes) else stdin.encode()
    ended = subprocess.run(
        [BINARY, *words], input=data, capture_output=True, env={**settings, **(env or {})}, timeout=TIMEOUT_S, check=False
    )
    return Done(ended.returncode, ended.stdout.decode(errors="surrogateescape"), ended.stderr.decode(errors="replace"))


@pytest.fixture(scope="session")
def broker(request, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("broker")
    match request.config.getoption("--broker"):
        case "barnabas":
            broker = harness.Barnabas(workdir, {"barnabas.durability": "page-cache"}, BINARY)
        case "kafka":
            broker = harness.ApacheKafka(workdir)
        case "kafka39":
            broker = harness.ApacheKafka(workdir, version="3.9.2")
    try:
        yield broker.start()
    finally:
        broker.close()


@pytest.fixture
def barnabas(broker):
    """barnabas("topic", "list"): runs it against the broker."""

    def typed(*words, stdin="", env=None):
        return run(*words, stdin=stdin, env={"BARNABAS_BROKERS": broker.address, **(env or {})})

    return typed


@pytest.fixture
def topic(barnabas):
    """A new topic of three partitions."""
    name = f"t-{uuid.uuid4().hex[:12]}"
    assert barnabas("topic", "create", name, "-p", "3").code == 0
    return name
