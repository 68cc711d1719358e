#pragma once
// produce and consume, as typed.
#include <optional>
#include <string>
#include <vector>

namespace barnabas::cli {

struct Produce {
  std::string topic;
  std::optional<std::string> key_separator;
  std::vector<std::string> headers;  // "key=value", for every record
  std::string compression = "none";
  std::string acks = "all";
  std::int32_t partition = -1;  // -1: by key
  bool json = false;            // the input is JSON lines
  bool empty_is_null = false;
  bool keep_partitions = false;  // of JSON lines
  bool auto_create = false;
  std::vector<std::string> properties;  // "key=value", librdkafka's own
};

struct Consume {
  std::vector<std::string> topics;
  std::optional<std::string> format;  // rpk's
  std::string range = "start";
  std::vector<std::int32_t> partitions;
  std::int64_t count = 0;  // 0: no end
  std::string group;
  std::vector<std::string> properties;
};

}  // namespace barnabas::cli
