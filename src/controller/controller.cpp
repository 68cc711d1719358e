#include "controller/controller.h"

#include <deque>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "metadata/image_builder.h"

namespace barnabas::controller {
namespace {

using metadata::AppendResult;
using metadata::AppendStatus;
using metadata::ControllerEpoch;
using metadata::MetadataOffset;

constexpr std::size_t kBatchTargetBytes = 512u << 10;

// Called once: with nullptr when what it waits for is committed, else with why it is not.
using Completion = std::move_only_function<void(const Refusal* failure)>;

// Decisions that share one append.
struct Group {
  std::vector<Bytes> records;
  std::size_t bytes = 0;
  MetadataOffset base;  // where the records must land, or the decisions were made on another state
  std::vector<Completion> completions;
};

Refusal not_controller() { return {ErrorCode::kNotController, "This node is not the active controller."}; }

Refusal append_failure(AppendStatus status) {
  switch (status) {
    case AppendStatus::kNoSpace: return {ErrorCode::kKafkaStorageError, "The metadata log's disk is full."};
    case AppendStatus::kTooLarge: return {ErrorCode::kPolicyViolation, "The request makes more metadata than one batch may hold."};
    case AppendStatus::kOk:
    case AppendStatus::kFenced:
    case AppendStatus::kNotController:
    case AppendStatus::kUnknown:
    case AppendStatus::kClosed: break;
  }
  return not_controller();
}

}  // namespace

class Controller::Core : public std::enable_shared_from_this<Core> {
 public:
  Core(metadata::MetadataLog& log, const metadata::ImageHolder& committed, Executor& executor, Random& random, Policy policy,
       Task on_active)
      : log_(log),
        committed_(committed),
        executor_(executor),
        random_(random),
        policy_(policy),
        limits_(log.limits()),
        on_active_(std::move(on_active)) {}

  Executor& executor() { return executor_; }

  void elected(ControllerEpoch epoch);
  void resigned();

  template <class Wish>
  void take(Wish wish, Done<typename Wish::Response> done);

 private:
  using Waiting = std::move_only_function<void()>;

  metadata::ImageBuilder& speculative();
  Outcome<std::vector<Bytes>> encode(const std::vector<metadata::Record>& records) const;
  void add(const std::vector<metadata::Record>& records, std::vector<Bytes> encoded, Completion completion);
  void finalize_metadata_version();
  void append_open();
  void appended(const AppendResult& result);
  void drained();

  metadata::MetadataLog& log_;
  const metadata::ImageHolder& committed_;
  Executor& executor_;
  Random& random_;
  const Policy policy_;
  const metadata::Limits limits_;
  Task on_active_;

  bool active_ = false;
  ControllerEpoch epoch_;
  // What the log will hold when everything in flight is committed; empty when that is what is committed.
  std::unique_ptr<metadata::ImageBuilder> speculative_;
  Group open_;                   // decided, not yet appended
  std::deque<Group> in_flight_;  // in the order of the log
  bool failed_ = false;          // an append failed: nothing is decided until the rest has come back
  std::deque<Waiting> waiting_;  // wishes of that time
};

template <class Wish>
void Controller::Core::take(Wish wish, Done<typename Wish::Response> done) {
  if (failed_ && active_) {
    waiting_.push_back([this, wish = std::move(wish), done = std::move(done)]() mutable { take(std::move(wish), std::move(done)); });
    return;
  }
  if (!active_) return done(std::unexpected(not_controller()));
  auto decision = decide(Context{speculative().peek(), policy_, random_}, wish);
  std::vector<Bytes> encoded;
  if (decision) {
    auto bytes = encode(decision->records);
    if (bytes) {
      encoded = *std::move(bytes);
    } else {
      decision = std::unexpected(std::move(bytes.error()));
    }
  }
  const std::vector<metadata::Record> records = decision ? std::exchange(decision->records, {}) : std::vector<metadata::Record>();
  Outcome<typename Wish::Response> outcome = decision ? Outcome<typename Wish::Response>(std::move(decision->response))
                                                      : Outcome<typename Wish::Response>(std::unexpected(std::move(decision.error())));
  add(records, std::move(encoded), [done = std::move(done), outcome = std::move(outcome)](const Refusal* failure) mutable {
    if (failure != nullptr) outcome = std::unexpected(*failure);
    done(std::move(outcome));
  });
}

metadata::ImageBuilder& Controller::Core::speculative() {
  if (speculative_ == nullptr) speculative_ = std::make_unique<metadata::ImageBuilder>(*committed_.current());
  return *speculative_;
}

Outcome<std::vector<Bytes>> Controller::Core::encode(const std::vector<metadata::Record>& records) const {
  std::vector<Bytes> encoded;
  encoded.reserve(records.size());
  std::size_t bytes = 0;
  for (const metadata::Record& record : records) {
    auto one = metadata::encode_record(record);
    if (!one) return std::unexpected(Refusal{ErrorCode::kInvalidRequest, one.error().message});
    bytes += one->size();
    encoded.push_back(*std::move(one));
  }
  if (bytes > limits_.max_batch_bytes || records.size() > limits_.max_batch_records) {
    return std::unexpected(append_failure(AppendStatus::kTooLarge));
  }
  return encoded;
}

// The answer waits for everything before it, also when it changes nothing itself: it may have looked at it.
void Controller::Core::add(const std::vector<metadata::Record>& records, std::vector<Bytes> encoded, Completion completion) {
  std::size_t bytes = 0;
  for (const Bytes& record : encoded) bytes += record.size();
  const bool full = open_.bytes + bytes > std::min(kBatchTargetBytes, limits_.max_batch_bytes) ||
                    open_.records.size() + encoded.size() > limits_.max_batch_records;
  if (full && !open_.records.empty()) append_open();
  if (open_.records.empty() && !records.empty()) open_.base = speculative().peek().end();
  MetadataOffset offset = speculative().peek().end();
  for (const metadata::Record& record : records) {
    // It was decided on this very state, so it fits.
    const auto applied = speculative_->apply(record, offset);
    CHECK(applied.has_value());
    ++offset;
  }
  open_.bytes += bytes;
  std::ranges::move(encoded, std::back_inserter(open_.records));
  open_.completions.push_back(std::move(completion));
  if (in_flight_.empty()) append_open();
}

void Controller::Core::append_open() {
  Group group = std::exchange(open_, Group{});
  if (group.records.empty() && in_flight_.empty()) {
    for (Completion& completion : group.completions) completion(nullptr);
    if (open_.completions.empty()) speculative_.reset();
    return;
  }
  if (group.records.empty()) {
    // Nothing to append, but the answers stay behind those in flight.
    std::ranges::move(group.completions, std::back_inserter(in_flight_.back().completions));
    return;
  }
  std::vector<Bytes> records = std::exchange(group.records, {});
  const MetadataOffset base = group.base;
  in_flight_.push_back(std::move(group));
  log_.append(epoch_, std::move(records), [self = shared_from_this()](AppendResult result) { self->appended(result); }, base);
}

void Controller::Core::appended(const AppendResult& result) {
  CHECK(!in_flight_.empty());
  Group group = std::move(in_flight_.front());
  in_flight_.pop_front();
  if (result.status == AppendStatus::kOk && !failed_) {
    for (Completion& completion : group.completions) completion(nullptr);
  } else {
    if (!failed_) log::warn("metadata append failed", {{"status", to_string(result.status)}, {"base", group.base.value()}});
    failed_ = true;
    const Refusal refusal = append_failure(result.status);
    for (Completion& completion : group.completions) completion(&refusal);
  }
  if (failed_) {
    Group open = std::exchange(open_, Group{});
    const Refusal refusal = append_failure(result.status);
    for (Completion& completion : open.completions) completion(&refusal);
  }
  if (in_flight_.empty()) return drained();
}

// Nothing is in flight: what is committed is all there is, and after a failure the only state to believe.
void Controller::Core::drained() {
  if (failed_ || open_.completions.empty()) speculative_.reset();
  failed_ = false;
  if (!open_.completions.empty()) append_open();
  std::deque<Waiting> waiting = std::exchange(waiting_, {});
  for (Waiting& wish : waiting) wish();
}

void Controller::Core::elected(ControllerEpoch epoch) {
  epoch_ = epoch;
  active_ = true;
  failed_ = false;
  speculative_.reset();
  log::info("controller active", {{"epoch", epoch.value()}});
  finalize_metadata_version();
  if (on_active_) on_active_();
}

// A new cluster starts at this program's level; an old one keeps its own until somebody finalizes another.
void Controller::Core::finalize_metadata_version() {
  if (speculative().peek().feature(metadata::kMetadataVersionFeature) != 0) return;
  metadata::FeatureLevelRecord record;
  record.name = metadata::kMetadataVersionFeature;
  record.level = metadata::kMetadataVersion;
  const std::vector<metadata::Record> records{std::move(record)};
  auto encoded = encode(records);
  CHECK(encoded.has_value());
  add(records, *std::move(encoded), [](const Refusal*) {});
}

void Controller::Core::resigned() {
  active_ = false;
  Group open = std::exchange(open_, Group{});
  const Refusal refusal = not_controller();
  for (Completion& completion : open.completions) completion(&refusal);
  if (in_flight_.empty()) drained();
}

Controller::Controller(metadata::MetadataLog& log, const metadata::ImageHolder& committed, Executor& executor, Random& random,
                       Policy policy, Task on_active)
    : core_(std::make_shared<Core>(log, committed, executor, random, policy, std::move(on_active))) {}

Controller::~Controller() = default;

namespace {

template <class Core, class Wish, class DoneFunction>
void post(const std::shared_ptr<Core>& core, Wish wish, DoneFunction done) {
  core->executor().post([core, wish = std::move(wish), done = std::move(done)]() mutable { core->take(std::move(wish), std::move(done)); });
}

}  // namespace

void Controller::submit(CreateTopics wish, Done<CreateTopics::Response> done) { post(core_, std::move(wish), std::move(done)); }
void Controller::submit(DeleteTopics wish, Done<DeleteTopics::Response> done) { post(core_, std::move(wish), std::move(done)); }
void Controller::submit(CreatePartitions wish, Done<CreatePartitions::Response> done) { post(core_, std::move(wish), std::move(done)); }
void Controller::submit(ImportTopic wish, Done<ImportTopic::Response> done) { post(core_, std::move(wish), std::move(done)); }
void Controller::submit(AllocateProducerIds wish, Done<AllocateProducerIds::Response> done) {
  post(core_, std::move(wish), std::move(done));
}
void Controller::submit(RegisterBroker wish, Done<RegisterBroker::Response> done) { post(core_, std::move(wish), std::move(done)); }
void Controller::submit(IncrementalAlterConfigs wish, Done<IncrementalAlterConfigs::Response> done) {
  post(core_, std::move(wish), std::move(done));
}
void Controller::submit(AlterConfigs wish, Done<AlterConfigs::Response> done) { post(core_, std::move(wish), std::move(done)); }
void Controller::submit(AlterClientQuotas wish, Done<AlterClientQuotas::Response> done) { post(core_, std::move(wish), std::move(done)); }

void Controller::on_elected(ControllerEpoch epoch, const metadata::ImagePtr&) { core_->elected(epoch); }
void Controller::on_resigned(ControllerEpoch) { core_->resigned(); }

}  // namespace barnabas::controller
