// ApiVersions: which keys and versions this broker serves.
//
// Behaviour: the table (api_table.cpp), neither more nor less, with the names and finalized levels of features. A
// version we do not know is answered in the layout of version 0 with UNSUPPORTED_VERSION and the range of this key (A1,
// KIP-511), so that a newer client can try again. A client's name and version must look like names (42).
// Versions: 1 adds the throttle time; 3 is flexible, takes the client's name and version, and adds features; 4 allows a
// feature's least supported level to be 0.
#include <algorithm>

#include "broker/api_table.h"
#include "broker/broker.h"
#include "broker/handlers/handlers.h"

namespace barnabas::broker {
namespace {

// [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
bool looks_like_software(std::string_view text) {
  const auto alphanumeric = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); };
  if (text.empty() || !alphanumeric(text.front()) || !alphanumeric(text.back())) return false;
  return std::ranges::all_of(text, [&](char c) { return alphanumeric(c) || c == '-' || c == '.'; });
}

void add_rows(protocol::ApiVersionsResponse& response) {
  for (const ApiRow& row : api_table()) {
    auto& api = response.api_keys.emplace_back();
    api.api_key = static_cast<std::int16_t>(row.key);
    api.min_version = row.min_version;
    api.max_version = row.max_version;
  }
}

}  // namespace

protocol::ApiVersionsResponse unsupported_api_versions() {
  protocol::ApiVersionsResponse response;
  response.error_code = static_cast<std::int16_t>(ErrorCode::kUnsupportedVersion);
  const ApiRow* row = find_api_row(static_cast<std::int16_t>(protocol::ApiKey::kApiVersions));
  auto& api = response.api_keys.emplace_back();
  api.api_key = static_cast<std::int16_t>(row->key);
  api.min_version = row->min_version;
  api.max_version = row->max_version;
  return response;
}

void handle_api_versions(Broker&, const RequestContext& context, protocol::ApiVersionsRequest&& request,
                         Replier<protocol::ApiVersionsResponse> reply) {
  protocol::ApiVersionsResponse response;
  if (context.version >= 3) {
    if (!looks_like_software(request.client_software_name) || !looks_like_software(request.client_software_version)) {
      response.error_code = static_cast<std::int16_t>(ErrorCode::kInvalidRequest);
      return reply(response);
    }
    context.session.software_name = std::move(request.client_software_name);
    context.session.software_version = std::move(request.client_software_version);
    response.finalized_features_epoch = context.image->end().value();
  }
  add_rows(response);
  reply(response);
}

}  // namespace barnabas::broker
