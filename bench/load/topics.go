package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func createRequest(topic string, o Options) *kmsg.CreateTopicsRequest {
	wanted := kmsg.NewCreateTopicsRequestTopic()
	wanted.Topic = topic
	wanted.NumPartitions = int32(o.partitions)
	wanted.ReplicationFactor = 1
	for _, pair := range strings.FieldsFunc(o.config, func(r rune) bool { return r == ',' }) {
		name, value, _ := strings.Cut(pair, "=")
		config := kmsg.NewCreateTopicsRequestTopicConfig()
		config.Name, config.Value = name, &value
		wanted.Configs = append(wanted.Configs, config)
	}
	request := kmsg.NewPtrCreateTopicsRequest()
	request.Topics = append(request.Topics, wanted)
	request.TimeoutMillis = 30_000
	return request
}

func create(client *kgo.Client, topic string, o Options) error {
	response, err := createRequest(topic, o).RequestWith(context.Background(), client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(response.Topics[0].ErrorCode)
}

func createTopic(o Options) (Result, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	return Result{}, create(client, o.topic, o)
}

func deleteTopic(o Options) (Result, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	wanted := kmsg.NewDeleteTopicsRequestTopic()
	wanted.Topic = &o.topic
	request := kmsg.NewPtrDeleteTopicsRequest()
	request.TopicNames = []string{o.topic}
	request.Topics = append(request.Topics, wanted)
	request.TimeoutMillis = 30_000
	response, err := request.RequestWith(context.Background(), client)
	if err != nil {
		return nil, err
	}
	return Result{}, kerr.ErrorForCode(response.Topics[0].ErrorCode)
}

// createTopics makes --count topics, one request after the other.
func createTopics(o Options) (Result, error) {
	client, err := newClient(o)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	if err := client.Ping(context.Background()); err != nil {
		return nil, err
	}
	window, err := openWindow(o.pid)
	if err != nil {
		return nil, err
	}
	created := 0
	for deadline := time.Now().Add(o.duration); created < o.count && time.Now().Before(deadline); created++ {
		if err := create(client, fmt.Sprintf("%s-%d", o.topic, created), o); err != nil {
			return nil, fmt.Errorf("topic %d: %w", created, err)
		}
	}
	return window.close(Result{"topics": created})
}
