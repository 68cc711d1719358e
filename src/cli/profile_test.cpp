#include "cli/profile.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/sim_disk.h"
#include "cli/completion.h"

namespace barnabas::cli {
namespace {

class ProfileTest : public ::testing::Test {
 protected:
  void write(const char* path, std::string_view text) {
    ASSERT_TRUE(disk_.make_directories(Path(path).parent_path()));
    ASSERT_TRUE(replace_file(disk_, path, as_bytes(text)));
  }
  Result<std::optional<std::string>> ask(const std::string& name = {}) { return profile_brokers(disk_, environment_, name); }

  SimDisk disk_;
  Environment environment_{{"HOME", "/home/u"}};
};

TEST_F(ProfileTest, NoFileIsNoProfile) {
  EXPECT_EQ(*ask(), std::nullopt);
  EXPECT_FALSE(ask("staging"));
  environment_.clear();
  EXPECT_EQ(*ask(), std::nullopt);
}

TEST_F(ProfileTest, TheFileChoosesUnlessTold) {
  write("/home/u/.config/barnabas/profiles.properties", "profile = a\na.brokers = one:1,two:2\nb.brokers=three:3\n");
  EXPECT_EQ(*ask(), "one:1,two:2");
  EXPECT_EQ(*ask("b"), "three:3");
  EXPECT_NE(ask("c").error().message.find("there are a, b"), std::string::npos);
}

TEST_F(ProfileTest, TheEnvironmentSaysWhichFile) {
  write("/xdg/barnabas/profiles.properties", "profile=x\nx.brokers=xdg:1\n");
  write("/own", "profile=x\nx.brokers=own:1\n");
  environment_["XDG_CONFIG_HOME"] = "/xdg";
  EXPECT_EQ(*ask(), "xdg:1");
  environment_["BARNABAS_CLI_CONFIG"] = "/own";
  EXPECT_EQ(*ask(), "own:1");
}

TEST_F(ProfileTest, ASlipIsNeverAnotherCluster) {
  for (const char* text : {"profile = gone\n", "a.broker = one:1\n", ".brokers = one:1\n", "profile=a\na.brokers=\\u00\n"}) {
    write("/home/u/.config/barnabas/profiles.properties", text);
    EXPECT_FALSE(ask()) << text;
  }
}

TEST(Completion, EveryShellGetsEveryCommand) {
  const CommandTree root{"barnabas", {"--help"}, {{"topic", {}, {{"create", {"--partitions", "-p"}, {}}}}, {"serve", {"--set"}, {}}}};
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell, root);
    ASSERT_TRUE(script);
    for (const char* text : {"topic serve --help", "\" topic create\"", "--partitions -p"})
      EXPECT_NE(script->find(text), std::string::npos) << shell << text;
  }
  EXPECT_FALSE(completion_script("tcsh", root));
}

}  // namespace
}  // namespace barnabas::cli
