// librdkafka's C API as a compatibility program. Modes, arguments and output are those of all the
// programs (../README.md); what record i is stands in ../../records.py.

#include <librdkafka/rdkafka.h>
#include <openssl/evp.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Bytes = std::optional<std::string>;  // nullopt is Kafka's null
using Headers = std::vector<std::pair<std::string, Bytes>>;
using Arguments = std::map<std::string, std::string>;

[[noreturn]] void fail(const std::string& what) {
  std::cerr << what << "\n";
  std::exit(1);
}

void check(rd_kafka_resp_err_t error, const char* what) {
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) fail(std::string(what) + ": " + rd_kafka_err2str(error));
}

// Records.

const std::string kPool = [] {
  std::string pool(8192, '\0');
  std::uint32_t s = 1;
  for (char& byte : pool) {
    s = (s * 1103515245U + 12345U) & 0x7fffffffU;
    byte = static_cast<char>(s >> 16U);
  }
  return pool;
}();

Bytes key_of(int i) {
  if (i % 7 == 0) return std::nullopt;
  if (i % 11 == 0) return "";
  return "key-" + std::to_string(i % 1000);
}

Bytes value_of(int i) {
  if (i % 13 == 0) return std::nullopt;
  if (i % 17 == 0) return "";
  return "record-" + std::to_string(i) + "-" +
         kPool.substr(static_cast<std::size_t>(std::int64_t{37} * i % 8000), static_cast<std::size_t>(60 + i % 61));
}

std::int64_t timestamp_of(int i, std::int64_t t0) { return t0 + i - (i % 10 == 3 ? 1000 : 0); }

Headers headers_of(int i) {
  switch (i % 5) {
    case 0: return {};
    case 1: return {{"index", std::to_string(i)}};
    case 2: return {{"twice", "first"}, {"twice", "second"}};
    case 3: return {{"twice", std::to_string(i)}, {"between", std::nullopt}, {"twice", ""}};
    default: return {{"größe", kPool.substr(static_cast<std::size_t>(i % 256), 8)}, {"nothing", ""}};
  }
}

// What a consumer saw: per partition the offsets and a digest.
class Summary {
 public:
  Summary() { EVP_DigestInit_ex(digest_, EVP_sha256(), nullptr); }
  Summary(const Summary&) = delete;
  Summary& operator=(const Summary&) = delete;
  ~Summary() { EVP_MD_CTX_free(digest_); }

  void add(const rd_kafka_message_t& message) {
    if (count_++ == 0) first_ = message.offset;
    last_ = message.offset;
    encoding_.clear();
    put(static_cast<std::uint64_t>(rd_kafka_message_timestamp(&message, nullptr)), 8);
    put_bytes(message.key, message.key_len);
    put_bytes(message.payload, message.len);
    rd_kafka_headers_t* headers = nullptr;
    const bool some = rd_kafka_message_headers(&message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR;
    const std::size_t count = some ? rd_kafka_header_cnt(headers) : 0;
    put(count, 4);
    for (std::size_t index = 0; index < count; ++index) {
      const char* name = nullptr;
      const void* value = nullptr;
      std::size_t size = 0;
      check(rd_kafka_header_get_all(headers, index, &name, &value, &size), "header");
      put_bytes(name, std::string_view(name).size());
      put_bytes(value, size);
    }
    EVP_DigestUpdate(digest_, encoding_.data(), encoding_.size());
  }

  std::int64_t next_offset() const { return last_ + 1; }

  std::string json(int partition) {
    std::array<unsigned char, 32> hash{};
    EVP_DigestFinal_ex(digest_, hash.data(), nullptr);
    std::string hex;
    for (const unsigned char byte : hash) {
      hex += "0123456789abcdef"[byte >> 4U];
      hex += "0123456789abcdef"[byte & 15U];
    }
    return "{\"partition\":" + std::to_string(partition) + ",\"first\":" + std::to_string(first_) + ",\"last\":" + std::to_string(last_) +
           ",\"count\":" + std::to_string(count_) + ",\"sha256\":\"" + hex + "\"}";
  }

 private:
  void put(std::uint64_t number, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) { encoding_ += static_cast<char>(number >> static_cast<unsigned>(shift)); }
  }

  void put_bytes(const void* bytes, std::size_t size) {
    if (bytes == nullptr) {
      put(0xffffffffU, 4);
      return;
    }
    put(size, 4);
    encoding_.append(static_cast<const char*>(bytes), size);
  }

  EVP_MD_CTX* digest_ = EVP_MD_CTX_new();
  std::string encoding_;
  std::int64_t first_ = -1;
  std::int64_t last_ = -1;
  int count_ = 0;
};

void say(const std::string& json) { std::cout << json << std::endl; }

void await_order() {
  std::string line;
  std::getline(std::cin, line);
}

rd_kafka_conf_t* configured(const Arguments& args, std::map<std::string, std::string> settings) {
  settings["bootstrap.servers"] = args.at("brokers");
  settings["reconnect.backoff.max.ms"] = "200";
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  std::array<char, 512> error{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf, name.c_str(), value.c_str(), error.data(), error.size()) != RD_KAFKA_CONF_OK) { fail(error.data()); }
  }
  return conf;
}

rd_kafka_t* open(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  std::array<char, 512> error{};
  rd_kafka_t* client = rd_kafka_new(type, conf, error.data(), error.size());
  if (client == nullptr) fail(error.data());
  return client;
}

// Modes.

std::atomic<int> delivered{0};

void on_delivery(rd_kafka_t* /*client*/, const rd_kafka_message_t* message, void* /*opaque*/) {
  check(message->err, "delivery");
  ++delivered;
}

void send(rd_kafka_t* producer, const Arguments& args, int i, std::int64_t t0, int partitions) {
  const Bytes key = key_of(i);
  const Bytes value = value_of(i);
  rd_kafka_headers_t* headers = rd_kafka_headers_new(3);
  for (const auto& [name, content] : headers_of(i)) {
    check(rd_kafka_header_add(headers, name.data(), static_cast<ssize_t>(name.size()), content ? content->data() : nullptr,
                              content ? static_cast<ssize_t>(content->size()) : 0),
          "header");
  }
  // librdkafka's macros take names, not expressions.
  const void* key_data = key ? key->data() : nullptr;
  void* value_data = value ? const_cast<char*>(value->data()) : nullptr;
  const std::size_t key_size = key ? key->size() : 0;
  const std::size_t value_size = value ? value->size() : 0;
  for (;;) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(args.at("topic").c_str()), RD_KAFKA_V_PARTITION(i % partitions), RD_KAFKA_V_KEY(key_data, key_size),
        RD_KAFKA_V_VALUE(value_data, value_size), RD_KAFKA_V_TIMESTAMP(timestamp_of(i, t0)), RD_KAFKA_V_HEADERS(headers),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) check(error, "produce");
    rd_kafka_poll(producer, 10);
  }
}

int produce(const Arguments& args) {
  const int from = std::stoi(args.at("from"));
  const int to = std::stoi(args.at("to"));
  const int pause = args.contains("pause") ? std::stoi(args.at("pause")) : -1;
  const int partitions = std::stoi(args.at("partitions"));
  const std::int64_t t0 = std::stoll(args.at("t0"));
  rd_kafka_conf_t* conf = configured(args, {{"compression.codec", args.at("codec")}, {"enable.idempotence", "true"}});
  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  rd_kafka_t* producer = open(RD_KAFKA_PRODUCER, conf);
  for (int i = from; i < to; ++i) {
    if (i == pause) {
      check(rd_kafka_flush(producer, 60'000), "flush");
      say(R"({"event":"paused"})");
      await_order();
    }
    send(producer, args, i, t0, partitions);
    rd_kafka_poll(producer, 0);
  }
  check(rd_kafka_flush(producer, 60'000), "flush");
  rd_kafka_destroy(producer);
  say(R"({"event":"done","produced":)" + std::to_string(delivered) + "}");
  return 0;
}

rd_kafka_t* open_consumer(const Arguments& args) {
  rd_kafka_t* consumer = open(RD_KAFKA_CONSUMER, configured(args, {{"group.id", args.contains("group") ? args.at("group") : "unused"},
                                                                   {"auto.offset.reset", "earliest"},
                                                                   {"enable.auto.commit", "false"},
                                                                   {"heartbeat.interval.ms", "500"}}));
  rd_kafka_poll_set_consumer(consumer);
  return consumer;
}

void subscribe(rd_kafka_t* consumer, const std::string& topic) {
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic.c_str(), RD_KAFKA_PARTITION_UA);
  check(rd_kafka_subscribe(consumer, topics), "subscribe");
  rd_kafka_topic_partition_list_destroy(topics);
}

void assign_all(rd_kafka_t* consumer, const std::string& topic, int partitions) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int partition = 0; partition < partitions; ++partition) {
    rd_kafka_topic_partition_list_add(list, topic.c_str(), partition)->offset = RD_KAFKA_OFFSET_BEGINNING;
  }
  check(rd_kafka_assign(consumer, list), "assign");
  rd_kafka_topic_partition_list_destroy(list);
}

int consume(const Arguments& args) {
  const std::string& topic = args.at("topic");
  const int wanted = std::stoi(args.at("count"));
  rd_kafka_t* consumer = open_consumer(args);
  if (args.contains("group")) {
    subscribe(consumer, topic);
  } else {
    assign_all(consumer, topic, std::stoi(args.at("partitions")));
  }
  std::map<int, Summary> summaries;
  for (int count = 0; count < wanted;) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 500);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      summaries[message->partition].add(*message);
      ++count;
    } else {
      std::cerr << rd_kafka_message_errstr(message) << "\n";
    }
    rd_kafka_message_destroy(message);
  }
  if (args.contains("group")) {
    rd_kafka_topic_partition_list_t* offsets = rd_kafka_topic_partition_list_new(4);
    for (const auto& [partition, summary] : summaries) {
      rd_kafka_topic_partition_list_add(offsets, topic.c_str(), partition)->offset = summary.next_offset();
    }
    check(rd_kafka_commit(consumer, offsets, 0), "commit");
    rd_kafka_topic_partition_list_destroy(offsets);
  }
  check(rd_kafka_consumer_close(consumer), "close");
  rd_kafka_destroy(consumer);
  std::string each;
  for (auto& [partition, summary] : summaries) each += (each.empty() ? "" : ",") + summary.json(partition);
  say(R"({"event":"done","count":)" + std::to_string(wanted) + R"(,"partitions":[)" + each + "]}");
  return 0;
}

std::set<int> assignment_of(rd_kafka_t* consumer) {
  rd_kafka_topic_partition_list_t* list = nullptr;
  check(rd_kafka_assignment(consumer, &list), "assignment");
  std::set<int> partitions;
  for (int index = 0; index < list->cnt; ++index) partitions.insert(list->elems[index].partition);
  rd_kafka_topic_partition_list_destroy(list);
  return partitions;
}

int share(const Arguments& args) {
  std::atomic<bool> leave{false};
  std::thread orders([&] {
    await_order();
    leave = true;
  });
  rd_kafka_t* consumer = open_consumer(args);
  subscribe(consumer, args.at("topic"));
  std::optional<std::set<int>> assigned;
  std::map<int, int> received;
  while (!leave) {
    rd_kafka_message_t* message = rd_kafka_consumer_poll(consumer, 50);
    if (const std::set<int> now = assignment_of(consumer); now != assigned) {
      assigned = now;
      std::string list;
      for (const int partition : now) list += (list.empty() ? "" : ",") + std::to_string(partition);
      say(R"({"event":"assigned","partitions":[)" + list + "]}");
    }
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++received[message->partition];
      std::string counts;
      for (const auto& [partition, count] : received) {
        counts += (counts.empty() ? "\"" : ",\"") + std::to_string(partition) + "\":" + std::to_string(count);
      }
      say(R"({"event":"received","counts":{)" + counts + "}}");
    }
    rd_kafka_message_destroy(message);
  }
  check(rd_kafka_consumer_close(consumer), "close");
  rd_kafka_destroy(consumer);
  orders.join();
  say(R"({"event":"left"})");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Arguments args;
  for (int index = 2; index < argc; ++index) {
    const std::string argument = argv[index];
    const std::size_t equals = argument.find('=');
    args[argument.substr(0, equals)] = argument.substr(equals + 1);
  }
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "produce") return produce(args);
  if (mode == "consume") return consume(args);
  if (mode == "share") return share(args);
  fail("no mode " + mode);
}
