"""Log lines in their three formats: each line is one, and each has an event name."""

import json
import re
import uuid

import pytest
from talk import create_topic, rule, until
from wire import Client

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
LEVEL = r"debug|info|warn|error"
VALUE = r'(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)'
PAIR = re.compile(rf"([a-z_]+)=({VALUE})")
TEXT = re.compile(rf"^({TIME}) ({LEVEL}) +([A-Za-z][^=\"]*?)((?: [a-z_]+={VALUE})*)$")
LOGFMT = re.compile(rf"^[a-z_]+={VALUE}(?: [a-z_]+={VALUE})*$")


def parse_text(line):
    found = TEXT.match(line)
    assert found, line
    return {"ts": found[1], "level": found[2], "event": found[3].replace(" ", "_"), **dict(PAIR.findall(found[4]))}


def parse_logfmt(line):
    assert LOGFMT.match(line), line
    return dict(PAIR.findall(line))


PARSERS = {"text": parse_text, "logfmt": parse_logfmt, "json": json.loads}


@pytest.mark.parametrize("format_", PARSERS)
@rule("D15")
def test_D15_every_line_is_one_event(start_broker, format_):
    """Start, slow requests, a client that sends nonsense and forged lines, a crash with its recovery, stop."""
    broker = start_broker({"barnabas.log.format": format_, "barnabas.slow.request.ms": "1"})

    def events():
        lines = broker.log_path.read_text(encoding="utf-8").splitlines()
        return [PARSERS[format_](line) for line in lines]

    forged = 'evil"\n2026-01-01T00:00:00.000Z error forged\x1b[31m'
    with Client(broker.address, client_id=forged) as client:

        def slow():
            create_topic(client, f"t-{uuid.uuid4().hex[:8]}", 20)
            return any(event["event"] == "slow_request" for event in events())

        until(slow, "a request above a millisecond is logged")
        client.send_bytes(b"\x00\x00\x00\x08\x7f\xff\x00\x00\x00\x00\x00\x01")
        assert client.closed_within(20)
    broker.kill()
    broker.start()
    broker.stop()

    found = events()
    for event in found:
        assert re.fullmatch(TIME, event["ts"]) and re.fullmatch(LEVEL, event["level"])
        assert re.fullmatch(r"[a-z][a-z0-9_]*", event["event"]), event
    names = [event["event"] for event in found]
    assert {"ready", "slow_request", "request_refused", "stopping", "stopped"} <= set(names)
    assert "forged" not in names
    slow = next(event for event in found if event["event"] == "slow_request")
    assert slow["api"]
    assert {"took_ms", "queue_ms", "local_ms", "wait_ms", "send_ms", "peer", "version"} <= set(slow)
    if format_ == "json":
        assert slow["client_id"].startswith('evil"\n2026')
        assert isinstance(slow["took_ms"], (int, float)) and slow["took_ms"] >= 1


def test_a_long_poll_is_not_slow(start_broker):
    from talk import fetch

    broker = start_broker({"barnabas.slow.request.ms": "250"})
    with Client(broker.address) as client:
        topic = create_topic(client, "quiet")
        fetch(client, topic, 0, max_wait_ms=400, min_bytes=1)
        client.call("Metadata", 12, {"topics": []})  # answered behind it
    broker.stop()
    lines = [line for line in broker.log_path.read_text().splitlines() if "slow request" in line]
    assert not [line for line in lines if "api=Fetch" in line]
