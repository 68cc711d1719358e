"""barnabas serve --dev: a broker to try things with, of which nothing stays."""

import os
import re
import signal
import subprocess

import pytest
from conftest import BINARY, TIMEOUT_S, harness, run

WELCOME = re.compile(r"^  (barnabas .*)$", re.MULTILINE)


class DevBroker:
    """A broker as `barnabas serve --dev` makes it, with a folder of its own for temporary files."""

    def __init__(self, folder, *words):
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.output = folder / "output"
        settings = {name: value for name, value in os.environ.items() if not name.startswith(("BARNABAS_", "KAFKA_"))}
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [BINARY, "serve", "--dev", "--set", "listeners=PLAINTEXT://127.0.0.1:0", *words],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, env={**settings, "TMPDIR": str(self.temporary)},
            )

    def printed(self):
        return self.output.read_text(errors="replace")

    def wait_for(self, pattern):
        def seen():
            assert self.process.poll() is None, self.printed()
            return re.search(pattern, self.printed())

        return harness.wait_until(seen, TIMEOUT_S, pattern)

    def directories(self):
        return list(self.temporary.iterdir())

    def end(self, with_signal):
        self.process.send_signal(with_signal)
        return self.process.wait(TIMEOUT_S)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.fixture
def dev(tmp_path):
    brokers = []

    def start(*words):
        brokers.append(DevBroker(tmp_path, *words))
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.close()


def test_the_line_it_prints_shows_the_records_it_made(dev):
    broker = dev()
    broker.wait_for(r"Ctrl-C ends it")
    broker.wait_for(r"barnabas consume.*\n")
    line = WELCOME.search(broker.printed())[1].replace("barnabas ", BINARY + " ", 1)
    printed = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=TIMEOUT_S, check=True).stdout
    records = sorted(printed.splitlines())
    assert len(records) == 12
    assert records[0] == '0 0 oslo {"order":1001,"item":"lamp","pieces":2}'
    assert {record.split()[0] for record in records} == {"0", "1", "2"}


def test_a_key_of_the_samples_goes_where_producers_put_it(dev):
    broker = dev()
    address = broker.wait_for(r"try things with, at (\S+)\.")[1]
    broker.wait_for(r"barnabas consume.*\n")
    read = ("consume", "orders", "-O", ":end", "-f", r"%k %p\n", "-b", address)
    samples = set(run(*read).out.splitlines())
    keys = sorted({sample.split()[0] for sample in samples})
    assert len(keys) == len(samples), "a key has one partition"
    assert run("produce", "orders", "-k", ":", "-b", address, stdin="".join(f"{key}:again\n" for key in keys)).code == 0
    assert set(run(*read).out.splitlines()) == samples


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_nothing_stays_after_it_was_ended(dev, with_signal):
    broker = dev()
    broker.wait_for(r"barnabas consume.*\n")
    (directory,) = broker.directories()
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "orders-0").is_dir()
    assert broker.end(with_signal) == 0, broker.printed()
    assert broker.directories() == []


def test_nothing_stays_when_it_cannot_start(dev):
    broker = dev("--set", "listeners=PLAINTEXT://192.0.2.1:9092")  # an address of documentation, nobody's
    assert broker.process.wait(TIMEOUT_S) == 1, broker.printed()
    assert broker.directories() == []


@pytest.mark.parametrize("name", ["log.dirs", "log.dir"])
def test_data_that_is_to_stay_is_refused(dev, tmp_path, name):
    broker = dev("--set", f"{name}={tmp_path}/precious")
    assert broker.process.wait(TIMEOUT_S) == 2
    assert f"{name} (--set) says where data is to stay" in broker.printed()
    assert broker.directories() == []
    assert not (tmp_path / "precious").exists()


def test_a_setting_of_the_user_wins(dev):
    broker = dev("--set", "barnabas.durability=fsync")
    assert "durability=fsync" in broker.wait_for(r"ready .*")[0]


def test_data_is_not_synced_that_nobody_keeps(dev):
    assert "durability=page-cache" in dev().wait_for(r"ready .*")[0]
