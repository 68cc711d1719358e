// The broker as its clients see it, on a disk that loses power: protocol requests in, promises held after every crash.
#include "broker/node_simulation.h"

#include <array>
#include <set>

#include "model/record_batch_builder.h"
#include "model/record_reader.h"
#include "protocol/generated/create_topics.h"
#include "protocol/generated/find_coordinator.h"
#include "protocol/generated/init_producer_id.h"
#include "protocol/generated/list_offsets.h"
#include "protocol/generated/produce.h"

namespace barnabas::broker::simulation {
namespace {

constexpr std::int16_t kProduce = 9, kFetch = 12, kListOffsets = 7, kCreateTopics = 7, kFindCoordinator = 4, kJoin = 9, kSync = 5,
                       kCommit = 8, kFetchOffsets = 8, kInitProducerId = 4;

using Values = std::map<std::int64_t, std::string>;  // by offset

Bytes batch_of(const std::string& value, std::int64_t time_ms) {
  RecordBatchBuilder builder;
  NewRecord record;
  record.timestamp_ms = time_ms;
  record.value = as_bytes(value);
  builder.add(record);
  return std::move(builder).build();
}

Values values_of(ByteView records) {
  Values values;
  CompressionContext context;
  while (!records.empty()) {
    const auto batch = RecordBatchView::open(records);
    EXPECT_TRUE(batch && batch->crc_matches());
    if (!batch) return values;
    RecordReader reader(*batch, context);
    for (;;) {
      const auto record = reader.next();
      EXPECT_TRUE(record);
      if (!record || *record == nullptr) break;
      values[reader.offset().value()] = std::string(as_text((*record)->value().value_or(ByteView())));
    }
    records = records.subspan(batch->size_bytes());
  }
  return values;
}

class NodeSimulation : public ::testing::Test {
 protected:
  void boot(std::uint64_t seed) {
    drop();
    machine_ = std::make_unique<SimMachine>(seed);
    start();
  }
  ~NodeSimulation() override { drop(); }
  void drop() {
    client_.reset();
    other_.reset();
    node_.reset();
  }
  void start() {
    node_ = std::make_unique<SimNode>(
        *machine_, std::vector<std::string>{"log.dirs=/data", "offsets.topic.num.partitions=2", "group.initial.rebalance.delay.ms=0"});
    const Result<> started = node_->start();
    ASSERT_TRUE(started) << started.error().message;
    client_ = std::make_unique<SimKafkaClient>(*machine_, *node_);
    other_ = std::make_unique<SimKafkaClient>(*machine_, *node_);
  }
  void power_cut_and_start(PowerCut kind) {
    node_->power_cut(kind);
    drop();
    start();
  }

  std::int16_t create_topic(const std::string& name, std::int32_t partitions) {
    protocol::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = 1;
    return client_->call<protocol::CreateTopicsResponse>(request, kCreateTopics).topics.at(0).error_code;
  }
  std::int32_t send_produce(SimKafkaClient& client, const std::string& topic, PartitionIndex partition, const std::string& value) {
    const Bytes batch = batch_of(value, machine_->clock.wall_ms());
    protocol::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    request.topic_data.emplace_back().name = topic;
    auto& data = request.topic_data.back().partition_data.emplace_back();
    data.index = partition;
    data.records = protocol::RecordsField(ByteView(batch));
    return client.send(request, kProduce);
  }
  static protocol::FetchRequest fetch_request(const std::string& topic, PartitionIndex partition, std::int64_t from) {
    protocol::FetchRequest request;
    request.max_wait_ms = 0;
    request.min_bytes = 1;
    request.topics.emplace_back().topic = topic;
    auto& part = request.topics.back().partitions.emplace_back();
    part.partition = partition;
    part.fetch_offset = from;
    part.partition_max_bytes = 1 << 20;
    return request;
  }
  // Everything a consumer finds in the partition.
  Values read_all(const std::string& topic, PartitionIndex partition) {
    Values all;
    for (;;) {
      const std::int64_t from = all.empty() ? 0 : all.rbegin()->first + 1;
      const auto response = client_->call<protocol::FetchResponse>(fetch_request(topic, partition, from), kFetch);
      if (response.responses.empty()) return all;
      const auto& told = response.responses.at(0).partitions.at(0);
      EXPECT_EQ(told.error_code, 0);
      const Values more = values_of(told.records.view());
      if (more.empty()) return all;
      all.insert(more.begin(), more.end());
    }
  }
  protocol::ListOffsetsResponse::ListOffsetsPartitionResponse ask_offset(const std::string& topic, PartitionIndex partition,
                                                                         std::int64_t timestamp, std::int16_t version = kListOffsets) {
    protocol::ListOffsetsRequest request;
    request.replica_id = -1;
    request.topics.emplace_back().name = topic;
    auto& part = request.topics.back().partitions.emplace_back();
    part.partition_index = partition;
    part.timestamp = timestamp;
    return client_->call<protocol::ListOffsetsResponse>(request, version).topics.at(0).partitions.at(0);
  }
  std::int64_t list_offset(const std::string& topic, PartitionIndex partition, std::int64_t timestamp) {
    const auto told = ask_offset(topic, partition, timestamp);
    EXPECT_EQ(told.error_code, 0);
    return told.offset;
  }

  // ---- groups ---------------------------------------------------------------------------------------------------------

  static bool not_yet(std::int16_t error) {  // COORDINATOR_LOAD_IN_PROGRESS, _NOT_AVAILABLE, NOT_COORDINATOR
    return error >= 14 && error <= 16;
  }
  void find_coordinator(const std::string& group) {
    protocol::FindCoordinatorRequest request;
    request.coordinator_keys.push_back(group);
    for (int i = 0; i < 100; ++i) {
      const auto told = client_->call<protocol::FindCoordinatorResponse>(request, kFindCoordinator).coordinators.at(0);
      if (!not_yet(told.error_code)) {
        EXPECT_EQ(told.error_code, 0);
        return;
      }
      machine_->pass(100);
    }
    ADD_FAILURE() << "no coordinator";
  }
  static protocol::OffsetCommitRequest commit_request(const std::string& group, const std::string& topic, PartitionIndex partition,
                                                      std::int64_t offset) {
    protocol::OffsetCommitRequest request;
    request.group_id = group;
    request.topics.emplace_back().name = topic;
    auto& part = request.topics.back().partitions.emplace_back();
    part.partition_index = partition;
    part.committed_offset = offset;
    return request;
  }
  std::int64_t committed(const std::string& group, const std::string& topic, PartitionIndex partition) {
    protocol::OffsetFetchRequest request;
    auto& asked = request.groups.emplace_back();
    asked.group_id = group;
    asked.topics->emplace_back().name = topic;
    asked.topics->back().partition_indexes.push_back(partition);
    for (int i = 0; i < 100; ++i) {
      const auto told = client_->call<protocol::OffsetFetchResponse>(request, kFetchOffsets).groups.at(0);
      if (not_yet(told.error_code)) {
        machine_->pass(100);
        continue;
      }
      EXPECT_EQ(told.error_code, 0);
      return told.topics.at(0).partitions.at(0).committed_offset;
    }
    ADD_FAILURE() << "group never loaded";
    return -1;
  }

  std::unique_ptr<SimMachine> machine_;
  std::unique_ptr<SimNode> node_;
  std::unique_ptr<SimKafkaClient> client_, other_;
};

TEST_F(NodeSimulation, ATopicIsMadeWrittenAndRead) {
  boot(1);
  ASSERT_EQ(create_topic("orders", 2), 0);
  for (const char* value : {"a", "b", "c"}) {
    const auto id = send_produce(*client_, "orders", 1, value);
    std::optional<protocol::ProduceResponse> answer;
    ASSERT_TRUE(machine_->run_until([&] { return (answer = client_->answer<protocol::ProduceResponse>(id, kProduce)).has_value(); }));
    EXPECT_EQ(answer->responses.at(0).partition_responses.at(0).error_code, 0);
  }
  EXPECT_EQ(read_all("orders", 1), (Values{{0, "a"}, {1, "b"}, {2, "c"}}));
  EXPECT_TRUE(read_all("orders", 0).empty());
  EXPECT_EQ(list_offset("orders", 1, -1), 3);
  EXPECT_EQ(list_offset("orders", 1, -2), 0);
}

TEST_F(NodeSimulation, AnAckWaitsForTheDiskAndAParkedFetchForTheAck) {  // V3, V12
  boot(2);
  ASSERT_EQ(create_topic("orders", 1), 0);
  client_->call<protocol::FetchResponse>(fetch_request("orders", 0, 0), kFetch);
  send_produce(*client_, "orders", 0, "first");
  machine_->pass(10);
  node_->disk_queue().set_sync_delay(std::chrono::milliseconds(20));
  auto request = fetch_request("orders", 0, 1);
  request.max_wait_ms = 5'000;
  const auto fetch = other_->send(request, kFetch);
  machine_->pass(100);
  EXPECT_FALSE(other_->answer<protocol::FetchResponse>(fetch, kFetch));
  const auto produce = send_produce(*client_, "orders", 0, "second");
  machine_->pass(19);
  EXPECT_FALSE(client_->answer<protocol::ProduceResponse>(produce, kProduce));
  EXPECT_FALSE(other_->answer<protocol::FetchResponse>(fetch, kFetch));
  machine_->pass(1);
  EXPECT_TRUE(client_->answer<protocol::ProduceResponse>(produce, kProduce));
  const auto woken = other_->answer<protocol::FetchResponse>(fetch, kFetch);
  ASSERT_TRUE(woken);
  EXPECT_EQ(values_of(woken->responses.at(0).partitions.at(0).records.view()), (Values{{1, "second"}}));
}

TEST_F(NodeSimulation, ALeaderThatDoesNotKnowTheEndYetDoesNotTellOne) {  // V14
  boot(4);
  ASSERT_EQ(create_topic("orders", 1), 0);
  send_produce(*client_, "orders", 0, "first");
  machine_->pass(10);
  const std::int64_t later = machine_->clock.wall_ms();
  node_->disk_queue().set_sync_delay(std::chrono::seconds(10));
  send_produce(*other_, "orders", 0, "second");
  machine_->pass(10);
  const auto partition = node_->partition("orders", 0);
  ASSERT_NE(partition, nullptr);
  partition->become_leader(LeaderEpoch(partition->leader_epoch().value() + 1));
  for (const std::int16_t version : std::initializer_list<std::int16_t>{1, 4, 5, 7}) {
    const auto refusal = static_cast<std::int16_t>(version < 5 ? ErrorCode::kLeaderNotAvailable : ErrorCode::kOffsetNotAvailable);
    EXPECT_EQ(ask_offset("orders", 0, -1, version).error_code, refusal);
    EXPECT_EQ(ask_offset("orders", 0, later, version).error_code, refusal) << "the second record is not readable yet";
    EXPECT_EQ(ask_offset("orders", 0, later + 1'000'000, version).error_code, refusal) << "there may be more";
    EXPECT_EQ(ask_offset("orders", 0, -2, version).error_code, 0);
    EXPECT_EQ(ask_offset("orders", 0, 0, version).error_code, 0);
  }
  machine_->pass(11'000);
  EXPECT_EQ(list_offset("orders", 0, -1), 2);
  EXPECT_EQ(list_offset("orders", 0, later), 1);
  EXPECT_EQ(list_offset("orders", 0, later + 1'000'000), -1);
}

TEST_F(NodeSimulation, AGroupFormsCommitsAndFindsItsOffsetsAfterAPowerCut) {  // G13
  boot(3);
  ASSERT_EQ(create_topic("orders", 1), 0);
  find_coordinator("billing");
  protocol::JoinGroupRequest join;
  join.group_id = "billing";
  join.session_timeout_ms = join.rebalance_timeout_ms = 30'000;
  join.protocol_type = "consumer";
  const Bytes subscription(4);
  join.protocols.push_back({.name = "range", .metadata = subscription, .unknown_tags = {}});
  auto joined = client_->call<protocol::JoinGroupResponse>(join, kJoin);
  ASSERT_EQ(joined.error_code, 79);  // the member's id first (KIP-394)
  join.member_id = joined.member_id;
  joined = client_->call<protocol::JoinGroupResponse>(join, kJoin);
  ASSERT_EQ(joined.error_code, 0);
  EXPECT_EQ(joined.leader, joined.member_id);

  protocol::SyncGroupRequest sync;
  sync.group_id = "billing";
  sync.generation_id = joined.generation_id;
  sync.member_id = joined.member_id;
  sync.protocol_type = "consumer";
  sync.protocol_name = "range";
  const Bytes plan(7);
  sync.assignments.push_back({.member_id = joined.member_id, .assignment = plan, .unknown_tags = {}});
  const auto synced = client_->call<protocol::SyncGroupResponse>(sync, kSync);
  EXPECT_EQ(synced.error_code, 0);
  EXPECT_EQ(synced.assignment, protocol::BytesField(plan));

  auto commit = commit_request("billing", "orders", 0, 42);
  commit.member_id = joined.member_id;
  commit.generation_id_or_member_epoch = joined.generation_id;
  EXPECT_EQ(client_->call<protocol::OffsetCommitResponse>(commit, kCommit).topics.at(0).partitions.at(0).error_code, 0);
  EXPECT_EQ(committed("billing", "orders", 0), 42);

  power_cut_and_start(PowerCut::kLoseAll);
  EXPECT_EQ(committed("billing", "orders", 0), 42);
  sync.assignments.clear();  // and the group is as it was: its member goes on
  EXPECT_EQ(client_->call<protocol::SyncGroupResponse>(sync, kSync).assignment, protocol::BytesField(plan));
}

// ---- random lives -------------------------------------------------------------------------------------------------------

// What clients did and were told. After any end the node must agree with it.
class History {
 public:
  static constexpr PartitionIndex kPartitions = 3;
  struct Part {
    Values acknowledged;
    Values seen;  // by a consumer
    std::int64_t commit_sent = -1, commit_acknowledged = -1;
  };
  std::array<Part, kPartitions> parts;
  std::int64_t next_value = 0;
  std::set<ProducerId> producers;
  std::set<std::string> topics;  // whose creation was answered
  int topics_asked = 0;
};

class NodeCrashSimulation : public NodeSimulation, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  struct Asked {
    std::int32_t id = 0;
    bool commit = false;
    PartitionIndex partition = 0;
    std::string value;
    std::int64_t offset = 0;
  };

  std::uint64_t below(std::uint64_t bound) { return machine_->random.below(bound); }

  void hear() {
    std::erase_if(asked_, [&](const Asked& asked) { return asked.commit ? hear_commit(asked) : hear_produce(asked); });
  }
  bool hear_produce(const Asked& asked) {
    const auto answer = client_->answer<protocol::ProduceResponse>(asked.id, kProduce);
    if (!answer) return false;
    const auto& told = answer->responses.at(0).partition_responses.at(0);
    EXPECT_EQ(told.error_code, 0);
    Values& values = history_.parts.at(static_cast<std::size_t>(asked.partition)).acknowledged;
    EXPECT_TRUE(values.emplace(told.base_offset, asked.value).second) << "an offset was given twice";
    return true;
  }
  bool hear_commit(const Asked& asked) {
    const auto answer = other_->answer<protocol::OffsetCommitResponse>(asked.id, kCommit);
    if (!answer) return false;
    EXPECT_EQ(answer->topics.at(0).partitions.at(0).error_code, 0);
    auto& part = history_.parts.at(static_cast<std::size_t>(asked.partition));
    part.commit_acknowledged = std::max(part.commit_acknowledged, asked.offset);
    return true;
  }

  void act() {
    const auto partition = static_cast<PartitionIndex>(below(History::kPartitions));
    auto& part = history_.parts.at(static_cast<std::size_t>(partition));
    switch (below(12)) {
      case 10: {
        const std::string name = "topic-" + std::to_string(history_.topics_asked++);
        EXPECT_EQ(create_topic(name, 1), 0);
        history_.topics.insert(name);
        break;
      }
      case 11: {
        SimKafkaClient producer(*machine_, *node_);
        protocol::InitProducerIdRequest request;
        request.transactional_id.reset();
        const auto told = producer.call<protocol::InitProducerIdResponse>(request, kInitProducerId);
        EXPECT_EQ(told.error_code, 0);
        EXPECT_TRUE(history_.producers.insert(told.producer_id).second) << "producer id " << told.producer_id << " again";
        break;
      }
      case 0:
      case 1:
      case 2:
      case 3: {
        const std::string value = std::to_string(history_.next_value++) + std::string(below(600), '.');
        asked_.push_back({.id = send_produce(*client_, "orders", partition, value), .partition = partition, .value = value});
        break;
      }
      case 4:
      case 5: {
        const std::int64_t offset = ++part.commit_sent;
        asked_.push_back({.id = other_->send(commit_request("readers", "orders", partition, offset), kCommit),
                          .commit = true,
                          .partition = partition,
                          .value = {},
                          .offset = offset});
        break;
      }
      case 6: {
        SimKafkaClient reader(*machine_, *node_);
        const auto told = reader.call<protocol::FetchResponse>(fetch_request("orders", partition, 0), kFetch);
        if (told.responses.empty()) break;
        for (const auto& [offset, value] : values_of(told.responses.at(0).partitions.at(0).records.view())) {
          const auto [known, fresh] = part.seen.emplace(offset, value);
          EXPECT_TRUE(fresh || known->second == value) << "offset " << offset << " changed";
        }
        break;
      }
      case 7: node_->disk_queue().set_sync_delay(std::chrono::microseconds(below(8'000))); break;
      case 8: machine_->pass(static_cast<std::int64_t>(below(1'500))); break;
      default: machine_->pass(static_cast<std::int64_t>(below(4))); break;
    }
    hear();
  }

  void check() {
    for (const std::string& topic : history_.topics) EXPECT_EQ(list_offset(topic, 0, -1), 0) << topic;
    for (PartitionIndex i = 0; i < History::kPartitions; ++i) {
      auto& part = history_.parts.at(static_cast<std::size_t>(i));
      const Values found = read_all("orders", i);
      EXPECT_TRUE(found.empty() || found.rbegin()->first + 1 == static_cast<std::int64_t>(found.size())) << "a gap in " << i;
      EXPECT_EQ(list_offset("orders", i, -1), static_cast<std::int64_t>(found.size()));
      for (const Values* promised : {&part.acknowledged, &part.seen}) {
        for (const auto& [offset, value] : *promised) {
          const auto kept = found.find(offset);
          ASSERT_TRUE(kept != found.end()) << "partition " << i << " lost offset " << offset;
          EXPECT_EQ(kept->second, value);
        }
      }
      const std::int64_t offset = committed("readers", "orders", i);
      EXPECT_GE(offset, part.commit_acknowledged);
      EXPECT_LE(offset, part.commit_sent);
      // What was in flight and is there now is there for good.
      part.seen = found;
      part.commit_acknowledged = offset;
    }
  }

  History history_;
  std::vector<Asked> asked_;
};

// W1, G13, T1: acknowledged means there, whenever the power fails and whatever the disk keeps of what was not synced.
// Records, committed offsets, topics; and no producer id is given twice.
TEST_P(NodeCrashSimulation, WhatWasAcknowledgedOutlivesEveryEnd) {
  boot(GetParam());
  ASSERT_EQ(create_topic("orders", History::kPartitions), 0);
  find_coordinator("readers");
  for (int life = 0; life < 4 && !HasFatalFailure(); ++life) {
    for (std::uint64_t actions = 20 + below(150); actions > 0; --actions) act();
    asked_.clear();
    switch (below(5)) {
      case 0: node_->kill(); break;
      case 1: node_->power_cut(PowerCut::kLoseAll); break;
      case 2: EXPECT_TRUE(node_->stop()); break;
      case 3: {  // the last acts find a disk whose syncs never end: whoever is acknowledged now was lied to
        node_->disk_queue().hang(true);
        const std::int32_t id = send_produce(*client_, "orders", 0, "never");
        machine_->pass(5'000);
        EXPECT_FALSE(client_->answer<protocol::ProduceResponse>(id, kProduce));
        node_->power_cut(PowerCut::kRandom);
        break;
      }
      default: node_->power_cut(PowerCut::kRandom); break;
    }
    drop();
    ASSERT_NO_FATAL_FAILURE(start());
    check();
    EXPECT_EQ(node_->fatal(), "");
  }
  EXPECT_GT(history_.next_value, 10);
  EXPECT_FALSE(history_.topics.empty());
  EXPECT_GT(history_.producers.size(), 3U);
}

INSTANTIATE_TEST_SUITE_P(Seeds, NodeCrashSimulation, ::testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace barnabas::broker::simulation
