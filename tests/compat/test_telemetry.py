"""Clients push their own metrics (KIP-714) when a subscription asks for them, and /metrics shows them as long as they are there."""

import re
import subprocess
import urllib.request

import pytest
from prometheus_client.parser import text_string_to_metric_families

from clients import CONFLUENT, JAVA
from harness import PATIENCE, Barnabas, wait_until

PREFIX = "org.apache.kafka.consumer."


def series_of_clients(broker):
    """The samples of what clients tell, by name."""
    port = re.search(r"\bhttp=127\.0\.0\.1:(\d+)", broker.log_of_this_start())[1]
    text = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=20).read().decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    found = {}
    for sample in samples:
        if sample.name.startswith("barnabas_client"):
            found.setdefault(sample.name, []).append(sample)
    return found


@pytest.mark.parametrize(("client", "software"), [(JAVA, "apache-kafka-java"), (CONFLUENT, "confluent-kafka-python")], ids=str)
def test_what_a_consumer_tells_of_itself(client, software, broker, new_topic, run):
    if not isinstance(broker, Barnabas):
        pytest.skip("Kafka gives it to a plugin")
    topic = new_topic(broker, 1)
    subscription = ("config", "set", "client-metrics", topic, "-b", broker.address)
    subprocess.run([broker.binary, *subscription, f"metrics={PREFIX}", "interval.ms=100", f"match=client_software_name={software}"], check=True)
    try:
        consumer = run(client, broker, "share", topic=topic, group=f"group-of-{topic}")

        def told():
            found = series_of_clients(broker)
            mine = [sample.labels for sample in found.get("barnabas_client_info", []) if sample.labels["software"] == software]
            sums = {sample.labels["metric"] for sample in found.get("barnabas_client_sum_total", [])}
            return mine and f"{PREFIX}connection.creation.total" in sums and (mine, found)

        (mine,), found = wait_until(told, 60 * PATIENCE, f"{software} tells of itself")
        values = [*found["barnabas_client_value"], *found["barnabas_client_sum_total"]]
        assert all(sample.labels["metric"].startswith(PREFIX) for sample in values)
        assert {sample.labels["client_instance"] for sample in values} == {mine["client_instance"]}
        consumer.tell("end")
        consumer.finish(60 * PATIENCE)
        wait_until(lambda: "barnabas_client_info" not in series_of_clients(broker), 20 * PATIENCE, "its series are gone")
    finally:
        changes = ("--delete", "metrics", "--delete", "interval.ms", "--delete", "match")
        subprocess.run([broker.binary, *subscription, *changes], check=True)
