#pragma once
// Consumer groups from outside: who is in them and how far they have read. Each question goes to the broker that keeps
// the group. One thread.
#include "client/admin.h"

namespace barnabas::client {

struct ListedGroup {
  std::string group;
  std::string type;  // "classic", "consumer"; empty: the broker is too old to say
  std::string protocol;
  std::string state;  // empty: as above
  BrokerId coordinator = -1;
};
// Of all brokers, by name.
Result<std::vector<ListedGroup>> list_groups(Cluster& cluster);

struct GroupMember {
  std::string member_id;
  std::optional<std::string> instance_id;
  std::string client_id;
  std::string host;
  std::vector<NamedPartition> partitions;  // of consumers
};
struct DescribedGroup {
  std::string group;
  std::string state;  // "Dead": there is no such group
  std::string protocol_type;
  std::string protocol;
  BrokerId coordinator = -1;
  std::vector<GroupMember> members;
};
// Of a classic group. A group that does not exist is Dead, or GROUP_ID_NOT_FOUND from newer brokers (kNotFound).
Result<DescribedGroup> describe_group(Cluster& cluster, const std::string& group);

struct Committed {
  std::int64_t offset = -1;
  std::int32_t leader_epoch = -1;
  std::string metadata;
};
// All that the group has committed.
Result<std::map<NamedPartition, Committed>> committed_offsets(Cluster& cluster, const std::string& group);

// As a client that is no member: taken only while the group has none. What each partition was answered.
Result<std::map<NamedPartition, ErrorCode>> commit_offsets(Cluster& cluster, const std::string& group,
                                                           const std::map<NamedPartition, Committed>& offsets);

Result<ErrorCode> delete_group(Cluster& cluster, const std::string& group);
// Forgets what the group committed for these.
Result<std::map<NamedPartition, ErrorCode>> delete_offsets(Cluster& cluster, const std::string& group,
                                                           const std::vector<NamedPartition>& partitions);

}  // namespace barnabas::client
