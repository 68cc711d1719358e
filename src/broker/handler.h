#pragma once
// What a handler gets and what it must give.
//
//   void handle_metadata(Broker&, const RequestContext&, protocol::MetadataRequest&&, Replier<protocol::MetadataResponse>)
//
// One file per API, handlers/NN_name.cpp, and one row in the table (api_table.cpp). Dispatch has done what concerns the
// whole API: decoding, the version, quotas. The request's bytes fields are views of the frame: they are good until
// Broker::finish_input() only, and a handler that answers later copies what it keeps. The Replier may be used later and
// from any thread; replies leave in request order (net/connection.h).
#include <algorithm>
#include <string>
#include <string_view>

#include "base/check.h"
#include "broker/client_telemetry.h"
#include "broker/request_metrics.h"
#include "metadata/image.h"
#include "net/connection.h"
#include "protocol/api.h"

namespace barnabas::broker {

class Broker;

// What is remembered of a client's connection.
struct ClientSession final : net::Session {
  net::ConnectionInfo info;
  std::string software_name;  // KIP-511; empty before ApiVersions v3
  std::string software_version;
  std::string client_id;                                 // of the latest request, cut
  std::shared_ptr<ClientTelemetry::Presence> telemetry;  // null until it asks what to push
};

struct RequestContext {
  protocol::ApiKey key{};
  std::int16_t version = 0;
  std::string_view client_id;  // as sent, during the call only; empty when null
  ClientSession& session;
  const net::Loop& loop;
  metadata::ImagePtr image;  // one image for the whole request
};

template <class Response>
class Replier {
 public:
  // `errors`, where the codes that are answered are counted, outlives the reply; null: nowhere.
  Replier(net::Responder responder, std::int32_t correlation_id, std::int16_t version, ErrorCounts* errors)
      : responder_(std::move(responder)), correlation_id_(correlation_id), version_(version), errors_(errors) {}

  std::int16_t version() const { return version_; }

  // KIP-219: how long the connection will rest after the answer, which says so where its version can.
  void rest(MonoDuration time) { responder_.rest(std::max(responder_.rest(), time)); }

  void operator()(const Response& response) {
    response.each_error([this](std::int16_t code) {
      if (code != 0 && errors_ != nullptr) errors_->count(code);
    });
    if constexpr (requires { response.throttle_time_ms; }) {
      if (responder_.rest() > MonoDuration{}) {
        Response told = response;
        told.throttle_time_ms = static_cast<std::int32_t>(std::chrono::duration_cast<std::chrono::milliseconds>(responder_.rest()).count());
        return send(told);
      }
    }
    send(response);
  }
  void no_reply() { responder_.no_reply(); }
  void close(std::string why) { responder_.close(std::move(why)); }

 private:
  void send(const Response& response) {
    auto frame = protocol::encode_response(correlation_id_, response, version_);
    // Only a value that this version cannot carry fails: a bug of the handler, but a client's request led to it, so
    // its connection ends and the broker goes on.
    if (!frame) {
      log::error("response not encodable",
                 {{"api", protocol::name(Response::kKey)}, {"version", version_}, {"error", frame.error().message}});
      return responder_.close("response not encodable");
    }
    responder_.send(std::move(frame->slices));
  }

  net::Responder responder_;
  std::int32_t correlation_id_;
  std::int16_t version_;
  ErrorCounts* errors_;
};

}  // namespace barnabas::broker
