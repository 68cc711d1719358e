#pragma once
// What one client told in its pushes, as series with the labels that the console shows: gauges of the latest push, and
// counters, which add up what the pushes bring (clients are asked for differences).
//
// Bounds: only metrics that a subscription asks for, at most `most` series a client, no label above 255 bytes; what is
// beyond is counted. Two series never have the same labels, whatever a client sends: a scrape would be refused for it.
// Pure; any thread.
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace barnabas::broker {

struct ClientSeries {
  bool counter = false;
  std::string metric;  // "org.apache.kafka.producer.record.send.total"
  std::string topic;   // the labels that Kafka's own metrics have; empty: none
  std::string partition;
  std::string node;        // the broker that it is about
  std::string attributes;  // all others: "name=value,name=value", with %25, %2C and %3D for %, comma and =
  double value = 0;
  bool adds_up = false;  // the value is a sum of differences

  // By the labels alone.
  std::strong_ordering operator<=>(const ClientSeries& other) const;
  bool same_labels(const ClientSeries& other) const { return (*this <=> other) == std::strong_ordering::equal; }
};

struct ClientPush {
  std::vector<ClientSeries> series;  // ordered, no labels twice
  std::string group_id;              // that the client says it is a member of
  std::uint64_t left_out = 0;        // points
};

// Whether one of the prefixes ("*" is all) begins the name.
bool is_asked_for(std::string_view metric, const std::vector<std::string>& prefixes);

// kCorrupt: no OTLP metrics.
Result<ClientPush> read_client_push(ByteView payload, const std::vector<std::string>& prefixes, std::size_t most);

// What the client has told after this push, at most `most` series; says in `left_out` how many were beyond.
std::vector<ClientSeries> after_push(const std::vector<ClientSeries>& before, ClientPush&& push, const std::vector<std::string>& prefixes,
                                     std::size_t most, std::uint64_t& left_out);

}  // namespace barnabas::broker
