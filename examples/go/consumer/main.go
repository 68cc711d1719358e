// Reads the topic "test" from its beginning and prints every record, until it is interrupted.
package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/segmentio/kafka-go"
)

func main() {
	broker := os.Getenv("KAFKA_BROKER")
	if broker == "" {
		broker = "localhost:9092"
	}

	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers:   []string{broker},
		Topic:     "test",
		Partition: 0,
	})
	defer reader.Close()
	for {
		message, err := reader.ReadMessage(context.Background())
		if err != nil {
			log.Fatal("could not read: ", err)
		}
		fmt.Printf("offset %d: %s = %s\n", message.Offset, message.Key, message.Value)
	}
}
