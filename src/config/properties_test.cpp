#include "config/properties.h"

#include <gtest/gtest.h>

namespace barnabas {
namespace {

// One "key=value" a line, for comparing.
std::string read(std::string_view text) {
  const auto properties = parse_properties(text);
  if (!properties) return "error: " + properties.error().message;
  std::string all;
  for (const Property& property : *properties) all += property.key + "=" + property.value + "\n";
  return all;
}

TEST(Properties, TheThreeSeparatorsAndBlanksAroundThem) {
  EXPECT_EQ(read("a=1\nb: 2\nc 3\n d\t =  4\ne\nf=\n"), "a=1\nb=2\nc=3\nd=4\ne=\nf=\n");
}

TEST(Properties, OnlyTheFirstSeparatorSeparates) { EXPECT_EQ(read("a==1:2 =3"), "a==1:2 =3\n"); }

TEST(Properties, BlanksAtTheEndBelongToTheValue) { EXPECT_EQ(read("a = 1 \n"), "a=1 \n"); }

TEST(Properties, CommentsAndEmptyLines) { EXPECT_EQ(read("# a=1\n   ! b=2\n\n \t\nc=3#4\n"), "c=3#4\n"); }

TEST(Properties, ACommentIsNotContinued) { EXPECT_EQ(read("# a \\\nb=2\n"), "b=2\n"); }

TEST(Properties, ALineGoesOnAfterABackslash) { EXPECT_EQ(read("a=1,\\\n    2,\\\r\n\t3\nb\\\n  c=4"), "a=1,2,3\nbc=4\n"); }

TEST(Properties, ABackslashBeforeABackslashDoesNotContinue) { EXPECT_EQ(read("a=1\\\\\nb=2"), "a=1\\\nb=2\n"); }

TEST(Properties, ABackslashAtTheVeryEnd) { EXPECT_EQ(read("a=1\\"), "a=1\n"); }

TEST(Properties, Escapes) { EXPECT_EQ(read("a\\=b\\:c\\ d=\\t\\n\\q\\\"\\u0041\\u00e4"), "a=b:c d=\t\nq\"A\u00e4\n"); }

TEST(Properties, ACharacterOutsideTheBasicPlaneIsTwoEscapes) { EXPECT_EQ(read("a=\\uD83D\\uDE00"), "a=\U0001F600\n"); }

TEST(Properties, BrokenEscapesAreRefusedWithTheirLine) {
  for (const std::string_view text :
       {"x=1\na=\\u12", "x=1\na=\\u12G4", "x=1\na=\\uD83D", "x=1\na=\\uD83D\\u0041", "x=1\na=\\uDE00", "x=1\na=\\u0000"})
    EXPECT_TRUE(read(text).starts_with("error: line 2: ")) << text << " gave " << read(text);
}

TEST(Properties, TextIsUtf8OrElseLatin1) {
  EXPECT_EQ(read("a=\xC3\xA4"), "a=\u00e4\n");
  EXPECT_EQ(read("a=\xE4"), "a=\u00e4\n");
}

TEST(Properties, LinesAreCountedThroughContinuations) {
  const auto properties = parse_properties("a=1\\\n2\r\nb=3\rc=4\n");
  ASSERT_TRUE(properties);
  ASSERT_EQ(properties->size(), 3U);
  EXPECT_EQ(properties->at(0).line, 1);
  EXPECT_EQ(properties->at(1).line, 3);
  EXPECT_EQ(properties->at(2).line, 4);
}

TEST(Properties, AFileThatIsTooLongIsNotRead) {
  const auto properties = parse_properties(std::string(kPropertiesMaxBytes + 1, 'a'));
  ASSERT_FALSE(properties);
  EXPECT_EQ(properties.error().code, Errc::kTooLarge);
}

TEST(Properties, ANulIsRefused) { EXPECT_EQ(read(std::string_view("a=\0b", 4)), "error: line 1: a NUL byte"); }

}  // namespace
}  // namespace barnabas
