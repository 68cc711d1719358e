#pragma once
// What a client may do, as DescribeGroups, Metadata, DescribeCluster and DescribeTopicPartitions tell it (KIP-430): bit n
// is Kafka's operation n. Nobody is authorized yet, so everybody may do all that can be done with a resource.
#include <cstdint>

namespace barnabas::broker {

inline constexpr std::int32_t operations(auto... bits) { return ((1 << bits) | ...); }

inline constexpr int kRead = 3, kWrite = 4, kCreate = 5, kDelete = 6, kAlter = 7, kDescribe = 8, kClusterAction = 9, kDescribeConfigs = 10,
                     kAlterConfigs = 11, kIdempotentWrite = 12;

inline constexpr std::int32_t kGroupOperations = operations(kRead, kDelete, kDescribe, kDescribeConfigs, kAlterConfigs);
inline constexpr std::int32_t kTopicOperations =
    operations(kRead, kWrite, kCreate, kDelete, kAlter, kDescribe, kDescribeConfigs, kAlterConfigs);
inline constexpr std::int32_t kClusterOperations =
    operations(kCreate, kAlter, kDescribe, kClusterAction, kDescribeConfigs, kAlterConfigs, kIdempotentWrite);

}  // namespace barnabas::broker
