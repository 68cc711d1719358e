#pragma once
// Client quotas (KIP-13, KIP-124, KIP-219): how long a connection must rest because of what its client has used.
//
//   usage of the last quota.window.num windows (11 of 1 s)  /  their length  >  quota   ->   rest until it is not
//
// Which quota holds, the first that is set (each kind by itself), and whose usage counts together:
//   user and client id, user and default client id, user       the pair, the pair, the user
//   default user and client id, default user and default client id, default user      the same
//   client id, default client id                               the client id, whoever its user
//
// Where no quota is set nothing is measured. Names are cut at 256 bytes, and at most 10,000 pairs are remembered, the
// latest used (D10, D16): who comes with ever new client ids meets the quotas of its user, which are remembered with the pairs.
//
// Threads: any; one short lock, taken only where quotas are set.
#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "metadata/image.h"

namespace barnabas::broker {

enum class QuotaKind : std::uint8_t { kProducerBytes, kConsumerBytes, kRequestTime };
inline constexpr std::size_t kQuotaKinds = 3;

// Usage in a ring of windows.
class UsageMeter {
 public:
  explicit UsageMeter(std::size_t windows) : sums_(windows) {}
  void record(MonoTime now, MonoDuration window, double amount);
  // How long what is above the bound (per second) would last at the bound, which is Kafka's formula; 0: nothing is above it.
  MonoDuration excess(MonoTime now, MonoDuration window, double bound);

 private:
  void advance(std::int64_t window);
  std::vector<double> sums_;
  std::int64_t latest_ = -1;  // the window of the latest sum, counted from the clock's zero
};

struct QuotaLimits {
  std::size_t windows = 11;
  MonoDuration window = std::chrono::seconds(1);
  std::size_t clients_max = 10'000;
};

class Quotas {
 public:
  using Map = std::shared_ptr<const metadata::QuotaMap>;
  Quotas(const Clock& clock, QuotaLimits limits) : clock_(clock), limits_(limits) {}

  // Adds to the client's usage, and says how long it must rest. Bytes, or seconds of request time.
  MonoDuration record(const Map& quotas, QuotaKind kind, std::string_view user, std::string_view client_id, double amount);
  // The most that is worth giving at once, so that no rest is longer than the windows; nullopt: no quota.
  std::optional<double> allowance(const Map& quotas, QuotaKind kind, std::string_view user, std::string_view client_id);
  std::size_t remembered() const;

  // That an answer makes its connection rest because of a quota of this kind.
  void note(QuotaKind kind, MonoDuration rest) {
    if (rest <= MonoDuration{}) return;
    throttles_[static_cast<std::size_t>(kind)].add();
    rests_ns_[static_cast<std::size_t>(kind)].add(static_cast<std::uint64_t>(rest.count()));
  }
  std::uint64_t throttles(QuotaKind kind) const { return throttles_[static_cast<std::size_t>(kind)].value(); }
  double rest_seconds(QuotaKind kind) const { return static_cast<double>(rests_ns_[static_cast<std::size_t>(kind)].value()) / 1e9; }

 private:
  struct Applied {
    double bound = 0;  // per second
    std::shared_ptr<UsageMeter> meter;
  };
  struct Client {
    Map resolved;  // the quotas that `applied` was made from
    std::array<std::optional<Applied>, kQuotaKinds> applied;
    std::list<std::string>::iterator age;
  };
  Client& client(const Map& quotas, std::string_view user, std::string_view client_id);
  std::optional<Applied> resolve(const metadata::QuotaMap& quotas, QuotaKind kind, const std::string& user, const std::string& client_id);
  std::shared_ptr<UsageMeter> meter(const std::string& key);

  const Clock& clock_;
  const QuotaLimits limits_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Client> clients_;
  std::list<std::string> ages_;  // keys of clients_, the latest used first
  std::unordered_map<std::string, std::weak_ptr<UsageMeter>> meters_;
  std::array<metrics::Counter, kQuotaKinds> throttles_;
  std::array<metrics::Counter, kQuotaKinds> rests_ns_;
};

}  // namespace barnabas::broker
