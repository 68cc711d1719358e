#pragma once
// How the rest of the broker follows the metadata: a publisher is told of every new image, with what changed in it.
//
// Threads: the metadata executor, one call at a time, in the order of the log. A publisher must not wait; what takes
// long (creating a folder, loading a coordinator) it hands to its own executor.
#include <string>
#include <vector>

#include "metadata/image.h"

namespace barnabas::metadata {

struct TopicChange {
  TopicPtr before, after;                  // the same topic id
  std::vector<PartitionIndex> partitions;  // changed or added, each once, ascending
  bool configs = false;                    // the overrides are different ones
};

// A topic that was deleted and created again under its name is one deletion and one creation.
struct ImageDelta {
  std::vector<TopicPtr> created;
  std::vector<TopicPtr> deleted;
  std::vector<TopicChange> changed;
  std::vector<std::string> broker_configs;  // resource names: "" or a broker id
  std::vector<BrokerId> brokers;            // registered, changed or gone
  bool features = false;
  bool controller = false;

  bool empty() const {
    return created.empty() && deleted.empty() && changed.empty() && broker_configs.empty() && brokers.empty() && !features && !controller;
  }
};

class Publisher {
 public:
  virtual ~Publisher() = default;
  // Called after readers can see `now` through the ImageHolder: whoever a publisher wakes finds at least that image.
  virtual void on_image(const ImagePtr& before, const ImagePtr& now, const ImageDelta& delta) = 0;
};

}  // namespace barnabas::metadata
