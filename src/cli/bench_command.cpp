// barnabas bench produce, consume, e2e, through librdkafka.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cli/bench.h"
#include "cli/rdkafka.h"
#include "client/admin.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

constexpr int kPollMs = 100;
constexpr std::int64_t kSecondNs = 1'000'000'000;

using Properties = std::vector<std::pair<std::string, std::string>>;

// Says once a second how far it is, on a terminal.
class Progress {
 public:
  Progress(const Context& context, std::int64_t total)
      : context_(context), total_(total), next_(context.clock.mono() + std::chrono::seconds(1)) {}
  ~Progress() {
    if (shown_) context_.console.err("\r\x1b[K");
  }
  void at(std::int64_t done) {
    if (!context_.console.out_is_terminal() || context_.clock.mono() < next_) return;
    next_ = context_.clock.mono() + std::chrono::seconds(1);
    shown_ = true;
    constexpr std::int64_t kWide = 30;
    const auto filled = static_cast<std::size_t>(std::clamp<std::int64_t>(done * kWide / std::max<std::int64_t>(1, total_), 0, kWide));
    context_.console.err(fmt::format("\r[{}{}] {} of {}", std::string(filled, '#'), std::string(kWide - filled, '.'), done, total_));
  }

 private:
  const Context& context_;
  std::int64_t total_;
  MonoTime next_;
  bool shown_ = false;
};

struct Client {
  const Rdkafka& kafka;
  bool consumer;
  rd_kafka_t* handle = nullptr;

  Client(const Rdkafka& library, bool is_consumer) : kafka(library), consumer(is_consumer) {}
  Client(const Client&) = delete;
  ~Client() {
    if (handle == nullptr) return;
    if (consumer) kafka.consumer_close(handle);
    kafka.destroy(handle);
  }
  Result<> open(const Properties& properties, void* opaque = nullptr,
                void (*on_delivery)(rd_kafka_t*, const rd_kafka_message_t*, void*) = nullptr) {
    TRY_ASSIGN(rd_kafka_conf_t * conf, kafka.configure(properties));
    if (on_delivery != nullptr) kafka.conf_set_dr_msg_cb(conf, on_delivery);
    kafka.conf_set_opaque(conf, opaque);
    std::array<char, 512> why{};
    handle = kafka.create(consumer ? RD_KAFKA_CONSUMER : RD_KAFKA_PRODUCER, conf, why.data(), why.size());
    if (handle != nullptr) return {};
    kafka.conf_destroy(conf);
    return fail(Errc::kInvalidArgument, why.data());
  }
};

// Delivery reports: the opaque of a message is when it was sent.
struct Acknowledged {
  const Clock& clock;
  std::vector<std::int64_t> latencies_us;
  std::int64_t failed = 0;
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;

  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
    auto& all = *static_cast<Acknowledged*>(opaque);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
      ++all.failed;
      all.error = message->err;
      return;
    }
    all.latencies_us.push_back((all.clock.mono().ns - static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(message->_private))) /
                               1000);
  }
};

class Sender {
 public:
  Sender(const Client& client, const BenchCommand& bench, const Clock& clock) : client_(client), bench_(bench), clock_(clock) {
    // Not all alike, so that a codec has something to do, and the same each time.
    std::uint32_t state = 1;
    for (std::int64_t i = 0; i < bench.size_bytes; ++i) {
      state = state * 1664525 + 1013904223;
      value_ += static_cast<char>('a' + (state >> 24) % 16);
    }
  }

  Result<> send(std::int32_t partition = -1) {
    for (;;) {
      std::array<rd_kafka_vu_t, 5> fields{};
      fields[0].vtype = RD_KAFKA_VTYPE_TOPIC;
      fields[0].u.cstr = bench_.topic.c_str();
      fields[1].vtype = RD_KAFKA_VTYPE_PARTITION;
      fields[1].u.i32 = partition;
      fields[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
      fields[2].u.i = RD_KAFKA_MSG_F_COPY;
      fields[3].vtype = RD_KAFKA_VTYPE_VALUE;
      fields[3].u.mem.ptr = value_.data();
      fields[3].u.mem.size = value_.size();
      fields[4].vtype = RD_KAFKA_VTYPE_OPAQUE;
      fields[4].u.ptr = reinterpret_cast<void*>(static_cast<std::intptr_t>(clock_.mono().ns));
      rd_kafka_error_t* error = client_.kafka.produceva(client_.handle, fields.data(), fields.size());
      if (error == nullptr) return {};
      const rd_kafka_resp_err_t code = client_.kafka.error_code(error);
      client_.kafka.error_destroy(error);
      if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL) return fail(Errc::kInvalidArgument, describe(client_.kafka, code));
      client_.kafka.poll(client_.handle, kPollMs);
    }
  }

 private:
  const Client& client_;
  const BenchCommand& bench_;
  const Clock& clock_;
  std::string value_;
};

double percentile_ms(std::vector<std::int64_t>& latencies_us, double part) {
  if (latencies_us.empty()) return 0;
  const auto at = static_cast<std::size_t>(part * static_cast<double>(latencies_us.size() - 1));
  std::ranges::nth_element(latencies_us, latencies_us.begin() + static_cast<std::ptrdiff_t>(at));
  return static_cast<double>(latencies_us[at]) / 1000;
}

double rounded(double value) { return static_cast<double>(static_cast<std::int64_t>(value * 1000 + 0.5)) / 1000; }

Value::Object measured(const BenchCommand& bench, std::string_view name, std::int64_t records, std::int64_t bytes, MonoDuration took) {
  const double seconds = std::max(1e-9, static_cast<double>(took.count()) / static_cast<double>(kSecondNs));
  return {{"bench", name},
          {"topic", bench.topic},
          {"records", records},
          {"seconds", rounded(seconds)},
          {"records_per_s", rounded(static_cast<double>(records) / seconds)},
          {"mb_per_s", rounded(static_cast<double>(bytes) / seconds / 1e6)}};
}

void add_latency(Value::Object& object, std::vector<std::int64_t>& latencies_us) {
  object.emplace_back("latency_ms_p50", rounded(percentile_ms(latencies_us, 0.5)));
  object.emplace_back("latency_ms_p99", rounded(percentile_ms(latencies_us, 0.99)));
  object.emplace_back("latency_ms_max", rounded(percentile_ms(latencies_us, 1)));
}

struct Course {
  const Context& context;
  const BenchCommand& bench;
  const Rdkafka& kafka;
  client::Cluster& cluster;
  const protocol::MetadataResponse& topics;
  Properties producer, consumer;
};

Result<Value::Object> bench_produce(const Course& set) {
  Acknowledged done{set.context.clock, {}, 0, RD_KAFKA_RESP_ERR_NO_ERROR};
  Client client(set.kafka, false);
  TRY(client.open(set.producer, &done, Acknowledged::on_delivery));
  Sender sender(client, set.bench, set.context.clock);
  Progress progress(set.context, set.bench.count);
  const MonoTime begun = set.context.clock.mono();
  for (std::int64_t i = 0; i < set.bench.count; ++i) {
    TRY(sender.send());
    set.kafka.poll(client.handle, 0);
    progress.at(static_cast<std::int64_t>(done.latencies_us.size()));
  }
  while (set.kafka.outq_len(client.handle) > 0) set.kafka.poll(client.handle, kPollMs);
  if (done.failed > 0)
    return fail(Errc::kInvalidArgument, std::to_string(done.failed) + " records were not taken: " + describe(set.kafka, done.error));
  Value::Object object =
      measured(set.bench, "produce", set.bench.count, set.bench.count * set.bench.size_bytes, set.context.clock.mono() - begun);
  add_latency(object, done.latencies_us);
  return object;
}

// Assigns all partitions, each from its offset.
Result<> assign(const Course& set, const Client& client, std::int64_t from, std::int64_t* available) {
  client::OffsetsWanted starts, ends;
  for (const auto& topic : set.topics.topics) {
    for (const auto& partition : topic.partitions) {
      starts[{set.bench.topic, partition.partition_index}] = from;
      ends[{set.bench.topic, partition.partition_index}] = client::kLatest;
    }
  }
  TRY_ASSIGN(const auto first, client::list_offsets(set.cluster, set.topics, starts));
  TRY_ASSIGN(const auto last, client::list_offsets(set.cluster, set.topics, ends));
  rd_kafka_topic_partition_list_t* list = set.kafka.topic_partition_list_new(static_cast<int>(first.size()));
  for (const auto& [partition, found] : first) {
    set.kafka.topic_partition_list_add(list, partition.topic.c_str(), partition.partition)->offset = found.offset;
    const auto end = last.find(partition);
    if (end != last.end()) *available += end->second.offset - found.offset;
  }
  const rd_kafka_resp_err_t error = set.kafka.assign(client.handle, list);
  set.kafka.topic_partition_list_destroy(list);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(Errc::kInvalidArgument, describe(set.kafka, error));
  return {};
}

// The next record, or none before the deadline.
Result<std::int64_t> receive(const Course& set, const Client& client, MonoTime deadline) {
  for (;;) {
    rd_kafka_message_t* message = set.kafka.consumer_poll(client.handle, kPollMs);
    if (message != nullptr) {
      const rd_kafka_resp_err_t error = message->err;
      const auto bytes = static_cast<std::int64_t>(message->len);
      set.kafka.message_destroy(message);
      if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return fail(Errc::kInvalidArgument, describe(set.kafka, error));
      return bytes;
    }
    if (set.context.clock.mono() > deadline) return fail(Errc::kTimeout, "no record came within --timeout");
  }
}

Result<Value::Object> bench_consume(const Course& set) {
  Client client(set.kafka, true);
  TRY(client.open(set.consumer));
  set.kafka.poll_set_consumer(client.handle);
  std::int64_t available = 0, bytes = 0;
  TRY(assign(set, client, client::kEarliest, &available));
  const std::int64_t count = std::min(available, set.bench.count);
  Progress progress(set.context, count);
  const MonoTime begun = set.context.clock.mono();
  for (std::int64_t i = 0; i < count; ++i) {
    TRY_ASSIGN(const std::int64_t size, receive(set, client, set.context.clock.mono() + set.bench.connection.timeout));
    bytes += size;
    progress.at(i);
  }
  return measured(set.bench, "consume", count, bytes, set.context.clock.mono() - begun);
}

// One record at a time: sent, and received, before the next.
Result<Value::Object> bench_end_to_end(const Course& set) {
  Client producer(set.kafka, false), consumer(set.kafka, true);
  Acknowledged done{set.context.clock, {}, 0, RD_KAFKA_RESP_ERR_NO_ERROR};
  TRY(producer.open(set.producer, &done, Acknowledged::on_delivery));
  TRY(consumer.open(set.consumer));
  set.kafka.poll_set_consumer(consumer.handle);
  std::int64_t available = 0;
  TRY(assign(set, consumer, client::kLatest, &available));
  Sender sender(producer, set.bench, set.context.clock);
  Progress progress(set.context, set.bench.count);
  std::vector<std::int64_t> latencies_us;
  const MonoTime begun = set.context.clock.mono();
  for (std::int64_t i = 0; i < set.bench.count; ++i) {
    const MonoTime sent = set.context.clock.mono();
    TRY(sender.send());
    TRY(receive(set, consumer, sent + set.bench.connection.timeout));
    latencies_us.push_back((set.context.clock.mono() - sent).count() / 1000);
    set.kafka.poll(producer.handle, 0);
    progress.at(i);
  }
  Value::Object object =
      measured(set.bench, "e2e", set.bench.count, set.bench.count * set.bench.size_bytes, set.context.clock.mono() - begun);
  add_latency(object, latencies_us);
  return object;
}

}  // namespace

int run(const Context& context, const BenchCommand& bench) {
  const auto brokers = brokers_text(context, bench.connection);
  if (!brokers) return wrong_usage(context, brokers.error().message);
  const auto timeout_ms = std::chrono::duration_cast<std::chrono::milliseconds>(bench.connection.timeout).count();
  const Properties both{{"bootstrap.servers", *brokers}, {"client.id", "barnabas-bench"}};
  Properties producer = both, consumer = both;
  for (const auto& each :
       Properties{{"compression.codec", bench.compression}, {"acks", bench.acks}, {"message.timeout.ms", std::to_string(timeout_ms)}}) {
    producer.push_back(each);
  }
  if (bench.kind == BenchCommand::Kind::kEndToEnd) producer.emplace_back("linger.ms", "0");
  for (const auto& each : Properties{{"group.id", "barnabas-bench"}, {"enable.auto.commit", "false"}, {"fetch.wait.max.ms", "100"}})
    consumer.push_back(each);
  for (const std::string& text : bench.properties) {
    const auto pair = key_value(text);
    if (!pair) return wrong_usage(context, pair.error().message);
    (bench.kind == BenchCommand::Kind::kConsume ? consumer : producer).push_back(*pair);
  }
  auto cluster = connect(context, bench.connection);
  if (!cluster) return wrong_usage(context, cluster.error().message);
  const auto topics = cluster->topics(std::vector<std::string>{bench.topic});
  if (!topics) return failed(context, topics.error());
  for (const auto& topic : (*topics)->topics) {
    if (const auto there = client::accepted(topic.error_code, "topic " + bench.topic); !there) return failed(context, there.error());
  }
  const auto kafka = Rdkafka::load();
  if (!kafka) return failed(context, kafka.error());
  const Course set{context, bench, *kafka, *cluster, **topics, std::move(producer), std::move(consumer)};
  const auto object = bench.kind == BenchCommand::Kind::kProduce   ? bench_produce(set)
                      : bench.kind == BenchCommand::Kind::kConsume ? bench_consume(set)
                                                                   : bench_end_to_end(set);
  if (!object) return failed(context, object.error());
  print(context, bench.output, fields_text(*object), *object);
  return kDone;
}

}  // namespace barnabas::cli
