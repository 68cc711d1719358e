// Writes one record, key "hello" and value "world", to the topic "test".

#include <librdkafka/rdkafkacpp.h>

#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>

namespace {

// Is told what became of each record.
class Report : public RdKafka::DeliveryReportCb {
 public:
  void dr_cb(RdKafka::Message& message) override { error = message.err(); }

  RdKafka::ErrorCode error = RdKafka::ERR__TIMED_OUT;
};

}  // namespace

int main() {
  const char* named = std::getenv("KAFKA_BROKER");
  const std::string broker = named != nullptr ? named : "localhost:9092";

  Report report;
  std::string error;
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  if (conf->set("bootstrap.servers", broker, error) != RdKafka::Conf::CONF_OK ||
      conf->set("dr_cb", &report, error) != RdKafka::Conf::CONF_OK) {
    std::cerr << error << "\n";
    return 1;
  }
  const std::unique_ptr<RdKafka::Producer> producer(RdKafka::Producer::create(conf.get(), error));
  if (!producer) {
    std::cerr << error << "\n";
    return 1;
  }

  const std::string key = "hello";
  std::string value = "world";
  producer->produce("test", RdKafka::Topic::PARTITION_UA, RdKafka::Producer::RK_MSG_COPY, value.data(), value.size(), key.data(),
                    key.size(), 0, nullptr);
  producer->flush(30'000);

  if (report.error != RdKafka::ERR_NO_ERROR) {
    std::cerr << "could not write: " << RdKafka::err2str(report.error) << "\n";
    return 1;
  }
  std::cout << "wrote hello = world\n";
}
