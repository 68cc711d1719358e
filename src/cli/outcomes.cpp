#include "cli/outcomes.h"

#include "client/refusal.h"

namespace barnabas::cli {

void Outcomes::done(const std::string& name, std::string_view result, Value::Object more) {
  text_ += noun_ + " " + name + ": " + std::string(result);
  for (const auto& [key, value] : more) text_ += "  " + key + "=" + value.cell();
  text_ += "\n";
  Value::Object object{{noun_, name}, {"result", result}};
  for (auto& field : more) object.push_back(std::move(field));
  objects_.emplace_back(std::move(object));
}

void Outcomes::refused(const std::string& name, ErrorCode code, const std::optional<std::string>& broker_says) {
  any_refused_ = true;
  context_.console.err("barnabas: " + client::refusal(code, noun_ + " " + name, broker_says).message + "\n");
  Value::Object error{{"code", static_cast<std::int32_t>(code)}, {"name", barnabas::name(code)}, {"message", broker_says}};
  objects_.emplace_back(Value::Object{{noun_, name}, {"result", "refused"}, {"error", std::move(error)}});
}

void Outcomes::add(const std::string& name, std::int16_t code, const std::optional<std::string>& broker_says, std::string_view result,
                   Value::Object more) {
  if (code == 0) {
    done(name, result, std::move(more));
  } else {
    refused(name, static_cast<ErrorCode>(code), broker_says);
  }
}

int Outcomes::finish() {
  print(context_, output_, text_, objects_);
  return any_refused_ ? kRefused : kDone;
}

}  // namespace barnabas::cli
