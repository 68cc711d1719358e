#include "broker/broker.h"

#include <algorithm>

#include "base/log.h"
#include "broker/api_table.h"
#include "broker/handlers/handlers.h"
#include "broker/produce_group.h"

namespace barnabas::broker {
namespace {

constexpr std::size_t kClientIdKept = 64;

}  // namespace

Broker::Broker(BrokerDeps deps)
    : deps_(deps),
      fetch_sessions_(static_cast<std::size_t>(deps.settings.get(setting::kMaxIncrementalFetchSessionCacheSlots)), deps.clock, deps.random),
      producer_ids_(deps.controller, deps.images, deps.settings.node_id()),
      quotas_(deps.clock, {.windows = static_cast<std::size_t>(std::min(deps.settings.get(setting::kQuotaWindowNum), 1000)),
                           .window = std::chrono::seconds(deps.settings.get(setting::kQuotaWindowSizeSeconds))}),
      telemetry_(std::make_shared<ClientTelemetry>(
          deps.clock, deps.random,
          TelemetryLimits{.series_max = static_cast<std::size_t>(deps.settings.get(setting::kBarnabasMetricsSeriesMax)),
                          .push_max_bytes = static_cast<std::size_t>(deps.settings.get(setting::kTelemetryMaxBytes))})),
      errors_(api_table().size()),
      slow_after_(std::chrono::milliseconds(deps.settings.get(setting::kBarnabasSlowRequestMs))) {
  for (std::size_t i = 0; i < deps.loops; ++i) loops_.emplace_back(*this);
}

Broker::~Broker() = default;

Broker::LoopState::LoopState(Broker& broker)
    : images(broker.images()),
      scratch(std::make_unique<CompressionContext>()),
      produces(std::make_unique<ProduceGroup>(broker)),
      counts(std::make_unique<LoopMetrics>(api_table().size())) {}

std::unique_ptr<net::Session> Broker::open(const net::ConnectionInfo& info) {
  auto session = std::make_unique<ClientSession>();
  session->info = info;
  return session;
}

net::FrameClass Broker::classify(ByteView frame) const {
  const ApiRow* row = frame.size() < sizeof(std::int16_t) ? nullptr : find_api_row(load_be<std::int16_t>(frame.data()));
  if (row == nullptr) return {.pipelined = false, .kind = kUnknownApi};
  return {.pipelined = row->pipelined, .kind = static_cast<std::uint16_t>(place_of(*row))};
}

ErrorCounts& Broker::errors_of(protocol::ApiKey key) { return errors_[place_of(*find_api_row(static_cast<std::int16_t>(key)))]; }

void Broker::handle(net::Session& session, const net::Loop& loop, MutableBytes frame, net::Responder responder) {
  auto& client = static_cast<ClientSession&>(session);
  protocol::Decoder decoder(frame);
  const auto header = protocol::RequestHeader::decode(decoder);
  if (!decoder.ok()) return refuse(client, responder, "malformed request header");
  const ApiRow* row = find_api_row(header.api_key);
  if (row == nullptr) return refuse(client, responder, "API key " + std::to_string(header.api_key) + " is not served");
  const std::int16_t version = header.api_version;
  if (version < row->min_version || version > row->max_version) {
    if (row->key == protocol::ApiKey::kApiVersions) {  // A1
      return Replier<protocol::ApiVersionsResponse>(std::move(responder), header.correlation_id, 0,
                                                    &errors_of(row->key))(unsupported_api_versions());
    }
    return refuse(client, responder, std::string(protocol::name(row->key)) + " version " + std::to_string(version) + " is not served");
  }
  const std::string_view client_id = header.client_id.value_or(std::string_view()).substr(0, kClientIdKept);
  if (client.client_id != client_id) client.client_id = client_id;
  const RequestContext context{row->key, version, header.client_id.value_or(std::string_view()),
                               client,   loop,    loops_[loop.index].images.current()};
  const bool limited = !context.image->quotas()->empty();
  const MonoTime began = limited ? deps_.clock.mono() : MonoTime{};
  if (limited) responder.rest(rest_for(context, frame.size()));
  if (const auto called = row->call(*this, context, decoder, header.correlation_id, responder); !called) {
    refuse(client, responder,
           std::string(protocol::name(row->key)) + " version " + std::to_string(version) + ": " + called.error().message);
  }
  if (limited) {
    const double seconds = std::chrono::duration<double>(deps_.clock.mono() - began).count();
    quotas_.record(context.image->quotas(), QuotaKind::kRequestTime, user(client), context.client_id, seconds);
  }
}

// What the client used up to now, with this request's bytes; the time this request takes counts for the next one.
MonoDuration Broker::rest_for(const RequestContext& context, std::size_t frame_bytes) {
  const auto& quotas = context.image->quotas();
  const std::string_view who = user(context.session);
  const MonoDuration rest = quotas_.record(quotas, QuotaKind::kRequestTime, who, context.client_id, 0);
  quotas_.note(QuotaKind::kRequestTime, rest);
  if (context.key != protocol::ApiKey::kProduce) return rest;
  const MonoDuration of_bytes = quotas_.record(quotas, QuotaKind::kProducerBytes, who, context.client_id, static_cast<double>(frame_bytes));
  quotas_.note(QuotaKind::kProducerBytes, of_bytes);
  return std::max(rest, of_bytes);
}

void Broker::finish_input(const net::Loop& loop) { produces(loop).finish(); }

void Broker::sent(net::Session& session, const net::Loop& loop, const net::SentReply& reply) {
  if (reply.kind == kUnknownApi) return;
  counts(loop).by_api[reply.kind].record(reply);
  if (slow_after_.count() <= 0 || reply.sent - reply.received < slow_after_) return;
  note_slow(static_cast<ClientSession&>(session), api_table()[reply.kind], reply);
}

// A request that waited because its client wants it to (for records, for the rest of its group) is slow without that wait.
void Broker::note_slow(const ClientSession& session, const ApiRow& row, const net::SentReply& reply) {
  MonoDuration took = reply.sent - reply.received;
  if (row.waits_by_wish) took -= reply.answered - reply.handled;
  if (took < slow_after_) return;
  slow_.add();
  const auto left_out = slow_lines_.pass(reply.sent);
  if (left_out < 0) return;
  const auto ms = [](MonoDuration duration) { return static_cast<double>(duration.count()) / 1e6; };
  log::warn("slow request", {{"api", protocol::name(row.key)},
                             {"version", reply.version},
                             {"client_id", session.client_id},
                             {"peer", net::to_string(session.info.peer)},
                             {"took_ms", ms(took)},
                             {"queue_ms", ms(reply.begun - reply.received)},
                             {"local_ms", ms(reply.handled - reply.begun)},
                             {"wait_ms", ms(reply.answered - reply.handled)},
                             {"send_ms", ms(reply.sent - reply.answered)},
                             {"request_bytes", reply.request_bytes},
                             {"reply_bytes", reply.reply_bytes},
                             {"left_out", left_out}});
}

// A2: no reply, a line in the log, and the connection ends. Other connections do not notice.
void Broker::refuse(const ClientSession& session, net::Responder& responder, std::string why) {
  refused_.add();
  if (const auto left_out = refusals_.pass(deps_.clock.mono()); left_out >= 0) {
    log::warn("request refused", {{"peer", net::to_string(session.info.peer)}, {"why", why}, {"left_out", left_out}});
  }
  responder.close(std::move(why));
}

metadata::Endpoint Broker::advertised(const ClientSession& session, const metadata::Broker& broker) const {
  if (broker.id == id() && settings().advertised(session.info.listener) == nullptr) {
    // Nothing was configured: the address the client reached us by is one that works for it.
    return {session.info.listener, session.info.local.host, session.info.local.port, 0};
  }
  const metadata::Endpoint* endpoint = broker.find_endpoint(session.info.listener);
  return endpoint != nullptr ? *endpoint : metadata::Endpoint{};
}

}  // namespace barnabas::broker
