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

TEST(CommandLine, ServeHasAModeToTryThingsIn) {
  EXPECT_FALSE(command<ServeCommand>({"serve"}).dev);
  EXPECT_TRUE(command<ServeCommand>({"serve", "--dev", "--set", "a=1"}).dev);
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
  EXPECT_EQ(import.output.format, Format::kJson);
  EXPECT_EQ(command<StorageImportCommand>({"storage", "import", "/old/orders-0"}).output.format, Format::kTable);
}

TEST(CommandLine, VersionIsACommandAndAFlag) {
  EXPECT_EQ(command<VersionCommand>({"version"}).output.format, Format::kTable);
  EXPECT_EQ(command<VersionCommand>({"version", "--output", "json"}).output.format, Format::kJson);
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
                                                {"storage", "import", "/old/orders-0", "-o", "csv"},
                                                {"version", "-o", "xml"}}) {
    const Exit wrong = refusal(words);
    EXPECT_EQ(wrong.code, 2) << (words.empty() ? "nothing" : words.back());
    EXPECT_TRUE(wrong.out.empty()) << wrong.out;
    EXPECT_FALSE(wrong.err.empty());
  }
}

template <class T>
T action(std::vector<const char*> words) {
  const auto admin = command<AdminCommand>(std::move(words));
  const T* wanted = std::get_if<T>(&admin.action);
  EXPECT_NE(wanted, nullptr) << "another command";
  return wanted == nullptr ? T() : *wanted;
}

TEST(CommandLine, TopicCreateTakesNamesAndConfigs) {
  const auto create = action<TopicCreate>({"topic", "create", "orders", "-c", "retention.ms=1", "bills", "-p", "12", "--if-not-exists"});
  EXPECT_EQ(create.names, (std::vector<std::string>{"orders", "bills"}));
  EXPECT_EQ(create.configs, std::vector<std::string>{"retention.ms=1"});
  EXPECT_EQ(create.partitions, 12);
  EXPECT_EQ(create.replicas, -1);
  EXPECT_TRUE(create.if_not_exists);
  EXPECT_FALSE(create.dry_run);
}

TEST(CommandLine, EveryClusterCommandSaysWhereAndHow) {
  for (const char* name : {"-b", "--brokers", "--bootstrap-server"}) {
    const auto admin = command<AdminCommand>({"topic", "list", name, "a:1,b:2", "-o", "yaml", "--timeout", "1m30s", "--no-headings"});
    EXPECT_EQ(admin.connection.brokers, "a:1,b:2");
    EXPECT_EQ(admin.connection.timeout, std::chrono::seconds(90));
    EXPECT_EQ(admin.output.format, Format::kYaml);
    EXPECT_TRUE(admin.output.no_headings);
  }
  refusal({"topic", "list", "--timeout", "soon"});
}

TEST(CommandLine, ConfigSetTakesChangesAndDeletions) {
  const auto set = action<ConfigSet>({"config", "set", "topic", "orders", "retention.ms=1", "segment.ms=2", "--delete", "flush.ms"});
  EXPECT_EQ(set.type, "topic");
  EXPECT_EQ(set.name, "orders");
  EXPECT_EQ(set.changes, (std::vector<std::string>{"retention.ms=1", "segment.ms=2"}));
  EXPECT_EQ(set.deleted, std::vector<std::string>{"flush.ms"});
  refusal({"config", "set", "user", "orders", "a=1"});
}

}  // namespace
}  // namespace barnabas::cli
