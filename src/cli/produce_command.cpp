// barnabas produce: lines or JSON lines of standard input become records, through librdkafka.
#include <array>

#include "cli/outcomes.h"
#include "cli/rdkafka.h"
#include "cli/record_text.h"
#include "cli/records_command.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

constexpr int kPollMs = 100;

using Headers = std::vector<std::pair<std::string, std::optional<std::string>>>;

// What became of the records, told by delivery reports.
struct Tally {
  std::int64_t delivered = 0, failed = 0;
  rd_kafka_resp_err_t first_error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

void on_delivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto& tally = *static_cast<Tally*>(opaque);
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    ++tally.delivered;
  } else if (tally.failed++ == 0) {
    tally.first_error = message->err;
  }
}

class Producer {
 public:
  Producer(const Rdkafka& kafka, const Produce& asked) : kafka_(kafka), asked_(asked) {}
  Producer(const Producer&) = delete;
  ~Producer() {
    if (handle_ != nullptr) kafka_.destroy(handle_);
  }

  Result<> open(const std::vector<std::pair<std::string, std::string>>& properties) {
    TRY_ASSIGN(rd_kafka_conf_t * conf, kafka_.configure(properties));
    kafka_.conf_set_dr_msg_cb(conf, on_delivery);
    kafka_.conf_set_opaque(conf, &tally_);
    std::array<char, 512> why{};
    handle_ = kafka_.create(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
    if (handle_ != nullptr) return {};
    kafka_.conf_destroy(conf);
    return fail(Errc::kInvalidArgument, why.data());
  }

  Result<> send(const TextRecord& record) {
    for (;;) {
      const rd_kafka_resp_err_t error = try_send(record);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
      if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) return fail(Errc::kInvalidArgument, describe(kafka_, error));
      kafka_.poll(handle_, kPollMs);
    }
    kafka_.poll(handle_, 0);
    return {};
  }

  // Waits until every record was answered or its time is over.
  const Tally& finish() {
    while (kafka_.outq_len(handle_) > 0) kafka_.poll(handle_, kPollMs);
    return tally_;
  }

 private:
  rd_kafka_resp_err_t try_send(const TextRecord& record) {
    std::array<rd_kafka_vu_t, 7> fields{};
    std::size_t count = 0;
    const auto add = [&](rd_kafka_vtype_t type) -> rd_kafka_vu_t& {
      fields[count].vtype = type;
      return fields[count++];
    };
    const auto bytes = [&](rd_kafka_vtype_t type, const std::optional<std::string>& text) {
      rd_kafka_vu_t& field = add(type);
      field.u.mem.ptr = text ? const_cast<char*>(text->data()) : nullptr;  // it is copied, RD_KAFKA_MSG_F_COPY
      field.u.mem.size = text ? text->size() : 0;
    };
    add(RD_KAFKA_VTYPE_TOPIC).u.cstr = asked_.topic.c_str();
    add(RD_KAFKA_VTYPE_PARTITION).u.i32 = record.partition;
    add(RD_KAFKA_VTYPE_MSGFLAGS).u.i = RD_KAFKA_MSG_F_COPY;
    bytes(RD_KAFKA_VTYPE_KEY, record.key);
    bytes(RD_KAFKA_VTYPE_VALUE, record.value);
    if (record.timestamp >= 0) add(RD_KAFKA_VTYPE_TIMESTAMP).u.i64 = record.timestamp;
    rd_kafka_headers_t* headers = record.headers.empty() ? nullptr : kafka_.headers_new(record.headers.size());
    for (const auto& [name, value] : record.headers) {
      kafka_.header_add(headers, name.data(), static_cast<ssize_t>(name.size()), value ? value->data() : nullptr,
                        value ? static_cast<ssize_t>(value->size()) : 0);
    }
    if (headers != nullptr) add(RD_KAFKA_VTYPE_HEADERS).u.headers = headers;
    rd_kafka_error_t* error = kafka_.produceva(handle_, fields.data(), count);
    if (error == nullptr) return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (headers != nullptr) kafka_.headers_destroy(headers);  // ours again, as the record was not taken
    const rd_kafka_resp_err_t code = kafka_.error_code(error);
    kafka_.error_destroy(error);
    return code;
  }

  const Rdkafka& kafka_;
  const Produce& asked_;
  Tally tally_;
  rd_kafka_t* handle_ = nullptr;
};

Result<TextRecord> record_of(const std::string& line, const Produce& produce) {
  TextRecord record;
  if (produce.json) {
    TRY_ASSIGN(record, parse_record_json(line));
    if (!produce.keep_partitions) record.partition = -1;
  } else {
    std::string_view text = line;
    const std::size_t at = produce.key_separator ? text.find(*produce.key_separator) : std::string_view::npos;
    if (at != std::string_view::npos) {
      record.key = text.substr(0, at);
      text.remove_prefix(at + produce.key_separator->size());
    }
    if (!text.empty() || !produce.empty_is_null) record.value = text;
  }
  if (produce.partition >= 0) record.partition = produce.partition;
  return record;
}

std::vector<std::pair<std::string, std::string>> properties_of(const Produce& produce, const std::string& brokers, MonoDuration timeout) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  return {{"bootstrap.servers", brokers},
          {"client.id", "barnabas-cli"},
          {"compression.codec", produce.compression},
          {"acks", produce.acks},
          {"message.timeout.ms", std::to_string(ms)},
          {"partitioner", "murmur2_random"}};  // as Kafka's own producers: the same key, the same partition
}

// librdkafka retries an unknown topic until the time is over; asked first, it is told at once.
Result<> topic_is_there(client::Cluster& cluster, const std::string& topic) {
  TRY_ASSIGN(const auto topics, cluster.topics(std::vector<std::string>{topic}));
  for (const auto& found : topics->topics) TRY(client::accepted(found.error_code, "topic " + topic));
  return {};
}

// `delivered` is what came of it, when something was tried.
int produce_all(const Asked& asked, const Produce& produce, std::optional<Tally>& delivered) {
  Headers headers;
  for (const std::string& text : produce.headers) {
    const auto pair = key_value(text);
    if (!pair) return wrong_usage(asked.context, pair.error().message);
    headers.emplace_back(pair->first, pair->second);
  }
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto brokers = brokers_text(asked.context, asked.connection);
  if (!brokers) return wrong_usage(asked.context, brokers.error().message);
  auto properties = properties_of(produce, *brokers, asked.connection.timeout);
  for (const std::string& text : produce.properties) {
    const auto pair = key_value(text);
    if (!pair) return wrong_usage(asked.context, pair.error().message);
    properties.push_back(*pair);
  }
  const auto kafka = Rdkafka::load();
  if (!kafka) return failed(asked.context, kafka.error());
  Producer producer(*kafka, produce);
  if (const auto opened = producer.open(properties); !opened) return wrong_usage(asked.context, opened.error().message);
  if (!produce.auto_create) {
    if (const auto there = topic_is_there(*cluster, produce.topic); !there) return failed(asked.context, there.error());
  }
  std::string line;
  std::int64_t number = 0;
  while (!asked.context.console.interrupted() && asked.context.console.read_line(line)) {
    ++number;
    auto record = record_of(line, produce);
    if (!record) {
      producer.finish();
      return wrong_usage(asked.context,
                         "line " + std::to_string(number) + ": " + record.error().message + "; nothing from there on was sent");
    }
    record->headers.insert(record->headers.end(), headers.begin(), headers.end());
    if (const auto sent = producer.send(*record); !sent) {
      producer.finish();
      return failed(asked.context, sent.error());
    }
  }
  const Tally& tally = producer.finish();
  if (tally.failed > 0) {
    asked.context.console.err("barnabas: topic " + produce.topic + ": " + std::to_string(tally.failed) +
                              " records were not taken: " + describe(*kafka, tally.first_error) + "\n");
  }
  delivered = tally;
  return tally.failed > 0 ? exit_code(tally.first_error) : kDone;
}

}  // namespace

int run(const Asked& asked, const Produce& produce) {
  std::optional<Tally> tally;
  const int code = produce_all(asked, produce, tally);
  if (!tally) return code;
  Outcomes outcomes(asked.context, asked.output, "topic");
  outcomes.done(produce.topic, "produced", {{"records", tally->delivered}, {"failed", tally->failed}});
  outcomes.finish();
  return code;
}

int run_silently(const Asked& asked, const Produce& produce) {
  std::optional<Tally> tally;
  return produce_all(asked, produce, tally);
}

}  // namespace barnabas::cli
