"""kafka-python as a compatibility program.

Modes, arguments and output are those of all the programs (../README.md).
"""

import sys

from arguments import await_order, order_to_leave, parse, say
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewPartitions, NewTopic
from kafka.errors import KafkaError
from kafka.structs import OffsetAndMetadata

import records


def produce(args):
    start, to, pause = int(args["from"]), int(args["to"]), int(args.get("pause", -1))
    topic, partitions, t0 = args["topic"], int(args["partitions"]), int(args["t0"])
    codec = args["codec"]
    producer = KafkaProducer(
        bootstrap_servers=args["brokers"],
        compression_type=None if codec == "none" else codec,
        acks="all",
        linger_ms=5,
        batch_size=65536,
        reconnect_backoff_max_ms=200,
    )

    def failed(error):
        print(f"delivery: {error}", file=sys.stderr, flush=True)
        failures.append(error)

    failures = []
    for i in range(start, to):
        if i == pause:
            producer.flush()
            say({"event": "paused"})
            await_order()
        producer.send(
            topic,
            key=records.key(i),
            value=records.keyed_value(i),
            partition=i % partitions,
            timestamp_ms=records.timestamp(i, t0),
            headers=records.keyed_headers(i),
        ).add_errback(failed)
    producer.flush()
    producer.close()
    if failures:
        sys.exit(1)
    say({"event": "done", "produced": to - start})


def open_consumer(args):
    return KafkaConsumer(
        bootstrap_servers=args["brokers"],
        group_id=args.get("group"),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        heartbeat_interval_ms=500,
        reconnect_backoff_max_ms=200,
        max_poll_records=5000,
    )


def subscribe(consumer, topic):
    # This client may lead its group before it has the topic's metadata; it then assigns nothing to anybody, for good.
    while not consumer.partitions_for_topic(topic):
        pass  # each call asks the broker
    consumer.subscribe([topic])


def consume(args):
    topic, wanted = args["topic"], int(args["count"])
    consumer = open_consumer(args)
    if "group" in args:
        subscribe(consumer, topic)
    else:
        everything = [TopicPartition(topic, p) for p in range(int(args["partitions"]))]
        consumer.assign(everything)
        consumer.seek_to_beginning(*everything)
    summary = records.Summary()
    while (missing := wanted - summary.count) > 0:
        for batch in consumer.poll(timeout_ms=500, max_records=min(missing, 5000)).values():
            for record in batch:
                summary.add(record.partition, record.offset, record.timestamp, record.key, record.value, record.headers)
    if "group" in args:
        consumer.commit(
            {TopicPartition(topic, p): OffsetAndMetadata(o, "", -1) for p, o in summary.next_offsets().items()}
        )
    consumer.close()
    say(summary.event())


def share(args):
    leave = order_to_leave()
    consumer = open_consumer(args)
    subscribe(consumer, args["topic"])
    assigned, received = None, {}
    while not leave.is_set():
        polled = consumer.poll(timeout_ms=100)
        now = sorted(part.partition for part in consumer.assignment())
        if now != assigned:
            assigned = now
            say({"event": "assigned", "partitions": now})
        for part, batch in polled.items():
            received[part.partition] = received.get(part.partition, 0) + len(batch)
        if polled:
            say({"event": "received", "counts": received})
    consumer.close()
    say({"event": "left"})


def admin(args):
    """Creates a topic, grows it and deletes it, and says what it saw."""
    topic = args["topic"]
    client = KafkaAdminClient(bootstrap_servers=args["brokers"])

    def await_count(wanted):
        while (count := sum(len(t["partitions"]) for t in client.describe_topics([topic]))) != wanted:
            pass
        return count

    client.create_topics([NewTopic(topic, 3, 1)])
    created = await_count(3)
    try:
        client.create_topics([NewTopic(topic, 3, 1)])
        again = "none"
    except KafkaError as error:
        again = type(error).__name__
    client.create_partitions({topic: NewPartitions(5)})
    grown = await_count(5)
    listed = topic in client.list_topics()
    client.delete_topics([topic])
    while topic in client.list_topics():
        pass
    client.close()
    say({"event": "done", "created": created, "again": again, "grown": grown, "listed": listed, "gone": True})


mode, arguments = parse()
{"produce": produce, "consume": consume, "share": share, "admin": admin}[mode](arguments)
