package main

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
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

// single has many clients send one record per request, each waiting for the answer before the next.
func single(o Options) (Result, error) {
	clients := make([]*kgo.Client, o.connections)
	own := make([][]int32, o.connections) // the partitions of each client
	for partition := range o.partitions {
		own[partition%o.connections] = append(own[partition%o.connections], int32(partition))
	}
	for i := range clients {
		client, err := newClient(o)
		if err != nil {
			return nil, err
		}
		defer client.Close()
		if err := warm(client, own[i], o.recordSize); err != nil {
			return nil, err
		}
		clients[i] = client
	}

	value := make([]byte, o.recordSize)
	var requests atomic.Int64
	var failed atomic.Pointer[error]
	var done sync.WaitGroup
	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	deadline := window.begun.Add(o.duration)
	for i, client := range clients {
		done.Go(func() {
			for n := 0; time.Now().Before(deadline); n++ {
				record := &kgo.Record{Partition: own[i][n%len(own[i])], Value: value}
				if err := client.ProduceSync(context.Background(), record).FirstErr(); err != nil {
					failed.CompareAndSwap(nil, &err)
					return
				}
				requests.Add(1)
			}
		})
	}
	done.Wait()
	if err := failed.Load(); err != nil {
		return nil, fmt.Errorf("produce: %w", *err)
	}
	return window.close(Result{"requests": requests.Load()})
}
