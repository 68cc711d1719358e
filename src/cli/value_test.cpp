#include "cli/value.h"

#include <gtest/gtest.h>

#include "cli/context.h"

namespace barnabas::cli {
namespace {

Value sample() {
  return Value::Object{
      {"topic", "orders"},
      {"partitions", Value::List{Value::Object{{"partition", 0}, {"leader", Value()}}, Value::Object{{"partition", 1}, {"leader", 2}}}},
      {"configs", Value::List{}},
      {"internal", false}};
}

TEST(Value, JsonOnOneLineAndOnMany) {
  EXPECT_EQ(sample().json(),
            R"({"topic":"orders","partitions":[{"partition":0,"leader":null},{"partition":1,"leader":2}],"configs":[],"internal":false})");
  EXPECT_EQ(*Value(5).integer(), 5);
  EXPECT_EQ(Value(Value::Object{{"a", Value::List{1, "x"}}}).pretty_json(), "{\n  \"a\": [\n    1,\n    \"x\"\n  ]\n}\n");
}

TEST(Value, YamlInBlocks) {
  EXPECT_EQ(Value(Value::List{sample()}).yaml(),
            "- topic: orders\n  partitions:\n    - partition: 0\n      leader: null\n    - partition: 1\n      leader: 2\n"
            "  configs: []\n  internal: false\n");
  EXPECT_EQ(Value(Value::List{}).yaml(), "[]\n");
}

// What YAML would read as a number, a boolean, null, a date or a comment stays a string.
TEST(Value, YamlStringsStayStrings) {
  for (const char* text :
       {"", "1", "1e3", "0x1f", "true", "No", "null", "~", "2026-05-04", "-", "a: b", "a #b", " a", "*a", "&a", ".5", "y"}) {
    EXPECT_EQ(Value(text).yaml(), json_string(text) + "\n");
  }
  EXPECT_EQ(Value("orders-v1.2").yaml(), "orders-v1.2\n");
}

TEST(Value, StringsAreEscaped) {
  EXPECT_EQ(json_string("a\"\\\n\t\x01\x7f"), R"("a\"\\\n\t\u0001\u007f")");
  EXPECT_EQ(json_string("gr\xC3\xBC\xC3\x9F"), "\"gr\xC3\xBC\xC3\x9F\"");
  EXPECT_EQ(json_string("\xC3("), "\"\xEF\xBF\xBD(\"");
}

TEST(Value, Utf8IsTellable) {
  for (const char* good : {"", "a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}) EXPECT_TRUE(is_utf8(good)) << good;
  for (const char* bad : {"\x80", "\xC0\x80", "\xC3", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF"})
    EXPECT_FALSE(is_utf8(bad));
}

TEST(Table, ColumnsLineUpAndNumbersStandToTheRight) {
  Table table({"topic", "partition_count"});
  table.add({"gr\xC3\xBC\xC3\x9F", 3});
  table.add({"orders\nx", 12});
  EXPECT_EQ(table.text(),
            "TOPIC      PARTITION-COUNT\n"
            "gr\xC3\xBC\xC3\x9F                     3\n"
            "orders\\nx               12\n");
  EXPECT_EQ(table.text(false), "gr\xC3\xBC\xC3\x9F        3\norders\\nx  12\n");
  EXPECT_EQ(table.value().json(), R"([{"topic":"grüß","partition_count":3},{"topic":"orders\nx","partition_count":12}])");
}

TEST(Pattern, StarsAndQuestionMarks) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("or*s", "orders"));
  EXPECT_TRUE(matches("*-*-?", "a-b-c-d"));
  EXPECT_FALSE(matches("or*x", "orders"));
  EXPECT_FALSE(matches("orders?", "orders"));
  EXPECT_FALSE(matches("", "orders"));
}

}  // namespace
}  // namespace barnabas::cli
