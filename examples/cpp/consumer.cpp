// Reads the topic "test" from its beginning and prints every record, until it is interrupted.

#include <librdkafka/rdkafkacpp.h>

#include <csignal>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

namespace {

volatile std::sig_atomic_t interrupted = 0;

}  // namespace

int main() {
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });

  const char* named = std::getenv("KAFKA_BROKER");
  const std::string broker = named != nullptr ? named : "localhost:9092";

  std::string error;
  const std::unique_ptr<RdKafka::Conf> conf(RdKafka::Conf::create(RdKafka::Conf::CONF_GLOBAL));
  if (conf->set("bootstrap.servers", broker, error) != RdKafka::Conf::CONF_OK ||
      conf->set("group.id", "hello", error) != RdKafka::Conf::CONF_OK ||
      conf->set("auto.offset.reset", "earliest", error) != RdKafka::Conf::CONF_OK) {
    std::cerr << error << "\n";
    return 1;
  }
  const std::unique_ptr<RdKafka::KafkaConsumer> consumer(RdKafka::KafkaConsumer::create(conf.get(), error));
  if (!consumer) {
    std::cerr << error << "\n";
    return 1;
  }

  consumer->subscribe({"test"});
  while (interrupted == 0) {
    const std::unique_ptr<RdKafka::Message> message(consumer->consume(500));
    if (message->err() == RdKafka::ERR__TIMED_OUT) continue;
    if (message->err() != RdKafka::ERR_NO_ERROR) {
      std::cerr << "could not read: " << message->errstr() << "\n";
      continue;
    }
    const std::string key = message->key() != nullptr ? *message->key() : "";
    const std::string_view value(static_cast<const char*>(message->payload()), message->len());
    std::cout << "offset " << message->offset() << ": " << key << " = " << value << std::endl;
  }
  consumer->close();
}
