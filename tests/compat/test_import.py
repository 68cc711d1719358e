"""A topic that a real Kafka wrote is copied in by `barnabas storage import`, and the Java client reads every record."""

import json
import subprocess

import pytest

from clients import ALL_CODECS, JAVA, PROGRAM_TIMEOUT_S
from harness import ApacheKafka, Barnabas
from records import PARTITIONS
from test_produce_consume import check
from topics import create_topic, end_offsets

TOPIC = "orders"
COUNT = 20_000


def import_into(broker, *words):
    return subprocess.run(
        [str(broker.binary), "storage", "import", "--set", f"log.dirs={broker.data_dir}", *map(str, words)],
        capture_output=True,
        text=True,
        env=broker.environment(),
        timeout=120,
    )


@pytest.fixture(scope="module")
def kafkas_folder(request, tmp_path_factory, t0):
    """The log directory of a Kafka that wrote the topic with every codec and was stopped."""
    if request.config.getoption("--broker") != "barnabas":
        pytest.skip("there is nothing to import into a Kafka")
    with ApacheKafka(tmp_path_factory.mktemp("kafka")) as kafka:
        create_topic(kafka, TOPIC, PARTITIONS)
        share = COUNT // len(ALL_CODECS)
        for turn, codec in enumerate(ALL_CODECS):
            spread = {"from": turn * share, "to": (turn + 1) * share}
            program = JAVA.run("produce", brokers=kafka.address, topic=TOPIC, codec=codec, partitions=PARTITIONS, t0=t0, **spread)
            program.finish(PROGRAM_TIMEOUT_S)
            program.close()
        ends = end_offsets(kafka, TOPIC, PARTITIONS)
        kafka.stop()
        yield kafka.data_dir, ends


@pytest.fixture
def idle_broker(tmp_path):
    """Not started: an import wants the data directory for itself."""
    broker = Barnabas(tmp_path)
    yield broker
    broker.close()


def test_a_kafkas_topic_is_imported_and_read_whole(kafkas_folder, run, t0, idle_broker):
    folder, ends = kafkas_folder
    broker = idle_broker
    done = import_into(broker, "-o", "json", folder / f"{TOPIC}-0")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [one["end_offset"] for one in told["partitions"]] == ends
    ids = {one["topic_id"] for one in told["partitions"]}
    stored = (folder / f"{TOPIC}-0" / "partition.metadata").read_text()
    assert len(ids) == 1 and ids.pop() in stored

    broker.start()
    assert end_offsets(broker, TOPIC, PARTITIONS) == ends
    program = run(JAVA, broker, "consume", topic=TOPIC, count=COUNT, partitions=PARTITIONS)
    starts = check(program.finish(PROGRAM_TIMEOUT_S), JAVA.kind, JAVA.view, t0)
    assert starts == dict(enumerate(ends))
    # And it goes on: what is written now comes behind what was imported.
    more = {"from": COUNT, "to": COUNT + 1000}
    run(JAVA, broker, "produce", topic=TOPIC, codec="zstd", partitions=PARTITIONS, t0=t0, **more).finish(PROGRAM_TIMEOUT_S)
    assert sum(end_offsets(broker, TOPIC, PARTITIONS)) == COUNT + 1000


def test_what_cannot_be_imported_is_refused(kafkas_folder, idle_broker):
    folder, _ = kafkas_folder
    broker = idle_broker
    assert import_into(broker, folder / "no-such-topic-0").returncode == 1
    wrong = import_into(broker, folder)
    assert wrong.returncode == 2 and "TOPIC-PARTITION" in wrong.stderr
    assert import_into(broker, folder / f"{TOPIC}-0").returncode == 0
    again = import_into(broker, folder / f"{TOPIC}-0")
    assert again.returncode == 1 and "exists" in again.stderr
