// The load of bench/run: one workload against one broker, one JSON object on standard output.
//
//	load create   --topic T --partitions N     makes a topic
//	load delete   --topic T
//	load produce  bulk: as many records as fit, whole batches, acks=all
//	load single   one record per request: --connections clients, each with one request under way
//	load consume  everything a topic holds, from its first record
//	load latency  produce at --rate; from the intended send time to the acknowledgement
//	load e2e      produce at --rate; from the intended send time to the consumer's hands
//	load topics   --count topics, one after the other
//	load group    --connections members join a group at once; then it gets --count partitions more
//	load start    -- COMMAND...                 from exec to the first acknowledged produce
//
// The clients are franz-go with its defaults (idempotent, acks=all), except in single (see there) and in start, where a
// client of a few lines stands closer to the clock. Processor time is read inside the window that is measured: the broker's of --pid, the
// client's own, and the whole machine's.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Options are the flags of all workloads; each reads those it knows.
type Options struct {
	brokers     string
	topic       string
	partitions  int
	pid         int
	recordSize  int
	batchBytes  int
	linger      time.Duration
	maxBytes    int64
	maxRecords  int64
	duration    time.Duration
	connections int
	client      string
	rate        float64
	count       int
	config      string
	command     []string
}

// Result is what a workload found, as it is kept.
type Result map[string]any

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: load WORKLOAD [flags]"))
	}
	workloads := map[string]func(Options) (Result, error){
		"create": createTopic, "delete": deleteTopic, "produce": produce, "single": single, "consume": consume,
		"latency": latency, "e2e": endToEnd, "topics": createTopics, "group": group, "start": start,
		"connect": connect,
	}
	workload, known := workloads[os.Args[1]]
	if !known {
		fail(fmt.Errorf("no workload %q", os.Args[1]))
	}
	result, err := workload(parse(os.Args[2:]))
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		fail(err)
	}
}

func parse(arguments []string) Options {
	var o Options
	flags := flag.NewFlagSet("load", flag.ExitOnError)
	flags.StringVar(&o.brokers, "brokers", "127.0.0.1:9092", "address of the broker")
	flags.StringVar(&o.topic, "topic", "bench", "topic, or the beginning of many topics' names")
	flags.IntVar(&o.partitions, "partitions", 1, "partitions of the topic")
	flags.IntVar(&o.pid, "pid", 0, "process whose processor time is the broker's")
	flags.IntVar(&o.recordSize, "record-size", 1024, "bytes of a record's value")
	flags.IntVar(&o.batchBytes, "batch-bytes", 1<<20, "largest batch")
	flags.DurationVar(&o.linger, "linger", 0, "how long a batch waits to fill")
	flags.Int64Var(&o.maxBytes, "max-bytes", 1<<62, "stop after so many bytes of values")
	flags.Int64Var(&o.maxRecords, "max-records", 1<<62, "stop after so many records")
	flags.DurationVar(&o.duration, "duration", 10*time.Second, "stop after this time")
	flags.IntVar(&o.connections, "connections", 1, "clients at once")
	flags.StringVar(&o.client, "client", "kafka-go", "who sends in single: kafka-go or franz-go")
	flags.Float64Var(&o.rate, "rate", 1000, "records a second")
	flags.IntVar(&o.count, "count", 1000, "topics to create, or partitions to add")
	flags.StringVar(&o.config, "config", "", "configs of a new topic: name=value,name=value")
	_ = flags.Parse(arguments)
	o.command = flags.Args()
	return o
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "load:", err)
	os.Exit(1)
}

func newClient(o Options, more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(o.brokers),
		kgo.DefaultProduceTopic(o.topic),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.ProducerBatchMaxBytes(int32(o.batchBytes)),
		kgo.ProducerLinger(o.linger),
		kgo.MetadataMinAge(100 * time.Millisecond), // a new topic is seen soon
	}, more...)...)
}

// warm sends one record to each partition, so that connections, metadata and producer id are there. A new topic is tried
// again: a Kafka that has just made or deleted a thousand others does not know its leaders for a while.
func warm(client *kgo.Client, partitions []int32, size int) error {
	deadline := time.Now().Add(30 * time.Second)
	for _, partition := range partitions {
		record := &kgo.Record{Partition: partition, Value: make([]byte, size)}
		err := client.ProduceSync(context.Background(), record).FirstErr()
		for ; err != nil && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
			client.ForceMetadataRefresh()
			err = client.ProduceSync(context.Background(), record).FirstErr()
		}
		if err != nil {
			return fmt.Errorf("first record of partition %d: %w", partition, err)
		}
	}
	return nil
}

func firstPartitions(count int) []int32 {
	partitions := make([]int32, count)
	for i := range partitions {
		partitions[i] = int32(i)
	}
	return partitions
}
