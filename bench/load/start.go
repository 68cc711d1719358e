package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// start runs COMMAND, a broker on --brokers, and asks it every half millisecond: for a connection, for the topic
// (created when it is missing), for an acknowledged record. Then it reads how much processor time that took, and
// stops the broker.
func start(o Options) (Result, error) {
	broker := exec.Command(o.command[0], o.command[1:]...)
	broker.Stdout, broker.Stderr = os.Stderr, os.Stderr
	begun := time.Now()
	if err := broker.Start(); err != nil {
		return nil, err
	}
	ended := make(chan error, 1)
	go func() { ended <- broker.Wait() }()

	result, err := untilAcknowledged(o, begun, ended)
	if err == nil {
		var times [2]float64
		times, err = processTimes(broker.Process.Pid)
		result["broker_cpu_s"] = times[0] + times[1]
	}
	_ = broker.Process.Signal(syscall.SIGTERM)
	if err == nil {
		<-ended
	}
	return result, err
}

func untilAcknowledged(o Options, begun time.Time, ended <-chan error) (Result, error) {
	result := Result{}
	milliseconds := func() float64 { return float64(time.Since(begun).Microseconds()) / 1e3 }
	var connection net.Conn
	var lastError error
	for deadline := begun.Add(o.duration); time.Now().Before(deadline); pause() {
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the broker ended: %v", err)
		default:
		}
		if connection == nil {
			if connection, lastError = net.Dial("tcp", o.brokers); lastError != nil {
				connection = nil
				continue
			}
			if _, known := result["connected_ms"]; !known {
				result["connected_ms"] = milliseconds()
			}
		}
		if lastError = firstRecord(connection, o); lastError == nil {
			result["first_ack_ms"] = milliseconds()
			return result, connection.Close()
		}
		if kafkaError := (*kerr.Error)(nil); !errors.As(lastError, &kafkaError) {
			_ = connection.Close()
			connection = nil
		}
	}
	return nil, fmt.Errorf("no acknowledged record in %s: %w", o.duration, lastError)
}

func pause() {
	half := syscall.NsecToTimespec(500_000)
	_ = syscall.Nanosleep(&half, nil)
}

// firstRecord creates the topic if it is missing and produces one record to it.
func firstRecord(connection net.Conn, o Options) error {
	creation := createRequest(o.topic, o)
	creation.Version = 5
	created, err := ask(connection, creation)
	if err != nil {
		return err
	}
	code := created.(*kmsg.CreateTopicsResponse).Topics[0].ErrorCode
	if err := kerr.ErrorForCode(code); err != nil && !errors.Is(err, kerr.TopicAlreadyExists) {
		return err
	}
	production := kmsg.NewPtrProduceRequest()
	production.Version = 9 // the last that names topics and needs no ids
	production.Acks = -1
	production.TimeoutMillis = 30_000
	partition := kmsg.NewProduceRequestTopicPartition()
	partition.Records = oneRecordBatch(make([]byte, o.recordSize))
	topic := kmsg.NewProduceRequestTopic()
	topic.Topic = o.topic
	topic.Partitions = append(topic.Partitions, partition)
	production.Topics = append(production.Topics, topic)
	produced, err := ask(connection, production)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(produced.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode)
}

// ask sends one request and reads its answer: int32 size, int32 correlation id, tags if flexible, body.
func ask(connection net.Conn, request kmsg.Request) (kmsg.Response, error) {
	frame := kmsg.NewRequestFormatter(kmsg.FormatterClientID("bench")).AppendRequest(nil, request, 1)
	if err := connection.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return nil, err
	}
	if _, err := connection.Write(frame); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(connection, size[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(connection, answer); err != nil {
		return nil, err
	}
	header := 4
	if request.IsFlexible() {
		header++ // an empty set of tags
	}
	response := request.ResponseKind()
	return response, response.ReadFrom(answer[header:])
}

// oneRecordBatch is a record batch (magic 2) that holds one record without key, timestamp or headers.
func oneRecordBatch(value []byte) []byte {
	record := kmsg.Record{Value: value}
	record.Length = int32(len(record.AppendTo(nil)) - 1) // what follows the length, itself one byte while it is 0
	batch := kmsg.RecordBatch{
		PartitionLeaderEpoch: -1, Magic: 2, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1,
		NumRecords: 1, Records: record.AppendTo(nil),
	}
	now := time.Now().UnixMilli()
	batch.FirstTimestamp, batch.MaxTimestamp = now, now
	const lengthEnd, crcEnd = 12, 21
	bytes := batch.AppendTo(nil)
	binary.BigEndian.PutUint32(bytes[lengthEnd-4:], uint32(len(bytes)-lengthEnd))
	binary.BigEndian.PutUint32(bytes[crcEnd-4:], crc32.Checksum(bytes[crcEnd:], crc32.MakeTable(crc32.Castagnoli)))
	return bytes
}
