"""barnabas storage check and dump, on what a broker left behind."""

import json

import pytest
from conftest import BINARY, harness, run

# librdkafka leaves a batch as it is when a codec does not make it smaller; each of the two records may be one.
LONG = "1" * 1000


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """A broker that has written two topics and is stopped again."""
    broker = harness.Barnabas(tmp_path_factory.mktemp("stopped"), {"barnabas.durability": "page-cache"}, BINARY)
    try:
        broker.start()
        env = {"BARNABAS_BROKERS": broker.address}
        for topic, codec in (("plain", "none"), ("packed", "zstd")):
            assert run("topic", "create", topic, "-p", "1", env=env).code == 0
            assert run("produce", topic, "-k", "=", "-z", codec, stdin=f"a={LONG}\nb={LONG}\n", env=env).code == 0
        locked = run("storage", "check", str(broker.data_dir))
        assert locked.code == 1
        assert "a broker runs on it" in locked.err
        broker.stop()
        yield broker.data_dir
    finally:
        broker.close()


def test_a_sound_directory(stopped):
    checked = run("storage", "check", str(stopped), "-o", "json")
    assert checked.code == 0, checked.err
    rows = {each["segment"]: each for each in checked.json}
    assert rows["plain-0/00000000000000000000.log"]["records"] == 2
    assert rows["packed-0/00000000000000000000.log"]["last"] == 1
    assert all(each["problem"] is None for each in rows.values())


def test_batches_and_records(stopped):
    batches = run("storage", "dump", str(stopped / "packed-0"), "-o", "json").json
    assert sum(each["records"] for each in batches) == 2
    assert {(each["codec"], each["checksum"], each["kind"]) for each in batches} == {("zstd", "ok", "data")}
    segment = stopped / "packed-0" / "00000000000000000000.log"
    lines = run("storage", "dump", str(segment), "--records").out.splitlines()
    records = [json.loads(line) for line in lines]
    assert [(each["topic"], each["partition"], each["offset"], each["key"], each["value"]) for each in records] == [
        ("packed", 0, 0, "a", LONG),
        ("packed", 0, 1, "b", LONG),
    ]


def test_damage_is_found_and_where(stopped, tmp_path):
    folder = tmp_path / "plain-0"
    folder.mkdir()
    copy = folder / "00000000000000000000.log"
    whole = (stopped / "plain-0" / copy.name).read_bytes()
    copy.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    flipped = run("storage", "check", str(folder))
    assert flipped.code == 1
    assert "the checksum of the batch is wrong" in flipped.out
    copy.write_bytes(whole + b"\x00" * 100)
    torn = run("storage", "check", str(copy))
    assert torn.code == 1
    assert f"byte {len(whole)}: no batch begins here" in torn.out
    assert run("storage", "dump", str(copy)).code == 1
    copy.write_bytes(whole)
    assert run("storage", "check", str(folder)).code == 0


def test_what_is_no_log(tmp_path):
    assert run("storage", "check", str(tmp_path)).code == 2
    assert run("storage", "check", str(tmp_path / "gone")).code == 2
    assert run("storage", "dump").code == 2
