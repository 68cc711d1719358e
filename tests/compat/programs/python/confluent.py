"""confluent-kafka, and with it a current librdkafka, as a compatibility program.

Modes, arguments and output are those of all the programs (../README.md).
"""

import sys

from arguments import await_order, order_to_leave, parse, say
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

import records


def produce(args):
    start, to, pause = int(args["from"]), int(args["to"]), int(args.get("pause", -1))
    topic, partitions, t0 = args["topic"], int(args["partitions"]), int(args["t0"])
    delivered = 0

    def on_delivery(error, _message):
        nonlocal delivered
        if error is not None:
            sys.exit(f"delivery: {error}")
        delivered += 1

    producer = Producer(
        {
            "bootstrap.servers": args["brokers"],
            "compression.codec": args["codec"],
            "enable.idempotence": True,
            "reconnect.backoff.max.ms": 200,
        }
    )
    for i in range(start, to):
        if i == pause:
            producer.flush()
            say({"event": "paused"})
            await_order()
        while True:
            try:
                producer.produce(
                    topic,
                    key=records.key(i),
                    value=records.value(i),
                    partition=i % partitions,
                    timestamp=records.timestamp(i, t0),
                    headers=records.headers(i),
                    on_delivery=on_delivery,
                )
                break
            except BufferError:
                producer.poll(0.01)
        if i % 100 == 0:
            producer.poll(0)
    producer.flush()
    say({"event": "done", "produced": delivered})


def open_consumer(args):
    return Consumer(
        {
            "bootstrap.servers": args["brokers"],
            "group.id": args.get("group", "unused"),
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "heartbeat.interval.ms": 500,
            "reconnect.backoff.max.ms": 200,
        }
    )


def consume(args):
    topic, wanted = args["topic"], int(args["count"])
    consumer = open_consumer(args)
    if "group" in args:
        consumer.subscribe([topic])
    else:
        consumer.assign([TopicPartition(topic, p, 0) for p in range(int(args["partitions"]))])
    summary = records.Summary()
    while (missing := wanted - summary.count) > 0:
        for message in consumer.consume(min(missing, 10_000), 0.5):
            if message.error() is not None:
                raise KafkaException(message.error())
            summary.add(
                message.partition(),
                message.offset(),
                message.timestamp()[1],
                message.key(),
                message.value(),
                message.headers() or [],
            )
    if "group" in args:
        offsets = [TopicPartition(topic, p, offset) for p, offset in summary.next_offsets().items()]
        consumer.commit(offsets=offsets, asynchronous=False)
    consumer.close()
    say(summary.event())


def share(args):
    leave = order_to_leave()
    consumer = open_consumer(args)
    consumer.subscribe([args["topic"]])
    assigned, received = None, {}
    while not leave.is_set():
        message = consumer.poll(0.05)
        now = sorted(part.partition for part in consumer.assignment())
        if now != assigned:
            assigned = now
            say({"event": "assigned", "partitions": now})
        if message is not None and message.error() is None:
            received[message.partition()] = received.get(message.partition(), 0) + 1
            say({"event": "received", "counts": received})
    consumer.close()
    say({"event": "left"})


mode, arguments = parse()
{"produce": produce, "consume": consume, "share": share}[mode](arguments)
