#include "config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace barnabas {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A small language: file("..."), environment, --set; then load.
class SettingsTest : public testing::Test {
 protected:
  SettingsTest() {
    sources_.file_name = "server.properties";
    sources_.environment = {{"HOME", "/home/ada"}, {"PATH", "/bin"}};
    sources_.cores = 2;
  }

  Settings load() {
    auto settings = Settings::load(sources_);
    EXPECT_TRUE(settings) << settings.error().message;
    return settings ? *std::move(settings)
                    : *Settings::load({.file_name = {}, .file_text = {}, .environment = {{"HOME", "/"}}, .overrides = {}});
  }
  Settings load(std::string_view file) {
    sources_.file_text = file;
    return load();
  }
  std::string problem() {
    const auto settings = Settings::load(sources_);
    return settings ? "no problem" : settings.error().message;
  }
  std::string problem(std::string_view file) {
    sources_.file_text = file;
    return problem();
  }

  SettingSources sources_;
};

TEST_F(SettingsTest, WhatDevModeSaysCountsWhereNobodyElseSpeaks) {
  sources_.dev = {"log.dirs=/tmp/dev", "barnabas.durability=page-cache"};
  const Settings settings = load("barnabas.durability=fsync");
  EXPECT_THAT(settings.log_dirs(), ElementsAre("/tmp/dev"));
  EXPECT_EQ(settings.origin("log.dirs"), kDevOrigin);
  EXPECT_EQ(settings.durability(), Durability::kFsync);
  EXPECT_EQ(settings.origin("barnabas.durability"), "server.properties:1");
  EXPECT_THAT(settings.warnings(), IsEmpty()) << "the file does not set anything twice";
}

TEST_F(SettingsTest, NothingConfiguredIsABrokerOfItsOwn) {
  const Settings settings = load();
  EXPECT_EQ(settings.node_id(), 1);
  EXPECT_THAT(settings.log_dirs(), ElementsAre("/home/ada/.local/share/barnabas"));
  ASSERT_EQ(settings.listeners().size(), 1U);
  EXPECT_EQ(settings.listeners()[0].text(), "PLAINTEXT://:9092");
  EXPECT_EQ(settings.advertised("PLAINTEXT"), nullptr) << "each client is told the address it connected to";
  EXPECT_EQ(settings.inter_broker_listener(), "PLAINTEXT");
  EXPECT_EQ(settings.durability(), Durability::kFsync);
  EXPECT_EQ(settings.get(setting::kBarnabasIoThreads), 1);
  EXPECT_EQ(settings.get(setting::kBarnabasMetadataEngine), "local");
  EXPECT_EQ(settings.get(setting::kLogSegmentBytes), 1073741824);
  EXPECT_THAT(settings.warnings(), IsEmpty());
}

TEST_F(SettingsTest, HalfTheCoresServeConnections) {
  sources_.cores = 16;
  EXPECT_EQ(load().get(setting::kBarnabasIoThreads), 8);
  sources_.cores = 1;
  EXPECT_EQ(load().get(setting::kBarnabasIoThreads), 1);
}

TEST_F(SettingsTest, TheNearestPlaceWins) {
  sources_.file_text = "num.partitions=1\n";
  EXPECT_EQ(load().get(setting::kNumPartitions), 1);
  EXPECT_EQ(load().origin("num.partitions"), "server.properties:1");
  sources_.environment["KAFKA_NUM_PARTITIONS"] = "2";
  EXPECT_EQ(load().get(setting::kNumPartitions), 2);
  sources_.environment["BARNABAS_NUM_PARTITIONS"] = "3";
  EXPECT_EQ(load().get(setting::kNumPartitions), 3);
  EXPECT_EQ(load().origin("num.partitions"), "environment BARNABAS_NUM_PARTITIONS");
  sources_.overrides = {"num.partitions=4", " num.partitions = 5 "};
  EXPECT_EQ(load().get(setting::kNumPartitions), 5);
  EXPECT_EQ(load().origin("num.partitions"), "--set");
}

TEST_F(SettingsTest, OurOwnNamesMayLeaveOutTheirFirstWordInTheEnvironment) {
  sources_.environment["BARNABAS_DURABILITY"] = "page-cache";
  EXPECT_EQ(load().durability(), Durability::kPageCache);
  sources_.environment.erase("BARNABAS_DURABILITY");
  sources_.environment["KAFKA_BARNABAS_DURABILITY"] = "page-cache";
  EXPECT_EQ(load().durability(), Durability::kPageCache);
}

TEST_F(SettingsTest, TheImagesVariablesAreNoSettings) {
  sources_.environment = {{"HOME", "/h"},
                          {"KAFKA_HEAP_OPTS", "-Xmx1g"},
                          {"BARNABAS_BROKERS", "localhost:9092"},
                          {"KAFKA_OPTS", "-Dx"},
                          {"KAFKA_JMX_OPTS", ""},
                          {"KAFKA_VERSION", "4.3.1"},
                          {"KAFKA_HOME", "/opt"},
                          {"KAFKA_JVM_PERFORMANCE_OPTS", ""},
                          {"KAFKA_LOG4J_OPTS", ""},
                          {"KAFKA_GC_LOG_OPTS", ""},
                          {"CLUSTER_ID", "5L6g3nShT-eMCtK--X86sw"}};
  const Settings settings = load();
  EXPECT_THAT(settings.warnings(), IsEmpty());
  EXPECT_EQ(settings.find(setting::kBarnabasClusterId), "5L6g3nShT-eMCtK--X86sw");
}

TEST_F(SettingsTest, WhatKubernetesInjectsIsNoSetting) {
  sources_.environment["BARNABAS_PORT"] = "tcp://10.0.0.1:9092";
  sources_.environment["BARNABAS_PORT_9092_TCP_ADDR"] = "10.0.0.1";
  sources_.environment["BARNABAS_SERVICE_HOST"] = "10.0.0.1";
  sources_.environment["KAFKA_SERVICE_PORT_CLIENTS"] = "9092";
  EXPECT_THAT(load().warnings(), IsEmpty());
}

TEST_F(SettingsTest, ABadValueIsNamedWithItsPlaceAndWhatIsAllowed) {
  EXPECT_EQ(problem("\nlog.segment.bytes=12\n"),
            "log.segment.bytes=12 (server.properties:2): must be a whole number of 32 bits, at least 1048576");
  EXPECT_EQ(problem("auto.create.topics.enable=yes"), "auto.create.topics.enable=yes (server.properties:1): must be true or false");
  sources_.environment["KAFKA_NUM_PARTITIONS"] = "many\n";
  EXPECT_THAT(problem(""), HasSubstr("num.partitions=many\\x0a (environment KAFKA_NUM_PARTITIONS): must be"));
}

TEST_F(SettingsTest, AllThatIsWrongIsSaidAtOnce) {
  EXPECT_THAT(problem("num.partitions=0\nbarnabas.durabillity=fsync\nfetch.max.bytes=1\n"),
              AllOf(HasSubstr("num.partitions=0"), HasSubstr("did you mean barnabas.durability?"), HasSubstr("fetch.max.bytes=1")));
}

TEST_F(SettingsTest, UnknownNamesAreSaidAndOurOwnStopTheStart) {
  EXPECT_THAT(
      load("log.retnetion.ms=1\nfoo.bar=1").warnings(),
      ElementsAre("foo.bar (server.properties:2) is not a known setting and is left aside",
                  "log.retnetion.ms (server.properties:1) is not a known setting and is left aside; did you mean log.retention.ms?"));
  EXPECT_THAT(problem("barnabas.nothing=1"), HasSubstr("barnabas.nothing (server.properties:1) is not a setting of Barnabas"));
  sources_.file_text.clear();
  sources_.environment["BARNABAS_DURABILTY"] = "fsync";
  EXPECT_THAT(problem(), HasSubstr("did you mean barnabas.durability?"));
}

TEST_F(SettingsTest, ASettingWithoutEffectIsSaidOnceUnlessItIsTheDefault) {
  EXPECT_THAT(load("num.io.threads=8\nnum.network.threads=3\n").warnings(), IsEmpty());
  EXPECT_THAT(load("num.io.threads=16\n").warnings(),
              ElementsAre(HasSubstr("num.io.threads (server.properties:1) is accepted without effect")));
}

TEST_F(SettingsTest, ASettingTwiceIsSaid) {
  const Settings settings = load("num.partitions=2\nnum.partitions=3\n");
  EXPECT_EQ(settings.get(setting::kNumPartitions), 3);
  EXPECT_THAT(settings.warnings(), ElementsAre("num.partitions is set twice: server.properties:2 overrules server.properties:1"));
}

// Fail closed: architecture.md 12.
TEST_F(SettingsTest, SecurityThatIsNotEnforcedStopsTheStart) {
  for (const std::string_view line :
       {"authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer", "ssl.keystore.location=/etc/keystore.jks",
        "ssl.client.auth=required", "sasl.enabled.mechanisms=SCRAM-SHA-256", "principal.builder.class=com.example.Builder",
        "delegation.token.secret.key=s", "super.users=User:admin", "allow.everyone.if.no.acl.found=false", "ssl.keystore.locatoin=/x",
        "listener.name.external.ssl.client.auth=required", "listener.name.external.scram-sha-256.sasl.jaas.config=x",
        "create.topic.policy.class.name=com.example.Policy", "security.inter.broker.protocol=SSL", "config.providers=file",
        "connections.max.reauth.ms=1000", "remote.log.storage.system.enable=true"}) {
    EXPECT_THAT(problem(line), HasSubstr(std::string(line.substr(0, line.find('='))))) << line;
  }
}

TEST_F(SettingsTest, ASecuritySettingAtItsDefaultPromisesNothing) {
  load(
      "ssl.client.auth=none\nsasl.enabled.mechanisms=GSSAPI\nauthorizer.class.name=\nssl.keystore.location=\nlistener.name.plaintext.ssl."
      "client.auth=none\n");
}

TEST_F(SettingsTest, AListenerThatShouldEncryptIsNotOpened) {
  EXPECT_THAT(problem("listeners=PLAINTEXT://:9092,SSL://:9093"), HasSubstr("listener SSL should speak SSL"));
  EXPECT_THAT(problem("listeners=PUBLIC://:9092\nlistener.security.protocol.map=PUBLIC:SASL_PLAINTEXT"),
              HasSubstr("listener PUBLIC should speak SASL_PLAINTEXT"));
}

// SEC10
TEST_F(SettingsTest, SecretsAreNeverShown) {
  EXPECT_THAT(
      problem("ssl.key.password=hunter2\nssl.keystore.passwort=hunter2\nbarnabas.x=hunter2\nlistener.name.a.ssl.key.password=hunter2\n"
              "sasl.jaas.config=hunter2 \\\n  hunter2\n"),
      AllOf(HasSubstr("ssl.key.password=(hidden)"), HasSubstr("ssl.keystore.passwort"), Not(HasSubstr("hunter2"))));
  EXPECT_THAT(load("foo.bar=hunter2").warnings(), Not(Contains(HasSubstr("hunter2"))));
}

constexpr std::string_view kStockKraft =
    "process.roles=broker,controller\nnode.id=1\ncontroller.quorum.bootstrap.servers=localhost:9093\n"
    "listeners=PLAINTEXT://:9092,CONTROLLER://:9093\ninter.broker.listener.name=PLAINTEXT\n"
    "advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093\ncontroller.listener.names=CONTROLLER\n"
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL\n"
    "num.network.threads=3\nnum.io.threads=8\nlog.dirs=/tmp/kraft-combined-logs\nnum.partitions=1\n"
    "offsets.topic.replication.factor=1\nlog.retention.hours=168\n";

TEST_F(SettingsTest, AClusterWithoutAnEngineNeverSilentlyBecomesLocal) {
  EXPECT_THAT(problem(kStockKraft), AllOf(HasSubstr("engine `raft`, which is not built yet"), HasSubstr("barnabas.metadata.engine=local")));
  EXPECT_THAT(problem("zookeeper.connect=localhost:2181"),
              AllOf(HasSubstr("engine `zookeeper`"), HasSubstr("barnabas.metadata.engine=local")));
  EXPECT_THAT(problem("controller.quorum.voters=1@localhost:9093"), HasSubstr("barnabas.metadata.engine=local"));
  EXPECT_THAT(problem("process.roles=broker"), HasSubstr("barnabas.metadata.engine=local"));
}

TEST_F(SettingsTest, AStockKraftFileStartsOnceTheLocalEngineIsNamed) {
  sources_.overrides = {"barnabas.metadata.engine=local"};
  const Settings settings = load(kStockKraft);
  ASSERT_EQ(settings.listeners().size(), 1U);
  EXPECT_EQ(settings.listeners()[0].name, "PLAINTEXT");
  EXPECT_EQ(settings.advertised("PLAINTEXT")->text(), "PLAINTEXT://localhost:9092");
  EXPECT_THAT(settings.warnings(), Contains(HasSubstr("listener CONTROLLER://:9093 is not opened")));
  EXPECT_THAT(settings.warnings(),
              Contains(HasSubstr("controller.quorum.bootstrap.servers (server.properties:3) is accepted without effect")));
}

TEST_F(SettingsTest, TheLocalEngineIsOneNodeAlone) {
  sources_.overrides = {"barnabas.metadata.engine=local"};
  load("node.id=3\nprocess.roles=broker,controller\ncontroller.quorum.voters=3@localhost:9093\n");
  EXPECT_THAT(problem("node.id=3\ncontroller.quorum.voters=1@a:1,2@b:1,3@c:1\n"), HasSubstr("one node alone"));
  EXPECT_THAT(problem("node.id=3\ncontroller.quorum.voters=30@localhost:9093\n"), HasSubstr("one node alone"));
  EXPECT_THAT(problem("process.roles=broker\n"), HasSubstr("broker,controller"));
  EXPECT_THAT(problem("controller.quorum.bootstrap.servers=elsewhere:9093\n"), HasSubstr("one node alone"));
}

TEST_F(SettingsTest, AnEngineThatIsNotBuiltStopsTheStart) {
  EXPECT_THAT(problem("barnabas.metadata.engine=zookeeper\nzookeeper.connect=zk:2181"), HasSubstr("zookeeper is not built yet"));
  EXPECT_THAT(problem("barnabas.metadata.engine=raft"), HasSubstr("raft is not built yet"));
  EXPECT_THAT(problem("barnabas.metadata.engine=etcd"), HasSubstr("must be one of local, zookeeper, raft"));
}

TEST_F(SettingsTest, TheNodesOldNameIsStillItsName) {
  EXPECT_EQ(load("broker.id=7").node_id(), 7);
  EXPECT_EQ(load("broker.id=7").get(setting::kNodeId), 7);
  EXPECT_EQ(load("broker.id=-1").node_id(), 1);
  EXPECT_EQ(load("broker.id=7\nnode.id=7").node_id(), 7);
  EXPECT_THAT(problem("broker.id=7\nnode.id=8"), HasSubstr("must be the same as node.id"));
  EXPECT_THAT(problem("broker.id=-2"), HasSubstr("at least 0"));
}

TEST_F(SettingsTest, WhereTheDataLies) {
  EXPECT_THAT(load("log.dir=/a").log_dirs(), ElementsAre("/a"));
  EXPECT_THAT(load("log.dirs=/a, /b\nlog.dir=/c").log_dirs(), ElementsAre("/a", "/b"));
  EXPECT_THAT(problem("log.dirs=/a,/a"), HasSubstr("twice"));
  sources_.environment["XDG_DATA_HOME"] = "/data";
  EXPECT_THAT(load("").log_dirs(), ElementsAre("/data/barnabas"));
  sources_.environment["XDG_DATA_HOME"] = "relative";
  EXPECT_THAT(load("").log_dirs(), ElementsAre("/home/ada/.local/share/barnabas"));
  sources_.environment.clear();
  EXPECT_THAT(problem(""), HasSubstr("log.dirs must be set"));
}

TEST_F(SettingsTest, WhatClientsAreTold) {
  EXPECT_EQ(load("listeners=PLAINTEXT://broker1:9092").advertised("PLAINTEXT")->text(), "PLAINTEXT://broker1:9092");
  EXPECT_EQ(load("listeners=PLAINTEXT://0.0.0.0:9092").advertised("PLAINTEXT"), nullptr);
  EXPECT_EQ(load("listeners=PLAINTEXT://broker1:0").advertised("PLAINTEXT"), nullptr);
  EXPECT_EQ(load("advertised.listeners=PLAINTEXT://proxy:19092").advertised("PLAINTEXT")->port, 19092);
  EXPECT_THAT(problem("advertised.listeners=PLAINTEXT://proxy:1,SSL://proxy:2"), HasSubstr("SSL is not one of listeners"));
}

TEST_F(SettingsTest, TheListenerOfBrokers) {
  const std::string two = "listener.security.protocol.map=A:PLAINTEXT,B:PLAINTEXT\nlisteners=A://:1,B://:2\n";
  EXPECT_EQ(load(two).inter_broker_listener(), "A");
  EXPECT_EQ(load(two + "inter.broker.listener.name=b\n").inter_broker_listener(), "B");
  EXPECT_THAT(problem(two + "inter.broker.listener.name=C\n"), HasSubstr("not the name of one of listeners"));
}

TEST_F(SettingsTest, WhereHttpIsServed) {
  EXPECT_EQ(load("").http_listener()->text(), "HTTP://127.0.0.1:8080");
  EXPECT_EQ(load("barnabas.http.listener=[::1]:9404").http_listener()->text(), "HTTP://[::1]:9404");
  EXPECT_EQ(load("barnabas.http.listener=:0").http_listener()->host, "");
  EXPECT_FALSE(load("barnabas.http.listener=").http_listener());
  for (const char* bad : {"8080", "here", "http://127.0.0.1:8080", "127.0.0.1:8080,127.0.0.1:8081", "127.0.0.1:80800"}) {
    EXPECT_THAT(problem(std::string("barnabas.http.listener=") + bad), HasSubstr("is not host:port")) << bad;
  }
}

TEST_F(SettingsTest, NumbersFitEachOther) {
  EXPECT_THAT(problem("queued.max.request.bytes=1000"), HasSubstr("at least socket.request.max.bytes"));
  EXPECT_EQ(load("queued.max.request.bytes=-1").get(setting::kQueuedMaxRequestBytes), -1);
  EXPECT_THAT(problem("group.min.session.timeout.ms=7\ngroup.max.session.timeout.ms=6"), HasSubstr("group.min.session.timeout.ms=7"));
  EXPECT_THAT(problem("log.retention.hours=0"), HasSubstr("-1 for ever"));
  EXPECT_THAT(problem("log.roll.ms=0"), HasSubstr("log.roll.ms=0 (server.properties:1): as a topic's segment.ms it must be"));
  EXPECT_THAT(problem("log.cleaner.min.compaction.lag.ms=2\nlog.cleaner.max.compaction.lag.ms=1"), HasSubstr("must not be more"));
  EXPECT_THAT(problem("log.cleanup.policy=compress"), HasSubstr("log.cleanup.policy=compress"));
}

TEST_F(SettingsTest, TheFinestUnitWinsAndTheOthersAreSaidToBeOverruled) {
  sources_.overrides = {"log.retention.hours=1"};
  EXPECT_THAT(load("log.retention.ms=5000").warnings(),
              ElementsAre("log.retention.hours (--set) has no effect: log.retention.ms (server.properties:1) overrules it"));
}

TEST_F(SettingsTest, LimitsForNamedAddresses) {
  const Settings settings = load("max.connections.per.ip=0\nmax.connections.per.ip.overrides=127.0.0.1:10, ::1:5,proxy:7\n");
  EXPECT_EQ(settings.connections_per_ip_overrides().at("127.0.0.1"), 10);
  EXPECT_EQ(settings.connections_per_ip_overrides().at("::1"), 5);
  EXPECT_EQ(settings.connections_per_ip_overrides().at("proxy"), 7);
  EXPECT_THAT(problem("max.connections.per.ip.overrides=proxy"), HasSubstr("proxy is not host:count"));
  EXPECT_THAT(problem("max.connections.per.ip=0"), HasSubstr("lets nobody in"));
}

TEST_F(SettingsTest, ABrokenFileOrOverrideIsNamed) {
  EXPECT_THAT(problem("a=\\u1"), HasSubstr("server.properties: line 1"));
  sources_.file_text.clear();
  sources_.overrides = {"num.partitions"};
  EXPECT_EQ(problem(), "--set num.partitions: must be name=value");
}

}  // namespace
}  // namespace barnabas
