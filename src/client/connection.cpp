#include "client/connection.h"

#include <algorithm>
#include <array>

#include "base/check.h"
#include "client/refusal.h"
#include "protocol/generated/api_versions.h"

namespace barnabas::client {
namespace {

using protocol::ApiKey;

constexpr std::size_t kReadMaxBytes = 1 << 20;  // memory for an answer is taken as it arrives

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(net::Dialer& dialer, const net::Endpoint& to, ConnectionOptions options,
                                                     MonoTime deadline) {
  auto stream = dialer.dial(to, deadline);
  if (!stream) return wrap(std::move(stream).error(), net::to_string(to));
  std::unique_ptr<Connection> connection(new Connection(*std::move(stream), to, std::move(options)));
  TRY(connection->agree(deadline));
  return connection;
}

std::string Connection::about(ApiKey key) const { return net::to_string(peer_) + ": " + std::string(protocol::name(key)); }

// A broker that does not know our version of ApiVersions answers in version 0 with error 35 and its own range, from 2.4
// on; older ones hang up, and none of them is served by anything else here.
Result<> Connection::agree(MonoTime deadline) {
  protocol::ApiVersionsRequest request;
  request.client_software_name = "barnabas";
  request.client_software_version = options_.software_version;
  const protocol::ApiInfo* ours = protocol::find_api(static_cast<std::int16_t>(ApiKey::kApiVersions));
  std::int16_t version = ours->max_version;
  for (bool again = false;; again = true) {
    protocol::RequestHeader header;
    header.correlation_id = ++correlation_id_;
    header.client_id = options_.client_id;
    TRY_ASSIGN(const protocol::OutFrame out, protocol::encode_request(header, request, version));
    TRY_ASSIGN(const Bytes frame, send_and_wait(out, deadline));
    protocol::Decoder decoder{ByteView(frame)};
    TRY(read_header(decoder, ApiKey::kApiVersions, version));
    protocol::Decoder peek = decoder;
    const bool refused = peek.fixed<std::int16_t>() == wire(ErrorCode::kUnsupportedVersion);
    protocol::ApiVersionsResponse response;
    response.decode(decoder, refused ? std::int16_t{0} : version);
    if (auto whole = decoder.finish_prefix(); !whole) return wrap(std::move(whole).error(), about(ApiKey::kApiVersions));
    if (!refused) TRY(accepted(response.error_code, about(ApiKey::kApiVersions)));
    for (const auto& api : response.api_keys) versions_[api.api_key] = {api.min_version, api.max_version};
    if (!refused) return {};
    if (again) return fail(Errc::kUnsupported, about(ApiKey::kApiVersions) + ": no version in common");
    const auto theirs = versions_.find(static_cast<std::int16_t>(ApiKey::kApiVersions));
    version = theirs == versions_.end() ? std::int16_t{0} : std::min(version, theirs->second.second);
    if (version < 3) request = {};
  }
}

Result<std::int16_t> Connection::version(ApiKey key, std::int16_t version_max) const {
  const protocol::ApiInfo* ours = protocol::find_api(static_cast<std::int16_t>(key));
  const auto theirs = versions_.find(static_cast<std::int16_t>(key));
  if (ours == nullptr || theirs == versions_.end()) {
    return fail(Errc::kUnsupported, about(key) + ": this broker does not serve that request");
  }
  const std::int16_t chosen = std::min({ours->max_version, theirs->second.second, version_max});
  if (chosen < std::max(ours->min_version, theirs->second.first)) {
    return fail(Errc::kUnsupported, about(key) + ": this broker speaks versions " + std::to_string(theirs->second.first) + " to " +
                                        std::to_string(theirs->second.second) + " of that request, none of them is known here");
  }
  return chosen;
}

Result<Bytes> Connection::send_and_wait(const protocol::OutFrame& frame, MonoTime deadline) {
  const auto in_context = [this](Error error) { return wrap(std::move(error), net::to_string(peer_)); };
  for (const Slice& slice : frame.slices) {
    const auto* memory = std::get_if<MemorySlice>(&slice);
    CHECK(memory != nullptr);
    if (auto sent = stream_->write(memory->bytes, deadline); !sent) return in_context(std::move(sent).error());
  }
  std::array<std::byte, 4> prefix;
  if (auto got = read_exactly(prefix, deadline); !got) return in_context(std::move(got).error());
  const auto size = load_be<std::int32_t>(prefix.data());
  if (size < 4 || size > options_.answer_max_bytes) {
    return in_context({Errc::kCorrupt, "this is no answer of a Kafka broker (is it a TLS listener, or another service?)"});
  }
  Bytes answer;
  while (answer.size() < static_cast<std::size_t>(size)) {
    const std::size_t had = answer.size();
    answer.resize(std::min(had + kReadMaxBytes, static_cast<std::size_t>(size)));
    if (auto got = read_exactly(std::span(answer).subspan(had), deadline); !got) return in_context(std::move(got).error());
  }
  return answer;
}

Result<> Connection::read_exactly(MutableBytes into, MonoTime deadline) {
  while (!into.empty()) {
    TRY_ASSIGN(const std::size_t n, stream_->read(into, deadline));
    into = into.subspan(n);
  }
  return {};
}

Result<> Connection::read_header(protocol::Decoder& decoder, ApiKey key, std::int16_t version) const {
  if (decoder.fixed<std::int32_t>() != correlation_id_) return fail(Errc::kCorrupt, about(key) + ": the answer is to another request");
  if (protocol::response_header_version(*protocol::find_api(static_cast<std::int16_t>(key)), version) >= 1) {
    protocol::UnknownTags ignored;
    decoder.unknown_tags(ignored);
  }
  return {};
}

}  // namespace barnabas::client
