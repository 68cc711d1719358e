#include "cli/rdkafka.h"

#include <dlfcn.h>
#include <fmt/format.h>

#include <array>

#include "cli/context.h"
#include "client/refusal.h"

namespace barnabas::cli {

Result<Rdkafka> Rdkafka::load() {
  // Never unloaded: its threads end with the process.
  void* library = ::dlopen("librdkafka.so.1", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(Errc::kUnsupported, "this command needs librdkafka, which cannot be loaded: " + std::string(::dlerror()) +
                                        ". On Debian: apt install librdkafka1");
  }
  Rdkafka kafka;
#define BARNABAS_RDKAFKA_LOAD(name)                                                         \
  kafka.name = reinterpret_cast<decltype(kafka.name)>(::dlsym(library, "rd_kafka_" #name)); \
  if (kafka.name == nullptr) return fail(Errc::kUnsupported, "this librdkafka is too old: it has no rd_kafka_" #name);
  BARNABAS_RDKAFKA(BARNABAS_RDKAFKA_LOAD)
#undef BARNABAS_RDKAFKA_LOAD
  kafka.create = reinterpret_cast<decltype(kafka.create)>(::dlsym(library, "rd_kafka_new"));
  if (kafka.create == nullptr) return fail(Errc::kUnsupported, "this librdkafka has no rd_kafka_new");
  return kafka;
}

Result<rd_kafka_conf_t*> Rdkafka::configure(const std::vector<std::pair<std::string, std::string>>& properties) const {
  rd_kafka_conf_t* conf = conf_new();
  std::array<char, 512> why{};
  for (const auto& [key, value] : properties) {
    if (conf_set(conf, key.c_str(), value.c_str(), why.data(), why.size()) == RD_KAFKA_CONF_OK) continue;
    conf_destroy(conf);
    return fail(Errc::kInvalidArgument, why.data());
  }
  conf_set_log_cb(conf, nullptr);  // what matters comes back as an error
  return conf;
}

std::string describe(const Rdkafka& kafka, rd_kafka_resp_err_t error) {
  if (error >= 0) return client::describe(static_cast<ErrorCode>(error));
  return fmt::format("{} ({}): {}", kafka.err2name(error), static_cast<int>(error), kafka.err2str(error));
}

int exit_code(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT: return kNoConnection;
    default: return kRefused;
  }
}

}  // namespace barnabas::cli
