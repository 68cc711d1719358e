#pragma once
// One round of a loop over the connections that are ready, in three stages:
//
//   every one is read and its frames handed over ─ all of them are finished ─ every one sends what was answered
//
// Stage by stage instead of connection by connection: each stage finds its code and the kernel's in the cache, and the
// handler has the frames of all of them to finish at once (FrameHandler::finish_input).
//
// The bytes of a round lie one behind the other in one scratch buffer, which is empty between rounds.
//
// Threads: its loop's.
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/executor.h"

namespace barnabas::net {

class Turn : public std::enable_shared_from_this<Turn> {
 public:
  class Member {
   public:
    virtual ~Member() = default;
    virtual void finish_input() = 0;  // may do so for others
    virtual void end_turn() = 0;
  };

  Turn(Executor& executor, MutableBytes scratch) : executor_(executor), scratch_(scratch) {}

  // Where bytes may land. Frames in what was kept are not finished: who finishes everything may empty it.
  MutableBytes room() const { return scratch_.subspan(used_); }
  bool crowded() const { return used_ > scratch_.size() / 2; }
  void keep(std::size_t bytes) { used_ += bytes; }
  void empty() { used_ = 0; }

  // A turn of everybody whom `call_ready` calls.
  template <class CallReady>
  void take(CallReady&& call_ready) {
    gathering_ = true;
    call_ready();
    gathering_ = false;
    end();
  }

  // Has finish_input() and end_turn() called: when take() ends, or soon.
  void join(std::shared_ptr<Member> member) {
    if (members_.empty() && !gathering_) {
      executor_.post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->end();
      });
    }
    members_.push_back(std::move(member));
  }

 private:
  void end() {
    if (members_.empty()) return;
    ending_.swap(members_);
    for (const auto& member : ending_) member->finish_input();
    empty();
    for (const auto& member : ending_) member->end_turn();
    ending_.clear();
  }

  Executor& executor_;
  const MutableBytes scratch_;
  std::size_t used_ = 0;
  bool gathering_ = false;
  std::vector<std::shared_ptr<Member>> members_;
  std::vector<std::shared_ptr<Member>> ending_;  // kept for its memory
};

}  // namespace barnabas::net
