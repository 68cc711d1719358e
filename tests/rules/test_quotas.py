"""Client quotas: how they are kept and found, and how who is above one is slowed down."""

import time

import pytest

from quota_words import quota
from records import batch
from talk import (
    INVALID_REQUEST,
    NONE,
    UNSUPPORTED_VERSION,
    accepted,
    fetch_request,
    ours,
    produce_request,
    rule,
    until,
)


def quotas(client, *components, strict=False, version=1):
    """The matching quotas, by entity; or the error code."""
    asked = [{"entity_type": kind, "match_type": match, "match": name} for kind, match, name in components]
    answer = client.call("DescribeClientQuotas", version, {"components": asked, "strict": strict})
    if answer["error_code"] != NONE:
        assert answer["entries"] is None
        return answer["error_code"]
    return {
        tuple(sorted((part["entity_type"], part["entity_name"]) for part in entry["entity"])): {
            one["key"]: one["value"] for one in entry["values"]
        }
        for entry in answer["entries"]
    }


@pytest.fixture
def limited(client):
    """quota(), and afterwards there is none."""
    done = []

    def change(entity, *ops):
        code = quota(client, entity, *ops)
        done.append((entity, [(key, None) for key, _ in ops]))
        return code

    yield change
    for entity, ops in done:
        quota(client, entity, *ops)


@rule("ADM9")
@pytest.mark.parametrize("version", [0, 1])
def test_ADM9_quotas_are_kept_and_found(client, limited, version):
    assert limited({"user": "ada"}, ("producer_byte_rate", 1e9), ("request_percentage", 50.5)) == NONE
    assert limited({"user": None}, ("producer_byte_rate", 2e9)) == NONE
    assert limited({"user": "ada", "client-id": "c"}, ("consumer_byte_rate", 3e9)) == NONE
    ada, default, pair = (("user", "ada"),), (("user", None),), (("client-id", "c"), ("user", "ada"))
    until(lambda: pair in quotas(client, version=version), "the quotas are there")
    assert quotas(client, version=version)[ada] == {"producer_byte_rate": 1e9, "request_percentage": 50.5}
    assert set(quotas(client, ("user", 0, "ada"), version=version)) == {ada, pair}
    assert set(quotas(client, ("user", 0, "ada"), strict=True, version=version)) == {ada}
    assert set(quotas(client, ("user", 1, None), version=version)) == {default}
    assert set(quotas(client, ("user", 2, None), version=version)) >= {ada, default, pair}
    assert set(quotas(client, ("user", 2, None), ("client-id", 2, None), version=version)) == {pair}
    assert quota(client, {"user": "ada"}, ("producer_byte_rate", None), version=version) == NONE
    left = {ada: {"request_percentage": 50.5}}
    until(lambda: quotas(client, ("user", 0, "ada"), strict=True) == left, "the quota is gone")
    assert quota(client, {"user": "eve"}, ("producer_byte_rate", 5.0), validate_only=True) == NONE
    assert quotas(client, ("user", 0, "eve")) == {}


@rule("ADM9")
@pytest.mark.parametrize(
    "entity, key, value",
    [
        ({}, "producer_byte_rate", 1.0),
        ({"host": "x"}, "producer_byte_rate", 1.0),
        ({"user": ""}, "producer_byte_rate", 1.0),
        ({"user": "u", "ip": "127.0.0.1"}, "connection_creation_rate", 1.0),
        ({"user": "u"}, "no_such_rate", 1.0),
        ({"user": "u"}, "producer_byte_rate", -1.0),
        ({"user": "u"}, "producer_byte_rate", 1.5),
        ({"user": "u"}, "producer_byte_rate", 1e30),
    ],
)
def test_ADM9_quotas_that_are_none(client, entity, key, value):
    assert quota(client, entity, (key, value)) == INVALID_REQUEST


@rule("ADM9")
@ours("Kafka keeps NaN, and enforces these; here they are not built")
@pytest.mark.parametrize(
    "entity, key, value",
    [
        ({"user": "u"}, "producer_byte_rate", float("nan")),
        ({"user": "u"}, "controller_mutation_rate", 1.0),
        ({"ip": "127.0.0.1"}, "connection_creation_rate", 1.0),
    ],
)
def test_ADM9_promises_that_are_not_made(client, entity, key, value):
    assert quota(client, entity, (key, value)) == INVALID_REQUEST


@rule("ADM9")
@pytest.mark.parametrize(
    "components, code",
    [
        ([("nope", 2, None)], UNSUPPORTED_VERSION),
        ([("", 2, None)], INVALID_REQUEST),
        ([("user", 3, None)], INVALID_REQUEST),
        ([("user", 0, None)], INVALID_REQUEST),
        ([("user", 1, "x")], INVALID_REQUEST),
        ([("user", 2, None), ("user", 2, None)], INVALID_REQUEST),
        ([("ip", 2, None), ("user", 2, None)], INVALID_REQUEST),
    ],
)
def test_ADM9_filters_that_are_none(client, components, code):
    assert quotas(client, *components) == code


@rule("ADM10")
def test_ADM10_who_produces_too_much_is_told_and_rests(connect, make_topic, limited):
    topic, client = make_topic(), connect(client_id="greedy")
    assert limited({"client-id": "greedy"}, ("producer_byte_rate", 20_000.0)) == NONE
    big = batch([b"x" * 150_000])

    def throttled():
        answer = client.call("Produce", 9, produce_request([(topic, 0, big)]))
        assert answer["responses"][0]["partition_responses"][0]["error_code"] == NONE
        return answer["throttle_time_ms"]

    rest_ms = until(throttled, "throttled")
    began = time.monotonic()
    client.call("ApiVersions", 3, {"client_software_name": "t", "client_software_version": "1"}, deadline_s=60)
    assert time.monotonic() - began > min(rest_ms, 60_000) / 1000 * 0.8, rest_ms
    assert connect(client_id="modest").call("Produce", 9, produce_request([(topic, 0, big)]))["throttle_time_ms"] == 0


@rule("ADM10")
def test_ADM10_who_fetches_too_much_is_told_and_rests(connect, make_topic, limited):
    topic, client = make_topic(), connect(client_id="greedy")
    for _ in range(20):
        accepted(client, topic, batch([b"x" * 20_000]))
    assert limited({"user": None, "client-id": "greedy"}, ("consumer_byte_rate", 20_000.0)) == NONE

    def throttled():
        return client.call("Fetch", 12, fetch_request([(topic, 0, 0)]), deadline_s=60)["throttle_time_ms"]

    rest_ms = until(throttled, "throttled", 60)
    began = time.monotonic()
    client.call("ApiVersions", 3, {"client_software_name": "t", "client_software_version": "1"}, deadline_s=60)
    assert time.monotonic() - began > min(rest_ms, 60_000) / 1000 * 0.8, rest_ms


@rule("ADM10")
@pytest.mark.parametrize("entity", [{"client-id": "busy"}, {"user": "ANONYMOUS"}], ids=["client", "user"])
def test_ADM10_who_takes_too_much_time_is_told_and_rests(connect, make_topic, limited, entity):
    names, client = [make_topic(partitions=50).name for _ in range(10)], connect(client_id="busy")
    assert limited(entity, ("request_percentage", 0.01)) == NONE
    asked = {"topics": [{"name": name} for name in names]}

    def throttled():
        return client.call("Metadata", 9, asked, deadline_s=60)["throttle_time_ms"]

    rest_ms = until(throttled, "throttled")
    began = time.monotonic()
    client.call("ApiVersions", 3, {"client_software_name": "t", "client_software_version": "1"}, deadline_s=60)
    assert time.monotonic() - began > min(rest_ms, 60_000) / 1000 * 0.8, rest_ms


@rule("ADM10")
def test_ADM10_a_quota_that_is_removed_is_gone(connect, client, make_topic):
    topic, greedy = make_topic(), connect(client_id="reformed")
    assert quota(client, {"client-id": "reformed"}, ("producer_byte_rate", 1_000_000.0)) == NONE
    big = batch([b"x" * 500_000])
    for _ in range(30):
        if greedy.call("Produce", 9, produce_request([(topic, 0, big)]), deadline_s=60)["throttle_time_ms"] > 0:
            break
    else:
        raise AssertionError("never throttled")
    assert quota(client, {"client-id": "reformed"}, ("producer_byte_rate", None)) == NONE
    again = connect(client_id="reformed")
    assert again.call("Produce", 9, produce_request([(topic, 0, big)]))["throttle_time_ms"] == 0
