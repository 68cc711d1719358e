// DescribeConfigs: the configs of topics, brokers, loggers, groups and client metrics, in force and behind it.
//
// Behaviour: no keys, or an empty list of them, means all; a key that does not exist is left out. An unknown topic is 3,
// a wrong topic name 17; a broker answers for itself and, under the empty name, with what was set for all brokers (else
// 42). Groups and client metrics need not exist. Passwords are never told (SEC10).
// Versions: 0 has is_default where later ones have the source; 1 adds synonyms, 3 types and documentation.
#include <fmt/format.h>

#include <algorithm>

#include "broker/broker_loggers.h"
#include "broker/handlers/config_requests.h"
#include "broker/handlers/handlers.h"
#include "config/describe.h"

namespace barnabas::broker {
namespace {

using protocol::DescribeConfigsRequest;
using protocol::DescribeConfigsResponse;
using Answer = DescribeConfigsResponse::DescribeConfigsResult;

// A resource is a few bytes to ask for and thousands to answer: one request must not take the broker's memory. Ten thousand
// topics with every config, its synonyms and its documentation stay below.
constexpr std::size_t kAnswerBytesMax = std::size_t{256} << 20;
constexpr std::size_t kEntryBytes = 64;  // beside its texts, about

class DescribeConfigs {
 public:
  DescribeConfigs(Broker& broker, const RequestContext& context, const DescribeConfigsRequest& request)
      : broker_(broker), version_(context.version), image_(*context.image), request_(request) {}

  DescribeConfigsResponse run() {
    DescribeConfigsResponse response;
    response.results.reserve(request_.resources.size());
    for (const auto& asked : request_.resources) {
      Answer& told = response.results.emplace_back();
      told.resource_type = asked.resource_type;
      told.resource_name = asked.resource_name;
      asked_ = &asked;
      if (told_bytes_ >= kAnswerBytesMax) {
        refuse(told, ErrorCode::kInvalidRequest, "Too many configs for one answer: ask for fewer resources at once.");
      } else {
        describe(told);
      }
    }
    return response;
  }

 private:
  void describe(Answer& told) {
    const std::string& name = asked_->resource_name;
    switch (asked_->resource_type) {
      case kTopicResource: return describe_topic_resource(name, told);
      case kBrokerResource: return describe_broker_resource(name, told);
      case kBrokerLoggerResource: return describe_loggers(name, told);
      case kClientMetricsResource:
        if (name.empty()) return refuse(told, ErrorCode::kInvalidRequest, "A subscription of client metrics needs a name.");
        return tell(describe_client_metrics(set_for(image_.client_metrics(), name)), told);
      case kGroupResource:
        if (name.empty()) return refuse(told, ErrorCode::kInvalidRequest, "A group needs a name.");
        return tell(describe_group(settings(), set_for(image_.group_configs(), name)), told);
      default: return refuse(told, ErrorCode::kInvalidRequest, fmt::format("Resources of type {} have no configs.", asked_->resource_type));
    }
  }

  void describe_topic_resource(const std::string& name, Answer& told) {
    if (const std::string problem = topic_name_problem(name); !problem.empty()) {
      return refuse(told, ErrorCode::kInvalidTopicException, "Topic name is invalid: " + problem);
    }
    const metadata::Topic* topic = image_.find_topic(name);
    if (topic == nullptr) return refuse(told, ErrorCode::kUnknownTopicOrPartition, "There is no such topic.");
    tell(describe_topic(settings(), *topic->configs), told);
  }

  void describe_broker_resource(const std::string& name, Answer& told) {
    if (name.empty()) return tell(describe_all_brokers(image_.broker_configs("")), told);
    if (std::string why = not_this_broker(name, broker_.id()); !why.empty())
      return refuse(told, ErrorCode::kInvalidRequest, std::move(why));
    tell(describe_broker(settings()), told);
  }

  void describe_loggers(const std::string& name, Answer& told) {
    if (std::string why = not_this_broker(name, broker_.id()); !why.empty())
      return refuse(told, ErrorCode::kInvalidRequest, std::move(why));
    for (const LoggerLevel& logger : logger_levels()) {
      if (!wanted(logger.name)) continue;
      auto& config = told.configs.emplace_back();
      config.name = logger.name;
      config.value = std::string(logger.level);
      config.config_source = static_cast<std::int8_t>(ConfigSource::kDynamicBrokerLogger);
      config.documentation = std::string();
    }
  }

  // With what was set while the broker runs; made once a request.
  const Settings& settings() {
    if (!settings_)
      settings_ = broker_.settings().with_dynamic(image_.broker_configs(""), image_.broker_configs(std::to_string(broker_.id())));
    return *settings_;
  }

  static const ConfigMap& set_for(const metadata::ConfigsMap& all, const std::string& name) {
    static const ConfigMap kNone;
    const auto known = all.find(name);
    return known == all.end() ? kNone : *known->second;
  }

  bool wanted(std::string_view config) const {
    const auto& keys = asked_->configuration_keys;
    return !keys || keys->empty() || std::ranges::find(*keys, config) != keys->end();
  }

  void tell(std::vector<ConfigEntry> entries, Answer& told) {
    for (ConfigEntry& entry : entries) {
      if (!wanted(entry.name)) continue;
      auto& config = told.configs.emplace_back();
      config.name = std::string(entry.name);
      config.value = std::move(entry.value);
      config.read_only = entry.read_only;
      config.is_default = version_ == 0 && entry.source == ConfigSource::kDefault;
      config.config_source = static_cast<std::int8_t>(entry.source);
      config.is_sensitive = entry.sensitive;
      config.config_type = static_cast<std::int8_t>(entry.type);
      config.documentation.reset();
      if (request_.include_documentation) config.documentation = std::string(entry.doc);
      told_bytes_ += kEntryBytes + config.name.size() + config.value.value_or("").size() + config.documentation.value_or("").size();
      if (!request_.include_synonyms) continue;
      for (ConfigSynonym& synonym : entry.synonyms) {
        auto& behind = config.synonyms.emplace_back();
        behind.name = std::move(synonym.name);
        behind.value = std::move(synonym.value);
        behind.source = static_cast<std::int8_t>(synonym.source);
        told_bytes_ += kEntryBytes + behind.name.size() + behind.value.value_or("").size();
      }
    }
  }

  static void refuse(Answer& told, ErrorCode code, std::string why) {
    told.error_code = static_cast<std::int16_t>(code);
    told.error_message = std::move(why);
  }

  Broker& broker_;
  const std::int16_t version_;
  const metadata::Image& image_;
  const DescribeConfigsRequest& request_;
  const DescribeConfigsRequest::DescribeConfigsResource* asked_ = nullptr;
  std::optional<Settings> settings_;
  std::size_t told_bytes_ = 0;
};

}  // namespace

void handle_describe_configs(Broker& broker, const RequestContext& context, DescribeConfigsRequest&& request,
                             Replier<DescribeConfigsResponse> reply) {
  reply(DescribeConfigs(broker, context, request).run());
}

}  // namespace barnabas::broker
