"""Judges what producers were told and consumers saw. Pure: no sockets, no time; Jepsen's names.

    lost-write            acknowledged, and not in the log
    unseen                polled by a consumer, and no longer in the log
    inconsistent-offsets  two values at one offset, among acknowledgements, polls and the log
    duplicate             one value at two offsets, though the client did not ask for that
    nonmonotonic-send     one producer's later record stands before an earlier one
    nonmonotonic-poll     a consumer went back
    poll-skip             a consumer jumped over offsets
    altered               a record's key, value, headers or time are not what was sent
    phantom               a record that nobody sent
    hole                  offsets are missing from the log
    refused               an answer that a producer may not get here

A value is identified by its producer and its number. A producer that is not idempotent may find a
value twice when it sent it again, at most once for each sending; and its order is its own affair for
records that were refused and sent again behind others (`overtaken`).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

ANOMALIES = (
    "lost-write",
    "unseen",
    "inconsistent-offsets",
    "duplicate",
    "nonmonotonic-send",
    "nonmonotonic-poll",
    "poll-skip",
    "altered",
    "phantom",
    "hole",
    "refused",
)
EXAMPLES_MAX = 5


@dataclass(frozen=True)
class Sent:
    """A record as its producer remembers it."""

    producer: str
    number: int  # counts the producer's records, over all partitions
    partition: int
    fingerprint: int
    offset: int | None = None  # where it was acknowledged; None: it never was
    attempts: int = 1
    idempotent: bool = False
    overtaken: bool = False

    @property
    def id(self):
        return (self.producer, self.number)


@dataclass(frozen=True)
class Seen:
    """A record as a consumer got it. producer "": it could not be read as one of ours."""

    offset: int
    producer: str
    number: int
    fingerprint: int

    @property
    def id(self):
        return (self.producer, self.number)


@dataclass
class Report:
    found: dict = field(default_factory=lambda: defaultdict(list))
    acknowledged: int = 0
    unknown: int = 0  # sent and never acknowledged: in the log or not, both is right
    records: int = 0

    def add(self, anomaly, **details):
        assert anomaly in ANOMALIES
        self.found[anomaly].append(details)

    def __bool__(self):
        return not self.found

    def __str__(self):
        lines = [f"{self.records} records, {self.acknowledged} acknowledged, {self.unknown} unknown"]
        for anomaly, all_details in sorted(self.found.items()):
            lines.append(f"{anomaly}: {len(all_details)}")
            lines += [f"    {details}" for details in all_details[:EXAMPLES_MAX]]
        return "\n".join(lines)


def check(sent, log, polls=(), refusals=()):
    """sent: Sent records; log: {partition: [Seen]} as read at the end; polls: the same from consumers that
    read meanwhile; refusals: what producers could not explain."""
    report = Report()
    sent = list(sent)
    report.records = sum(len(records) for records in log.values())
    report.acknowledged = sum(1 for one in sent if one.offset is not None)
    report.unknown = len(sent) - report.acknowledged
    for refusal in refusals:
        report.add("refused", what=refusal)
    _check_log(log, report)
    places = _places(log)
    _check_contents(sent, log, polls, report)
    _check_sent(sent, places, report)
    _check_offsets(sent, log, polls, report)
    _check_order(sent, places, report)
    _check_polls(log, polls, report)
    return report


def _places(log):
    """{id: [(partition, offset)]}, offsets ascending."""
    places = defaultdict(list)
    for partition, records in log.items():
        for one in records:
            places[one.id].append((partition, one.offset))
    return places


def _check_log(log, report):
    for partition, records in log.items():
        for before, one in zip(records, records[1:]):
            if one.offset != before.offset + 1:
                report.add("hole", partition=partition, between=(before.offset, one.offset))


def _check_contents(sent, log, polls, report):
    known = {one.id: one for one in sent}
    for source in (log, *polls):
        for partition, records in source.items():
            for one in records:
                origin = known.get(one.id)
                where = dict(partition=partition, offset=one.offset, id=one.id)
                if origin is None or origin.partition != partition:
                    report.add("phantom", **where)
                elif origin.fingerprint != one.fingerprint:
                    report.add("altered", **where)


def _check_sent(sent, places, report):
    for one in sent:
        found = places.get(one.id, [])
        if one.offset is not None and not found:
            report.add("lost-write", id=one.id, partition=one.partition, offset=one.offset)
        allowed = 1 if one.idempotent else one.attempts
        if len(found) > allowed:
            report.add("duplicate", id=one.id, attempts=one.attempts, found=found)


def _check_offsets(sent, log, polls, report):
    """Nobody may have been told of two values at one offset."""
    values = defaultdict(set)
    for one in sent:
        if one.offset is not None:
            values[one.partition, one.offset].add(one.id)
    for source in (log, *polls):
        for partition, records in source.items():
            for one in records:
                values[partition, one.offset].add(one.id)
    for (partition, offset), ids in values.items():
        if len(ids) > 1:
            report.add("inconsistent-offsets", partition=partition, offset=offset, ids=sorted(ids))


def _check_order(sent, places, report):
    """A producer's records of one partition stand in the order in which it first sent them."""
    last = {}
    for one in sorted(sent, key=lambda one: (one.producer, one.number)):
        found = places.get(one.id)
        if not found or one.overtaken:
            continue
        lane = (one.producer, one.partition)
        first = min(offset for _, offset in found)
        if lane in last and first < last[lane][1]:
            report.add("nonmonotonic-send", earlier=last[lane], later=(one.number, first), lane=lane)
        last[lane] = (one.number, first)


def _check_polls(log, polls, report):
    there = {(partition, one.offset) for partition, records in log.items() for one in records}
    for poll in polls:
        for partition, records in poll.items():
            for before, one in zip(records, records[1:]):
                if one.offset <= before.offset:
                    report.add("nonmonotonic-poll", partition=partition, offsets=(before.offset, one.offset))
                elif one.offset != before.offset + 1:
                    report.add("poll-skip", partition=partition, offsets=(before.offset, one.offset))
            for one in records:
                if (partition, one.offset) not in there:
                    report.add("unseen", partition=partition, offset=one.offset, id=one.id)
