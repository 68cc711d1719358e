#include "cli/record_text.h"

#include <gtest/gtest.h>

#include "cli/offset_range.h"

namespace barnabas::cli {
namespace {

TextRecord sample() { return {"orders", 3, 7, 1'777'890'600'125, "k", "v\x01", {{"h", "1"}, {"g", std::nullopt}}}; }

std::string formatted(std::string_view format, const TextRecord& record = sample()) {
  const auto parsed = RecordFormat::parse(format);
  EXPECT_TRUE(parsed) << parsed.error().message;
  std::string out;
  if (parsed) parsed->append(out, record, 42);
  return out;
}

TEST(RecordJson, ARecordComesBackAsItWent) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (const TextRecord& record :
       {sample(), TextRecord{}, TextRecord{"t", 0, 0, 0, "", "", {}}, TextRecord{"t", 0, 0, 0, bytes, bytes, {{bytes, bytes}, {"", ""}}}}) {
    const auto back = parse_record_json(record_json(record));
    ASSERT_TRUE(back) << back.error().message << ": " << record_json(record);
    EXPECT_EQ(*back, record) << record_json(record);
  }
}

TEST(RecordJson, ASlipIsSeen) {
  EXPECT_EQ(parse_record_json(R"({"value":"x"})")->value, "x");
  for (const char* line : {"", "x", "[]", "{", R"({"vlaue":"x"})", R"({"value":1})", R"({"value_base64":"!"})", R"({"timestamp":"now"})",
                           R"({"partition":-2})", R"({"headers":{}})", R"({"headers":[1]})", R"({"headers":[{"value":"x"}]})",
                           R"({"headers":[{"key":"x","y":1}]})"}) {
    EXPECT_FALSE(parse_record_json(line)) << line;
  }
}

TEST(Base64, BothWays) {
  for (const auto& [plain, text] :
       {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe", "//4="}}) {
    EXPECT_EQ(base64(plain), text);
    EXPECT_EQ(parse_base64(text), plain);
  }
  for (const char* bad : {"Z", "Zg", "Zg=", "Z===", "====", "Zg==Zg==", "Z g="}) EXPECT_FALSE(parse_base64(bad)) << bad;
}

TEST(RecordFormat, VerbsModifiersAndEscapes) {
  EXPECT_EQ(formatted("%t-%p %o %d %k=%v{hex} %i%%\\n"), "orders-3 7 1777890600125 k=7601 42%\n");
  EXPECT_EQ(formatted("%T %K %V %H"), "6 1 2 2");
  EXPECT_EQ(formatted("%d{rfc3339}|%v{json}|%v{base64}|%v{base64raw}"), "2026-05-04T10:30:00.125Z|\"v\\u0001\"|dgE=|dgE");
  EXPECT_EQ(formatted("%h{%k=%v;}"), "h=1;g=;");
  EXPECT_EQ(formatted("%h"), "h=1,g=,");
  EXPECT_EQ(formatted("%o{hex16}%V{big16}%V{little16}%p{ascii}"), std::string("0007\0\2\2\0", 8) + "3");
  EXPECT_EQ(formatted("%{%h{%{%k%}}%}\\t\\x41\\\\"), "{{h}{g}}\tA\\");
  EXPECT_EQ(formatted("%k%v", TextRecord{}), "");
  EXPECT_EQ(formatted("%k{null}=%v{null}", TextRecord{}), "null=null");
  EXPECT_EQ(formatted("%h{console}") + formatted("%h{console}", TextRecord{}), "h:1,g:nullNO_HEADERS");
}

TEST(RecordFormat, WhatIsNotUnderstoodIsNamed) {
  for (const char* text :
       {"%", "%z", "%k{", "%k{nope}", "%p{hex}", "%p{hex5}", "%p{big4}", "%h{%p}", "\\", "\\q", "\\x4", "%t{rfc3339}", "%o{rfc3339}"}) {
    EXPECT_FALSE(RecordFormat::parse(text)) << text;
  }
}

constexpr std::int64_t kNow = 1'777'890'600'000;

using Kind = OffsetPoint::Kind;

TEST(OffsetRange, Offsets) {
  const auto expect = [](std::string_view text, OffsetPoint from, std::optional<OffsetPoint> to = std::nullopt) {
    const auto range = parse_range(text, kNow);
    ASSERT_TRUE(range) << text << ": " << range.error().message;
    EXPECT_EQ(range->from, from) << text;
    EXPECT_EQ(range->to, to) << text;
  };
  expect("start", {Kind::kStart, 0});
  expect("end", {Kind::kEnd, 0});
  expect("7", {Kind::kOffset, 7});
  expect("+7", {Kind::kAfterStart, 7});
  expect("-7:end", {Kind::kBeforeEnd, 7}, OffsetPoint{Kind::kEnd, 0});
  expect("5:10", {Kind::kOffset, 5}, OffsetPoint{Kind::kOffset, 10});
  expect("start:+10", {Kind::kStart, 0}, OffsetPoint{Kind::kAfterFrom, 10});
  expect(":end", {Kind::kStart, 0}, OffsetPoint{Kind::kEnd, 0});
  expect("@-1h", {Kind::kTime, kNow - 3'600'000});
  expect("@1777890600", {Kind::kTime, kNow});
  expect("@1777890600000", {Kind::kTime, kNow});
  expect("@2026-05-04T10:30", {Kind::kTime, kNow});
  expect("@2026-05-04T10:30:00:2026-05-04T12:31+02:00", {Kind::kTime, kNow}, OffsetPoint{Kind::kTime, kNow + 60'000});
  expect("@-2h:-1h", {Kind::kTime, kNow - 7'200'000}, OffsetPoint{Kind::kTime, kNow - 3'600'000});
  expect("@2026-05-04T10:30:1m", {Kind::kTime, kNow}, OffsetPoint{Kind::kTime, kNow + 60'000});
  expect("@-1m:end", {Kind::kTime, kNow - 60'000}, OffsetPoint{Kind::kEnd, 0});
  expect("@:-1h", {Kind::kStart, 0}, OffsetPoint{Kind::kTime, kNow - 3'600'000});
}

TEST(OffsetRange, WhatIsNone) {
  for (const char* text : {"", ":", "x", "5:", "5:x", "--7", "@", "@x", "@1h", "@:1h", "@end", "7@", "99999999999999999999"})
    EXPECT_FALSE(parse_range(text, kNow)) << text;
}

}  // namespace
}  // namespace barnabas::cli
