#pragma once
// What became of each thing that a command was to change: one line or one object each, and the exit code of them all.
//
//   topic orders: created                  {"topic": "orders", "result": "created"}
//   barnabas: topic bills: TOPIC_ALREADY_EXISTS (36): ...   on standard error
#include "cli/context.h"
#include "model/error_code.h"

namespace barnabas::cli {

class Outcomes {
 public:
  // The noun is the key of the name: "topic", "group".
  Outcomes(const Context& context, const OutputOptions& output, std::string noun)
      : context_(context), output_(output), noun_(std::move(noun)) {}

  void done(const std::string& name, std::string_view result, Value::Object more = {});
  void refused(const std::string& name, ErrorCode code, const std::optional<std::string>& broker_says = std::nullopt);
  // A code of 0 is done.
  void add(const std::string& name, std::int16_t code, const std::optional<std::string>& broker_says, std::string_view result,
           Value::Object more = {});

  // Prints what is not printed yet and returns the exit code.
  int finish();

 private:
  const Context& context_;
  const OutputOptions& output_;
  std::string noun_;
  std::string text_;
  Value::List objects_;
  bool any_refused_ = false;
};

}  // namespace barnabas::cli
