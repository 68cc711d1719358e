"""Every API in every version that Barnabas and a Kafka advertise, asked of both: the answers are equal, field by field.

What differs and stays so is in docs/compatibility.md, with its reason; a difference that is not there fails, and so
does a row there that no answer shows any more. What no two brokers have in common (ports, ids, times, texts of errors)
is compared by its kind.
"""

import inspect
import json
import re
import uuid
from pathlib import Path

import pytest
from asked import World
from groups import COORDINATOR_NOT_READY
from shapes import ALL
from talk import until
from wire import CATALOGUE, Client, Closed

COMPATIBILITY = Path(__file__).parents[2] / "docs/compatibility.md"

# Fields of which only null or not null is compared, empty or not empty.
VOLATILE = {
    "port", "cluster_id", "documentation", "topic_id", "producer_id", "session_id", "member_id", "log_dir", "total_bytes", "usable_bytes",
}  # fmt: skip
# The same, where the field's name means something else elsewhere.
VOLATILE_OF = {
    "ApiVersions": {"api_keys", "supported_features", "finalized_features", "finalized_features_epoch"},  # the first table of that page
    "DescribeQuorum": {"leader_epoch", "high_watermark", "log_end_offset", "last_fetch_timestamp", "last_caught_up_timestamp", "replica_directory_id"},
    "JoinGroup": {"leader"},
}  # fmt: skip


def kind_of(value):
    if isinstance(value, uuid.UUID):
        return "id" if value.int else "zero id"
    return f"{type(value).__name__}{'' if value else ', empty'}"


def comparable(api, value, name=""):
    if name in VOLATILE or name in VOLATILE_OF.get(api, ()):
        return kind_of(value)
    if isinstance(value, dict):
        failed = value.get("error_code")  # then the text is ours
        return {key: comparable(api, one, key) for key, one in value.items() if not (failed and key == "error_message")}
    if isinstance(value, list):
        return sorted((comparable(api, one, name) for one in value), key=lambda one: json.dumps(one, default=str))
    return value.hex() if isinstance(value, bytes) else value


def differing(ours, theirs, path=""):
    """Paths of the fields that differ; an element of a list counts as its list."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from differing(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for one, other in zip(ours, theirs, strict=True):
            yield from differing(one, other, path)
    elif ours != theirs:
        yield path or "the answer", ours, theirs


def advertised(broker):
    with Client(broker.address) as client:
        answer = client.call("ApiVersions", 0)
    return {one["api_key"]: range(one["min_version"], one["max_version"] + 1) for one in answer["api_keys"]}


def answer_of(broker, api, version, wished):
    """wished: the request's values, or a conversation that returns them (shapes.py)."""

    def ask(api, version, values):
        # Kafka fetches its first block of producer ids when it is asked for one.
        return until(lambda: ready(client.call(api, version, values)), f"{api} is ready")

    with Client(broker.address) as client:
        try:
            if inspect.isgenerator(wished):
                wished = converse(wished, ask)
            return comparable(api, ask(api, version, wished))
        except Closed:
            return "closed"


def converse(conversation, ask):
    """Asks what a conversation yields, and returns what it returns."""
    try:
        answer = None
        while True:
            answer = ask(*conversation.send(answer))
    except StopIteration as end:
        return end.value


def ready(answer):
    return None if answer.get("error_code") in COORDINATOR_NOT_READY else answer


@pytest.fixture(scope="module")
def worlds(brokers):
    made = {}
    for name, broker in brokers.items():
        with Client(broker.address, deadline_s=60) as client:
            made[name] = World.make(client)
    return made


@pytest.fixture(scope="module")
def versions(brokers):
    """(the Kafka to compare with, version) by API: the newest that has the version."""
    served = {name: advertised(broker) for name, broker in brokers.items()}
    found = {}
    for api in ALL:
        key = CATALOGUE.apis[api].key
        for version in served["barnabas"][key]:
            kafka = next((name for name in ("4.3.1", "3.9.2") if version in served[name].get(key, ())), None)
            if kafka:
                found.setdefault(api, []).append((kafka, version))
    return found


def documented():
    """{(API, request, field): why} of the page's table."""
    section = COMPATIBILITY.read_text().split("## Field by field", 1)[1].split("\n## ", 1)[0]
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \| `([^`]*)` \| ([^|]+) \|$", section, re.MULTILINE)
    return {(api, request.strip(), field): why.strip() for api, request, field, why in rows}


def test_every_served_api_is_asked(brokers):
    by_key = {CATALOGUE.apis[api].key: api for api in ALL}
    assert not advertised(brokers["barnabas"]).keys() - by_key.keys()


@pytest.mark.parametrize("api", ALL)
def test_the_answers_are_kafkas(api, brokers, worlds, versions):
    stays = {key: why for key, why in documented().items() if key[0] == api}
    seen, unexpected = set(), {}
    for kafka, version in versions[api]:
        for request, wish in ALL[api].items():
            wishes = {name: wish(worlds[name], version) for name in ("barnabas", kafka)}
            if None in wishes.values():
                continue
            answers = [answer_of(brokers[name], api, version, wished) for name, wished in wishes.items()]
            for field, ours, theirs in differing(*answers):
                if (api, request, field) in stays:
                    seen.add((api, request, field))
                else:
                    what = f"{request}: `{field}` is {ours}, Kafka {kafka} says {theirs}"
                    unexpected.setdefault(what, []).append(version)
    assert not unexpected, "\n" + "\n".join(f"{api} {versions}, {what}" for what, versions in unexpected.items())
    assert seen == stays.keys(), "rows that no answer shows any more"
