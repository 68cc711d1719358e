"""What is measured: per scenario one block of work on one broker, and the figures that are read from it."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from brokers import cpu_ns, memory_kib
from harness import free_port

GIB = 1 << 30


@dataclass
class Scale:
    """How much a block does. A quick one only proves that everything works."""

    seconds: float = 10
    bulk_bytes: int = 2 * GIB
    small_records: int = 4_000_000
    topics: int = 1000
    members: int = 1000
    connections: int = 5000
    idle_seconds: float = 20

    @staticmethod
    def quick():
        return Scale(seconds=1, bulk_bytes=64 << 20, small_records=100_000, topics=20, members=50, connections=200, idle_seconds=1)


class Load:
    """Runs the load program against a broker and returns what it printed."""

    def __init__(self, program):
        self.program = program

    def __call__(self, workload, broker, command=(), **flags):
        words = [str(self.program), workload, "--brokers", broker.address]
        if broker.process is not None:
            words += ["--pid", str(broker.pid)]
        for name, value in flags.items():
            words += [f"--{name.replace('_', '-')}", str(value)]
        if command:
            words += ["--", *command]
        done = subprocess.run(words, capture_output=True, text=True, env=broker.environment())
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}\n{done.stderr[-3000:]}\n{broker.log_tail(10)}")
        return json.loads(done.stdout)


@dataclass
class Block:
    """What a scenario's function gets: a broker, a name that is only this block's, and how much to do."""

    load: Load
    broker: object
    topic: str
    scale: Scale
    config: str = ""  # of the topics it creates

    @property
    def on_floor(self):
        """It has every topic, and nothing can be read from it."""
        return self.broker.name == "floor"

    def create_topic(self, partitions):
        if not self.on_floor:
            self.load("create", self.broker, topic=self.topic, partitions=partitions, config=self.config)

    def delete_topic(self):
        if not self.on_floor:
            self.load("delete", self.broker, topic=self.topic)

    def run(self, workload, **flags):
        result = self.load(workload, self.broker, topic=self.topic, **flags)
        result["memory_kib"] = memory_kib(self.broker.pid)
        return result


def bulk(block):
    """1 KiB records in batches of 1 MB over six partitions, then all of them read back."""
    block.create_topic(6)
    seconds = f"{6 * block.scale.seconds}s"  # bounded by bytes; the time is for a machine that is stuck
    produced = block.run(
        "produce", partitions=6, record_size=1024, batch_bytes=1 << 20, linger="200ms",
        max_bytes=block.scale.bulk_bytes, duration=seconds,
    )  # fmt: skip
    if block.on_floor:
        return {"produce": produced}
    return {"produce": produced, "drain": block.run("consume", max_records=produced["records"], duration=seconds)}


def small(block):
    """100-byte records in batches of 8 KB over six partitions."""
    block.create_topic(6)
    return block.run(
        "produce", partitions=6, record_size=100, batch_bytes=8192, linger="50ms",
        max_records=block.scale.small_records, duration=f"{6 * block.scale.seconds}s",
    )  # fmt: skip


def single(block, client="kafka-go"):
    """One record of 100 bytes a request: 50 connections, 100 partitions, each waits for its answer."""
    block.create_topic(100)
    seconds = f"{block.scale.seconds}s"
    return block.run("single", partitions=100, connections=50, record_size=100, client=client, duration=seconds)


def single_with_franz_go(block):
    """The same with a client that takes most of the machine's time for itself."""
    return single(block, client="franz-go")


def acknowledgement(block):
    """1,000 records of 100 bytes a second, open loop, to one partition."""
    block.create_topic(1)
    return block.run("latency", record_size=100, rate=1000, duration=f"{block.scale.seconds}s")


def end_to_end(block):
    """1,000 records of 1 KiB a second, open loop, through one partition to a consumer that waits at its end."""
    block.create_topic(1)
    return block.run("e2e", record_size=1024, rate=1000, duration=f"{block.scale.seconds}s")


def topics(block):
    """Topics of one partition, one after the other, as many as the time allows."""
    return block.run("topics", partitions=1, count=block.scale.topics, duration=f"{block.scale.seconds}s")


def group(block):
    """Members that join one group at once, each on its own connection; and ten who are given 900 partitions more."""
    block.create_topic(100)
    patience = f"{6 * block.scale.seconds}s"
    joined = block.run("group", partitions=100, connections=block.scale.members, count=0, duration=patience)
    growing = Block(block.load, block.broker, f"{block.topic}-grows", block.scale, block.config)
    growing.create_topic(100)
    grown = growing.run("group", partitions=100, connections=10, count=900, duration=patience)
    growing.delete_topic()
    return {"join": joined, "grow": grown}


def connections(block):
    """Clients that all connect at once, and then say nothing: to a broker that has met a few, and holds nothing yet."""
    block.broker.start()
    block.run("connect", connections=50, duration="60s")
    return block.run("connect", connections=block.scale.connections, duration=f"{6 * block.scale.seconds}s")


def idle(block):
    """Nothing is connected."""
    pid = block.broker.pid
    before, begun = cpu_ns(pid), time.monotonic()
    time.sleep(block.scale.idle_seconds)
    seconds = time.monotonic() - begun
    cpu_s = (cpu_ns(pid) - before) / 1e9
    return {"seconds": seconds, "broker_cpu_s": cpu_s, "memory_kib": memory_kib(pid)}


def start(block):
    """A process that is not running: its first start on a new data directory, and the next one."""
    broker = block.broker  # not started
    if broker.port is None:
        broker.port = free_port()
    command = broker.command()  # formats the directory where that is a step of its own
    return {
        when: block.load("start", broker, command=command, topic="first", record_size=100, duration="60s")
        for when in ("first", "again")
    }


@dataclass
class Figure:
    """A number read from a block's result. Goals are upper bounds, or lower ones where more is better."""

    name: str
    unit: str
    read: Callable
    goal: float | None = None  # in the unit
    goal_ratio: float | None = None  # to Kafka, in the same pair
    more_is_better: bool = False
    has_floor: bool = True  # where its scenario has one


def per(cpu_scale, amount, part=None):
    """Broker processor time per amount of work, in units of 1/cpu_scale seconds."""

    def read(result):
        result = result[part] if part else result
        return result["broker_cpu_s"] * cpu_scale / amount(result)

    return read


def gib(result):
    return result["bytes"] / GIB


def quantile(name):
    return lambda result: result["latency_us"][name] / 1e3


def rate(what, part=None):
    def read(result):
        result = result[part] if part else result
        return what(result) / result["seconds"]

    return read


def residual(amount, part=None):
    def read(result):
        result = result[part] if part else result
        return result["residual_cpu_s"] / amount(result)

    return read


def resident_mib(name):
    return lambda result: result["memory_kib"][name] / 1024


@dataclass
class Scenario:
    name: str
    title: str
    block: Callable
    figures: list[Figure]
    durability: str = "page-cache"
    fills: bool = False  # the page cache must be full before it begins
    # A large topic stays until the brokers end: deleting it would free its pages to the machine, whose hypervisor may take
    # them, and the next block would pay for getting them back (measured: the third block of a run cost twice the first).
    deletes: bool = True
    own_process: bool = False  # the block starts the broker itself
    pairs: int | None = None  # fewer than asked for
    floor: bool = False  # the floor does it too


def bulk_figures(goal, ratio=None):
    return [
        Figure("bulk produce, broker CPU", "s/GiB", per(1, gib, "produce"), goal, ratio),
        Figure("bulk produce, rest of the machine", "s/GiB", residual(gib, "produce")),
        Figure("bulk produce, with this client", "GiB/s", rate(gib, "produce"), more_is_better=True),
    ]


def single_figures(which, goal=None):
    return [
        Figure(f"one record per request{which}, broker CPU", "µs/request", per(1e6, lambda r: r["requests"]), goal),
        Figure(f"one record per request{which}", "requests/s", rate(lambda r: r["requests"]), more_is_better=True),
        Figure(f"one record per request{which}, client CPU", "µs/request", lambda r: r["client_cpu_s"] * 1e6 / r["requests"]),
    ]


def latency_figures(what, p50=None, p99=None):
    return [
        Figure(f"{what} p50", "ms", quantile("p50"), None, p50),
        Figure(f"{what} p99", "ms", quantile("p99"), None, p99),
        Figure(f"{what} p99.9", "ms", quantile("p999")),
        Figure(f"{what}, broker CPU", "µs/record", per(1e6, lambda result: result["records"])),
    ]


def raw_round_trips():
    def quantile_of(name):
        return lambda result: result["raw_round_trip_us"][name] / 1e3

    return [Figure(f"bare TCP round trip {name}", "ms", quantile_of(name)) for name in ("p50", "p99")]


SCENARIOS = [
    Scenario(
        "start", "Start", start,
        [
            Figure("exec to first acknowledged produce, new directory", "ms", lambda r: r["first"]["first_ack_ms"], 50),
            Figure("exec to first acknowledged produce, restart", "ms", lambda r: r["again"]["first_ack_ms"], 50),
            Figure("exec to port open, restart", "ms", lambda r: r["again"]["connected_ms"]),
            Figure("broker CPU of a restart", "s", lambda r: r["again"]["broker_cpu_s"]),
        ],
        durability="fsync", own_process=True,
    ),
    Scenario(
        "idle", "Idle", idle,
        [
            Figure("idle resident memory", "MiB", resident_mib("VmRSS"), 15e6 / (1 << 20)),
            Figure("idle memory of its own (anonymous)", "MiB", resident_mib("RssAnon")),
            Figure("idle CPU", "% of a core", lambda r: 100 * r["broker_cpu_s"] / r["seconds"]),
        ],
        pairs=1, deletes=False,
    ),
    Scenario(
        "bulk", "Bulk", bulk,
        [
            *bulk_figures(0.60),
            Figure("drain, broker CPU", "s/GiB", per(1, gib, "drain"), None, 1.0, has_floor=False),
            Figure("drain, with this client", "GiB/s", rate(gib, "drain"), more_is_better=True, has_floor=False),
        ],
        fills=True, deletes=False, floor=True,
    ),
    Scenario(
        "small", "100-byte records in 8 KB batches", small,
        [
            Figure("100 B records, broker CPU", "s/million", per(1e6, lambda r: r["records"]), 0.12),
            Figure("100 B records, rest of the machine", "s/million", lambda r: r["residual_cpu_s"] * 1e6 / r["records"]),
        ],
        fills=True, deletes=False, floor=True,
    ),
    Scenario("single", "One record per request", single, single_figures("", 12), fills=True, floor=True),
    Scenario(
        "single-franz-go", "One record per request, from franz-go", single_with_franz_go, single_figures(" (franz-go)"),
        fills=True, floor=True,
    ),
    Scenario(
        "ack", "Acknowledgement latency, 1,000 records/s of 100 B", acknowledgement,
        [*latency_figures("acknowledged", 1 / 2, 1 / 4), *raw_round_trips()],
        floor=True,
    ),
    Scenario(
        "e2e", "End-to-end latency, 1,000 records/s of 1 KiB", end_to_end,
        latency_figures("end to end", 1 / 3),
    ),
    Scenario(
        "topics", "Topics created one by one", topics,
        [
            Figure("topics created one by one", "topics/s", rate(lambda r: r["topics"]), 500, more_is_better=True),
            Figure("broker CPU of a topic", "ms/topic", per(1e3, lambda r: r["topics"])),
        ],
        deletes=False,
    ),
    Scenario("bulk-fsync", "Bulk, fsync", bulk, bulk_figures(1.3), durability="fsync", fills=True, deletes=False),
    Scenario(
        "ack-fsync", "Acknowledgement latency, fsync", acknowledgement,
        [*latency_figures("acknowledged", 1.0), *raw_round_trips()],
        durability="fsync",
    ),
    Scenario(
        "group", "A group of 1,000 members, and one of 10 with 1,000 partitions", group,
        [
            Figure("1,000 members, first JoinGroup to last SyncGroup reply", "ms", lambda r: r["join"]["stable_ms"], 1000),
            Figure("broker CPU of that", "s", lambda r: r["join"]["broker_cpu_s"]),
            Figure("10 members get 900 more partitions, the same measure", "ms", lambda r: r["grow"]["rebalance_ms"], 300),
        ],
        durability="fsync",
    ),
    Scenario(
        "connections", "5,000 clients that connect at once and then say nothing", connections,
        [
            Figure("5,000 connects at once, to the last answer", "s", lambda r: r["seconds"], 2),
            Figure("broker CPU of a connect", "µs", per(1e6, lambda r: r["connections"])),
            Figure("memory of an idle connection, at first", "KiB", lambda r: r["bytes_per_connection"] / 1024, 4),
        ],
        durability="fsync", own_process=True,
    ),
]  # fmt: skip
