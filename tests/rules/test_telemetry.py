"""Client telemetry (KIP-714): who is asked to push what, when it may, and what is refused.

Against Kafka the broker has a receiver (tests/compat/programs/kafka/TelemetryReceiver.java): without one it serves neither API.
"""

import gzip
import uuid

import otlp
import pytest

from talk import INVALID_CONFIG, INVALID_RECORD, INVALID_REQUEST, NONE, UNSUPPORTED_COMPRESSION_TYPE, ours, rule, until
from telemetry import SOME, alter, get, push
from wire import ZERO_UUID

THROTTLING_QUOTA_EXCEEDED = 89
UNKNOWN_SUBSCRIPTION_ID = 117
TELEMETRY_TOO_LARGE = 118

GZIP, SNAPPY, LZ4, ZSTD = 1, 2, 3, 4
LONG_MS = "3600000"
FIVE_MINUTES_MS = 300_000
MAX_BYTES = 20_000

SETTINGS = {"telemetry.max.bytes": str(MAX_BYTES)}


def fresh(client):
    """A new client instance that has just asked."""
    told = get(client)
    assert told["error_code"] == NONE
    return told


@pytest.fixture
def subscribe(client, connect):
    """subscribe(name, ...): a subscription that is in force, and gone after the test."""
    names = []

    def make(name, **configs):
        names.append(name)
        assert alter(client, name, **configs) == NONE

    yield make
    for name in names:
        assert alter(client, name, interval_ms=None, metrics=None, match=None) == NONE
    until(lambda: fresh(client)["requested_metrics"] == [], "no subscription is left")


def wanted(connect, **who):
    """What a new client with these words about itself is asked for, in order; and how often."""
    name, version = who.pop("software", ("rules", "1"))
    client = connect(**who)
    client.call("ApiVersions", 3, {"client_software_name": name, "client_software_version": version})
    told = fresh(client)
    client.close()
    return sorted(told["requested_metrics"]), told["push_interval_ms"]


@rule("ADM11")
def test_ADM11_a_client_gets_an_id_and_hears_how_to_push(client):
    told = fresh(client)
    assert told["client_instance_id"] != ZERO_UUID
    assert told["accepted_compression_types"] == [ZSTD, LZ4, GZIP, SNAPPY]
    assert told["telemetry_max_bytes"] == MAX_BYTES
    assert told["delta_temporality"] is True
    assert told["requested_metrics"] == [] and told["push_interval_ms"] == FIVE_MINUTES_MS
    assert fresh(client)["client_instance_id"] != told["client_instance_id"]
    own = uuid.uuid4()
    assert get(client, own)["client_instance_id"] == own


@rule("ADM11")
def test_ADM11_subscriptions_that_match_are_asked_for_together(connect, subscribe):
    subscribe("all", metrics="a.,b.", interval_ms="20000")
    subscribe("shop", metrics="b.,c.", interval_ms="1000", match="client_id=shop-.*")
    until(lambda: wanted(connect) == (["a.", "b."], 20_000), "all are asked")
    until(lambda: wanted(connect, client_id="shop-1") == (["a.", "b.", "c."], 1000), "the shop is asked for more")
    assert wanted(connect, client_id="my-shop-1") == (["a.", "b."], 20_000), "the pattern is for the whole text"
    subscribe("everything", metrics="d.,*", match="client_id=shop-.*")
    until(lambda: wanted(connect, client_id="shop-1") == (["*"], 1000), "* is all there is")
    assert wanted(connect) == (["a.", "b."], 20_000)


@rule("ADM11")
@pytest.mark.parametrize(
    "match, who, fits",
    [
        ("client_id=a+", {"client_id": "aaa"}, True),
        ("client_id=a+", {"client_id": "aab"}, False),
        ("client_software_name=rules", {}, True),
        ("client_software_name=apache-.*", {"software": ("apache-kafka-java", "4.3.1")}, True),
        ("client_software_name=apache-.*", {"software": ("librdkafka", "2.5.0")}, False),
        ("client_software_version=4\\..*,client_software_name=a.*", {"software": ("a", "4.3.1")}, True),
        ("client_software_version=4\\..*,client_software_name=a.*", {"software": ("b", "4.3.1")}, False),
        ("client_source_address=127\\.0\\..*", {}, True),
        ("client_source_address=10\\..*", {}, False),
        ("client_source_port=[0-9]+", {}, True),
        ("client_source_port=1", {}, False),
        ("client_instance_id=[A-Za-z0-9_-]{22}", {}, True),
        ("client_instance_id=x", {}, False),
    ],
)
def test_ADM11_whom_a_match_fits(connect, subscribe, match, who, fits):
    subscribe("match", metrics="m.", match=match)
    subscribe("seen", metrics="s.")
    until(lambda: "s." in wanted(connect, **who)[0], "the subscriptions are in force")
    assert ("m." in wanted(connect, **who)[0]) == fits


@rule("ADM11")
@pytest.mark.parametrize(
    "configs, code",
    [
        ({"interval_ms": "100"}, NONE),
        ({"interval_ms": LONG_MS}, NONE),
        ({"interval_ms": "99"}, INVALID_REQUEST),
        ({"interval_ms": "3600001"}, INVALID_REQUEST),
        ({"interval_ms": "soon"}, INVALID_CONFIG),
        ({"no_such": "1"}, INVALID_REQUEST),
        ({"match": "client_id=a"}, NONE),
        ({"match": "client_id"}, INVALID_CONFIG),
        ({"match": "client_id="}, INVALID_CONFIG),
        ({"match": "client_id=a=b"}, INVALID_CONFIG),
        ({"match": "client_id=("}, INVALID_CONFIG),
        ({"match": "no_such=a"}, INVALID_CONFIG),
        ({"match": "client_id=a,no_such=a"}, INVALID_CONFIG),
        ({"metrics": "*"}, NONE),
        ({"metrics": "a.,b."}, NONE),
    ],
)
def test_ADM11_subscriptions_that_are_none(client, configs, code):
    assert alter(client, "checked", validate_only=True, **configs) == code


@rule("ADM11")
@ours("Kafka takes what costs it exponential time with the next client's name")
def test_ADM11_a_pattern_that_could_explode_is_refused_or_harmless(client, connect, subscribe):
    assert alter(client, "checked", validate_only=True, match="client_id=(a+)\\1") == INVALID_CONFIG
    subscribe("evil", metrics="e.", match="client_id=(a|a)*(a*)*(a+a+)+b")
    subscribe("seen", metrics="s.")
    until(lambda: wanted(connect, client_id="a" * 20_000)[0] == ["s."], "the subscriptions are in force")


@rule("ADM11")
def test_ADM11_the_id_of_a_subscription_is_that_of_its_content(client, connect, subscribe):
    one, other = uuid.uuid4(), uuid.uuid4()

    def id_of(instance):
        with connect() as asking:
            return get(asking, instance)["subscription_id"]

    before = id_of(one)
    assert id_of(other) != before
    subscribe("s", metrics="a.", interval_ms="1000")
    until(lambda: id_of(one) != before, "another content")
    with_s = id_of(one)
    assert alter(client, "s", interval_ms="2000") == NONE
    until(lambda: id_of(one) not in (before, with_s), "another interval")
    assert alter(client, "s", interval_ms="1000") == NONE
    until(lambda: id_of(one) == with_s, "the same content again")


@rule("ADM12")
def test_ADM12_who_asks_again_too_early_is_throttled(client, subscribe):
    subscribe("s", metrics="a.", interval_ms=LONG_MS)
    told = until(lambda: (one := fresh(client))["requested_metrics"] and one, "the subscription is in force")
    again = get(client, told["client_instance_id"])
    assert again["error_code"] == THROTTLING_QUOTA_EXCEEDED
    assert (again["client_instance_id"], again["subscription_id"], again["requested_metrics"]) == (ZERO_UUID, 0, [])


@rule("ADM12")
def test_ADM12_a_change_of_subscriptions_is_told_at_once(client, subscribe):
    subscribe("s", metrics="a.", interval_ms=LONG_MS)
    told = until(lambda: (one := fresh(client))["requested_metrics"] and one, "the subscription is in force")
    assert push(client, told) == NONE
    assert push(client, told) == THROTTLING_QUOTA_EXCEEDED
    assert alter(client, "s", metrics="b.") == NONE
    until(lambda: push(client, told) == UNKNOWN_SUBSCRIPTION_ID, "the old one is unknown")
    newer = get(client, told["client_instance_id"])
    assert newer["error_code"] == NONE and newer["requested_metrics"] == ["b."]
    assert push(client, newer) == THROTTLING_QUOTA_EXCEEDED, "its pushes go on as before"


@rule("ADM12")
def test_ADM12_a_push_has_its_time(client, subscribe):
    subscribe("s", metrics="*", interval_ms="2000")
    told = until(lambda: (one := fresh(client))["push_interval_ms"] == 2000 and one, "the subscription is in force")
    assert push(client, told) == NONE, "right after asking"
    assert push(client, told) == THROTTLING_QUOTA_EXCEEDED
    assert get(client, told["client_instance_id"])["error_code"] == THROTTLING_QUOTA_EXCEEDED
    until(lambda: push(client, told) == NONE, "an interval later")
    assert push(client, told) == THROTTLING_QUOTA_EXCEEDED
    assert push(client, told, terminating=True) == NONE, "the last one is never too early"


@rule("ADM12")
def test_ADM12_after_the_last_push_there_is_none(client):
    told = fresh(client)
    assert push(client, told, terminating=True) == NONE
    assert push(client, told) == INVALID_REQUEST


@rule("ADM12")
@pytest.mark.parametrize("number", [0, 1])
def test_ADM12_a_push_without_an_id_is_refused(client, number):
    told = {"client_instance_id": uuid.UUID(int=number), "subscription_id": 0}
    assert push(client, told) == INVALID_REQUEST


@rule("ADM12")
def test_ADM12_an_unknown_subscription_lets_the_client_ask_again(client):
    told = fresh(client)
    assert push(client, told, subscription=told["subscription_id"] ^ 1) == UNKNOWN_SUBSCRIPTION_ID
    again = get(client, told["client_instance_id"])
    assert (again["error_code"], again["subscription_id"]) == (NONE, told["subscription_id"])
    assert get(client, told["client_instance_id"])["error_code"] == THROTTLING_QUOTA_EXCEEDED, "once"


@rule("ADM12")
@pytest.mark.parametrize("compression", [5, 127, -1])
def test_ADM12_an_unknown_compression_lets_the_client_ask_again(client, compression):
    told = fresh(client)
    assert push(client, told, compression=compression) == UNSUPPORTED_COMPRESSION_TYPE
    assert get(client, told["client_instance_id"])["error_code"] == NONE


@rule("ADM12")
def test_ADM12_nothing_may_be_pushed_too(client):
    assert push(client, fresh(client), data=b"") == NONE


@rule("ADM12", "D10")
def test_ADM12_a_push_above_the_limit_is_refused(client):
    assert push(client, fresh(client), data=b"\0" * (MAX_BYTES + 1)) == TELEMETRY_TOO_LARGE


@rule("ADM12", "D10")
@ours("4.3.1 leaves it to its receiver; later ones answer the same")
def test_ADM12_a_push_that_grows_above_the_limit_is_refused(client):
    bomb = gzip.compress(otlp.field(7, otlp.BYTES, b"\0" * 10_000_000))
    assert len(bomb) < MAX_BYTES
    assert push(client, fresh(client), data=bomb, compression=GZIP) == TELEMETRY_TOO_LARGE


@rule("ADM12", "D10")
def test_ADM12_a_push_that_cannot_be_uncompressed_is_refused(client):
    for compression in (GZIP, SNAPPY, LZ4, ZSTD):
        assert push(client, fresh(client), data=b"\x01garbage" * 9, compression=compression) == INVALID_RECORD, compression
    assert push(client, fresh(client), data=gzip.compress(SOME)[:-9], compression=GZIP) == INVALID_RECORD
    assert push(client, fresh(client), data=gzip.compress(SOME), compression=GZIP) == NONE


@rule("ADM12", "D10")
@ours("Kafka hands the bytes to a plugin unread")
def test_ADM12_every_cut_of_a_push_is_refused_or_a_push(client):
    data = otlp.metrics(otlp.gauge("a", 1.5, topic="t"), otlp.counter("b", 7, node_id=1), resource={"group_id": "g"})
    whole = [push(client, fresh(client), data=data[:end]) for end in range(1, len(data) + 1)]
    assert whole == [INVALID_RECORD] * (len(data) - 1) + [NONE]


@rule("ADM12")
def test_ADM12_an_instance_ends_with_its_connection(client, connect):
    own = uuid.uuid4()
    with connect() as first:
        assert get(first, own)["error_code"] == NONE
        assert get(first, own)["error_code"] == THROTTLING_QUOTA_EXCEEDED
        assert get(client, own)["error_code"] == THROTTLING_QUOTA_EXCEEDED
    with connect() as second:
        other = uuid.uuid4()
        assert get(second, other)["error_code"] == NONE
    until(lambda: get(client, other)["error_code"] == NONE, "the instance is forgotten")
