#include "broker/producer_ids.h"

#include <utility>

namespace barnabas::broker {

void ProducerIds::next(Given given) {
  ProducerId id = kNoProducerId;
  {
    const std::lock_guard lock(mutex_);
    if (next_ < end_) {
      id = next_++;
    } else {
      waiting_.push_back(std::move(given));
      if (std::exchange(asked_, true)) return;
    }
  }
  if (id != kNoProducerId) return given(ErrorCode::kNone, id);
  refill();
}

void ProducerIds::refill() {
  controller::AllocateProducerIds wish;
  wish.broker = broker_;
  if (const metadata::Broker* self = images_.current()->find_broker(broker_)) wish.broker_epoch = self->epoch;
  controller_.submit(wish, [this](controller::Outcome<controller::ProducerIdBlock> block) {
    std::vector<std::pair<Given, ProducerId>> served;
    bool again = false;
    {
      const std::lock_guard lock(mutex_);
      asked_ = false;
      if (block) {
        next_ = block->first;
        end_ = block->first + block->count;
      }
      std::size_t taken = 0;
      for (; taken < waiting_.size() && (!block || next_ < end_); ++taken) {
        served.emplace_back(std::move(waiting_[taken]), block ? next_++ : kNoProducerId);
      }
      waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
      if (!waiting_.empty()) again = asked_ = true;
    }
    for (auto& [given, id] : served) given(block ? ErrorCode::kNone : ErrorCode::kCoordinatorLoadInProgress, id);
    if (again) refill();
  });
}

}  // namespace barnabas::broker
