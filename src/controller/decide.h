#pragma once
// What the cluster should agree next: a wish and the state it meets become records and an answer, or a refusal.
//
//   decide(context, wish)  ->  Decision{records, response}  |  Refusal of the whole wish
//
// Pure: the same image, wish and random numbers give the same records, and nothing else happens. The image is the
// speculative one, so a decision sees what was decided before it though it is not committed yet. A wish is atomic: its
// records go into one batch. Error codes are Kafka's; each function's file says which rules it keeps.
//
// Threads: one at a time.
#include <cstdint>
#include <vector>

#include "base/random.h"
#include "config/settings.h"
#include "controller/wishes.h"
#include "metadata/image.h"
#include "metadata/records.h"

namespace barnabas::controller {

// What the decisions take from the server's settings.
struct Policy {
  const Settings* settings = nullptr;  // for the topics' configs; outlives the controller
  std::int32_t num_partitions = 1;
  std::int16_t default_replication_factor = 1;
  bool delete_topic_enable = true;
  std::size_t max_records = 10'000;  // of one wish (A8)

  static Policy of(const Settings& settings);
};

struct Context {
  const metadata::Image& image;
  const Policy& policy;
  Random& random;
};

template <class Response>
struct Decision {
  std::vector<metadata::Record> records;
  Response response;
};

template <class Wish>
using Decided = Outcome<Decision<typename Wish::Response>>;

Decided<CreateTopics> decide(const Context& context, const CreateTopics& wish);
Decided<DeleteTopics> decide(const Context& context, const DeleteTopics& wish);
Decided<CreatePartitions> decide(const Context& context, const CreatePartitions& wish);
Decided<ImportTopic> decide(const Context& context, const ImportTopic& wish);
Decided<AllocateProducerIds> decide(const Context& context, const AllocateProducerIds& wish);
Decided<RegisterBroker> decide(const Context& context, const RegisterBroker& wish);
Decided<IncrementalAlterConfigs> decide(const Context& context, const IncrementalAlterConfigs& wish);
Decided<AlterConfigs> decide(const Context& context, const AlterConfigs& wish);
Decided<AlterClientQuotas> decide(const Context& context, const AlterClientQuotas& wish);

}  // namespace barnabas::controller
