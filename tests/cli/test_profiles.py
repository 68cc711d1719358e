"""Clusters by name, and completion."""

import socket
import subprocess

import pytest
from conftest import TIMEOUT_S, run


@pytest.fixture
def profiles(tmp_path, broker):
    path = tmp_path / "profiles.properties"
    path.write_text(f"profile = here\nhere.brokers = {broker.address}\ngone.brokers = 127.0.0.1:1\n")
    return {"BARNABAS_CLI_CONFIG": str(path)}


def test_a_profile_says_where(profiles, broker):
    assert run("cluster", "info", env=profiles).code == 0
    assert run("cluster", "info", "--profile", "here", env={**profiles, "BARNABAS_BROKERS": "127.0.0.1:1"}).code == 0
    assert run("cluster", "info", "--profile", "gone", env=profiles).code == 3
    assert run("cluster", "info", env={**profiles, "BARNABAS_PROFILE": "gone"}).code == 3
    assert run("cluster", "info", "-b", broker.address, env={**profiles, "BARNABAS_PROFILE": "gone"}).code == 0
    unknown = run("cluster", "info", "--profile", "nowhere", env=profiles)
    assert unknown.code == 2
    assert "there are gone, here" in unknown.err


@pytest.mark.parametrize(
    "words", ["cluster info", "topic list", "group list", "config get topic x", "consume x -n 1", "produce x", "bench e2e x"]
)
def test_who_does_not_answer_in_time_could_not_be_connected(words):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        ended = run(*words.split(), "-b", f"127.0.0.1:{silent.getsockname()[1]}", "--timeout", "500ms", stdin="x\n")
    assert ended.code == 3, ended
    assert ended.err.startswith("barnabas: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_command_is_completed(shell):
    script = run("completion", shell)
    assert script.code == 0
    for text in (" topic create", "--partitions", " group seek", "--ago"):
        assert text in script.out


def test_bash_takes_the_script():
    script = run("completion", "bash").out
    typed = 'COMP_WORDS=(barnabas -x topic cr); COMP_CWORD=3; _barnabas; printf "%s\\n" "${COMPREPLY[@]}"'
    ended = subprocess.run(["bash", "-c", f"{script}\n{typed}"], capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
    assert ended.stdout == "create\n"
