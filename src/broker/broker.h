#pragma once
// The broker: takes frames from the network, finds who handles them, and holds what handlers need.
//
// Threads: handle() runs on I/O threads, for one connection one call at a time. Everything it refers to is thread-safe
// and outlives it.
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "broker/client_telemetry.h"
#include "broker/fetch_session.h"
#include "broker/handler.h"
#include "broker/producer_ids.h"
#include "broker/quotas.h"
#include "broker/request_metrics.h"
#include "config/settings.h"
#include "controller/controller.h"
#include "coordinator/group_coordinator.h"
#include "metadata/image_holder.h"
#include "model/compression.h"
#include "replication/partition_manager.h"
#include "storage/log_manager.h"

namespace barnabas::broker {

class ProduceGroup;
struct ApiRow;

struct BrokerDeps {
  const Settings& settings;
  const Clock& clock;
  Random& random;
  const metadata::ImageHolder& images;
  controller::Controller& controller;
  replication::PartitionManager& partitions;
  coordinator::GroupCoordinator& groups;
  storage::LogManager& logs;
  std::size_t loops = 1;
};

class Broker final : public net::FrameHandler {
 public:
  explicit Broker(BrokerDeps deps);
  ~Broker() override;

  std::unique_ptr<net::Session> open(const net::ConnectionInfo& info) override;
  net::FrameClass classify(ByteView frame) const override;  // kind: the place in the API table, or kUnknownApi
  void handle(net::Session& session, const net::Loop& loop, MutableBytes frame, net::Responder responder) override;
  void finish_input(const net::Loop& loop) override;
  void sent(net::Session& session, const net::Loop& loop, const net::SentReply& reply) override;

  const Settings& settings() const { return deps_.settings; }
  const Clock& clock() const { return deps_.clock; }
  Random& random() const { return deps_.random; }
  const metadata::ImageHolder& images() const { return deps_.images; }
  controller::Controller& controller() const { return deps_.controller; }
  replication::PartitionManager& partitions() const { return deps_.partitions; }
  coordinator::GroupCoordinator& groups() const { return deps_.groups; }
  storage::LogManager& logs() const { return deps_.logs; }
  Quotas& quotas() { return quotas_; }
  const Quotas& quotas() const { return quotas_; }
  ClientTelemetry& telemetry() const { return *telemetry_; }
  FetchSessions& fetch_sessions() { return fetch_sessions_; }
  ProducerIds& producer_ids() { return producer_ids_; }
  BrokerId id() const { return deps_.settings.node_id(); }

  // Room to decompress and compress in, of the loop that the request runs on.
  CompressionContext& scratch(const net::Loop& loop) { return *loops_[loop.index].scratch; }

  // The Produce requests of the loop that arrived together.
  ProduceGroup& produces(const net::Loop& loop) { return *loops_[loop.index].produces; }

  // What is counted. The loop's own set is for its thread; the others are for any.
  static constexpr std::uint16_t kUnknownApi = UINT16_MAX;
  LoopMetrics& counts(const net::Loop& loop) { return *loops_[loop.index].counts; }
  const LoopMetrics& counts(std::size_t loop) const { return *loops_[loop].counts; }
  std::size_t loop_count() const { return loops_.size(); }
  ErrorCounts& errors_of(protocol::ApiKey key);
  const ErrorCounts& errors_at(std::size_t place) const { return errors_[place]; }
  std::uint64_t refused_requests() const { return refused_.value(); }  // no reply: their connections were ended
  std::uint64_t slow_requests() const { return slow_.value(); }

  // Where this client should find the broker: its advertised listener, or else the address it connected to.
  metadata::Endpoint advertised(const ClientSession& session, const metadata::Broker& broker) const;

  // Who a connection belongs to, for quotas. Nobody logs in yet.
  static std::string_view user(const ClientSession&) { return "ANONYMOUS"; }

  // The single name of an existing topic, whether it was asked for by name or by id.
  static const metadata::Topic* find_topic(const metadata::Image& image, const std::string& name, const Uuid& id, bool by_id) {
    return by_id ? image.find_topic(id) : image.find_topic(name);
  }

 private:
  MonoDuration rest_for(const RequestContext& context, std::size_t frame_bytes);
  void refuse(const ClientSession& session, net::Responder& responder, std::string why);

  struct LoopState {
    explicit LoopState(Broker& broker);
    metadata::ImageReader images;
    std::unique_ptr<CompressionContext> scratch;
    std::unique_ptr<ProduceGroup> produces;
    std::unique_ptr<LoopMetrics> counts;
  };
  void note_slow(const ClientSession& session, const ApiRow& row, const net::SentReply& reply);

  const BrokerDeps deps_;
  std::vector<LoopState> loops_;
  FetchSessions fetch_sessions_;
  ProducerIds producer_ids_;
  Quotas quotas_;
  const std::shared_ptr<ClientTelemetry> telemetry_;  // sessions may end after the broker
  log::Limiter refusals_{std::chrono::seconds(1)};
  std::vector<ErrorCounts> errors_;  // by place in the API table
  metrics::Counter refused_;
  metrics::Counter slow_;
  const MonoDuration slow_after_;  // 0: never
  log::Limiter slow_lines_{std::chrono::milliseconds(100)};
};

}  // namespace barnabas::broker
