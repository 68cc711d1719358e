package main

import (
	"context"
	"fmt"
	"math/rand"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// produce sends records round robin as fast as they are taken, and ends when all are acknowledged.
func produce(o Options) (Result, error) {
	partitions := int64(o.partitions)
	// Enough for two full batches per partition under way and two to fill.
	buffered := 4 * int(partitions) * max(1, o.batchBytes/o.recordSize)
	client, err := newClient(o, kgo.MaxBufferedRecords(max(buffered, 50_000)))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := warm(client, firstPartitions(o.partitions), o.recordSize); err != nil {
		return nil, err
	}

	value := make([]byte, o.recordSize)
	rand.New(rand.NewSource(1)).Read(value)
	records := min(o.maxRecords, o.maxBytes/int64(o.recordSize))
	var firstError atomic.Pointer[error]
	acknowledged := func(_ *kgo.Record, err error) {
		if err != nil {
			firstError.CompareAndSwap(nil, &err)
		}
	}

	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	sent := int64(0)
	for deadline := window.begun.Add(o.duration); sent < records && firstError.Load() == nil; sent++ {
		if sent%1024 == 0 && time.Now().After(deadline) {
			break
		}
		client.Produce(context.Background(), &kgo.Record{Partition: int32(sent % partitions), Value: value}, acknowledged)
	}
	if err := client.Flush(context.Background()); err != nil {
		return nil, err
	}
	if err := firstError.Load(); err != nil {
		return nil, fmt.Errorf("produce: %w", *err)
	}
	return window.close(Result{"records": sent, "bytes": sent * int64(o.recordSize)})
}
