// barnabas consume: records of a range of offsets, or as a member of a group, through librdkafka.
#include <algorithm>
#include <array>
#include <map>

#include "cli/offset_range.h"
#include "cli/rdkafka.h"
#include "cli/record_text.h"
#include "cli/records_command.h"
#include "client/admin.h"
#include "client/refusal.h"

namespace barnabas::cli {
namespace {

using client::Cluster;
using client::NamedPartition;
using Kind = OffsetPoint::Kind;

constexpr int kPollMs = 100;

// [from, to) of one partition; without an end, for ever.
struct Span {
  std::int64_t from = 0;
  std::optional<std::int64_t> to;
};
using Spans = std::map<NamedPartition, Span>;

class Resolver {
 public:
  Resolver(Cluster& cluster, const protocol::MetadataResponse& topics, std::vector<NamedPartition> partitions)
      : cluster_(cluster), topics_(topics), partitions_(std::move(partitions)) {}

  Result<Spans> resolve(const OffsetRange& range) {
    TRY_ASSIGN(starts_, ask(client::kEarliest));
    TRY_ASSIGN(ends_, ask(client::kLatest));
    TRY_ASSIGN(const auto from, all(range.from, nullptr));
    Spans spans;
    for (const auto& [partition, offset] : from) spans[partition].from = offset;
    if (!range.to) return spans;
    TRY_ASSIGN(const auto to, all(*range.to, &from));
    for (auto& [partition, span] : spans) span.to = to.at(partition);
    return spans;
  }

 private:
  using Offsets = std::map<NamedPartition, std::int64_t>;

  Result<Offsets> ask(std::int64_t timestamp) {
    client::OffsetsWanted wanted;
    for (const NamedPartition& partition : partitions_) wanted[partition] = timestamp;
    TRY_ASSIGN(const auto found, client::list_offsets(cluster_, topics_, wanted));
    Offsets offsets;
    for (const auto& [partition, one] : found) {
      TRY(client::accepted(wire(one.error), partition.topic + "-" + std::to_string(partition.partition)));
      offsets[partition] = one.offset;
    }
    return offsets;
  }

  Result<Offsets> all(const OffsetPoint& point, const Offsets* from) {
    Offsets timed;
    if (point.kind == Kind::kTime) { TRY_ASSIGN(timed, ask(std::max<std::int64_t>(0, point.value))); }
    Offsets offsets;
    for (const NamedPartition& partition : partitions_) {
      const std::int64_t start = starts_.at(partition), end = ends_.at(partition);
      std::int64_t& offset = offsets[partition];
      switch (point.kind) {
        case Kind::kStart: offset = start; break;
        case Kind::kEnd: offset = end; break;
        case Kind::kOffset: offset = from == nullptr ? std::clamp(point.value, start, end) : point.value; break;
        case Kind::kAfterStart: offset = std::min(end, start + std::min(point.value, end)); break;
        case Kind::kBeforeEnd: offset = std::max(start, end - point.value); break;
        case Kind::kAfterFrom: offset = from->at(partition) + std::min(point.value, INT64_MAX - from->at(partition)); break;
        case Kind::kTime: offset = timed.at(partition) < 0 ? end : timed.at(partition); break;
      }
    }
    return offsets;
  }

  Cluster& cluster_;
  const protocol::MetadataResponse& topics_;
  std::vector<NamedPartition> partitions_;
  Offsets starts_, ends_;
};

Result<std::vector<NamedPartition>> partitions_of(const protocol::MetadataResponse& topics, const Consume& consume) {
  std::vector<NamedPartition> all;
  for (const auto& topic : topics.topics) {
    TRY(client::accepted(topic.error_code, "topic " + topic.name.value_or("")));
    for (const auto& partition : topic.partitions) {
      const bool wanted =
          consume.partitions.empty() || std::ranges::find(consume.partitions, partition.partition_index) != consume.partitions.end();
      if (wanted) all.push_back({topic.name.value_or(""), partition.partition_index});
    }
  }
  if (all.size() < consume.partitions.size() * consume.topics.size()) {
    return std::unexpected(client::refusal(ErrorCode::kUnknownTopicOrPartition, "--partition"));
  }
  return all;
}

TextRecord record_of(const Rdkafka& kafka, const rd_kafka_message_t& message) {
  const auto bytes = [](const void* data, std::size_t size) {
    return data == nullptr ? std::optional<std::string>() : std::string(static_cast<const char*>(data), size);
  };
  TextRecord record;
  record.topic = kafka.topic_name(message.rkt);
  record.partition = message.partition;
  record.offset = message.offset;
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  record.timestamp = kafka.message_timestamp(&message, &type);
  record.key = bytes(message.key, message.key_len);
  record.value = bytes(message.payload, message.len);
  rd_kafka_headers_t* headers = nullptr;
  if (kafka.message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return record;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0; kafka.header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i) {
    record.headers.emplace_back(name, bytes(value, size));
  }
  return record;
}

// How records are printed: the format string's way, or that of -o.
class Printer {
 public:
  Printer(const Asked& asked, std::optional<RecordFormat> format) : asked_(asked), format_(std::move(format)) {}

  void print(const TextRecord& record, std::int64_t count) {
    text_.clear();
    if (format_) {
      format_->append(text_, record, count);
    } else if (asked_.output.format == Format::kTable) {
      text_ = record.value.value_or("") + "\n";
    } else {
      text_ = record_json(record) + "\n";
      if (asked_.output.format == Format::kYaml) text_ = "---\n" + text_;  // JSON on one line is YAML too
    }
    asked_.context.console.out(text_);
  }

 private:
  const Asked& asked_;
  std::optional<RecordFormat> format_;
  std::string text_;
};

class Consumer {
 public:
  Consumer(const Rdkafka& kafka, const Asked& asked, const Consume& consume, const ConsumeStyle& style, Printer printer)
      : kafka_(kafka), asked_(asked), consume_(consume), style_(style), printer_(std::move(printer)) {}
  Consumer(const Consumer&) = delete;
  ~Consumer() {
    if (handle_ == nullptr) return;
    kafka_.consumer_close(handle_);  // commits what was printed, when in a group
    kafka_.destroy(handle_);
  }

  Result<> open(const std::vector<std::pair<std::string, std::string>>& properties) {
    TRY_ASSIGN(rd_kafka_conf_t * conf, kafka_.configure(properties));
    std::array<char, 512> why{};
    handle_ = kafka_.create(RD_KAFKA_CONSUMER, conf, why.data(), why.size());
    if (handle_ == nullptr) {
      kafka_.conf_destroy(conf);
      return fail(Errc::kInvalidArgument, why.data());
    }
    kafka_.poll_set_consumer(handle_);
    return {};
  }

  rd_kafka_resp_err_t assign(const Spans& spans) {
    spans_ = spans;
    rd_kafka_topic_partition_list_t* list = kafka_.topic_partition_list_new(static_cast<int>(spans.size()));
    for (const auto& [partition, span] : spans) {
      if (span.to && span.from >= *span.to) continue;
      kafka_.topic_partition_list_add(list, partition.topic.c_str(), partition.partition)->offset = span.from;
      ++open_;
    }
    const rd_kafka_resp_err_t error = kafka_.assign(handle_, list);
    kafka_.topic_partition_list_destroy(list);
    return error;
  }

  rd_kafka_resp_err_t subscribe() {
    rd_kafka_topic_partition_list_t* list = kafka_.topic_partition_list_new(static_cast<int>(consume_.topics.size()));
    for (const std::string& topic : consume_.topics) kafka_.topic_partition_list_add(list, topic.c_str(), RD_KAFKA_PARTITION_UA);
    const rd_kafka_resp_err_t error = kafka_.subscribe(handle_, list);
    kafka_.topic_partition_list_destroy(list);
    open_ = 1;  // for ever
    return error;
  }

  int run() {
    int code = kDone;
    MonoTime last = asked_.context.clock.mono();
    while (open_ > 0 && !(consume_.count > 0 && printed_ >= consume_.count) && !asked_.context.console.interrupted()) {
      rd_kafka_message_t* message = kafka_.consumer_poll(handle_, 0);
      if (message == nullptr) {
        asked_.context.console.flush();  // nothing more is there now
        message = kafka_.consumer_poll(handle_, kPollMs);
      }
      if (message == nullptr) {
        if (idle_for_too_long(last)) break;
        continue;
      }
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) last = asked_.context.clock.mono();
      const rd_kafka_resp_err_t error = take(*message);
      kafka_.message_destroy(message);
      if (error == RD_KAFKA_RESP_ERR_NO_ERROR) continue;
      asked_.context.console.err("barnabas: " + describe(kafka_, error) + "\n");
      code = exit_code(error);
      break;
    }
    if (style_.say_total) asked_.context.console.err("Processed a total of " + std::to_string(printed_) + " messages\n");
    return code;
  }

 private:
  bool idle_for_too_long(MonoTime since) const {
    return style_.idle_max_ms > 0 && asked_.context.clock.mono() - since > std::chrono::milliseconds(style_.idle_max_ms);
  }

  rd_kafka_resp_err_t take(const rd_kafka_message_t& message) {
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      close_at(message, message.offset);
      return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return message.err;
    Span* span = span_of(message);
    if (span != nullptr && span->to && message.offset >= *span->to) {
      close_at(message, message.offset);
      return RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    printer_.print(record_of(kafka_, message), ++printed_);
    if (!consume_.group.empty()) store(message);
    close_at(message, message.offset + 1);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  Span* span_of(const rd_kafka_message_t& message) {
    const auto found = spans_.find({kafka_.topic_name(message.rkt), message.partition});
    return found == spans_.end() ? nullptr : &found->second;
  }

  // The partition was read up to `next`: is that all that was wanted of it?
  void close_at(const rd_kafka_message_t& message, std::int64_t next) {
    Span* span = span_of(message);
    if (span == nullptr || !span->to || next < *span->to) return;
    spans_.erase({kafka_.topic_name(message.rkt), message.partition});
    --open_;
  }

  void store(const rd_kafka_message_t& message) {
    rd_kafka_topic_partition_list_t* list = kafka_.topic_partition_list_new(1);
    kafka_.topic_partition_list_add(list, kafka_.topic_name(message.rkt), message.partition)->offset = message.offset + 1;
    kafka_.offsets_store(handle_, list);
    kafka_.topic_partition_list_destroy(list);
  }

  const Rdkafka& kafka_;
  const Asked& asked_;
  const Consume& consume_;
  const ConsumeStyle& style_;
  Printer printer_;
  rd_kafka_t* handle_ = nullptr;
  Spans spans_;
  std::size_t open_ = 0;
  std::int64_t printed_ = 0;
};

using Properties = std::vector<std::pair<std::string, std::string>>;

Result<Properties> properties_of(const Asked& asked, const Consume& consume, const OffsetRange& range) {
  TRY_ASSIGN(const std::string brokers, brokers_text(asked.context, asked.connection));
  Properties all{{"bootstrap.servers", brokers},
                 {"client.id", "barnabas-cli"},
                 {"group.id", consume.group.empty() ? "barnabas-cli" : consume.group},  // needed also where no group is joined
                 {"enable.auto.commit", consume.group.empty() ? "false" : "true"},
                 {"enable.auto.offset.store", "false"},
                 {"auto.offset.reset", range.from.kind == Kind::kEnd ? "latest" : "earliest"},
                 {"enable.partition.eof", "true"}};
  for (const std::string& text : consume.properties) {
    TRY_ASSIGN(auto pair, key_value(text));
    all.push_back(std::move(pair));
  }
  return all;
}

}  // namespace

int run(const Asked& asked, const Consume& consume) { return run(asked, consume, ConsumeStyle{}); }

int run(const Asked& asked, const Consume& consume, const ConsumeStyle& style) {
  const auto range = parse_range(consume.range, asked.context.clock.wall_ms());
  if (!range) return wrong_usage(asked.context, range.error().message);
  std::optional<RecordFormat> format;
  if (consume.format) {
    auto parsed = RecordFormat::parse(*consume.format);
    if (!parsed) return wrong_usage(asked.context, parsed.error().message);
    format = *std::move(parsed);
  }
  const bool whole = range->to == std::nullopt && (range->from.kind == Kind::kStart || range->from.kind == Kind::kEnd);
  if (!consume.group.empty() && (!whole || !consume.partitions.empty())) {
    return wrong_usage(asked.context,
                       "a group goes on where it stopped: with --group, --offset is start or end (where nothing is committed), and "
                       "--partition is not for it");
  }
  const auto properties = properties_of(asked, consume, *range);
  if (!properties) return wrong_usage(asked.context, properties.error().message);
  auto cluster = connect(asked.context, asked.connection);
  if (!cluster) return wrong_usage(asked.context, cluster.error().message);
  const auto topics = cluster->topics(consume.topics);
  if (!topics) return failed(asked.context, topics.error());
  const auto partitions = partitions_of(**topics, consume);
  if (!partitions) return failed(asked.context, partitions.error());
  const auto kafka = Rdkafka::load();
  if (!kafka) return failed(asked.context, kafka.error());
  Consumer consumer(*kafka, asked, consume, style, Printer(asked, std::move(format)));
  if (const auto opened = consumer.open(*properties); !opened) return wrong_usage(asked.context, opened.error().message);
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
  if (consume.group.empty()) {
    const auto spans = Resolver(*cluster, **topics, *partitions).resolve(*range);
    if (!spans) return failed(asked.context, spans.error());
    error = consumer.assign(*spans);
  } else {
    error = consumer.subscribe();
  }
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return consumer.run();
  asked.context.console.err("barnabas: " + describe(*kafka, error) + "\n");
  return exit_code(error);
}

}  // namespace barnabas::cli
