#pragma once
// A cluster seen from outside: one connection to each broker that is needed, opened when it is.
//
//   Cluster cluster(dialer, clock, {.bootstrap = ..., .timeout = 10s});
//   cluster.any()              the first bootstrap address that answers
//   cluster.broker(2)          where the cluster says node 2 is
//   cluster.controller()       whom to ask for changes (a broker of KRaft passes them on)
//   cluster.coordinator("g")   who keeps that group
//
// retry() runs a whole step again while brokers answer that somebody else is in charge now. Every call of one command
// shares one deadline. One thread.
#include <functional>

#include "base/clock.h"
#include "client/connection.h"
#include "protocol/generated/metadata.h"

namespace barnabas::client {

struct ClusterOptions {
  std::vector<net::Endpoint> bootstrap;
  MonoDuration timeout = std::chrono::seconds(30);
  ConnectionOptions connection;
};

class Cluster {
 public:
  Cluster(net::Dialer& dialer, const Clock& clock, ClusterOptions options);

  Result<Connection*> any();
  Result<Connection*> broker(BrokerId id);
  Result<Connection*> controller();
  Result<BrokerId> coordinator_id(const std::string& group);
  Result<Connection*> coordinator(const std::string& group);

  // Brokers and controller, asked once and remembered until retry() or forget().
  Result<const protocol::MetadataResponse*> members();
  // With these topics; nullopt: all. Never creates one.
  Result<Answer<protocol::MetadataResponse>> topics(const std::optional<std::vector<std::string>>& names);

  // Runs the step; while it fails with kBusy and there is time, forgets who is who, waits a moment and runs it again.
  template <class Step>
  auto retry(Step step) -> decltype(step()) {
    for (;;) {
      auto outcome = step();
      if (outcome || outcome.error().code != Errc::kBusy || !pause()) return outcome;
      forget();
    }
  }

  MonoTime deadline() const { return deadline_; }
  std::int32_t timeout_ms() const;  // what is left, for requests that carry one; at least 1
  void restart_deadline() { deadline_ = clock_.mono() + options_.timeout; }

 private:
  bool pause();
  void forget();
  Result<Connection*> open(const net::Endpoint& at);

  net::Dialer& dialer_;
  const Clock& clock_;
  ClusterOptions options_;
  MonoTime deadline_;
  std::map<std::pair<std::string, std::uint16_t>, std::unique_ptr<Connection>> connections_;
  Connection* any_ = nullptr;
  std::optional<Answer<protocol::MetadataResponse>> members_;
};

}  // namespace barnabas::client
