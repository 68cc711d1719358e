#pragma once
// Hands out producer ids that no broker of the cluster ever gave before (T1): blocks of a thousand come from the
// controller, and what is left of a block at a stop is lost.
//
// Threads: any. `Given` runs inside next() when the block has one left, else on the metadata executor.
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "controller/controller.h"
#include "metadata/image_holder.h"
#include "model/error_code.h"
#include "model/types.h"

namespace barnabas::broker {

class ProducerIds {
 public:
  using Given = std::move_only_function<void(ErrorCode, ProducerId)>;
  ProducerIds(controller::Controller& controller, const metadata::ImageHolder& images, BrokerId broker)
      : controller_(controller), images_(images), broker_(broker) {}

  void next(Given given);

 private:
  void refill();

  controller::Controller& controller_;
  const metadata::ImageHolder& images_;
  const BrokerId broker_;
  std::mutex mutex_;
  ProducerId next_ = 0;
  ProducerId end_ = 0;
  bool asked_ = false;
  std::vector<Given> waiting_;
};

}  // namespace barnabas::broker
