// franz-go as a compatibility program. Modes, arguments and output are those of all the programs
// (../../README.md).
package main

import (
	"context"
	"fmt"
	"sort"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"barnabas.test/compat/record"
)

func main() {
	mode, args := record.Parse()
	switch mode {
	case "produce":
		produce(args)
	case "consume":
		consume(args)
	case "share":
		share(args)
	case "admin":
		admin(args)
	default:
		record.Must(fmt.Errorf("no mode %s", mode))
	}
}

func client(args record.Arguments, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options,
		kgo.SeedBrokers(args["brokers"]),
		kgo.MetadataMinAge(100*time.Millisecond), // new topics are seen soon
	)...)
	record.Must(err)
	return client
}

func codec(name string) kgo.CompressionCodec {
	return map[string]kgo.CompressionCodec{
		"none":   kgo.NoCompression(),
		"gzip":   kgo.GzipCompression(),
		"snappy": kgo.SnappyCompression(),
		"lz4":    kgo.Lz4Compression(),
		"zstd":   kgo.ZstdCompression(),
	}[name]
}

func produce(args record.Arguments) {
	ctx := context.Background()
	from, to, pause, t0 := args.Int("from"), args.Int("to"), args.Int("pause"), int64(args.Int("t0"))
	producer := client(args,
		kgo.DefaultProduceTopic(args["topic"]),
		kgo.AllowAutoTopicCreation(),
		kgo.ProducerBatchCompression(codec(args["codec"])),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	defer producer.Close()
	for i := from; i < to; i++ {
		if i == pause {
			record.Must(producer.Flush(ctx))
			record.Say(map[string]any{"event": "paused"})
			record.AwaitOrder()
		}
		r := &kgo.Record{
			Partition: int32(i % args.Int("partitions")),
			Timestamp: time.UnixMilli(record.Timestamp(i, t0)),
			Key:       record.Key(i),
			Value:     record.Value(i),
		}
		for _, header := range record.Headers(i) {
			r.Headers = append(r.Headers, kgo.RecordHeader{Key: header.Key, Value: header.Value})
		}
		producer.Produce(ctx, r, func(_ *kgo.Record, err error) { record.Must(err) })
	}
	record.Must(producer.Flush(ctx))
	record.Say(map[string]any{"event": "done", "produced": to - from})
}

func consume(args record.Arguments) {
	ctx := context.Background()
	topic, wanted := args["topic"], args.Int("count")
	var consumer *kgo.Client
	if group, grouped := args["group"]; grouped {
		consumer = client(args, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.HeartbeatInterval(500*time.Millisecond))
	} else {
		starts := map[int32]kgo.Offset{}
		for p := 0; p < args.Int("partitions"); p++ {
			starts[int32(p)] = kgo.NewOffset().AtStart()
		}
		consumer = client(args, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: starts}))
	}
	defer consumer.Close()
	summary := record.NewSummary()
	for summary.Count < wanted {
		fetches := consumer.PollRecords(ctx, wanted-summary.Count)
		record.Must(fetches.Err())
		fetches.EachRecord(func(r *kgo.Record) {
			var headers []record.Header
			for _, header := range r.Headers {
				headers = append(headers, record.Header{Key: header.Key, Value: header.Value})
			}
			summary.Add(int(r.Partition), r.Offset, r.Timestamp.UnixMilli(), r.Key, r.Value, headers)
		})
	}
	if args["group"] != "" {
		// What was polled and no more.
		record.Must(consumer.CommitUncommittedOffsets(ctx))
	}
	summary.Done()
}

func share(args record.Arguments) {
	ctx, leave := context.WithCancel(context.Background())
	go func() {
		record.AwaitOrder()
		leave()
	}()
	var lock sync.Mutex
	assigned := map[int32]bool{}
	changed := func(now bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, topics map[string][]int32) {
			lock.Lock()
			defer lock.Unlock()
			for _, partition := range topics[args["topic"]] {
				if now {
					assigned[partition] = true
				} else {
					delete(assigned, partition)
				}
			}
			list := []int{}
			for partition := range assigned {
				list = append(list, int(partition))
			}
			sort.Ints(list)
			record.Say(map[string]any{"event": "assigned", "partitions": list})
		}
	}
	member := client(args, kgo.ConsumerGroup(args["group"]), kgo.ConsumeTopics(args["topic"]), kgo.DisableAutoCommit(),
		kgo.HeartbeatInterval(500*time.Millisecond),
		kgo.OnPartitionsAssigned(changed(true)), kgo.OnPartitionsRevoked(changed(false)), kgo.OnPartitionsLost(changed(false)))
	received := map[int32]int{}
	for ctx.Err() == nil {
		fetches := member.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) { received[r.Partition]++ })
		if fetches.NumRecords() > 0 {
			record.Say(map[string]any{"event": "received", "counts": received})
		}
	}
	member.Close()
	record.Say(map[string]any{"event": "left"})
}

// admin creates a topic, grows it and deletes it, and says what it saw.
func admin(args record.Arguments) {
	ctx := context.Background()
	topic := args["topic"]
	admin := kadm.NewClient(client(args))
	defer admin.Close()
	_, err := admin.CreateTopic(ctx, 3, 1, nil, topic)
	record.Must(err)
	created := awaitCount(admin, topic, 3)
	_, again := admin.CreateTopic(ctx, 3, 1, nil, topic)
	grow, err := admin.UpdatePartitions(ctx, 5, topic)
	record.Must(err)
	record.Must(grow.Error())
	grown := awaitCount(admin, topic, 5)
	listed, err := admin.ListTopics(ctx)
	record.Must(err)
	_, err = admin.DeleteTopic(ctx, topic)
	record.Must(err)
	awaitCount(admin, topic, 0)
	record.Say(map[string]any{"event": "done", "created": created, "again": fmt.Sprint(again), "grown": grown,
		"listed": listed.Has(topic), "gone": true})
}

func awaitCount(admin *kadm.Client, topic string, wanted int) int {
	for count(admin, topic) != wanted {
	}
	return wanted
}

func count(admin *kadm.Client, topic string) int {
	topics, err := admin.ListTopics(context.Background(), topic)
	record.Must(err)
	return len(topics[topic].Partitions)
}
