"""/metrics: every name that docs/metrics.md has, the right numbers, and no more series than it promises."""

import re
import uuid

import otlp
import pytest
from conftest import REPOSITORY, Http, Scrape
from groups import Member, commit, coordinator_ready
from quota_words import quota
from records import Record, batch
from talk import NONE, Topic, create_topic, delete_topics, fetch, fetch_request, produce, produce_request, rule, until
from telemetry import get, subscribed, tells
from wire import Client

ROW = re.compile(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \| ([a-z_, ]*) \|", re.MULTILINE)


def documented():
    """{name: (kind, labels)} of docs/metrics.md."""
    page = (REPOSITORY / "docs/metrics.md").read_text(encoding="utf-8")
    return {name: (kind, {label.strip() for label in labels.split(",")} - {""}) for name, kind, labels in ROW.findall(page)}


def family_of(sample_name, rows):
    """The row a sample belongs to: a histogram's samples have endings."""
    for ending in ("", "_bucket", "_sum", "_count"):
        base = sample_name.removesuffix(ending) if ending else sample_name
        if base in rows and (not ending or rows[base][0] == "histogram"):
            return base
    return None


def unique(what):
    return f"{what}-{uuid.uuid4().hex[:8]}"


def missing():
    """A topic that nobody made."""
    return Topic(unique("missing"), uuid.uuid4())


def some_work(client, connect, topic):
    """A little of everything that is counted."""
    for i in range(5):
        assert produce(client, topic, batch([b"value"] * 3))["error_code"] == NONE, i
    produce(client, missing(), batch([b"x"]))
    fetch(client, topic, 0)
    group = unique("group")
    coordinator_ready(client, group)
    member = Member(connect(), group, topics=[topic])
    member.join()
    member.sync({member.id: b""})
    assert member.commit(topic, 4) == NONE
    with subscribed(client):
        tells(client, otlp.gauge("a.gauge", 1.5), otlp.counter("a.total", 1))
    return group, member


def test_the_documented_metrics_are_those_that_are_there(client, connect, new_topic, web):
    topic = new_topic(unique("documented"))
    some_work(client, connect, topic)
    rows = documented()
    scrape = web.scrape()
    found = {}
    for sample in scrape.samples:
        row = family_of(sample.name, rows)
        assert row, f"{sample.name} is not in docs/metrics.md"
        kind, labels = rows[row]
        own = set(sample.labels) - ({"le"} if kind == "histogram" else set())
        # Traffic has a series without a topic: over all of them.
        assert own == labels or (own == set() and labels == {"topic"}), sample
        found[row] = kind
    assert set(rows) == set(found), f"never seen: {set(rows) - set(found)}"


def test_types_and_help_are_told(web):
    text = web.ask("/metrics").text
    for name, (kind, _) in documented().items():
        if f"# HELP {name} " in text:
            assert f"# TYPE {name} {kind}\n" in text


def test_records_bytes_and_offsets_are_counted(client, new_topic, web):
    topic = new_topic(unique("counted"))
    before = web.scrape()
    data = batch([b"value"] * 3)
    for _ in range(4):
        assert produce(client, topic, data)["error_code"] == NONE
    fetch(client, topic, 0)
    after = web.scrape()
    metrics = "kafka_server_brokertopicmetrics_"
    for name, labels in ((metrics + "messagesin_total", {}), ("barnabas_records_in_total", {})):
        assert after.exactly(name, **labels) - before.exactly(name, **labels) == 12
    assert after.one(metrics + "messagesin_total", topic=topic.name) == 12
    assert after.one(metrics + "bytesin_total", topic=topic.name) == 4 * len(data)
    assert after.one(metrics + "bytesout_total", topic=topic.name) == 4 * len(data)
    assert after.exactly(metrics + "bytesout_total") - before.exactly(metrics + "bytesout_total") == 4 * len(data)
    assert after.one(metrics + "totalproducerequests_total", topic=topic.name) == 4
    assert after.one(metrics + "failedproducerequests_total", topic=topic.name) == 0
    assert after.one("kafka_topic_partition_current_offset", topic=topic.name, partition="0") == 12
    assert after.one("kafka_topic_partition_oldest_offset", topic=topic.name, partition="0") == 0
    assert after.one("kafka_log_log_logendoffset", topic=topic.name, partition="0") == 12
    assert after.one("kafka_log_log_size", topic=topic.name, partition="0") == 4 * len(data)
    assert after.one("kafka_topic_partitions", topic=topic.name) == 1


def test_a_refused_batch_is_a_failed_produce(client, new_topic, web):
    topic = new_topic(unique("refused"))
    before = web.scrape().exactly("barnabas_request_errors_total", api="Produce", error="CORRUPT_MESSAGE")
    assert produce(client, topic, batch([b"x"], crc=1))["error_code"] == 2
    scrape = web.scrape()
    assert scrape.one("kafka_server_brokertopicmetrics_failedproducerequests_total", topic=topic.name) == 1
    assert scrape.one("barnabas_request_errors_total", api="Produce", error="CORRUPT_MESSAGE") == before + 1


def test_requests_are_counted_with_their_phases(client, new_topic, web):
    topic = new_topic(unique("phases"))
    produce(client, topic, batch([b"x"]))
    before = web.scrape()
    for _ in range(10):
        produce(client, topic, batch([b"x"]))
    after = web.scrape()

    def grown(name, **labels):
        return after.one(name, api="Produce", **labels) - before.one(name, api="Produce", **labels)

    assert grown("barnabas_requests_total") == 10
    assert grown("barnabas_request_bytes_total") > 10 * 60
    assert grown("barnabas_response_bytes_total") > 10 * 20
    assert grown("barnabas_request_seconds_count") == 10
    assert grown("barnabas_request_seconds_bucket", le="+Inf") == 10
    parts = 0
    for phase in ("queue", "local", "wait", "send"):
        assert grown("barnabas_request_phase_seconds_count", phase=phase) == 10
        parts += grown("barnabas_request_phase_seconds_sum", phase=phase)
    assert parts == pytest.approx(grown("barnabas_request_seconds_sum"), abs=1e-6)


def test_a_long_poll_waits_and_does_not_work(client, new_topic, web):
    topic = new_topic(unique("poll"))
    before = web.scrape()
    fetch(client, topic, 0, max_wait_ms=300, min_bytes=1)
    after = web.scrape()

    def grown(phase):
        name = "barnabas_request_phase_seconds_sum"
        return after.exactly(name, api="Fetch", phase=phase) - before.exactly(name, api="Fetch", phase=phase)

    assert grown("wait") >= 0.29
    assert grown("local") < 0.25


def test_what_is_held_back_by_an_earlier_request_queues(client, new_topic, web):
    topic = new_topic(unique("queue"))
    name = "barnabas_request_phase_seconds_sum"
    before = web.scrape().exactly(name, api="Metadata", phase="queue")
    wait = fetch_request([(topic, 0, 0)], version=11, max_wait_ms=300, min_bytes=1)
    client.call_together([("Fetch", 11, wait), ("Metadata", 12, {"topics": []})])
    assert web.scrape().exactly(name, api="Metadata", phase="queue") - before >= 0.2


def test_a_group_has_members_offsets_and_lag(client, connect, new_topic, web):
    topic = new_topic(unique("lag"), partitions=2)
    for partition, count in ((0, 7), (1, 5)):
        produce(client, topic, batch([b"x"] * count), partition=partition)
    group = unique("group")
    coordinator_ready(client, group)
    assert commit(client, group, topic, 4, partition=0) == NONE
    assert commit(client, group, topic, 5, partition=1) == NONE
    scrape = web.scrape()
    labels = {"consumergroup": group, "topic": topic.name}
    assert scrape.one("kafka_consumergroup_current_offset", partition="0", **labels) == 4
    assert scrape.one("kafka_consumergroup_lag", partition="0", **labels) == 3
    assert scrape.one("kafka_consumergroup_lag", partition="1", **labels) == 0
    assert scrape.one("kafka_consumergroup_lag_sum", **labels) == 3
    assert scrape.one("kafka_consumergroup_current_offset_sum", **labels) == 9
    assert scrape.one("kafka_consumergroup_members", consumergroup=group) == 0
    assert scrape.one("barnabas_groups", state="Empty") >= 1
    other = unique("group")
    coordinator_ready(client, other)
    member = Member(connect(), other, topics=[topic])
    member.join()
    member.sync({member.id: b""})
    assert web.scrape().one("kafka_consumergroup_members", consumergroup=other) == 1


def test_connections_are_counted(connect, web):
    before = web.scrape()
    connect(), connect()

    def more():
        scrape = web.scrape()
        opened = scrape.one("barnabas_connections", listener="PLAINTEXT") - before.one("barnabas_connections", listener="PLAINTEXT")
        accepted = scrape.one("barnabas_connections_accepted_total") - before.one("barnabas_connections_accepted_total")
        return opened == 2 and accepted == 2

    until(more, "two more connections")


def test_syncs_the_node_and_the_process(broker, client, new_topic, web):
    topic = new_topic(unique("sync"))
    before = web.scrape().one("barnabas_log_sync_seconds_count")
    produce(client, topic, batch([b"x"]))
    scrape = web.scrape()
    assert scrape.one("barnabas_log_sync_seconds_count", directory=str(broker.data_dir)) > before
    assert scrape.one("barnabas_log_sync_group_size_count") == scrape.one("barnabas_log_sync_seconds_count")
    assert scrape.one("barnabas_log_directory_online") == 1
    assert scrape.one("barnabas_log_directory_free_bytes") > 0
    assert scrape.one("barnabas_ready") == 1
    assert 0 < scrape.one("barnabas_start_seconds") < 60
    assert scrape.one("kafka_brokers") == 1
    assert scrape.one("kafka_broker_info", address=broker.address) == 1
    assert scrape.one("kafka_controller_kafkacontroller_activecontrollercount") == 1
    assert scrape.one("process_resident_memory_bytes") > 1 << 20
    assert scrape.one("process_open_fds") > 5
    assert scrape.one("process_cpu_seconds_total") > 0
    assert scrape.one("process_start_time_seconds") > 1.6e9


def test_a_deleted_topic_takes_its_series_along_but_not_the_totals(client, new_topic, web):
    topic = new_topic(unique("deleted"))
    produce(client, topic, batch([b"x"] * 9))
    total = web.scrape().exactly("barnabas_records_in_total")
    delete_topics(client, topic.name)
    until(lambda: topic.name not in web.scrape().text, "its series go")
    assert web.scrape().exactly("barnabas_records_in_total") == total


def test_recovery_is_told(start_broker):
    broker = start_broker()
    with Client(broker.address) as client:
        topic = create_topic(client, "recovered", 2)
        produce(client, topic, batch([b"x"]))
    assert Http(broker).scrape().exactly("barnabas_recovery_logs", state="clean") == 0
    broker.restart()
    assert Http(broker).scrape().exactly("barnabas_recovery_logs", state="clean") == 2
    broker.kill()
    broker.start()
    assert Http(broker).scrape().exactly("barnabas_recovery_logs", state="recovered") == 2


def test_quotas_that_throttle_are_counted_by_kind(client, connect, new_topic, web):
    topic, greedy = new_topic(unique("quota")), connect(client_id="greedy-for-metrics")
    entity = {"client-id": "greedy-for-metrics"}

    def grown(kind):
        names = ("barnabas_quota_throttles_total", "barnabas_quota_rest_seconds_total")
        now = web.scrape()
        return [now.one(name, kind=kind) - before.one(name, kind=kind) for name in names]

    before = web.scrape()
    assert quota(client, entity, ("producer_byte_rate", 20_000.0), ("consumer_byte_rate", 20_000.0)) == NONE
    try:
        data = batch([b"x" * 250_000])
        rest_ms = until(lambda: greedy.call("Produce", 9, produce_request([(topic, 0, data)]))["throttle_time_ms"], "throttled")
        throttles, seconds = grown("produce")
        assert throttles == 1 and seconds == pytest.approx(rest_ms / 1000, abs=0.002)
        assert grown("fetch") == [0, 0] and grown("request") == [0, 0]
        reader = connect(client_id="greedy-for-metrics")
        wish = fetch_request([(topic, 0, 0)], version=11, max_bytes=1 << 20)
        rest_ms = until(lambda: reader.call("Fetch", 11, wish)["throttle_time_ms"], "throttled")
        throttles, seconds = grown("fetch")
        assert throttles == 1 and seconds == pytest.approx(rest_ms / 1000, abs=0.002)
    finally:
        assert quota(client, entity, ("producer_byte_rate", None), ("consumer_byte_rate", None)) == NONE


def test_what_compaction_did_is_told(start_broker):
    broker = start_broker({"log.cleaner.backoff.ms": "50"})
    web = Http(broker)
    with Client(broker.address) as client:
        before = web.scrape()
        configs = {"cleanup.policy": "compact", "segment.bytes": "1100000", "min.cleanable.dirty.ratio": "0.01"}
        topic = create_topic(client, "compacted", 1, configs)
        for _ in range(4):
            assert produce(client, topic, batch([Record(key=b"k", value=b"x" * 900_000)]))["error_code"] == NONE
        scrape = until(lambda: (one := web.scrape()).one("barnabas_cleaner_passes_total", result="done") >= 1 and one, "a pass is done")
        assert scrape.one("barnabas_cleaner_read_bytes_total") > 900_000
        assert 900_000 < scrape.one("barnabas_cleaner_written_bytes_total") < scrape.one("barnabas_cleaner_read_bytes_total")
        assert scrape.one("barnabas_cleaner_passes_total", result="failed") == 0
        assert scrape.one("barnabas_cleaner_uncleanable_partitions") == 0
        looked = "barnabas_cleaner_last_look_time_seconds"
        assert scrape.one(looked) > before.one(looked)
        assert scrape.one("kafka_log_logcleanermanager_time_since_last_run_ms") < 20_000
        assert scrape.one("kafka_log_logcleanermanager_max_dirty_percent") == 100 * scrape.one("barnabas_cleaner_dirty_ratio_max")


def test_a_cleaner_that_is_off_has_no_time_of_its_last_run(start_broker):
    scrape = Http(start_broker({"log.cleaner.enable": "false"})).scrape()
    assert not scrape.all("kafka_log_logcleanermanager_time_since_last_run_ms")
    assert scrape.one("barnabas_cleaner_passes_total", result="done") == 0


def test_what_clients_tell_of_themselves(client, connect, web):
    other = connect(client_id="teller")
    with subscribed(client, "a.,b."):
        before = web.scrape()
        own = tells(
            other,
            otlp.gauge("a.latency", 2.5, topic="t", partition=3, node_id="node-1", reason="x"),
            otlp.counter("b.total", 7),
            otlp.gauge("c.unwanted", 1),
            resource={"group_id": "readers"},
        )
        scrape = web.scrape()
        about = {"client_instance": own, "client_id": "teller"}
        labels = {"topic": "t", "partition": "3", "node": "node-1", "attributes": "reason=x"}
        assert scrape.one("barnabas_client_value", metric="a.latency", **about, **labels) == 2.5
        assert scrape.one("barnabas_client_sum_total", metric="b.total", **about) == 7
        assert scrape.one("barnabas_client_info", group="readers", software="unknown", address="127.0.0.1", **about) == 1
        assert scrape.one("barnabas_client_last_push_time_seconds", client_instance=own) > 1.6e9
        assert not scrape.all("barnabas_client_value", metric="c.unwanted")
        for name in ("barnabas_client_points_left_out_total", "barnabas_client_pushes_total", "barnabas_clients"):
            assert scrape.one(name) - before.one(name) == 1
        other.close()
        until(lambda: own not in web.scrape().text, "its series go with it")


@rule("D10", "D16")
def test_D10_what_a_client_tells_cannot_break_the_scrape(start_broker):
    broker = start_broker({"barnabas.metrics.series.max": "50"})
    odd = ('q"\\', "line\nkafka_brokers 99\n", "\x00\x1b[31m", "ümläut", "x" * 255, "x" * 256, "a,b=c", "a%2Cb", "\udcff\udcfe")
    with Client(broker.address) as client, Client(broker.address, client_id='evil"\n' * 50) as evil, subscribed(client):
        tells(evil, *(otlp.gauge(name, 1.0, **{label: name}) for name in odd for label in ("topic", "node_id", "k", 'k="', "partition")))
        many = Client(broker.address)
        tells(many, *(otlp.counter(f"many.{i}", float("nan") if i % 2 else float("inf")) for i in range(100)), *[otlp.gauge("same", 1)] * 3)
        scrape = Http(broker).scrape()
        series = [(sample.name, *sorted(sample.labels.items())) for sample in scrape.samples]
        assert len(series) == len(set(series)), "a series twice, and Prometheus takes none"
        assert scrape.one("kafka_brokers") == 1
        assert len(scrape.all("barnabas_client_value")) + len(scrape.all("barnabas_client_sum_total")) == 50
        assert scrape.one("barnabas_client_points_left_out_total") == len(odd) * 5 + 103 - 50
        assert all(value.isascii() and value.isprintable() for sample in scrape.samples for value in sample.labels.values())
        for _ in range(30):
            assert get(many)["error_code"] == NONE
        assert Http(broker).scrape().one("barnabas_clients") == 2, "a connection has one instance"
        many.close()


@rule("D16")
def test_D16_no_client_makes_series(client, connect, new_topic, web):
    topic = new_topic(unique("bounded"))
    produce(client, topic, batch([b"x"]))
    produce(client, missing(), batch([b"x"]))
    fetch(client, topic, 0)
    fetch(client, missing(), 0)
    client.call("Metadata", 12, {"topics": [{"name": "nobody-made-this"}], "allow_auto_topic_creation": False})
    series = {(sample.name, *sorted(sample.labels.items())) for sample in web.scrape().samples}
    for i in range(50):
        odd = connect(client_id=f"client-{i}")
        produce(odd, missing(), batch([b"x"]))
        fetch(odd, missing(), 0)
        odd.call("Metadata", 12, {"topics": [{"name": f"nobody-made-{i}"}], "allow_auto_topic_creation": False})
        produce(odd, topic, batch([b"x"]))
    after = {(sample.name, *sorted(sample.labels.items())) for sample in web.scrape().samples}
    assert not {one for one in after - series if one[0].startswith(("barnabas_", "kafka_"))}


@rule("D16")
def test_D16_series_of_partitions_and_groups_have_a_limit(start_broker):
    broker = start_broker({"barnabas.metrics.series.max": "5", "offsets.topic.num.partitions": "1"})
    with Client(broker.address) as client:
        topics = [create_topic(client, name, partitions) for name, partitions in (("a", 4), ("b", 3), ("c", 2))]
        for topic in topics:
            produce(client, topic, batch([b"x"] * 2))
        for i in range(9):
            coordinator_ready(client, f"g{i}")
            assert commit(client, f"g{i}", topics[0], 1) == NONE
        scrape = Http(broker).scrape()
        # __consumer_offsets comes first by name, and takes one of the five.
        assert len(scrape.all("kafka_log_log_size")) == 5
        assert scrape.one("barnabas_metrics_left_out", of="partitions") == 5
        counted = "kafka_server_brokertopicmetrics_messagesin_total"
        assert scrape.one(counted, topic="a") == 2
        assert scrape.one(counted, topic="other topics") == 4
        assert len(scrape.all("kafka_consumergroup_lag")) == 5
        assert scrape.one("barnabas_metrics_left_out", of="groups") == 1


@rule("D10")
def test_D10_a_groups_name_cannot_break_the_scrape(client, new_topic, web):
    topic = new_topic(unique("names"))
    odd = ('quote"\\back', "line\nkafka_brokers 99\n", "tab\tesc\x1b[31m", "ümläut", "x" * 3000, "x" * 3000 + "y", "end\n", "end\\x0a")
    for group in odd:
        coordinator_ready(client, group)
        assert commit(client, group, topic, 0) == NONE, group
    scrape = web.scrape()
    assert isinstance(scrape, Scrape)
    assert scrape.one("kafka_brokers") == 1
    names = {sample.labels["consumergroup"] for sample in scrape.all("kafka_consumergroup_lag", topic=topic.name)}
    assert len(names) == len(odd)  # a series twice, and Prometheus takes none
    assert 'quote"\\x5cback' in names
    assert all(name.isascii() and name.isprintable() and len(name) < 256 for name in names)
