"""The package of the binary under test, and this machine once more to install it on.

    pytest tests/package          of build/release/barnabas (or BARNABAS_BIN)
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sandbox import Sandbox, why_not

REPOSITORY = Path(__file__).resolve().parents[2]


def _load_harness():
    path = REPOSITORY / "tests/compat/harness.py"
    spec = importlib.util.spec_from_file_location("compat_harness", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["compat_harness"] = module
    spec.loader.exec_module(module)
    return module


harness = _load_harness()
BINARY = os.environ.get("BARNABAS_BIN") or str(REPOSITORY / "build/release/barnabas")
TIMEOUT_S = 60 * harness.PATIENCE


def make_package(folder):
    subprocess.run([REPOSITORY / "tools/package", "--binary", BINARY, "--output", folder], check=True, timeout=5 * TIMEOUT_S)
    (package,) = Path(folder).glob("barnabas_*.deb")
    return package


@pytest.fixture(scope="session")
def package(tmp_path_factory):
    """The .deb."""
    return make_package(tmp_path_factory.mktemp("package"))


@pytest.fixture(scope="session")
def unpacked(package, tmp_path_factory):
    """Its files."""
    folder = tmp_path_factory.mktemp("unpacked")
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    return folder


@pytest.fixture
def sandbox():
    if reason := why_not():
        pytest.skip(reason)
    with Sandbox() as box:
        yield box


@pytest.fixture
def installed(sandbox, package):
    """A sandbox with the package installed."""
    sandbox.path("var/lib/man-db/auto-update").unlink(missing_ok=True)  # or every installation reads all manual pages
    sandbox.put(package, "tmp/barnabas.deb")
    sandbox.done("dpkg", "-i", "/tmp/barnabas.deb")
    return sandbox
