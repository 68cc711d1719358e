package main

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"
)

// consume reads a topic from its first record until --max-records have come, with the limits of the Java client.
func consume(o Options) (Result, error) {
	client, err := newClient(o,
		kgo.ConsumeTopics(o.topic),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchMaxBytes(50<<20),
		kgo.FetchMaxPartitionBytes(1<<20),
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()

	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*o.duration)
	defer cancel()
	records, bytes := int64(0), int64(0)
	for records < o.maxRecords {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("after %d of %d records: %w", records, o.maxRecords, err)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			records++
			bytes += int64(len(record.Value))
		})
	}
	return window.close(Result{"records": records, "bytes": bytes})
}
