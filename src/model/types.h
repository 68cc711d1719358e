#pragma once
// Kafka's nouns as types. Names are Kafka's own.
#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/strong.h"

namespace barnabas {

using Offset = Strong<struct OffsetTag, std::int64_t>;            // of a record in a partition, from 0
using LeaderEpoch = Strong<struct LeaderEpochTag, std::int32_t>;  // counts the leaders of a partition, from 0; -1 unknown

inline constexpr LeaderEpoch kNoLeaderEpoch{-1};

using BrokerId = std::int32_t;
using PartitionIndex = std::int32_t;
using ProducerId = std::int64_t;     // -1: not idempotent
using ProducerEpoch = std::int16_t;  // -1: none
using Sequence = std::int32_t;       // of a producer's record in a partition; wraps from 2147483647 to 0

inline constexpr ProducerId kNoProducerId = -1;
inline constexpr ProducerEpoch kNoProducerEpoch = -1;
inline constexpr Sequence kNoSequence = -1;

// 128 bits, written as Kafka writes them: 22 characters of URL-safe base64 without padding.
struct Uuid {
  std::array<std::byte, 16> bytes{};

  static Uuid random(Random& random);  // version 4; never zero, never starts with '-' as text
  static std::optional<Uuid> parse(std::string_view base64url);
  std::string text() const;
  bool is_zero() const { return *this == Uuid{}; }

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

using TopicId = Uuid;

// A partition is a topic id and an index; names exist at the protocol's edge and in Kafka's own formats.
struct TopicPartition {
  TopicId topic;
  PartitionIndex partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// Kafka's limits on a topic's name: 1..249 characters of [A-Za-z0-9._-], not "." or "..". Empty if fine, else why not.
std::string topic_name_problem(std::string_view name);

inline constexpr std::string_view kConsumerOffsetsTopic = "__consumer_offsets";
inline constexpr std::string_view kTransactionStateTopic = "__transaction_state";
inline constexpr std::string_view kShareGroupStateTopic = "__share_group_state";
bool is_internal_topic(std::string_view name);

}  // namespace barnabas

template <>
struct std::hash<barnabas::Uuid> {
  std::size_t operator()(const barnabas::Uuid& id) const noexcept {
    std::uint64_t halves[2];
    std::memcpy(halves, id.bytes.data(), sizeof halves);
    return halves[0] ^ (halves[1] * 0x9e3779b97f4a7c15ULL);
  }
};

template <>
struct std::hash<barnabas::TopicPartition> {
  std::size_t operator()(const barnabas::TopicPartition& tp) const noexcept {
    return std::hash<barnabas::Uuid>{}(tp.topic) + static_cast<std::size_t>(tp.partition) * 0xff51afd7ed558ccdULL;
  }
};
