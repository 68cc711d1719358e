"""dashboards/barnabas.json: every query of every panel finds series in a scrape of a broker that has worked a little.

What stands in a query is metric{label="value",label=~"$variable"}: the name must be there, with a sample that has the labels
and, where no variable stands for it, the value.
"""

import json
import re

import pytest
from conftest import REPOSITORY, Http
import otlp
from groups import Member, coordinator_ready
from records import batch
from talk import NONE, Topic, create_topic, fetch, produce
from telemetry import subscribed, tells
from wire import ZERO_UUID, Client

DASHBOARD = json.loads((REPOSITORY / "dashboards/barnabas.json").read_text(encoding="utf-8"))
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
SELECTOR = re.compile(r"\b([a-z][a-z0-9_]*_[a-z0-9_]+)\s*\{([^}]*)\}")
MATCHER = re.compile(r'([a-z_]+)(=~|!~|!=|=)"([^"]*)"')
VARIABLE_QUERY = re.compile(r"label_values\((\w+), (\w+)\)")


@pytest.fixture(scope="module")
def scrape(broker):
    with Client(broker.address) as client, Client(broker.address) as reader:
        topic = create_topic(client, "dashboard")
        assert produce(client, topic, batch([b"x"] * 10))["error_code"] == NONE
        produce(client, Topic("nobody-made-this", ZERO_UUID), batch([b"x"]))
        fetch(client, topic, 0)
        coordinator_ready(client, "dashboards")
        member = Member(reader, "dashboards", topics=[topic])
        member.join()
        member.sync({member.id: b""})
        assert member.commit(topic, 4) == NONE
        with subscribed(client):
            latency = "org.apache.kafka.producer.request.latency.avg"
            tells(client, otlp.gauge(latency, 1.5, node_id="node-1"), otlp.counter("org.apache.kafka.producer.request.total", 7))
        yield Http(broker).scrape()


def matches(sample, matchers):
    for label, operator, value in matchers:
        if label == "instance":  # Prometheus adds it
            continue
        own = sample.labels.get(label, "")
        if value.startswith("$"):
            if not own:
                return False
        elif operator in ("=", "!="):
            if (own == value) != (operator == "="):
                return False
        elif bool(re.fullmatch(value, own)) != (operator == "=~"):
            return False
    return True


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_query_of_a_panel_finds_series(panel, scrape):
    assert panel["targets"]
    for target in panel["targets"]:
        selectors = SELECTOR.findall(target["expr"])
        assert selectors, f"no metric in {target['expr']}"
        for name, inside in selectors:
            matchers = MATCHER.findall(inside)
            assert len(matchers) == inside.count('="') + inside.count('~"'), f"not understood: {inside}"
            found = [sample for sample in scrape.samples if sample.name == name and matches(sample, matchers)]
            assert found, f"nothing to show for {name}{{{inside}}}"
            # What the legend and the sum name must be a label.
            for labels in re.findall(r"by \(([^)]*)\)", target["expr"]):
                wanted = {label.strip() for label in labels.split(",")} - {"instance"}
                assert any(wanted <= set(sample.labels) for sample in found), f"{name} has no {wanted}"


def test_variables_have_values(scrape):
    queries = [one["query"]["query"] for one in DASHBOARD["templating"]["list"] if one["type"] == "query"]
    assert queries
    for query in queries:
        name, label = VARIABLE_QUERY.fullmatch(query).groups()
        assert any(label == "instance" or label in sample.labels for sample in scrape.all(name)), query


def test_panels_do_not_lie_on_each_other():
    taken = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
