// Consumer groups: members, committed offsets, lag (console.h).
#include <algorithm>
#include <map>

#include "console/console.h"
#include "console/exposition.h"

namespace barnabas::console {
namespace {

using coordinator::GroupProgress;

struct Row {
  std::string_view group;  // as a label
  std::string_view topic;
  std::string partition;
  std::int64_t offset = 0;
  std::int64_t lag = 0;
};

struct Sum {
  std::string_view group, topic;
  std::int64_t offset = 0, lag = 0;
};

// Offsets of partitions that exist. A group may commit an offset above the end; it is not ahead, it waits.
std::vector<Row> rows_of(const std::vector<GroupProgress>& groups, const std::vector<std::string>& names, const broker::Broker& broker) {
  const metadata::ImagePtr image = broker.images().current();
  std::vector<Row> rows;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const GroupProgress::Committed& committed : groups[i].offsets) {
      const metadata::Topic* topic = image->find_topic(committed.topic);
      if (topic == nullptr) continue;
      const auto partition = broker.partitions().find(topic->id, committed.partition);
      if (partition == nullptr) continue;
      const std::int64_t lag = std::max<std::int64_t>(0, partition->high_watermark().value() - committed.offset);
      rows.push_back({names[i], committed.topic, std::to_string(committed.partition), committed.offset, lag});
    }
  }
  return rows;
}

std::vector<Sum> sums_of(const std::vector<Row>& rows) {
  std::vector<Sum> sums;
  for (const Row& row : rows) {  // a group's topic stands together
    if (sums.empty() || sums.back().group != row.group || sums.back().topic != row.topic) sums.push_back({row.group, row.topic});
    sums.back().offset += row.offset;
    sums.back().lag += row.lag;
  }
  return sums;
}

}  // namespace

void Console::collect_groups(Sink& sink) const {
  const std::size_t most = series_max();
  const std::vector<GroupProgress> groups = deps_.broker.groups().progress(most);
  std::vector<std::string> names;
  std::map<std::string_view, std::size_t> states;
  std::size_t used = 0;
  for (const GroupProgress& group : groups) {
    names.push_back(label_text(group.id));
    ++states[group.state];
    used += std::max<std::size_t>(group.offsets.size(), 1);
  }
  sink.sample({{"of", "groups"}}, used >= most ? 1 : 0);  // of barnabas_metrics_left_out, which collect_topics() began
  sink.begin(family("barnabas_groups"));
  for (const auto& [state, count] : states) sink.sample({{"state", state}}, static_cast<double>(count));
  sink.begin(family("kafka_consumergroup_members"));
  for (std::size_t i = 0; i < groups.size(); ++i) sink.sample({{"consumergroup", names[i]}}, static_cast<double>(groups[i].members));

  const std::vector<Row> rows = rows_of(groups, names, deps_.broker);
  const auto each = [&](const Family& family, std::int64_t Row::* which) {
    sink.begin(family);
    for (const Row& row : rows) {
      sink.sample({{"consumergroup", row.group}, {"topic", row.topic}, {"partition", row.partition}}, static_cast<double>(row.*which));
    }
  };
  each(family("kafka_consumergroup_current_offset"), &Row::offset);
  each(family("kafka_consumergroup_lag"), &Row::lag);
  const std::vector<Sum> sums = sums_of(rows);
  const auto each_sum = [&](const Family& family, std::int64_t Sum::* which) {
    sink.begin(family);
    for (const Sum& sum : sums) sink.sample({{"consumergroup", sum.group}, {"topic", sum.topic}}, static_cast<double>(sum.*which));
  };
  each_sum(family("kafka_consumergroup_current_offset_sum"), &Sum::offset);
  each_sum(family("kafka_consumergroup_lag_sum"), &Sum::lag);
}

}  // namespace barnabas::console
