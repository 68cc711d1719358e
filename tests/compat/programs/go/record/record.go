// Package record says what record i of a test is and turns what a consumer saw into a summary.
// The rules stand in ../../../records.py.
package record

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"os"
	"sort"
	"strconv"
	"strings"
)

// Header is one header; a nil Value is Kafka's null.
type Header struct {
	Key   string
	Value []byte
}

var pool = func() []byte {
	pool := make([]byte, 8192)
	s := uint32(1)
	for k := range pool {
		s = (s*1103515245 + 12345) & 0x7fffffff
		pool[k] = byte(s >> 16)
	}
	return pool
}()

func Key(i int) []byte {
	switch {
	case i%7 == 0:
		return nil
	case i%11 == 0:
		return []byte{}
	}
	return []byte("key-" + strconv.Itoa(i%1000))
}

func Value(i int) []byte {
	switch {
	case i%13 == 0:
		return nil
	case i%17 == 0:
		return []byte{}
	}
	start := i * 37 % 8000
	return append([]byte("record-"+strconv.Itoa(i)+"-"), pool[start:start+60+i%61]...)
}

// Timestamp is in milliseconds.
func Timestamp(i int, t0 int64) int64 {
	if i%10 == 3 {
		return t0 + int64(i) - 1000
	}
	return t0 + int64(i)
}

func Headers(i int) []Header {
	number := []byte(strconv.Itoa(i))
	switch i % 5 {
	case 0:
		return nil
	case 1:
		return []Header{{"index", number}}
	case 2:
		return []Header{{"twice", []byte("first")}, {"twice", []byte("second")}}
	case 3:
		return []Header{{"twice", number}, {"between", nil}, {"twice", []byte{}}}
	}
	return []Header{{"größe", pool[i%256 : i%256+8]}, {"nothing", []byte{}}}
}

// Summary is what a consumer saw: per partition the offsets and a digest.
type Summary struct {
	Count      int
	partitions map[int]*seen
}

type seen struct {
	Partition int    `json:"partition"`
	First     int64  `json:"first"`
	Last      int64  `json:"last"`
	Count     int    `json:"count"`
	SHA256    string `json:"sha256"`
	digest    hash.Hash
}

func NewSummary() *Summary { return &Summary{partitions: map[int]*seen{}} }

func (s *Summary) Add(partition int, offset, timestamp int64, key, value []byte, headers []Header) {
	p := s.partitions[partition]
	if p == nil {
		p = &seen{Partition: partition, First: offset, digest: sha256.New()}
		s.partitions[partition] = p
	}
	p.Last = offset
	p.Count++
	s.Count++
	encoded := binary.BigEndian.AppendUint64(make([]byte, 0, 256), uint64(timestamp))
	encoded = appendBytes(encoded, key)
	encoded = appendBytes(encoded, value)
	encoded = binary.BigEndian.AppendUint32(encoded, uint32(len(headers)))
	for _, header := range headers {
		encoded = appendBytes(encoded, []byte(header.Key))
		encoded = appendBytes(encoded, header.Value)
	}
	p.digest.Write(encoded)
}

func appendBytes(to, bytes []byte) []byte {
	if bytes == nil {
		return binary.BigEndian.AppendUint32(to, 0xffffffff)
	}
	return append(binary.BigEndian.AppendUint32(to, uint32(len(bytes))), bytes...)
}

// Done prints the summary.
func (s *Summary) Done() {
	list := []*seen{}
	for _, p := range s.partitions {
		p.SHA256 = hex.EncodeToString(p.digest.Sum(nil))
		list = append(list, p)
	}
	sort.Slice(list, func(a, b int) bool { return list[a].Partition < list[b].Partition })
	Say(map[string]any{"event": "done", "count": s.Count, "partitions": list})
}

// Arguments are the program's name=value arguments.
type Arguments map[string]string

// Parse returns the mode and the arguments of the command line.
func Parse() (string, Arguments) {
	args := Arguments{}
	if len(os.Args) < 2 {
		Must(fmt.Errorf("no mode"))
	}
	for _, arg := range os.Args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		args[name] = value
	}
	return os.Args[1], args
}

// Int returns a number, or -1 when it was not given.
func (a Arguments) Int(name string) int {
	text, given := a[name]
	if !given {
		return -1
	}
	number, err := strconv.Atoi(text)
	Must(err)
	return number
}

// Say prints an event.
func Say(event map[string]any) {
	line, err := json.Marshal(event)
	Must(err)
	fmt.Println(string(line))
}

// AwaitOrder returns at the next line, or the end, of the input.
func AwaitOrder() {
	bufio.NewReader(os.Stdin).ReadString('\n')
}

// Must ends the program on an error.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
