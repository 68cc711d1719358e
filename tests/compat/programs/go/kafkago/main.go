// segmentio/kafka-go as a compatibility program. Modes, arguments and output are those of all the
// programs (../../README.md).
package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"barnabas.test/compat/record"
)

func main() {
	mode, args := record.Parse()
	switch mode {
	case "produce":
		produce(args)
	case "consume":
		if args["group"] != "" {
			consumeInGroup(args)
		} else {
			consumeAlone(args)
		}
	case "share":
		share(args)
	case "admin":
		admin(args)
	default:
		record.Must(fmt.Errorf("no mode %s", mode))
	}
}

// chosen is a kafka.Balancer that takes the partition that the message brings along.
type chosen struct{}

func (chosen) Balance(message kafka.Message, _ ...int) int { return message.WriterData.(int) }

func produce(args record.Arguments) {
	ctx := context.Background()
	from, to, pause, t0 := args.Int("from"), args.Int("to"), args.Int("pause"), int64(args.Int("t0"))
	writer := &kafka.Writer{
		Addr:            kafka.TCP(args["brokers"]),
		Topic:           args["topic"],
		Balancer:        chosen{},
		BatchSize:       1000,
		BatchTimeout:    5 * time.Millisecond,
		RequiredAcks:    kafka.RequireAll,
		WriteBackoffMax: 200 * time.Millisecond,

		AllowAutoTopicCreation: true,
		Compression: map[string]kafka.Compression{
			"gzip": kafka.Gzip, "snappy": kafka.Snappy, "lz4": kafka.Lz4, "zstd": kafka.Zstd,
		}[args["codec"]],
	}
	var waiting []kafka.Message
	flush := func() {
		err := writer.WriteMessages(ctx, waiting...)
		// kafka-go leaves it to the program to try again while its first try makes the topic.
		for errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.LeaderNotAvailable) {
			err = writer.WriteMessages(ctx, waiting...)
		}
		record.Must(err)
		waiting = waiting[:0]
	}
	for i := from; i < to; i++ {
		if i == pause {
			flush()
			record.Say(map[string]any{"event": "paused"})
			record.AwaitOrder()
		}
		message := kafka.Message{
			WriterData: i % args.Int("partitions"),
			Time:       time.UnixMilli(record.Timestamp(i, t0)),
			Key:        record.Key(i),
			Value:      record.Value(i),
		}
		for _, header := range record.Headers(i) {
			message.Headers = append(message.Headers, kafka.Header{Key: header.Key, Value: header.Value})
		}
		if waiting = append(waiting, message); len(waiting) == 8000 {
			flush()
		}
	}
	flush()
	record.Must(writer.Close())
	record.Say(map[string]any{"event": "done", "produced": to - from})
}

func add(summary *record.Summary, message kafka.Message) {
	var headers []record.Header
	for _, header := range message.Headers {
		headers = append(headers, record.Header{Key: header.Key, Value: header.Value})
	}
	summary.Add(message.Partition, message.Offset, message.Time.UnixMilli(), message.Key, message.Value, headers)
}

func reader(args record.Arguments, config kafka.ReaderConfig) *kafka.Reader {
	config.Brokers = []string{args["brokers"]}
	config.Topic = args["topic"]
	config.MaxWait = 100 * time.Millisecond
	config.QueueCapacity = 1000
	config.StartOffset = kafka.FirstOffset
	return kafka.NewReader(config)
}

// A kafka-go Reader outside a group reads one partition: there is one for each.
func consumeAlone(args record.Arguments) {
	ctx, stop := context.WithCancel(context.Background())
	messages := make(chan kafka.Message, 1000)
	var readers sync.WaitGroup
	for p := 0; p < args.Int("partitions"); p++ {
		readers.Add(1)
		go func(partition int) {
			defer readers.Done()
			reader := reader(args, kafka.ReaderConfig{Partition: partition})
			defer reader.Close()
			for {
				message, err := reader.ReadMessage(ctx)
				if errors.Is(err, context.Canceled) {
					return
				}
				record.Must(err)
				select {
				case messages <- message:
				case <-ctx.Done():
					return
				}
			}
		}(p)
	}
	summary := record.NewSummary()
	for summary.Count < args.Int("count") {
		add(summary, <-messages)
	}
	stop()
	readers.Wait()
	summary.Done()
}

func consumeInGroup(args record.Arguments) {
	ctx := context.Background()
	reader := reader(args, kafka.ReaderConfig{GroupID: args["group"], HeartbeatInterval: 500 * time.Millisecond,
		JoinGroupBackoff: 200 * time.Millisecond})
	summary := record.NewSummary()
	newest := map[int]kafka.Message{}
	for summary.Count < args.Int("count") {
		message, err := reader.FetchMessage(ctx)
		record.Must(err)
		add(summary, message)
		newest[message.Partition] = message
	}
	for _, message := range newest {
		record.Must(reader.CommitMessages(ctx, message))
	}
	record.Must(reader.Close())
	summary.Done()
}

func share(args record.Arguments) {
	ctx, leave := context.WithCancel(context.Background())
	go func() {
		record.AwaitOrder()
		leave()
	}()
	topic := args["topic"]
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                args["group"],
		Brokers:           []string{args["brokers"]},
		Topics:            []string{topic},
		HeartbeatInterval: 500 * time.Millisecond,
		JoinGroupBackoff:  200 * time.Millisecond,
		StartOffset:       kafka.FirstOffset,
	})
	record.Must(err)
	var lock sync.Mutex
	received := map[int]int{}
	for {
		generation, err := group.Next(ctx)
		if ctx.Err() != nil {
			break
		}
		record.Must(err)
		list := []int{}
		for _, assignment := range generation.Assignments[topic] {
			list = append(list, assignment.ID)
			partition, start := assignment.ID, assignment.Offset
			generation.Start(func(ctx context.Context) {
				reader := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{args["brokers"]}, Topic: topic,
					Partition: partition, MaxWait: 100 * time.Millisecond})
				defer reader.Close()
				record.Must(reader.SetOffset(start))
				for {
					message, err := reader.ReadMessage(ctx)
					if err != nil {
						return // the generation is over
					}
					lock.Lock()
					received[message.Partition]++
					record.Say(map[string]any{"event": "received", "counts": received})
					lock.Unlock()
				}
			})
		}
		record.Say(map[string]any{"event": "assigned", "partitions": list})
	}
	record.Must(group.Close())
	record.Say(map[string]any{"event": "left"})
}

// admin creates a topic, grows it and deletes it, and says what it saw.
func admin(args record.Arguments) {
	ctx := context.Background()
	topic := args["topic"]
	// Metadata is asked for, not remembered: the changes are to be seen at once.
	client := &kafka.Client{
		Addr:      kafka.TCP(args["brokers"]),
		Transport: &kafka.Transport{MetadataTTL: 50 * time.Millisecond},
	}
	create := &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: topic, NumPartitions: 3, ReplicationFactor: 1}}}
	answer, err := client.CreateTopics(ctx, create)
	record.Must(err)
	record.Must(answer.Errors[topic])
	created := awaitCount(client, topic, 3)
	answer, err = client.CreateTopics(ctx, create)
	record.Must(err)
	again := answer.Errors[topic]
	grow, err := client.CreatePartitions(ctx, &kafka.CreatePartitionsRequest{Topics: []kafka.TopicPartitionsConfig{{Name: topic, Count: 5}}})
	record.Must(err)
	record.Must(grow.Errors[topic])
	grown := awaitCount(client, topic, 5)
	gone, err := client.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{topic}})
	record.Must(err)
	record.Must(gone.Errors[topic])
	awaitCount(client, topic, 0)
	record.Say(map[string]any{"event": "done", "created": created, "again": fmt.Sprint(again), "grown": grown,
		"listed": true, "gone": true})
}

func awaitCount(client *kafka.Client, topic string, wanted int) int {
	for count(client, topic) != wanted {
	}
	return wanted
}

func count(client *kafka.Client, topic string) int {
	answer, err := client.Metadata(context.Background(), &kafka.MetadataRequest{Topics: []string{topic}})
	record.Must(err)
	partitions := 0
	for _, t := range answer.Topics {
		partitions += len(t.Partitions)
	}
	return partitions
}
