#include "config/listener.h"

#include <gtest/gtest.h>

namespace barnabas {
namespace {

const std::vector<ListenerProtocol> kMap = *parse_protocol_map("PLAINTEXT:PLAINTEXT,EXTERNAL:SSL,OTHER:PLAINTEXT");

std::string read(std::string_view text) {
  const auto listeners = parse_listeners(text, kMap);
  if (!listeners) return "error: " + listeners.error().message;
  std::string all;
  for (const Listener& listener : *listeners) all += listener.text() + " " + std::string(to_string(listener.protocol)) + "\n";
  return all;
}

std::string read_advertised(std::string_view text) {
  const auto listeners = parse_advertised_listeners(text, kMap);
  return listeners ? listeners->front().text() : "error: " + listeners.error().message;
}

TEST(Listener, NamesHostsAndPorts) {
  EXPECT_EQ(read("PLAINTEXT://:9092,external://broker-1.example.com:9094"),
            "PLAINTEXT://:9092 PLAINTEXT\nEXTERNAL://broker-1.example.com:9094 SSL\n");
}

TEST(Listener, AnEmptyHostIsAllInterfacesAndPortZeroIsTheSystemsChoice) {
  const auto listeners = parse_listeners("PLAINTEXT://:0", kMap);
  ASSERT_TRUE(listeners);
  EXPECT_EQ(listeners->at(0).host, "");
  EXPECT_EQ(listeners->at(0).port, 0);
}

TEST(Listener, Ipv6StandsInBrackets) {
  const auto listeners = parse_listeners("PLAINTEXT://[::1]:9092", kMap);
  ASSERT_TRUE(listeners);
  EXPECT_EQ(listeners->at(0).host, "::1");
  EXPECT_EQ(read("PLAINTEXT://[::1]:9092"), "PLAINTEXT://[::1]:9092 PLAINTEXT\n");
  EXPECT_TRUE(read("PLAINTEXT://::1:9092").contains("without brackets"));
  EXPECT_TRUE(read("PLAINTEXT://[localhost]:9092").contains("no IPv6 address"));
}

TEST(Listener, WhatIsNoListenerIsRefused) {
  for (const std::string_view text :
       {"9092", "localhost:9092", "PLAINTEXT://localhost", "PLAINTEXT://localhost:", "PLAINTEXT://localhost:65536",
        "PLAINTEXT://localhost:-1", "PLAINTEXT://localhost:9092x", "PLAINTEXT://a b:1", "://:1", "PLAIN TEXT://:1", "PLAINTEXT://[::1]"})
    EXPECT_TRUE(read(text).starts_with("error: ")) << text << " gave " << read(text);
}

TEST(Listener, ANameWithoutAProtocolIsRefused) { EXPECT_TRUE(read("NOBODY://:1").contains("does not say what NOBODY speaks")); }

TEST(Listener, ANameOnceAPortOnce) {
  EXPECT_TRUE(read("PLAINTEXT://:1,plaintext://:2").contains("already there"));
  EXPECT_TRUE(read("PLAINTEXT://:1,OTHER://:1").contains("has the port of"));
  EXPECT_TRUE(read("PLAINTEXT://a:1,OTHER://b:1").contains("has the port of"));
  EXPECT_FALSE(read("PLAINTEXT://:0,OTHER://:0").contains("error"));
  EXPECT_FALSE(read("PLAINTEXT://127.0.0.1:1,OTHER://[::1]:1").contains("error"));
}

TEST(Listener, AnAdvertisedAddressIsOneThatAClientCanReach) {
  EXPECT_EQ(read_advertised("PLAINTEXT://broker:9092"), "PLAINTEXT://broker:9092");
  for (const std::string_view text : {"PLAINTEXT://:9092", "PLAINTEXT://0.0.0.0:9092", "PLAINTEXT://[::]:9092", "PLAINTEXT://broker:0"})
    EXPECT_TRUE(read_advertised(text).starts_with("error: ")) << text;
  EXPECT_FALSE(parse_advertised_listeners("PLAINTEXT://broker:1,OTHER://broker:1", kMap)->empty()) << "two may share a port behind a proxy";
}

TEST(Listener, TheProtocolMap) {
  EXPECT_TRUE(parse_protocol_map("A:PLAINTEXT, b : sasl_ssl"));
  for (const std::string_view text : {"A", "A:TLS", "A:SSL,a:PLAINTEXT", ":SSL", "A B:SSL"}) EXPECT_FALSE(parse_protocol_map(text)) << text;
}

}  // namespace
}  // namespace barnabas
