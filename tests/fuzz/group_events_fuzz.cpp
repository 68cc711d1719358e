// A classic group under any sequence of events: every request is answered once, and what the state says of its members
// is true after each of them.
#include <cstdint>
#include <map>
#include <set>
#include <span>

#include "base/check.h"
#include "coordinator/group.h"

using namespace barnabas;
using namespace barnabas::coordinator;

namespace {

class Events {
 public:
  Events(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}
  bool empty() const { return rest_.empty(); }
  unsigned next(unsigned below) {
    if (rest_.empty()) return 0;
    const unsigned value = rest_.front();
    rest_ = rest_.subspan(1);
    return value % below;
  }

 private:
  std::span<const std::uint8_t> rest_;
};

class Story {
 public:
  explicit Story(Events events) : events_(events) {
    settings_.max_size = static_cast<std::int32_t>(1 + events_.next(6));
    settings_.initial_rebalance_delay_ms = events_.next(2) == 0 ? 0 : 500;
  }

  void run() {
    while (!events_.empty()) {
      Effects effects;
      switch (events_.next(8)) {
        case 0:
        case 1: join(effects); break;
        case 2:
        case 3: sync(effects); break;
        case 4: group_.heartbeat({ask(), generation(), some_id(), some_instance()}, now_, effects); break;
        case 5: leave(effects); break;
        case 6: pass_time(effects); break;
        case 7: commit_or_crash(effects); break;
      }
      settle(effects);
      check();
    }
    Effects last;
    group_.abandon(ErrorCode::kNotCoordinator, last);
    settle(last);
    CHECK(waiting_.empty());
  }

 private:
  ReplyToken ask() {
    waiting_.insert(++tokens_);
    return tokens_;
  }
  std::string some_id() {
    const unsigned which = events_.next(8);
    return which == 0 ? "" : which == 1 ? "stranger" : known_.empty() ? "m1" : known_[which % known_.size()];
  }
  std::optional<std::string> some_instance() {
    const unsigned which = events_.next(6);
    return which < 3 ? std::nullopt : std::optional("i" + std::to_string(which));
  }
  std::int32_t generation() { return group_.generation() + (events_.next(5) == 0 ? -1 : 0); }

  void join(Effects& effects) {
    JoinRequest request;
    request.token = ask();
    request.instance_id = some_instance();
    request.member_id = events_.next(2) == 0 ? "" : some_id();
    request.fresh_member_id = "m" + std::to_string(++ids_);
    if (known_.size() < 16) known_.push_back(request.fresh_member_id);
    request.session_timeout_ms = static_cast<std::int32_t>(1000 * (1 + events_.next(10)));
    request.rebalance_timeout_ms = static_cast<std::int32_t>(1000 * events_.next(20));
    request.protocol_type = events_.next(6) == 0 ? "connect" : "consumer";
    const unsigned protocols = events_.next(8);
    for (unsigned bit = 0; bit < 3; ++bit) {
      if ((protocols & (1U << bit)) != 0)
        request.protocols.push_back({std::string(1, static_cast<char>('a' + bit)), Bytes(events_.next(4))});
    }
    request.must_know_member_id = events_.next(2) == 0;
    request.can_skip_assignment = events_.next(2) == 0;
    group_.join(std::move(request), now_, effects);
  }
  void sync(Effects& effects) {
    SyncRequest request;
    request.token = ask();
    request.generation = generation();
    request.member_id = some_id();
    request.instance_id = some_instance();
    if (events_.next(4) == 0) request.protocol_type = "consumer";
    if (events_.next(4) == 0) request.protocol_name = "a";
    for (unsigned i = events_.next(4); i > 0; --i) request.plan.emplace_back(some_id(), Bytes(events_.next(3)));
    group_.sync(std::move(request), now_, effects);
  }
  void leave(Effects& effects) {
    LeaveRequest request{.token = ask(), .members = {}};
    for (unsigned i = events_.next(4); i > 0; --i) request.members.push_back({some_id(), some_instance()});
    group_.leave(request, now_, effects);
  }
  void pass_time(Effects& effects) {
    const auto step = std::chrono::milliseconds(1 << events_.next(16));
    now_.mono = now_.mono + step;
    now_.wall_ms += step.count();
    // With timeouts of 0 one phase may end the next, but not for ever.
    int rounds = 0;
    do {
      group_.expire(now_, effects);
      CHECK(++rounds < 10);
    } while (group_.next_deadline() <= now_.mono);
  }
  // What is stored says all that a new life needs. Parked requests end with the old one.
  void commit_or_crash(Effects& effects) {
    const bool stored_form = group_.state() == GroupState::kEmpty || group_.state() == GroupState::kStable;
    if (events_.next(2) == 0 || !stored_form || group_.is_unborn()) {
      group_.check_commit({some_id(), generation(), some_instance(), false}, now_);
      return;
    }
    const GroupMetadata stored = group_.metadata();
    group_.abandon(ErrorCode::kNotCoordinator, effects);
    group_ = Group::restore("g", stored, settings_, now_);
    CHECK(group_.metadata() == stored);
    group_.enforce_max_size(now_, effects);
  }

  void settle(Effects& effects) {
    for (const auto& [token, reply] : effects.replies) CHECK(waiting_.erase(token) == 1);
    if (effects.store) group_.mark_stored();
  }

  void check() const {
    const auto& members = group_.members();
    std::size_t parked = 0;
    std::set<std::string> instances;
    for (const auto& [id, member] : members) {
      CHECK(id == member.id);
      if (member.instance_id) CHECK(instances.insert(*member.instance_id).second);
      for (const ReplyToken token : {member.join, member.sync}) {
        if (token == kNoReply) continue;
        ++parked;
        CHECK(waiting_.contains(token));
      }
    }
    CHECK(parked == waiting_.size());
    switch (group_.state()) {
      case GroupState::kEmpty: CHECK(members.empty() && parked == 0); break;
      case GroupState::kPreparingRebalance: CHECK(group_.next_deadline() != kNever); break;  // it ends by itself, whoever left
      case GroupState::kCompletingRebalance: CHECK(!members.empty() && group_.leader()); break;
      case GroupState::kStable: CHECK(!members.empty() && parked == 0 && group_.protocol_name()); break;
    }
    if (group_.leader() && !members.empty()) CHECK(members.contains(*group_.leader()) || group_.state() == GroupState::kPreparingRebalance);
  }

  Events events_;
  GroupSettings settings_;
  Now now_{MonoTime{1'000'000'000}, 1'700'000'000'000};
  Group group_{"g", settings_, now_};
  std::set<ReplyToken> waiting_;
  std::vector<std::string> known_;
  ReplyToken tokens_ = kNoReply;
  std::uint64_t ids_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Story(Events(data, std::min<std::size_t>(size, 4096))).run();
  return 0;
}
