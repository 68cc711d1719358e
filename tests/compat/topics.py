"""What the tests themselves ask of a broker: to make a topic, and where its partitions end."""

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from harness import PATIENCE, wait_until

TIMEOUT_S = 30 * PATIENCE


def create_topic(broker, name, partitions):
    admin = AdminClient({"bootstrap.servers": broker.address})
    admin.create_topics([NewTopic(name, partitions, 1)])[name].result(TIMEOUT_S)
    assert end_offsets(broker, name, partitions) == [0] * partitions


def end_offsets(broker, topic, partitions):
    """The high watermarks of a topic's partitions, as soon as all can be asked."""
    return [end for _, end in _bounds(broker, topic, partitions)]


def start_offsets(broker, topic, partitions):
    """The first offsets of a topic's partitions, the same way."""
    return [start for start, _ in _bounds(broker, topic, partitions)]


def _bounds(broker, topic, partitions):
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "unused"})

    def all_bounds():
        # A broker may need a moment after it made a topic or started before it leads the partitions.
        try:
            return [consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=10) for p in range(partitions)]
        except KafkaException:
            return None

    try:
        return wait_until(all_bounds, TIMEOUT_S, f"the offsets of {topic}")
    finally:
        consumer.close()
