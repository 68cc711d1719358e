#include "client/refusal.h"

#include <fmt/format.h>

namespace barnabas::client {

std::string_view advice(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUnknownTopicOrPartition: return "See what there is: barnabas topic list.";
    case ErrorCode::kTopicAlreadyExists: return "Look at it with barnabas topic describe, or give --if-not-exists.";
    case ErrorCode::kInvalidReplicationFactor: return "A topic has at most one replica on each broker: barnabas cluster info.";
    case ErrorCode::kInvalidPartitions: return "Partitions can be added, never taken away.";
    case ErrorCode::kInvalidConfig: return "See what is allowed: barnabas config explain NAME.";
    case ErrorCode::kInvalidTopicException: return "A name has 1 to 249 of the characters a-z A-Z 0-9 . _ -.";
    case ErrorCode::kTopicAuthorizationFailed:
    case ErrorCode::kGroupAuthorizationFailed:
    case ErrorCode::kClusterAuthorizationFailed: return "Ask an administrator of the cluster for the right.";
    case ErrorCode::kUnsupportedVersion: return "The broker is too old or too new for this request.";
    case ErrorCode::kNonEmptyGroup: return "Stop the group's members first: barnabas group describe shows them.";
    case ErrorCode::kGroupIdNotFound: return "See what there is: barnabas group list.";
    case ErrorCode::kGroupSubscribedToTopic: return "Stop the members that read this topic first.";
    case ErrorCode::kUnknownMemberId: return "The group has members: stop them first.";
    case ErrorCode::kLeaderNotAvailable:
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kCoordinatorLoadInProgress:
    case ErrorCode::kCoordinatorNotAvailable:
    case ErrorCode::kNotCoordinator:
    case ErrorCode::kNotController:
    case ErrorCode::kRequestTimedOut: return "Try again in a moment, or give more --timeout.";
    case ErrorCode::kMessageTooLarge: return "Raise the topic's max.message.bytes, or send smaller batches.";
    case ErrorCode::kNotEnoughReplicas: return "Too few brokers are in sync for min.insync.replicas: barnabas topic describe.";
    case ErrorCode::kOffsetOutOfRange: return "See the offsets that there are: barnabas topic describe.";
    case ErrorCode::kPolicyViolation: return "The cluster's policy forbids it.";
    default: return {};
  }
}

std::string describe(ErrorCode code, const std::optional<std::string>& broker_says) {
  const std::string_view says = broker_says && !broker_says->empty() ? std::string_view(*broker_says) : message(code);
  std::string text = fmt::format("{} ({}): {}", name(code), static_cast<int>(code), says);
  if (const std::string_view todo = advice(code); !todo.empty()) {
    text += text.ends_with('.') || text.ends_with('!') ? " " : ". ";
    text += todo;
  }
  return text;
}

Error refusal(ErrorCode code, std::string_view what, const std::optional<std::string>& broker_says) {
  Errc kind = Errc::kInvalidArgument;
  switch (code) {
    case ErrorCode::kLeaderNotAvailable:
    case ErrorCode::kNotLeaderOrFollower:
    case ErrorCode::kCoordinatorLoadInProgress:
    case ErrorCode::kCoordinatorNotAvailable:
    case ErrorCode::kNotCoordinator:
    case ErrorCode::kNotController: kind = Errc::kBusy; break;
    case ErrorCode::kUnsupportedVersion: kind = Errc::kUnsupported; break;
    case ErrorCode::kUnknownTopicOrPartition:
    case ErrorCode::kGroupIdNotFound: kind = Errc::kNotFound; break;
    default: break;
  }
  return {kind, fmt::format("{}: {}", what, describe(code, broker_says))};
}

Result<> accepted(std::int16_t code, std::string_view what, const std::optional<std::string>& broker_says) {
  if (code == 0) return {};
  return std::unexpected(refusal(static_cast<ErrorCode>(code), what, broker_says));
}

}  // namespace barnabas::client
