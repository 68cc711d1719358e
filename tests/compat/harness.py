"""Brokers and client programs as processes that a test starts, watches and ends.

`Barnabas` is the broker under test; `ApacheKafka` is the oracle: the same tests must pass on it.
Both have one interface:

    with Barnabas(workdir) as broker:        # or start() ... close()
        broker.address                       # "127.0.0.1:41234", the same over restarts
        broker.restart()                     # stop() and start(): a clean stop
        broker.kill(); broker.start()        # a crash: SIGKILL, no warning

`Program` is a client: a process that prints one JSON object a line and may be told to go on by a
line on its standard input. Nothing here sleeps for a length of time to let something happen: every
wait has a condition and a deadline, and `TimedOut` says what was waited for and what was seen.
Every process is ended by its own pid in `close()`, so call it in a fixture's finalizer.

Needs only the standard library, so that other suites can use it.
"""

from __future__ import annotations

import json
import os
import queue
import re
import signal
import socket
import struct
import subprocess
import threading
import time
import uuid
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "barnabas-test"
COMPAT = Path(__file__).resolve().parent

# Deadlines are for machines that are not busy with something else; a busy one asks for more patience.
PATIENCE = float(os.environ.get("BARNABAS_TEST_PATIENCE", "1"))
START_TIMEOUT_S = 60 * PATIENCE
STOP_TIMEOUT_S = 10 * PATIENCE

# Settings that both brokers get: they only save waiting.
COMMON_SETTINGS = {"group.initial.rebalance.delay.ms": "0"}


class TimedOut(AssertionError):
    """A condition did not come true before its deadline."""


def wait_until(condition, timeout_s, what):
    """Returns the first true value of condition(), asked often; raises TimedOut at the deadline."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise TimedOut(f"after {timeout_s} s still not: {what}")
        time.sleep(0.01)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Broker:
    """What the two brokers have in common. A subclass says how to start one and when it is ready."""

    name = "broker"
    stop_timeout_s = STOP_TIMEOUT_S
    stop_codes = (0,)

    def __init__(self, workdir, settings=None):
        self.workdir = Path(workdir)
        self.workdir.mkdir(parents=True, exist_ok=True)
        self.data_dir = self.workdir / "data"
        self.log_path = self.workdir / "broker.log"
        self.settings = {**COMMON_SETTINGS, **(settings or {})}
        self.port = None
        self.process = None
        self._log_start = 0

    # What a subclass provides.

    def command(self):
        raise NotImplementedError

    def environment(self):
        return dict(os.environ)

    def port_when_ready(self, log):
        """The port that clients connect to, once the log of this start says so; else None."""
        raise NotImplementedError

    # The interface.

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self):
        return self.process.pid

    def start(self, timeout_s=START_TIMEOUT_S):
        assert self.process is None, f"{self.name} already runs"
        self._log_start = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.workdir,
                env=self.environment(),
            )

        def ready():
            port = self.port_when_ready(self.log_of_this_start())
            if port is None and self.process.poll() is not None:
                code, self.process = self.process.returncode, None
                raise AssertionError(f"{self.name} ended with {code} before it was ready:\n{self.log_tail()}")
            return port

        try:
            self.port = wait_until(ready, timeout_s, f"{self.name} ready")
        except TimedOut as error:
            self.close()
            raise TimedOut(f"{error}\n{self.log_tail()}") from None
        return self

    def stop(self, timeout_s=None):
        """Asks the broker to stop (SIGTERM) and requires that it does so cleanly and in time."""
        process, self.process = self.process, None
        timeout_s = timeout_s or self.stop_timeout_s
        process.send_signal(signal.SIGTERM)
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise TimedOut(f"{self.name} did not stop within {timeout_s} s of SIGTERM\n{self.log_tail()}") from None
        assert code in self.stop_codes, f"{self.name} stopped with {code}\n{self.log_tail()}"

    def kill(self):
        """A crash: SIGKILL."""
        process, self.process = self.process, None
        process.kill()
        process.wait()

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        """Ends the process if it runs, however it feels. For finalizers; never raises."""
        if self.process is not None:
            self.kill()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    # What a test can look at.

    def log_of_this_start(self):
        with self.log_path.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def log_tail(self, lines=30):
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def stored_codecs(self, topic, partition=0):
        """The codecs of the batches in a partition's first segment, read from the file as it is."""
        path = self.data_dir / f"{topic}-{partition}" / f"{0:020d}.log"
        return {attributes & 7 for attributes in batch_attributes(path.read_bytes())}


def batch_attributes(segment):
    """The attributes of each whole record batch (magic 2) in a segment's bytes.

    baseOffset int64, batchLength int32, partitionLeaderEpoch int32, magic int8, crc uint32, attributes int16
    """
    position = 0
    while position + 61 <= len(segment):
        size = struct.unpack_from(">i", segment, position + 8)[0]
        if size < 49 or position + 12 + size > len(segment) or segment[position + 16] != 2:
            return
        yield struct.unpack_from(">h", segment, position + 21)[0]
        position += 12 + size


class Barnabas(Broker):
    """The broker under test. BARNABAS_BIN names the binary; by default the release build."""

    name = "barnabas"

    # `ready ... listeners=PLAINTEXT://127.0.0.1:41234`, in any log format; whatever stands around and between.
    READY = re.compile(r"\bready\b.*?\blisteners(?:=|\":).*?PLAINTEXT://[^\s,\"']*?:(\d+)")

    def __init__(self, workdir, settings=None, binary=None):
        super().__init__(workdir, settings)
        self.binary = Path(binary or os.environ.get("BARNABAS_BIN") or REPOSITORY / "build/release/barnabas").absolute()

    def environment(self):
        # BARNABAS_* and KAFKA_* variables are settings: a broker under test gets its own and no others.
        return {name: value for name, value in os.environ.items() if not name.startswith(("BARNABAS_", "KAFKA_"))}

    def command(self):
        settings = {
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port or 0}",
            "log.dirs": str(self.data_dir),
            "barnabas.http.listener": "127.0.0.1:0",
            **self.settings,
        }
        command = [str(self.binary), "serve"]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        return command

    def port_when_ready(self, log):
        found = self.READY.search(log)
        return int(found[1]) if found else None


class ApacheKafka(Broker):
    """The oracle: one KRaft node that is broker and controller. setup.sh fetches its jars."""

    stop_timeout_s = 60 * PATIENCE
    stop_codes = (0, 143)  # the JVM's word for SIGTERM

    def __init__(self, workdir, settings=None, version="4.3.1"):
        super().__init__(workdir, settings)
        self.name = f"kafka-{version}"
        self.version = version
        self.port = free_port()
        self.controller_port = free_port()
        self.properties = self.workdir / "server.properties"

    def java(self, main, *arguments):
        return [
            "java",
            *("-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"),
            f"-Dlog4j2.configurationFile={COMPAT}/programs/kafka/log4j2.properties",
            f"-Dlog4j.configuration=file:{COMPAT}/programs/kafka/log4j.properties",
            *("-cp", f"{kafka_jars(self.version)}/*:{CACHE}/plugins-{self.version}"),
            main,
            *arguments,
        ]

    def command(self):
        if not self.properties.exists():
            self._format()
        return self.java("kafka.Kafka", str(self.properties))

    def _format(self):
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "log.dirs": str(self.data_dir),
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "metric.reporters": "TelemetryReceiver",
            **self.settings,
        }
        self.properties.write_text("".join(f"{key}={value}\n" for key, value in settings.items()))
        cluster = "barnabasCompatTests" + uuid.uuid4().hex[:3]
        formatted = subprocess.run(
            self.java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(self.properties)),
            capture_output=True,
            text=True,
        )
        if formatted.returncode != 0:
            self.properties.unlink()
            raise AssertionError(f"could not format {self.data_dir}:\n{formatted.stdout}{formatted.stderr}")

    def port_when_ready(self, log):
        return self.port if "Kafka Server started" in log else None


def kafka_jars(version):
    """The folder with Apache Kafka's jars, brokers, tools and clients."""
    return CACHE / f"kafka-{version}"


class Program:
    """A client program: JSON objects on its output, one a line; orders on its input, one a line."""

    def __init__(self, command, env=None, cwd=None):
        self.command = [str(part) for part in command]
        self.events = []
        self._lines = queue.Queue()
        self._errors = []
        self._process = subprocess.Popen(
            self.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env={**os.environ, **(env or {})},
            cwd=cwd,
        )
        self._threads = [
            threading.Thread(target=self._read_output, daemon=True),
            threading.Thread(target=self._read_errors, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_output(self):
        for line in self._process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def _read_errors(self):
        for line in self._process.stderr:
            self._errors.append(line)
            del self._errors[:-200]

    def wait_event(self, matches, timeout_s, what):
        """The next event for which matches(event) is true. All events are kept in .events."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimedOut(f"after {timeout_s} s no {what} from {self._story()}") from None
            if line is None:
                self._lines.put(None)
                self._process.wait()
                raise AssertionError(f"ended without {what}: {self._story()}")
            if not line.startswith("{"):
                self._errors.append(line)
                continue
            event = json.loads(line)
            self.events.append(event)
            if matches(event):
                return event

    def wait_for(self, event, timeout_s):
        return self.wait_event(lambda e: e.get("event") == event, timeout_s, f"event {event!r}")

    def tell(self, line):
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def finish(self, timeout_s):
        """Waits for a good end (status 0) and returns the last event."""
        try:
            # Whoever waits for an order gets none: the end of input.
            self._process.stdin.close()
            code = self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.close()
            raise TimedOut(f"did not end within {timeout_s} s: {self._story()}") from None
        for thread in self._threads:
            thread.join()
        while (line := self._lines.get()) is not None:
            if line.startswith("{"):
                self.events.append(json.loads(line))
        assert code == 0, f"ended with {code}: {self._story()}"
        return self.events[-1] if self.events else None

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _story(self):
        return (
            f"{' '.join(self.command)}\nstatus: {self._process.poll()}\n"
            f"last events: {self.events[-5:]}\nstderr:\n{''.join(self._errors[-60:])}"
        )
