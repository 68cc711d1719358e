package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// openLoop calls send at every tick of a fixed rate, whatever became of the calls before, and passes the time at
// which it was meant to be called. The kernel's own sleep wakes it: Go's timers are late by up to a millisecond.
func openLoop(rate float64, duration time.Duration, send func(intended time.Time)) int64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const setTimerSlack = 29
	_, _, _ = syscall.Syscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)
	begun, count := time.Now(), int64(rate*duration.Seconds())
	for n := range count {
		intended := begun.Add(time.Duration(float64(n) / rate * 1e9))
		for wait := time.Until(intended); wait > 0; wait = time.Until(intended) {
			pause := syscall.NsecToTimespec(wait.Nanoseconds())
			_ = syscall.Nanosleep(&pause, nil)
		}
		send(intended)
	}
	return count
}

// latency measures acknowledgements, and a bare TCP round trip at the same rate beside it.
func latency(o Options) (Result, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := warm(client, firstPartitions(o.partitions), o.recordSize); err != nil {
		return nil, err
	}

	value := make([]byte, o.recordSize)
	var histogram Histogram
	var failed atomic.Pointer[error]
	next := 0
	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	records := openLoop(o.rate, o.duration, func(intended time.Time) {
		record := &kgo.Record{Partition: int32(next % o.partitions), Value: value}
		next++
		client.Produce(context.Background(), record, func(_ *kgo.Record, err error) {
			histogram.add(time.Since(intended))
			if err != nil {
				failed.CompareAndSwap(nil, &err)
			}
		})
	})
	if err := client.Flush(context.Background()); err != nil {
		return nil, err
	}
	if err := failed.Load(); err != nil {
		return nil, fmt.Errorf("produce: %w", *err)
	}
	result, err := window.close(Result{"records": records, "latency_us": histogram.microseconds()})
	if err != nil {
		return nil, err
	}
	raw, err := roundTrips(o)
	result["raw_round_trip_us"] = raw
	return result, err
}

// endToEnd measures from the intended send time to the moment the consumer's poll returns the record.
func endToEnd(o Options) (Result, error) {
	producer, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer producer.Close()
	if err := warm(producer, firstPartitions(o.partitions), o.recordSize); err != nil {
		return nil, err
	}
	consumer, err := newClient(o, kgo.ConsumeTopics(o.topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtEnd()))
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	if err := untilParked(producer, consumer, o); err != nil {
		return nil, err
	}

	// A record begins with its intended time, in nanoseconds since the window's begin.
	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), o.duration+30*time.Second)
	defer cancel()
	var histogram Histogram
	var received sync.WaitGroup
	var receiveError error
	wanted := int64(o.rate * o.duration.Seconds())
	received.Go(func() {
		for histogram.total < wanted {
			fetches := consumer.PollFetches(ctx)
			now := time.Since(window.begun)
			if receiveError = fetches.Err(); receiveError != nil {
				return
			}
			fetches.EachRecord(func(record *kgo.Record) {
				histogram.add(now - time.Duration(binary.BigEndian.Uint64(record.Value)))
			})
		}
	})
	next := 0
	records := openLoop(o.rate, o.duration, func(intended time.Time) {
		value := make([]byte, o.recordSize)
		binary.BigEndian.PutUint64(value, uint64(intended.Sub(window.begun)))
		producer.Produce(ctx, &kgo.Record{Partition: int32(next % o.partitions), Value: value}, nil)
		next++
	})
	received.Wait()
	if receiveError != nil {
		return nil, fmt.Errorf("after %d of %d records: %w", histogram.total, wanted, receiveError)
	}
	return window.close(Result{"records": records, "latency_us": histogram.microseconds()})
}

// untilParked returns when the consumer follows every partition's end: it has seen a record of each that was sent
// after it came, and all that were sent.
func untilParked(producer, consumer *kgo.Client, o Options) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	sent, seen := 0, 0
	partitions := map[int32]bool{}
	for len(partitions) < o.partitions || seen < sent {
		if len(partitions) < o.partitions {
			if err := warm(producer, firstPartitions(o.partitions), o.recordSize); err != nil {
				return err
			}
			sent += o.partitions
		}
		short, done := context.WithTimeout(ctx, 200*time.Millisecond)
		fetches := consumer.PollFetches(short)
		done()
		if ctx.Err() != nil {
			return fmt.Errorf("the consumer did not come to the end: %d partitions, %d records", len(partitions), seen)
		}
		fetches.EachRecord(func(record *kgo.Record) {
			seen++
			partitions[record.Partition] = true
		})
		if len(partitions) == o.partitions && fetches.Empty() {
			return nil // what was sent before the consumer came is not for it
		}
	}
	return nil
}

// roundTrips echoes one record's bytes over a loopback connection at the same rate for two seconds: what the
// machine, the scheduler and Go cost without a broker.
func roundTrips(o Options) (Result, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer listener.Close()
	go func() {
		if connection, err := listener.Accept(); err == nil {
			_, _ = io.Copy(connection, connection)
		}
	}()
	connection, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return nil, err
	}
	defer connection.Close()
	message := make([]byte, o.recordSize)
	var histogram Histogram
	openLoop(o.rate, min(o.duration, 2*time.Second), func(intended time.Time) {
		if _, err = connection.Write(message); err == nil {
			_, err = io.ReadFull(connection, message)
		}
		histogram.add(time.Since(intended))
	})
	return histogram.microseconds(), err
}
