#pragma once
// What a client, or a broker, may wish of the cluster, and what it is told: plain data in Kafka's terms, without bytes.
// A wish holds only what the caller is already allowed to ask; results are in the order of the wish.
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "metadata/image.h"
#include "model/error_code.h"
#include "model/types.h"

namespace barnabas::controller {

// Why something was refused. `code` is never kNone; the message is for people and goes into the response.
struct Refusal {
  ErrorCode code = ErrorCode::kUnknownServerError;
  std::string message;
};

// Of the whole wish. A single topic's or resource's failure is a Verdict inside the response.
template <class T>
using Outcome = std::expected<T, Refusal>;

struct Verdict {
  ErrorCode code = ErrorCode::kNone;
  std::string message;  // empty when kNone
  bool ok() const { return code == ErrorCode::kNone; }
};

struct ManualAssignment {
  PartitionIndex partition = 0;
  std::vector<BrokerId> replicas;
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;
};

struct CreatedTopic {
  Verdict verdict;
  std::string name;
  TopicId id;  // and the rest: zero, -1 and empty after a refusal
  std::int32_t partitions = -1;
  std::int16_t replication_factor = -1;
  metadata::ConfigOverrides configs;  // what was set; the defaults are the config room's
};
struct CreateTopics {
  using Response = std::vector<CreatedTopic>;
  struct Topic {
    std::string name;
    std::int32_t partitions = -1;               // -1: num.partitions
    std::int16_t replication_factor = -1;       // -1: default.replication.factor
    std::vector<ManualAssignment> assignments;  // if any, partitions and replication_factor must be -1
    std::vector<ConfigEntry> configs;
  };
  std::vector<Topic> topics;
  bool validate_only = false;
};

struct DeletedTopic {
  Verdict verdict;
  std::optional<std::string> name;  // what was asked, completed by what was found
  TopicId id;
};
struct DeleteTopics {
  using Response = std::vector<DeletedTopic>;
  struct Topic {
    std::optional<std::string> name;
    TopicId id;  // zero when asked by name
  };
  std::vector<Topic> topics;
};

struct GrownTopic {
  Verdict verdict;
  std::string name;
};
struct CreatePartitions {
  using Response = std::vector<GrownTopic>;
  struct Topic {
    std::string name;
    std::int32_t count = 0;                                         // in the end, not how many more
    std::optional<std::vector<std::vector<BrokerId>>> assignments;  // of the new ones
  };
  std::vector<Topic> topics;
  bool validate_only = false;
};

struct ProducerIdBlock {
  ProducerId first = kNoProducerId;
  std::int32_t count = 0;
};
struct AllocateProducerIds {
  using Response = ProducerIdBlock;
  BrokerId broker = -1;
  std::int64_t broker_epoch = -1;
};

// A topic whose partitions were copied from a Kafka's disk (storage/import.h): it keeps its id, and each partition goes on
// in the epoch after the last one in its log. Refused when the name or the id is taken.
struct ImportTopic {
  struct Response {};
  std::string name;
  TopicId id;
  BrokerId broker = -1;                    // that holds the copies
  std::vector<LeaderEpoch> latest_epochs;  // of each partition; -1 for one that was empty or is missing
};

struct RegisteredBroker {
  std::int64_t epoch = -1;
};
struct RegisterBroker {
  using Response = RegisteredBroker;
  BrokerId id = -1;
  Uuid incarnation;
  std::vector<metadata::Endpoint> endpoints;
  std::optional<std::string> rack;
};

enum class ConfigOperation : std::int8_t { kSet = 0, kDelete = 1, kAppend = 2, kSubtract = 3 };  // Kafka's numbers

struct AlteredResource {
  Verdict verdict;
  std::int8_t type = 0;
  std::string name;
};
// KIP-339: only what is named changes.
struct IncrementalAlterConfigs {
  using Response = std::vector<AlteredResource>;
  struct Change {
    std::string name;
    std::int8_t operation = 0;  // a ConfigOperation, as the client sent it
    std::optional<std::string> value;
  };
  struct Resource {
    std::int8_t type = 0;  // a metadata::ResourceType, as the client sent it
    std::string name;
    std::vector<Change> changes;
  };
  std::vector<Resource> resources;
  bool validate_only = false;
};
// The older API: what is not named goes back to its default.
struct AlterConfigs {
  using Response = std::vector<AlteredResource>;
  struct Resource {
    std::int8_t type = 0;
    std::string name;
    std::vector<ConfigEntry> configs;
  };
  std::vector<Resource> resources;
  bool validate_only = false;
};

struct AlteredQuota {
  Verdict verdict;
  metadata::QuotaEntity entity;
};
// KIP-546: quotas of users, client ids and addresses.
struct AlterClientQuotas {
  using Response = std::vector<AlteredQuota>;
  struct Change {
    std::string key;
    double value = 0;
    bool remove = false;
  };
  struct Entry {
    metadata::QuotaEntity entity;
    std::vector<Change> changes;
  };
  std::vector<Entry> entries;
  bool validate_only = false;
};

}  // namespace barnabas::controller
