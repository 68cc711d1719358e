package main

import (
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A sender has one connection, sends one record in one request and waits for its answer.
type sender interface {
	send(turn int) error
	close()
}

// single has many senders, each with one request under way. They share out the partitions.
//
// Two clients, since it matters: with broker and client on the two threads of one core, what the client burns makes the
// broker's time dearer. kafka-go's connection does little more than the protocol; franz-go is a whole client, at two to
// three times the broker's own time a record.
func single(o Options) (Result, error) {
	newSender := map[string]func(Options, []int32) (sender, error){"kafka-go": newPlainSender, "franz-go": newWholeSender}[o.client]
	if newSender == nil {
		return nil, fmt.Errorf("no client %q", o.client)
	}
	senders := make([]sender, o.connections)
	own := make([][]int32, o.connections) // the partitions of each
	for partition := range o.partitions {
		own[partition%o.connections] = append(own[partition%o.connections], int32(partition))
	}
	for i := range senders {
		var err error
		if senders[i], err = readySender(o, own[i], newSender); err != nil {
			return nil, err
		}
		defer senders[i].close()
	}

	var requests atomic.Int64
	var failed atomic.Pointer[error]
	var done sync.WaitGroup
	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	deadline := window.begun.Add(o.duration)
	for _, sender := range senders {
		done.Go(func() {
			for turn := 0; time.Now().Before(deadline); turn++ {
				if err := sender.send(turn); err != nil {
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
	return window.close(Result{"requests": requests.Load(), "client": o.client})
}

// readySender has sent one record to each of its partitions: metadata, producer ids and files are there before the clock
// starts. Kafka needs a moment until a new topic has its leaders, and kafka-go gives up its connection on an error.
func readySender(o Options, partitions []int32, newSender func(Options, []int32) (sender, error)) (sender, error) {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		s, err := newSender(o, partitions)
		if err != nil {
			return nil, err
		}
		turn := 0
		for ; turn < len(partitions) && err == nil; turn++ {
			err = s.send(turn)
		}
		if err == nil {
			return s, nil
		}
		s.close()
		if time.Now().After(deadline) {
			return nil, fmt.Errorf("first record of partition %d: %w", partitions[turn-1], err)
		}
	}
}

// plainSender: a view of one connection for each partition, since kafka-go's Conn has one partition. They are used in
// turn, never at once.
type plainSender struct {
	connection net.Conn
	views      []*kafka.Conn
	message    kafka.Message
}

func newPlainSender(o Options, partitions []int32) (sender, error) {
	connection, err := net.Dial("tcp", o.brokers)
	if err != nil {
		return nil, err
	}
	s := &plainSender{connection: connection, message: kafka.Message{Value: make([]byte, o.recordSize)}}
	for _, partition := range partitions {
		view := kafka.NewConnWith(connection, kafka.ConnConfig{Topic: o.topic, Partition: int(partition)})
		if err := view.SetRequiredAcks(-1); err != nil {
			return nil, err
		}
		s.views = append(s.views, view)
	}
	return s, nil
}

func (s *plainSender) send(turn int) error {
	_, err := s.views[turn%len(s.views)].WriteMessages(s.message)
	return err
}

func (s *plainSender) close() { s.connection.Close() }

type wholeSender struct {
	client     *kgo.Client
	partitions []int32
	value      []byte
}

func newWholeSender(o Options, partitions []int32) (sender, error) {
	client, err := newClient(o)
	return &wholeSender{client, partitions, make([]byte, o.recordSize)}, err
}

func (s *wholeSender) send(turn int) error {
	record := &kgo.Record{Partition: s.partitions[turn%len(s.partitions)], Value: s.value}
	return s.client.ProduceSync(context.Background(), record).FirstErr()
}

func (s *wholeSender) close() { s.client.Close() }
