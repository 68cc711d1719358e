#include "storage/log.h"

#include "storage/log_test_support.h"

namespace barnabas::storage {
namespace {

TEST_F(LogTest, BatchesComeBackByteForByteWithTheirOffsetsFilledIn) {  // V22
  create();
  Bytes first = make_batch({.records = 3});
  const auto info = log_->append(first, LeaderEpoch(5));
  ASSERT_TRUE(info);
  EXPECT_EQ(info->base_offset, Offset(0));
  EXPECT_EQ(info->last_offset, Offset(2));
  ASSERT_TRUE(append({.records = 2, .epoch = LeaderEpoch(5)}));
  EXPECT_EQ(log_->log_end(), Offset(5));

  const auto result = read(Offset(0));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->next_offset, Offset(5));
  const Bytes bytes = bytes_of(result->bytes);
  EXPECT_TRUE(std::ranges::equal(ByteView(bytes).first(first.size()), first));
  EXPECT_EQ(bases_from(Offset(0)), (std::vector<std::int64_t>{0, 3}));
}

}  // namespace
}  // namespace barnabas::storage
