#include "broker/client_telemetry.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/check.h"
#include "base/log.h"
#include "model/crc32c.h"

namespace barnabas::broker {
namespace {

constexpr std::size_t kFactMaxBytes = 256;
constexpr std::int64_t kForgottenAfterMs = 60'000;  // at least
constexpr std::int64_t kExpireEveryMs = 10'000;
constexpr std::size_t kWantedMax = 1'000;
constexpr std::size_t kPieceBytes = 16 << 10;

void cut(std::string& text) {
  if (text.size() > kFactMaxBytes) text.resize(kFactMaxBytes);
}

// As Kafka makes it, from the content with the client's id mixed in: another content is another id.
std::int32_t subscription_id(const std::vector<std::string>& metrics, std::int32_t interval_ms, const Uuid& client) {
  const std::string content = fmt::format("[{}]{}", fmt::join(metrics, ", "), interval_ms);
  std::uint32_t sum = crc32c(as_bytes(content));
  for (std::size_t i = 0; i < client.bytes.size(); i += sizeof sum) sum ^= load_be<std::uint32_t>(client.bytes.data() + i);
  return static_cast<std::int32_t>(sum);
}

// Kafka's reserved ids: 0 and 1.
bool is_reserved(const Uuid& id) {
  return std::ranges::all_of(id.bytes.begin(), id.bytes.end() - 1, [](std::byte b) { return b == std::byte{}; }) &&
         id.bytes.back() <= std::byte{1};
}

}  // namespace

ClientTelemetry::Presence::~Presence() {
  if (const auto telemetry = telemetry_.lock()) telemetry->gone(client, this);
}

ClientTelemetry::Subscription ClientTelemetry::subscribe(const Caller& caller, Uuid client) {
  const std::lock_guard lock(mutex_);
  refresh(caller.image);
  while (client.is_zero() || is_reserved(client)) client = Uuid::random(random_);
  Instance& of = instance(caller, client);
  const std::int64_t now = now_ms();
  if (now - std::max(of.subscribed_ms, of.pushed_ms) >= of.wanted->push_interval_ms) {
    of.subscribed_ms = now;
  } else if (of.latest_error != ErrorCode::kUnknownSubscriptionId && of.latest_error != ErrorCode::kUnsupportedCompressionType) {
    return {.error = ErrorCode::kThrottlingQuotaExceeded, .client = {}, .metrics = {}};
  }
  of.latest_error = ErrorCode::kNone;
  return {.client = client, .id = of.subscription_id, .push_interval_ms = of.wanted->push_interval_ms, .metrics = of.wanted->metrics};
}

ErrorCode ClientTelemetry::push(const Caller& caller, const Push& push, CompressionContext& scratch) {
  if (is_reserved(push.client)) return ErrorCode::kInvalidRequest;
  std::shared_ptr<const Wanted> wanted;
  {
    const std::lock_guard lock(mutex_);
    refresh(caller.image);
    Instance& of = instance(caller, push.client);
    of.latest_error = judge(of, push);
    of.terminating = of.terminating || push.terminating;
    if (of.latest_error != ErrorCode::kNone || push.metrics.empty()) return of.latest_error;
    wanted = of.wanted;
  }
  auto read_push = read(push, *wanted, scratch);
  if (!read_push) {
    log::debug("client push not readable", {{"client", push.client.text()}, {"error", read_push.error().message}});
    return read_push.error().code == Errc::kTooLarge ? ErrorCode::kTelemetryTooLarge : ErrorCode::kInvalidRecord;
  }
  pushes_.add();
  left_out_.add(read_push->left_out);
  keep(push.client, *std::move(read_push));
  return ErrorCode::kNone;
}

// A push right after asking is never too early: clients spread their first ones over half to one and a half intervals.
ErrorCode ClientTelemetry::judge(Instance& of, const Push& push) {
  if (of.terminating) return ErrorCode::kInvalidRequest;
  const std::int64_t now = now_ms();
  if (of.subscribed_ms > of.pushed_ms || now - of.pushed_ms >= of.wanted->push_interval_ms) {
    of.pushed_ms = now;
  } else if (!push.terminating) {
    return ErrorCode::kThrottlingQuotaExceeded;
  }
  if (push.subscription_id != of.subscription_id) return ErrorCode::kUnknownSubscriptionId;
  if (!compression_from_id(push.compression)) return ErrorCode::kUnsupportedCompressionType;
  if (push.metrics.size() > limits_.push_max_bytes) return ErrorCode::kTelemetryTooLarge;
  return ErrorCode::kNone;
}

Result<ClientPush> ClientTelemetry::read(const Push& push, const Wanted& wanted, CompressionContext& scratch) const {
  const Compression codec = *compression_from_id(push.compression);
  const std::size_t most = std::min(limits_.series_max_per_client, limits_.series_max);
  if (codec == Compression::kNone) return read_client_push(push.metrics, wanted.metrics, most);
  Bytes plain;
  Decompressor stream = scratch.decompress(codec, push.metrics);
  while (true) {
    const std::size_t before = plain.size();
    plain.resize(before + kPieceBytes);
    TRY_ASSIGN(const std::size_t got, stream.read(MutableBytes(plain).subspan(before)));
    plain.resize(before + got);
    if (got == 0) break;
    if (plain.size() > limits_.push_max_bytes) return fail(Errc::kTooLarge, "uncompressed above telemetry.max.bytes");
  }
  return read_client_push(plain, wanted.metrics, most);
}

void ClientTelemetry::keep(const Uuid& client, ClientPush&& push) {
  const std::lock_guard lock(mutex_);
  const auto found = instances_.find(client);
  if (found == instances_.end()) return;  // its connection is gone
  Instance& of = found->second;
  const std::vector<ClientSeries> nothing;
  const std::vector<ClientSeries>& before = of.series == nullptr ? nothing : *of.series;
  series_ -= before.size();
  const std::size_t most = std::min(limits_.series_max_per_client, limits_.series_max - series_);
  of.group_id = std::move(push.group_id);
  std::uint64_t beyond = 0;
  auto after = std::make_shared<const std::vector<ClientSeries>>(after_push(before, std::move(push), of.wanted->metrics, most, beyond));
  left_out_.add(beyond);
  series_ += after->size();
  of.series = std::move(after);
  of.told_ms = clock_.wall_ms();
}

std::vector<ClientTelemetry::Told> ClientTelemetry::told() {
  const std::lock_guard lock(mutex_);
  expire();
  std::vector<Told> all;
  for (const auto& [client, of] : instances_) {
    if (of.series != nullptr && !of.series->empty()) all.push_back({client, of.facts, of.group_id, of.told_ms, of.series});
  }
  return all;
}

std::size_t ClientTelemetry::clients() {
  const std::lock_guard lock(mutex_);
  expire();
  return instances_.size();
}

// The newest subscriptions that a request has brought: two threads may have different images for a moment.
void ClientTelemetry::refresh(const metadata::Image& image) {
  const auto& newest = image.shared_client_metrics();
  if (newest == source_ || (source_ != nullptr && image.end() < source_end_)) return;
  source_ = newest;
  source_end_ = image.end();
  ++version_;
  wanted_.clear();
  subscriptions_.clear();
  for (const auto& [name, configs] : *newest) {
    if (auto made = ClientSubscription::make(*configs)) {
      subscriptions_.push_back(*std::move(made));
    } else {  // set before it was checked so strictly
      log::warn("subscription of client metrics not understood", {{"name", name}, {"error", made.error().message}});
    }
  }
}

ClientTelemetry::Instance& ClientTelemetry::instance(const Caller& caller, const Uuid& client) {
  if (caller.presence == nullptr) caller.presence = std::make_shared<Presence>(weak_from_this(), client);
  Presence& presence = *caller.presence;
  if (presence.client != client) {
    if (const auto old = instances_.find(presence.client); old != instances_.end() && old->second.owner == &presence) forget(old);
    presence.client = client;
  }
  if (now_ms() - expired_ms_ >= kExpireEveryMs) expire();
  auto [found, fresh] = instances_.try_emplace(client);
  Instance& of = found->second;
  if (fresh) {
    ages_.push_front(client);
    of.age = ages_.begin();
    of.facts = caller.facts;
    cut(of.facts.client_id);
    cut(of.facts.software_name);
    cut(of.facts.software_version);
    if (instances_.size() > limits_.clients_max) forget(instances_.find(ages_.back()));
  } else {
    ages_.splice(ages_.begin(), ages_, of.age);
  }
  if (fresh || of.version != version_) match(of, client);
  of.owner = &presence;
  of.seen_ms = now_ms();
  return of;
}

// Whom subscriptions ask for what is worked out anew, and the client may come at once to hear of it.
void ClientTelemetry::match(Instance& of, const Uuid& client) {
  const std::string id = client.text(), port = std::to_string(of.facts.port);
  const ClientAttributes attributes{id, of.facts.client_id, of.facts.software_name, of.facts.software_version, of.facts.address, port};
  std::vector<bool> matching;
  for (const ClientSubscription& subscription : subscriptions_) matching.push_back(subscription.matches(attributes));
  of.wanted = wanted_by(std::move(matching));
  of.version = version_;
  of.subscription_id = subscription_id(of.wanted->metrics, of.wanted->push_interval_ms, client);
  of.subscribed_ms = of.pushed_ms = kNever;
  of.terminating = false;
  of.latest_error = ErrorCode::kNone;
  drop_unasked(of);
}

// What nobody asks for any more is not pushed either: it would be shown for ever as it was last.
void ClientTelemetry::drop_unasked(Instance& of) {
  if (of.series == nullptr) return;
  auto left = std::make_shared<std::vector<ClientSeries>>();
  for (const ClientSeries& series : *of.series) {
    if (is_asked_for(series.metric, of.wanted->metrics)) left->push_back(series);
  }
  series_ = series_ - of.series->size() + left->size();
  of.series = std::move(left);
}

// The shortest interval and all metrics; clients with the same subscriptions share the answer.
std::shared_ptr<const ClientTelemetry::Wanted> ClientTelemetry::wanted_by(std::vector<bool> matching) {
  if (wanted_.size() >= kWantedMax) wanted_.clear();
  auto& known = wanted_[matching];
  if (known != nullptr) return known;
  auto made = std::make_shared<Wanted>();
  for (std::size_t i = 0; i < matching.size(); ++i) {
    if (!matching[i]) continue;
    const std::vector<std::string>& metrics = subscriptions_[i].metrics();
    made->metrics.insert(made->metrics.end(), metrics.begin(), metrics.end());
    made->push_interval_ms = std::min(made->push_interval_ms, subscriptions_[i].interval_ms());
  }
  std::ranges::sort(made->metrics);
  made->metrics.erase(std::ranges::unique(made->metrics).begin(), made->metrics.end());
  if (std::ranges::binary_search(made->metrics, kAllClientMetrics)) made->metrics = {std::string(kAllClientMetrics)};
  return known = std::move(made);
}

void ClientTelemetry::gone(const Uuid& client, const Presence* presence) {
  const std::lock_guard lock(mutex_);
  if (const auto found = instances_.find(client); found != instances_.end() && found->second.owner == presence) forget(found);
}

void ClientTelemetry::forget(std::unordered_map<Uuid, Instance>::iterator at) {
  CHECK(at != instances_.end());
  if (at->second.series != nullptr) series_ -= at->second.series->size();
  ages_.erase(at->second.age);
  instances_.erase(at);
}

void ClientTelemetry::expire() {
  expired_ms_ = now_ms();
  for (auto at = instances_.begin(); at != instances_.end();) {
    const auto next = std::next(at);
    const std::int64_t after_ms = std::max<std::int64_t>(kForgottenAfterMs, 3LL * at->second.wanted->push_interval_ms);
    if (expired_ms_ - at->second.seen_ms > after_ms) forget(at);
    at = next;
  }
}

}  // namespace barnabas::broker
