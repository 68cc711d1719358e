#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "cli/version.h"

namespace barnabas::cli {
namespace {

std::variant<Command, Exit> typed(std::vector<const char*> words) {
  words.insert(words.begin(), "barnabas");
  return parse(static_cast<int>(words.size()), words.data());
}
template <class T>
T command(std::vector<const char*> words) {
  const auto parsed = typed(std::move(words));
  const auto* any = std::get_if<Command>(&parsed);
  const T* wanted = any == nullptr ? nullptr : std::get_if<T>(any);
  EXPECT_NE(wanted, nullptr) << (any == nullptr ? std::get<Exit>(parsed).err : "another command");
  return wanted == nullptr ? T() : *wanted;
}
Exit refusal(std::vector<const char*> words) {
  const auto parsed = typed(std::move(words));
  const auto* exit = std::get_if<Exit>(&parsed);
  EXPECT_NE(exit, nullptr) << "this was taken";
  return exit == nullptr ? Exit{-1, {}, {}} : *exit;
}

TEST(CommandLine, ServeNeedsNothing) {
  const auto serve = command<ServeCommand>({"serve"});
  EXPECT_EQ(serve.properties_file, "");
  EXPECT_TRUE(serve.overrides.empty());
}

TEST(CommandLine, ServeTakesAFileAndSettingsInTheirOrder) {
  const auto serve = command<ServeCommand>({"serve", "--set", "a=1", "server.properties", "--set", "b=x=y", "--set=a=2"});
  EXPECT_EQ(serve.properties_file, "server.properties");
  EXPECT_EQ(serve.overrides, (std::vector<std::string>{"a=1", "b=x=y", "a=2"}));
}

// A list is one value: neither the comma nor the next word is taken apart.
TEST(CommandLine, ASettingsValueStaysWhole) {
  const auto serve = command<ServeCommand>({"serve", "--set", "log.dirs=/a,/b", "--set", "listeners=A://h:1,B://[::1]:2", "x.properties"});
  EXPECT_EQ(serve.overrides, (std::vector<std::string>{"log.dirs=/a,/b", "listeners=A://h:1,B://[::1]:2"}));
  EXPECT_EQ(serve.properties_file, "x.properties");
}

TEST(CommandLine, ImportTakesFoldersAndWhereTo) {
  const auto import = command<StorageImportCommand>(
      {"storage", "import", "/old/orders-0", "--config", "s.properties", "/old/bills-3", "--set", "log.dirs=/d", "-o", "json"});
  EXPECT_EQ(import.folders, (std::vector<std::string>{"/old/orders-0", "/old/bills-3"}));
  EXPECT_EQ(import.properties_file, "s.properties");
  EXPECT_EQ(import.overrides, std::vector<std::string>{"log.dirs=/d"});
  EXPECT_TRUE(import.json);
  EXPECT_FALSE(command<StorageImportCommand>({"storage", "import", "/old/orders-0"}).json);
}

TEST(CommandLine, VersionIsACommandAndAFlag) {
  EXPECT_FALSE(command<VersionCommand>({"version"}).json);
  EXPECT_TRUE(command<VersionCommand>({"version", "--output", "json"}).json);
  const Exit flag = refusal({"--version"});
  EXPECT_EQ(flag.code, 0);
  EXPECT_EQ(flag.out, version_text() + "\n");
  EXPECT_EQ(version_text(), std::string("barnabas ") + kVersion);
}

TEST(CommandLine, HelpIsAskedForAndNoFailure) {
  for (const std::vector<const char*>& words :
       {std::vector<const char*>{"--help"}, {"-h"}, {"serve", "--help"}, {"storage", "--help"}, {"storage", "import", "--help"}}) {
    const Exit help = refusal(words);
    EXPECT_EQ(help.code, 0) << words.front();
    EXPECT_FALSE(help.out.empty());
    EXPECT_TRUE(help.err.empty()) << help.err;
  }
  EXPECT_NE(refusal({"serve", "--help"}).out.find("Examples:"), std::string::npos);
}

TEST(CommandLine, WrongUseExitsWithTwoAndSaysWhy) {
  for (const std::vector<const char*>& words : {std::vector<const char*>{},
                                                {"serv"},
                                                {"serve", "--nonsense"},
                                                {"serve", "--set"},
                                                {"serve", "one.properties", "two.properties"},
                                                {"storage"},
                                                {"storage", "import"},
                                                {"storage", "import", "/old/orders-0", "-o", "yaml"},
                                                {"version", "-o", "xml"}}) {
    const Exit wrong = refusal(words);
    EXPECT_EQ(wrong.code, 2) << (words.empty() ? "nothing" : words.back());
    EXPECT_TRUE(wrong.out.empty()) << wrong.out;
    EXPECT_FALSE(wrong.err.empty());
  }
}

}  // namespace
}  // namespace barnabas::cli
