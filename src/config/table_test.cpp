#include <gtest/gtest.h>

#include "config/setting.h"
#include "config/value.h"

namespace barnabas {
namespace {

void expect_sound(std::span<const Setting> rows) {
  for (const Setting& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_TRUE(row.doc.ends_with('.') && row.doc.size() > 15);
    if (row.default_value == nullptr) continue;
    const auto value = parse_value(row, row.default_value);
    ASSERT_TRUE(value) << value.error().message;
    EXPECT_EQ(*value, row.default_value) << "a default is written in its canonical spelling";
    EXPECT_EQ(refusal(row, *value), "");
  }
}

TEST(Table, EveryDefaultIsAllowedAndEveryRowSaysWhatItIs) {
  expect_sound(broker_settings());
  expect_sound(topic_settings());
  expect_sound(group_settings());
}

// All of Kafka 4.3.1's 360, the 46 that 4.x dropped since 3.9.2, 3 that are only ever dynamic, and ours.
TEST(Table, NoSettingOfKafkasIsMissing) {
  std::size_t kafkas = 0;
  for (const Setting& row : broker_settings()) kafkas += row.name.starts_with("barnabas.") ? 0 : 1;
  EXPECT_EQ(kafkas, 409U);
  EXPECT_EQ(topic_settings().size(), 34U);
  EXPECT_EQ(group_settings().size(), 17U);
}

// Everything about TLS and logins promises protection: W9's neighbour, fail closed.
TEST(Table, NoTlsOrSaslSettingIsAcceptedWithoutEffect) {
  for (const Setting& row : broker_settings())
    if (row.name.starts_with("ssl.") || row.name.starts_with("sasl.")) EXPECT_EQ(row.effect, Effect::kRefused) << row.name;
}

// W9
TEST(Table, LimitsAreFiniteUnlessAnOperatorLiftsThem) {
  for (const std::string_view name :
       {"max.connections", "queued.max.request.bytes", "group.max.size", "group.consumer.max.size", "socket.request.max.bytes",
        "barnabas.connection.outbox.max.bytes", "fetch.max.bytes", "max.incremental.fetch.session.cache.slots"}) {
    const std::string value = find_setting(broker_settings(), name)->default_value;
    EXPECT_NE(value, "2147483647") << name;
    EXPECT_NE(value, "-1") << name;
  }
}

TEST(Table, AMisspeltNameIsRecognised) {
  EXPECT_EQ(did_you_mean(broker_settings(), "log.segment.byte"), "log.segment.bytes");
  EXPECT_EQ(did_you_mean(broker_settings(), "log.retnetion.ms"), "log.retention.ms");
  EXPECT_EQ(did_you_mean(broker_settings(), "advertised.listener"), "advertised.listeners");
  EXPECT_EQ(did_you_mean(broker_settings(), "something.else.entirely"), "");
  EXPECT_EQ(did_you_mean(broker_settings(), std::string(100'000, 'a')), "");
}

}  // namespace
}  // namespace barnabas
