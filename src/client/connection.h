#pragma once
// One connection to a broker: versions agreed by ApiVersions (KIP-35, KIP-511), then one request at a time, answered.
//
//   Result<std::unique_ptr<Connection>> broker = Connection::open(dialer, {"localhost", 9092}, {}, deadline);
//   TRY_ASSIGN(auto answer, (*broker)->call<MetadataResponse>(request, 12, deadline));
//   answer->topics ...
//
// What a broker answers is as hostile as what a client sends: sizes are checked before memory is taken. After an error
// of the transport (kIo, kTimeout, kClosed, kCorrupt) the connection is of no more use. One thread.
#include <map>
#include <memory>

#include "net/dial.h"
#include "protocol/api.h"

namespace barnabas::client {

struct ConnectionOptions {
  std::string client_id = "barnabas-cli";
  std::string software_version;  // told to the broker (KIP-511)
  std::int32_t answer_max_bytes = 256 << 20;
};

// A decoded message and the frame that its bytes fields point into.
template <class Response>
struct Answer {
  Bytes frame;
  Response message;
  std::int16_t version = 0;
  const Response* operator->() const { return &message; }
  const Response& operator*() const { return message; }
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(net::Dialer& dialer, const net::Endpoint& to, ConnectionOptions options,
                                                  MonoTime deadline);

  // The newest version that the broker, our schema and `version_max` have in common. kUnsupported: there is none.
  Result<std::int16_t> version(protocol::ApiKey key, std::int16_t version_max = INT16_MAX) const;

  // Sends the request in version(key, version_max) and waits for its answer. kUnsupported also when the request says
  // something that this version has no field for.
  template <class Response, class Request>
  Result<Answer<Response>> call(const Request& request, std::int16_t version_max, MonoTime deadline);

  const net::Endpoint& peer() const { return peer_; }
  // As the broker advertises them: key to the lowest and highest version.
  const std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>>& versions() const { return versions_; }

 private:
  Connection(std::unique_ptr<net::BlockingStream> stream, net::Endpoint peer, ConnectionOptions options)
      : stream_(std::move(stream)), peer_(std::move(peer)), options_(std::move(options)) {}

  Result<> agree(MonoTime deadline);
  template <class Response, class Request>
  Result<Answer<Response>> exchange(const Request& request, std::int16_t version, MonoTime deadline);
  Result<Bytes> send_and_wait(const protocol::OutFrame& frame, MonoTime deadline);
  Result<> read_exactly(MutableBytes into, MonoTime deadline);
  // Leaves the decoder in front of the body.
  Result<> read_header(protocol::Decoder& decoder, protocol::ApiKey key, std::int16_t version) const;
  std::string about(protocol::ApiKey key) const;

  std::unique_ptr<net::BlockingStream> stream_;
  net::Endpoint peer_;
  ConnectionOptions options_;
  std::int32_t correlation_id_ = 0;
  std::map<std::int16_t, std::pair<std::int16_t, std::int16_t>> versions_;
};

template <class Response, class Request>
Result<Answer<Response>> Connection::exchange(const Request& request, std::int16_t version, MonoTime deadline) {
  static_assert(Request::kIsRequest && !Response::kIsRequest && Request::kKey == Response::kKey);
  protocol::RequestHeader header;
  header.correlation_id = ++correlation_id_;
  header.client_id = options_.client_id;
  auto out = protocol::encode_request(header, request, version);
  if (!out) return fail(Errc::kUnsupported, about(Request::kKey) + ": this broker is too old for it: " + out.error().message);
  Answer<Response> answer;
  answer.version = version;
  TRY_ASSIGN(answer.frame, send_and_wait(*out, deadline));
  protocol::Decoder decoder{ByteView(answer.frame)};
  TRY(read_header(decoder, Request::kKey, version));
  answer.message.decode(decoder, version);
  if (auto whole = decoder.finish_prefix(); !whole) return wrap(std::move(whole).error(), about(Request::kKey));
  return answer;
}

template <class Response, class Request>
Result<Answer<Response>> Connection::call(const Request& request, std::int16_t version_max, MonoTime deadline) {
  TRY_ASSIGN(const std::int16_t chosen, version(Request::kKey, version_max));
  return exchange<Response>(request, chosen, deadline);
}

}  // namespace barnabas::client
