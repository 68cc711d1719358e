"""docs/compatibility.md says what the broker advertises, key by key."""

import re

import pytest

from wire import CATALOGUE, REPOSITORY

pytestmark = pytest.mark.ours("the page is about Barnabas")

ROW = re.compile(r"^\| (\d+) \| (\w+) \| [^|]* \| (served|not yet|never) \| ([^|]*) \|")


def documented():
    """(name, state, versions) by key."""
    rows = {}
    for line in (REPOSITORY / "docs" / "compatibility.md").read_text().splitlines():
        if found := ROW.match(line):
            key, name, state, versions = found.groups()
            assert int(key) not in rows, f"key {key} has two rows"
            low, _, high = versions.strip().partition("-")
            rows[int(key)] = (name, state, (int(low), int(high or low)) if low else None)
    return rows


def test_the_table_is_what_the_broker_answers(client):
    answer = client.call("ApiVersions", 3, {"client_software_name": "t", "client_software_version": "1"})
    advertised = {one["api_key"]: (one["min_version"], one["max_version"]) for one in answer["api_keys"]}
    assert {key: versions for key, (_, state, versions) in documented().items() if state == "served"} == advertised


def test_every_key_has_its_row():
    rows = documented()
    assert sorted(rows) == list(range(93))
    for api in CATALOGUE.apis.values():
        assert rows[api.key][0] == api.name
    assert all(versions is None for _, state, versions in rows.values() if state != "served")
