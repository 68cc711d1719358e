"""The brokers of a benchmark: each in a memory cgroup of its own, with the settings that its results are read by."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/compat"))

from harness import ApacheKafka, Barnabas, Broker, kafka_jars  # noqa: E402

KAFKA_VERSION = "4.3.1"
GROUPS = Path("/sys/fs/cgroup/memory")  # cgroup version 1
GROUP_LIMIT_BYTES = 4 << 30

# Topics that a scenario is done with are gone soon, or eight blocks of 2 GiB fill the disk.
SETTINGS = {"log.segment.delete.delay.ms": "1000"}


class MemoryGroup:
    """A memory cgroup: a broker's page cache recycles its own pages instead of taking new ones from the machine."""

    def __init__(self, name):
        self.path = GROUPS / f"barnabas-bench-{os.getpid()}-{name}"
        self.path.mkdir()
        (self.path / "memory.limit_in_bytes").write_text(str(GROUP_LIMIT_BYTES))

    def usage_bytes(self):
        return int((self.path / "memory.usage_in_bytes").read_text())

    def enter(self, command):
        """The command, run inside the group: the shell becomes the broker, so the pid is the same."""
        return ["sh", "-c", f'echo $$ > {self.path}/tasks && exec "$@"', "sh", *command]

    def remove(self):
        (self.path / "memory.force_empty").write_text("0")
        deadline = time.monotonic() + 10
        while True:
            try:
                return self.path.rmdir()
            except OSError:  # its last process is still being buried
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def groups_available():
    return os.access(GROUPS / "memory.limit_in_bytes", os.R_OK) and os.access(GROUPS, os.W_OK)


class Grouped:
    """What both brokers get: a group, and an end that leaves nothing behind."""

    def __init__(self, name, workdir, settings):
        super().__init__(workdir / name, {**SETTINGS, **settings})
        self.role = name
        self.group = None

    def own_group(self):
        self.group = MemoryGroup(self.role)
        return self

    def command(self):
        command = super().command()
        return self.group.enter(command) if self.group else command

    def close(self):
        super().close()
        if self.group:
            self.group.remove()
            self.group = None
        shutil.rmtree(self.workdir, ignore_errors=True)


class BenchBarnabas(Grouped, Barnabas):
    def __init__(self, name, workdir, durability):
        super().__init__(name, workdir, {"barnabas.durability": durability})

    def description(self):
        return {"binary": str(self.binary.name), "settings": self.settings}


class BenchKafka(Grouped, ApacheKafka):
    # The options of Kafka's own start script, and the heap.
    JVM = (
        "-server -Xms1g -Xmx1g -XX:+UseG1GC -XX:MaxGCPauseMillis=20 -XX:InitiatingHeapOccupancyPercent=35 "
        "-XX:+ExplicitGCInvokesConcurrent -Djava.awt.headless=true"
    ).split()

    def __init__(self, name, workdir):
        super().__init__(name, workdir, {})

    def java(self, main, *arguments):
        command = super().java(main, *arguments)
        own = [word for word in command if not word.startswith(("-Xmx", "-XX:", "-Xshare"))]
        return [own[0], *self.JVM, *own[1:]]

    def description(self):
        return {"version": self.version, "jvm": " ".join(self.JVM), "settings": self.settings}


class Floor(Grouped, Broker):
    """What no broker can leave out of a produce request, and nothing else: floor/floor.cpp."""

    name = "floor"

    def __init__(self, name, workdir):
        super().__init__(name, workdir, {})
        self.data_dir.mkdir()

    def command(self):
        return [str(REPOSITORY / "build/release/floor"), str(self.data_dir)]

    def port_when_ready(self, log):
        words = log.split()
        return int(words[1]) if words[:1] == ["ready"] else None

    def description(self):
        return {}


def kafka_available():
    return any(kafka_jars(KAFKA_VERSION).glob("kafka-server-4*.jar"))


def memory_kib(pid):
    """Resident memory of a process: all of it, its own and what is mapped from files."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon", "RssFile")}


def cpu_ns(pid):
    """Time on a processor of all threads, in nanoseconds: finer than the ticks of /proc/PID/stat."""
    return sum(int(path.read_text().split()[0]) for path in Path(f"/proc/{pid}/task").glob("*/schedstat"))
