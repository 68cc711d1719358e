#pragma once
// What the requests about configs have in common: which resources there are, and which of them this broker answers.
#include <charconv>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/broker.h"
#include "broker/handler.h"

namespace barnabas::broker {

inline constexpr std::int8_t kTopicResource = 2;
inline constexpr std::int8_t kBrokerResource = 4;
inline constexpr std::int8_t kBrokerLoggerResource = 8;
inline constexpr std::int8_t kClientMetricsResource = 16;
inline constexpr std::int8_t kGroupResource = 32;

// Clients send a broker's resource to that broker. Empty: it is ours.
inline std::string not_this_broker(const std::string& name, BrokerId self) {
  BrokerId id = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size()) return "A broker's resource is named by its id.";
  if (id != self) return "This is broker " + std::to_string(self) + ", not " + name + ".";
  return {};
}

// Alters what is the controller's business there and what is this broker's here, and answers in the order of the request.
// `here(resource)` gives the verdict of a resource that the controller does not see, or nullopt.
template <class Wish, class Response, class Here>
void alter_resources(Broker& broker, Wish wish, Here here, Replier<Response> reply) {
  std::vector<controller::AlteredResource> answers;
  std::unordered_map<std::string, int> times;
  const auto key = [](std::int8_t type, const std::string& name) { return std::to_string(type) + '/' + name; };
  for (const auto& resource : wish.resources) ++times[key(resource.type, resource.name)];
  Wish forwarded;
  forwarded.validate_only = wish.validate_only;
  std::vector<std::size_t> places;  // in answers, of what was forwarded
  for (auto& resource : wish.resources) {
    int& count = times[key(resource.type, resource.name)];
    if (count == 0) continue;
    controller::AlteredResource& answer = answers.emplace_back(controller::Verdict{}, resource.type, resource.name);
    if (std::exchange(count, 0) > 1) {
      answer.verdict = {ErrorCode::kInvalidRequest, "Each resource must be named once at most."};
    } else if (auto verdict = here(resource)) {
      answer.verdict = *std::move(verdict);
    } else {
      places.push_back(answers.size() - 1);
      forwarded.resources.push_back(std::move(resource));
    }
  }
  const auto tell = [](std::vector<controller::AlteredResource>& all, Replier<Response>& to) {
    Response response;
    for (auto& one : all) {
      auto& told = response.responses.emplace_back();
      told.error_code = static_cast<std::int16_t>(one.verdict.code);
      told.error_message.reset();
      if (!one.verdict.ok()) told.error_message = std::move(one.verdict.message);
      told.resource_type = one.type;
      told.resource_name = std::move(one.name);
    }
    to(response);
  };
  if (forwarded.resources.empty()) return tell(answers, reply);
  broker.controller().submit(
      std::move(forwarded), [answers = std::move(answers), places = std::move(places), tell,
                             reply = std::move(reply)](controller::Outcome<typename Wish::Response> outcome) mutable {
        for (std::size_t i = 0; i < places.size(); ++i) {
          answers[places[i]].verdict =
              outcome ? std::move(outcome->at(i).verdict) : controller::Verdict{outcome.error().code, outcome.error().message};
        }
        tell(answers, reply);
      });
}

}  // namespace barnabas::broker
