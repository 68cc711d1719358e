#pragma once
// Client telemetry (KIP-714): which clients are told to push which metrics, what they pushed, and when they may.
//
//   GetTelemetrySubscriptions   an id for the client, what matching subscriptions ask for, an id of that
//   PushTelemetry               judged against it, read (client_series.h), kept for the console
//
// What no subscription asks for any more is not shown. A client instance is forgotten when its connection ends, or 3 push
// intervals (a minute at least) after its latest request. The subscription's id is made of its content and the client's
// id, so that any broker knows it again.
// Bounds (D10, D16): a connection has one instance, there are at most `clients_max`, the latest used; 1,000 series a client and
// `series_max` of all; what a client says of itself is cut at 256 bytes; a push is at most `push_max_bytes`, as sent and
// uncompressed. Nothing is lost with the process that the next pushes do not tell again.
//
// Threads: any. One short lock; pushes are uncompressed and read outside of it.
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "broker/client_series.h"
#include "config/client_subscription.h"
#include "metadata/image.h"
#include "model/compression.h"
#include "model/error_code.h"

namespace barnabas::broker {

struct TelemetryLimits {
  std::size_t clients_max = 16'384;
  std::size_t series_max = 20'000;
  std::size_t series_max_per_client = 1'000;
  std::size_t push_max_bytes = 1 << 20;
};

// What a client says of itself, and where from.
struct ClientFacts {
  std::string client_id;
  std::string software_name;
  std::string software_version;
  std::string address;
  std::uint16_t port = 0;
};

class ClientTelemetry final : public std::enable_shared_from_this<ClientTelemetry> {
 public:
  // That a connection has an instance; it ends with the connection.
  class Presence;

  struct Caller {
    const metadata::Image& image;
    ClientFacts facts;
    std::shared_ptr<Presence>& presence;  // the connection's own; null at first
  };

  struct Subscription {
    ErrorCode error = ErrorCode::kNone;  // THROTTLING_QUOTA_EXCEEDED
    Uuid client;
    std::int32_t id = 0;
    std::int32_t push_interval_ms = 0;
    std::vector<std::string> metrics;
  };

  struct Push {
    Uuid client;
    std::int32_t subscription_id = 0;
    bool terminating = false;
    std::int8_t compression = 0;
    ByteView metrics;
  };

  ClientTelemetry(const Clock& clock, Random& random, TelemetryLimits limits) : clock_(clock), random_(random), limits_(limits) {}

  // A zero id gets a new one.
  Subscription subscribe(const Caller& caller, Uuid client);
  // INVALID_REQUEST: no id, or the client said it was its last push. THROTTLING_QUOTA_EXCEEDED: too early.
  // UNKNOWN_SUBSCRIPTION_ID: ask again what to push. UNSUPPORTED_COMPRESSION_TYPE. TELEMETRY_TOO_LARGE.
  // INVALID_RECORD: what it holds cannot be read.
  ErrorCode push(const Caller& caller, const Push& push, CompressionContext& scratch);

  // For the console: clients that have pushed something.
  struct Told {
    Uuid client;
    ClientFacts facts;
    std::string group_id;
    std::int64_t pushed_ms = 0;  // wall clock
    std::shared_ptr<const std::vector<ClientSeries>> series;
  };
  std::vector<Told> told();
  std::size_t clients();
  std::uint64_t pushes() const { return pushes_.value(); }
  std::uint64_t left_out() const { return left_out_.value(); }  // points
  const TelemetryLimits& limits() const { return limits_; }

 private:
  // What one set of subscriptions asks for together.
  struct Wanted {
    std::vector<std::string> metrics;  // ordered
    std::int32_t push_interval_ms = kPushIntervalDefaultMs;
  };
  struct Instance {
    ClientFacts facts;
    const Presence* owner = nullptr;
    std::uint64_t version = 0;  // of the subscriptions that were matched
    std::shared_ptr<const Wanted> wanted;
    std::int32_t subscription_id = 0;
    std::int64_t subscribed_ms = kNever, pushed_ms = kNever, seen_ms = kNever;  // monotonic
    bool terminating = false;
    ErrorCode latest_error = ErrorCode::kNone;
    std::int64_t told_ms = 0;  // wall clock
    std::string group_id;
    std::shared_ptr<const std::vector<ClientSeries>> series;
    std::list<Uuid>::iterator age;
  };
  static constexpr std::int64_t kNever = INT64_MIN / 2;

  void refresh(const metadata::Image& image);
  Instance& instance(const Caller& caller, const Uuid& client);
  void match(Instance& instance, const Uuid& client);
  void drop_unasked(Instance& instance);
  std::shared_ptr<const Wanted> wanted_by(std::vector<bool> matching);
  ErrorCode judge(Instance& instance, const Push& push);
  Result<ClientPush> read(const Push& push, const Wanted& wanted, CompressionContext& scratch) const;
  void keep(const Uuid& client, ClientPush&& push);
  void gone(const Uuid& client, const Presence* presence);
  void forget(std::unordered_map<Uuid, Instance>::iterator at);
  void expire();
  std::int64_t now_ms() const { return clock_.mono().ns / 1'000'000; }

  const Clock& clock_;
  Random& random_;
  const TelemetryLimits limits_;
  std::mutex mutex_;
  std::shared_ptr<const metadata::ConfigsMap> source_;  // what subscriptions_ was made from
  metadata::MetadataOffset source_end_{0};
  std::vector<ClientSubscription> subscriptions_;
  std::uint64_t version_ = 0;
  std::map<std::vector<bool>, std::shared_ptr<const Wanted>> wanted_;  // by who of subscriptions_ matches
  std::unordered_map<Uuid, Instance> instances_;
  std::list<Uuid> ages_;  // keys of instances_, the latest used first
  std::size_t series_ = 0;
  std::int64_t expired_ms_ = kNever;
  metrics::Counter pushes_;
  metrics::Counter left_out_;
};

class ClientTelemetry::Presence {
 public:
  Presence(std::weak_ptr<ClientTelemetry> telemetry, const Uuid& client) : client(client), telemetry_(std::move(telemetry)) {}
  Presence(const Presence&) = delete;
  Presence& operator=(const Presence&) = delete;
  ~Presence();
  Uuid client;

 private:
  const std::weak_ptr<ClientTelemetry> telemetry_;
};

}  // namespace barnabas::broker
