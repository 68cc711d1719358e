package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"
)

// connect opens --connections at once, asks ApiVersions on each and waits for all answers; then nobody says anything,
// and the broker's memory is read again.
func connect(o Options) (Result, error) {
	before, err := residentBytes(o.pid)
	if err != nil {
		return nil, err
	}
	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	deadline := time.Now().Add(o.duration)
	connections := make([]net.Conn, o.connections)
	errors := make([]error, o.connections)
	var all sync.WaitGroup
	for i := range connections {
		all.Add(1)
		go func() {
			defer all.Done()
			connections[i], errors[i] = askOnce(o.brokers, deadline)
		}()
	}
	all.Wait()
	result, err := window.close(Result{"connections": o.connections})
	for i, connection := range connections {
		if errors[i] != nil && err == nil {
			err = fmt.Errorf("connection %d: %w", i, errors[i])
		}
		if connection != nil {
			defer connection.Close()
		}
	}
	if err != nil {
		return nil, err
	}
	after, err := residentBytes(o.pid)
	result["bytes_per_connection"] = float64(after-before) / float64(o.connections)
	return result, err
}

// askOnce connects and sends ApiVersions version 0. What is answered is read and not looked at.
func askOnce(address string, deadline time.Time) (net.Conn, error) {
	connection, err := (&net.Dialer{Deadline: deadline}).Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	if err = connection.SetDeadline(deadline); err != nil {
		return connection, err
	}
	request := []byte{0, 0, 0, 12, 0, 18, 0, 0, 0, 0, 0, 1, 0, 2, 'm', 'e'}
	if _, err = connection.Write(request); err != nil {
		return connection, err
	}
	var size [4]byte
	if _, err = io.ReadFull(connection, size[:]); err != nil {
		return connection, err
	}
	_, err = io.CopyN(io.Discard, connection, int64(binary.BigEndian.Uint32(size[:])))
	return connection, err
}

func residentBytes(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	var kib int64
	_, err = fmt.Sscanf(rest, "%d", &kib)
	return kib << 10, err
}
