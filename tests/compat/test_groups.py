"""Two members of a group share six partitions; one leaves and the other gets everything."""

import pytest

from clients import CONFLUENT, FRANZ_GO, JAVA, JAVA_39, KAFKA_GO, KAFKA_PYTHON, KAFKAJS, LIBRDKAFKA, PROGRAM_TIMEOUT_S

PARTITIONS = 6
EACH = 100


def assigned(count):
    return lambda event: event["event"] == "assigned" and len(event["partitions"]) == count


@pytest.mark.parametrize(
    "client", [JAVA, JAVA_39, LIBRDKAFKA, CONFLUENT, FRANZ_GO, KAFKA_GO, KAFKA_PYTHON, KAFKAJS], ids=str
)
def test_a_leaving_member_leaves_its_partitions(client, broker, run, new_topic, t0):
    topic = new_topic(broker, PARTITIONS)

    def join():
        return run(client, broker, "share", topic=topic, group=f"group-of-{topic}")

    def wait(member, matches, what):
        return member.wait_event(matches, PROGRAM_TIMEOUT_S, what)

    first = join()
    wait(first, assigned(PARTITIONS), "assignment of everything")
    second = join()
    halves = [wait(member, assigned(PARTITIONS // 2), "assignment of half") for member in (second, first)]
    assert sorted(halves[0]["partitions"] + halves[1]["partitions"]) == list(range(PARTITIONS))

    first.tell("leave")
    assert first.finish(PROGRAM_TIMEOUT_S) == {"event": "left"}
    wait(second, assigned(PARTITIONS), "assignment of what the other had")

    everything = PARTITIONS * EACH
    writer = run(
        client,
        broker,
        "produce",
        topic=topic,
        codec="none",
        partitions=PARTITIONS,
        t0=t0,
        **{"from": 0, "to": everything},
    )
    writer.finish(PROGRAM_TIMEOUT_S)
    counts = {str(partition): EACH for partition in range(PARTITIONS)}
    wait(second, lambda event: event.get("counts") == counts, f"{EACH} records of every partition")
    second.tell("leave")
    assert second.finish(PROGRAM_TIMEOUT_S) == {"event": "left"}
