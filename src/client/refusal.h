#pragma once
// What a broker refused, for people: Kafka's name and number of it, what the broker said, and what to do about it.
//
//   topic orders: TOPIC_ALREADY_EXISTS (36): Topic 'orders' already exists. Choose another name, or ...
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/error_code.h"

namespace barnabas::client {

// What a user can do; empty where there is nothing to say beyond the error's own message.
std::string_view advice(ErrorCode code);

// "NAME (number): what the broker said or else what it means. Advice"
std::string describe(ErrorCode code, const std::optional<std::string>& broker_says = std::nullopt);

// kBusy: the same request may succeed in a moment (another coordinator, another controller). kNotFound: no such topic or
// group. kUnsupported: this broker does not know the request. Else kInvalidArgument.
Error refusal(ErrorCode code, std::string_view what, const std::optional<std::string>& broker_says = std::nullopt);

// Ok when the code is 0.
Result<> accepted(std::int16_t code, std::string_view what, const std::optional<std::string>& broker_says = std::nullopt);

}  // namespace barnabas::client
