#pragma once
// librdkafka, loaded when produce or consume ask for it: the broker and all other commands start without it, and run
// where it is not installed. docs/decisions/0091-librdkafka-is-loaded-on-demand.md says why.
//
//   TRY_ASSIGN(const Rdkafka kafka, Rdkafka::load());
//   auto* conf = kafka.conf_new();
#include <librdkafka/rdkafka.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace barnabas::cli {

// Each function of the library that is used, by its own name; rd_kafka_new is a keyword without its prefix.
#define BARNABAS_RDKAFKA(use)                                                                                                            \
  use(conf_new) use(conf_set) use(conf_destroy) use(conf_set_log_cb) use(conf_set_opaque) use(conf_set_dr_msg_cb) use(destroy) use(poll) \
      use(outq_len) use(produceva) use(err2str) use(err2name) use(error_code) use(error_destroy) use(headers_new) use(header_add)        \
          use(headers_destroy) use(header_get_all) use(message_headers) use(message_timestamp) use(message_destroy) use(topic_name)      \
              use(poll_set_consumer) use(consumer_poll) use(consumer_close) use(subscribe) use(assign) use(offsets_store)                \
                  use(topic_partition_list_new) use(topic_partition_list_add) use(topic_partition_list_destroy)

struct Rdkafka {
#define BARNABAS_RDKAFKA_MEMBER(name) decltype(&rd_kafka_##name) name = nullptr;
  BARNABAS_RDKAFKA(BARNABAS_RDKAFKA_MEMBER)
#undef BARNABAS_RDKAFKA_MEMBER
  decltype(&rd_kafka_new) create = nullptr;

  // kUnsupported: it is not installed, and how to.
  static Result<Rdkafka> load();

  // A configuration with these properties; kInvalidArgument with librdkafka's own words.
  Result<rd_kafka_conf_t*> configure(const std::vector<std::pair<std::string, std::string>>& properties) const;
};

// NAME (number): what it means; for Kafka's own codes as client::describe has it.
std::string describe(const Rdkafka& kafka, rd_kafka_resp_err_t error);
// As the codes of context.h: not reached is no refusal.
int exit_code(rd_kafka_resp_err_t error);

}  // namespace barnabas::cli
