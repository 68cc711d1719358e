// DescribeClientQuotas (KIP-546): the quotas of the entities that a filter matches.
//
// Behaviour: each component is about one type of entity: an exact name, the default, or any. Strict: entities that have
// no other types. A type twice, an address together with others, an unknown kind of match or a name where none belongs
// is 42, an unknown type 35.
// Versions: 1 is flexible.
#include <fmt/format.h>

#include <map>

#include "base/log.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

using protocol::DescribeClientQuotasRequest;
using protocol::DescribeClientQuotasResponse;

enum class Match : std::int8_t { kExact = 0, kDefault = 1, kAny = 2 };
struct Component {
  Match match;
  std::string name;
};
using Filter = std::map<std::string, Component, std::less<>>;

struct Problem {
  ErrorCode code = ErrorCode::kNone;
  std::string text;
};

Problem read_filter(DescribeClientQuotasRequest& request, Filter& filter) {
  const auto wrong = [](std::string text) { return Problem{ErrorCode::kInvalidRequest, std::move(text)}; };
  for (auto& asked : request.components) {
    const std::string& type = asked.entity_type;
    if (type.empty()) return wrong("A component has no type of entity.");
    if (type != "user" && type != "client-id" && type != "ip") {
      return {ErrorCode::kUnsupportedVersion, fmt::format("Quotas of {} are not known.", log::escape(type))};
    }
    if (asked.match_type < 0 || asked.match_type > 2) return wrong(fmt::format("Unknown kind of match {}.", asked.match_type));
    const Match match{asked.match_type};
    if ((match == Match::kExact) != asked.match.has_value()) return wrong("An exact match, and no other, needs a name.");
    if (!filter.try_emplace(type, Component{match, asked.match.value_or("")}).second) {
      return wrong(fmt::format("{} is there more than once.", type));
    }
  }
  if (filter.contains("ip") && filter.size() > 1) return wrong("An address goes with neither a user nor a client id.");
  return {};
}

bool matches(const Filter& filter, bool strict, const metadata::QuotaEntity& entity) {
  if (strict && entity.size() != filter.size()) return false;
  for (const auto& [type, component] : filter) {
    const auto part = entity.find(type);
    if (part == entity.end()) return false;
    if (component.match == Match::kDefault && part->second) return false;
    if (component.match == Match::kExact && part->second != component.name) return false;
  }
  return true;
}

}  // namespace

void handle_describe_client_quotas(Broker&, const RequestContext& context, DescribeClientQuotasRequest&& request,
                                   Replier<DescribeClientQuotasResponse> reply) {
  DescribeClientQuotasResponse response;
  Filter filter;
  if (Problem problem = read_filter(request, filter); problem.code != ErrorCode::kNone) {
    response.error_code = static_cast<std::int16_t>(problem.code);
    response.error_message = std::move(problem.text);
    response.entries.reset();
    return reply(response);
  }
  response.error_message = std::string();
  auto& entries = response.entries.emplace();
  for (const auto& [entity, quotas] : *context.image->quotas()) {
    if (!matches(filter, request.strict, entity)) continue;
    auto& told = entries.emplace_back();
    for (const auto& [type, name] : entity) {
      auto& part = told.entity.emplace_back();
      part.entity_type = type;
      part.entity_name = name;
    }
    for (const auto& [key, value] : *quotas) {
      auto& quota = told.values.emplace_back();
      quota.key = key;
      quota.value = value;
    }
  }
  reply(response);
}

}  // namespace barnabas::broker
