#include "broker/client_series.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "broker/otlp_test_support.h"

namespace barnabas::broker {
namespace {

using namespace otlp_write;

const std::vector<std::string> kAll{"*"};

class ClientSeriesTest : public testing::Test {
 protected:
  // "metric topic/partition/node/attributes = value", one a line
  std::vector<std::string> push(const std::string& payload, const std::vector<std::string>& prefixes = kAll, std::size_t most = 100) {
    auto read = read_client_push(as_bytes(payload), prefixes, most);
    EXPECT_TRUE(read.has_value());
    if (!read) return {};
    left_out_ += read->left_out;
    group_ = read->group_id;
    series_ = after_push(series_, *std::move(read), prefixes, most, left_out_);
    std::vector<std::string> shown;
    for (const ClientSeries& one : series_) {
      shown.push_back(fmt::format("{}{} {}/{}/{}/{} = {}", one.counter ? "+" : "", one.metric, one.topic, one.partition, one.node,
                                  one.attributes, one.value));
    }
    return shown;
  }
  std::vector<ClientSeries> series_;
  std::string group_;
  std::uint64_t left_out_ = 0;
};

using Shown = std::vector<std::string>;

TEST_F(ClientSeriesTest, GaugesAreThoseOfTheLatestPushAndCountersAddUp) {
  EXPECT_EQ(push(metrics({gauge("g", 1.5), counter("c", 2)})), (Shown{"g /// = 1.5", "+c /// = 2"}));
  EXPECT_EQ(push(metrics({gauge("h", 3), counter("c", 5)})), (Shown{"h /// = 3", "+c /// = 7"}));
  EXPECT_EQ(push(metrics({counter("d", 1)})), (Shown{"+c /// = 7", "+d /// = 1"}));
}

TEST_F(ClientSeriesTest, WhatIsToldAsAWholeIsNotAdded) {
  push(metrics({sum("c", 10, 2, true), sum("up_and_down", 4, 1, false)}));
  EXPECT_EQ(push(metrics({sum("c", 12, 2, true), sum("up_and_down", -1, 1, false)})), (Shown{"up_and_down /// = 3", "+c /// = 12"}));
}

TEST_F(ClientSeriesTest, LabelsTellSeriesApart) {
  EXPECT_EQ(push(metrics({gauge("g", 1, {{"topic", "t"}, {"partition", "0"}}), gauge("g", 2, {{"topic", "t"}, {"partition", "1"}}),
                          gauge("g", 3, {{"node_id", "1"}, {"client_id", "me"}}), gauge("g", 4, {{"z", "1"}, {"a", "x,y=%"}})},
                         {{"group_id", "readers"}})),
            (Shown{"g ///a=x%2Cy%3D%25,z=1 = 4", "g //1/ = 3", "g t/0// = 1", "g t/1// = 2"}));
  EXPECT_EQ(group_, "readers");
}

// D10: a series twice, and Prometheus takes none
TEST_F(ClientSeriesTest, NoTwoSeriesHaveTheSameLabels) {
  EXPECT_EQ(push(metrics({gauge("g", 1), gauge("g", 1, {{"topic", ""}}), gauge("g", 1, {{"client_id", "x"}}), counter("c", 1),
                          counter("c", 2), gauge("c", 9)})),
            (Shown{"c /// = 9", "g /// = 1", "+c /// = 3"}));
  push(metrics({gauge("g", 1, {{"a", "1,b=2"}}), gauge("g", 2, {{"a", "1"}, {"b", "2"}})}));
  EXPECT_EQ(series_.size(), 3U);
  EXPECT_EQ(left_out_, 0U);
}

// D16
TEST_F(ClientSeriesTest, OnlyWhatWasAskedForAndNoMoreThanTheLimit) {
  EXPECT_EQ(push(metrics({gauge("a.x", 1), gauge("b.x", 2), gauge("ab", 3)}), {"a.", "c."}), (Shown{"a.x /// = 1"}));
  EXPECT_EQ(left_out_, 2U);
  left_out_ = 0;
  EXPECT_TRUE(push(metrics({gauge("a.x", 1)}), {}).empty());
  EXPECT_EQ(left_out_, 1U);
  left_out_ = 0;
  push(metrics({counter("1", 1), counter("2", 1), counter("3", 1), counter("4", 1)}), kAll, 3);
  EXPECT_EQ(series_.size(), 3U);
  EXPECT_EQ(left_out_, 1U);
  push(metrics({counter("5", 1)}), kAll, 3);
  EXPECT_EQ(series_.size(), 3U) << "those of earlier pushes count too";
  EXPECT_EQ(left_out_, 2U);
}

// D16
TEST_F(ClientSeriesTest, LabelsAreShort) {
  const std::string longest(255, 'x'), longer(256, 'x');
  push(metrics({gauge(longest, 1, {{"topic", longest}})}));
  EXPECT_EQ(series_.size(), 1U);
  EXPECT_TRUE(push(metrics({gauge(longer, 1), gauge("g", 1, {{"topic", longer}}), gauge("g", 1, {{"a", longest}}), gauge("", 1)})).empty());
  EXPECT_EQ(left_out_, 4U);
}

TEST_F(ClientSeriesTest, WhatIsNoNumberIsCountedAndLeftOut) {
  const std::string histogram = message([](pbf_writer& metric) {
    metric.add_string(1, "h");
    metric.add_message(9, std::string());
  });
  const std::string empty = message([](pbf_writer& metric) {
    metric.add_string(1, "e");
    metric.add_message(5, message([](pbf_writer& gauge) { gauge.add_message(1, std::string()); }));
  });
  EXPECT_EQ(push(metrics({histogram, empty, gauge("g", 1)})), (Shown{"g /// = 1"}));
  EXPECT_EQ(left_out_, 2U);
}

// D10
TEST_F(ClientSeriesTest, EveryCutIsRefused) {
  const std::string whole = metrics({gauge("g", 1, {{"topic", "t"}}), counter("c", 2, {{"a", "b"}})}, {{"group_id", "g"}});
  for (std::size_t size = 1; size < whole.size(); ++size) {
    const auto read = read_client_push(as_bytes(std::string_view(whole).substr(0, size)), kAll, 10);
    EXPECT_FALSE(read.has_value()) << size;
    if (!read) EXPECT_EQ(read.error().code, Errc::kCorrupt);
  }
}

// D10: fields of another type than theirs are nobody's, as protobuf has it
TEST_F(ClientSeriesTest, FieldsOfAnotherTypeAreSkipped) {
  const std::string odd = message([](pbf_writer& metric) {
    metric.add_uint32(1, 7);
    metric.add_uint32(5, 7);
    metric.add_string(7, "\x08\x01");
  });
  EXPECT_TRUE(push(metrics({odd})).empty());
}

}  // namespace
}  // namespace barnabas::broker
