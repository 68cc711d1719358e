"""Every client writes and reads 100,000 records with every codec, and a broker restart falls between.

The story is the same for all: the client writes half, a group reads a part and commits, the broker
restarts, the same producer goes on, everything is read alone, and the group goes on where it was.
"""

import pytest

from clients import ALL_CODECS, CLIENTS, FRANZ_GO, LIBRDKAFKA, PROGRAM_TIMEOUT_S, Kcat
from records import COUNT, PARTITIONS, expected_sha256
from topics import create_topic, end_offsets

HALF = COUNT // 2
QUARTER = COUNT // 4
PER_PARTITION = COUNT // PARTITIONS

CASES = [pytest.param(client, codec, id=f"{client}-{codec}") for client in CLIENTS for codec in client.codecs]


def check(summary, kind, view, t0, starts=None):
    """The records at these offsets are those that were written. Returns where the next reader starts."""
    starts = dict(starts or {})
    for seen in summary["partitions"]:
        partition, first, last = seen["partition"], seen["first"], seen["last"]
        assert first == starts.get(partition, 0), f"starts elsewhere: {seen}"
        assert seen["count"] == last - first + 1, f"gaps or doubles: {seen}"
        assert seen["sha256"] == expected_sha256(kind, view, t0, partition, first, last), f"other records: {seen}"
        starts[partition] = last + 1
    return starts


def everything(starts):
    return starts == {partition: PER_PARTITION for partition in range(PARTITIONS)}


@pytest.mark.parametrize(("client", "codec"), CASES)
def test_writes_and_reads_through_a_restart(client, codec, restarting_broker, run, new_topic, t0, request):
    restart = (lambda: None) if request.config.getoption("--no-restart") else restarting_broker.restart
    tell_the_story(client, codec, restarting_broker, restart, run, new_topic, t0)


@pytest.mark.parametrize("client", [LIBRDKAFKA, FRANZ_GO], ids=str)
def test_writes_and_reads_through_a_crash(client, restarting_broker, run, new_topic, t0):
    def crash():
        restarting_broker.kill()
        restarting_broker.start()

    tell_the_story(client, "lz4", restarting_broker, crash, run, new_topic, t0)


def tell_the_story(client, codec, broker, interrupt, run, new_topic, t0):
    topic = new_topic(broker)
    group = f"group-of-{topic}"

    def consume(count, reader=client, **arguments):
        program = run(reader, broker, "consume", topic=topic, count=count, partitions=PARTITIONS, **arguments)
        summary = program.finish(PROGRAM_TIMEOUT_S)
        assert summary["count"] == count
        return summary

    producer = run(
        client,
        broker,
        "produce",
        topic=topic,
        codec=codec,
        partitions=PARTITIONS,
        t0=t0,
        pause=HALF,
        **{"from": 0, "to": COUNT},
    )
    producer.wait_for("paused", PROGRAM_TIMEOUT_S)
    committed = check(consume(QUARTER, group=group), client.kind, client.view, t0)

    interrupt()
    assert end_offsets(broker, topic, PARTITIONS) == [HALF // PARTITIONS] * PARTITIONS
    stored = {stored for partition in range(PARTITIONS) for stored in broker.stored_codecs(topic, partition)}
    # A producer may leave a batch alone that compression would not make smaller.
    assert ALL_CODECS.index(codec) in stored <= {ALL_CODECS.index(codec), 0}

    producer.tell("go on")
    assert producer.finish(PROGRAM_TIMEOUT_S) == {"event": "done", "produced": COUNT}
    assert end_offsets(broker, topic, PARTITIONS) == [PER_PARTITION] * PARTITIONS

    assert everything(check(consume(COUNT), client.kind, client.view, t0))
    assert everything(check(consume(COUNT - QUARTER, group=group), client.kind, client.view, t0, committed))
    # What one client cannot see, another can.
    assert everything(check(consume(COUNT, reader=LIBRDKAFKA), client.kind, LIBRDKAFKA.view, t0))


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_reads_what_another_wrote_with_every_codec(client, broker, run, mixed_topic, t0):
    program = run(client, broker, "consume", topic=mixed_topic, count=COUNT, partitions=PARTITIONS)
    assert everything(check(program.finish(PROGRAM_TIMEOUT_S), "full", client.view, t0))


@pytest.fixture(scope="module")
def mixed_topic(shared_broker, t0):
    """A topic that one client wrote with all codecs in turn."""
    topic = "written-with-every-codec"
    create_topic(shared_broker, topic, PARTITIONS)
    share = COUNT // len(ALL_CODECS)
    for turn, codec in enumerate(ALL_CODECS):
        program = CLIENTS[0].run(
            "produce",
            brokers=shared_broker.address,
            topic=topic,
            codec=codec,
            partitions=PARTITIONS,
            t0=t0,
            **{"from": turn * share, "to": (turn + 1) * share},
        )
        try:
            program.finish(PROGRAM_TIMEOUT_S)
        finally:
            program.close()
    return topic


@pytest.mark.parametrize("codec", ALL_CODECS)
def test_kcat_writes_and_reads_through_a_restart(codec, restarting_broker, new_topic, request):
    broker = restarting_broker
    topic = new_topic(broker)
    kcat = Kcat(broker.address, topic)
    kcat.write(codec, 0, HALF, PARTITIONS)
    committed = check(kcat.read(QUARTER, group="kcat-" + topic), "text", "exact", 0)

    if not request.config.getoption("--no-restart"):
        broker.restart()
    assert end_offsets(broker, topic, PARTITIONS) == [HALF // PARTITIONS] * PARTITIONS

    kcat.write(codec, HALF, COUNT, PARTITIONS)
    assert end_offsets(broker, topic, PARTITIONS) == [PER_PARTITION] * PARTITIONS
    assert everything(check(kcat.read(COUNT), "text", "exact", 0))
    assert everything(check(kcat.read(COUNT - QUARTER, group="kcat-" + topic), "text", "exact", 0, committed))
