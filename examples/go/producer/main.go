// Writes one record, key "hello" and value "world", to the topic "test".
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/segmentio/kafka-go"
)

func main() {
	broker := os.Getenv("KAFKA_BROKER")
	if broker == "" {
		broker = "localhost:9092"
	}

	writer := &kafka.Writer{
		Addr:                   kafka.TCP(broker),
		Topic:                  "test",
		RequiredAcks:           kafka.RequireAll,
		AllowAutoTopicCreation: true,
	}
	message := kafka.Message{Key: []byte("hello"), Value: []byte("world")}
	err := writer.WriteMessages(context.Background(), message)
	for errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.LeaderNotAvailable) {
		// The first write makes the topic; kafka-go leaves trying again to us.
		time.Sleep(100 * time.Millisecond)
		err = writer.WriteMessages(context.Background(), message)
	}
	if err != nil {
		log.Fatal("could not write: ", err)
	}
	if err := writer.Close(); err != nil {
		log.Fatal("could not close: ", err)
	}
	fmt.Println("wrote hello = world")
}
