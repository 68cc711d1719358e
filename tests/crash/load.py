"""Producers and consumers as processes of their own, which go on when the broker dies under them.

    crew = Crew([Plan("p0", idempotent=True), ...], pollers=1)
    crew.begin(broker.address, topic, configuration)      # they connect and work
    crew.acknowledged                                     # answered requests so far
    sent, polls, refusals = crew.end()                    # finish what is under way; what the checker wants

A producer keeps several requests on the way. When its connection breaks it connects again and sends
what was not answered once more: the same bytes with the same sequences if it is idempotent (the
broker must recognise them), and if it is not, it knows that a record may now be there twice.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import time
import traceback
import zlib
from collections import defaultdict, deque
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1] / "rules"))

from records import Record, batch, flatten, now_ms, parse  # noqa: E402
from talk import fetch_many, fetch_request, produce_request  # noqa: E402
from wire import Client, NoAnswer, ProtocolError  # noqa: E402

from checker import Seen, Sent  # noqa: E402

POOL = random.Random(7).randbytes(1 << 16)
ANSWER_DEADLINE_S = 20
SETTLE_DEADLINE_S = 40

# Answers that only mean: again. The broker has just started, or an earlier request was not safe in time.
RETRIABLE = {3: "unknown topic", 5: "no leader", 6: "not the leader", 7: "timed out", 56: "storage"}
OUT_OF_ORDER = 45


# What a record is.


def make_record(producer, number, size):
    start = number * 101 % (len(POOL) - size)
    value = b"%s:%d:" % (producer.encode(), number) + POOL[start : start + size]
    headers = [(b"n", b"%d" % number), (b"n", None)] if number % 3 == 0 else []
    return Record(key=b"%d" % (number % 50) if number % 5 else None, value=value, headers=headers)


def fingerprint(record, timestamp_ms):
    return zlib.crc32(repr((record.content(), timestamp_ms)).encode())


def observe(offset, timestamp_ms, record):
    try:
        producer, number, _ = record.value.split(b":", 2)
        return Seen(offset, producer.decode(), int(number), fingerprint(record, timestamp_ms))
    except (ValueError, AttributeError):
        return Seen(offset, "", 0, 0)


def read_log(client, topic):
    """{partition: [Seen]} of everything that is there."""
    log = {partition: [] for partition in range(topic.partitions)}
    position = dict.fromkeys(log, 0)
    while position:
        parts = [(topic, partition, offset) for partition, offset in position.items()]
        answers = fetch_many(client, parts, partition_max_bytes=4 << 20)
        for (_, partition), answer in answers.items():
            assert answer["error_code"] == 0, answer
            batches = parse(answer["records"] or b"")
            log[partition] += [observe(*each) for each in flatten(batches)]
            if batches:
                position[partition] = batches[-1].last_offset + 1
            elif position[partition] >= answer["high_watermark"]:
                del position[partition]
    return log


# A producer.


@dataclass(frozen=True)
class Plan:
    name: str
    idempotent: bool = False
    acks: int = -1
    in_flight: int = 5
    version: int = 9


@dataclass(frozen=True)
class Shape:
    """What the records of a round look like."""

    records: tuple = (1, 20)  # in a batch
    value_bytes: tuple = (10, 300)
    codecs: tuple = ("none",)
    age_ms: int = 0  # how old its records are when they are sent


@dataclass
class Request:
    partition: int
    first: int
    count: int
    data: bytes
    fingerprints: list
    attempts: int = 0
    overtaken: bool = False
    base_offset: int | None = None


class Producer:
    def __init__(self, plan, address, topic, shape, seed, should_stop, count_answer):
        self.plan, self.address, self.topic, self.shape = plan, address, topic, shape
        self.chance = random.Random(seed)
        self.should_stop, self.count_answer = should_stop, count_answer
        self.number = 0
        self.producer_id = self.chance.randrange(1 << 40)
        self.sequences = defaultdict(int)
        self.done = []
        self.on_the_way = deque()
        self.again = deque()
        self.refusals = []

    def run(self):
        stop_by = None
        while True:
            if self.should_stop():
                stop_by = stop_by or time.monotonic() + SETTLE_DEADLINE_S
                if not self.again and not self.on_the_way:
                    return
                assert time.monotonic() < stop_by, f"{self.plan.name} could not settle: {len(self.again)} unanswered"
            try:
                with Client(self.address, client_id=self.plan.name, deadline_s=ANSWER_DEADLINE_S) as client:
                    self._work(client)
            except (ConnectionError, NoAnswer, ProtocolError, OSError) as error:
                if isinstance(error, ProtocolError) and "closed inside a frame" not in str(error):
                    raise
                self.again.extendleft(reversed(self.on_the_way))
                self.on_the_way.clear()
                time.sleep(0.02)

    def _work(self, client):
        while True:
            stopping = self.should_stop()
            if stopping and not self.again and not self.on_the_way:
                return
            while len(self.on_the_way) < self.plan.in_flight and (self.again or not stopping):
                self._send(client, self.again.popleft() if self.again else self._new())
            self._receive(client)

    def _new(self):
        count = self.chance.randint(*self.shape.records)
        partition = self.chance.randrange(self.topic.partitions)
        records, first = [], self.number
        for number in range(first, first + count):
            record = make_record(self.plan.name, number, self.chance.randint(*self.shape.value_bytes))
            record.timestamp_delta = number - first
            records.append(record)
        self.number += count
        base = now_ms() - self.shape.age_ms
        settings = {}
        if self.plan.idempotent:
            settings = dict(producer_id=self.producer_id, producer_epoch=0, base_sequence=self.sequences[partition])
            self.sequences[partition] += count
        data = batch(records, codec=self.chance.choice(self.shape.codecs), base_timestamp=base, **settings)
        prints = [fingerprint(record, base + position) for position, record in enumerate(records)]
        return Request(partition, first, count, data, prints)

    def _send(self, client, request):
        request.attempts += 1
        self.on_the_way.append(request)
        parts = [(self.topic, request.partition, request.data)]
        wish = produce_request(parts, acks=self.plan.acks, version=self.plan.version)
        client.send("Produce", self.plan.version, wish)

    def _receive(self, client):
        answer = client.receive()
        request = self.on_the_way.popleft()
        code, request.base_offset = self._result(answer)
        if code == 0:
            self.done.append(request)
            self.count_answer()
        elif code in RETRIABLE:
            self._gather(client, request)
            time.sleep(0.01)
        else:
            self._refuse(code, request)
            self.done.append(request)
            self._begin_anew(client)

    def _gather(self, client, refused):
        """After a refusal: what follows in the same partition may have been refused as well, for its sequence."""
        later = [refused]
        try:
            while self.on_the_way:
                answer = client.receive()
                request = self.on_the_way.popleft()
                code, request.base_offset = self._result(answer)
                if code == 0:
                    self.done.append(request)
                    self.count_answer()
                    continue
                follows = any(other.partition == request.partition for other in later)
                if code not in RETRIABLE and not (self.plan.idempotent and follows and code == OUT_OF_ORDER):
                    self._refuse(code, request)
                later.append(request)
        finally:
            later += self.on_the_way
            self.on_the_way.clear()
            for request in later:
                request.overtaken = not self.plan.idempotent
            self.again.extendleft(reversed(later))

    def _result(self, answer):
        one = answer["responses"][0]["partition_responses"][0]
        return one["error_code"], one["base_offset"] if one["error_code"] == 0 else None

    def _refuse(self, code, request):
        self.refusals.append(
            f"{code} for {self.plan.name}, records {request.first}+{request.count}, "
            f"partition {request.partition}, attempt {request.attempts}"
        )

    def _begin_anew(self, client):
        """An idempotent producer that was refused cannot go on with its sequences: it becomes another one."""
        while self.on_the_way:
            client.receive()
            self.done.append(self.on_the_way.popleft())
        self.producer_id = self.chance.randrange(1 << 40)
        self.sequences.clear()

    def history(self):
        out = []
        for request in self.done:
            for position in range(request.count):
                out.append(
                    Sent(
                        producer=self.plan.name,
                        number=request.first + position,
                        partition=request.partition,
                        fingerprint=request.fingerprints[position],
                        offset=None if request.base_offset is None else request.base_offset + position,
                        attempts=request.attempts,
                        idempotent=self.plan.idempotent,
                        overtaken=request.overtaken,
                    )
                )
        return out


# A consumer.


class Poller:
    """Reads every partition from the start, and goes on where it was after each connection."""

    def __init__(self, address, topic, should_stop):
        self.address, self.topic, self.should_stop = address, topic, should_stop
        self.seen = {partition: [] for partition in range(topic.partitions)}
        self.position = dict.fromkeys(self.seen, 0)
        self.refusals = []

    def run(self):
        while not self.should_stop():
            try:
                with Client(self.address, client_id="poller", deadline_s=ANSWER_DEADLINE_S) as client:
                    while not self.should_stop():
                        self._poll(client)
            except (ConnectionError, NoAnswer, OSError):
                time.sleep(0.02)
            except ProtocolError as error:
                if "closed inside a frame" not in str(error):
                    raise

    def _poll(self, client):
        parts = [(self.topic, partition, offset) for partition, offset in self.position.items()]
        answer = client.call("Fetch", 12, fetch_request(parts, max_wait_ms=50))
        for topic in answer["responses"]:
            for one in topic["partitions"]:
                if one["error_code"] in RETRIABLE:
                    continue
                partition = one["partition_index"]
                if one["error_code"] != 0:
                    # Out of range would mean that something visible has gone.
                    self.refusals.append(f"{one['error_code']} for the poller at {self.position.pop(partition)}")
                    continue
                for stored in parse(one["records"] or b""):
                    if stored.last_offset < self.position[partition]:
                        continue
                    self.seen[partition] += [observe(*each) for each in flatten([stored])]
                    self.position[partition] = stored.last_offset + 1


# All of them.


def _member(pipe, plan, stop, answered):
    """One process: a job at a time, until the pipe says None."""
    while (job := pipe.recv()) is not None:
        address, topic, shape, seed = job

        def count_answer():
            with answered.get_lock():
                answered.value += 1

        try:
            if plan is None:
                poller = Poller(address, topic, stop.is_set)
                poller.run()
                pipe.send(("polled", poller.seen, poller.refusals))
            else:
                producer = Producer(plan, address, topic, shape, seed, stop.is_set, count_answer)
                producer.run()
                pipe.send(("sent", producer.history(), producer.refusals))
        except Exception:
            pipe.send(("failed", traceback.format_exc()))


class Crew:
    def __init__(self, plans, pollers=1):
        context = multiprocessing.get_context("fork")
        self._stop = context.Event()
        self._answered = context.Value("q", 0)
        self._members = []
        for plan in [*plans, *[None] * pollers]:
            here, there = context.Pipe()
            process = context.Process(target=_member, args=(there, plan, self._stop, self._answered), daemon=True)
            process.start()
            self._members.append((process, here))

    @property
    def acknowledged(self):
        return self._answered.value

    def begin(self, address, topic, shape, seed):
        self._stop.clear()
        with self._answered.get_lock():
            self._answered.value = 0
        for index, (_, pipe) in enumerate(self._members):
            pipe.send((address, topic, shape, f"{seed}/{index}"))

    def end(self):
        """(sent, polls, refusals)"""
        self._stop.set()
        sent, polls, refusals = [], [], []
        for process, pipe in self._members:
            assert pipe.poll(SETTLE_DEADLINE_S + 20), f"a member of the crew (pid {process.pid}) does not come back"
            kind, *rest = pipe.recv()
            if kind == "failed":
                raise AssertionError(f"a member of the crew failed:\n{rest[0]}")
            if kind == "polled":
                polls.append(rest[0])
            else:
                sent += rest[0]
            refusals += rest[1]
        return sent, polls, refusals

    def close(self):
        for process, pipe in self._members:
            try:
                pipe.send(None)
                process.join(1)
            except (BrokenPipeError, OSError):
                pass
            if process.is_alive():
                process.kill()
                process.join()
