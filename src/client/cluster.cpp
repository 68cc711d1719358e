#include "client/cluster.h"

#include <algorithm>

#include "client/refusal.h"
#include "protocol/generated/find_coordinator.h"

namespace barnabas::client {
namespace {

constexpr auto kPause = std::chrono::milliseconds(100);
// One bad bootstrap address must not eat the time of the others.
constexpr auto kConnectMax = std::chrono::seconds(10);

}  // namespace

Cluster::Cluster(net::Dialer& dialer, const Clock& clock, ClusterOptions options)
    : dialer_(dialer), clock_(clock), options_(std::move(options)) {
  restart_deadline();
}

std::int32_t Cluster::timeout_ms() const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - clock_.mono()).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(left, 1, INT32_MAX));
}

bool Cluster::pause() {
  if (clock_.mono() + kPause >= deadline_) return false;
  dialer_.pause(kPause);
  return true;
}

void Cluster::forget() { members_.reset(); }

Result<Connection*> Cluster::open(const net::Endpoint& at) {
  std::unique_ptr<Connection>& kept = connections_[{at.host, at.port}];
  if (!kept) { TRY_ASSIGN(kept, Connection::open(dialer_, at, options_.connection, std::min(deadline_, clock_.mono() + kConnectMax))); }
  return kept.get();
}

Result<Connection*> Cluster::any() {
  if (any_ != nullptr) return any_;
  std::string why;
  Errc code = Errc::kIo;
  for (const net::Endpoint& at : options_.bootstrap) {
    const auto opened = open(at);
    if (opened) return any_ = *opened;
    why += "\n  " + opened.error().message;
    code = opened.error().code;
  }
  return fail(code == Errc::kUnsupported ? code : Errc::kIo,
              "could not connect to any broker:" + why + "\n  Is it running there? --brokers or BARNABAS_BROKERS says where to look.");
}

Result<const protocol::MetadataResponse*> Cluster::members() {
  if (!members_) {
    TRY_ASSIGN(Connection * first, any());
    protocol::MetadataRequest request;
    request.topics->clear();                   // none
    request.allow_auto_topic_creation = true;  // has no meaning without topics, and no field before version 4
    TRY_ASSIGN(auto answer, first->call<protocol::MetadataResponse>(request, INT16_MAX, deadline_));
    TRY(accepted(answer->error_code, "cluster"));
    members_.emplace(std::move(answer));
  }
  return &**members_;
}

Result<Connection*> Cluster::broker(BrokerId id) {
  TRY_ASSIGN(const protocol::MetadataResponse* all, members());
  for (const auto& broker : all->brokers) {
    if (broker.node_id != id) continue;
    const net::Endpoint at{broker.host, static_cast<std::uint16_t>(broker.port)};
    auto opened = open(at);
    if (opened) return opened;
    return fail(Errc::kIo, "could not connect to broker " + std::to_string(id) + ", which the cluster says is at " + net::to_string(at) +
                               ":\n  " + opened.error().message +
                               "\n  If that address is not meant for you, the broker needs advertised.listeners.");
  }
  return fail(Errc::kBusy, "broker " + std::to_string(id) + " is not there now");
}

Result<Connection*> Cluster::controller() {
  TRY_ASSIGN(const protocol::MetadataResponse* all, members());
  if (all->controller_id < 0) return fail(Errc::kBusy, "the cluster has no controller now");
  return broker(all->controller_id);
}

Result<BrokerId> Cluster::coordinator_id(const std::string& group) {
  TRY_ASSIGN(Connection * first, any());
  TRY_ASSIGN(const std::int16_t version, first->version(protocol::ApiKey::kFindCoordinator));
  protocol::FindCoordinatorRequest request;
  if (version >= 4) {
    request.coordinator_keys = {group};
  } else {
    request.key = group;
  }
  TRY_ASSIGN(const auto answer, first->call<protocol::FindCoordinatorResponse>(request, version, deadline_));
  const std::string what = "group " + group;
  if (version < 4) {
    TRY(accepted(answer->error_code, what, answer->error_message));
    return answer->node_id;
  }
  if (answer->coordinators.size() != 1) return fail(Errc::kCorrupt, what + ": the broker named no coordinator");
  const auto& found = answer->coordinators.front();
  TRY(accepted(found.error_code, what, found.error_message));
  return found.node_id;
}

Result<Connection*> Cluster::coordinator(const std::string& group) {
  TRY_ASSIGN(const BrokerId id, coordinator_id(group));
  return broker(id);
}

Result<Answer<protocol::MetadataResponse>> Cluster::topics(const std::optional<std::vector<std::string>>& names) {
  TRY_ASSIGN(Connection * first, any());
  TRY_ASSIGN(const std::int16_t version, first->version(protocol::ApiKey::kMetadata));
  protocol::MetadataRequest request;
  request.allow_auto_topic_creation = version < 4;
  if (names) {
    for (const std::string& name : *names) request.topics->emplace_back().name = name;
  } else if (version >= 1) {
    request.topics.reset();
  }
  return first->call<protocol::MetadataResponse>(request, version, deadline_);
}

}  // namespace barnabas::client
